//! rustls, set up to do the same.

use std::collections::HashMap;
use std::io::{BufRead, Write};
use std::sync::{Arc, Mutex};

use ::rustls::client::{
    ClientSessionStore, Resumption, Tls12ClientSessionValue, Tls13ClientSessionValue,
};
use ::rustls::crypto::CryptoProvider;
use ::rustls::server::{StoresServerSessions, WebPkiClientVerifier};
use ::rustls::version::TLS13;
use ::rustls::{
    AlertDescription, CipherSuite, ClientConfig, ClientConnection, Connection, Error,
    HandshakeKind, NamedGroup, RootCertStore, ServerConfig, ServerConnection,
};
use pki_types::ServerName;

use crate::identities::Identities;
use crate::meeting::{End, Library, Scenario, Unwatched, meet};
use crate::pki::NAME;

/// Configurations for every scenario, and what they have kept.
#[derive(Clone, Debug)]
pub struct Rustls {
    name: &'static str,
    anonymous: Arc<ClientConfig>,
    known: Arc<ClientConfig>,
    resuming: Arc<ClientConfig>,
    server: Arc<ServerConfig>,
    requiring: Arc<ServerConfig>,
    issuing: Arc<ServerConfig>,
    hybrid: Option<(Arc<ClientConfig>, Arc<ServerConfig>)>,
    tickets: Arc<ClientTickets>,
}

/// How many tickets a client gets at once: each is for one use.
const TICKETS: usize = 64;

impl Rustls {
    /// Over ring.
    #[must_use]
    pub fn on_ring(identities: &Identities) -> Self {
        Self::new("rustls, ring", ::rustls::crypto::ring::default_provider(), identities)
    }

    /// Over AWS-LC.
    #[cfg(feature = "aws-lc-rs")]
    #[must_use]
    pub fn on_aws_lc(identities: &Identities) -> Self {
        let provider = ::rustls::crypto::aws_lc_rs::default_provider();
        Self::new("rustls, AWS-LC", provider, identities)
    }

    /// Everything for these identities.
    ///
    /// # Panics
    /// If a configuration is refused.
    fn new(name: &'static str, provider: CryptoProvider, identities: &Identities) -> Self {
        let mut roots = RootCertStore::empty();
        roots.add(identities.root.certificate().clone()).unwrap();
        let roots = Arc::new(roots);
        let plain = with_group(&provider, NamedGroup::X25519).unwrap();
        let clients = |provider: &Arc<CryptoProvider>| {
            let builder = ClientConfig::builder_with_provider(Arc::clone(provider));
            let builder = builder.with_protocol_versions(&[&TLS13]).unwrap();
            builder.with_root_certificates(Arc::clone(&roots))
        };
        let anonymous = |provider: &Arc<CryptoProvider>| {
            let mut client = clients(provider).with_no_client_auth();
            client.resumption = Resumption::disabled();
            client
        };
        let servers = |provider: &Arc<CryptoProvider>| {
            let builder = ServerConfig::builder_with_provider(Arc::clone(provider));
            builder.with_protocol_versions(&[&TLS13]).unwrap()
        };
        let serving = |provider: &Arc<CryptoProvider>| {
            let (chain, key) = (identities.server.chain.clone(), identities.server.private_key());
            let builder = servers(provider).with_no_client_auth();
            let mut server = builder.with_single_cert(chain, key).unwrap();
            server.session_storage = Arc::new(ServerTickets::default());
            server.send_tls13_tickets = 0;
            server
        };
        let (client, server) = (&identities.client, &identities.server);
        let verifier =
            WebPkiClientVerifier::builder_with_provider(Arc::clone(&roots), Arc::clone(&plain));
        let verifier = verifier.clear_root_hint_subjects().build().unwrap();

        let known = clients(&plain);
        let mut known =
            known.with_client_auth_cert(client.chain.clone(), client.private_key()).unwrap();
        known.resumption = Resumption::disabled();
        let tickets = Arc::new(ClientTickets::default());
        let mut resuming = anonymous(&plain);
        resuming.resumption = Resumption::store(Arc::clone(&tickets) as _);

        let requiring = servers(&plain).with_client_cert_verifier(verifier);
        let requiring = requiring.with_single_cert(server.chain.clone(), server.private_key());
        let mut requiring = requiring.unwrap();
        requiring.send_tls13_tickets = 0;
        let hybrid = with_group(&provider, NamedGroup::X25519MLKEM768);
        let hybrid =
            hybrid.map(|hybrid| (Arc::new(anonymous(&hybrid)), Arc::new(serving(&hybrid))));
        let server = serving(&plain);
        let mut issuing = server.clone();
        issuing.send_tls13_tickets = TICKETS;
        Self {
            name,
            anonymous: Arc::new(anonymous(&plain)),
            known: Arc::new(known),
            resuming: Arc::new(resuming),
            server: Arc::new(server),
            requiring: Arc::new(requiring),
            issuing: Arc::new(issuing),
            hybrid,
            tickets,
        }
    }

    fn fetch_tickets(&self) {
        let (anonymous, server) = (Arc::clone(&self.resuming), Arc::clone(&self.issuing));
        let issuing = Self { anonymous, server, ..self.clone() };
        meet(&issuing, Scenario::Full, &mut Unwatched);
    }
}

