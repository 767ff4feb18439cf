//! What a client or a server offers and accepts: plain values, shared by connections through an
//! `Arc`.

mod check;

use pki_types::ServerName;

pub use crate::codec::Vector;
use crate::crypto::Provider;
use crate::epoch::Role;
pub use crate::failure::Disclosure;
use crate::failure::Misuse;
use crate::handshake::psk::OfferedPsk;
use crate::limits::Limits;
pub use crate::message::{DistinguishedName, Item, Layout, ProtocolName, TicketRequest};
use crate::registry::{
    CertificateType, CipherSuite, NamedGroup, PskKeyExchangeMode, SignatureScheme,
};

/// What carries the handshake.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Profile {
    /// TLS records over a byte stream.
    Records,
    /// QUIC CRYPTO frames (RFC 9001): no KeyUpdate, no EndOfEarlyData, no compatibility mode; an
    /// application protocol is required. The value is our `quic_transport_parameters`.
    Quic(Vec<u8>),
}

/// The configuration of clients. [`ClientConfig::new`] fills it with all that the provider has.
#[derive(Clone, Debug)]
pub struct ClientConfig {
    /// Where the cryptography comes from.
    pub provider: Provider,
    /// The cipher suites to offer, in order of preference.
    pub cipher_suites: Vector<CipherSuite>,
    /// The groups to offer, in order of preference.
    pub groups: Vector<NamedGroup>,
    /// For which of the groups a key share is sent at once.
    pub key_shares: KeyShares,
    /// The schemes in which a server may prove possession, in order of preference.
    pub signature_schemes: Vector<SignatureScheme>,
    /// The schemes accepted in certificates; empty: the same (RFC 9846 §4.3.3).
    pub certificate_signature_schemes: Vector<SignatureScheme>,
    /// What to accept from servers, in order of preference: certificates, raw public keys, or both
    /// (RFC 7250).
    pub server_certificate_types: Vector<CertificateType>,
    /// What there is to authenticate with, in order of preference.
    pub client_certificate_types: Vector<CertificateType>,
    /// The application protocols to offer (RFC 7301); empty: none.
    pub application_layer_protocols: Vector<ProtocolName<'static>>,
    /// The names of authorities to announce (RFC 9846 §4.3.4); empty: none.
    pub certificate_authorities: Vector<DistinguishedName<'static>>,
    /// How a PSK may be used; empty: none is, and servers send no tickets (RFC 9846 §4.3.9).
    pub psk_key_exchange_modes: Vector<PskKeyExchangeMode>,
    /// How many tickets to ask for (RFC 9149); `None`: as the server likes.
    pub ticket_request: Option<TicketRequest>,
    /// Whether to ask for an OCSP response (RFC 9846 §4.5.1.1).
    pub request_ocsp_response: bool,
    /// Whether to ask for signed certificate timestamps (RFC 6962).
    pub request_signed_certificate_timestamps: bool,
    /// The longest protected record we want to receive, in bytes of content, content type and
    /// padding, from 64 to 16,385; `None`: the extension is not sent (RFC 8449).
    pub record_size_limit: Option<u16>,
    /// Whether servers may ask for a certificate after the handshake too (RFC 9846 §4.3.6), at any
    /// time; over records only.
    pub post_handshake_auth: bool,
    /// Whether to look like TLS 1.2 to middleboxes (RFC 9846 §E.4); over records only.
    pub compatibility_mode: bool,
    /// Whether a ServerHello whose `legacy_version` is not 0x0303 ends the handshake (RFC 9846
    /// §4.2.3).
    pub strict_legacy_version: bool,
    /// Whether reserved values stand among what is offered, so that servers stay used to passing
    /// over what they do not know (RFC 8701): in every list, as a key share of one byte, and as two
    /// extensions. They are offered and never accepted.
    pub grease: bool,
    /// The order and content of ClientHello's extensions.
    pub client_hello_layout: Layout,
    /// What carries the handshake.
    pub profile: Profile,
    /// How much an alert of ours tells.
    pub disclosure: Disclosure,
    /// Bounds on what the server may send.
    pub limits: Limits,
    /// Whether each transition is reported as a [`Fact::Moved`](crate::handshake::Fact::Moved).
    pub report_transitions: bool,
}

