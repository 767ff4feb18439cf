//! Raw public keys, each way and both ways (RFC 7250).

use std::sync::Arc;

use countersign::failure::Cause;
use countersign::handshake::config::{ClientAuthentication, Destination};
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::handshake::{End, Fact};
use countersign::policy::{Credential, Resumption, Roots, ServerTrust, TicketSealer, Tickets};
use countersign::registry::CertificateType;
use countersign_testing::pki::{Authority, NAME, noon};
use countersign_testing::{Client, Server, Socket};
use pki_types::{CertificateDer, PrivateKeyDer, ServerName, SubjectPublicKeyInfoDer, UnixTime};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PublicKeyData};
use rustls::client::AlwaysResolvesClientRawPublicKeys;
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::crypto::{
    CryptoProvider, WebPkiSupportedAlgorithms, verify_tls13_signature_with_raw_key,
};
use rustls::server::AlwaysResolvesServerRawPublicKeys;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::sign::CertifiedKey;
use rustls::version::TLS13;
use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, DistinguishedName,
    Error, ServerConfig, ServerConnection, SignatureScheme,
};

use crate::meeting::{Meeting, Ours, provider};

/// A key of theirs or ours.
struct Key(KeyPair);

impl Key {
    fn new() -> Self {
        Self(KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap())
    }

    fn public(&self) -> SubjectPublicKeyInfoDer<'static> {
        self.0.subject_public_key_info().into()
    }

    fn private(&self) -> PrivateKeyDer<'static> {
        PrivateKeyDer::try_from(self.0.serialize_der()).unwrap()
    }

    /// As our policies take it.
    fn ours(&self) -> Credential {
        Credential::new(self.public(), &self.private()).unwrap()
    }

    /// As rustls takes it: in the place of a certificate.
    fn theirs(&self, provider: &CryptoProvider) -> Arc<CertifiedKey> {
        let key = provider.key_provider.load_private_key(self.private()).unwrap();
        Arc::new(CertifiedKey::new(vec![CertificateDer::from(self.public().to_vec())], key))
    }
}

/// Trust of theirs in one key.
#[derive(Debug)]
struct Knows {
    key: SubjectPublicKeyInfoDer<'static>,
    algorithms: WebPkiSupportedAlgorithms,
}

impl Knows {
    fn check(&self, shown: &CertificateDer<'_>) -> Result<(), Error> {
        match shown.as_ref() == self.key.as_ref() {
            true => Ok(()),
            false => Err(Error::InvalidCertificate(CertificateError::UnknownIssuer)),
        }
    }

    fn verify(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        let key = SubjectPublicKeyInfoDer::from(shown.as_ref());
        verify_tls13_signature_with_raw_key(message, &key, proof, &self.algorithms)
    }
}

impl ServerCertVerifier for Knows {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        self.check(end_entity).map(|()| ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        panic!("TLS 1.2 is not spoken")
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, shown, proof)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

impl ClientCertVerifier for Knows {
    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        self.check(end_entity).map(|()| ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        panic!("TLS 1.2 is not spoken")
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        shown: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.verify(message, shown, proof)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }

