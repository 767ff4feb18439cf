//! How a complete handshake is written down, and read back.

use std::sync::Arc;

use super::{Course, Endpoint, Established};
use crate::codec::{Encode, List, Reader, Writer};
use crate::crypto::{Provider, Secret};
use crate::diagnosis::{Evidence, Psk, PskKind};
use crate::handshake::client_authentication::{ClientAuthenticationState, Reply};
use crate::handshake::closure::Closure;
use crate::handshake::config::ClientAuthentication;
use crate::handshake::key_update::{TrafficSecrets, UpdateLedger};
use crate::handshake::ticket::TicketScope;
use crate::key_schedule::{ExporterSecret, ResumptionSecret, TrafficSecret};
use crate::message::{EXTENSIONS, ExtensionSet};
use crate::registry::{CipherSuite, ExtensionType};

impl Established {
    /// The secrets in the order in which [`decode`](Self::decode) wants them.
    pub(crate) fn secrets(&self) -> [&Secret; 4] {
        let TrafficSecrets { send, receive } = &self.secrets;
        [send.secret(), receive.secret(), self.exporter.secret(), self.resumption.secret()]
    }

    /// Appends everything but the secrets.
    pub(crate) fn encode(&self, writer: &mut Writer<'_>) {
        writer.u16(self.suite().id.0);
        self.endpoint.encode(writer);
        self.course.encode(writer);
    }

    /// `None` for what [`encode`](Self::encode) and the secrets are not, and for a suite that
    /// `provider` does not have.
    pub(crate) fn decode(reader: &mut Reader<'_>, provider: &Provider) -> Option<Self> {
        let suite = provider.suite(CipherSuite(reader.u16().ok()?))?;
        let endpoint = Endpoint::decode(reader)?;
        let course = Course::decode(reader)?;
        let mut secret = || Secret::copied_from(reader.take(suite.hash.output_bytes()).ok()?);
        let send = TrafficSecret::restored(suite, secret()?);
        let receive = TrafficSecret::restored(suite, secret()?);
        let exporter = ExporterSecret::restored(suite, secret()?);
        let resumption = ResumptionSecret::restored(suite, secret()?);
        let secrets = TrafficSecrets { send, receive };
        Some(Self { endpoint, secrets, resumption, exporter, course })
    }
}

impl Endpoint {
    fn encode(&self, writer: &mut Writer<'_>) {
        match self {
            Self::Client { takes_tickets, protocol, authentication } => {
                writer.u8(CLIENT);
                writer.u8(code(&BOOLEANS, takes_tickets));
                encode_name(writer, protocol);
                writer.u8(code(&AUTHENTICATION, authentication));
            }
            Self::Server { tickets_issued, scope } => {
                writer.u8(SERVER);
                writer.raw(&tickets_issued.to_be_bytes());
                writer.u8(code(&BOOLEANS, &scope.is_some()));
                if let Some(scope) = scope {
                    encode_name(writer, &scope.server_name);
                    encode_name(writer, &scope.application_layer_protocol);
                    writer.u8(code(&REQUESTS, &scope.client_authentication));
                    writer.u8(code(&BOOLEANS, &scope.resumption_across_names));
                }
            }
        }
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        match reader.u8().ok()? {
            CLIENT => Some(Self::Client {
                takes_tickets: coded(&BOOLEANS, reader)?,
                protocol: decode_name(reader)?,
                authentication: coded(&AUTHENTICATION, reader)?,
            }),
            SERVER => {
                let tickets_issued = decode_u64(reader)?;
                let scope = if coded(&BOOLEANS, reader)? {
                    Some(Arc::new(TicketScope {
                        server_name: decode_name(reader)?,
                        application_layer_protocol: decode_name(reader)?,
                        client_authentication: coded(&REQUESTS, reader)?,
                        resumption_across_names: coded(&BOOLEANS, reader)?,
                    }))
                } else {
                    None
                };
                Some(Self::Server { tickets_issued, scope })
            }
            _ => None,
        }
    }
}

