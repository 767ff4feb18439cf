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

    /// Its place among the PSKs that the client offers.
    #[must_use]
    pub const fn index(&self) -> usize {
        self.index
    }

    /// What a register has to find new before early data is taken; `None` if none may be: there is
    /// none, it is not this ticket's to permit under `protocol`, the binder is wrong, or the
    /// client's view of the ticket's age is further from ours than `tolerance_seconds`
    /// (RFC 9846 §8.3).
    ///
    /// For as long as ages are tolerated, which is twice the tolerance, the register must not
    /// forget it.
    #[must_use]
    pub fn replay_tag<'q>(
        &self,
        question: &'q SelectCredential,
        protocol: Option<&[u8]>,
        now: UnixTime,
        tolerance_seconds: u32,
    ) -> Option<&'q [u8]> {
        let (key, age) = (self.contents.key(), self.obfuscated_ticket_age);
        let permits = self.index == 0
            && key.permits_early_data(question.suite, protocol)
            && self.contents.is_of_age(age, now, tolerance_seconds.into());
        if permits { question.replay_tag(key) } else { None }
    }

    /// Goes on with the ticket. `early_data` says that the register has found the
    /// [tag](Self::replay_tag) new; otherwise early data is skipped.
    ///
    /// # Errors
    /// The question comes back if the ticket or `protocol` is not the client's to use.
    pub fn accept(
        self,
        question: SelectCredential,
        protocol: Option<&[u8]>,
        early_data: bool,
    ) -> Result<Answer, Box<Unfit<SelectCredential>>> {
        question.psk(self.index, self.contents.key().clone(), protocol, early_data)
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
        resumable.accept(question, protocol, early_data)
    }

    fn takes_early_data(
        &self,
        question: &SelectCredential,
        resumable: &Resumable,
        protocol: Option<&[u8]>,
        now: UnixTime,
    ) -> bool {
        let Some(Ok(mut register)) = self.register.as_ref().map(|register| register.lock()) else {
            return false;
        };
        let tag = resumable.replay_tag(question, protocol, now, register.tolerance_seconds());
        tag.is_some_and(|tag| register.admit(tag, now))
    }
}
