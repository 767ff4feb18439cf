//! ClientHello and what answers it: Start, WaitServerHello, WaitSecondServerHello (RFC 9846 §4.2).

use std::sync::Arc;

use pki_types::ServerName;

use super::server_flight::{Flight, WaitEncryptedExtensions};
use super::{Next, Step};
use crate::codec::{List, Reader, Vector};
use crate::crypto::{Draw, KeyExchange, Random, Secret, Suite};
use crate::diagnosis;
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::config::{ClientConfig, Destination, Profile};
use crate::handshake::context::Context;
use crate::handshake::event::{Begin, Fact, Framed, on};
use crate::handshake::psk::{self, OfferedPsk, PreSharedKey, Unbound};
use crate::key_schedule::EarlySecret;
use crate::message::{
    self, ClientHello, ClientHelloExtensions, ExtensionSet, HelloRetryRequest, KeyShareEntry,
    ServerHello,
};
use crate::registry::{
    CipherSuite, HandshakeType, NamedGroup, ProtocolVersion, PskKeyExchangeMode,
};
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
    server_name: Option<ServerName<'static>>,
    random: [u8; 32],
    /// Empty outside compatibility mode (RFC 9846 §4.2.2).
    session_id: Vec<u8>,
    key_exchanges: Vec<(NamedGroup, Box<dyn KeyExchange>)>,
    psks: Vec<OfferedPsk>,
    /// Whether early data is offered.
    early_data: bool,
    /// The message, header included.
    client_hello: Vec<u8>,
}

impl Start {
    pub(super) fn begin(self, cx: &mut Context, _: Begin) -> Step<Self, on::Begin> {
        let Self { config, destination } = self;
        let random = Arc::clone(&config.provider.random);
        let mut offer = Offer::new(config, destination);
        random.fill(Draw::ClientRandom, &mut offer.random)?;
        if offer.config.compatibility_mode && offer.config.profile == Profile::Records {
            offer.session_id = vec![0; 32];
            random.fill(Draw::SessionId, &mut offer.session_id)?;
            cx.compatibility_mode = true;
        }
        let config = Arc::clone(&offer.config);
        let ours = config.groups.list().iter().filter(|id| config.provider.group(*id).is_some());
        for group in ours.take(config.key_shares) {
            offer.start_key_exchange(group, random.as_ref())?;
        }
        offer.send(cx, None, None)?;
        offer.begin_early_data(cx);
        Ok(Next::to(WaitServerHello { offer }))
    }
}

impl Offer {
    fn new(config: Arc<ClientConfig>, destination: Destination) -> Self {
        let Destination { server_name, psks, early_data } = destination;
        let permitted = psks.first().is_some_and(|psk| psk.key.early_data.is_some());
        Self {
            random: [0; 32],
            session_id: Vec::new(),
            key_exchanges: Vec::new(),
            client_hello: Vec::new(),
            server_name,
            psks,
            early_data: early_data && permitted,
            config,
        }
    }

    fn start_key_exchange(&mut self, id: NamedGroup, random: &dyn Random) -> Result<(), Cause> {
        let group = self.config.provider.group(id).ok_or(Cause::GroupNotOffered)?;
        self.key_exchanges.push((id, group.start(random)?));
        Ok(())
    }

    /// Sends the ClientHello that this offer amounts to. A second one gives the `cookie` back, and
    /// its binders cover the `transcript` before it.
    fn send(
        &mut self,
        cx: &mut Context,
        cookie: Option<&[u8]>,
        transcript: Option<&Transcript>,
    ) -> Result<(), Cause> {
        let config = &self.config;
        let shares: Vector<KeyShareEntry<'_>> = self
            .key_exchanges
            .iter()
            .map(|(group, exchange)| KeyShareEntry {
                group: *group,
                key_exchange: exchange.share(),
            })
            .collect();
        let unbound = Unbound::new(&self.psks);
        let hello = ClientHello {
            legacy_version: ProtocolVersion::TLS12,
            random: &self.random,
            legacy_session_id: &self.session_id,
            cipher_suites: config.cipher_suites.list(),
            legacy_compression_methods: &[0],
            extensions: ClientHelloExtensions {
                pre_shared_key: (!self.psks.is_empty()).then(|| unbound.offered()),
                ..self.extensions(shares.list(), cookie)
            },
        };
        let mut message = Vec::new();
        let mut offered = ExtensionSet::empty();
        message::encode(HandshakeType::CLIENT_HELLO, &mut message, |w| {
            offered = hello.encode(w, &config.client_hello_layout, 0);
        })?;
        if !self.psks.is_empty() {
            psk::bind(&mut message, &self.psks, transcript)?;
        }
        cx.send_encoded(&message);
        cx.offered = offered;
        cx.psk = self.psk_offered();
        self.client_hello = message;
        Ok(())
    }

    /// What a diagnosis calls our PSKs.
    fn psk_offered(&self) -> diagnosis::Psk {
        self.psks.first().map_or(diagnosis::Psk::NotOffered, |psk| {
            diagnosis::Psk::Offered(psk.key.diagnosis_kind())
        })
    }

