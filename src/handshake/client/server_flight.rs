//! The server's encrypted flight: WaitEncryptedExtensions to WaitFinished (RFC 9846 §4.4, §4.5).

use std::sync::Arc;

use pki_types::ServerName;

use super::hello::SelectedPsk;
use super::own_flight::{OwnFlight, SelectCredential};
use super::{Next, Step};
use crate::crypto::Suite;
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::authentication::{
    CertificateForm, PeerCertificate, check_finished, check_request,
};
use crate::handshake::config::{ClientConfig, Profile};
use crate::handshake::context::Context;
use crate::handshake::decision::{CertificateAccepted, Decision, SelectClientCredential};
use crate::handshake::event::{CertificateTypes, Fact, Framed, Negotiated, RecordSizeLimits, on};
use crate::handshake::{certificate_compression, negotiation};
use crate::key_schedule::{HandshakeSecret, TrafficSecret};
use crate::message::{Certificate, CertificateVerify, CompressedCertificate, Finished};
use crate::message::{CertificateRequest, EncryptedExtensions};
use crate::registry::{ExtensionType, NamedGroup};
use crate::transcript::Transcript;

/// What is alive from ServerHello to the server's Finished.
#[derive(Debug)]
pub(super) struct Flight {
    pub(super) config: Arc<ClientConfig>,
    pub(super) server_name: Option<ServerName<'static>>,
    pub(super) suite: &'static Suite,
    /// None in a handshake by PSK alone.
    pub(super) group: Option<NamedGroup>,
    /// The application protocol, once EncryptedExtensions are in.
    pub(super) protocol: Option<Vec<u8>>,
    pub(super) transcript: Transcript,
    pub(super) secret: HandshakeSecret,
    pub(super) server: TrafficSecret,
    pub(super) client: TrafficSecret,
}

/// The body of the server's CertificateRequest, and the form of Certificate that it asks for.
#[derive(Debug)]
pub(super) struct Request(Vec<u8>, CertificateForm);

/// ServerHello is in; the handshake keys are installed.
#[derive(Debug)]
pub(in crate::handshake) struct WaitEncryptedExtensions {
    pub(super) flight: Flight,
    pub(super) psk: Option<SelectedPsk>,
    /// Early data is being sent, and EncryptedExtensions will say whether it is taken.
    pub(super) early_data: bool,
}

/// EncryptedExtensions are in.
#[derive(Debug)]
pub(in crate::handshake) struct WaitCertificateOrRequest {
    flight: Flight,
}

/// The server has asked for a certificate.
#[derive(Debug)]
pub(in crate::handshake) struct WaitCertificate {
    flight: Flight,
    request: Request,
}

/// The server's certificate is in, its key not yet proven.
#[derive(Debug)]
pub(in crate::handshake) struct WaitCertificateVerify {
    flight: Flight,
    request: Option<Request>,
    certificate: PeerCertificate,
}

/// The server holds the key of its certificate; the embedder judges the certificate.
#[derive(Debug)]
pub(in crate::handshake) struct VerifyCertificate {
    flight: Flight,
    request: Option<Request>,
}

/// The server's certificate is accepted.
#[derive(Debug)]
pub(in crate::handshake) struct WaitFinished {
    flight: Flight,
    request: Option<Request>,
}