impl ClientConfig {
    /// Everything that `provider` has, in its order, and RSASSA-PKCS1-v1_5 in certificates; no raw
    /// public keys, no application protocol.
    #[must_use]
    pub fn new(provider: Provider) -> Self {
        Self {
            cipher_suites: provider.suites.iter().map(|suite| suite.id).collect(),
            groups: provider.groups.iter().map(|group| group.id()).collect(),
            key_shares: KeyShares::default(),
            signature_schemes: schemes_of(&provider, Role::Server).collect(),
            certificate_signature_schemes: schemes_in_certificates(&provider),
            server_certificate_types: only_x509(),
            client_certificate_types: only_x509(),
            application_layer_protocols: Vector::new(),
            certificate_authorities: Vector::new(),
            psk_key_exchange_modes: core::iter::once(PskKeyExchangeMode::PSK_DHE_KE).collect(),
            ticket_request: None,
            request_ocsp_response: true,
            request_signed_certificate_timestamps: false,
            record_size_limit: None,
            post_handshake_auth: false,
            compatibility_mode: true,
            strict_legacy_version: true,
            grease: false,
            client_hello_layout: Layout::client_hello(),
            profile: Profile::Records,
            disclosure: Disclosure::Exact,
            limits: Limits::default(),
            report_transitions: false,
            provider,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Misuse> {
        check::offer(&self.provider, &self.cipher_suites, &self.groups, &self.signature_schemes)?;
        check::certificate_types(&self.server_certificate_types)?;
        check::certificate_types(&self.client_certificate_types)?;
        check::protocols(&self.application_layer_protocols)?;
        check::record_size_limit(self.record_size_limit)?;
        match self.profile {
            Profile::Quic(_) if self.application_layer_protocols.is_empty() => {
                Err(Misuse::Configuration("QUIC needs an application protocol"))
            }
            _ => Ok(()),
        }
    }
}

/// For which of its groups a client sends a key share at once (RFC 9846 §4.3.8).
#[derive(Clone, Debug, Default)]
pub enum KeyShares {
    /// For the most preferred and, if that is a hybrid, for the first that is none: so a server
    /// without hybrids need not ask.
    #[default]
    MostPreferred,
    /// For so many of the first; none: the server has to ask.
    First(usize),
    /// For those of these, which need not be the most preferred.
    Of(Vector<NamedGroup>),
}

impl KeyShares {
    /// The groups to send a share for, in the order of `groups`.
    pub(crate) fn among(&self, groups: &[NamedGroup]) -> Vec<NamedGroup> {
        let groups = groups.iter().copied();
        match self {
            Self::MostPreferred => {
                let hybrid = groups.clone().take(1).filter(|group| group.is_hybrid());
                hybrid.chain(groups.clone().find(|group| !group.is_hybrid())).collect()
            }
            Self::First(count) => groups.take(*count).collect(),
            Self::Of(wanted) => groups.filter(|group| wanted.list().contains(*group)).collect(),
        }
    }
}

/// Where a client wants to go.
#[derive(Clone, Debug, Default)]
pub struct Destination {
    /// The name to verify, and to send if it is a DNS name; `None`: neither.
    pub server_name: Option<ServerName<'static>>,
    /// The PSKs to offer, in order of preference: tickets of this server's, external keys. Those
    /// that no cipher suite of the configuration fits are not offered.
    pub psks: Vec<OfferedPsk>,
    /// Whether to offer early data under the first PSK, if that permits it and its suite and
    /// protocol are offered (RFC 9846 §4.3.10). What is sent so can be replayed by anyone
    /// (RFC 9846 §8).
    pub early_data: bool,
}

impl Destination {
    /// A server known by `server_name`.
    #[must_use]
    pub const fn named(server_name: ServerName<'static>) -> Self {
        Self { server_name: Some(server_name), psks: Vec::new(), early_data: false }
    }
}

/// Whether a server asks its clients for a certificate (RFC 9846 §4.4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum ClientAuthentication {
    /// It does not ask.
    #[default]
    None,
    /// It asks, and goes on without. It does not ask those who have no
    /// [type](ServerConfig::client_certificate_types) of certificate that it accepts.
    Request,
    /// It asks, and ends with `certificate_required` when there is none.
    Require,
}

/// Whose order of preference decides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Preference {
    /// The server's own; a group whose key share is there goes before those that it would have to
    /// ask for.
    #[default]
    Server,
    /// The server's own, even where it costs a HelloRetryRequest.
    ServerStrictly,
    /// The client's.
    Client,
}

