//! A server that keeps the keys of its tickets itself.

use std::cell::RefCell;
use std::rc::Rc;

use countersign::handshake::Fact;
use countersign::handshake::config::Destination;
use countersign::handshake::decision::{Answer, Decision, HelloRefusal};
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::handshake::psk::{EarlyDataTerms, OfferedPsk, PreSharedKey};
use countersign::key_schedule::PskKind;
use countersign_testing::{Identity, Pair, Setup};

pub(crate) const EARLY_BYTES: u32 = 100;

/// A server's memory of the tickets it has issued.
pub(crate) type Kept = Rc<RefCell<Vec<(Vec<u8>, PreSharedKey)>>>;

pub(crate) fn keep(kept: &Kept, decision: Decision) -> Answer {
    match decision {
        Decision::SealTicket(question) => {
            let name = format!("ticket {}", kept.borrow().len()).into_bytes();
            let key = PreSharedKey::resumption(question.psk().as_bytes(), question.suite())
                .expect("a key")
                .with_early_data(EarlyDataTerms {
                    max_bytes: EARLY_BYTES,
                    application_layer_protocol: None,
                });
            kept.borrow_mut().push((name.clone(), key));
            question.sealed(name).expect("a ticket")
        }
        other => Identity::example().answer(other),
    }
}

/// A full handshake whose server issues `count` tickets.
pub(crate) fn tickets(kept: &Kept, count: usize) -> Vec<Ticket> {
    let mut pair = Setup::default().pair();
    pair.run(|_| ());
    for _ in 0..count {
        let order = NewTicket { lifetime_seconds: 3600, max_early_data_bytes: Some(EARLY_BYTES) };
        pair.server.handshake.issue_ticket(order).expect("connected");
        pair.run_with(|_| (), |_, decision| Ok(keep(kept, decision)));
    }
    let facts = pair.client.observed.facts.into_iter();
    facts
        .filter_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        })
        .collect()
}

pub(crate) fn resume(psks: Vec<OfferedPsk>, early_data: bool) -> Setup {
    let name = "example.com".try_into().expect("a DNS name");
    let destination = Destination { psks, early_data, ..Destination::named(name) };
    Setup { destination, ..Setup::default() }
}

/// Takes the first PSK that was kept, with early data if `early_data`; else a full handshake.
pub(crate) fn take_psk(kept: &Kept, decision: Decision, early_data: bool) -> Answer {
    let Decision::SelectCredential(question) = decision else { return keep(kept, decision) };
    let known = question.psk_identities().enumerate().find_map(|(index, offered)| {
        let kept = kept.borrow();
        let found = kept.iter().find(|(name, _)| name == offered.identity)?;
        Some((index, found.1.clone()))
    });
    match known {
        Some((index, key)) => question.psk(index, key, None, early_data).expect("it is offered"),
        None if question.accepts_certificate() => {
            Identity::example().answer(Decision::SelectCredential(question))
        }
        None => question.refuse(HelloRefusal::NoAcceptablePsk),
    }
}

pub(crate) fn run(pair: &mut Pair, kept: &Kept, early_data: bool) {
    pair.run_with(|_| (), |_, decision| Ok(take_psk(kept, decision, early_data)));
}

pub(crate) fn psk_used(pair: &Pair) -> Option<PskKind> {
    pair.client.observed.facts.iter().find_map(|fact| match fact {
        Fact::Negotiated(negotiated) => negotiated.psk.as_ref().map(|psk| psk.kind),
        _ => None,
    })
}
