//! A condition that a server sets for client certificates (RFC 9846 §4.3.5).

use crate::codec::{Decode, Encode, Reader, Writer};
use crate::failure::Cause;

/// An extension that a client certificate has to have, and what has to be in it (RFC 9846 §4.3.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OidFilter<'a> {
    /// Which extension: an OBJECT IDENTIFIER in DER, tag and length included.
    pub certificate_extension_oid: &'a [u8],
    /// Its values in DER; empty: any.
    pub certificate_extension_values: &'a [u8],
}

impl<'a> Decode<'a> for OidFilter<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        Ok(Self {
            certificate_extension_oid: reader.vector8()?.non_empty()?.remaining(),
            certificate_extension_values: reader.vector16()?.remaining(),
        })
    }
}

impl Encode for OidFilter<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.vector8(|writer| writer.raw(self.certificate_extension_oid));
        writer.vector16(|writer| writer.raw(self.certificate_extension_values));
    }
}
