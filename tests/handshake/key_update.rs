//! New keys for old (RFC 9846 §4.7.3, §7.2).

use countersign::epoch::{Direction, Epoch, Role};
use countersign::failure::Misuse;
use countersign::handshake::Fact;
use countersign_testing::{End, Pair, Setup, Wire};

use crate::connect;

const BOTH: [Role; 2] = [Role::Client, Role::Server];

/// A KeyUpdate that asks for one in return, and one that does not.
const ASKING: [u8; 5] = [24, 0, 0, 1, 1];
const NOT_ASKING: [u8; 5] = [24, 0, 0, 1, 0];

/// How many application keys the end has had in this direction.
fn generations(end: &End, direction: Direction) -> usize {
    let is_one = |(d, epoch, _): &&(Direction, Epoch, Vec<u8>)| {
        *d == direction && *epoch == Epoch::Application
    };
    end.observed.keys.iter().filter(is_one).count()
}

fn updates_seen(end: &End) -> usize {
    let facts = end.observed.facts.iter();
    facts.filter(|fact| matches!(fact, Fact::PeerUpdatedKeys)).count()
}

/// What an end sends for the KeyUpdates it owes.
fn answers(end: &mut End) -> Vec<Vec<u8>> {
    end.handshake.answer_key_update();
    end.settle().into_iter().map(|flight| flight.bytes).collect()
}

#[test]
fn an_update_changes_one_direction_only() {
    for role in BOTH {
        let mut pair = connect(Setup::default());
        pair.end(role).handshake.update_keys(false).expect("connected");
        pair.run(|_| ());
        assert!(pair.agrees());
        assert_eq!(generations(pair.end(role), Direction::Send), 2);
        assert_eq!(generations(pair.end(role), Direction::Receive), 1);
        assert_eq!(updates_seen(pair.end(role.peer())), 1);
        assert!(answers(pair.end(role.peer())).is_empty(), "nobody asked for an answer");
    }
}

#[test]
fn a_request_is_answered_without_a_request() {
    for role in BOTH {
        let mut pair = connect(Setup::default());
        pair.end(role).handshake.update_keys(true).expect("connected");
        pair.run(|_| ());
        assert_eq!(answers(pair.end(role.peer())), [NOT_ASKING]);
        assert!(answers(pair.end(role.peer())).is_empty(), "one answer is enough");
    }
}

#[test]
fn any_number_of_requests_is_answered_once() {
    for role in BOTH {
        let mut pair = connect(Setup::default());
        let end = pair.end(role);
        for update in [ASKING, NOT_ASKING, ASKING, ASKING, NOT_ASKING] {
            end.handshake.receive(Epoch::Application, &update).expect("running");
        }
        assert_eq!(answers(end), [NOT_ASKING]);
        assert_eq!((updates_seen(end), generations(end, Direction::Receive)), (5, 6));
    }
}

#[test]
fn an_update_of_ones_own_is_the_answer() {
    let mut end = connect(Setup::default()).server;
    end.handshake.receive(Epoch::Application, &ASKING).expect("running");
    end.handshake.update_keys(false).expect("connected");
    assert_eq!(end.settle().len(), 1);
    assert!(answers(&mut end).is_empty());
}

#[test]
fn a_second_request_waits_for_the_answer_to_the_first() {
    let mut pair = connect(Setup::default());
    pair.client.handshake.update_keys(true).expect("connected");
    let again = pair.client.handshake.update_keys(true);
    assert_eq!(again, Err(Misuse::UpdateAlreadyRequested));
    pair.client.handshake.update_keys(false).expect("an update that asks for nothing may go");
    pair.run(|_| ());
    pair.server.handshake.answer_key_update();
    pair.run(|_| ());
    pair.client.handshake.update_keys(true).expect("the answer is there");
    pair.run(|_| ());
    assert!(pair.agrees());
}

