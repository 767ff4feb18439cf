//! The body of every extension we implement, its decoder beside its encoder.
//!
//! A decoder gets the whole `extension_data` and must use it up (RFC 9846 §4.3: "trailing data is
//! forbidden"). It returns what the message's field holds; the encoder takes that field, writes the
//! body and says whether there was one.

use crate::codec::{Decode, Encode, List, Reader, Writer};
use crate::failure::Cause;
use crate::registry::NamedGroup;

/// Writes the value of a field that has one.
fn encode_present<T>(field: Option<T>, write: impl FnOnce(T)) -> bool {
    field.map(write).is_some()
}

/// An extension without a body, whose presence says it all; its encoder is the field itself.
pub(super) fn decode_flag(body: Reader<'_>) -> Result<bool, Cause> {
    body.end().map(|()| true)
}

/// A single value: `selected_version`, `selected_group`, `selected_identity`, `server_share`,
/// `max_early_data_size`, `ticket_request`, the server's `certificate_type`.
pub(super) fn decode_value<'a, T: Decode<'a>>(body: Reader<'a>) -> Result<Option<T>, Cause> {
    body.only().map(Some)
}

pub(super) fn encode_value<T: Encode>(field: Option<T>, writer: &mut Writer<'_>) -> bool {
    encode_present(field, |value| value.encode(writer))
}

/// A list that is not empty, its length in one byte: `versions`, `ke_modes`, the client's
/// `certificate_types`.
pub(super) fn decode_list8<'a, T: Decode<'a>>(
    mut body: Reader<'a>,
) -> Result<Option<List<'a, T>>, Cause> {
    let list = List::parse(body.vector8()?.non_empty()?)?;
    body.end().map(|()| Some(list))
}

pub(super) fn encode_list8<T>(field: Option<List<'_, T>>, writer: &mut Writer<'_>) -> bool {
    encode_present(field, |list| writer.vector8(|writer| writer.raw(list.as_bytes())))
}

/// A list that is not empty, its length in two bytes: `named_group_list`,
/// `supported_signature_algorithms`, `authorities`, `protocol_name_list`.
pub(super) fn decode_list16<'a, T: Decode<'a>>(
    body: Reader<'a>,
) -> Result<Option<List<'a, T>>, Cause> {
    let list = decode_any_list16(body)?;
    if list.is_none_or(|list| list.is_empty()) { Err(Cause::Malformed) } else { Ok(list) }
}

/// A list that may be empty, its length in two bytes: `client_shares`.
pub(super) fn decode_any_list16<'a, T: Decode<'a>>(
    mut body: Reader<'a>,
) -> Result<Option<List<'a, T>>, Cause> {
    let list = List::parse(body.vector16()?)?;
    body.end().map(|()| Some(list))
}

pub(super) fn encode_list16<T>(field: Option<List<'_, T>>, writer: &mut Writer<'_>) -> bool {
    encode_present(field, |list| writer.vector16(|writer| writer.raw(list.as_bytes())))
}

/// The cookie (RFC 9846 §4.3.2).
pub(super) fn decode_cookie(mut body: Reader<'_>) -> Result<Option<&[u8]>, Cause> {
    let cookie = body.vector16()?.non_empty()?;
    body.end().map(|()| Some(cookie.remaining()))
}

pub(super) fn encode_cookie(field: Option<&[u8]>, writer: &mut Writer<'_>) -> bool {
    encode_present(field, |cookie| writer.vector16(|writer| writer.raw(cookie)))
}

/// A body that means nothing to TLS: the QUIC transport parameters (RFC 9001 §8.2).
pub(super) fn decode_opaque(mut body: Reader<'_>) -> Option<&[u8]> {
    Some(body.rest())
}

pub(super) fn encode_opaque(field: Option<&[u8]>, writer: &mut Writer<'_>) -> bool {
    encode_present(field, |bytes| writer.raw(bytes))
}

/// The client's `server_name`: exactly one `host_name`; names of other types are skipped
/// (RFC 6066 §3).
pub(super) fn decode_server_name(body: Reader<'_>) -> Result<Option<&[u8]>, Cause> {
    let names: List<'_, ServerName<'_>> = decode_list16(body)?.unwrap_or_default();
    let mut host_names = names.iter().filter(|name| name.name_type == HOST_NAME);
    match (host_names.next(), host_names.next()) {
        (Some(host_name), None) => Ok(Some(host_name.name)),
        _ => Err(Cause::Malformed),
    }
}

