//! Tickets: as a client offers and keeps them, and what a server binds them to (RFC 9846 §4.7.1).

use crate::codec::{Reader, Writer};
use crate::crypto::{Provider, Secret};
use crate::failure::{Cause, Misuse};
use crate::handshake::config::ClientAuthentication;
use crate::handshake::event::Ticket;
use crate::handshake::psk::{EarlyDataTerms, OfferedPsk, PreSharedKey};
use crate::key_schedule::PskKind;
use crate::message::MAX_TICKET_LIFETIME_SECONDS;
use crate::registry::CipherSuite;

/// What a server knows of the connection that issues a ticket.
#[derive(Debug)]
pub(crate) struct TicketScope {
    pub(crate) server_name: Option<Vec<u8>>,
    pub(crate) application_layer_protocol: Option<Vec<u8>>,
    pub(crate) client_authentication: ClientAuthentication,
    pub(crate) resumption_across_names: bool,
}

impl Ticket {
    /// Offers this ticket, which is `age_milliseconds` old. A ticket is for one use, so that nobody
    /// can link two connections by it (RFC 9846 §C.4).
    #[must_use]
    pub fn offer(self, age_milliseconds: u32) -> OfferedPsk {
        let max_bytes = self.max_early_data_bytes;
        let application_layer_protocol = self.application_layer_protocol;
        OfferedPsk {
            identity: self.ticket,
            obfuscated_ticket_age: age_milliseconds.wrapping_add(self.age_add),
            key: PreSharedKey {
                kind: PskKind::Resumption,
                secret: self.psk,
                suite: self.suite,
                early_data: max_bytes
                    .map(|max_bytes| EarlyDataTerms { max_bytes, application_layer_protocol }),
            },
        }
    }

    /// The ticket and its key as bytes, to be kept where nobody else can read them.
    ///
    /// # Errors
    /// [`Misuse::OutOfRange`] if the ticket is longer than 65,535 bytes, or the protocol than 255.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Misuse> {
        // Room for all of it, so that no growth leaves a copy of the key behind.
        let mut bytes = Vec::with_capacity(FIELDS_BYTES + self.ticket.len());
        let mut writer = Writer::new(&mut bytes);
        writer.u8(FORMAT);
        writer.u16(self.suite.id.0);
        writer.u32(self.lifetime_seconds);
        writer.u32(self.age_add);
        encode_optional_u32(&mut writer, self.max_early_data_bytes);
        writer.vector8(|w| w.raw(self.application_layer_protocol.as_deref().unwrap_or_default()));
        writer.u8(u8::from(self.resumption_across_names));
        writer.vector8(|w| w.raw(self.psk.as_bytes()));
        writer.vector16(|w| w.raw(&self.ticket));
        if writer.overflowed() { Err(Misuse::OutOfRange) } else { Ok(bytes) }
    }

    /// The ticket that [`to_bytes`](Self::to_bytes) made these bytes of; `None` if it did not, or
    /// `provider` has no longer the ticket's suite.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], provider: &Provider) -> Option<Self> {
        Self::decode(Reader::new(bytes), provider).ok().flatten()
    }

    fn decode(mut reader: Reader<'_>, provider: &Provider) -> Result<Option<Self>, Cause> {
        let format = reader.u8()?;
        let suite = provider.suite(CipherSuite(reader.u16()?));
        let lifetime_seconds = reader.u32()?.min(MAX_TICKET_LIFETIME_SECONDS);
        let age_add = reader.u32()?;
        let max_early_data_bytes = decode_optional_u32(&mut reader)?;
        let protocol = reader.vector8()?.remaining();
        let resumption_across_names = match reader.u8()? {
            0 => false,
            1 => true,
            _ => return Ok(None),
        };
        let psk = Secret::copied_from(reader.vector8()?.remaining());
        let ticket = reader.vector16()?.non_empty()?.remaining().to_vec();
        reader.end()?;
        let (FORMAT, Some(suite), Some(psk)) = (format, suite, psk) else { return Ok(None) };
        let fits = psk.as_bytes().len() == suite.hash.output_bytes();
        Ok(fits.then(|| Self {
            ticket,
            psk,
            suite,
            lifetime_seconds,
            age_add,
            max_early_data_bytes,
            application_layer_protocol: Some(protocol.to_vec()).filter(|name| !name.is_empty()),
            resumption_across_names,
        }))
    }
}

/// The first byte of a ticket that is kept; another form has another.
const FORMAT: u8 = 1;

/// More than all that is kept beside the ticket itself, with the longest protocol and key.
const FIELDS_BYTES: usize = 512;

/// A number that may be absent, with a byte in front that says so.
pub(crate) fn encode_optional_u32(writer: &mut Writer<'_>, value: Option<u32>) {
    writer.vector8(|writer| value.into_iter().for_each(|value| writer.u32(value)));
}

pub(crate) fn decode_optional_u32(reader: &mut Reader<'_>) -> Result<Option<u32>, Cause> {
    let value = reader.vector8()?;
    if value.is_empty() { Ok(None) } else { value.only().map(Some) }
}
