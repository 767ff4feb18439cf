//! Ready answers to the questions of a handshake, from a configuration: paths validated by webpki,
//! raw public keys known by their bytes, credentials from PEM, tickets sealed and stored.
//!
//! A policy answers what its configuration settles and hands every other question back, so an
//! application can take what it wants for itself, before or after, and leave the rest.

#[cfg(feature = "conformance")]
pub mod asked;
mod client;
mod cookies;
mod credential;
mod inspection;
mod recognition;
mod sealing;
mod server;
mod signer;
mod tickets;
mod verified;
mod webpki;

use pki_types::UnixTime;

pub use self::client::{ClientPolicy, ServerTrust};
pub use self::cookies::CookieSealer;
pub use self::credential::{Credential, CredentialFault};
pub use self::inspection::{Inspection, Rejection};
pub use self::recognition::Recognition;
pub use self::server::ServerPolicy;
pub use self::tickets::{
    IssuedTickets, ReceivedTickets, ReplayRegister, Resumable, Resumption, TicketContents,
    TicketSealer, Tickets,
};
pub use self::webpki::{Purpose, Revocation, Roots, RootsFault, verify};
use crate::handshake::decision::{Answer, Decision, Sign, VerifyCertificate};

/// An answer to be given to the connection, with the account of a rejection if it is one.
#[derive(Debug)]
#[must_use = "give the answer to the connection that asked"]
pub struct Answered {
    /// What to tell the connection.
    pub answer: Answer,
    /// Why the peer's certificate is rejected.
    pub rejection: Option<Rejection>,
}

impl From<Answer> for Answered {
    fn from(answer: Answer) -> Self {
        Self { answer, rejection: None }
    }
}

/// The verdict as an answer.
fn verdict(question: VerifyCertificate, roots: &Roots, now: UnixTime) -> Answered {
    match verify(&question, roots, now) {
        Ok(()) => question.accept().into(),
        Err(rejection) => {
            Answered { answer: question.reject(rejection.fault), rejection: Some(rejection) }
        }
    }
}

/// Signs with the credential that was selected; without its key, the question comes back.
fn sign(credentials: &[Credential], question: Sign) -> Result<Answered, Box<Decision>> {
    let certificate = question.certificate();
    let Some(credential) = credentials.iter().find(|own| own.can_sign_for(certificate)) else {
        return Err(Box::new(Decision::Sign(question)));
    };
    Ok(match credential.sign(question.scheme(), question.message()) {
        Some(signature) => question.signature(signature).into(),
        None => question.unavailable().into(),
    })
}
