//! The server's flight: SelectCredential, SignCertificateVerify (RFC 9846 §4.2.3, §4.4, §4.5).

use std::sync::Arc;

use super::client_flight::{ClientFlight, WaitCertificate, WaitEndOfEarlyData, WaitFinished};
use super::parameters::{certificate_request, encrypted_extensions, server_hello};
use super::{Next, Step};
use crate::crypto::{Group, Suite};
use crate::diagnosis;
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::authentication::{
    CertificateForm, send_certificate, send_certificate_verify, send_finished, to_sign,
};
use crate::handshake::config::{Profile, ServerConfig};
use crate::handshake::context::Context;
use crate::handshake::decision::{CredentialSelected, OwnCertificate, ServerCredential, Signed};
use crate::handshake::event::{Answered, Fact, Negotiated, NegotiatedPsk, RecordSizeLimits, on};
use crate::handshake::negotiation::{CertificateUse, PskUse};
use crate::handshake::psk::{PreSharedKey, check_binder};
use crate::handshake::ticket::TicketScope;
use crate::key_schedule::{EarlySecret, HandshakeSecret, PskKind, TrafficSecret};
use crate::message::{ClientHello, HEADER_BYTES};
use crate::registry::SignatureScheme;
use crate::transcript::Transcript;

/// The ClientHello is acceptable; the embedder chooses who we are.
#[derive(Debug)]
pub(in crate::handshake) struct SelectCredential {
    pub(super) config: Arc<ServerConfig>,
    /// The ClientHello, header included.
    pub(super) client_hello: Arc<[u8]>,
    pub(super) suite: &'static Suite,
    /// None if only a PSK alone is possible.
    pub(super) group: Option<Arc<dyn Group>>,
    pub(super) psk_use: PskUse,
    /// None if only a PSK is possible.
    pub(super) certificate_use: Option<CertificateUse>,
    /// What came before the ClientHello.
    pub(super) transcript: Transcript,
}

/// Everything through Certificate is written; the embedder signs.
#[derive(Debug)]
pub(in crate::handshake) struct SignCertificateVerify {
    config: Arc<ServerConfig>,
    transcript: Transcript,
    secret: HandshakeSecret,
    client: TrafficSecret,
    server: TrafficSecret,
    scheme: SignatureScheme,
    /// The client is asked for a certificate.
    asks_client: bool,
}

/// The handshake secrets, once ServerHello is written.
struct Opened {
    secret: HandshakeSecret,
    server: TrafficSecret,
    client: TrafficSecret,
}

impl SelectCredential {
    pub(super) fn credential_selected(
        self,
        cx: &mut Context,
        selected: CredentialSelected,
    ) -> Step<Self, on::CredentialSelected> {
        let client_hello = Arc::clone(&self.client_hello);
        let body = client_hello.get(HEADER_BYTES..).unwrap_or_default();
        let hello = ClientHello::parsed(body)?;
        let CredentialSelected { credential, protocol } = selected;
        if let Profile::Quic(_) = self.config.profile {
            protocol.as_ref().ok_or(Cause::NoCommonApplicationProtocol)?;
        }
        cx.early_data_is_undecided = false;
        cx.ticket_scope = self.ticket_scope(&hello, protocol.as_deref());
        let psk = match &credential {
            ServerCredential::Certificate { .. } => None,
            ServerCredential::Psk { key, .. } => Some(key.kind),
        };
        cx.settle_post_handshake_auth(hello.extensions.post_handshake_auth, psk);
        match credential {
            ServerCredential::Certificate { certificate, scheme } => {
                self.by_certificate(cx, &hello, certificate, scheme, protocol).map(Next::to)
            }
            ServerCredential::Psk { index, key, early_data } => {
                self.by_psk(cx, &hello, index, &key, protocol, early_data)
            }
        }
    }

