//! ClientHello: WaitClientHello, WaitSecondClientHello (RFC 9846 §4.2).

use std::sync::Arc;

use super::own_flight::SelectCredential;
use super::{Next, Step};
use crate::crypto::{Draw, Group, Suite};
use crate::failure::Cause;
use crate::handshake::config::{CompatibilityMode, Profile, ServerConfig};
use crate::handshake::context::Context;
use crate::handshake::decision::{self, Decision};
use crate::handshake::event::{Fact, Framed, on};
use crate::handshake::negotiation::{self, CertificateUse, GroupChoice, PskUse};
use crate::message::ClientHello;
use crate::message::HEADER_BYTES;
use crate::message::{HelloRetryRequest, HelloRetryRequestExtensions};
use crate::registry::{HandshakeType, NamedGroup, ProtocolVersion};
use crate::transcript::Transcript;

/// Nothing has arrived.
#[derive(Debug)]
pub(in crate::handshake) struct WaitClientHello {
    pub(in crate::handshake) config: Arc<ServerConfig>,
}

/// A HelloRetryRequest is out.
#[derive(Debug)]
pub(in crate::handshake) struct WaitSecondClientHello {
    config: Arc<ServerConfig>,
    /// The first ClientHello, header included.
    first: Vec<u8>,
    suite: &'static Suite,
    /// The group that a share was asked for; `None` if only a cookie was.
    group: Option<NamedGroup>,
    cookie: Vec<u8>,
    transcript: Transcript,
}

impl WaitClientHello {
    pub(super) fn client_hello(
        self,
        cx: &mut Context,
        hello: Framed<'_, ClientHello<'_>>,
    ) -> Step<Self, on::ClientHello> {
        let Self { config } = self;
        let Framed { message, encoded } = hello;
        let Considered { suite, choice, psk_use, certificate_use } = consider(&config, &message)?;
        cx.compatibility_mode = match config.compatibility_mode {
            CompatibilityMode::WhenAsked => !message.legacy_session_id.is_empty(),
            CompatibilityMode::Always => true,
        };
        let early_data = message.extensions.early_data;
        let group = match choice {
            GroupChoice::Share(group) if config.cookie_bytes == 0 => Some(group),
            GroupChoice::Impossible if config.cookie_bytes == 0 => None,
            asked => {
                if early_data {
                    cx.learn(Fact::EarlyDataRejected);
                }
                let group = match asked {
                    GroupChoice::Retry(group) => Some(group.id()),
                    GroupChoice::Share(_) | GroupChoice::Impossible => None,
                };
                let hello = Framed { message, encoded };
                return retry(config, cx, &hello, suite, group).map(Next::to);
            }
        };
        cx.early_data_is_undecided = early_data;
        let state = SelectCredential {
            client_hello: Arc::from(encoded),
            transcript: Transcript::new(suite.hash),
            config,
            suite,
            group,
            psk_use,
            certificate_use,
        };
        Ok(Next::to(state.ask(cx, early_data)))
    }
}

impl WaitSecondClientHello {
    pub(super) fn second_client_hello(
        self,
        cx: &mut Context,
        hello: Framed<'_, ClientHello<'_>>,
    ) -> Step<Self, on::ClientHello> {
        let Self { config, first, suite, group: asked, cookie, transcript } = self;
        let Framed { message, encoded } = hello;
        let extensions = &message.extensions;
        if extensions.early_data {
            return Err(Cause::SecondHelloEarlyData);
        }
        // A cookie where none was sent is no less wrong than another one.
        if extensions.cookie.unwrap_or_default() != cookie {
            return Err(Cause::CookieMismatch);
        }
        let first = first.get(HEADER_BYTES..).unwrap_or_default();
        let first = ClientHello::parsed(first)?;
        let keeps_shares = asked.is_some() || extensions.key_share == first.extensions.key_share;
        if message.differs_from(&first)
            || !keeps_shares
            || !negotiation::keeps_psks(&first.extensions, extensions, suite)
        {
            return Err(Cause::SecondHelloChanged);
        }
        let Considered { choice, psk_use, certificate_use, .. } = consider(&config, &message)?;
        let group = match choice {
            GroupChoice::Share(group) if asked.is_none_or(|asked| asked == group.id()) => {
                Some(group)
            }
            GroupChoice::Impossible if asked.is_none() => None,
            _ => return Err(Cause::SecondHelloKeyShare),
        };
        let shares = extensions.key_share.map_or(0, |shares| shares.iter().count());
        if asked.is_some() && shares != 1 {
            return Err(Cause::SecondHelloKeyShare);
        }
        let state = SelectCredential {
            client_hello: Arc::from(encoded),
            config,
            suite,
            group,
            psk_use,
            certificate_use,
            transcript,
        };
        Ok(Next::to(state.ask(cx, false)))
    }
}

