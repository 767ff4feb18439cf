//! Authorities and certificates, made as the tests run; what cannot be made so is read from
//! `vectors/certificates`. All are valid from 2020 to 2039 unless a test says otherwise.

use countersign::handshake::decision::CertificateChain;
use countersign::policy::{Credential, Roots};
use pem::Pem;
use pki_types::pem::PemObject;
use pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, UnixTime};
use rcgen::{
    BasicConstraints, CertificateParams, CertificateRevocationListParams, CertifiedIssuer, DnType,
    ExtendedKeyUsagePurpose, IsCa, KeyIdMethod, KeyPair, KeyUsagePurpose, PKCS_ECDSA_P384_SHA384,
    RevokedCertParams, SerialNumber, SignatureAlgorithm, date_time_ymd,
};

/// The name that leaves bear, unless a test says otherwise.
pub const NAME: &str = "server.example";

/// Noon of the first of January, UTC, of a year from 1970 on.
#[must_use]
pub fn noon(year: u64) -> UnixTime {
    let leap_days = (year - 1969) / 4;
    let seconds = ((year - 1970) * 365 + leap_days) * 86_400 + 43_200;
    UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds))
}

/// An authority, with the certificates that lead to it from below, its own first.
pub struct Authority {
    issuer: CertifiedIssuer<'static, KeyPair>,
    /// The way from it to its root, without the root.
    pub path: Vec<CertificateDer<'static>>,
}

/// A certificate, the way to its root without the root, and its key.
pub struct Issued {
    /// The certificates, end entity first.
    pub chain: Vec<CertificateDer<'static>>,
    /// The key of the first.
    pub key: KeyPair,
}

impl Authority {
    /// A root with a key of P-256.
    #[must_use]
    pub fn root(name: &str) -> Self {
        Self::root_with(name, KeyPair::generate().unwrap())
    }

    /// A root with this key.
    #[must_use]
    pub fn root_with(name: &str, key: KeyPair) -> Self {
        let issuer = CertifiedIssuer::self_signed(authority_params(name), key).unwrap();
        Self { path: Vec::new(), issuer }
    }

    /// An authority below this one.
    #[must_use]
    pub fn intermediate(&self, name: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let issuer = CertifiedIssuer::signed_by(authority_params(name), key, &self.issuer).unwrap();
        let path = [issuer.der().clone()].into_iter().chain(self.path.iter().cloned()).collect();
        Self { path, issuer }
    }

    /// Its own certificate.
    #[must_use]
    pub fn certificate(&self) -> &CertificateDer<'static> {
        self.issuer.der()
    }

    /// Its own certificate in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        certificates_in_pem(std::slice::from_ref(self.certificate()))
    }

    /// A leaf with a key of P-256, for servers and clients, changed in one point.
    pub fn issue(&self, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        self.issue_to(KeyPair::generate().unwrap(), change)
    }

    /// A leaf with a new key of this kind and these names.
    #[must_use]
    pub fn issue_for(&self, algorithm: &'static SignatureAlgorithm, names: &[&str]) -> Issued {
        let names = CertificateParams::new(owned(names)).unwrap().subject_alt_names;
        let key = KeyPair::generate_for(algorithm).unwrap();
        self.issue_to(key, |params| params.subject_alt_names = names)
    }

    /// A leaf with this key, changed in one point.
    pub fn issue_to(&self, key: KeyPair, change: impl FnOnce(&mut CertificateParams)) -> Issued {
        let mut params = params("leaf", owned(&[NAME]));
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages =
            vec![ExtendedKeyUsagePurpose::ServerAuth, ExtendedKeyUsagePurpose::ClientAuth];
        change(&mut params);
        let leaf = params.signed_by(&key, &self.issuer).unwrap();
        let path = self.path.iter().cloned();
        Issued { chain: [leaf.der().clone()].into_iter().chain(path).collect(), key }
    }

    /// A revocation list in DER, issued in 2025 and valid to 2035.
    #[must_use]
    pub fn revoke(&self, serials: &[u64]) -> Vec<u8> {
        let revoked = |serial: &u64| RevokedCertParams {
            serial_number: SerialNumber::from(*serial),
            revocation_time: date_time_ymd(2025, 1, 1),
            reason_code: None,
            invalidity_date: None,
        };
        let params = CertificateRevocationListParams {
            this_update: date_time_ymd(2025, 1, 1),
            next_update: date_time_ymd(2035, 1, 1),
            crl_number: SerialNumber::from(1),
            issuing_distribution_point: None,
            revoked_certs: serials.iter().map(revoked).collect(),
            key_identifier_method: KeyIdMethod::Sha256,
        };
        params.signed_by(&self.issuer).unwrap().der().to_vec()
    }
}

