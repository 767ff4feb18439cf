//! An end of ours, an end of rustls, and the bytes between them.

use std::io::{ErrorKind, Read, Write};
use std::sync::Arc;

use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::event::Negotiated;
use countersign::handshake::{End, Fact};
use countersign_testing::pki::{Authority, Issued, NAME};
use countersign_testing::{Client, Server, Socket, THEIR_HYBRIDS, THEIR_PROVIDER};
use rustls::client::WebPkiServerVerifier;
use rustls::crypto::{CryptoProvider, ring};
use rustls::server::{ClientHello, ResolvesServerCert, WebPkiClientVerifier};
use rustls::sign::CertifiedKey;
use rustls::{
    ClientConfig, ClientConnection, Connection, RootCertStore, ServerConfig, ServerConnection,
};

/// How our end decides.
pub(crate) enum Ours {
    Client(Client),
    Server(Server),
}

impl Ours {
    fn answer(&self, question: Decision) -> Result<Answer, Decision> {
        match self {
            Self::Client(client) => client.answer(question),
            Self::Server(server) => server.answer(question),
        }
    }
}

/// A connection between us and rustls.
pub(crate) struct Meeting {
    policy: Ours,
    pub(crate) ours: Socket,
    pub(crate) theirs: Connection,
    /// Application data that rustls has received.
    pub(crate) their_data: Vec<u8>,
    /// What made rustls give up.
    pub(crate) their_fault: Option<rustls::Error>,
}

impl Meeting {
    /// A client of ours and a server of theirs.
    pub(crate) fn with_server(client: Client, theirs: ServerConfig) -> Self {
        let ours = Socket::new(client.connection());
        let theirs = ServerConnection::new(Arc::new(theirs)).unwrap();
        Self::new(Ours::Client(client), ours, theirs.into())
    }

    /// A server of ours and a client of theirs.
    pub(crate) fn with_client(server: Server, theirs: ClientConfig) -> Self {
        let ours = Socket::new(server.connection());
        Self::new(Ours::Server(server), ours, their_client(Arc::new(theirs)))
    }

    pub(crate) fn new(policy: Ours, ours: Socket, theirs: Connection) -> Self {
        Self { policy, ours, theirs, their_data: Vec::new(), their_fault: None }
    }

    /// Runs until nobody has anything to say.
    pub(crate) fn run(&mut self) {
        self.run_in_pieces(|| usize::MAX);
    }

    /// As [`run`](Self::run), the bytes arriving in pieces of these sizes.
    pub(crate) fn run_in_pieces(&mut self, mut size: impl FnMut() -> usize) {
        loop {
            self.ours.work(&mut |question| self.policy.answer(question));
            let sent = std::mem::take(&mut self.ours.output);
            self.deliver_to_them(&sent, &mut size);
            let mut received = Vec::new();
            while self.theirs.wants_write() {
                self.theirs.write_tls(&mut received).unwrap();
            }
            if sent.is_empty() && received.is_empty() {
                return;
            }
            let mut rest = &received[..];
            while !rest.is_empty() {
                let (piece, behind) = rest.split_at(size().clamp(1, rest.len()));
                self.ours.input.extend_from_slice(piece);
                self.ours.work(&mut |question| self.policy.answer(question));
                rest = behind;
            }
        }
    }

    fn deliver_to_them(&mut self, mut bytes: &[u8], size: &mut impl FnMut() -> usize) {
        while !bytes.is_empty() && self.their_fault.is_none() {
            let mut piece = &bytes[..size().clamp(1, bytes.len())];
            let taken = self.theirs.read_tls(&mut piece).unwrap();
            bytes = &bytes[taken..];
            if let Err(fault) = self.theirs.process_new_packets() {
                self.their_fault = Some(fault);
            }
            match self.theirs.reader().read_to_end(&mut self.their_data) {
                Ok(_) => {}
                Err(error) => assert_eq!(error.kind(), ErrorKind::WouldBlock),
            }
        }
    }