pub(super) fn encode_server_name(field: Option<&[u8]>, writer: &mut Writer<'_>) -> bool {
    encode_present(field, |name| {
        writer.vector16(|writer| ServerName { name_type: HOST_NAME, name }.encode(writer));
    })
}

/// The client's `status_request`: whether it asks for OCSP. Requests of another type cannot be
/// understood and ask us for nothing (RFC 6066 §8).
pub(super) fn decode_status_request(mut body: Reader<'_>) -> Result<bool, Cause> {
    if body.u8()? != OCSP {
        return Ok(false);
    }
    let mut responder_ids = body.vector16()?;
    while !responder_ids.is_empty() {
        responder_ids.vector16()?.non_empty()?;
    }
    let _request_extensions = body.vector16()?;
    body.end().map(|()| true)
}

pub(super) fn encode_status_request(field: bool, writer: &mut Writer<'_>) -> bool {
    if field {
        writer.u8(OCSP);
        writer.vector16(|_no_responder_ids| {});
        writer.vector16(|_no_request_extensions| {});
    }
    field
}

/// A certificate's `status_request`: its OCSP response (RFC 6066 §8, RFC 9846 §4.5.1.1).
pub(super) fn decode_certificate_status(mut body: Reader<'_>) -> Result<Option<&[u8]>, Cause> {
    if body.u8()? != OCSP {
        return Err(Cause::Malformed);
    }
    let response = body.vector24()?.non_empty()?;
    body.end().map(|()| Some(response.remaining()))
}

pub(super) fn encode_certificate_status(field: Option<&[u8]>, writer: &mut Writer<'_>) -> bool {
    encode_present(field, |response| {
        writer.u8(OCSP);
        writer.vector24(|writer| writer.raw(response));
    })
}

/// A certificate's `signed_certificate_timestamp`: a SignedCertificateTimestampList with its own
/// length, as RFC 6962 §3.3 defines it and validators take it. Its encoder is [`encode_opaque`].
pub(super) fn decode_timestamps(mut body: Reader<'_>) -> Result<Option<&[u8]>, Cause> {
    let mut list = body;
    let mut timestamps = list.vector16()?.non_empty()?;
    list.end()?;
    while !timestamps.is_empty() {
        timestamps.vector16()?.non_empty()?;
    }
    Ok(Some(body.rest()))
}

/// Whether a peer can take it for a SignedCertificateTimestampList.
pub fn is_timestamp_list(list: &[u8]) -> bool {
    decode_timestamps(Reader::new(list)).is_ok()
}

/// The server's answer to `application_layer_protocol_negotiation`: exactly one name
/// (RFC 7301 §3.1).
pub(super) fn decode_selected_protocol(body: Reader<'_>) -> Result<Option<&[u8]>, Cause> {
    let names: List<'_, ProtocolName<'_>> = decode_list16(body)?.unwrap_or_default();
    let mut names = names.iter();
    match (names.next(), names.next()) {
        (Some(ProtocolName(name)), None) => Ok(Some(name)),
        _ => Err(Cause::Malformed),
    }
}

pub(super) fn encode_selected_protocol(field: Option<&[u8]>, writer: &mut Writer<'_>) -> bool {
    encode_present(field, |name| writer.vector16(|writer| ProtocolName(name).encode(writer)))
}

/// The largest record that the sender takes; its encoder is [`encode_value`]. RFC 8449 §4:
/// "Endpoints MUST NOT send a "record_size_limit" extension with a value smaller than 64."
pub(super) fn decode_record_size_limit(body: Reader<'_>) -> Result<Option<u16>, Cause> {
    let limit = body.only()?;
    if limit < 64 { Err(Cause::RecordSizeLimitTooSmall) } else { Ok(Some(limit)) }
}

/// The client's `pre_shared_key` (RFC 9846 §4.3.11).
pub(super) fn decode_offered_psks(mut body: Reader<'_>) -> Result<Option<OfferedPsks<'_>>, Cause> {
    let identities: List<'_, PskIdentity<'_>> = List::parse(body.vector16()?.non_empty()?)?;
    let binders_bytes = body.remaining().len();
    let binders: List<'_, PskBinder<'_>> = List::parse(body.vector16()?.non_empty()?)?;
    body.end()?;
    if identities.iter().count() != binders.iter().count() {
        return Err(Cause::BinderCountDiffers);
    }
    Ok(Some(OfferedPsks { identities, binders, binders_bytes }))
}

pub(super) fn encode_offered_psks(field: Option<OfferedPsks<'_>>, writer: &mut Writer<'_>) -> bool {
    encode_present(field, |psks| {
        writer.vector16(|writer| writer.raw(psks.identities.as_bytes()));
        writer.vector16(|writer| writer.raw(psks.binders.as_bytes()));
    })
}

/// The PSKs that a client offers (RFC 9846 §4.3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OfferedPsks<'a> {
    /// The names of the PSKs, in the client's order of preference.
    pub identities: List<'a, PskIdentity<'a>>,
    /// A proof of knowledge for each.
    pub binders: List<'a, PskBinder<'a>>,
    /// The length of the binders with the length in front of them: what a truncated ClientHello
    /// lacks at its end (RFC 9846 §4.3.11.2). Encoding does not look at it.
    pub binders_bytes: usize,
}