/// The configuration of servers. [`ServerConfig::new`] fills it with all that the provider has.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where the cryptography comes from.
    pub provider: Provider,
    /// The cipher suites to accept, in order of preference.
    pub cipher_suites: Vector<CipherSuite>,
    /// The groups to accept, in order of preference.
    pub groups: Vector<NamedGroup>,
    /// Whether EncryptedExtensions tells clients all of these groups, from which they learn what to
    /// send a share of next time (RFC 9846 §4.3.7).
    pub announce_groups: bool,
    /// Whether EncryptedExtensions acknowledges the client's `server_name`, as a server must that
    /// goes by it (RFC 6066 §3).
    pub acknowledge_server_name: bool,
    /// Whether tickets say that they may be used under any name of the server's certificate
    /// (draft-ietf-tls-cross-sni-resumption).
    pub resumption_across_names: bool,
    /// How a PSK may be used (RFC 9846 §4.3.9).
    pub psk_key_exchange_modes: Vector<PskKeyExchangeMode>,
    /// Whose preference decides on suite and group.
    pub preference: Preference,
    /// The schemes in which a client may prove possession, in order of preference.
    pub signature_schemes: Vector<SignatureScheme>,
    /// The schemes accepted in clients' certificates; empty: the same.
    pub certificate_signature_schemes: Vector<SignatureScheme>,
    /// What there is to authenticate with, in order of preference: certificates, raw public keys,
    /// or both (RFC 7250). It is this order that counts, and not the client's.
    pub server_certificate_types: Vector<CertificateType>,
    /// What to accept from clients, in order of preference, which counts here too.
    pub client_certificate_types: Vector<CertificateType>,
    /// Whether to ask for a client certificate.
    pub client_authentication: ClientAuthentication,
    /// The names of authorities to announce in CertificateRequest; empty: none.
    pub certificate_authorities: Vector<DistinguishedName<'static>>,
    /// Whether to ask clients for an OCSP response.
    pub request_ocsp_response: bool,
    /// As [`ClientConfig::record_size_limit`]; it takes effect with clients that send theirs.
    pub record_size_limit: Option<u16>,
    /// How many bytes of cookie a HelloRetryRequest carries; 0: none (RFC 9846 §4.3.2).
    pub cookie_bytes: u16,
    /// When clients are sent away with a cookie from which any server can go on that opens it;
    /// `None`: never, and a cookie only comes back to the connection that has sent it.
    pub stateless_retry: Option<StatelessRetry>,
    /// When a stream carries `change_cipher_spec` to please middleboxes (RFC 9846 §E.4).
    pub compatibility_mode: CompatibilityMode,
    /// Whether a ClientHello whose `legacy_version` is not 0x0303 ends the handshake (RFC 9846
    /// §4.2.2).
    pub strict_legacy_version: bool,
    /// As [`ClientConfig::grease`]: in the extensions of CertificateRequest and NewSessionTicket,
    /// and among the schemes of the former (RFC 8701 §4.1).
    pub grease: bool,
    /// The order and content of EncryptedExtensions.
    pub encrypted_extensions_layout: Layout,
    /// The order and content of CertificateRequest's extensions.
    pub certificate_request_layout: Layout,
    /// What carries the handshake.
    pub profile: Profile,
    /// How much an alert of ours tells.
    pub disclosure: Disclosure,
    /// Bounds on what the client may send.
    pub limits: Limits,
    /// Whether each transition is reported as a [`Fact::Moved`](crate::handshake::Fact::Moved).
    pub report_transitions: bool,
}

