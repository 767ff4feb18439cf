//! Tickets, kept at both ends: sealed or stored at a server, stored at a client, and the register
//! that keeps early data from being taken twice (RFC 9846 §4.7.1, §8).

mod contents;
mod issued;
mod received;
mod replay;
mod sealer;

use std::sync::{Arc, Mutex};

use pki_types::UnixTime;

pub use self::contents::TicketContents;
pub use self::issued::IssuedTickets;
pub use self::received::ReceivedTickets;
pub use self::replay::ReplayRegister;
pub use self::sealer::TicketSealer;
use crate::handshake::decision::{Answer, SealTicket, SelectCredential, Unfit};

/// How a server recognizes clients that come back.
#[derive(Debug)]
pub struct Resumption {
    /// Where what a ticket stands for is kept.
    pub tickets: Tickets,
    /// What early data has been taken; `None`: none is. Servers that open each other's tickets
    /// share one, or anybody can have early data taken once by each.
    pub register: Option<Arc<Mutex<ReplayRegister>>>,
}

/// Where a server keeps what a ticket stands for.
#[derive(Debug)]
pub enum Tickets {
    /// With the client, in the ticket.
    Sealed(TicketSealer),
    /// With the server, for one use.
    Stored(Arc<Mutex<IssuedTickets>>),
}

/// A ticket that resumes, among the PSKs that a client offers.
#[derive(Debug)]
pub struct Resumable {
    index: usize,
    obfuscated_ticket_age: u32,
    contents: TicketContents,
}

impl Resumable {
    /// What the ticket stands for.
    #[must_use]
    pub const fn contents(&self) -> &TicketContents {
        &self.contents
    }
}

impl Resumption {
    /// Makes the ticket, with `application` in it for the server that resumes: who the client is,
    /// say. It has not come about if there is no key to seal with, or too much to be sealed.
    pub fn seal(&self, question: SealTicket, application: &[u8], now: UnixTime) -> Answer {
        let contents = TicketContents::new(&question, application, now);
        let ticket = contents.and_then(|contents| match &self.tickets {
            Tickets::Sealed(sealer) => sealer.seal(&contents, now),
            Tickets::Stored(issued) => issued.lock().ok()?.insert(contents),
        });
        match ticket {
            Some(ticket) => {
                question.sealed(ticket).unwrap_or_else(|unfit| unfit.question.decline())
            }
            None => question.decline(),
        }
    }

    /// The first of the client's tickets that is ours, has not expired, and was issued under the
    /// name that the client asks for now. What is no such ticket is passed over without a word.
    #[must_use]
    pub fn open(&self, question: &SelectCredential, now: UnixTime) -> Option<Resumable> {
        question.psk_identities().enumerate().find_map(|(index, offered)| {
            let contents = match &self.tickets {
                Tickets::Sealed(sealer) => sealer.open(offered.identity, now),
                Tickets::Stored(issued) => issued.lock().ok()?.take(offered.identity),
            }?;
            let obfuscated_ticket_age = offered.obfuscated_ticket_age;
            contents.resumes(question, now).then_some(Resumable {
                index,
                obfuscated_ticket_age,
                contents,
            })
        })
    }

    /// Goes on with the ticket, and with its early data if there is some, it is of the age that the
    /// client says (RFC 9846 §8.3), and the register has not seen it.
    ///
    /// # Errors
    /// The question comes back if the ticket or `protocol` is not the client's to use.
    pub fn accept(
        &self,
        question: SelectCredential,
        resumable: Resumable,
        protocol: Option<&[u8]>,
        now: UnixTime,
    ) -> Result<Answer, Box<Unfit<SelectCredential>>> {
        let early_data = self.takes_early_data(&question, &resumable, protocol, now);
        question.psk(resumable.index, resumable.contents.key().clone(), protocol, early_data)
    }

    fn takes_early_data(
        &self,
        question: &SelectCredential,
        resumable: &Resumable,
        protocol: Option<&[u8]>,
        now: UnixTime,
    ) -> bool {
        let Resumable { index, obfuscated_ticket_age, contents } = resumable;
        let key = contents.key();
        let permitted = *index == 0 && key.permits_early_data(question.suite, protocol);
        let (Some(register), true) = (&self.register, permitted) else { return false };
        let (Some(tag), Ok(mut register)) = (question.replay_tag(key), register.lock()) else {
            return false;
        };
        let tolerance = register.tolerance_seconds();
        contents.is_of_age(*obfuscated_ticket_age, now, tolerance) && register.admit(tag, now)
    }
}
