//! ClientHello and what answers it: Start, WaitServerHello, WaitSecondServerHello (RFC 9846 §4.2).

use std::sync::Arc;

use pki_types::ServerName;

use super::server_flight::{Flight, WaitEncryptedExtensions};
use super::{Next, Step};
use crate::codec::{List, Reader, Vector};
use crate::crypto::{Draw, KeyExchange, Random, Suite};
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::config::{ClientConfig, Destination, Profile};
use crate::handshake::context::Context;
use crate::handshake::event::{Begin, Fact, Framed, on};
use crate::key_schedule::EarlySecret;
use crate::message::HEADER_BYTES;
use crate::message::{ClientHello, ClientHelloExtensions, KeyShareEntry};
use crate::message::{HelloRetryRequest, ServerHello};
use crate::registry::{CipherSuite, HandshakeType, NamedGroup, ProtocolVersion};
use crate::transcript::Transcript;

/// Nothing has been sent.
#[derive(Debug)]
pub(in crate::handshake) struct Start {
    pub(in crate::handshake) config: Arc<ClientConfig>,
    pub(in crate::handshake) destination: Destination,
}

/// ClientHello is out.
#[derive(Debug)]
pub(in crate::handshake) struct WaitServerHello {
    offer: Offer,
}

/// The server has asked for another ClientHello, and that is out.
#[derive(Debug)]
pub(in crate::handshake) struct WaitSecondServerHello {
    offer: Offer,
    suite: &'static Suite,
    transcript: Transcript,
}

/// What the latest ClientHello offered.
struct Offer {
    config: Arc<ClientConfig>,
    destination: Destination,
    random: [u8; 32],
    /// Empty outside compatibility mode (RFC 9846 §4.2.2).
    session_id: Vec<u8>,
    key_exchanges: Vec<(NamedGroup, Box<dyn KeyExchange>)>,
    /// The message, header included.
    client_hello: Vec<u8>,
}

impl Start {
    pub(super) fn begin(self, cx: &mut Context, _: Begin) -> Step<Self, on::Begin> {
        let config = &self.config;
        let random = config.provider.random.as_ref();
        let mut offer = Offer {
            random: [0; 32],
            session_id: Vec::new(),
            key_exchanges: Vec::new(),
            client_hello: Vec::new(),
            destination: self.destination,
            config: Arc::clone(config),
        };
        random.fill(Draw::ClientRandom, &mut offer.random)?;
        if config.compatibility_mode && config.profile == Profile::Records {
            offer.session_id = vec![0; 32];
            random.fill(Draw::SessionId, &mut offer.session_id)?;
            cx.compatibility_mode = true;
        }
        for group in config.groups.list().iter().take(config.key_shares) {
            offer.start_key_exchange(group, random)?;
        }
        offer.send(cx, None)?;
        Ok(Next::to(WaitServerHello { offer }))
    }
}

impl Offer {
    fn start_key_exchange(&mut self, id: NamedGroup, random: &dyn Random) -> Result<(), Cause> {
        let group = self.config.provider.group(id).ok_or(Cause::GroupNotOffered)?;
        self.key_exchanges.push((id, group.start(random)?));
        Ok(())
    }

    /// Sends the ClientHello that this offer amounts to, and keeps a copy for the transcript.
    fn send(&mut self, cx: &mut Context, cookie: Option<&[u8]>) -> Result<(), Cause> {
        let config = &self.config;
        let shares: Vector<KeyShareEntry<'_>> = self
            .key_exchanges
            .iter()
            .map(|(group, exchange)| KeyShareEntry {
                group: *group,
                key_exchange: exchange.share(),
            })
            .collect();
        let hello = ClientHello {
            legacy_version: ProtocolVersion::TLS12,
            random: &self.random,
            legacy_session_id: &self.session_id,
            cipher_suites: config.cipher_suites.list(),
            legacy_compression_methods: &[0],
            extensions: self.extensions(shares.list(), cookie),
        };
        let mut offered = cx.offered;
        let sent = cx.send(HandshakeType::CLIENT_HELLO, |w| {
            let start = w.position().saturating_sub(HEADER_BYTES);
            offered = hello.encode(w, &config.client_hello_layout, start);
        })?;
        let message = sent.to_vec();
        cx.offered = offered;
        self.client_hello = message;
        Ok(())
    }

