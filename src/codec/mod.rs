//! The presentation language of RFC 9846 §3: a cursor that can only shrink, and a writer whose
//! nested lengths fill themselves in.

mod list;

pub use self::list::{List, Vector};
use crate::failure::Cause;

/// A cursor over received bytes. Reading past the end is [`Cause::Malformed`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    /// A cursor at the start of `bytes`.
    #[must_use]
    pub const fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Whether everything has been read.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The bytes not read yet.
    #[must_use]
    pub const fn remaining(&self) -> &'a [u8] {
        self.0
    }

    /// The next `count` bytes.
    pub fn take(&mut self, count: usize) -> Result<&'a [u8], Cause> {
        let (head, tail) = self.0.split_at_checked(count).ok_or(Cause::Malformed)?;
        self.0 = tail;
        Ok(head)
    }

    /// All bytes that are left.
    pub fn rest(&mut self) -> &'a [u8] {
        core::mem::take(&mut self.0)
    }

    /// The next `N` bytes.
    pub fn array<const N: usize>(&mut self) -> Result<&'a [u8; N], Cause> {
        let (head, tail) = self.0.split_first_chunk().ok_or(Cause::Malformed)?;
        self.0 = tail;
        Ok(head)
    }

    /// A `uint8`.
    pub fn u8(&mut self) -> Result<u8, Cause> {
        self.array().map(|&[byte]| byte)
    }

    /// A `uint16`.
    pub fn u16(&mut self) -> Result<u16, Cause> {
        self.array().copied().map(u16::from_be_bytes)
    }

    /// A `uint24`.
    pub fn u24(&mut self) -> Result<u32, Cause> {
        self.array().map(|&[a, b, c]| u32::from_be_bytes([0, a, b, c]))
    }

    /// A `uint32`.
    pub fn u32(&mut self) -> Result<u32, Cause> {
        self.array().copied().map(u32::from_be_bytes)
    }

    /// A vector with a length of one byte.
    pub fn vector8(&mut self) -> Result<Self, Cause> {
        let length = self.u8()?;
        self.take(usize::from(length)).map(Self)
    }

    /// A vector with a length of two bytes.
    pub fn vector16(&mut self) -> Result<Self, Cause> {
        let length = self.u16()?;
        self.take(usize::from(length)).map(Self)
    }

    /// A vector with a length of three bytes.
    pub fn vector24(&mut self) -> Result<Self, Cause> {
        let length = usize::try_from(self.u24()?).map_err(|_| Cause::Malformed)?;
        self.take(length).map(Self)
    }

    /// That nothing is left.
    pub fn end(self) -> Result<(), Cause> {
        if self.is_empty() { Ok(()) } else { Err(Cause::Malformed) }
    }

    /// A value that must be all that is left.
    pub fn only<T: Decode<'a>>(mut self) -> Result<T, Cause> {
        let value = T::decode(&mut self)?;
        self.end()?;
        Ok(value)
    }

    /// This vector, which must not be empty.
    pub fn non_empty(self) -> Result<Self, Cause> {
        if self.is_empty() { Err(Cause::Malformed) } else { Ok(self) }
    }
}

/// A value that can be read from a [`Reader`].
pub trait Decode<'a>: Sized {
    /// Reads one value and leaves the cursor behind it.
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause>;
}

/// A value that can be appended to a [`Writer`].
pub trait Encode {
    /// Appends the value.
    fn encode(&self, writer: &mut Writer<'_>);
}

impl Decode<'_> for u8 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Cause> {
        reader.u8()
    }
}

impl Encode for u8 {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.u8(*self);
    }
}

impl Decode<'_> for u16 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Cause> {
        reader.u16()
    }
}

impl Encode for u16 {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.u16(*self);
    }
}

impl Decode<'_> for u32 {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Cause> {
        reader.u32()
    }
}

impl Encode for u32 {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.u32(*self);
    }
}

/// Appends encoded values to bytes. Encoding cannot fail; a vector that outgrows its length field
/// is remembered and told by [`Writer::overflowed`].
#[derive(Debug)]
pub struct Writer<'a> {
    bytes: &'a mut Vec<u8>,
    overflowed: bool,
}

impl<'a> Writer<'a> {
    /// A writer that appends to `bytes`.
    pub fn new(bytes: &'a mut Vec<u8>) -> Self {
        Self { bytes, overflowed: false }
    }

    /// Whether some vector did not fit its length field; what was written is then useless.
    #[must_use]
    pub const fn overflowed(&self) -> bool {
        self.overflowed
    }

    /// The number of bytes in the buffer, those before the writer's own included.
    #[must_use]
    pub fn position(&self) -> usize {
        self.bytes.len()
    }

    /// Takes back everything written from `position` on.
    pub fn truncate(&mut self, position: usize) {
        self.bytes.truncate(position);
    }

    /// A `uint8`.
    pub fn u8(&mut self, value: u8) {
        self.bytes.push(value);
    }

    /// A `uint16`.
    pub fn u16(&mut self, value: u16) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// A `uint32`.
    pub fn u32(&mut self, value: u32) {
        self.bytes.extend_from_slice(&value.to_be_bytes());
    }

    /// Bytes as they are.
    pub fn raw(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }

    /// A vector with a length of one byte.
    pub fn vector8(&mut self, body: impl FnOnce(&mut Writer<'_>)) {
        self.vector::<1>(|writer| {
            body(writer);
            true
        });
    }

    /// A vector with a length of two bytes.
    pub fn vector16(&mut self, body: impl FnOnce(&mut Writer<'_>)) {
        self.vector::<2>(|writer| {
            body(writer);
            true
        });
    }

    /// A vector with a length of three bytes.
    pub fn vector24(&mut self, body: impl FnOnce(&mut Writer<'_>)) {
        self.vector::<3>(|writer| {
            body(writer);
            true
        });
    }

    /// As [`vector16`](Self::vector16), or nothing at all if `body` says that there is none.
    pub fn vector16_if_any(&mut self, body: impl FnOnce(&mut Writer<'_>) -> bool) -> bool {
        self.vector::<2>(body)
    }

    fn vector<const LENGTH_BYTES: usize>(
        &mut self,
        body: impl FnOnce(&mut Writer<'_>) -> bool,
    ) -> bool {
        let start = self.bytes.len();
        self.bytes.extend_from_slice(&[0; LENGTH_BYTES]);
        let mut inner = Writer::new(self.bytes);
        let is_there = body(&mut inner);
        self.overflowed |= inner.overflowed;
        if !is_there {
            self.bytes.truncate(start);
            return false;
        }
        let length = self.bytes.len() - start - LENGTH_BYTES;
        self.overflowed |= length >> (8 * LENGTH_BYTES) != 0;
        let field = self.bytes.get_mut(start..).and_then(<[u8]>::first_chunk_mut);
        if let (Some(field), Some(low)) = (field, length.to_be_bytes().last_chunk::<LENGTH_BYTES>())
        {
            *field = *low;
        }
        true
    }
}
