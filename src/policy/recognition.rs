//! Clients that show a certificate once, and a ticket when they come back.

use pki_types::{CertificateDer, UnixTime};

use super::Answered;
use super::server::ServerPolicy;
use super::webpki::{Purpose, Roots};
use crate::codec::{Reader, Writer};
use crate::epoch::Role;
use crate::failure::Cause;
use crate::handshake::config::ClientAuthentication;
use crate::handshake::decision::Decision;

/// Who the client of one connection is.
///
/// It answers for a [`ServerPolicy`] that asks for certificates, and remembers which one was
/// accepted. Tickets carry it, so a client that resumes is known without showing it again (RFC 9846
/// §4.4.2): its certificate is validated once more, at that time, against the roots and revocation
/// lists of that time. Where it is no longer good, or there is none and one is required, the ticket
/// is passed over and the handshake asks for one.
#[derive(Debug, Default)]
pub struct Recognition {
    certificates: Vec<CertificateDer<'static>>,
}

impl Recognition {
    /// The client's certificates, end entity first; empty: none was accepted.
    ///
    /// Of a client that resumes they are known with the answer to `SelectCredential`, and certain
    /// once the connection tells that this PSK is negotiated.
    #[must_use]
    pub fn certificates(&self) -> &[CertificateDer<'static>] {
        &self.certificates
    }

    /// Answers the question, at the time `now`, as [`ServerPolicy::answer`] does, and whatever is
    /// asked for of clients.
    ///
    /// # Errors
    /// The question comes back if the configuration has nothing on it.
    pub fn answer(
        &mut self,
        policy: &ServerPolicy,
        question: Decision,
        now: UnixTime,
    ) -> Result<Answered, Box<Decision>> {
        match (question, &policy.resumption) {
            (Decision::SelectCredential(question), resumption) => {
                let asked = question.client_authentication();
                policy.choose(question, resumption.as_ref(), now, |ticket| {
                    self.recognizes(ticket.application(), policy.client_roots.as_ref(), asked, now)
                })
            }
            (Decision::SealTicket(question), Some(resumption)) => match self.to_bytes() {
                Some(bytes) => Ok(resumption.seal(question, &bytes, now).into()),
                None => Ok(question.decline().into()),
            },
            (Decision::VerifyCertificate(question), _) if question.role() == Role::Server => {
                let certificates =
                    question.certificates().map(CertificateDer::into_owned).collect();
                let answered = policy.answer(Decision::VerifyCertificate(question), now)?;
                if answered.rejection.is_none() {
                    self.certificates = certificates;
                }
                Ok(answered)
            }
            (question, _) => policy.answer(question, now),
        }
    }

    /// Whether a client with this in its ticket needs no certificate; it is then remembered.
    fn recognizes(
        &mut self,
        application: &[u8],
        roots: Option<&Roots>,
        asked: ClientAuthentication,
        now: UnixTime,
    ) -> bool {
        let Ok(certificates) = certificates(Reader::new(application)) else { return false };
        let is_welcome = match roots {
            _ if certificates.is_empty() => asked != ClientAuthentication::Require,
            Some(roots) => roots.validate(&certificates, Purpose::Client, now).is_ok(),
            None => false,
        };
        if is_welcome {
            self.certificates = certificates;
        }
        is_welcome
    }

    /// `None` if a certificate does not fit its length.
    fn to_bytes(&self) -> Option<Vec<u8>> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        for certificate in &self.certificates {
            writer.vector24(|writer| writer.raw(certificate));
        }
        (!writer.overflowed()).then_some(bytes)
    }
}

fn certificates(mut reader: Reader<'_>) -> Result<Vec<CertificateDer<'static>>, Cause> {
    let mut certificates = Vec::new();
    while !reader.is_empty() {
        certificates.push(CertificateDer::from(reader.vector24()?.rest().to_vec()));
    }
    Ok(certificates)
}
