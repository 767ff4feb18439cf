//! The server's flight: SelectCredential, SignCertificateVerify (RFC 9846 §4.2.3, §4.4, §4.5).

use std::sync::Arc;

use super::client_flight::{ClientFlight, WaitCertificate, WaitFinished};
use super::{Next, Step};
use crate::codec::{List, Vector};
use crate::crypto::{Draw, Group, Secret, Suite};
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::authentication::{
    Staples, ask_to_sign, send_certificate, send_certificate_verify, send_finished,
};
use crate::handshake::config::{ClientAuthentication, Profile, ServerConfig};
use crate::handshake::context::Context;
use crate::handshake::decision::{CredentialSelected, Signed};
use crate::handshake::event::{Fact, Negotiated, on};
use crate::key_schedule::{EarlySecret, FinishedKey, HandshakeSecret};
use crate::message::HEADER_BYTES;
use crate::message::{CertificateRequest, EncryptedExtensions};
use crate::message::{ClientHello, KeyShareEntry};
use crate::message::{ServerHello, ServerHelloExtensions};
use crate::registry::{HandshakeType, ProtocolVersion, SignatureScheme};
use crate::transcript::Transcript;

/// The ClientHello is acceptable; the embedder chooses who we are.
#[derive(Debug)]
pub(in crate::handshake) struct SelectCredential {
    pub(super) config: Arc<ServerConfig>,
    /// The ClientHello, header included.
    pub(super) client_hello: Arc<[u8]>,
    pub(super) suite: &'static Suite,
    pub(super) group: &'static dyn Group,
    pub(super) transcript: Transcript,
}

/// Everything through Certificate is written; the embedder signs.
#[derive(Debug)]
pub(in crate::handshake) struct SignCertificateVerify {
    config: Arc<ServerConfig>,
    transcript: Transcript,
    secret: HandshakeSecret,
    client_finished: FinishedKey,
    server_finished: FinishedKey,
    scheme: SignatureScheme,
}

impl SelectCredential {
    pub(super) fn credential_selected(
        self,
        cx: &mut Context,
        selected: CredentialSelected,
    ) -> Step<Self, on::CredentialSelected> {
        let Self { config, client_hello, suite, group, mut transcript } = self;
        let body = client_hello.get(HEADER_BYTES..).unwrap_or_default();
        let hello = ClientHello::parse(body, &cx.limits)?;
        let CredentialSelected { chain, scheme, protocol } = selected;
        if let Profile::Quic(_) = config.profile {
            protocol.as_ref().ok_or(Cause::NoCommonApplicationProtocol)?;
        }
        let shared_secret = server_hello(&config, cx, &hello, suite, group, &mut transcript)?;
        let through_server_hello = transcript.digest();
        let secret = EarlySecret::new(suite, None).into_handshake(&shared_secret);
        let server = secret.traffic(Role::Server, &through_server_hello);
        let client = secret.traffic(Role::Client, &through_server_hello);
        cx.install(Direction::Send, Epoch::Handshake, &server);
        cx.install(Direction::Receive, Epoch::Handshake, &client);

        encrypted_extensions(&config, cx, &hello, protocol.as_deref(), &mut transcript)?;
        cx.learn(Fact::Negotiated(Negotiated {
            cipher_suite: suite.id,
            group: group.id(),
            application_layer_protocol: protocol,
        }));
        if config.client_authentication != ClientAuthentication::None {
            certificate_request(&config, cx, &mut transcript)?;
        }
        cx.peer_takes_tickets = hello.extensions.psk_key_exchange_modes.is_some();
        let staples = Staples {
            ocsp_response: hello.extensions.status_request,
            signed_certificate_timestamps: hello.extensions.signed_certificate_timestamp,
        };
        send_certificate(cx, &mut transcript, &[], &chain, staples)?;
        ask_to_sign(cx, chain, scheme, &transcript);
        Ok(Next::to(SignCertificateVerify {
            client_finished: client.finished_key(),
            server_finished: server.finished_key(),
            config,
            transcript,
            secret,
            scheme,
        }))
    }
}