    fn extensions<'a>(
        &'a self,
        shares: List<'a, KeyShareEntry<'a>>,
        cookie: Option<&'a [u8]>,
    ) -> ClientHelloExtensions<'a> {
        let config = &self.config;
        let server_name = match &self.destination.server_name {
            Some(ServerName::DnsName(name)) => Some(name.as_ref().as_bytes()),
            _ => None,
        };
        ClientHelloExtensions {
            server_name,
            status_request: config.request_ocsp_response,
            supported_groups: Some(config.groups.list()),
            signature_algorithms: Some(config.signature_schemes.list()),
            signature_algorithms_cert: unless_empty(&config.certificate_signature_schemes),
            application_layer_protocols: unless_empty(&config.application_layer_protocols),
            signed_certificate_timestamp: config.request_signed_certificate_timestamps,
            supported_versions: List::parse(Reader::new(SUPPORTED_VERSIONS)).ok(),
            cookie,
            psk_key_exchange_modes: unless_empty(&config.psk_key_exchange_modes),
            certificate_authorities: unless_empty(&config.certificate_authorities),
            key_share: Some(shares),
            quic_transport_parameters: match &config.profile {
                Profile::Quic(parameters) => Some(parameters),
                Profile::Records => None,
            },
            ..ClientHelloExtensions::default()
        }
    }

    /// What ServerHello and HelloRetryRequest have in common (RFC 9846 §4.2.3, §4.2.4).
    fn check_legacy_fields(
        &self,
        legacy_version: ProtocolVersion,
        session_id_echo: &[u8],
        legacy_compression_method: u8,
    ) -> Result<(), Cause> {
        if self.config.strict_legacy_version && legacy_version != ProtocolVersion::TLS12 {
            return Err(Cause::LegacyVersionUnexpected);
        }
        if session_id_echo != self.session_id {
            return Err(Cause::SessionIdNotEchoed);
        }
        if legacy_compression_method != 0 {
            return Err(Cause::LegacyCompressionUnexpected);
        }
        Ok(())
    }

    fn suite(&self, id: CipherSuite) -> Result<&'static Suite, Cause> {
        let offered = self.config.cipher_suites.list().contains(id);
        self.config.provider.suite(id).filter(|_| offered).ok_or(Cause::CipherSuiteNotOffered)
    }

    fn check_server_hello(&self, hello: &ServerHello<'_>) -> Result<&'static Suite, Cause> {
        check_version(hello.extensions.selected_version)?;
        self.check_legacy_fields(
            hello.legacy_version,
            hello.legacy_session_id_echo,
            hello.legacy_compression_method,
        )?;
        self.suite(hello.cipher_suite)
    }

    /// RFC 9846 §4.2.4: the retry must ask for something, and for something that we can do.
    fn follow(&mut self, retry: &HelloRetryRequest<'_>) -> Result<(), Cause> {
        let Some(group) = retry.extensions.selected_group else {
            return retry.extensions.cookie.map(|_| ()).ok_or(Cause::RetryWithoutChange);
        };
        if !self.config.groups.list().contains(group) {
            return Err(Cause::GroupNotOffered);
        }
        if self.key_exchanges.iter().any(|(sent, _)| *sent == group) {
            return Err(Cause::RetryWithoutChange);
        }
        self.key_exchanges.clear();
        let random = Arc::clone(&self.config.provider.random);
        self.start_key_exchange(group, random.as_ref())
    }

    /// The key exchange is complete: from here on the handshake is encrypted (RFC 9846 §7.1).
    fn agree(
        self,
        cx: &mut Context,
        suite: &'static Suite,
        mut transcript: Transcript,
        hello: &Framed<'_, ServerHello<'_>>,
    ) -> Result<WaitEncryptedExtensions, Cause> {
        // A layout can offer what nobody here can use: then nothing may be selected.
        if hello.message.extensions.pre_shared_key.is_some() {
            return Err(Cause::PskNotOffered);
        }
        let share = hello.message.extensions.key_share.ok_or(Cause::ServerKeyShareMissing)?;
        let mut exchanges = self.key_exchanges.into_iter();
        let (group, exchange) =
            exchanges.find(|(group, _)| *group == share.group).ok_or(Cause::GroupNotOffered)?;
        let shared_secret = exchange.finish(share.key_exchange)?;
        transcript.add(hello.encoded);
        let through_server_hello = transcript.digest();
        let secret = EarlySecret::new(suite, None).into_handshake(&shared_secret);
        let client = secret.traffic(Role::Client, &through_server_hello);
        let server = secret.traffic(Role::Server, &through_server_hello);
        cx.install(Direction::Receive, Epoch::Handshake, &server);
        // Alerts go out under this key from now on (RFC 9846 §A.1).
        cx.install(Direction::Send, Epoch::Handshake, &client);
        Ok(WaitEncryptedExtensions {
            flight: Flight {
                server_finished: server.finished_key(),
                client_finished: client.finished_key(),
                config: self.config,
                server_name: self.destination.server_name,
                suite,
                group,
                transcript,
                secret,
            },
        })
    }
}

