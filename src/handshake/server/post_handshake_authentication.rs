//! Authentication after the handshake, at the server (RFC 9846 §4.7.2).

use std::sync::Arc;

use super::connected::Connected;
use super::parameters::certificate_request;
use super::{After, Next, Step};
use crate::crypto::Draw;
use crate::epoch::Role;
use crate::failure::Cause;
use crate::handshake::authentication::{PeerCertificate, check_finished};
use crate::handshake::certificate_compression;
use crate::handshake::config::ServerConfig;
use crate::handshake::context::Context;
use crate::handshake::decision::CertificateAccepted;
use crate::handshake::event::{CertificateRequestId, EndEntity, Fact, Framed, on};
use crate::handshake::post_handshake_authentication::RequestCertificate;
use crate::message::{Certificate, CertificateVerify, CompressedCertificate, Finished, KeyUpdate};
use crate::transcript::Transcript;

/// Our requests; we may ask.
#[derive(Debug)]
pub(in crate::handshake) struct Requests {
    config: Arc<ServerConfig>,
    /// Through the client's Finished: every authentication begins there (RFC 9846 §4.5).
    transcript: Transcript,
    open: Vec<Request>,
}

/// A request that the client has not answered.
#[derive(Debug)]
struct Request {
    id: CertificateRequestId,
    context: Vec<u8>,
    required: bool,
    transcript: Transcript,
}

/// An answer of which Certificate is in.
#[derive(Debug)]
struct Response {
    config: Arc<ServerConfig>,
    request: CertificateRequestId,
    transcript: Transcript,
    certificate: Option<EndEntity>,
}

/// The client has begun to answer a request; its key is not yet proven.
#[derive(Debug)]
pub(in crate::handshake) struct WaitPostHandshakeCertificateVerify {
    connected: Connected,
    response: Response,
    certificate: PeerCertificate,
}

/// The client holds the key of its certificate; the embedder judges the certificate.
#[derive(Debug)]
pub(in crate::handshake) struct VerifyPostHandshakeCertificate {
    connected: Connected,
    response: Response,
}

/// Only the Finished of the client's answer is missing.
#[derive(Debug)]
pub(in crate::handshake) struct WaitPostHandshakeFinished {
    connected: Connected,
    response: Response,
}

impl Requests {
    pub(super) const fn behind(config: Arc<ServerConfig>, transcript: Transcript) -> Self {
        Self { config, transcript, open: Vec::new() }
    }

    fn add(&mut self, cx: &mut Context, order: &RequestCertificate) -> Result<(), Cause> {
        let RequestCertificate { id, required } = *order;
        let mut unpredictable = [0; 16];
        self.config.provider.random.fill(Draw::RequestContext, &mut unpredictable)?;
        // The number keeps each context of a connection apart, whatever the randomness.
        let context = [&id.0.to_be_bytes()[..], &unpredictable].concat();
        let mut transcript = self.transcript.fork();
        certificate_request(&self.config, cx, &context, &mut transcript)?;
        self.open.push(Request { id, context, required, transcript });
        Ok(())
    }

    /// The request with this context, which is then no longer open.
    fn take(&mut self, context: &[u8]) -> Option<Request> {
        self.open.extract_if(.., |request| request.context == context).next()
    }
}

impl Connected {
    /// How many requests are open; `None` if there may be none.
    pub(in crate::handshake) fn certificate_requests(&self) -> Option<usize> {
        self.requests.as_ref().map(|requests| requests.open.len())
    }

    pub(super) fn request_certificate(
        mut self,
        cx: &mut Context,
        order: RequestCertificate,
    ) -> Step<Self, on::RequestCertificate> {
        if let Some(requests) = &mut self.requests {
            requests.add(cx, &order)?;
        }
        Ok(Next::to(self))
    }

    pub(super) fn certificate(
        self,
        cx: &mut Context,
        certificate: Framed<'_, Certificate<'_>>,
    ) -> Step<Self, on::Certificate> {
        self.presented(cx, &certificate.message, certificate.encoded)
    }

