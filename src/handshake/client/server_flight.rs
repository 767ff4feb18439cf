//! The server's encrypted flight: WaitEncryptedExtensions to WaitFinished (RFC 9846 §4.4, §4.5).

use std::sync::Arc;

use pki_types::ServerName;

use super::hello::SelectedPsk;
use super::own_flight::{OwnFlight, SelectCredential};
use super::{Next, Step};
use crate::crypto::Suite;
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::authentication::{PeerCertificate, Staples, check_finished};
use crate::handshake::config::{ClientConfig, Profile};
use crate::handshake::context::Context;
use crate::handshake::decision::{self, CertificateAccepted, Decision, SelectClientCredential};
use crate::handshake::event::{CertificateTypes, Fact, Framed, Negotiated, RecordSizeLimits, on};
use crate::handshake::negotiation;
use crate::key_schedule::{HandshakeSecret, TrafficSecret};
use crate::message::HEADER_BYTES;
use crate::message::{Certificate, CertificateVerify, Finished};
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

/// The body of the server's CertificateRequest.
#[derive(Debug)]
pub(super) struct Request(Vec<u8>);

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
        let Framed { message, encoded } = request;
        // RFC 9846 §4.4.2: the context is for post-handshake authentication.
        if !message.certificate_request_context.is_empty() {
            return Err(Cause::RequestContextUnexpected);
        }
        message.signature_algorithms.ok_or(Cause::RequestWithoutSignatureAlgorithms)?;
        flight.transcript.add(encoded);
        let request = Request(encoded.get(HEADER_BYTES..).unwrap_or_default().to_vec());
        Ok(Next::to(WaitCertificate { flight, request }))
    }

    pub(super) fn certificate(
        self,
        cx: &mut Context,
        certificate: Framed<'_, Certificate<'_>>,
    ) -> Step<Self, on::Certificate> {
        self.flight.certificate(cx, None, &certificate).map(Next::to)
    }
}

impl WaitCertificate {
    pub(super) fn certificate(
        self,
        cx: &mut Context,
        certificate: Framed<'_, Certificate<'_>>,
    ) -> Step<Self, on::Certificate> {
        self.flight.certificate(cx, Some(self.request), &certificate).map(Next::to)
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

    fn certificate(
        mut self,
        cx: &Context,
        request: Option<Request>,
        certificate: &Framed<'_, Certificate<'_>>,
    ) -> Result<WaitCertificateVerify, Cause> {
        if !certificate.message.certificate_request_context.is_empty() {
            return Err(Cause::RequestContextUnexpected);
        }
        let peer = PeerCertificate::from_message(cx, certificate)?;
        let peer = peer.ok_or(Cause::ServerCertificateMissing)?;
        self.transcript.add(certificate.encoded);
        Ok(WaitCertificateVerify { flight: self, request, certificate: peer })
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
        let digest = flight.transcript.digest();
        let provider = &flight.config.provider;
        certificate.prove_possession(provider, offered, Role::Server, &digest, &proof.message)?;
        flight.transcript.add(proof.encoded);
        let server_name = flight.server_name.clone();
        cx.ask(|serial| {
            Decision::VerifyCertificate(decision::VerifyCertificate {
                serial,
                role: Role::Client,
                request: None,
                chain: certificate.chain,
                server_name,
                scheme: proof.message.algorithm,
                leaf: certificate.leaf,
            })
        });
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
            takes_tickets: !flight.config.psk_key_exchange_modes.is_empty(),
            protocol: flight.protocol,
        };
        if cx.early_data.is_some() {
            own.end_early_data(cx, flight.config.profile == Profile::Records)?;
        }
        let Some(Request(certificate_request)) = request else {
            return own.finish(cx).map(Next::to);
        };
        let staples = Staples::requested_by(&certificate_request, &cx.limits);
        let (limits, certificate_type) = (cx.limits, cx.own_certificate_type);
        cx.ask(|serial| {
            Decision::SelectClientCredential(SelectClientCredential {
                serial,
                certificate_request,
                limits,
                certificate_type,
            })
        });
        Ok(Next::to(SelectCredential { own, staples }))
    }
}