    /// RFC 9846 §4.7.1: a ticket is for clients that can use it in a way that we can.
    fn ticket_scope(
        &self,
        hello: &ClientHello<'_>,
        protocol: Option<&[u8]>,
    ) -> Option<Arc<TicketScope>> {
        let theirs = hello.extensions.psk_key_exchange_modes?;
        let mut ours = self.config.psk_key_exchange_modes.list().iter();
        ours.any(|mode| theirs.contains(mode)).then(|| {
            Arc::new(TicketScope {
                server_name: hello.extensions.server_name.map(<[u8]>::to_vec),
                application_layer_protocol: protocol.map(<[u8]>::to_vec),
                client_authentication: self.config.client_authentication,
                resumption_across_names: self.config.resumption_across_names,
            })
        })
    }

    fn by_certificate(
        mut self,
        cx: &mut Context,
        hello: &ClientHello<'_>,
        certificate: OwnCertificate,
        scheme: SignatureScheme,
        protocol: Option<Vec<u8>>,
    ) -> Result<SignCertificateVerify, Cause> {
        let certificates = self.certificate_use.ok_or(Cause::NoCommonCertificateType)?;
        let CertificateUse { types, asks_client } = certificates;
        self.transcript.add(&self.client_hello);
        if hello.extensions.early_data {
            cx.learn(Fact::EarlyDataRejected);
        }
        let opened = self.open(cx, hello, None, None)?;
        cx.install(Direction::Receive, Epoch::Handshake, &opened.client);
        self.say_parameters(cx, hello, protocol, None, false)?;
        let Self { config, mut transcript, .. } = self;
        cx.own_certificate_type = types.server;
        cx.peer_certificate_type = types.client;
        if asks_client {
            certificate_request(&config, cx, &[], &mut transcript)?;
        }
        let form = CertificateForm::for_client(hello, &config.certificate_compressions);
        send_certificate(cx, &mut transcript, &[], &certificate, &form)?;
        cx.ask(to_sign(cx.role, certificate, scheme, &transcript));
        Ok(SignCertificateVerify {
            client: opened.client,
            server: opened.server,
            secret: opened.secret,
            config,
            transcript,
            scheme,
            asks_client,
        })
    }

    /// RFC 9846 §4.4.2: with a PSK there is no certificate of ours, and none is asked for.
    fn by_psk(
        mut self,
        cx: &mut Context,
        hello: &ClientHello<'_>,
        index: u16,
        key: &PreSharedKey,
        protocol: Option<Vec<u8>>,
        early_data: bool,
    ) -> Step<Self, on::CredentialSelected> {
        let early = EarlySecret::new(self.suite, &key.secret);
        let psk = self.check_psk(hello, usize::from(index), key.kind, &early)?;
        cx.psk = diagnosis::Psk::Accepted(key.diagnosis_kind());
        self.transcript.add(&self.client_hello);
        self.group = self.group.take().filter(|_| self.psk_use.with_key_exchange);
        let through_client_hello = self.transcript.digest();
        let early_traffic = early.client_early_traffic(&through_client_hello);
        if early_data {
            cx.early_exporter = Some(early.early_exporter(&through_client_hello));
            cx.early_data = key.early_data.as_ref().map(|terms| terms.max_bytes);
        }
        let opened = self.open(cx, hello, Some(early), Some(index))?;
        if early_data {
            cx.learn(Fact::EarlyDataAccepted);
            cx.install(Direction::Receive, Epoch::EarlyData, &early_traffic);
        } else {
            if hello.extensions.early_data {
                cx.learn(Fact::EarlyDataRejected);
            }
            cx.install(Direction::Receive, Epoch::Handshake, &opened.client);
        }
        self.say_parameters(cx, hello, protocol, Some(psk), early_data)?;
        let is_quic = matches!(self.config.profile, Profile::Quic(_));
        let client = opened.client.clone();
        let flight = ServerFlight {
            client: opened.client,
            server: opened.server,
            secret: opened.secret,
            config: self.config,
            transcript: self.transcript,
        }
        .finish(cx)?;
        Ok(match early_data {
            // QUIC ends early data by itself (RFC 9001 §8.3).
            true if is_quic => {
                cx.install(Direction::Receive, Epoch::Handshake, &client);
                Next::to(WaitFinished { flight })
            }
            true => Next::to(WaitEndOfEarlyData { flight, client }),
            false => Next::to(WaitFinished { flight }),
        })
    }

