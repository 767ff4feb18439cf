//! The end under test made of rustls.

use std::io::Read;
use std::sync::Arc;

use countersign::epoch::Role;
use countersign::handshake::config::ClientAuthentication;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{ClientConfig, ClientConnection, Resumption};
use rustls::crypto::verify_tls13_signature;
use rustls::server::danger::{ClientCertVerified, ClientCertVerifier};
use rustls::server::{NoServerSessionStorage, ServerConfig, ServerConnection};
use rustls::sign::{CertifiedKey, Signer, SigningKey, SingleCertAndKey};
use rustls::time_provider::TimeProvider;
use rustls::{
    Connection, DigitallySignedStruct, DistinguishedName, Error, HandshakeKind, SignatureAlgorithm,
    SignatureScheme,
};

use crate::differential::options::Options;
use crate::differential::provider::{ALGORITHMS, provider};
use crate::differential::subject::{Standing, Values};
use crate::insecure::{CERTIFICATE, sign};

pub(super) struct Theirs {
    connection: Connection,
    /// What it does not say after all of it is read.
    closed: bool,
    error: Option<Error>,
}

impl Theirs {
    pub(super) fn new(options: &Options) -> Self {
        let connection = match options.role {
            Role::Client => {
                let name = ServerName::try_from("example.com").expect("a DNS name");
                let connection = ClientConnection::new(client(options), name);
                Connection::Client(connection.expect("a client"))
            }
            Role::Server => {
                Connection::Server(ServerConnection::new(server(options)).expect("a server"))
            }
        };
        Self { connection, closed: false, error: None }
    }

    pub(super) fn exchange(&mut self, mut records: &[u8]) -> Vec<u8> {
        while !records.is_empty() && self.error.is_none() && !self.closed {
            self.connection.read_tls(&mut records).expect("bytes in memory");
            match self.connection.process_new_packets() {
                Ok(state) => self.closed |= state.peer_has_closed(),
                Err(error) => self.error = Some(error),
            }
            let _nothing_more = self.connection.reader().read_to_end(&mut Vec::new());
        }
        let mut output = Vec::new();
        while self.connection.wants_write() {
            self.connection.write_tls(&mut output).expect("bytes in memory");
        }
        output
    }

    pub(super) fn standing(&self) -> Standing {
        match &self.error {
            Some(Error::AlertReceived(_)) => Standing::Told,
            Some(error) => Standing::Failed(format!("{error:?}")),
            None if self.closed => Standing::Told,
            None if self.connection.is_handshaking() => Standing::Waiting,
            None => Standing::Complete(self.values()),
        }
    }

    fn values(&self) -> Values {
        let connection = &self.connection;
        let suite = connection.negotiated_cipher_suite().expect("a suite");
        let group = connection.negotiated_key_exchange_group();
        let certificates = connection.peer_certificates().unwrap_or_default().iter();
        let kind = connection.handshake_kind();
        Values {
            cipher_suite: u16::from(suite.suite()),
            group: group.map(|group| u16::from(group.name())),
            application_layer_protocol: connection.alpn_protocol().map(<[u8]>::to_vec),
            retried: kind == Some(HandshakeKind::FullWithHelloRetryRequest),
            peer_certificates: certificates.map(|der| der.to_vec()).collect(),
        }
    }
}

fn client(options: &Options) -> Arc<ClientConfig> {
    let provider = provider(options.suites(options.role), options.groups(options.role));
    let builder = ClientConfig::builder_with_details(Arc::new(provider), Arc::new(Epoch))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("suites of TLS 1.3")
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(AnyCertificate { is_required: true }));
    let mut config = match options.has_credential {
        true => builder.with_client_cert_resolver(Arc::new(identity())),
        false => builder.with_no_client_auth(),
    };
    config.alpn_protocols = protocols(options);
    config.resumption = Resumption::disabled();
    config.enable_sni = options.names_server;
    Arc::new(config)
}

fn server(options: &Options) -> Arc<ServerConfig> {
    let provider = provider(options.suites(options.role), options.groups(options.role));
    let builder = ServerConfig::builder_with_details(Arc::new(provider), Arc::new(Epoch))
        .with_protocol_versions(&[&rustls::version::TLS13])
        .expect("suites of TLS 1.3");
    let is_required = options.client_authentication == ClientAuthentication::Require;
    let builder = match options.client_authentication {
        ClientAuthentication::None => builder.with_no_client_auth(),
        _ => builder.with_client_cert_verifier(Arc::new(AnyCertificate { is_required })),
    };
    let mut config = builder.with_cert_resolver(Arc::new(identity()));
    config.alpn_protocols = protocols(options);
    config.send_tls13_tickets = 0;
    config.session_storage = Arc::new(NoServerSessionStorage {});
    Arc::new(config)
}

fn protocols(options: &Options) -> Vec<Vec<u8>> {
    options.protocols.iter().map(|name| name.as_bytes().to_vec()).collect()
}

/// It is always the same time.
#[derive(Debug)]
struct Epoch;

impl TimeProvider for Epoch {
    fn current_time(&self) -> Option<UnixTime> {
        Some(UnixTime::since_unix_epoch(std::time::Duration::from_secs(1 << 30)))
    }
}

fn identity() -> SingleCertAndKey {
    let chain = vec![CertificateDer::from(CERTIFICATE)];
    let mut certified = CertifiedKey::new(chain, Arc::new(Key));
    certified.ocsp = Some(b"a response".to_vec());
    SingleCertAndKey::from(certified)
}

/// The key of the certificate.
#[derive(Debug)]
struct Key;

impl SigningKey for Key {
    fn choose_scheme(&self, offered: &[SignatureScheme]) -> Option<Box<dyn Signer>> {
        offered.contains(&SignatureScheme::ED25519).then(|| Box::new(Self) as Box<dyn Signer>)
    }

    fn algorithm(&self) -> SignatureAlgorithm {
        SignatureAlgorithm::ED25519
    }
}

impl Signer for Key {
    fn sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        Ok(sign(message))
    }

    fn scheme(&self) -> SignatureScheme {
        SignatureScheme::ED25519
    }
}

/// Every certificate is accepted whose holder has its key.
#[derive(Debug)]
struct AnyCertificate {
    is_required: bool,
}

impl ServerCertVerifier for AnyCertificate {
    fn verify_server_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: &ServerName<'_>,
        _: &[u8],
        _: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        _: &[u8],
        _: &CertificateDer<'_>,
        _: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        Err(Error::General(String::from("a signature of TLS 1.2")))
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, proof, &ALGORITHMS)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ALGORITHMS.supported_schemes()
    }
}

impl ClientCertVerifier for AnyCertificate {
    fn client_auth_mandatory(&self) -> bool {
        self.is_required
    }

    fn root_hint_subjects(&self) -> &[DistinguishedName] {
        &[]
    }

    fn verify_client_cert(
        &self,
        _: &CertificateDer<'_>,
        _: &[CertificateDer<'_>],
        _: UnixTime,
    ) -> Result<ClientCertVerified, Error> {
        Ok(ClientCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        ServerCertVerifier::verify_tls12_signature(self, message, certificate, proof)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        proof: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, proof, &ALGORITHMS)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        ALGORITHMS.supported_schemes()
    }
}
