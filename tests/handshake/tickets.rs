//! Tickets as they are issued and received (RFC 9846 §4.7.1).

use std::collections::HashSet;

use countersign::codec::Vector;
use countersign::epoch::Epoch;
use countersign::failure::Misuse;
use countersign::handshake::Fact;
use countersign::handshake::decision::Decision;
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::limits::Limits;
use countersign::message::{HEADER_BYTES, NewSessionTicket};
use countersign::registry::{CipherSuite, PskKeyExchangeMode};
use countersign_testing::{End, Identity, Pair, Setup};

use crate::{by_default, connect};

pub(crate) const ORDER: NewTicket =
    NewTicket { lifetime_seconds: 7200, max_early_data_bytes: Some(1000) };

fn tickets(end: &End) -> Vec<&Ticket> {
    let facts = end.observed.facts.iter();
    facts
        .filter_map(|fact| if let Fact::Ticket(ticket) = fact { Some(ticket) } else { None })
        .collect()
}

/// Issues a ticket, and returns the PSK and the `age_add` that the server was to seal.
fn issue(pair: &mut Pair, order: NewTicket) -> (Vec<u8>, CipherSuite, u32) {
    let mut sealed = None;
    pair.server.handshake.issue_ticket(order).expect("connected");
    pair.run_with(
        |_| (),
        |_, question| {
            if let Decision::SealTicket(question) = &question {
                assert_eq!(question.order(), order);
                let psk = question.psk().as_bytes().to_vec();
                sealed = Some((psk, question.suite().id, question.age_add()));
            }
            by_default(question)
        },
    );
    sealed.expect("a ticket to seal")
}

#[test]
fn the_client_gets_the_key_that_the_server_seals() {
    for suite in countersign_testing::provider().suites {
        let mut setup = Setup::default();
        setup.client.cipher_suites = std::iter::once(suite.id).collect();
        let mut pair = connect(setup);
        let sealed: Vec<_> = (0..3).map(|_| issue(&mut pair, ORDER)).collect();
        let received = tickets(&pair.client);
        assert_eq!(received.len(), 3);
        for (ticket, (psk, cipher_suite, age_add)) in received.iter().zip(&sealed) {
            assert_eq!((ticket.psk.as_bytes(), ticket.age_add), (&psk[..], *age_add));
            assert_eq!((ticket.suite.id, *cipher_suite), (suite.id, suite.id));
            assert_eq!(ticket.ticket, b"a ticket");
            assert_eq!(ticket.lifetime_seconds, ORDER.lifetime_seconds);
            assert_eq!(ticket.max_early_data_bytes, ORDER.max_early_data_bytes);
        }
        assert!(sealed[0].0 != sealed[1].0 && sealed[1].0 != sealed[2].0, "a key is issued twice");
    }
}

#[test]
fn a_ticket_that_is_not_sealed_after_all_is_not_sent() {
    let mut pair = connect(Setup::default());
    pair.server.handshake.issue_ticket(ORDER).expect("connected");
    pair.run_with(
        |_| (),
        |_, question| match question {
            Decision::SealTicket(question) => Ok(question.decline()),
            other => by_default(other),
        },
    );
    assert!(tickets(&pair.client).is_empty());
    issue(&mut pair, ORDER);
    assert_eq!(tickets(&pair.client).len(), 1, "the connection goes on");
}

#[test]
fn tickets_go_only_to_clients_that_can_use_them() {
    let mut setup = Setup::default();
    setup.client.psk_key_exchange_modes = Vector::new();
    let mut pair = connect(setup);
    assert_eq!(pair.server.handshake.issue_ticket(ORDER), Err(Misuse::NotOffered));
    // NewSessionTicket that comes all the same: 60 seconds, no nonce, a ticket of one byte.
    let ticket = [4, 0, 0, 14, 0, 0, 0, 60, 1, 2, 3, 4, 0, 0, 1, 9, 0, 0];
    pair.client.handshake.receive(Epoch::Application, &ticket).expect("running");
    pair.run(|_| ());
    assert!(tickets(&pair.client).is_empty());
    assert!(pair.client.handshake.is_complete(), "ignored without a word");
}

#[test]
fn a_ticket_needs_a_mode_that_both_ends_have() {
    use PskKeyExchangeMode as Mode;
    let rows: [(&[Mode], &[Mode], bool); 4] = [
        (&[Mode::PSK_DHE_KE], &[Mode::PSK_DHE_KE], true),
        (&[Mode::PSK_KE, Mode::PSK_DHE_KE], &[Mode::PSK_DHE_KE], true),
        (&[Mode::PSK_KE], &[Mode::PSK_DHE_KE], false),
        (&[Mode(7)], &[Mode::PSK_DHE_KE], false),
    ];
    for (client, server, possible) in rows {
        let mut setup = Setup::default();
        setup.client.psk_key_exchange_modes = client.iter().copied().collect();
        setup.server.psk_key_exchange_modes = server.iter().copied().collect();
        let issued = connect(setup).server.handshake.issue_ticket(ORDER);
        assert_eq!(issued, if possible { Ok(()) } else { Err(Misuse::NotOffered) }, "{client:?}");
    }
}