    fn requires_raw_public_keys(&self) -> bool {
        true
    }
}

fn knows(key: &Key, provider: &CryptoProvider) -> Arc<Knows> {
    let algorithms = provider.signature_verification_algorithms;
    Arc::new(Knows { key: key.public(), algorithms })
}

fn raw() -> countersign::codec::Vector<CertificateType> {
    std::iter::once(CertificateType::RAW_PUBLIC_KEY).collect()
}

fn trusting(key: &Key) -> Roots {
    let mut roots = Roots::default();
    roots.add_raw_public_key(&key.public()).unwrap();
    roots
}

/// A client of ours that trusts this key, and has that one if it is asked.
fn our_client(server: &Key, own: Option<&Key>) -> Client {
    let mut client = Client::trusting(&Authority::root("nobody"));
    client.policy.servers = ServerTrust::Roots(trusting(server));
    client.config.server_certificate_types = raw();
    client.destination = Destination::named(NAME.try_into().unwrap());
    if let Some(own) = own {
        client.config.client_certificate_types = raw();
        client.policy.credentials.push(own.ours());
    }
    client
}

/// A server of ours with this key, which asks for that one.
fn our_server(own: &Key, client: Option<&Key>) -> Server {
    let mut server = Server::known_by(own.ours());
    server.config.server_certificate_types = raw();
    if let Some(client) = client {
        server.config.client_authentication = ClientAuthentication::Require;
        server.config.client_certificate_types = raw();
        server.policy.client_roots = Some(trusting(client));
    }
    server
}

fn their_server(own: &Key, client: Option<&Key>) -> ServerConfig {
    let provider = provider(|_| {});
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(&[&TLS13]).unwrap();
    let builder = match client {
        Some(client) => builder.with_client_cert_verifier(knows(client, &provider)),
        None => builder.with_no_client_auth(),
    };
    let resolver = AlwaysResolvesServerRawPublicKeys::new(own.theirs(&provider));
    builder.with_cert_resolver(Arc::new(resolver))
}

fn their_client(server: &Key, own: Option<&Key>) -> ClientConfig {
    let provider = provider(|_| {});
    let builder = ClientConfig::builder_with_provider(Arc::clone(&provider));
    let builder = builder.with_protocol_versions(&[&TLS13]).unwrap();
    let builder = builder.dangerous().with_custom_certificate_verifier(knows(server, &provider));
    match own {
        Some(own) => {
            let resolver = AlwaysResolvesClientRawPublicKeys::new(own.theirs(&provider));
            builder.with_client_cert_resolver(Arc::new(resolver))
        }
        None => builder.with_no_client_auth(),
    }
}

fn types(meeting: &Meeting) -> [bool; 2] {
    let types = meeting.negotiated().certificate_types.unwrap();
    [types.server, types.client].map(|of| of == CertificateType::RAW_PUBLIC_KEY)
}

#[test]
fn servers_authenticate_with_a_raw_public_key_of_every_kind() {
    for algorithm in [&PKCS_ECDSA_P256_SHA256, &PKCS_ECDSA_P384_SHA384, &PKCS_ED25519] {
        let key = Key(KeyPair::generate_for(algorithm).unwrap());
        for mut meeting in [
            Meeting::with_server(our_client(&key, None), their_server(&key, None)),
            Meeting::with_client(our_server(&key, None), their_client(&key, None)),
        ] {
            meeting.run();
            meeting.agrees();
            assert_eq!(types(&meeting), [true, false]);
        }
    }
}

#[test]
fn both_ends_authenticate_with_raw_public_keys() {
    let (server, client) = (Key::new(), Key::new());
    for mut meeting in [
        Meeting::with_server(
            our_client(&server, Some(&client)),
            their_server(&server, Some(&client)),
        ),
        Meeting::with_client(
            our_server(&server, Some(&client)),
            their_client(&server, Some(&client)),
        ),
    ] {
        meeting.run();
        meeting.agrees();
        assert_eq!(types(&meeting), [true, true]);
    }
}

#[test]
fn a_server_with_both_gives_each_client_what_it_takes() {
    let root = Authority::root("root");
    let key = Key::new();
    let both = || {
        let mut server = Server::known_by(root.issue(|_| {}).credential());
        server.policy.credentials.push(key.ours());
        server.config.server_certificate_types =
            [CertificateType::X509, CertificateType::RAW_PUBLIC_KEY].into_iter().collect();
        server
    };
    let of_certificates = crate::meeting::client_config(&root, None, provider(|_| {}));
    for (theirs, raw) in [(of_certificates, false), (their_client(&key, None), true)] {
        let mut meeting = Meeting::with_client(both(), theirs);
        meeting.run();
        meeting.agrees();
        assert_eq!(types(&meeting), [raw, false]);
    }
}

/// A server of ours that resumes from the tickets of others with the same keys.
fn resuming(own: &Key) -> Server {
    let mut sealer = TicketSealer::new(countersign::crypto::ring::provider());
    sealer.add_key(&[7; TicketSealer::KEY_BYTES], noon(1980));
    let mut server = our_server(own, None);
    server.policy.resumption =
        Some(Resumption { tickets: Tickets::Sealed(sealer), register: None });
    server
}

#[test]
fn their_client_resumes_and_hears_the_type_again() {
    let key = Key::new();
    let theirs = Arc::new(their_client(&key, None));
    for resumes in [false, true] {
        let server = resuming(&key);
        let ours = Socket::new(server.connection());
        let theirs = crate::meeting::their_client(Arc::clone(&theirs));
        let mut meeting = Meeting::new(Ours::Server(server), ours, theirs);
        meeting.run();
        let order = NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: None };
        meeting.ours.connection.issue_ticket(order).unwrap();
        meeting.agrees();
        assert_eq!(meeting.negotiated().psk.is_some(), resumes);
        assert_eq!(meeting.negotiated().certificate_types.is_none(), resumes);
    }
}

#[test]
fn our_client_resumes_where_it_knows_the_key() {
    let key = Key::new();
    let theirs = Arc::new(their_server(&key, None));
    let mut tickets = Vec::new();
    for resumes in [false, true] {
        let mut client = our_client(&key, None);
        client.destination.psks = tickets.drain(..).map(|ticket: Ticket| ticket.offer(0)).collect();
        let ours = Socket::new(client.connection());
        let theirs = ServerConnection::new(Arc::clone(&theirs)).unwrap();
        let mut meeting = Meeting::new(Ours::Client(client), ours, theirs.into());
        meeting.run();
        meeting.agrees();
        assert_eq!(meeting.negotiated().psk.is_some(), resumes);
        tickets.extend(meeting.ours.facts.into_iter().filter_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        }));
    }
}

#[test]
fn an_unknown_raw_public_key_is_refused() {
    let (known, stranger) = (Key::new(), Key::new());
    let mut meeting = Meeting::with_server(our_client(&known, None), their_server(&stranger, None));
    meeting.run();
    let End::Failed(failure) = meeting.end() else { panic!("{:?}", meeting.end()) };
    assert_eq!(failure.cause, Cause::CertificateUnacceptable);
    let heard = Some(Error::AlertReceived(AlertDescription::CertificateUnknown));
    assert_eq!(meeting.their_fault, heard);

    let mut meeting = Meeting::with_client(our_server(&stranger, None), their_client(&known, None));
    meeting.run();
    let End::Refused(refusal) = meeting.end() else { panic!("{:?}", meeting.end()) };
    assert_eq!(refusal.alert.0, 48);
}

#[test]
fn a_server_without_raw_public_keys_has_no_type_in_common() {
    let root = Authority::root("root");
    let server = Server::known_by(root.issue(|_| {}).credential());
    let mut meeting = Meeting::with_client(server, their_client(&Key::new(), None));
    meeting.run();
    let End::Failed(failure) = meeting.end() else { panic!("{:?}", meeting.end()) };
    assert_eq!(failure.cause, Cause::NoCommonCertificateType);
    let heard = Some(Error::AlertReceived(AlertDescription::UnsupportedCertificate));
    assert_eq!(meeting.their_fault, heard);
}