impl Issued {
    /// The end entity.
    #[must_use]
    pub fn leaf(&self) -> &CertificateDer<'static> {
        &self.chain[0]
    }

    /// The key, in PKCS #8.
    #[must_use]
    pub fn private_key(&self) -> PrivateKeyDer<'static> {
        PrivatePkcs8KeyDer::from(self.key.serialize_der()).into()
    }

    /// The certificates and the key in PEM.
    #[must_use]
    pub fn pem(&self) -> String {
        [certificates_in_pem(&self.chain), self.key.serialize_pem()].concat()
    }

    /// Both, as a policy takes them.
    #[must_use]
    pub fn credential(&self) -> Credential {
        let chain: CertificateChain = self.chain.iter().cloned().collect();
        Credential::new(chain, &self.private_key()).unwrap()
    }
}

/// One certificate for each kind of key that the default provider has, with its key in PEM, issued
/// by `root` or by `root.pem` of the vectors; and both roots.
#[must_use]
pub fn every_kind(root: &Authority) -> (Vec<(&'static str, String)>, String) {
    let vector = |name| String::from_utf8(vector(name)).unwrap();
    let kinds = vec![
        ("ECDSA on P-256", root.issue(|_| {}).pem()),
        ("ECDSA on P-384", root.issue_for(&PKCS_ECDSA_P384_SHA384, &[NAME]).pem()),
        ("Ed25519", [vector("ed25519.pem"), vector("ed25519.key.pem")].concat()),
        ("RSA", [vector("rsa-2048.pem"), vector("rsa-2048.key.pem")].concat()),
        ("RSA-PSS", [vector("rsa-pss.pem"), vector("rsa-pss.key.pem")].concat()),
    ];
    (kinds, [root.pem(), vector("root.pem")].concat())
}

/// Certificates in PEM.
fn certificates_in_pem(certificates: &[CertificateDer<'_>]) -> String {
    certificates.iter().map(|der| pem::encode(&Pem::new("CERTIFICATE", der.to_vec()))).collect()
}

/// Trust in one authority.
///
/// # Panics
/// If it is none.
#[must_use]
pub fn trusting(authority: &Authority) -> Roots {
    let mut roots = Roots::default();
    roots.add(authority.certificate()).unwrap();
    roots
}

/// A leaf that nobody else vouches for.
#[must_use]
pub fn self_signed() -> Issued {
    let key = KeyPair::generate().unwrap();
    let certificate = params("self-signed", owned(&[NAME])).self_signed(&key).unwrap();
    Issued { chain: vec![certificate.der().clone()], key }
}

/// A file of `vectors/certificates`.
#[must_use]
pub fn vector(name: &str) -> Vec<u8> {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/../vectors/certificates/");
    std::fs::read([directory, name].concat()).unwrap()
}

/// The certificate in a file of `vectors/certificates`.
#[must_use]
pub fn vector_certificate(name: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(&vector(name)).unwrap()
}

/// The RSA key in a file of `vectors/certificates`, with which authorities can sign as well.
#[must_use]
pub fn vector_key(name: &str) -> KeyPair {
    KeyPair::from_pem(&String::from_utf8(vector(name)).unwrap()).unwrap()
}

fn authority_params(name: &str) -> CertificateParams {
    let mut params = params(name, Vec::new());
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    params
}

fn params(common_name: &str, names: Vec<String>) -> CertificateParams {
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2039, 1, 1);
    params
}

fn owned(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| String::from(*name)).collect()
}
