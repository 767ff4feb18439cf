//! Tickets in the hands of those who lack something else (RFC 9846 §4.3.11, §4.3.10).

use countersign::crypto::Suite;
use countersign::crypto::ring::TLS_AES_128_GCM_SHA256;
use countersign::epoch::{Epoch, Role};
use countersign::failure::Cause;
use countersign::handshake::End;
use countersign::handshake::event::Ticket;
use countersign::handshake::psk::{EarlyDataTerms, OfferedPsk, PreSharedKey};
use countersign_testing::Wire;

use crate::site::{ORDER, Site, copy, resumed};

const SUITE: &Suite = &TLS_AES_128_GCM_SHA256;

/// Servers with sealed and with stored tickets.
fn sites() -> [Site; 2] {
    [Site::sealing(), Site::storing(100)]
}

fn cause(wire: &Wire) -> Option<Cause> {
    match &wire.server.end {
        Some(End::Failed(failure)) => Some(failure.cause),
        _ => None,
    }
}

#[test]
fn ticket_is_worth_nothing_without_its_key_or_as_another_kind_of_key() {
    type Offer = fn(&Ticket) -> PreSharedKey;
    let forgeries: [(&str, Offer); 3] = [
        ("another key", |_| PreSharedKey::resumption(&[9; 32], SUITE).expect("a key")),
        ("one bit", |ticket| {
            let mut secret = ticket.psk.as_bytes().to_vec();
            secret[31] ^= 0x80;
            PreSharedKey::resumption(&secret, SUITE).expect("a key")
        }),
        // The binders of tickets and of external keys have labels of their own.
        ("its key, as an external one", |ticket| {
            PreSharedKey::raw_external(ticket.psk.as_bytes(), SUITE).expect("a key")
        }),
    ];
    for (name, key) in forgeries {
        for site in sites() {
            let ticket = site.ticket();
            let terms = EarlyDataTerms { max_bytes: 1_000, application_layer_protocol: None };
            let key = key(&ticket).with_early_data(terms);
            let forged: OfferedPsk = key.offered_as(ticket.ticket.clone());
            let mut wire = Wire::new(site.setup(vec![forged]));
            let written = wire.client.connection.write_early_data(b"x", &mut wire.client.output);
            assert_eq!(written, Ok(1));
            site.run(&mut wire);
            assert_eq!(cause(&wire), Some(Cause::BinderMismatch), "{name}");
            assert!(wire.server.early_data.is_empty(), "{name}");
        }
    }
}

#[test]
fn stored_ticket_is_used_up_by_whoever_shows_it_and_a_sealed_one_is_not() {
    for (site, is_left) in sites().into_iter().zip([true, false]) {
        let ticket = site.ticket();
        let key = PreSharedKey::resumption(&[9; 32], SUITE).expect("a key");
        let wire = site.meet(site.setup(vec![key.offered_as(ticket.ticket.clone())]));
        assert_eq!(cause(&wire), Some(Cause::BinderMismatch));
        assert_eq!(site.resumes(vec![ticket.offer(0)]), is_left, "the other goes on in full");
    }
}

#[test]
fn tickets_in_another_order_than_their_binders_end_the_handshake() {
    for site in sites() {
        let tickets = [site.ticket(), site.ticket()];
        let offered = tickets.each_ref().map(|ticket| copy(ticket).offer(0)).to_vec();
        let mut pair = site.setup(offered).pair();
        pair.run_with(
            |flight| {
                if flight.from == Role::Client && flight.epoch == Epoch::Initial {
                    // Each with the age behind it; they are equally long.
                    let [first, second] = tickets.each_ref().map(|Ticket { ticket, .. }| {
                        let mut windows = flight.bytes.windows(ticket.len());
                        let start = windows.position(|window| window == ticket).expect("a ticket");
                        start..start + ticket.len() + 4
                    });
                    let (front, back) = flight.bytes.split_at_mut(second.start);
                    front[first].swap_with_slice(&mut back[..second.len()]);
                }
            },
            |role, decision| site.answer(role, decision),
        );
        let failure = pair.server.failure().map(|failure| failure.cause);
        assert_eq!(failure, Some(Cause::BinderMismatch));
    }
}

#[test]
fn client_that_claims_more_early_data_than_its_ticket_has_is_held_to_it() {
    let permitted = ORDER.max_early_data_bytes.expect("some");
    for (bytes, fails) in [(permitted, false), (permitted + 1, true)] {
        for site in sites() {
            let lying = Ticket { max_early_data_bytes: Some(u32::MAX), ..site.ticket() };
            let mut wire = Wire::new(site.setup(vec![lying.offer(0)]));
            let early = vec![7; usize::try_from(bytes).expect("a length")];
            let written = wire.client.connection.write_early_data(&early, &mut wire.client.output);
            assert_eq!(written, Ok(early.len()));
            site.run(&mut wire);
            assert_eq!(cause(&wire), fails.then_some(Cause::EarlyDataTooLong), "{bytes}");
            assert_eq!(wire.server.early_data.len(), if fails { 0 } else { early.len() });
        }
    }
}

#[test]
fn ticket_that_is_offered_twice_at_once_is_used_once() {
    for site in sites() {
        let ticket = site.ticket();
        let twice = vec![copy(&ticket).offer(0), copy(&ticket).offer(0)];
        assert!(resumed(&site.meet(site.setup(twice))));
    }
}

#[test]
fn ticket_from_the_future_resumes_where_the_clock_was_set_back() {
    for mut site in sites() {
        let ticket = site.ticket();
        site.now -= 86_400;
        let flight = site.first_flight(vec![copy(&ticket).offer(0)]);
        assert_eq!(site.early_data_of(&flight), b"", "its age cannot be right");
    }
    for mut site in sites() {
        // The key that sealed it has to be in force again.
        let ticket = site.ticket();
        site.now -= 50;
        assert!(site.resumes(vec![ticket.offer(0)]));
    }
}
