//! A client's answers: which servers it trusts, and its credential for those that ask for one.

use pki_types::UnixTime;

use super::credential::{Credential, first_fitting, of_type};
use super::webpki::Roots;
use super::{Answered, sign, verdict};
use crate::epoch::Role;
use crate::handshake::decision::{Answer, Decision, OwnCertificate, SelectClientCredential};

/// Which servers a client trusts, and who it is to them.
#[derive(Debug)]
pub struct ClientPolicy {
    /// Which servers it trusts.
    pub servers: ServerTrust,
    /// Its credentials, in order of preference; none: it stays without a certificate. The types
    /// they are of are also in its
    /// [configuration](crate::handshake::ClientConfig::client_certificate_types).
    pub credentials: Vec<Credential>,
}

/// Which servers a client trusts.
#[derive(Debug)]
pub enum ServerTrust {
    /// Those with a path to one of the roots, under the name that was asked for, and those with one
    /// of its raw public keys.
    Roots(Roots),
    /// The application decides: the question is handed back.
    Application,
    /// **Every server, whoever it is.** It still proves that it holds the key of its certificate,
    /// but anyone on the way to the right server can be that server.
    DangerouslyAcceptAnyServer,
}

impl ClientPolicy {
    /// Answers the question, at the time `now`.
    ///
    /// The credential is one that an authority the server names has issued, if it names any, and
    /// has the key usages that the server asks for; or a raw public key if it asks for that. Among
    /// those it is the one for the first scheme in the server's order.
    ///
    /// # Errors
    /// The question comes back if the configuration has nothing on it.
    pub fn answer(&self, question: Decision, now: UnixTime) -> Result<Answered, Box<Decision>> {
        match question {
            Decision::VerifyCertificate(question) if question.role() == Role::Client => match &self
                .servers
            {
                ServerTrust::Roots(roots) => Ok(verdict(question, roots, now)),
                ServerTrust::Application => Err(Box::new(Decision::VerifyCertificate(question))),
                ServerTrust::DangerouslyAcceptAnyServer => Ok(question.accept().into()),
            },
            Decision::SelectClientCredential(question) => Ok(self.select(question).into()),
            Decision::Sign(question) => sign(&self.credentials, question),
            question => Err(Box::new(question)),
        }
    }

    fn select(&self, question: SelectClientCredential) -> Answer {
        let authorities: Vec<_> = question.certificate_authorities().collect();
        let fits = |own: &&Credential| match own.certificate() {
            OwnCertificate::Chain(chain) => {
                let mut end_entity = chain.entries.iter().take(1);
                (authorities.is_empty() || own.is_issued_by(&authorities))
                    && end_entity.all(|own| question.oid_filters_are_met_by(&own.certificate))
            }
            OwnCertificate::RawPublicKey(_) => true,
        };
        let candidates = of_type(&self.credentials, question.certificate_type());
        let candidates: Vec<_> = candidates.filter(fits).collect();
        let schemes: Vec<_> = question.signature_schemes().collect();
        let certificate_schemes: Vec<_> = question.certificate_signature_schemes().collect();
        match first_fitting(&candidates, &schemes, &certificate_schemes) {
            Some((credential, scheme)) => question
                .certificate(credential.certificate().clone(), scheme)
                .unwrap_or_else(|unfit| unfit.question.unavailable()),
            None => question.decline(),
        }
    }
}