impl WaitServerHello {
    pub(super) fn server_hello(
        self,
        cx: &mut Context,
        hello: Framed<'_, ServerHello<'_>>,
    ) -> Step<Self, on::ServerHello> {
        let suite = self.offer.check_server_hello(&hello.message)?;
        let transcript = Transcript::new(suite.hash, &self.offer.client_hello);
        self.offer.agree(cx, suite, transcript, &hello).map(Next::to)
    }

    pub(super) fn hello_retry_request(
        self,
        cx: &mut Context,
        retry: Framed<'_, HelloRetryRequest<'_>>,
    ) -> Step<Self, on::HelloRetryRequest> {
        let Framed { message, encoded } = retry;
        let Self { mut offer } = self;
        check_version(message.extensions.selected_version)?;
        offer.check_legacy_fields(
            message.legacy_version,
            message.legacy_session_id_echo,
            message.legacy_compression_method,
        )?;
        let suite = offer.suite(message.cipher_suite)?;
        offer.follow(&message)?;
        let mut transcript = Transcript::after_retry(suite.hash, &offer.client_hello, encoded);
        cx.learn(Fact::Retried);
        offer.send(cx, message.extensions.cookie)?;
        transcript.add(&offer.client_hello);
        Ok(Next::to(WaitSecondServerHello { offer, suite, transcript }))
    }
}

impl WaitSecondServerHello {
    pub(super) fn server_hello(
        self,
        cx: &mut Context,
        hello: Framed<'_, ServerHello<'_>>,
    ) -> Step<Self, on::ServerHello> {
        let suite = self.offer.check_server_hello(&hello.message)?;
        if suite.id != self.suite.id {
            return Err(Cause::CipherSuiteChanged);
        }
        self.offer.agree(cx, suite, self.transcript, &hello).map(Next::to)
    }
}

fn check_version(selected: ProtocolVersion) -> Result<(), Cause> {
    if selected == ProtocolVersion::TLS13 { Ok(()) } else { Err(Cause::VersionNotSelectable) }
}

fn unless_empty<T>(vector: &Vector<T>) -> Option<List<'_, T>> {
    if vector.is_empty() { None } else { Some(vector.list()) }
}

/// TLS 1.3 and nothing else, as `supported_versions` holds it.
const SUPPORTED_VERSIONS: &[u8] = &ProtocolVersion::TLS13.0.to_be_bytes();

impl core::fmt::Debug for Offer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Offer").field("destination", &self.destination).finish_non_exhaustive()
    }
}