    /// Data both ways, and exporters that agree.
    pub(crate) fn agrees(&mut self) {
        assert_eq!((&self.ours.end, &self.their_fault), (&None, &None));
        assert!(self.ours.connection.handshake().is_complete());
        self.write(b"ours to say");
        self.theirs.writer().write_all(b"theirs to say").unwrap();
        self.run();
        assert_eq!(self.their_data, b"ours to say");
        assert_eq!(self.ours.data, b"theirs to say");
        self.exports_agree();
    }

    pub(crate) fn write(&mut self, data: &[u8]) {
        self.ours.connection.write(data, &mut self.ours.output).unwrap();
    }

    fn exports_agree(&self) {
        let mut ours = [0; 48];
        self.ours.connection.exporter("EXPORTER-test", b"context", &mut ours).unwrap();
        let theirs = self
            .theirs
            .export_keying_material([0; 48], b"EXPORTER-test", Some(b"context"))
            .unwrap();
        assert_eq!(ours, theirs);
    }

    pub(crate) fn negotiated(&self) -> &Negotiated {
        let negotiated = self.ours.facts.iter().find_map(|fact| match fact {
            Fact::Negotiated(negotiated) => Some(negotiated),
            _ => None,
        });
        negotiated.unwrap()
    }

    pub(crate) fn learned(&self, is_it: impl Fn(&Fact) -> bool) -> bool {
        self.ours.facts.iter().any(is_it)
    }

    pub(crate) fn end(&self) -> &End {
        self.ours.end.as_ref().unwrap()
    }
}

pub(crate) fn their_client(config: Arc<ClientConfig>) -> Connection {
    ClientConnection::new(config, NAME.try_into().unwrap()).unwrap().into()
}

/// The provider of rustls, which prefers hybrids if it has some, as ours does; changed in one point.
pub(crate) fn provider(change: impl FnOnce(&mut CryptoProvider)) -> Arc<CryptoProvider> {
    let mut provider = THEIR_PROVIDER.unwrap_or(ring::default_provider)();
    let is_hybrid = |name| THEIR_HYBRIDS.iter().any(|(_, hybrid)| hybrid.name() == name);
    provider.kx_groups.sort_by_key(|group| !is_hybrid(group.name()));
    change(&mut provider);
    Arc::new(provider)
}

fn store(root: &Authority) -> Arc<RootCertStore> {
    let mut roots = RootCertStore::empty();
    roots.add(root.certificate().clone()).unwrap();
    Arc::new(roots)
}

/// A client of theirs that trusts `root`, with a certificate or without.
pub(crate) fn client_config(
    root: &Authority,
    identity: Option<&Issued>,
    provider: Arc<CryptoProvider>,
) -> ClientConfig {
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let verifier = WebPkiServerVerifier::builder_with_provider(store(root), provider);
    let builder = builder.with_webpki_verifier(verifier.build().unwrap());
    match identity {
        Some(identity) => {
            builder.with_client_auth_cert(identity.chain.clone(), identity.private_key()).unwrap()
        }
        None => builder.with_no_client_auth(),
    }
}

/// How a server of theirs asks for certificates.
#[derive(Clone, Copy)]
pub(crate) enum Asking<'a> {
    Nobody,
    /// For one that this authority has issued.
    Require(&'a Authority),
    Request(&'a Authority),
}

/// A server of theirs with this certificate.
pub(crate) fn server_config(
    identity: &Issued,
    asking: Asking<'_>,
    provider: Arc<CryptoProvider>,
) -> ServerConfig {
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(&[&rustls::version::TLS13]).unwrap();
    let verifier = |root| WebPkiClientVerifier::builder_with_provider(store(root), provider);
    let builder = match asking {
        Asking::Nobody => builder.with_no_client_auth(),
        Asking::Require(root) => {
            // It names no authority, so that a client shows what it has.
            let verifier = verifier(root).clear_root_hint_subjects().build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
        Asking::Request(root) => {
            let verifier = verifier(root).allow_unauthenticated().build().unwrap();
            builder.with_client_cert_verifier(verifier)
        }
    };
    builder.with_single_cert(identity.chain.clone(), identity.private_key()).unwrap()
}

/// A server of theirs that serves no name at all.
#[derive(Debug)]
pub(crate) struct ServesNobody;

impl ResolvesServerCert for ServesNobody {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        None
    }
}