/// The name of a PSK (RFC 9846 §4.3.11).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskIdentity<'a> {
    /// A ticket, or the label of an external PSK.
    pub identity: &'a [u8],
    /// The age of the ticket in milliseconds plus its `ticket_age_add`, modulo 2^32.
    pub obfuscated_ticket_age: u32,
}

impl<'a> Decode<'a> for PskIdentity<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        Ok(Self {
            identity: reader.vector16()?.non_empty()?.remaining(),
            obfuscated_ticket_age: reader.u32()?,
        })
    }
}

impl Encode for PskIdentity<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.vector16(|writer| writer.raw(self.identity));
        writer.u32(self.obfuscated_ticket_age);
    }
}

/// The proof that the client knows a PSK: 32 to 255 bytes (RFC 9846 §4.3.11.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PskBinder<'a>(pub &'a [u8]);

impl<'a> Decode<'a> for PskBinder<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        let binder = reader.vector8()?.remaining();
        if binder.len() < 32 { Err(Cause::Malformed) } else { Ok(Self(binder)) }
    }
}

impl Encode for PskBinder<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.vector8(|writer| writer.raw(self.0));
    }
}

/// How many tickets a client would like (RFC 9149 §2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TicketRequest {
    /// After a handshake without resumption.
    pub new_session_count: u8,
    /// After a resumption.
    pub resumption_count: u8,
}

impl Decode<'_> for TicketRequest {
    fn decode(reader: &mut Reader<'_>) -> Result<Self, Cause> {
        Ok(Self { new_session_count: reader.u8()?, resumption_count: reader.u8()? })
    }
}

impl Encode for TicketRequest {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.u8(self.new_session_count);
        writer.u8(self.resumption_count);
    }
}

/// A public value of the key exchange (RFC 9846 §4.3.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KeyShareEntry<'a> {
    /// Its group.
    pub group: NamedGroup,
    /// The value, in the group's own encoding.
    pub key_exchange: &'a [u8],
}

impl<'a> Decode<'a> for KeyShareEntry<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        Ok(Self {
            group: NamedGroup::decode(reader)?,
            key_exchange: reader.vector16()?.non_empty()?.remaining(),
        })
    }
}

impl Encode for KeyShareEntry<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        self.group.encode(writer);
        writer.vector16(|writer| writer.raw(self.key_exchange));
    }
}

/// The name of an application protocol, not empty (RFC 7301 §3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ProtocolName<'a>(pub &'a [u8]);

impl<'a> Decode<'a> for ProtocolName<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        Ok(Self(reader.vector8()?.non_empty()?.remaining()))
    }
}

impl Encode for ProtocolName<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.vector8(|writer| writer.raw(self.0));
    }
}

/// The name of a certificate authority in DER, not empty (RFC 9846 §4.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DistinguishedName<'a>(pub &'a [u8]);

impl<'a> Decode<'a> for DistinguishedName<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        Ok(Self(reader.vector16()?.non_empty()?.remaining()))
    }
}

impl Encode for DistinguishedName<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.vector16(|writer| writer.raw(self.0));
    }
}

/// A name of any type; RFC 6066 §3 makes all types begin with a length of two bytes.
struct ServerName<'a> {
    name_type: u8,
    name: &'a [u8],
}

impl<'a> Decode<'a> for ServerName<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        Ok(Self { name_type: reader.u8()?, name: reader.vector16()?.non_empty()?.remaining() })
    }
}

impl Encode for ServerName<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.u8(self.name_type);
        writer.vector16(|writer| writer.raw(self.name));
    }
}

/// `host_name` among the name types of RFC 6066 §3.
const HOST_NAME: u8 = 0;

/// `ocsp` among the certificate status types of RFC 6066 §8.
const OCSP: u8 = 1;
