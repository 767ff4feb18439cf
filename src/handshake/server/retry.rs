//! HelloRetryRequest, and the second ClientHello: SealCookie, WaitSecondClientHello, OpenCookie
//! (RFC 9846 §4.2.4, §4.3.2).

use std::sync::Arc;

use super::hello::{Considered, consider};
use super::own_flight::SelectCredential;
use super::{Next, Step};
use crate::codec::{Reader, Writer};
use crate::crypto::secret::copy;
use crate::crypto::{Digest, Draw, Suite};
use crate::failure::Cause;
use crate::handshake::config::ServerConfig;
use crate::handshake::context::Context;
use crate::handshake::decision::{self, CookieOpened, CookieSealed, Decision};
use crate::handshake::event::{Fact, Framed, on};
use crate::handshake::negotiation::{self, GroupChoice};
use crate::message::{
    self, ClientHello, HEADER_BYTES, HelloRetryRequest, HelloRetryRequestExtensions,
};
use crate::registry::{CipherSuite, HandshakeType, NamedGroup, ProtocolVersion};
use crate::transcript::Transcript;

/// What the retry is to hold goes into a cookie; the embedder seals it.
#[derive(Debug)]
pub(in crate::handshake) struct SealCookie {
    config: Arc<ServerConfig>,
    remembered: Remembered,
    session_id: Vec<u8>,
}

/// A HelloRetryRequest is out.
#[derive(Debug)]
pub(in crate::handshake) struct WaitSecondClientHello {
    config: Arc<ServerConfig>,
    remembered: Remembered,
    cookie: Vec<u8>,
}

/// A second ClientHello has come to a server that has not seen the first; the embedder opens the
/// cookie.
#[derive(Debug)]
pub(in crate::handshake) struct OpenCookie {
    config: Arc<ServerConfig>,
    /// Header included.
    client_hello: Vec<u8>,
}

/// All that a second ClientHello is held against: of the first, and of the retry between them.
#[derive(Debug)]
pub(super) struct Remembered {
    suite: &'static Suite,
    /// The group that a share was asked for; `None` if only a cookie was.
    group: Option<NamedGroup>,
    /// The hash of the first ClientHello.
    first: Digest,
    /// The hash of what the second has to repeat.
    unchangeable: Digest,
}

impl Remembered {
    pub(super) fn of(
        hello: &Framed<'_, ClientHello<'_>>,
        suite: &'static Suite,
        group: Option<NamedGroup>,
    ) -> Self {
        let first = suite.hash.digest(&[hello.encoded]);
        let unchangeable = unchangeable(&hello.message, suite, group);
        Self { suite, group, first, unchangeable }
    }

    /// Sends HelloRetryRequest, with a cookie that says nothing, or with none.
    pub(super) fn retry_with_any_cookie(
        self,
        config: Arc<ServerConfig>,
        cx: &mut Context,
        session_id: &[u8],
    ) -> Result<WaitSecondClientHello, Cause> {
        let mut cookie = vec![0; usize::from(config.cookie_bytes)];
        if !cookie.is_empty() {
            config.provider.random.fill(Draw::Cookie, &mut cookie)?;
        }
        self.retry(config, cx, session_id, cookie)
    }

    fn retry(
        self,
        config: Arc<ServerConfig>,
        cx: &mut Context,
        session_id: &[u8],
        cookie: Vec<u8>,
    ) -> Result<WaitSecondClientHello, Cause> {
        let request = self.request(session_id, &cookie);
        cx.send(HandshakeType::SERVER_HELLO, |w| request.encode(w))?;
        cx.flush();
        cx.learn(Fact::Retried);
        Ok(WaitSecondClientHello { config, remembered: self, cookie })
    }

    /// HelloRetryRequest. It depends on nothing else, so it can be made again for the transcript.
    fn request<'a>(&self, session_id: &'a [u8], cookie: &'a [u8]) -> HelloRetryRequest<'a> {
        HelloRetryRequest {
            legacy_version: ProtocolVersion::TLS12,
            legacy_session_id_echo: session_id,
            cipher_suite: self.suite.id,
            legacy_compression_method: 0,
            extensions: HelloRetryRequestExtensions {
                selected_version: ProtocolVersion::TLS13,
                cookie: Some(cookie).filter(|cookie| !cookie.is_empty()),
                selected_group: self.group,
            },
        }
    }

    /// Judges the second ClientHello, and goes on with it (RFC 9846 §4.2.2).
    fn go_on(
        self,
        config: Arc<ServerConfig>,
        cx: &mut Context,
        hello: &Framed<'_, ClientHello<'_>>,
    ) -> Result<SelectCredential, Cause> {
        let Self { suite, group: asked, .. } = self;
        let extensions = &hello.message.extensions;
        if extensions.early_data {
            return Err(Cause::SecondHelloEarlyData);
        }
        let unchangeable = unchangeable(&hello.message, suite, asked);
        if unchangeable.as_bytes() != self.unchangeable.as_bytes() {
            return Err(Cause::SecondHelloChanged);
        }
        let Considered { choice, psk_use, certificate_use, .. } =
            consider(&config, &hello.message)?;
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
        let (session_id, cookie) = (hello.message.legacy_session_id, extensions.cookie);
        let request = self.request(session_id, cookie.unwrap_or_default());
        let mut retry = Vec::new();
        message::encode(HandshakeType::SERVER_HELLO, &mut retry, |w| request.encode(w))?;
        let transcript = Transcript::after_retry(suite.hash, &self.first, &retry);
        let state = SelectCredential {
            client_hello: Arc::from(hello.encoded),
            config,
            suite,
            group,
            psk_use,
            certificate_use,
            transcript,
        };
        Ok(state.ask(cx, false))
    }

    fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        writer.u8(FORMAT);
        writer.u16(self.suite.id.0);
        writer.vector8(|writer| self.group.into_iter().for_each(|group| writer.u16(group.0)));
        writer.raw(self.first.as_bytes());
        writer.raw(self.unchangeable.as_bytes());
        bytes
    }

    /// `None` for what is in a suite that `config` does not accept, or in another form.
    fn from_bytes(bytes: &[u8], config: &ServerConfig) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let format = reader.u8().ok().filter(|format| *format == FORMAT);
        let suite = format.and_then(|_| reader.u16().ok()).map(CipherSuite);
        let suite = suite.filter(|suite| config.cipher_suites.list().contains(*suite))?;
        let suite = config.provider.suite(suite)?;
        let group = reader.vector8().ok()?;
        let group = if group.is_empty() { None } else { Some(group.only().ok()?) };
        let mut digest = || {
            let bytes = reader.take(suite.hash.output_bytes()).ok()?;
            Some(Digest::filled(bytes.len(), |out| copy(bytes, out)))
        };
        let (first, unchangeable) = (digest()?, digest()?);
        reader.end().ok()?;
        Some(Self { suite, group, first, unchangeable })
    }
}

/// The hash of what a second ClientHello has to repeat of the first (RFC 9846 §4.2.2): the shares
/// too, if no other was asked for, and the PSKs that the suite does not rule out.
fn unchangeable(
    hello: &ClientHello<'_>,
    suite: &'static Suite,
    asked: Option<NamedGroup>,
) -> Digest {
    let extensions = &hello.extensions;
    let shares = extensions.key_share.filter(|_| asked.is_none()).unwrap_or_default();
    let mut bytes = Vec::new();
    let mut writer = Writer::new(&mut bytes);
    writer.vector16(|writer| writer.raw(shares.as_bytes()));
    writer.vector16(|writer| {
        negotiation::psks_for(suite, extensions)
            .for_each(|identity| writer.vector16(|writer| writer.raw(identity)));
    });
    suite.hash.digest(&[&bytes, &hello.unchangeable()])
}

/// The first byte of what a cookie holds; another form, and a HelloRetryRequest that is written
/// otherwise, has another.
const FORMAT: u8 = 1;

impl SealCookie {
    pub(super) fn ask(
        config: Arc<ServerConfig>,
        cx: &mut Context,
        remembered: Remembered,
        session_id: &[u8],
    ) -> Self {
        let contents = remembered.to_bytes();
        cx.ask(|serial| Decision::SealCookie(decision::SealCookie { serial, contents }));
        Self { config, remembered, session_id: session_id.to_vec() }
    }

    pub(super) fn cookie_sealed(
        self,
        cx: &mut Context,
        CookieSealed(cookie): CookieSealed,
    ) -> Step<Self, on::CookieSealed> {
        let Self { config, remembered, session_id } = self;
        remembered.retry(config, cx, &session_id, cookie).map(Next::to)
    }
}

impl WaitSecondClientHello {
    pub(super) fn second_client_hello(
        self,
        cx: &mut Context,
        hello: Framed<'_, ClientHello<'_>>,
    ) -> Step<Self, on::ClientHello> {
        let extensions = &hello.message.extensions;
        // A cookie where none was sent is no less wrong than another one.
        if extensions.cookie.unwrap_or_default() != self.cookie {
            return Err(Cause::CookieMismatch);
        }
        self.remembered.go_on(self.config, cx, &hello).map(Next::to)
    }
}

impl OpenCookie {
    pub(super) fn ask(
        config: Arc<ServerConfig>,
        cx: &mut Context,
        cookie: &[u8],
        client_hello: &[u8],
    ) -> Self {
        let (cookie, client_hello) = (cookie.to_vec(), client_hello.to_vec());
        cx.ask(|serial| Decision::OpenCookie(decision::OpenCookie { serial, cookie }));
        Self { config, client_hello }
    }

    pub(super) fn cookie_opened(
        self,
        cx: &mut Context,
        CookieOpened(contents): CookieOpened,
    ) -> Step<Self, on::CookieOpened> {
        let Self { config, client_hello } = self;
        let remembered = Remembered::from_bytes(&contents, &config).ok_or(Cause::CookieRefused)?;
        let body = client_hello.get(HEADER_BYTES..).unwrap_or_default();
        let message = ClientHello::parsed(body)?;
        cx.learn(Fact::Retried);
        let hello = Framed { message, encoded: &client_hello };
        remembered.go_on(config, cx, &hello).map(Next::to)
    }
}
