//! Lists of values: owned, or borrowed from what was received (RFC 9846 §3.4).

use core::marker::PhantomData;

use super::{Decode, Encode, Reader, Writer};
use crate::failure::Cause;

/// An owned list in its encoded form: what a configuration offers, ready for the wire.
pub struct Vector<T> {
    bytes: Vec<u8>,
    item: PhantomData<fn() -> T>,
}

impl<T> Vector<T> {
    /// The empty list.
    #[must_use]
    pub const fn new() -> Self {
        Self { bytes: Vec::new(), item: PhantomData }
    }

    /// The list, as a message holds it.
    #[must_use]
    pub fn list(&self) -> List<'_, T> {
        List { bytes: &self.bytes, item: PhantomData }
    }

    /// The list, if it has items: an extension that is sent only with something to say.
    #[must_use]
    pub fn list_unless_empty(&self) -> Option<List<'_, T>> {
        (!self.is_empty()).then(|| self.list())
    }

    /// Whether there are no items.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The list with `item` before all others; an empty list stays empty.
    #[must_use]
    pub fn preceded_by(&self, item: &impl Encode) -> Self {
        let mut list = Self::new();
        let _fits = self.is_empty() || list.push(item);
        list.bytes.extend_from_slice(&self.bytes);
        list
    }

    /// Appends an item; `false`, and nothing appended, if it does not fit its own length fields.
    #[must_use]
    pub fn push(&mut self, item: &impl Encode) -> bool {
        let before = self.bytes.len();
        let mut writer = Writer::new(&mut self.bytes);
        item.encode(&mut writer);
        let fits = !writer.overflowed();
        if !fits {
            self.bytes.truncate(before);
        }
        fits
    }
}

impl<T: Encode> FromIterator<T> for Vector<T> {
    fn from_iter<I: IntoIterator<Item = T>>(items: I) -> Self {
        let items = items.into_iter();
        let room = if items.size_hint().1 == Some(0) { 0 } else { LIST_BYTES };
        let mut vector = Self { bytes: Vec::with_capacity(room), item: PhantomData };
        for item in items {
            let _fits = vector.push(&item);
        }
        vector
    }
}

/// Room for a list: enough for most, without growing.
const LIST_BYTES: usize = 64;

impl<T> Clone for Vector<T> {
    fn clone(&self) -> Self {
        Self { bytes: self.bytes.clone(), item: PhantomData }
    }
}

impl<T> Default for Vector<T> {
    fn default() -> Self {
        Self::new()
    }
}

/// Shows the bytes: an item that borrows cannot be decoded here.
impl<T> core::fmt::Debug for Vector<T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_tuple("Vector").field(&self.bytes).finish()
    }
}

/// A vector of `T`, checked to its end when it was parsed, so that walking it cannot fail.
pub struct List<'a, T> {
    bytes: &'a [u8],
    item: PhantomData<fn() -> T>,
}

impl<'a, T: Decode<'a>> List<'a, T> {
    /// Checks that `vector` is a whole number of items.
    pub fn parse(vector: Reader<'a>) -> Result<Self, Cause> {
        let mut rest = vector;
        while !rest.is_empty() {
            T::decode(&mut rest)?;
        }
        Ok(Self { bytes: vector.remaining(), item: PhantomData })
    }

    /// The first item.
    pub fn first(&self) -> Option<T> {
        self.iter().next()
    }

    /// The items in order.
    pub fn iter(&self) -> impl Iterator<Item = T> + Clone + use<'a, T> {
        let mut rest = Reader::new(self.bytes);
        core::iter::from_fn(move || if rest.is_empty() { None } else { T::decode(&mut rest).ok() })
    }

    /// Whether an item equals `wanted`.
    pub fn contains(&self, wanted: T) -> bool
    where
        T: PartialEq,
    {
        self.iter().any(|item| item == wanted)
    }
}

impl<'a, T> List<'a, T> {
    /// Whether there are no items.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.bytes.is_empty()
    }

    /// The encoded items, without the length in front of them.
    #[must_use]
    pub const fn as_bytes(&self) -> &'a [u8] {
        self.bytes
    }
}

impl<T> Clone for List<'_, T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for List<'_, T> {}

impl<T> Default for List<'_, T> {
    fn default() -> Self {
        Self { bytes: &[], item: PhantomData }
    }
}

impl<T> PartialEq for List<'_, T> {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl<T> Eq for List<'_, T> {}

impl<'a, T: Decode<'a> + core::fmt::Debug> core::fmt::Debug for List<'a, T> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_list().entries(self.iter()).finish()
    }
}