    pub(super) fn decompress(
        self,
        cx: &mut Context,
        compressed: Framed<'_, CompressedCertificate<'_>>,
    ) -> Step<Self, on::CompressedCertificate> {
        let requests = self.requests.as_ref().ok_or(Cause::RequestContextUnknown)?;
        let ours = &requests.config.certificate_compressions;
        let body = certificate_compression::decompress(ours, &compressed.message, &cx.limits)?;
        let certificate = Certificate::parse(&body, &cx.parse_context())?;
        self.presented(cx, &certificate, compressed.encoded)
    }

    /// The client has begun to answer a request, with a certificate or with none.
    fn presented<On>(
        mut self,
        cx: &Context,
        certificate: &Certificate<'_>,
        encoded: &[u8],
    ) -> Step<Self, On>
    where
        WaitPostHandshakeCertificateVerify: After<Self, On>,
        WaitPostHandshakeFinished: After<Self, On>,
    {
        let requests = self.requests.as_mut().ok_or(Cause::RequestContextUnknown)?;
        let request = requests.take(certificate.certificate_request_context);
        let Request { id, context, required, mut transcript } =
            request.ok_or(Cause::RequestContextUnknown)?;
        let peer = PeerCertificate::from_message(cx, &context, certificate)?;
        transcript.add(encoded);
        let response = Response {
            config: Arc::clone(&requests.config),
            request: id,
            transcript,
            certificate: peer.as_ref().map(PeerCertificate::end_entity),
        };
        let connected = self;
        match peer {
            Some(certificate) => {
                certificate.check_filters(response.config.oid_filters.list())?;
                let state = WaitPostHandshakeCertificateVerify { connected, response, certificate };
                Ok(Next::to(state))
            }
            None if required => Err(Cause::ClientCertificateMissing),
            None => Ok(Next::to(WaitPostHandshakeFinished { connected, response })),
        }
    }
}

impl WaitPostHandshakeCertificateVerify {
    pub(super) fn certificate_verify(
        self,
        cx: &mut Context,
        proof: Framed<'_, CertificateVerify<'_>>,
    ) -> Step<Self, on::CertificateVerify> {
        let Self { connected, mut response, certificate } = self;
        let offered = response.config.signature_schemes.list();
        let (provider, transcript) = (&response.config.provider, &mut response.transcript);
        certificate.prove_possession(Role::Client, provider, offered, transcript, &proof)?;
        certificate.ask_for_verdict(cx, proof.message.algorithm, Some(response.request), None);
        Ok(Next::to(VerifyPostHandshakeCertificate { connected, response }))
    }

    pub(super) fn update_keys(
        self,
        cx: &mut Context,
        update: KeyUpdate,
    ) -> Step<Self, on::UpdateKeys> {
        let connected = self.connected.with_updated_keys(cx, &update)?;
        Ok(Next::to(Self { connected, ..self }))
    }
}

impl VerifyPostHandshakeCertificate {
    pub(super) fn certificate_accepted(
        self,
        cx: &mut Context,
        _: CertificateAccepted,
    ) -> Step<Self, on::CertificateAccepted> {
        let Self { connected, response } = self;
        cx.certificate_was_accepted = true;
        Ok(Next::to(WaitPostHandshakeFinished { connected, response }))
    }

    /// An update that is owed, or that the key needs, does not wait for the verdict.
    pub(super) fn update_keys(
        self,
        cx: &mut Context,
        update: KeyUpdate,
    ) -> Step<Self, on::UpdateKeys> {
        let connected = self.connected.with_updated_keys(cx, &update)?;
        Ok(Next::to(Self { connected, ..self }))
    }
}

impl WaitPostHandshakeFinished {
    /// The key of this Finished is made from the traffic secret in use (RFC 9846 §4.5).
    pub(super) fn finished(
        self,
        cx: &mut Context,
        finished: Framed<'_, Finished<'_>>,
    ) -> Step<Self, on::Finished> {
        let Self { connected, mut response } = self;
        check_finished(&mut response.transcript, &connected.secrets.receive, &finished)?;
        let Response { request, certificate, .. } = response;
        cx.learn(Fact::PostHandshakeAuthentication { request, certificate });
        Ok(Next::to(connected))
    }

    pub(super) fn update_keys(
        self,
        cx: &mut Context,
        update: KeyUpdate,
    ) -> Step<Self, on::UpdateKeys> {
        let connected = self.connected.with_updated_keys(cx, &update)?;
        Ok(Next::to(Self { connected, ..self }))
    }
}