impl Course {
    fn encode(&self, writer: &mut Writer<'_>) {
        let Self { closure, updates, offered, psk, .. } = self;
        writer.u8(code(&CLOSURES, closure));
        writer.u8(code(&BOOLEANS, &updates.answer_owed));
        writer.u8(code(&BOOLEANS, &updates.answer_awaited));
        writer.u8(code(&BOOLEANS, &updates.answer_is_evidence));
        writer.u32(updates.received_in_a_row);
        writer.raw(&updates.sent.to_be_bytes());
        writer.vector16(|writer| {
            let types = EXTENSIONS.iter().map(|row| row.extension_type);
            let offered = types.filter(|extension_type| offered.contains(*extension_type));
            offered.for_each(|extension_type| extension_type.encode(writer));
        });
        writer.u8(code(&PSKS, psk));
        writer.u8(code(&BOOLEANS, &self.certificate_was_accepted));
        writer.u32(self.user_canceled_in_a_row);
        writer.raw(&self.unconfirmed_bytes.to_be_bytes());
        writer.u8(code(&BOOLEANS, &self.data_has_arrived));
    }

    fn decode(reader: &mut Reader<'_>) -> Option<Self> {
        Some(Self {
            closure: coded(&CLOSURES, reader)?,
            updates: UpdateLedger {
                answer_owed: coded(&BOOLEANS, reader)?,
                answer_awaited: coded(&BOOLEANS, reader)?,
                answer_is_evidence: coded(&BOOLEANS, reader)?,
                received_in_a_row: reader.u32().ok()?,
                sent: decode_u64(reader)?,
            },
            offered: {
                let types = List::<ExtensionType>::parse(reader.vector16().ok()?).ok()?;
                ExtensionSet::of(types.iter())
            },
            psk: coded(&PSKS, reader)?,
            certificate_was_accepted: coded(&BOOLEANS, reader)?,
            user_canceled_in_a_row: reader.u32().ok()?,
            unconfirmed_bytes: decode_u64(reader)?,
            data_has_arrived: coded(&BOOLEANS, reader)?,
        })
    }
}

/// The code of a value is its place in its table.
fn code<T: PartialEq>(table: &[T], value: &T) -> u8 {
    let place = table.iter().position(|listed| listed == value);
    place.and_then(|place| u8::try_from(place).ok()).unwrap_or(u8::MAX)
}

fn coded<T: Copy>(table: &[T], reader: &mut Reader<'_>) -> Option<T> {
    let code = reader.u8().ok()?;
    table.get(usize::from(code)).copied()
}

/// A name is empty if there is none.
fn encode_name(writer: &mut Writer<'_>, name: &Option<Vec<u8>>) {
    writer.vector16(|writer| writer.raw(name.as_deref().unwrap_or_default()));
}

fn decode_name(reader: &mut Reader<'_>) -> Option<Option<Vec<u8>>> {
    let name = reader.vector16().ok()?.remaining();
    Some(Some(name.to_vec()).filter(|name| !name.is_empty()))
}

pub(crate) fn decode_u64(reader: &mut Reader<'_>) -> Option<u64> {
    reader.array().copied().map(u64::from_be_bytes).ok()
}

const CLIENT: u8 = 0;
const SERVER: u8 = 1;

const BOOLEANS: [bool; 2] = [false, true];

/// Those of a connection that has not ended.
const CLOSURES: [Closure; 3] = [Closure::Open, Closure::WriteClosed, Closure::ReadClosed];

const REQUESTS: [ClientAuthentication; 3] =
    [ClientAuthentication::None, ClientAuthentication::Request, ClientAuthentication::Require];

/// Those of a connection that has not ended.
const AUTHENTICATION: [ClientAuthenticationState; 9] = [
    ClientAuthenticationState::NotRequested,
    ClientAuthenticationState::Pending(Reply::Sent),
    ClientAuthenticationState::Pending(Reply::Declined),
    ClientAuthenticationState::Processed(Reply::Sent, Evidence::Weak),
    ClientAuthenticationState::Processed(Reply::Declined, Evidence::Weak),
    ClientAuthenticationState::Processed(Reply::Sent, Evidence::Strong),
    ClientAuthenticationState::Processed(Reply::Declined, Evidence::Strong),
    ClientAuthenticationState::Unresolved(Reply::Sent),
    ClientAuthenticationState::Unresolved(Reply::Declined),
];

const PSKS: [Psk; 7] = [
    Psk::NotOffered,
    Psk::Offered(PskKind::External),
    Psk::Offered(PskKind::Resumption),
    Psk::OfferedAlone(PskKind::External),
    Psk::OfferedAlone(PskKind::Resumption),
    Psk::Accepted(PskKind::External),
    Psk::Accepted(PskKind::Resumption),
];