/// When a server sends a HelloRetryRequest that it need not remember (RFC 9846 §4.3.2).
///
/// Its cookie holds all that the second ClientHello is held against: the connection asks the
/// embedder to [seal](crate::handshake::decision::SealCookie) that, and whatever connection gets
/// the second ClientHello, to [open](crate::handshake::decision::OpenCookie) it. The one that has
/// sent the retry would go on by itself, but once it has told [`Fact::Retried`], and what was to be
/// sent before that is sent, it can be dropped.
///
/// [`Fact::Retried`]: crate::handshake::Fact::Retried
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum StatelessRetry {
    /// When a key share is missing.
    WhenNeeded,
    /// To every client: it has to show that it receives what is sent to its address before anything
    /// is kept for it.
    Always,
}

/// When a server sends `change_cipher_spec` (RFC 9846 §E.4).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum CompatibilityMode {
    /// When the client's session id is not empty, as it must.
    #[default]
    WhenAsked,
    /// To every client.
    Always,
}

impl ServerConfig {
    /// Everything that `provider` has, in its order; no raw public keys, no client authentication.
    #[must_use]
    pub fn new(provider: Provider) -> Self {
        Self {
            cipher_suites: provider.suites.iter().map(|suite| suite.id).collect(),
            groups: provider.groups.iter().map(|group| group.id()).collect(),
            announce_groups: false,
            acknowledge_server_name: true,
            resumption_across_names: false,
            psk_key_exchange_modes: core::iter::once(PskKeyExchangeMode::PSK_DHE_KE).collect(),
            preference: Preference::Server,
            signature_schemes: schemes_of(&provider, Role::Client).collect(),
            certificate_signature_schemes: schemes_in_certificates(&provider),
            server_certificate_types: only_x509(),
            client_certificate_types: only_x509(),
            client_authentication: ClientAuthentication::None,
            certificate_authorities: Vector::new(),
            request_ocsp_response: false,
            record_size_limit: None,
            cookie_bytes: 0,
            stateless_retry: None,
            compatibility_mode: CompatibilityMode::WhenAsked,
            strict_legacy_version: true,
            grease: false,
            encrypted_extensions_layout: Layout::encrypted_extensions(),
            certificate_request_layout: Layout::certificate_request(),
            profile: Profile::Records,
            disclosure: Disclosure::Exact,
            limits: Limits::default(),
            report_transitions: false,
            provider,
        }
    }

    pub(crate) fn check(&self) -> Result<(), Misuse> {
        check::record_size_limit(self.record_size_limit)?;
        if self.cookie_bytes > 0 && self.stateless_retry.is_some() {
            return Err(Misuse::Configuration("two kinds of cookies"));
        }
        check::certificate_types(&self.server_certificate_types)?;
        check::certificate_types(&self.client_certificate_types)?;
        check::offer(&self.provider, &self.cipher_suites, &self.groups, &self.signature_schemes)
    }
}

/// What the provider verifies of that peer's.
fn schemes_of(provider: &Provider, signer: Role) -> impl Iterator<Item = SignatureScheme> {
    let verified = provider.signatures.iter().map(|algorithm| algorithm.scheme);
    verified.filter(move |scheme| scheme.signs_for(signer))
}

/// RFC 9846 §9.1: `rsa_pkcs1_sha256` is mandatory, and for certificates only. Most authorities sign
/// so.
fn schemes_in_certificates(provider: &Provider) -> Vector<SignatureScheme> {
    // What only clients sign with is not for certificates (RFC 9963).
    let proven = schemes_of(provider, Role::Server);
    let for_certificates_only = [
        SignatureScheme::RSA_PKCS1_SHA256,
        SignatureScheme::RSA_PKCS1_SHA384,
        SignatureScheme::RSA_PKCS1_SHA512,
    ];
    proven.chain(for_certificates_only).collect()
}

fn only_x509() -> Vector<CertificateType> {
    core::iter::once(CertificateType::X509).collect()
}
