//! Who the shim is: certificates and external keys, in order of preference.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;

use countersign::crypto::ring::{TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384};
use countersign::crypto::{Secret, Suite};
use countersign::handshake::psk::{ExternalKey, OfferedPsk};
use countersign::policy::{Credential, CredentialFault};
use countersign::registry::{CertificateType, SignatureScheme};
use pki_types::pem::PemObject;
use pki_types::{CertificateDer, PrivateKeyDer, SubjectPublicKeyInfoDer};
use rcgen::{KeyPair, PublicKeyData};
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::compliance::Policy;
use crate::options::{CredentialOptions, Options};
use crate::stop::Stop;

/// A way to authenticate.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The place among the credentials of the test; -1 for the default one.
    pub(crate) number: i64,
    pub(crate) proof: Proof,
}

#[derive(Debug)]
pub(crate) enum Proof {
    Certificate(Certified),
    ExternalKey(ExternalKey),
}

/// A certificate, and when it is to be used.
#[derive(Debug)]
pub(crate) struct Certified {
    pub(crate) credential: Credential,
    /// What it signs with, in order of preference.
    schemes: Vec<SignatureScheme>,
    /// It is for peers that name an issuer of its chain.
    must_match_issuer: bool,
    issuers: Vec<Vec<u8>>,
}

/// The credentials of a connection, in order of preference.
pub(crate) fn identities(options: &Options) -> Result<Vec<Identity>, Stop> {
    let numbered = (0..).zip(&options.credentials);
    let all = numbered.chain(core::iter::once((-1, &options.default_credential)));
    let mut identities = Vec::new();
    for (number, credential) in all {
        if credential.external_key.is_some() {
            let proof = Proof::ExternalKey(external_key(credential)?);
            identities.push(Identity { number, proof });
        } else if credential.certificate_file.is_some() || credential.is_raw_public_key {
            let proof = Proof::Certificate(Certified::load(credential, options.policy)?);
            identities.push(Identity { number, proof });
        }
    }
    Ok(identities)
}

/// The suites that stand for the hashes which external keys are imported for.
const TARGETS: [&Suite; 2] = [&TLS_AES_128_GCM_SHA256, &TLS_AES_256_GCM_SHA384];

impl Identity {
    /// What a client offers of it in its ClientHello.
    pub(crate) fn offers(&self) -> Result<Vec<OfferedPsk>, Stop> {
        let Proof::ExternalKey(key) = &self.proof else { return Ok(Vec::new()) };
        TARGETS.into_iter().map(|target| key.import(target).map_err(Stop::from)).collect()
    }

    /// Whether this is the external key of that imported identity.
    pub(crate) fn is_imported_as(&self, identity: &[u8]) -> bool {
        self.offers().is_ok_and(|offers| offers.iter().any(|psk| psk.identity() == identity))
    }

    pub(crate) const fn certified(&self) -> Option<&Certified> {
        match &self.proof {
            Proof::Certificate(certified) => Some(certified),
            Proof::ExternalKey(_) => None,
        }
    }
}

impl Certified {
    fn load(options: &CredentialOptions, policy: Option<&Policy>) -> Result<Self, Stop> {
        let key = file(options.key_file.as_deref())?;
        let credential = match options.is_raw_public_key {
            true => raw_public_key(&key),
            false => Credential::from_pem(&file(options.certificate_file.as_deref())?, &key),
        };
        let mut credential = match credential {
            Err(CredentialFault::KeyUnsupported) => {
                return Err(Stop::Unimplemented(String::from("a key that ring cannot sign with")));
            }
            credential => credential.map_err(|fault| Stop::Failed(format!(":{fault:?}:")))?,
        };
        if let Some(response) = &options.ocsp_response {
            credential = credential.with_ocsp_response(response.clone());
        }
        if let Some(list) = &options.timestamps {
            let stapled = credential.with_signed_certificate_timestamps(list.clone());
            credential = stapled.map_err(|fault| Stop::Failed(format!(":{fault:?}:")))?;
        }
        if options.schemes.contains(&SignatureScheme::RSA_PKCS1_SHA256_LEGACY) {
            let legacy = credential.with_schemes(options.schemes.clone());
            credential = legacy.map_err(|fault| Stop::broken(fault.to_string()))?;
        }
        let able = credential.schemes();
        let mut schemes: Vec<_> = match options.schemes.as_slice() {
            [] => able.to_vec(),
            wanted => wanted.iter().copied().filter(|scheme| able.contains(scheme)).collect(),
        };
        schemes.retain(|scheme| policy.is_none_or(|policy| policy.permits_scheme(*scheme)));
        let chain = credential.certificate().entries().iter();
        let issuers = chain.filter_map(|entry| issuer(&entry.certificate)).collect();
        let must_match_issuer = options.must_match_issuer;
        Ok(Self { credential, schemes, must_match_issuer, issuers })
    }

    /// The scheme to sign with for a peer that takes certificates of this type, verifies `schemes`
    /// and names `authorities`.
    pub(crate) fn scheme_for(
        &self,
        certificate_type: CertificateType,
        schemes: &[SignatureScheme],
        authorities: &[&[u8]],
    ) -> Option<SignatureScheme> {
        if self.credential.certificate().certificate_type() != certificate_type {
            return None;
        }
        let issued = || self.issuers.iter().any(|own| authorities.contains(&own.as_slice()));
        if self.must_match_issuer && !issued() {
            return None;
        }
        self.schemes.iter().copied().find(|scheme| schemes.contains(scheme))
    }
}

/// The raw public key that goes with the private key of a file.
fn raw_public_key(key: &[u8]) -> Result<Credential, CredentialFault> {
    let text = core::str::from_utf8(key).map_err(|_| CredentialFault::Pem)?;
    let pair = KeyPair::from_pem(text).map_err(|_| CredentialFault::KeyUnsupported)?;
    let public = SubjectPublicKeyInfoDer::from(pair.subject_public_key_info());
    let private = PrivateKeyDer::from_pem_slice(key).map_err(|_| CredentialFault::Pem)?;
    Credential::new(public, &private)
}

fn external_key(options: &CredentialOptions) -> Result<ExternalKey, Stop> {
    let secret = options.external_key.as_deref().and_then(Secret::copied_from);
    let [sha256, sha384] = TARGETS;
    Ok(ExternalKey {
        identity: options.external_identity.clone(),
        context: options.external_context.clone(),
        secret: secret.ok_or_else(|| Stop::broken("-psk-importer-key"))?,
        suite: if options.external_key_is_for_sha384 { sha384 } else { sha256 },
    })
}

/// The certificates of a file, in DER.
pub(crate) fn certificates(path: &[u8]) -> Result<Vec<Vec<u8>>, Stop> {
    let text = file(Some(path))?;
    let certificates: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&text).collect();
    let certificates = certificates.map_err(|error| Stop::broken(error.to_string()))?;
    Ok(certificates.iter().map(|certificate| certificate.to_vec()).collect())
}

fn file(path: Option<&[u8]>) -> Result<Vec<u8>, Stop> {
    let path = path.ok_or_else(|| Stop::broken("a credential without a file"))?;
    Ok(fs::read(OsString::from_vec(path.to_vec()))?)
}

fn issuer(certificate: &[u8]) -> Option<Vec<u8>> {
    let (_, certificate) = X509Certificate::from_der(certificate).ok()?;
    Some(certificate.issuer().as_raw().to_vec())
}
