//! NewSessionTicket and KeyUpdate, and EndOfEarlyData, which is as small (RFC 9846 §4.6, §4.7).

use super::Kind;
use super::extension::{ExtensionBlock, ExtensionSet};
use super::extension_data::{decode_value, encode_value};
use super::layout::Layout;
use crate::codec::{Encode, Reader, Writer};
use crate::failure::Cause;
use crate::limits::Limits;
use crate::registry::{ExtensionType, KeyUpdateRequest};

/// The longest that a ticket may be used: seven days (RFC 9846 §4.7.1).
pub const MAX_TICKET_LIFETIME_SECONDS: u32 = 604_800;

/// A ticket for a later connection (RFC 9846 §4.7.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NewSessionTicket<'a> {
    /// The seconds that it may be used for, from when it was issued.
    pub ticket_lifetime: u32,
    /// What is added to the ticket's age to hide it.
    pub ticket_age_add: u32,
    /// What makes the ticket's PSK differ from those of other tickets.
    pub ticket_nonce: &'a [u8],
    /// The identity of the PSK, not empty.
    pub ticket: &'a [u8],
    /// The bytes of early data that it allows (`early_data`, RFC 9846 §4.3.10).
    pub max_early_data_size: Option<u32>,
    /// The flag of that name in `tls_flags` (draft-ietf-tls-cross-sni-resumption).
    pub resumption_across_names: bool,
}

impl<'a> NewSessionTicket<'a> {
    /// Parses the body of a NewSessionTicket.
    ///
    /// # Errors
    /// [`Cause::Malformed`] and the extension causes of [`ExtensionBlock::parse`].
    pub fn parse(body: &'a [u8], limits: &Limits) -> Result<Self, Cause> {
        let mut reader = Reader::new(body);
        let mut message = Self {
            ticket_lifetime: reader.u32()?,
            ticket_age_add: reader.u32()?,
            ticket_nonce: reader.vector8()?.remaining(),
            ticket: reader.vector16()?.non_empty()?.remaining(),
            max_early_data_size: None,
            resumption_across_names: false,
        };
        let block = ExtensionBlock::parse(&mut reader, Kind::NewSessionTicket, None, limits)?;
        reader.end()?;
        if let Some(body) = block.find(ExtensionType::EARLY_DATA) {
            message.max_early_data_size = decode_value(body)?;
        }
        if let Some(body) = block.find(ExtensionType::TLS_FLAGS) {
            message.resumption_across_names = decode_ticket_flags(body)?;
        }
        Ok(message)
    }

    /// Appends the body, and returns the extensions that it really has. `message_start` is the
    /// position of the message's header.
    pub fn encode(
        &self,
        writer: &mut Writer<'_>,
        layout: &Layout,
        message_start: usize,
    ) -> ExtensionSet {
        writer.u32(self.ticket_lifetime);
        writer.u32(self.ticket_age_add);
        writer.vector8(|writer| writer.raw(self.ticket_nonce));
        writer.vector16(|writer| writer.raw(self.ticket));
        layout.encode(writer, message_start, |extension_type, writer| match extension_type {
            ExtensionType::EARLY_DATA => encode_value(self.max_early_data_size, writer),
            ExtensionType::TLS_FLAGS => encode_ticket_flags(self.resumption_across_names, writer),
            _ => false,
        })
    }
}

/// The `tls_flags` of a ticket: whether `resumption_across_names` is among them, whose number is 8;
/// flags that are not known are ignored (draft-ietf-tls-tlsflags,
/// draft-ietf-tls-cross-sni-resumption).
fn decode_ticket_flags(mut body: Reader<'_>) -> Result<bool, Cause> {
    let flags = body.vector8()?.non_empty()?.remaining();
    body.end()?;
    match flags.last() {
        Some(0) => Err(Cause::FlagsNotMinimal),
        _ => Ok(flags.get(1).is_some_and(|octet| octet & 1 == 1)),
    }
}

fn encode_ticket_flags(resumption_across_names: bool, writer: &mut Writer<'_>) -> bool {
    if resumption_across_names {
        writer.vector8(|writer| writer.raw(&[0, 1]));
    }
    resumption_across_names
}

/// The sender's change of keys (RFC 9846 §4.7.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyUpdate {
    /// Whether the receiver has to change its keys too.
    pub request_update: KeyUpdateRequest,
}

impl KeyUpdate {
    /// Parses the body of a KeyUpdate.
    ///
    /// # Errors
    /// [`Cause::Malformed`], and [`Cause::KeyUpdateRequestUnknown`] for a value without meaning.
    pub fn parse(body: &[u8]) -> Result<Self, Cause> {
        let request_update: KeyUpdateRequest = Reader::new(body).only()?;
        match request_update.name() {
            Some(_) => Ok(Self { request_update }),
            None => Err(Cause::KeyUpdateRequestUnknown),
        }
    }

    /// Appends the body.
    pub fn encode(&self, writer: &mut Writer<'_>) {
        self.request_update.encode(writer);
    }
}

/// The end of early data (RFC 9846 §4.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EndOfEarlyData;

impl EndOfEarlyData {
    /// Parses the body of an EndOfEarlyData, which is empty.
    ///
    /// # Errors
    /// [`Cause::Malformed`] when it is not.
    pub fn parse(body: &[u8]) -> Result<Self, Cause> {
        Reader::new(body).end().map(|()| Self)
    }

    /// Appends the body: nothing.
    pub const fn encode(&self, _: &mut Writer<'_>) {}
}