impl WaitEncryptedExtensions {
    pub(super) fn encrypted_extensions(
        self,
        cx: &mut Context,
        extensions: Framed<'_, EncryptedExtensions<'_>>,
    ) -> Step<Self, on::EncryptedExtensions> {
        let Self { mut flight, psk, early_data } = self;
        let Framed { message, encoded } = extensions;
        let protocol = message.application_layer_protocol;
        let offered = flight.config.application_layer_protocols.list();
        if protocol.is_some_and(|name| !offered.iter().any(|offered| offered.0 == name)) {
            return Err(Cause::ProtocolNotOffered);
        }
        if let Profile::Quic(_) = flight.config.profile {
            protocol.ok_or(Cause::NoCommonApplicationProtocol)?;
            let parameters = message.quic_transport_parameters;
            let parameters = parameters.ok_or(Cause::TransportParametersMissing)?;
            cx.learn(Fact::TransportParameters(parameters.to_vec()));
        }
        if message.early_data {
            // A layout can offer early data that was never sent.
            let first = psk.as_ref().filter(|psk| early_data && psk.is_first);
            first
                .filter(|psk| psk.key.permits_early_data(flight.suite, protocol))
                .ok_or(Cause::EarlyDataNotAcceptable)?;
            cx.learn(Fact::EarlyDataAccepted);
        } else if early_data {
            cx.reject_early_data();
        }
        let certificate_types = negotiation::selected_certificate_types(&flight.config, &message)?;
        let certificate_types = psk.is_none().then_some(certificate_types);
        if let Some(types) = certificate_types {
            flight.expect_certificates(cx, types)?;
        }
        let offered = cx.offered.contains(ExtensionType::POST_HANDSHAKE_AUTH);
        cx.settle_post_handshake_auth(offered, psk.as_ref().map(|psk| psk.key.kind));
        flight.transcript.add(encoded);
        cx.learn(Fact::Negotiated(Negotiated {
            cipher_suite: flight.suite.id,
            group: flight.group,
            application_layer_protocol: protocol.map(<[u8]>::to_vec),
            certificate_types,
            record_size_limits: RecordSizeLimits::agreed(
                flight.config.record_size_limit,
                message.record_size_limit,
            ),
            psk: psk.as_ref().map(SelectedPsk::negotiated),
        }));
        flight.protocol = protocol.map(<[u8]>::to_vec);
        // RFC 9846 §4.4.2: a server that uses a PSK sends no certificate and asks for none.
        Ok(match psk {
            Some(_) => Next::to(WaitFinished { flight, request: None }),
            None => Next::to(WaitCertificateOrRequest { flight }),
        })
    }
}

impl WaitCertificateOrRequest {
    pub(super) fn certificate_request(
        self,
        _: &mut Context,
        request: Framed<'_, CertificateRequest<'_>>,
    ) -> Step<Self, on::CertificateRequest> {
        let Self { mut flight } = self;
        let Framed { message, encoded } = &request;
        // RFC 9846 §4.4.2: the context is for post-handshake authentication.
        if !message.certificate_request_context.is_empty() {
            return Err(Cause::RequestContextUnexpected);
        }
        check_request(message)?;
        flight.transcript.add(encoded);
        let form = CertificateForm::for_server(message, &flight.config.certificate_compressions);
        let request = Request(request.body().to_vec(), form);
        Ok(Next::to(WaitCertificate { flight, request }))
    }

    pub(super) fn certificate(
        self,
        cx: &mut Context,
        certificate: Framed<'_, Certificate<'_>>,
    ) -> Step<Self, on::Certificate> {
        self.flight.presented(cx, None, &certificate.message, certificate.encoded).map(Next::to)
    }

    pub(super) fn decompress(
        self,
        cx: &mut Context,
        compressed: Framed<'_, CompressedCertificate<'_>>,
    ) -> Step<Self, on::CompressedCertificate> {
        self.flight.decompress(cx, None, &compressed).map(Next::to)
    }
}

impl WaitCertificate {
    pub(super) fn certificate(
        self,
        cx: &mut Context,
        certificate: Framed<'_, Certificate<'_>>,
    ) -> Step<Self, on::Certificate> {
        let Self { flight, request } = self;
        let Framed { message, encoded } = &certificate;
        flight.presented(cx, Some(request), message, encoded).map(Next::to)
    }

    pub(super) fn decompress(
        self,
        cx: &mut Context,
        compressed: Framed<'_, CompressedCertificate<'_>>,
    ) -> Step<Self, on::CompressedCertificate> {
        self.flight.decompress(cx, Some(self.request), &compressed).map(Next::to)
    }
}

