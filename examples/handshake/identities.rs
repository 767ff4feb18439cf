//! Authorities and the certificates they issue, made anew for each conversation.

use std::error::Error;

use countersign::handshake::decision::CertificateChain;
use countersign::policy::{Credential, Roots};
use pki_types::PrivatePkcs8KeyDer;
use rcgen::{
    BasicConstraints, CertificateParams, CertifiedIssuer, DnType, ExtendedKeyUsagePurpose, IsCa,
    KeyPair, KeyUsagePurpose, date_time_ymd,
};

/// The name that the server serves.
pub(crate) const SERVER_NAME: &str = "example.com";

/// What a certificate is for.
pub(crate) type Purpose = ExtendedKeyUsagePurpose;

/// Someone who issues certificates.
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    pub(crate) fn new(name: &str) -> Result<Self, Box<dyn Error>> {
        let mut params = named(name)?;
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        params.key_usages = vec![KeyUsagePurpose::KeyCertSign];
        Ok(Self(CertifiedIssuer::self_signed(params, KeyPair::generate()?)?))
    }

    /// Trust in this authority.
    pub(crate) fn roots(&self) -> Result<Roots, Box<dyn Error>> {
        let mut roots = Roots::default();
        roots.add(self.0.der())?;
        Ok(roots)
    }

    /// A certificate for `subject`, valid until the end of the year `last_year`, and its key.
    pub(crate) fn issue(
        &self,
        subject: &str,
        purpose: Purpose,
        last_year: i32,
    ) -> Result<Credential, Box<dyn Error>> {
        let mut params = named(subject)?;
        if subject == SERVER_NAME {
            params.subject_alt_names =
                CertificateParams::new([String::from(subject)])?.subject_alt_names;
        }
        params.not_after = date_time_ymd(last_year, 12, 31);
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
        params.extended_key_usages = vec![purpose];
        let key = KeyPair::generate()?;
        let chain = [params.signed_by(&key, &self.0)?.der().clone()];
        let key = PrivatePkcs8KeyDer::from(key.serialize_der()).into();
        Ok(Credential::new(chain.into_iter().collect::<CertificateChain>(), &key)?)
    }
}

fn named(subject: &str) -> Result<CertificateParams, Box<dyn Error>> {
    let mut params = CertificateParams::new(Vec::new())?;
    params.distinguished_name = rcgen::DistinguishedName::new();
    params.distinguished_name.push(DnType::CommonName, subject);
    params.not_before = date_time_ymd(2020, 1, 1);
    params.not_after = date_time_ymd(2099, 12, 31);
    Ok(params)
}
