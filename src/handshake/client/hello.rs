//! ClientHello and what answers it: Start, WaitServerHello, WaitSecondServerHello (RFC 9846 §4.2).

use std::sync::Arc;

use super::offer::Offer;
use super::server_flight::{Flight, WaitEncryptedExtensions};
use super::{Next, Step};
use crate::crypto::{Draw, Secret, Suite};
use crate::diagnosis;
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::config::{ClientConfig, Destination, Profile};
use crate::handshake::context::Context;
use crate::handshake::event::{Begin, Fact, Framed, NegotiatedPsk, on};
use crate::handshake::grease::Grease;
use crate::handshake::psk::PreSharedKey;
use crate::key_schedule::{EarlySecret, HandshakeSecret};
use crate::message::{HelloRetryRequest, KeyShareEntry, ServerHello};
use crate::registry::{CipherSuite, NamedGroup, ProtocolVersion, PskKeyExchangeMode};
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

impl Start {
    pub(super) fn begin(self, cx: &mut Context, _: Begin) -> Step<Self, on::Begin> {
        let Self { config, destination } = self;
        let random = Arc::clone(&config.provider.random);
        let grease = Grease::draw(config.grease, random.as_ref())?;
        let mut offer = Offer::new(config, destination, grease);
        random.fill(Draw::ClientRandom, &mut offer.random)?;
        if offer.config.compatibility_mode && offer.config.profile == Profile::Records {
            random.fill(Draw::SessionId, offer.session_id.insert([0; 32]))?;
            cx.compatibility_mode = true;
        }
        let config = Arc::clone(&offer.config);
        let ours = config.groups.list().iter().filter(|id| config.provider.group(*id).is_some());
        for group in config.key_shares.among(ours) {
            offer.start_key_exchange(group, random.as_ref())?;
        }
        offer.send(cx, None, None)?;
        offer.begin_early_data(cx);
        Ok(Next::to(WaitServerHello { offer }))
    }
}

impl Offer {
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
        if session_id_echo != self.session_id() {
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
        self.reserved_share = None;
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
        let (key, identity) = (offered.key.clone(), offered.identity.clone());
        Ok(Some(SelectedPsk { key, identity, is_first }))
    }

    /// The secret agreed with the server; none in a handshake by PSK alone.
    fn agree(
        &mut self,
        share: Option<KeyShareEntry<'_>>,
    ) -> Result<Option<(NamedGroup, Secret)>, Cause> {
        let Some(share) = share else { return Ok(None) };
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
        let agreed = self.agree(hello.message.extensions.key_share)?;
        let (group, shared) = agreed.unzip();
        transcript.add(hello.encoded);
        let through_server_hello = transcript.digest();
        let early = psk.as_ref().map(|psk| EarlySecret::new(suite, &psk.key.secret));
        let secret =
            HandshakeSecret::new(suite, early, shared).ok_or(Cause::ServerKeyShareMissing)?;
        let client = secret.traffic(Role::Client, &through_server_hello);
        let server = secret.traffic(Role::Server, &through_server_hello);
        cx.install(Direction::Receive, Epoch::Handshake, &server);
        match self.config.profile {
            // Alerts go out under this key from now on (RFC 9846 §A.1); early data does not.
            Profile::Records => cx.install_behind_early_data(Epoch::Handshake, &client),
            // Packets of all keys are sent side by side, and those that arrive acknowledged.
            Profile::Quic(_) => cx.install(Direction::Send, Epoch::Handshake, &client),
        }
        cx.psk = match &psk {
            Some(psk) => diagnosis::Psk::Accepted(psk.key.diagnosis_kind()),
            None => cx.psk,
        };
        Ok(WaitEncryptedExtensions {
            flight: Flight {
                server,
                client,
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
    pub(super) identity: Vec<u8>,
    /// Only the first may carry early data (RFC 9846 §4.3.10).
    pub(super) is_first: bool,
}

impl SelectedPsk {
    pub(super) fn negotiated(&self) -> NegotiatedPsk {
        NegotiatedPsk { kind: self.key.kind, identity: self.identity.clone() }
    }
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
        let first = suite.hash.digest(&[&offer.client_hello]);
        let mut transcript = Transcript::after_retry(suite.hash, &first, encoded);
        // RFC 9846 §4.2.2: early data ends here, and PSKs with another hash go.
        if core::mem::take(&mut offer.early_data) {
            cx.reject_early_data();
        }
        offer.psks.retain(|psk| psk.key.fits(suite));
        cx.after_retry = true;
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
