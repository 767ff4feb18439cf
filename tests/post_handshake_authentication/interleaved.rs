//! What goes on while a request is unanswered: everything.

use countersign::epoch::{Epoch, Role};
use countersign::handshake::Fact;
use countersign::handshake::decision::Decision;
use countersign::handshake::event::NewTicket;
use countersign_testing::{Identity, Pair, Wire};

use crate::{answered, ask, by_default, choose, connect, setup, undecided};

const TICKET: NewTicket = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };

fn say(wire: &mut Wire, role: Role, data: &[u8]) {
    let from = match role {
        Role::Client => &mut wire.client,
        Role::Server => &mut wire.server,
    };
    from.connection.write(data, &mut from.output).expect("connected");
    wire.run_with(|_, _| (), undecided);
}

#[test]
fn data_updates_and_tickets_go_both_ways_while_a_person_is_asked() {
    let mut wire = Wire::new(setup());
    wire.run(|_, _| ());
    let id = wire.server.connection.request_certificate(true).expect("it is offered");
    // What to choose is left open, and then what to sign.
    for round in 1..=2 {
        wire.run_with(|_, _| (), undecided);
        let question = wire.client.question.take().expect("a question");
        assert!(!wire.client.connection.handshake().is_waiting());
        say(&mut wire, Role::Client, b"from the client ");
        say(&mut wire, Role::Server, b"from the server ");
        wire.client.connection.update_keys(true).expect("connected");
        wire.server.connection.update_keys(true).expect("connected");
        wire.server.connection.issue_ticket(TICKET).expect("connected");
        say(&mut wire, Role::Server, b"under new keys ");
        say(&mut wire, Role::Client, b"under new keys ");
        // What the server owes goes ahead of its next words.
        say(&mut wire, Role::Server, b"and more ");
        assert_eq!(wire.client.data, b"from the server under new keys and more ".repeat(round));
        assert_eq!(wire.server.data, b"from the client under new keys ".repeat(round));
        let count = |facts: &[Fact], is_it: fn(&Fact) -> bool| {
            facts.iter().filter(|fact| is_it(fact)).count()
        };
        assert_eq!(count(&wire.client.facts, |fact| matches!(fact, Fact::Ticket(_))), round);
        for facts in [&wire.client.facts, &wire.server.facts] {
            assert_eq!(count(facts, |fact| matches!(fact, Fact::PeerUpdatedKeys)), 2 * round);
        }
        wire.client.connection.answer(Identity::example().answer(question)).expect("it is open");
    }
    wire.run(|_, _| ());
    let done = wire.server.facts.iter().any(|fact| {
        matches!(fact, Fact::PostHandshakeAuthentication { request, certificate: Some(_) }
            if *request == id)
    });
    assert!(done, "{:?}", wire.server.end);
    say(&mut wire, Role::Client, b"authenticated");
    assert!(wire.server.data.ends_with(b"authenticated"));
}

#[test]
fn finished_is_made_with_the_key_of_its_moment() {
    // Updates before the request, between request and answer, and between choice and signature.
    for (before, between, late) in [(1, 0, 0), (0, 1, 0), (0, 0, 1), (2, 3, 4)] {
        for updater in [Role::Client, Role::Server] {
            let mut pair = connect(setup());
            let update = |pair: &mut Pair, times: usize| {
                for _ in 0..times {
                    pair.end(updater).handshake.update_keys(false).expect("connected");
                }
                pair.run_with(|_| (), undecided);
            };
            update(&mut pair, before);
            let (id, question) = ask(&mut pair, true);
            update(&mut pair, between);
            choose(&mut pair.client, question);
            pair.run_with(|_| (), undecided);
            let to_sign = pair.client.question.take().expect("something to sign");
            update(&mut pair, late);
            pair.client.handshake.answer(Identity::example().answer(to_sign)).expect("it is open");
            pair.run(|_| ());
            assert_eq!(answered(&pair.server), [(id, true)], "{updater:?}");
            update(&mut pair, 1);
            assert!(pair.agrees());
        }
    }
}

#[test]
fn earlier_authentications_and_tickets_are_not_part_of_the_transcript() {
    let mut pair = connect(setup());
    let mut expected = Vec::new();
    for round in 0..3 {
        pair.server.handshake.issue_ticket(TICKET).expect("connected");
        pair.run(|_| ());
        let (id, question) = ask(&mut pair, false);
        match round {
            1 => pair.client.handshake.answer(question.decline()).expect("it is open"),
            _ => choose(&mut pair.client, question),
        }
        pair.run(|_| ());
        expected.push((id, round != 1));
    }
    assert_eq!(answered(&pair.server), expected);
}

#[test]
fn anything_may_follow_an_answer_in_its_record() {
    let mut pair = connect(setup());
    let (first, first_question) = ask(&mut pair, false);
    let (second, second_question) = ask(&mut pair, false);
    choose(&mut pair.client, first_question);
    let mut flights = pair.client.drain(&mut by_default);
    pair.client.handshake.answer(second_question.decline()).expect("it is open");
    pair.client.handshake.update_keys(false).expect("connected");
    flights.extend(pair.client.settle());
    let bytes: Vec<u8> = flights.into_iter().flat_map(|flight| flight.bytes).collect();
    pair.server.handshake.receive(Epoch::Application, &bytes).expect("running");
    pair.run(|_| ());
    assert_eq!(answered(&pair.server), [(first, true), (second, false)]);
    assert!(pair.agrees(), "{pair:?}");
}

#[test]
fn answer_waits_while_a_ticket_is_sealed() {
    let mut pair = connect(setup());
    let (id, question) = ask(&mut pair, true);
    pair.server.handshake.issue_ticket(TICKET).expect("connected");
    choose(&mut pair.client, question);
    pair.run_with(
        |_| (),
        |role, question| match (role, question) {
            (Role::Server, question @ Decision::SealTicket(_)) => Err(question),
            (_, question) => by_default(question),
        },
    );
    assert!(answered(&pair.server).is_empty());
    let question = pair.server.question.take().expect("a ticket to seal");
    pair.server.handshake.answer(Identity::example().answer(question)).expect("it is open");
    pair.run(|_| ());
    assert_eq!(answered(&pair.server), [(id, true)]);
}