impl Flight {
    /// A server that does not know the extension, or has no use for it, has X.509 (RFC 7250 §4.2).
    fn expect_certificates(&self, cx: &mut Context, types: CertificateTypes) -> Result<(), Cause> {
        if !self.config.server_certificate_types.list().contains(types.server) {
            return Err(Cause::NoCommonCertificateType);
        }
        cx.peer_certificate_type = types.server;
        cx.own_certificate_type = types.client;
        Ok(())
    }

    fn decompress(
        self,
        cx: &Context,
        request: Option<Request>,
        compressed: &Framed<'_, CompressedCertificate<'_>>,
    ) -> Result<WaitCertificateVerify, Cause> {
        let ours = &self.config.certificate_compressions;
        let body = certificate_compression::decompress(ours, &compressed.message, &cx.limits)?;
        let certificate = Certificate::parse(&body, &cx.parse_context())?;
        self.presented(cx, request, &certificate, compressed.encoded)
    }

    fn presented(
        mut self,
        cx: &Context,
        request: Option<Request>,
        certificate: &Certificate<'_>,
        encoded: &[u8],
    ) -> Result<WaitCertificateVerify, Cause> {
        let certificate = PeerCertificate::from_message(cx, &[], certificate)?;
        let certificate = certificate.ok_or(Cause::ServerCertificateMissing)?;
        self.transcript.add(encoded);
        Ok(WaitCertificateVerify { flight: self, request, certificate })
    }
}

impl WaitCertificateVerify {
    pub(super) fn certificate_verify(
        self,
        cx: &mut Context,
        proof: Framed<'_, CertificateVerify<'_>>,
    ) -> Step<Self, on::CertificateVerify> {
        let Self { mut flight, request, certificate } = self;
        let offered = flight.config.signature_schemes.list();
        let (provider, transcript) = (&flight.config.provider, &mut flight.transcript);
        certificate.prove_possession(Role::Server, provider, offered, transcript, &proof)?;
        certificate.ask_for_verdict(cx, proof.message.algorithm, None, flight.server_name.clone());
        Ok(Next::to(VerifyCertificate { flight, request }))
    }
}

impl VerifyCertificate {
    pub(super) fn certificate_accepted(
        self,
        cx: &mut Context,
        _: CertificateAccepted,
    ) -> Step<Self, on::CertificateAccepted> {
        cx.certificate_was_accepted = true;
        Ok(Next::to(WaitFinished { flight: self.flight, request: self.request }))
    }
}

impl WaitFinished {
    pub(super) fn finished(
        self,
        cx: &mut Context,
        finished: Framed<'_, Finished<'_>>,
    ) -> Step<Self, on::Finished> {
        let Self { mut flight, request } = self;
        check_finished(&mut flight.transcript, &flight.server, &finished)?;
        let through_server_finished = flight.transcript.digest();
        let main = flight.secret.into_main();
        let receive = main.traffic(Role::Server, &through_server_finished);
        cx.install(Direction::Receive, Epoch::Application, &receive);
        cx.exporter = Some(main.exporter(&through_server_finished));
        let mut own = OwnFlight {
            transcript: flight.transcript,
            client: flight.client,
            send: main.traffic(Role::Client, &through_server_finished),
            receive,
            main,
            protocol: flight.protocol,
            config: flight.config,
        };
        if cx.early_data.is_some() {
            own.end_early_data(cx)?;
        }
        let Some(Request(certificate_request, form)) = request else {
            return own.finish(cx).map(Next::to);
        };
        let (limits, certificate_type) = (cx.limits, cx.own_certificate_type);
        cx.ask(|serial| {
            Decision::SelectClientCredential(SelectClientCredential {
                serial,
                certificate_request,
                limits,
                certificate_type,
            })
        });
        Ok(Next::to(SelectCredential { own, form }))
    }
}