/// With the one suite and this one group; `None` if there is no such group.
fn with_group(provider: &CryptoProvider, group: NamedGroup) -> Option<Arc<CryptoProvider>> {
    let mut provider = provider.clone();
    provider.cipher_suites.retain(|suite| suite.suite() == CipherSuite::TLS13_AES_128_GCM_SHA256);
    provider.kx_groups.retain(|known| known.name() == group);
    (!provider.kx_groups.is_empty()).then(|| Arc::new(provider))
}

impl Library for Rustls {
    type Destination = ServerName<'static>;
    type End = RustlsEnd;

    const CONNECTION_BYTES: [usize; 2] =
        [size_of::<ClientConnection>(), size_of::<ServerConnection>()];

    fn name(&self) -> &'static str {
        self.name
    }

    fn can(&self, scenario: Scenario) -> bool {
        scenario != Scenario::Hybrid || self.hybrid.is_some()
    }

    fn destination(&self, scenario: Scenario) -> ServerName<'static> {
        if scenario == Scenario::Resumed && self.tickets.0.lock().unwrap().is_empty() {
            self.fetch_tickets();
        }
        NAME.try_into().unwrap()
    }

    fn client(&self, scenario: Scenario, destination: ServerName<'static>) -> RustlsEnd {
        let config = match scenario {
            Scenario::Full | Scenario::Remembered | Scenario::Refused => {
                Arc::clone(&self.anonymous)
            }
            Scenario::Mutual => Arc::clone(&self.known),
            Scenario::Resumed => Arc::clone(&self.resuming),
            Scenario::Hybrid => Arc::clone(&self.hybrid.as_ref().unwrap().0),
        };
        let connection = ClientConnection::new(config, destination).unwrap();
        RustlsEnd { connection: connection.into(), fault: None }
    }

    fn server(&self, scenario: Scenario) -> RustlsEnd {
        let config = match scenario {
            Scenario::Full | Scenario::Remembered | Scenario::Resumed => Arc::clone(&self.server),
            Scenario::Mutual | Scenario::Refused => Arc::clone(&self.requiring),
            Scenario::Hybrid => Arc::clone(&self.hybrid.as_ref().unwrap().1),
        };
        let connection = ServerConnection::new(config).unwrap();
        RustlsEnd { connection: connection.into(), fault: None }
    }
}

/// An end of rustls's, with its buffered interface.
#[derive(Debug)]
pub struct RustlsEnd {
    connection: Connection,
    fault: Option<Error>,
}

impl RustlsEnd {
    fn flush(&mut self, output: &mut Vec<u8>) {
        while self.connection.wants_write() {
            self.connection.write_tls(output).unwrap();
        }
    }
}

impl End for RustlsEnd {
    fn turn(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) -> usize {
        let (mut rest, mut received) = (&input[..], 0);
        while !rest.is_empty() && self.fault.is_none() {
            self.connection.read_tls(&mut rest).unwrap();
            self.fault = self.connection.process_new_packets().err();
            let mut reader = self.connection.reader();
            while let Ok(data @ [_, ..]) = reader.fill_buf() {
                let count = data.len();
                received += count;
                reader.consume(count);
            }
        }
        input.clear();
        self.flush(output);
        received
    }

    fn send(&mut self, data: &[u8], output: &mut Vec<u8>) {
        self.connection.writer().write_all(data).unwrap();
        self.flush(output);
    }

    fn agrees_with(&self, scenario: Scenario) -> bool {
        let resumed = self.connection.handshake_kind() == Some(HandshakeKind::Resumed);
        match (&self.fault, scenario) {
            (Some(Error::NoCertificatesPresented), Scenario::Refused) => true,
            (Some(Error::AlertReceived(alert)), Scenario::Refused) => {
                *alert == AlertDescription::CertificateRequired
            }
            (Some(_), _) | (None, Scenario::Refused) => false,
            (None, scenario) => {
                !self.connection.is_handshaking() && resumed == (scenario == Scenario::Resumed)
            }
        }
    }
}

/// A client's tickets.
#[derive(Debug, Default)]
struct ClientTickets(Mutex<Vec<Tls13ClientSessionValue>>);

impl ClientSessionStore for ClientTickets {
    fn set_kx_hint(&self, _: ServerName<'static>, _: NamedGroup) {}

    fn kx_hint(&self, _: &ServerName<'_>) -> Option<NamedGroup> {
        None
    }

    fn set_tls12_session(&self, _: ServerName<'static>, _: Tls12ClientSessionValue) {}

    fn tls12_session(&self, _: &ServerName<'_>) -> Option<Tls12ClientSessionValue> {
        None
    }

    fn remove_tls12_session(&self, _: &ServerName<'static>) {}

    fn insert_tls13_ticket(&self, _: ServerName<'static>, ticket: Tls13ClientSessionValue) {
        self.0.lock().unwrap().push(ticket);
    }

    fn take_tls13_ticket(&self, _: &ServerName<'static>) -> Option<Tls13ClientSessionValue> {
        self.0.lock().unwrap().pop()
    }
}

/// What a server's tickets stand for.
#[derive(Debug, Default)]
struct ServerTickets(Mutex<HashMap<Vec<u8>, Vec<u8>>>);

impl StoresServerSessions for ServerTickets {
    fn put(&self, name: Vec<u8>, session: Vec<u8>) -> bool {
        self.0.lock().unwrap().insert(name, session);
        true
    }

    fn get(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.0.lock().unwrap().get(name).cloned()
    }

    fn take(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.0.lock().unwrap().remove(name)
    }

    fn can_cache(&self) -> bool {
        true
    }
}