/// Sends ServerHello and returns the shared secret.
fn server_hello(
    config: &ServerConfig,
    cx: &mut Context,
    hello: &ClientHello<'_>,
    suite: &'static Suite,
    group: &'static dyn Group,
    transcript: &mut Transcript,
) -> Result<Secret, Cause> {
    let random_source = config.provider.random.as_ref();
    let mut random = [0; 32];
    random_source.fill(Draw::ServerRandom, &mut random)?;
    let shares = hello.extensions.key_share.ok_or(Cause::KeyShareMissing)?;
    let client_share = shares.iter().find(|share| share.group == group.id());
    let client_share = client_share.ok_or(Cause::KeyShareMissing)?.key_exchange;
    let (share, shared_secret) = group.respond(random_source, client_share)?;
    let answer = ServerHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &random,
        legacy_session_id_echo: hello.legacy_session_id,
        cipher_suite: suite.id,
        legacy_compression_method: 0,
        extensions: ServerHelloExtensions {
            selected_version: ProtocolVersion::TLS13,
            key_share: Some(KeyShareEntry { group: group.id(), key_exchange: &share }),
            pre_shared_key: None,
        },
    };
    transcript.add(cx.send(HandshakeType::SERVER_HELLO, |w| answer.encode(w))?);
    Ok(shared_secret)
}

fn encrypted_extensions(
    config: &ServerConfig,
    cx: &mut Context,
    hello: &ClientHello<'_>,
    protocol: Option<&[u8]>,
    transcript: &mut Transcript,
) -> Result<(), Cause> {
    let extensions = EncryptedExtensions {
        server_name: hello.extensions.server_name.is_some(),
        supported_groups: config.announce_groups.then(|| config.groups.list()),
        application_layer_protocol: protocol,
        quic_transport_parameters: match &config.profile {
            Profile::Quic(parameters) => Some(parameters),
            Profile::Records => None,
        },
        ..EncryptedExtensions::default()
    };
    let layout = &config.encrypted_extensions_layout;
    let sent = cx.send(HandshakeType::ENCRYPTED_EXTENSIONS, |w| {
        let start = w.position().saturating_sub(HEADER_BYTES);
        extensions.encode(w, layout, start);
    })?;
    transcript.add(sent);
    if let Some(parameters) = hello.extensions.quic_transport_parameters {
        cx.learn(Fact::TransportParameters(parameters.to_vec()));
    }
    Ok(())
}

/// Sends CertificateRequest; the client may reply to what it contains.
fn certificate_request(
    config: &ServerConfig,
    cx: &mut Context,
    transcript: &mut Transcript,
) -> Result<(), Cause> {
    let request = CertificateRequest {
        certificate_request_context: &[],
        signature_algorithms: Some(config.signature_schemes.list()),
        signature_algorithms_cert: unless_empty(&config.certificate_signature_schemes),
        certificate_authorities: unless_empty(&config.certificate_authorities),
        status_request: config.request_ocsp_response,
        signed_certificate_timestamp: false,
    };
    let mut offered = cx.offered;
    let layout = &config.certificate_request_layout;
    let sent = cx.send(HandshakeType::CERTIFICATE_REQUEST, |w| {
        let start = w.position().saturating_sub(HEADER_BYTES);
        offered = request.encode(w, layout, start);
    })?;
    transcript.add(sent);
    cx.offered = offered;
    Ok(())
}

fn unless_empty<T>(vector: &Vector<T>) -> Option<List<'_, T>> {
    if vector.is_empty() { None } else { Some(vector.list()) }
}

impl SignCertificateVerify {
    pub(super) fn signed(
        self,
        cx: &mut Context,
        Signed(signature): Signed,
    ) -> Step<Self, on::Signed> {
        let Self { config, mut transcript, secret, .. } = self;
        send_certificate_verify(cx, &mut transcript, self.scheme, &signature)?;
        send_finished(cx, &mut transcript, &self.server_finished)?;
        let through_server_finished = transcript.digest();
        let main = secret.into_main();
        let send = main.traffic(Role::Server, &through_server_finished);
        cx.exporter = Some(main.exporter(&through_server_finished));
        // Everything behind Finished, alerts included, is under this key (RFC 9846 §4.5.3).
        cx.install(Direction::Send, Epoch::Application, &send);
        let client_authentication = config.client_authentication;
        let flight = ClientFlight {
            receive: main.traffic(Role::Client, &through_server_finished),
            client_finished: self.client_finished,
            config,
            transcript,
            main,
            send,
        };
        Ok(match client_authentication {
            ClientAuthentication::None => Next::to(WaitFinished { flight }),
            ClientAuthentication::Request | ClientAuthentication::Require => {
                Next::to(WaitCertificate { flight })
            }
        })
    }
}
