//! What a ticket stands for at the server that has issued it.

use pki_types::UnixTime;
use zeroize::Zeroizing;

use crate::codec::{Reader, Writer};
use crate::crypto::Provider;
use crate::failure::Cause;
use crate::handshake::decision::{SealTicket, SelectCredential};
use crate::handshake::psk::{EarlyDataTerms, PreSharedKey};
use crate::handshake::ticket::{decode_optional_u32, encode_optional_u32};
use crate::registry::CipherSuite;

/// What a ticket stands for.
#[derive(Debug)]
pub struct TicketContents {
    key: PreSharedKey,
    /// In seconds since 1970.
    issued: u64,
    lifetime_seconds: u32,
    age_add: u32,
    /// Empty if the client asked for none.
    server_name: Vec<u8>,
    application: Vec<u8>,
}

impl TicketContents {
    pub(super) fn new(question: &SealTicket, application: &[u8], now: UnixTime) -> Option<Self> {
        let (order, protocol) = (question.order(), question.application_layer_protocol());
        let key = PreSharedKey::resumption(question.psk().as_bytes(), question.suite()).ok()?;
        Some(Self {
            key: with_early_data(key, order.max_early_data_bytes, protocol.unwrap_or_default()),
            issued: now.as_secs(),
            lifetime_seconds: order.lifetime_seconds,
            age_add: question.age_add(),
            server_name: question.server_name().unwrap_or_default().to_vec(),
            application: application.to_vec(),
        })
    }

    /// What the application gave to the ticket.
    #[must_use]
    pub fn application(&self) -> &[u8] {
        &self.application
    }

    pub(super) const fn key(&self) -> &PreSharedKey {
        &self.key
    }

    /// Whether the ticket is still good at `now`, for the name that the client asks for and the
    /// suite that will be used.
    pub(super) fn resumes(&self, question: &SelectCredential, now: UnixTime) -> bool {
        let age = now.as_secs().saturating_sub(self.issued);
        let server_name = question.server_name().unwrap_or_default();
        age < u64::from(self.lifetime_seconds)
            && self.server_name.eq_ignore_ascii_case(server_name)
            && self.key.fits(question.suite)
    }

    /// Whether the client's view of the ticket's age is ours, give or take (RFC 9846 §8.3).
    pub(super) fn is_of_age(&self, obfuscated: u32, now: UnixTime, tolerance_seconds: u64) -> bool {
        let milliseconds = |seconds: u64| seconds.saturating_mul(1_000);
        let claimed = u64::from(obfuscated.wrapping_sub(self.age_add));
        let expected = milliseconds(self.issued).saturating_add(claimed);
        milliseconds(now.as_secs()).abs_diff(expected) <= milliseconds(tolerance_seconds)
    }

    /// `None` if something does not fit its length.
    pub(super) fn to_bytes(&self) -> Option<Zeroizing<Vec<u8>>> {
        let early_data = self.key.early_data.as_ref();
        let protocol = early_data.and_then(|terms| terms.application_layer_protocol.as_deref());
        let mut bytes = Zeroizing::new(Vec::new());
        let mut writer = Writer::new(&mut bytes);
        writer.u8(FORMAT);
        writer.u16(self.key.suite.id.0);
        encode_optional_u32(&mut writer, early_data.map(|terms| terms.max_bytes));
        writer.vector8(|writer| writer.raw(protocol.unwrap_or_default()));
        writer.raw(&self.issued.to_be_bytes());
        writer.u32(self.lifetime_seconds);
        writer.u32(self.age_add);
        writer.vector16(|writer| writer.raw(&self.server_name));
        writer.vector16(|writer| writer.raw(&self.application));
        // Last, so that no growth leaves a copy behind.
        writer.raw(self.key.secret.as_bytes());
        (!writer.overflowed()).then_some(bytes)
    }

    /// `None` for bytes of another form, and for a suite that `provider` does not have.
    pub(super) fn from_bytes(bytes: &[u8], provider: &Provider) -> Option<Self> {
        Self::decode(Reader::new(bytes), provider).ok().flatten()
    }

    fn decode(mut reader: Reader<'_>, provider: &Provider) -> Result<Option<Self>, Cause> {
        let format = reader.u8()?;
        let suite = provider.suite(CipherSuite(reader.u16()?));
        let max_early_data_bytes = decode_optional_u32(&mut reader)?;
        let protocol = reader.vector8()?.remaining();
        let issued = reader.array().copied().map(u64::from_be_bytes)?;
        let (lifetime_seconds, age_add) = (reader.u32()?, reader.u32()?);
        let server_name = reader.vector16()?.remaining().to_vec();
        let application = reader.vector16()?.remaining().to_vec();
        let (FORMAT, Some(suite)) = (format, suite) else { return Ok(None) };
        let Ok(key) = PreSharedKey::resumption(reader.rest(), suite) else { return Ok(None) };
        let key = with_early_data(key, max_early_data_bytes, protocol);
        Ok(Some(Self { key, issued, lifetime_seconds, age_add, server_name, application }))
    }
}

/// `protocol` is empty if the connection had none.
fn with_early_data(key: PreSharedKey, max_bytes: Option<u32>, protocol: &[u8]) -> PreSharedKey {
    let Some(max_bytes) = max_bytes else { return key };
    let application_layer_protocol = Some(protocol.to_vec()).filter(|name| !name.is_empty());
    key.with_early_data(EarlyDataTerms { max_bytes, application_layer_protocol })
}

/// The first byte; contents of another form have another.
const FORMAT: u8 = 1;
