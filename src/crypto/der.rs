//! DER, as far as the key of a certificate has to be found in it (X.690 §8.1, §10.1).

use crate::codec::Reader;
use crate::failure::Cause;

pub(super) const BOOLEAN: u8 = 0x01;
pub(super) const INTEGER: u8 = 0x02;
pub(super) const BIT_STRING: u8 = 0x03;
pub(super) const OCTET_STRING: u8 = 0x04;
pub(super) const OBJECT_IDENTIFIER: u8 = 0x06;
pub(super) const SEQUENCE: u8 = 0x30;

/// The content of the next element, which must have this tag, and a length that is definite and
/// written as shortly as can be; of 16 MiB no certificate comes near.
pub(super) fn element<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Reader<'a>, Cause> {
    if reader.u8()? != tag {
        return Err(Cause::Malformed);
    }
    let (length, shortest) = match reader.u8()? {
        short @ 0..=0x7f => (u32::from(short), 0),
        0x81 => (u32::from(reader.u8()?), 0x80),
        0x82 => (u32::from(reader.u16()?), 0x100),
        0x83 => (reader.u24()?, 0x1_0000),
        _ => return Err(Cause::Malformed),
    };
    let length = usize::try_from(length).ok().filter(|_| length >= shortest);
    reader.take(length.ok_or(Cause::Malformed)?).map(Reader::new)
}

/// The content of the next element if it has this tag, or else nothing, and then the cursor stays.
pub(super) fn optional<'a>(reader: &mut Reader<'a>, tag: u8) -> Result<Option<Reader<'a>>, Cause> {
    match reader.remaining().first() {
        Some(next) if *next == tag => element(reader, tag).map(Some),
        _ => Ok(None),
    }
}

/// The content of the one element that there is, which must have this tag.
pub(super) fn only(mut reader: Reader<'_>, tag: u8) -> Result<Reader<'_>, Cause> {
    let content = element(&mut reader, tag)?;
    reader.end()?;
    Ok(content)
}

/// The whole bytes of a BIT STRING, of whose last byte every bit counts.
pub(super) fn whole_bytes(mut bit_string: Reader<'_>) -> Result<&[u8], Cause> {
    match bit_string.u8()? {
        0 => Ok(bit_string.rest()),
        _ => Err(Cause::Malformed),
    }
}