    /// Early data goes out under its own key from here on (RFC 9846 §7.1).
    fn begin_early_data(&self, cx: &mut Context) {
        let first = self.psks.first().filter(|_| self.early_data);
        if let Some(OfferedPsk { key, .. }) = first {
            let through_client_hello = key.suite.hash.digest(&[&self.client_hello]);
            let early = EarlySecret::new(key.suite, Some(&key.secret));
            cx.early_exporter = Some(early.early_exporter(&through_client_hello));
            let secret = early.client_early_traffic(&through_client_hello);
            cx.early_data = key.early_data.as_ref().map(|terms| terms.max_bytes);
            cx.install(Direction::Send, Epoch::EarlyData, &secret);
        }
    }

    fn extensions<'a>(
        &'a self,
        shares: List<'a, KeyShareEntry<'a>>,
        cookie: Option<&'a [u8]>,
    ) -> ClientHelloExtensions<'a> {
        let config = &self.config;
        let server_name = match &self.server_name {
            // RFC 6066 §3: without a trailing dot.
            Some(ServerName::DnsName(name)) => Some(name.as_ref().trim_end_matches('.').as_bytes()),
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
            early_data: self.early_data,
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

    /// The PSK that the server has selected (RFC 9846 §4.3.11).
    fn selected_psk(
        &mut self,
        hello: &ServerHello<'_>,
        suite: &'static Suite,
    ) -> Result<Option<SelectedPsk>, Cause> {
        let Some(index) = hello.extensions.pre_shared_key else { return Ok(None) };
        let index = usize::from(index);
        let offered = self.psks.get(index).filter(|psk| psk.key.fits(suite));
        let offered = offered.ok_or(Cause::PskNotOffered)?;
        let mode = match hello.extensions.key_share {
            Some(_) => PskKeyExchangeMode::PSK_DHE_KE,
            None => PskKeyExchangeMode::PSK_KE,
        };
        if !self.config.psk_key_exchange_modes.list().contains(mode) {
            return Err(Cause::PskModeNotOffered);
        }
        let is_first = index == 0;
        Ok(Some(SelectedPsk { key: offered.key.clone(), is_first }))
    }

    /// The secret agreed with the server; none in a handshake by PSK alone.
    fn agree(
        &mut self,
        share: Option<KeyShareEntry<'_>>,
        psk: Option<&SelectedPsk>,
    ) -> Result<Option<(NamedGroup, Secret)>, Cause> {
        let Some(share) = share else {
            return psk.map(|_| None).ok_or(Cause::ServerKeyShareMissing);
        };
        let mut exchanges = self.key_exchanges.drain(..);
        let (group, exchange) =
            exchanges.find(|(group, _)| *group == share.group).ok_or(Cause::GroupNotOffered)?;
        Ok(Some((group, exchange.finish(share.key_exchange)?)))
    }

    /// The parameters are agreed: from here on the handshake is encrypted (RFC 9846 §7.1).
    fn proceed(
        mut self,
        cx: &mut Context,
        suite: &'static Suite,
        mut transcript: Transcript,
        hello: &Framed<'_, ServerHello<'_>>,
    ) -> Result<WaitEncryptedExtensions, Cause> {
        let psk = self.selected_psk(&hello.message, suite)?;
        let agreed = self.agree(hello.message.extensions.key_share, psk.as_ref())?;
        let (group, shared) = agreed.unzip();
        transcript.add(hello.encoded);
        let through_server_hello = transcript.digest();
        let early = EarlySecret::new(suite, psk.as_ref().map(|psk| psk.key.secret.as_ref()));
        let secret = early.into_handshake(shared.as_ref());
        let client = secret.traffic(Role::Client, &through_server_hello);
        let server = secret.traffic(Role::Server, &through_server_hello);
        cx.install(Direction::Receive, Epoch::Handshake, &server);
        // Alerts go out under this key from now on (RFC 9846 §A.1); early data does not.
        cx.install_behind_early_data(Epoch::Handshake, &client);
        cx.psk = match &psk {
            Some(psk) => diagnosis::Psk::Accepted(psk.key.diagnosis_kind()),
            None => cx.psk,
        };
        Ok(WaitEncryptedExtensions {
            flight: Flight {
                server_finished: server.finished_key(),
                client_finished: client.finished_key(),
                config: self.config,
                server_name: self.server_name,
                suite,
                group,
                protocol: None,
                transcript,
                secret,
            },
            psk,
            early_data: self.early_data,
        })
    }
}

/// A PSK that the server has selected.
#[derive(Debug)]
pub(super) struct SelectedPsk {
    pub(super) key: PreSharedKey,
    /// Only the first may carry early data (RFC 9846 §4.3.10).
    pub(super) is_first: bool,
}

impl WaitServerHello {
    pub(super) fn server_hello(
        self,
        cx: &mut Context,
        hello: Framed<'_, ServerHello<'_>>,
    ) -> Step<Self, on::ServerHello> {
        let suite = self.offer.check_server_hello(&hello.message)?;
        let mut transcript = Transcript::new(suite.hash);
        transcript.add(&self.offer.client_hello);
        self.offer.proceed(cx, suite, transcript, &hello).map(Next::to)
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
        // RFC 9846 §4.2.2: early data ends here, and PSKs with another hash go.
        if core::mem::take(&mut offer.early_data) {
            cx.reject_early_data();
        }
        offer.psks.retain(|psk| psk.key.fits(suite));
        cx.learn(Fact::Retried);
        offer.send(cx, message.extensions.cookie, Some(&transcript))?;
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
        self.offer.proceed(cx, suite, self.transcript, &hello).map(Next::to)
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
        f.debug_struct("Offer").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}
