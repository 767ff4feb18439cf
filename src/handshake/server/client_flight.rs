//! The client's flight: WaitCertificate to WaitFinished (RFC 9846 §4.5).

use std::sync::Arc;

use super::connected::Connected;
use super::post_handshake_authentication::Requests;
use super::{After, Next, Step};
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::authentication::{PeerCertificate, check_finished};
use crate::handshake::certificate_compression;
use crate::handshake::config::{ClientAuthentication, ServerConfig};
use crate::handshake::context::Context;
use crate::handshake::decision::CertificateAccepted;
use crate::handshake::event::{Fact, Framed, on};
use crate::handshake::key_update::TrafficSecrets;
use crate::key_schedule::{MainSecret, TrafficSecret};
use crate::message::{
    Certificate, CertificateVerify, CompressedCertificate, EndOfEarlyData, Finished,
};
use crate::transcript::Transcript;

/// What is alive from our Finished to the client's.
#[derive(Debug)]
pub(super) struct ClientFlight {
    pub(super) config: Arc<ServerConfig>,
    pub(super) transcript: Transcript,
    pub(super) client: TrafficSecret,
    pub(super) main: MainSecret,
    pub(super) send: TrafficSecret,
    pub(super) receive: TrafficSecret,
}

/// Our flight is out, and early data comes in.
#[derive(Debug)]
pub(in crate::handshake) struct WaitEndOfEarlyData {
    pub(super) flight: ClientFlight,
    /// `client_handshake_traffic_secret`.
    pub(super) client: TrafficSecret,
}

/// Our flight is out, with a CertificateRequest in it.
#[derive(Debug)]
pub(in crate::handshake) struct WaitCertificate {
    pub(super) flight: ClientFlight,
}

/// The client's certificate is in, its key not yet proven.
#[derive(Debug)]
pub(in crate::handshake) struct WaitCertificateVerify {
    flight: ClientFlight,
    certificate: PeerCertificate,
}

/// The client holds the key of its certificate; the embedder judges the certificate.
#[derive(Debug)]
pub(in crate::handshake) struct VerifyCertificate {
    flight: ClientFlight,
}

/// Only the client's Finished is missing.
#[derive(Debug)]
pub(in crate::handshake) struct WaitFinished {
    pub(super) flight: ClientFlight,
}

impl WaitEndOfEarlyData {
    pub(super) fn end_of_early_data(
        self,
        cx: &mut Context,
        end: Framed<'_, EndOfEarlyData>,
    ) -> Step<Self, on::EndOfEarlyData> {
        let Self { mut flight, client } = self;
        flight.transcript.add(end.encoded);
        cx.install(Direction::Receive, Epoch::Handshake, &client);
        Ok(Next::to(WaitFinished { flight }))
    }
}

impl WaitCertificate {
    pub(super) fn certificate(
        self,
        cx: &mut Context,
        certificate: Framed<'_, Certificate<'_>>,
    ) -> Step<Self, on::Certificate> {
        self.flight.presented(cx, &certificate.message, certificate.encoded)
    }

    pub(super) fn decompress(
        self,
        cx: &mut Context,
        compressed: Framed<'_, CompressedCertificate<'_>>,
    ) -> Step<Self, on::CompressedCertificate> {
        let ours = &self.flight.config.certificate_compressions;
        let body = certificate_compression::decompress(ours, &compressed.message, &cx.limits)?;
        let certificate = Certificate::parse(&body, &cx.parse_context())?;
        self.flight.presented(cx, &certificate, compressed.encoded)
    }
}

impl ClientFlight {
    /// The client has shown a certificate, or that it has none.
    fn presented<On>(
        mut self,
        cx: &Context,
        certificate: &Certificate<'_>,
        encoded: &[u8],
    ) -> Step<WaitCertificate, On>
    where
        WaitCertificateVerify: After<WaitCertificate, On>,
        WaitFinished: After<WaitCertificate, On>,
    {
        let peer = PeerCertificate::from_message(cx, &[], certificate)?;
        self.transcript.add(encoded);
        match peer {
            Some(certificate) => {
                certificate.check_filters(self.config.oid_filters.list())?;
                Ok(Next::to(WaitCertificateVerify { flight: self, certificate }))
            }
            None if self.config.client_authentication == ClientAuthentication::Require => {
                Err(Cause::ClientCertificateMissing)
            }
            None => Ok(Next::to(WaitFinished { flight: self })),
        }
    }
}

impl WaitCertificateVerify {
    pub(super) fn certificate_verify(
        self,
        cx: &mut Context,
        proof: Framed<'_, CertificateVerify<'_>>,
    ) -> Step<Self, on::CertificateVerify> {
        let Self { mut flight, certificate } = self;
        let offered = flight.config.signature_schemes.list();
        let (provider, transcript) = (&flight.config.provider, &mut flight.transcript);
        certificate.prove_possession(Role::Client, provider, offered, transcript, &proof)?;
        certificate.ask_for_verdict(cx, proof.message.algorithm, None, None);
        Ok(Next::to(VerifyCertificate { flight }))
    }
}

impl VerifyCertificate {
    pub(super) fn certificate_accepted(
        self,
        cx: &mut Context,
        _: CertificateAccepted,
    ) -> Step<Self, on::CertificateAccepted> {
        cx.certificate_was_accepted = true;
        Ok(Next::to(WaitFinished { flight: self.flight }))
    }
}

impl WaitFinished {
    pub(super) fn finished(
        self,
        cx: &mut Context,
        finished: Framed<'_, Finished<'_>>,
    ) -> Step<Self, on::Finished> {
        let ClientFlight { config, mut transcript, client, main, send, receive, .. } = self.flight;
        check_finished(&mut transcript, &client, &finished)?;
        cx.early_data = None;
        cx.early_exporter = None;
        cx.install(Direction::Receive, Epoch::Application, &receive);
        cx.learn(Fact::Complete);
        Ok(Next::to(Connected {
            random: Arc::clone(&config.provider.random),
            grease: config.grease,
            resumption: main.into_resumption(&transcript.digest()),
            secrets: TrafficSecrets { send, receive },
            tickets_issued: 0,
            requests: cx.post_handshake_auth.then(|| Requests::behind(config, transcript)),
        }))
    }
}
