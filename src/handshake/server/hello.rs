//! ClientHello: WaitClientHello, and what every ClientHello is held against (RFC 9846 §4.2).

use std::sync::Arc;

use super::own_flight::SelectCredential;
use super::retry::{OpenCookie, Remembered, SealCookie};
use super::{Next, Step};
use crate::crypto::Suite;
use crate::failure::Cause;
use crate::handshake::config::{CompatibilityMode, Profile, ServerConfig, StatelessRetry};
use crate::handshake::context::Context;
use crate::handshake::decision::{self, Decision};
use crate::handshake::event::{Fact, Framed, on};
use crate::handshake::negotiation::{self, CertificateUse, GroupChoice, PskUse};
use crate::message::ClientHello;
use crate::registry::ProtocolVersion;
use crate::transcript::Transcript;

/// Nothing has arrived.
#[derive(Debug)]
pub(in crate::handshake) struct WaitClientHello {
    pub(in crate::handshake) config: Arc<ServerConfig>,
}

impl WaitClientHello {
    pub(super) fn client_hello(
        self,
        cx: &mut Context,
        hello: Framed<'_, ClientHello<'_>>,
    ) -> Step<Self, on::ClientHello> {
        let Self { config } = self;
        let extensions = &hello.message.extensions;
        if let (Some(cookie), Some(_)) = (extensions.cookie, config.stateless_retry) {
            return Ok(Next::to(OpenCookie::ask(config, cx, cookie, hello.encoded)));
        }
        let considered = consider(&config, &hello.message)?;
        let Considered { suite, choice, psk_use, certificate_use } = considered;
        cx.compatibility_mode = match config.compatibility_mode {
            CompatibilityMode::WhenAsked => !hello.message.legacy_session_id.is_empty(),
            CompatibilityMode::Always => true,
        };
        let early_data = extensions.early_data;
        let always =
            config.cookie_bytes > 0 || config.stateless_retry == Some(StatelessRetry::Always);
        let group = match choice {
            GroupChoice::Share(group) if !always => Some(group),
            GroupChoice::Impossible if !always => None,
            asked => {
                if early_data {
                    cx.learn(Fact::EarlyDataRejected);
                }
                let group = match asked {
                    GroupChoice::Retry(group) => Some(group.id()),
                    GroupChoice::Share(_) | GroupChoice::Impossible => None,
                };
                let remembered = Remembered::of(&hello, suite, group);
                let session_id = hello.message.legacy_session_id;
                return match config.stateless_retry {
                    Some(_) => Ok(Next::to(SealCookie::ask(config, cx, remembered, session_id))),
                    None => remembered.retry_with_any_cookie(config, cx, session_id).map(Next::to),
                };
            }
        };
        cx.early_data_is_undecided = early_data;
        let state = SelectCredential {
            client_hello: Arc::from(hello.encoded),
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

/// What follows from a ClientHello.
pub(super) struct Considered {
    pub(super) suite: &'static Suite,
    pub(super) choice: GroupChoice,
    pub(super) psk_use: PskUse,
    pub(super) certificate_use: Option<CertificateUse>,
}

/// Every check of a ClientHello, in the order of RFC 9846 §4.2.2 and §9.2, and what follows from
/// it.
pub(super) fn consider(
    config: &ServerConfig,
    hello: &ClientHello<'_>,
) -> Result<Considered, Cause> {
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

impl SelectCredential {
    /// The hello is acceptable: the embedder says who we are.
    pub(super) fn ask(self, cx: &mut Context, early_data: bool) -> Self {
        let (client_hello, limits) = (Arc::clone(&self.client_hello), cx.limits);
        cx.ask(|serial| {
            Decision::SelectCredential(decision::SelectCredential {
                serial,
                client_hello,
                limits,
                suite: self.suite,
                group: self.group.as_ref().map(|group| group.id()),
                psk_is_usable: self.psk_use.is_possible(),
                early_data,
                client_authentication: self.config.client_authentication,
                certificate_type: self.certificate_use.map(|certificate| certificate.types.server),
            })
        });
        self
    }
}
