//! What a ClientHello offers, and how that is written (RFC 9846 §4.2.2).

use std::borrow::Cow;
use std::sync::Arc;

use pki_types::ServerName;

use crate::codec::{List, Reader, Vector};
use crate::crypto::{KeyExchange, Random};
use crate::diagnosis;
use crate::epoch::{Direction, Epoch};
use crate::failure::Cause;
use crate::handshake::certificate_compression;
use crate::handshake::config::{ClientConfig, Destination, Profile};
use crate::handshake::context::Context;
use crate::handshake::grease::Grease;
use crate::handshake::psk::{self, OfferedPsk, PreSharedKey, Unbound};
use crate::key_schedule::EarlySecret;
use crate::message::{
    self, ClientHello, ClientHelloExtensions, ExtensionSet, KeyShareEntry, ProtocolName,
};
use crate::registry::{CertificateType, HandshakeType, NamedGroup, ProtocolVersion};
use crate::transcript::Transcript;

/// What the latest ClientHello offered.
pub(super) struct Offer {
    pub(super) config: Arc<ClientConfig>,
    /// What is said: the configuration, with reserved values in it if there are any (RFC 8701).
    said: Arc<ClientConfig>,
    /// The versions, encoded.
    supported_versions: Cow<'static, [u8]>,
    /// The reserved group that a share of one byte is sent for.
    pub(super) reserved_share: Option<NamedGroup>,
    pub(super) server_name: Option<ServerName<'static>>,
    pub(super) random: [u8; 32],
    /// None outside compatibility mode (RFC 9846 §4.2.2).
    pub(super) session_id: Option<[u8; 32]>,
    pub(super) key_exchanges: Vec<(NamedGroup, Box<dyn KeyExchange>)>,
    pub(super) psks: Vec<OfferedPsk>,
    /// Whether early data is offered.
    pub(super) early_data: bool,
    /// The message, header included.
    pub(super) client_hello: Vec<u8>,
}

impl Offer {
    pub(super) fn new(
        config: Arc<ClientConfig>,
        destination: Destination,
        grease: Option<Grease>,
    ) -> Self {
        let Destination { server_name, mut psks, early_data } = destination;
        psks.retain(|psk| is_usable(&psk.key, &config));
        let permitted = psks.first().is_some_and(|psk| permits_early_data(&psk.key, &config));
        let (said, supported_versions) = match grease {
            None => (Arc::clone(&config), Cow::Borrowed(&TLS13[..])),
            Some(grease) => {
                let versions = [grease.version.0.to_be_bytes(), TLS13].concat();
                (Arc::new(grease.among_offers(&config)), Cow::Owned(versions))
            }
        };
        Self {
            said,
            supported_versions,
            reserved_share: grease.map(|grease| grease.group),
            random: [0; 32],
            session_id: None,
            key_exchanges: Vec::new(),
            client_hello: Vec::new(),
            server_name,
            psks,
            early_data: early_data && permitted,
            config,
        }
    }

    /// The session id as a message holds it.
    pub(super) fn session_id(&self) -> &[u8] {
        self.session_id.as_slice().as_flattened()
    }

    pub(super) fn start_key_exchange(
        &mut self,
        id: NamedGroup,
        random: &dyn Random,
    ) -> Result<(), Cause> {
        let group = self.config.provider.group(id).ok_or(Cause::GroupNotOffered)?;
        self.key_exchanges.push((id, group.start(random)?));
        Ok(())
    }