    /// The PSK at `index` of those offered, which the client holds: its binder is right.
    fn check_psk(
        &self,
        hello: &ClientHello<'_>,
        index: usize,
        kind: PskKind,
        early: &EarlySecret,
    ) -> Result<NegotiatedPsk, Cause> {
        let offered = hello.extensions.pre_shared_key.ok_or(Cause::NoAcceptablePsk)?;
        check_binder(early, kind, &self.client_hello, &offered, index, &self.transcript)?;
        let identity = offered.identities.iter().nth(index).ok_or(Cause::NoAcceptablePsk)?;
        Ok(NegotiatedPsk { kind, identity: identity.identity.to_vec() })
    }

    /// Sends ServerHello; what follows is encrypted.
    fn open(
        &mut self,
        cx: &mut Context,
        hello: &ClientHello<'_>,
        early: Option<EarlySecret>,
        psk: Option<u16>,
    ) -> Result<Opened, Cause> {
        let Self { config, suite, group, transcript, .. } = self;
        let shared = server_hello(config, cx, hello, suite, group.as_deref(), psk, transcript)?;
        let through_server_hello = transcript.digest();
        let secret = HandshakeSecret::new(suite, early, shared).ok_or(Cause::KeyShareMissing)?;
        let server = secret.traffic(Role::Server, &through_server_hello);
        let client = secret.traffic(Role::Client, &through_server_hello);
        cx.install(Direction::Send, Epoch::Handshake, &server);
        Ok(Opened { secret, server, client })
    }

    /// Sends EncryptedExtensions; both ends then know what they will use.
    fn say_parameters(
        &mut self,
        cx: &mut Context,
        hello: &ClientHello<'_>,
        protocol: Option<Vec<u8>>,
        psk: Option<NegotiatedPsk>,
        early_data: bool,
    ) -> Result<(), Cause> {
        let negotiated = Negotiated {
            cipher_suite: self.suite.id,
            group: self.group.as_ref().map(|group| group.id()),
            application_layer_protocol: protocol,
            certificate_types: match psk {
                Some(_) => None,
                None => self.certificate_use.map(|certificates| certificates.types),
            },
            record_size_limits: RecordSizeLimits::agreed(
                self.config.record_size_limit.filter(|_| !cx.is_quic),
                hello.extensions.record_size_limit,
            ),
            psk,
        };
        let Self { config, transcript, .. } = self;
        let certificates = self.certificate_use;
        encrypted_extensions(config, cx, hello, &negotiated, certificates, early_data, transcript)?;
        cx.learn(Fact::Negotiated(negotiated));
        Ok(())
    }
}

impl SignCertificateVerify {
    pub(super) fn signed(
        self,
        cx: &mut Context,
        Answered { answer: Signed(signature), .. }: Answered<Signed>,
    ) -> Step<Self, on::Signed> {
        let Self { config, mut transcript, secret, client, server, scheme, asks_client } = self;
        send_certificate_verify(cx, &mut transcript, scheme, &signature)?;
        let flight = ServerFlight { config, transcript, secret, client, server };
        let flight = flight.finish(cx)?;
        Ok(match asks_client {
            true => Next::to(WaitCertificate { flight }),
            false => Next::to(WaitFinished { flight }),
        })
    }
}

/// Our flight, but for Finished.
struct ServerFlight {
    config: Arc<ServerConfig>,
    transcript: Transcript,
    secret: HandshakeSecret,
    client: TrafficSecret,
    server: TrafficSecret,
}

impl ServerFlight {
    /// Sends Finished. Everything behind it, alerts included, is under the application key
    /// (RFC 9846 §4.5.3).
    fn finish(self, cx: &mut Context) -> Result<ClientFlight, Cause> {
        let Self { config, mut transcript, secret, client, server } = self;
        send_finished(cx, &mut transcript, &server)?;
        let through_server_finished = transcript.digest();
        let main = secret.into_main();
        let send = main.traffic(Role::Server, &through_server_finished);
        let receive = main.traffic(Role::Client, &through_server_finished);
        cx.exporter = Some(main.exporter(&through_server_finished));
        cx.install(Direction::Send, Epoch::Application, &send);
        Ok(ClientFlight { config, transcript, client, main, send, receive })
    }
}
