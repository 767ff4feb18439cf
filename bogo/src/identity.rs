//! Who the shim is: credentials from files, and the choice among them.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::OsStringExt;

use countersign::policy::{Credential, CredentialFault};
use countersign::registry::SignatureScheme;
use x509_parser::prelude::{FromDer, X509Certificate};

use crate::options::{CredentialOptions, Options};
use crate::stop::Stop;

/// A credential, and when it is to be used.
#[derive(Debug)]
pub(crate) struct Identity {
    /// The place among the credentials of the test; -1 for the default one.
    pub(crate) number: i64,
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
    let configured = all.filter(|(_, credential)| credential.certificate_file.is_some());
    configured.map(|(number, credential)| Identity::load(number, credential)).collect()
}

impl Identity {
    fn load(number: i64, options: &CredentialOptions) -> Result<Self, Stop> {
        let certificates = file(options.certificate_file.as_deref())?;
        let key = file(options.key_file.as_deref())?;
        let mut credential = match Credential::from_pem(&certificates, &key) {
            Err(CredentialFault::KeyUnsupported) => {
                return Err(Stop::Unimplemented(String::from("a key that ring cannot sign with")));
            }
            credential => credential.map_err(|fault| Stop::Failed(format!(":{fault:?}:")))?,
        };
        if let Some(response) = &options.ocsp_response {
            credential = credential.with_ocsp_response(response.clone());
        }
        if let Some(list) = &options.timestamps {
            credential = credential.with_signed_certificate_timestamps(list.clone());
        }
        let able = credential.schemes();
        let schemes = match options.schemes.as_slice() {
            [] => able.to_vec(),
            wanted => wanted.iter().copied().filter(|scheme| able.contains(scheme)).collect(),
        };
        let chain = credential.chain().entries.iter();
        let issuers = chain.filter_map(|entry| issuer(&entry.certificate)).collect();
        Ok(Self {
            number,
            credential,
            schemes,
            must_match_issuer: options.must_match_issuer,
            issuers,
        })
    }

    /// The scheme to sign with for a peer that verifies `schemes` and names `authorities`.
    fn scheme_for(
        &self,
        schemes: &[SignatureScheme],
        authorities: &[&[u8]],
    ) -> Option<SignatureScheme> {
        let issued = || self.issuers.iter().any(|own| authorities.contains(&own.as_slice()));
        if self.must_match_issuer && !issued() {
            return None;
        }
        self.schemes.iter().copied().find(|scheme| schemes.contains(scheme))
    }
}

/// The first credential that will do.
pub(crate) fn choose<'i>(
    identities: &'i [Identity],
    schemes: &[SignatureScheme],
    authorities: &[&[u8]],
) -> Option<(&'i Identity, SignatureScheme)> {
    let fitting = |identity: &'i Identity| {
        identity.scheme_for(schemes, authorities).map(|scheme| (identity, scheme))
    };
    identities.iter().find_map(fitting)
}

/// The certificates of a file, in DER.
pub(crate) fn certificates(path: &[u8]) -> Result<Vec<Vec<u8>>, Stop> {
    use pki_types::CertificateDer;
    use pki_types::pem::PemObject;

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
