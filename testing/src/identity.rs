//! A certificate and its key, and ready answers to every question.

use std::sync::{Arc, OnceLock};

use countersign::crypto::ring::TLS_AES_128_GCM_SHA256;
use countersign::handshake::decision::{Answer, CertificateChain, Decision, OwnCertificate};
use countersign::handshake::psk::{EarlyDataTerms, PreSharedKey};
use countersign::registry::{CertificateType, SignatureScheme};
use pki_types::SubjectPublicKeyInfoDer;
use rcgen::{CertificateParams, KeyPair, PublicKeyData, SigningKey};

/// A self-signed P-256 certificate for `example.com`, and its key.
#[derive(Debug)]
pub struct Identity {
    /// The chain, of one certificate.
    pub chain: Arc<CertificateChain>,
    key: KeyPair,
}

impl Identity {
    /// One identity for all tests of a process: making keys costs time.
    ///
    /// # Panics
    /// If the certificate cannot be made.
    #[must_use]
    pub fn example() -> &'static Self {
        static IDENTITY: OnceLock<Identity> = OnceLock::new();
        IDENTITY.get_or_init(|| {
            let key = KeyPair::generate().expect("a key");
            let params = CertificateParams::new([String::from("example.com")]).expect("a name");
            let certificate = params.self_signed(&key).expect("a certificate");
            let chain = std::iter::once(certificate.der().clone()).collect();
            Self { chain: Arc::new(chain), key }
        })
    }

    /// The key of the certificate, by itself.
    #[must_use]
    pub fn raw_public_key(&self) -> SubjectPublicKeyInfoDer<'static> {
        self.key.subject_public_key_info().into()
    }

    /// What it has of this type.
    #[must_use]
    pub fn certificate(&self, certificate_type: CertificateType) -> OwnCertificate {
        match certificate_type {
            CertificateType::RAW_PUBLIC_KEY => self.raw_public_key().into(),
            _ => Arc::clone(&self.chain).into(),
        }
    }

    /// Signs as `ecdsa_secp256r1_sha256`.
    ///
    /// # Panics
    /// If the key does not sign.
    #[must_use]
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        self.key.sign(message).expect("a signature")
    }

    /// The name of the key that every identity knows.
    pub const KEY_NAME: &[u8] = b"a key that both ends know";

    /// The key of that name, for [`TLS_AES_128_GCM_SHA256`] and a thousand bytes of early data.
    ///
    /// # Panics
    /// If the key is refused.
    #[must_use]
    pub fn key() -> PreSharedKey {
        let terms = EarlyDataTerms { max_bytes: 1_000, application_layer_protocol: None };
        let key = PreSharedKey::raw_external(&[0x6b; 32], &TLS_AES_128_GCM_SHA256);
        key.expect("a key of 32 bytes").with_early_data(terms)
    }

    /// Where the named key is offered, it is taken, with its early data. Accepts, selects this
    /// identity, of the type that is wanted, and no protocol, signs, gives a ticket of eight bytes,
    /// and cookies as they are.
    ///
    /// # Panics
    /// If the peer does not take `ecdsa_secp256r1_sha256`.
    pub fn answer(&self, decision: Decision) -> Answer {
        let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
        match decision {
            Decision::VerifyCertificate(question) => question.accept(),
            Decision::SelectCredential(question) => {
                let mut names = question.psk_identities();
                if let Some(index) = names.position(|psk| psk.identity == Self::KEY_NAME) {
                    drop(names);
                    return question.psk(index, Self::key(), None, true).expect("it is offered");
                }
                drop(names);
                let certificate_type = question.certificate_type().expect("one in common");
                let certificate = self.certificate(certificate_type);
                question.certificate(certificate, scheme, None).expect("the scheme is offered")
            }
            Decision::SelectClientCredential(question) => {
                let certificate = self.certificate(question.certificate_type());
                question.certificate(certificate, scheme).expect("the scheme is offered")
            }
            Decision::Sign(question) => {
                let signature = self.sign(question.message());
                question.signature(signature)
            }
            Decision::SealTicket(question) => {
                question.sealed(b"a ticket".to_vec()).expect("a ticket of eight bytes")
            }
            // Whoever trusts the client keeps nothing from it.
            Decision::SealCookie(question) => {
                let contents = question.contents().to_vec();
                question.sealed(contents).expect("a cookie of a hundred bytes")
            }
            Decision::OpenCookie(question) => {
                let contents = question.cookie().to_vec();
                question.opened(contents)
            }
            other => panic!("a question without an answer: {other:?}"),
        }
    }
}