#[test]
fn a_lifetime_is_cut_to_seven_days_and_one_of_zero_is_no_ticket() {
    let mut pair = connect(Setup::default());
    for (sent, received) in
        [(0, None), (1, Some(1)), (604_800, Some(604_800)), (u32::MAX, Some(604_800))]
    {
        let before = tickets(&pair.client).len();
        let mut ticket = [4, 0, 0, 14, 0, 0, 0, 0, 1, 2, 3, 4, 0, 0, 1, 9, 0, 0];
        ticket[4..8].copy_from_slice(&sent.to_be_bytes());
        pair.client.handshake.receive(Epoch::Application, &ticket).expect("running");
        pair.run(|_| ());
        let lifetimes = tickets(&pair.client).into_iter().skip(before).map(|t| t.lifetime_seconds);
        assert_eq!(lifetimes.collect::<Vec<_>>(), Vec::from_iter(received));
    }
    let too_long = NewTicket { lifetime_seconds: 604_801, ..ORDER };
    assert_eq!(pair.server.handshake.issue_ticket(too_long), Err(Misuse::OutOfRange));
}

#[test]
fn a_ticket_says_whether_it_is_for_other_names_too_and_goes_on_saying_so() {
    for resumption_across_names in [false, true] {
        let mut setup = Setup::default();
        setup.server.resumption_across_names = resumption_across_names;
        let mut pair = connect(setup);
        issue(&mut pair, ORDER);
        let [ticket] = tickets(&pair.client)[..] else { panic!("one ticket") };
        assert_eq!(ticket.resumption_across_names, resumption_across_names);
        let kept = ticket.to_bytes().expect("a short ticket");
        let kept = Ticket::from_bytes(&kept, &countersign_testing::provider());
        assert_eq!(kept.expect("our own").resumption_across_names, resumption_across_names);
    }
}

#[test]
fn flags_of_a_ticket_that_nobody_knows_are_ignored() {
    let mut pair = connect(Setup::default());
    // The first and the last flag that there can be, and the one that is known or not.
    for (known, octet) in [(false, 0x02), (true, 0x03)] {
        let mut flags = [0; 255];
        (flags[0], flags[1], flags[254]) = (1, octet, 0x80);
        let flags = [&[0, 62, 1, 0, 255][..], &flags].concat();
        let ticket = [&[0, 0, 0, 60, 1, 2, 3, 4, 0, 0, 1, 9, 1, 4][..], &flags].concat();
        let message = [&[4, 0, 1, 18][..], &ticket].concat();
        pair.client.handshake.receive(Epoch::Application, &message).expect("running");
        pair.run(|_| ());
        let received = tickets(&pair.client);
        assert_eq!(received.last().map(|ticket| ticket.resumption_across_names), Some(known));
    }
}

#[test]
fn only_a_connected_server_issues_tickets_and_one_at_a_time() {
    let mut pair = connect(Setup::default());
    assert_eq!(pair.client.handshake.issue_ticket(ORDER), Err(Misuse::WrongRole));
    pair.server.handshake.issue_ticket(ORDER).expect("connected");
    assert_eq!(pair.server.handshake.issue_ticket(ORDER), Err(Misuse::NotConnected));
    let (_, mut server) = Setup::default().handshakes();
    assert_eq!(server.issue_ticket(ORDER), Err(Misuse::NotConnected));
}

#[test]
fn a_ticket_sealed_after_close_is_not_sent() {
    let mut pair = connect(Setup::default());
    pair.server.handshake.issue_ticket(ORDER).expect("connected");
    pair.server.settle();
    pair.server.handshake.close().expect("connected");
    let question = pair.server.question.take().expect("a ticket to seal");
    pair.server.handshake.answer(Identity::example().answer(question)).expect("it is open");
    assert!(pair.server.settle().is_empty(), "a message behind close_notify");
    assert_eq!(pair.server.observed.end, None);
}

#[test]
fn no_two_tickets_of_a_connection_have_the_same_nonce() {
    let mut server = connect(Setup::default()).server;
    let mut nonces = HashSet::new();
    // More than two bytes can count.
    for number in 0..65_540 {
        server.handshake.issue_ticket(ORDER).expect("connected");
        server.settle();
        let question = server.question.take().expect("a ticket to seal");
        server.handshake.answer(Identity::example().answer(question)).expect("it is open");
        let message = server.settle().remove(0).bytes;
        let ticket = NewSessionTicket::parse(&message[HEADER_BYTES..], &Limits::default());
        let nonce = ticket.expect("our own").ticket_nonce.to_vec();
        assert!(nonces.insert(nonce), "ticket {number} has the nonce of another");
    }
}
