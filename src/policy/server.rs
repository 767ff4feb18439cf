//! A server's answers: its credential and protocol for each client, and who may be a client.

use pki_types::UnixTime;

use super::credential::{Credential, first_fitting, of_type};
use super::tickets::{Resumption, TicketContents};
use super::webpki::Roots;
use super::{Answered, sign, verdict};
use crate::epoch::Role;
use crate::handshake::config::ClientAuthentication;
use crate::handshake::decision::{Answer, Decision, HelloRefusal, SelectCredential};
use crate::registry::SignatureScheme;

/// Who a server is, what it speaks, and whom it lets in.
#[derive(Debug, Default)]
pub struct ServerPolicy {
    /// Its credentials, in order of preference; none: the choice is handed back. The types they are
    /// of are also in its
    /// [configuration](crate::handshake::ServerConfig::server_certificate_types).
    pub credentials: Vec<Credential>,
    /// The application protocols it speaks, in order of preference; none: whatever the client
    /// offers is ignored.
    pub application_layer_protocols: Vec<Vec<u8>>,
    /// Whether a client that asks for a name that no credential bears is refused with
    /// `unrecognized_name`; otherwise it is served with any. Raw public keys bear no names, and
    /// serve all that are known.
    pub require_known_name: bool,
    /// Who issues the certificates of clients, and which raw public keys of theirs are known;
    /// `None`: the verdict on them is handed back.
    pub client_roots: Option<Roots>,
    /// How clients that come back are recognized; `None`: they are not, and tickets are left to the
    /// application.
    ///
    /// So they are by a server that asks for certificates: one that resumes has none to look at,
    /// and somebody has to remember it. [`Recognition`](super::Recognition) does.
    pub resumption: Option<Resumption>,
}

impl ServerPolicy {
    /// Answers the question, at the time `now`.
    ///
    /// The credential is one that bears the name the client asks for, exactly or else by a
    /// wildcard, and among those the one for the first scheme in the client's order. A ticket that
    /// resumes goes before any.
    ///
    /// # Errors
    /// The question comes back if the configuration has nothing on it.
    pub fn answer(&self, question: Decision, now: UnixTime) -> Result<Answered, Box<Decision>> {
        match (question, &self.client_roots) {
            (Decision::SelectCredential(question), _) => {
                let asked = question.client_authentication();
                self.choose(question, self.resumption_if(asked), now, |_| true)
            }
            (Decision::Sign(question), _) => sign(&self.credentials, question),
            (Decision::VerifyCertificate(question), Some(roots))
                if question.role() == Role::Server =>
            {
                Ok(verdict(question, roots, now))
            }
            (Decision::SealTicket(question), _) => {
                let asked = question.client_authentication();
                match self.resumption_if(asked) {
                    Some(resumption) => Ok(resumption.seal(question, &[], now).into()),
                    None => Err(Box::new(Decision::SealTicket(question))),
                }
            }
            (question, _) => Err(Box::new(question)),
        }
    }

    /// Nobody who was to show a certificate is recognized without one.
    fn resumption_if(&self, authentication: ClientAuthentication) -> Option<&Resumption> {
        self.resumption.as_ref().filter(|_| authentication == ClientAuthentication::None)
    }

    /// The question comes back if no ticket resumes.
    /// A ticket that resumes and is `welcome`, or else a credential.
    pub(super) fn choose(
        &self,
        question: SelectCredential,
        resumption: Option<&Resumption>,
        now: UnixTime,
        welcome: impl FnOnce(&TicketContents) -> bool,
    ) -> Result<Answered, Box<Decision>> {
        match self.resume(question, resumption, now, welcome) {
            Ok(answer) => Ok(answer.into()),
            Err(question) if self.credentials.is_empty() => {
                Err(Box::new(Decision::SelectCredential(question)))
            }
            Err(question) => Ok(self.select(question).into()),
        }
    }

    /// The question comes back if there is no such ticket.
    fn resume(
        &self,
        question: SelectCredential,
        resumption: Option<&Resumption>,
        now: UnixTime,
        welcome: impl FnOnce(&TicketContents) -> bool,
    ) -> Result<Answer, SelectCredential> {
        let Some(resumption) = resumption else { return Err(question) };
        // Without a protocol in common a certificate does not help either.
        let Ok(protocol) = self.application_layer_protocol(&question) else { return Err(question) };
        let resumable = resumption.open(&question, now);
        let Some(resumable) = resumable.filter(|found| welcome(found.contents())) else {
            return Err(question);
        };
        resumption.accept(question, resumable, protocol, now).map_err(|unfit| unfit.question)
    }

    fn select(&self, question: SelectCredential) -> Answer {
        if !question.accepts_certificate() && question.psk_identities().next().is_some() {
            return question.refuse(HelloRefusal::NoAcceptablePsk);
        }
        let selected = self.credential(&question).and_then(|(credential, scheme)| {
            Ok((credential, scheme, self.application_layer_protocol(&question)?))
        });
        let (credential, scheme, protocol) = match selected {
            Ok(selected) => selected,
            Err(refusal) => return question.refuse(refusal),
        };
        question
            .certificate(credential.certificate().clone(), scheme, protocol)
            .unwrap_or_else(|unfit| unfit.question.refuse(HelloRefusal::Unavailable))
    }

    fn credential(
        &self,
        question: &SelectCredential,
    ) -> Result<(&Credential, SignatureScheme), HelloRefusal> {
        let name = question.server_name();
        let is_known =
            |name| self.credentials.iter().any(|own| own.bears(name) || own.covers(name));
        if self.require_known_name && name.is_some_and(|name| !is_known(name)) {
            return Err(HelloRefusal::NameNotServed);
        }
        let certificate_type =
            question.certificate_type().ok_or(HelloRefusal::NoSuitableCertificate)?;
        let candidates = of_type(&self.credentials, certificate_type);
        let bearing = |bears: fn(&Credential, &[u8]) -> bool| {
            candidates.clone().filter(move |own| name.is_some_and(|name| bears(own, name)))
        };
        let (exact, wildcard) = (bearing(Credential::bears), bearing(Credential::covers));
        let named = exact.clone().chain(wildcard.clone()).next().is_some();
        let any = candidates.clone().filter(|_| !named);
        let schemes = question.signature_schemes();
        let certificate_schemes = question.certificate_signature_schemes();
        let fitting = |tier| first_fitting(tier, schemes.clone(), certificate_schemes.clone());
        fitting(exact)
            .or_else(|| fitting(wildcard))
            .or_else(|| first_fitting(any, schemes.clone(), certificate_schemes.clone()))
            .ok_or(HelloRefusal::NoSuitableCertificate)
    }

    fn application_layer_protocol(
        &self,
        question: &SelectCredential,
    ) -> Result<Option<&[u8]>, HelloRefusal> {
        let offered = question.application_layer_protocols();
        if self.application_layer_protocols.is_empty() || offered.clone().next().is_none() {
            return Ok(None);
        }
        let mut own = self.application_layer_protocols.iter().map(Vec::as_slice);
        let common = own.find(|own| offered.clone().any(|offered| offered == *own));
        common.map(Some).ok_or(HelloRefusal::NoApplicationProtocol)
    }
}