    /// Sends the ClientHello that this offer amounts to. A second one gives the `cookie` back, and
    /// its binders cover the `transcript` before it.
    pub(super) fn send(
        &mut self,
        cx: &mut Context,
        cookie: Option<&[u8]>,
        transcript: Option<&Transcript>,
    ) -> Result<(), Cause> {
        let said = &self.said;
        let reserved = self.reserved_share.iter().map(|group| (group, &[0][..]));
        let own = self.key_exchanges.iter().map(|(group, exchange)| (group, exchange.share()));
        let shares: Vector<KeyShareEntry<'_>> = reserved
            .chain(own)
            .map(|(group, key_exchange)| KeyShareEntry { group: *group, key_exchange })
            .collect();
        let compressions = certificate_compression::offered(&said.certificate_compressions);
        let unbound = Unbound::new(&self.psks);
        let hello = ClientHello {
            legacy_version: ProtocolVersion::TLS12,
            random: &self.random,
            legacy_session_id: self.session_id(),
            cipher_suites: said.cipher_suites.list(),
            legacy_compression_methods: &[0],
            extensions: ClientHelloExtensions {
                pre_shared_key: (!self.psks.is_empty()).then(|| unbound.offered()),
                compress_certificate: compressions.list_unless_empty(),
                ..self.extensions(shares.list(), cookie)
            },
        };
        let mut message = Vec::with_capacity(CLIENT_HELLO_BYTES);
        let mut offered = ExtensionSet::empty();
        message::encode(HandshakeType::CLIENT_HELLO, &mut message, |w| {
            offered = hello.encode(w, &said.client_hello_layout, 0);
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
    pub(super) fn begin_early_data(&self, cx: &mut Context) {
        let first = self.psks.first().filter(|_| self.early_data);
        if let Some(OfferedPsk { key, .. }) = first {
            let through_client_hello = key.suite.hash.digest(&[&self.client_hello]);
            let early = EarlySecret::new(key.suite, &key.secret);
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
        let config = &self.said;
        let server_name = match &self.server_name {
            // RFC 6066 §3: without a trailing dot.
            Some(ServerName::DnsName(name)) => Some(name.as_ref().trim_end_matches('.').as_bytes()),
            _ => None,
        };
        let is_over_records = config.profile == Profile::Records;
        ClientHelloExtensions {
            server_name,
            status_request: config.request_ocsp_response,
            supported_groups: Some(config.groups.list()),
            signature_algorithms: Some(config.signature_schemes.list()),
            signature_algorithms_cert: config.certificate_signature_schemes.list_unless_empty(),
            application_layer_protocols: config.application_layer_protocols.list_unless_empty(),
            signed_certificate_timestamp: config.request_signed_certificate_timestamps,
            client_certificate_types: unless_only_x509(&config.client_certificate_types),
            server_certificate_types: unless_only_x509(&config.server_certificate_types),
            early_data: self.early_data,
            record_size_limit: config.record_size_limit.filter(|_| is_over_records),
            supported_versions: List::parse(Reader::new(&self.supported_versions)).ok(),
            cookie,
            psk_key_exchange_modes: config.psk_key_exchange_modes.list_unless_empty(),
            certificate_authorities: config.certificate_authorities.list_unless_empty(),
            post_handshake_auth: config.post_handshake_auth && is_over_records,
            key_share: Some(shares),
            ticket_request: config.ticket_request,
            quic_transport_parameters: match &config.profile {
                Profile::Quic(parameters) => Some(parameters),
                Profile::Records => None,
            },
            ..ClientHelloExtensions::default()
        }
    }
}

/// RFC 7250 §4.1: who can do nothing but X.509 does not say so.
fn unless_only_x509(types: &Vector<CertificateType>) -> Option<List<'_, CertificateType>> {
    let list = types.list();
    list.iter().any(|of| of != CertificateType::X509).then_some(list)
}

/// RFC 9846 §4.3.9, §4.3.11: what is offered can be used, by a suite with the same hash.
fn is_usable(key: &PreSharedKey, config: &ClientConfig) -> bool {
    let offered = config.cipher_suites.list().iter();
    let mut suites = offered.filter_map(|id| config.provider.suite(id));
    !config.psk_key_exchange_modes.is_empty() && suites.any(|suite| key.fits(suite))
}

/// RFC 9846 §4.3.10: the server can take early data only with the suite and the protocol of its
/// PSK.
fn permits_early_data(key: &PreSharedKey, config: &ClientConfig) -> bool {
    let mut protocols = config.application_layer_protocols.list().iter();
    key.early_data.as_ref().is_some_and(|terms| {
        let protocol = terms.application_layer_protocol.as_deref();
        config.cipher_suites.list().contains(key.suite.id)
            && protocol.is_none_or(|name| protocols.any(|ProtocolName(offered)| offered == name))
    })
}

/// TLS 1.3, encoded.
const TLS13: [u8; 2] = ProtocolVersion::TLS13.0.to_be_bytes();

/// Room for a ClientHello: enough for most, without growing.
const CLIENT_HELLO_BYTES: usize = 512;

impl core::fmt::Debug for Offer {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Offer").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}
