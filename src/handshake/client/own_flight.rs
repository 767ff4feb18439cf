//! The client's own flight: SelectCredential, SignCertificateVerify (RFC 9846 §4.5).

use std::sync::Arc;

use super::connected::Connected;
use super::post_handshake_authentication::Requests;
use super::{Next, Step};
use crate::epoch::{Direction, Epoch};
use crate::failure::Cause;
use crate::handshake::authentication::{
    CertificateForm, send_certificate, send_certificate_verify, send_finished, to_sign,
};
use crate::handshake::client_authentication::{ClientAuthenticationState, Reply};
use crate::handshake::config::{ClientConfig, Profile};
use crate::handshake::context::Context;
use crate::handshake::decision::{
    CertificateChain, ClientCredentialSelected, OwnCertificate, Signed,
};
use crate::handshake::event::{Answered, Fact, on};
use crate::handshake::key_update::TrafficSecrets;
use crate::key_schedule::{MainSecret, TrafficSecret};
use crate::registry::{HandshakeType, SignatureScheme};
use crate::transcript::Transcript;

/// What is alive from the server's Finished to our own.
#[derive(Debug)]
pub(super) struct OwnFlight {
    pub(super) transcript: Transcript,
    pub(super) client: TrafficSecret,
    pub(super) main: MainSecret,
    pub(super) send: TrafficSecret,
    pub(super) receive: TrafficSecret,
    pub(super) config: Arc<ClientConfig>,
    pub(super) protocol: Option<Vec<u8>>,
}

/// The server has finished; the embedder chooses how to meet its CertificateRequest.
#[derive(Debug)]
pub(in crate::handshake) struct SelectCredential {
    pub(super) own: OwnFlight,
    pub(super) form: CertificateForm,
}

/// Our certificate is written; the embedder signs.
#[derive(Debug)]
pub(in crate::handshake) struct SignCertificateVerify {
    own: OwnFlight,
    scheme: SignatureScheme,
}

impl SelectCredential {
    pub(super) fn credential_selected(
        self,
        cx: &mut Context,
        selected: Answered<ClientCredentialSelected>,
    ) -> Step<Self, on::ClientCredentialSelected> {
        let Self { mut own, form } = self;
        let ClientCredentialSelected(Some((certificate, scheme))) = selected.answer else {
            let nothing = OwnCertificate::from(CertificateChain::default());
            send_certificate(cx, &mut own.transcript, &[], &nothing, &form)?;
            let connected = own.finish(cx)?;
            cx.client_authentication_is(ClientAuthenticationState::Pending(Reply::Declined));
            return Ok(Next::to(connected));
        };
        send_certificate(cx, &mut own.transcript, &[], &certificate, &form)?;
        cx.ask(to_sign(cx.role, certificate, scheme, &own.transcript));
        Ok(Next::to(SignCertificateVerify { own, scheme }))
    }
}

impl SignCertificateVerify {
    pub(super) fn signed(
        self,
        cx: &mut Context,
        Answered { answer: Signed(signature), .. }: Answered<Signed>,
    ) -> Step<Self, on::Signed> {
        let Self { mut own, scheme } = self;
        send_certificate_verify(cx, &mut own.transcript, scheme, &signature)?;
        let connected = own.finish(cx)?;
        cx.client_authentication_is(ClientAuthenticationState::Pending(Reply::Sent));
        Ok(Next::to(connected))
    }
}

impl OwnFlight {
    /// The server takes early data until we say that it is over; QUIC says so by itself
    /// (RFC 9846 §4.6, RFC 9001 §8.3).
    pub(super) fn end_early_data(&mut self, cx: &mut Context) -> Result<(), Cause> {
        if self.config.profile == Profile::Records {
            self.transcript.add(cx.send(HandshakeType::END_OF_EARLY_DATA, |_| ())?);
        }
        cx.early_data = None;
        cx.early_exporter = None;
        cx.end_early_data();
        Ok(())
    }

    /// Sends Finished; the handshake is complete at this end.
    pub(super) fn finish(self, cx: &mut Context) -> Result<Connected, Cause> {
        let Self { config, mut transcript, client, main, send, receive, protocol } = self;
        send_finished(cx, &mut transcript, &client)?;
        let resumption = main.into_resumption(&transcript.digest());
        cx.install(Direction::Send, Epoch::Application, &send);
        cx.learn(Fact::Complete);
        Ok(Connected {
            secrets: TrafficSecrets { send, receive },
            resumption,
            takes_tickets: !config.psk_key_exchange_modes.is_empty(),
            protocol,
            requests: cx.post_handshake_auth.then(|| Requests::behind(config, transcript)),
        })
    }
}