#[test]
fn crossing_requests_move_both_directions_by_two() {
    let mut pair = connect(Setup::default());
    for role in BOTH {
        pair.end(role).handshake.update_keys(true).expect("connected");
    }
    pair.run(|_| ());
    for role in BOTH {
        pair.end(role).handshake.answer_key_update();
    }
    pair.run(|_| ());
    assert!(pair.agrees());
    for role in BOTH {
        assert_eq!(generations(pair.end(role), Direction::Send), 3, "{role:?}");
        assert_eq!(generations(pair.end(role), Direction::Receive), 3, "{role:?}");
        assert!(answers(pair.end(role)).is_empty(), "{role:?} owes nothing any more");
    }
}

#[test]
fn updates_need_application_keys_and_a_finished_peer() {
    let in_state = |role, state| Setup::default().pair().stop(role, state).handshake;
    let rows = [
        (Role::Client, "WaitServerHello"),
        (Role::Client, "VerifyCertificate"),
        (Role::Client, "WaitFinished"),
        (Role::Server, "WaitClientHello"),
        (Role::Server, "SelectCredential"),
        (Role::Server, "WaitFinished"),
    ];
    for (role, state) in rows {
        let mut handshake = in_state(role, state);
        assert_eq!(handshake.update_keys(false), Err(Misuse::NotConnected), "{role:?} {state}");
        handshake.answer_key_update();
        assert!(handshake.poll().is_none(), "{role:?} {state}");
    }
}

#[test]
fn keys_of_many_generations_agree_and_differ() {
    let mut pair: Pair = connect(Setup::default());
    for generation in 0..100 {
        let role = BOTH[generation % 2];
        pair.end(role).handshake.update_keys(generation % 3 == 0).expect("connected");
        pair.run(|_| ());
        pair.end(role.peer()).handshake.answer_key_update();
        // Data between the updates: they are not "in a row".
        pair.client.handshake.application_data_received();
        pair.server.handshake.application_data_received();
        pair.run(|_| ());
    }
    assert!(pair.agrees());
    let mut keys: Vec<_> = pair.client.observed.keys.iter().map(|(_, _, key)| key).collect();
    let all = keys.len();
    keys.sort();
    keys.dedup();
    assert_eq!(keys.len(), all, "a key is used twice");
}

/// Lets `role` write `data` and everybody read.
fn say(wire: &mut Wire, role: Role, data: &[u8]) {
    let from = match role {
        Role::Client => &mut wire.client,
        Role::Server => &mut wire.server,
    };
    from.connection.write(data, &mut from.output).expect("connected");
    wire.run(|_, _| ());
}

#[test]
fn data_flows_through_every_generation_and_a_request_is_answered_before_the_next_data() {
    let mut wire = Wire::new(Setup::default());
    wire.run(|_, _| ());
    let updated =
        |facts: &[Fact]| facts.iter().filter(|fact| matches!(fact, Fact::PeerUpdatedKeys)).count();
    for round in 1..=20 {
        wire.client.connection.update_keys(true).expect("the last request is answered");
        say(&mut wire, Role::Client, b"a");
        assert_eq!(updated(&wire.server.facts), round);
        assert_eq!(updated(&wire.client.facts), round - 1, "nothing to be said yet");
        say(&mut wire, Role::Server, b"b");
        assert_eq!(updated(&wire.client.facts), round);
    }
    assert_eq!((&wire.server.data[..], &wire.client.data[..]), (&[b'a'; 20][..], &[b'b'; 20][..]));
}

#[test]
fn an_update_is_answered_while_a_ticket_waits_to_be_sealed() {
    let mut wire = Wire::new(Setup::default());
    wire.run(|_, _| ());
    wire.client.connection.update_keys(true).expect("connected");
    wire.run(|_, _| ());
    wire.server.connection.issue_ticket(crate::tickets::ORDER).expect("connected");
    wire.server.connection.write(b"data", &mut wire.server.output).expect("connected");
    wire.run_with(|_, _| (), |_, question| Err(question));
    assert!(wire.server.question.is_some());
    assert!(wire.client.facts.iter().any(|fact| matches!(fact, Fact::PeerUpdatedKeys)));
    assert_eq!(wire.client.data, b"data");
}