/// What follows from a ClientHello.
struct Considered {
    suite: &'static Suite,
    choice: GroupChoice,
    psk_use: PskUse,
    certificate_use: Option<CertificateUse>,
}

/// Every check of a ClientHello, in the order of RFC 9846 §4.2.2 and §9.2, and what follows from
/// it.
fn consider(config: &ServerConfig, hello: &ClientHello<'_>) -> Result<Considered, Cause> {
    let extensions = &hello.extensions;
    let versions = extensions.supported_versions;
    if !versions.is_some_and(|versions| versions.contains(ProtocolVersion::TLS13)) {
        return Err(Cause::VersionNotOffered);
    }
    if config.strict_legacy_version && hello.legacy_version != ProtocolVersion::TLS12 {
        return Err(Cause::LegacyVersionUnexpected);
    }
    if hello.legacy_compression_methods != [0] {
        return Err(Cause::LegacyCompressionUnexpected);
    }
    check_profile(config, hello)?;
    negotiation::require(extensions)?;
    negotiation::check_certificate_types(extensions)?;
    let provider = &config.provider;
    let suite = negotiation::cipher_suite(
        provider,
        config.preference,
        config.cipher_suites.list(),
        hello.cipher_suites,
    )?;
    let psk_use = PskUse::in_common(config.psk_key_exchange_modes.list(), extensions);
    let certificate_use = negotiation::certificate_use(config, extensions);
    if !psk_use.is_possible() {
        extensions.signature_algorithms.ok_or(Cause::SignatureAlgorithmsMissing)?;
        certificate_use?;
    }
    let choice = match negotiation::group(
        provider,
        config.preference,
        config.groups.list(),
        extensions.supported_groups,
        extensions.key_share,
    ) {
        Err(Cause::NoCommonGroup | Cause::SupportedGroupsMissing) if psk_use.alone => {
            GroupChoice::Impossible
        }
        choice => choice?,
    };
    Ok(Considered { suite, choice, psk_use, certificate_use: certificate_use.ok() })
}

/// What QUIC wants, and what it rules out (RFC 9001 §8).
fn check_profile(config: &ServerConfig, hello: &ClientHello<'_>) -> Result<(), Cause> {
    match (&config.profile, hello.extensions.quic_transport_parameters) {
        (Profile::Records, None) => Ok(()),
        (Profile::Records, Some(_)) => Err(Cause::TransportParametersForbidden),
        (Profile::Quic(_), None) => Err(Cause::TransportParametersMissing),
        (Profile::Quic(_), Some(_)) if !hello.legacy_session_id.is_empty() => {
            Err(Cause::LegacySessionIdForbidden)
        }
        (Profile::Quic(_), Some(_)) => Ok(()),
    }
}

/// Sends HelloRetryRequest (RFC 9846 §4.2.4).
fn retry(
    config: Arc<ServerConfig>,
    cx: &mut Context,
    hello: &Framed<'_, ClientHello<'_>>,
    suite: &'static Suite,
    group: Option<NamedGroup>,
) -> Result<WaitSecondClientHello, Cause> {
    let mut cookie = vec![0; usize::from(config.cookie_bytes)];
    if !cookie.is_empty() {
        config.provider.random.fill(Draw::Cookie, &mut cookie)?;
    }
    let request = HelloRetryRequest {
        legacy_version: ProtocolVersion::TLS12,
        legacy_session_id_echo: hello.message.legacy_session_id,
        cipher_suite: suite.id,
        legacy_compression_method: 0,
        extensions: HelloRetryRequestExtensions {
            selected_version: ProtocolVersion::TLS13,
            cookie: Some(cookie.as_slice()).filter(|cookie| !cookie.is_empty()),
            selected_group: group,
        },
    };
    let sent = cx.send(HandshakeType::SERVER_HELLO, |w| request.encode(w))?;
    let transcript = Transcript::after_retry(suite.hash, hello.encoded, sent);
    cx.flush();
    cx.learn(Fact::Retried);
    let first = hello.encoded.to_vec();
    Ok(WaitSecondClientHello { config, first, suite, group, cookie, transcript })
}

impl SelectCredential {
    /// The hello is acceptable: the embedder says who we are.
    fn ask(self, cx: &mut Context, early_data: bool) -> Self {
        let (client_hello, limits) = (Arc::clone(&self.client_hello), cx.limits);
        cx.ask(|serial| {
            Decision::SelectCredential(decision::SelectCredential {
                serial,
                client_hello,
                limits,
                suite: self.suite,
                group: self.group.map(Group::id),
                psk_is_usable: self.psk_use.is_possible(),
                early_data,
                client_authentication: self.config.client_authentication,
                certificate_type: self.certificate_use.map(|certificate| certificate.types.server),
            })
        });
        self
    }
}
