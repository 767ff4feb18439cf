//! Every row of the tables of client and server is walked.

use std::collections::BTreeSet;

use countersign::epoch::{Epoch, Role};
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::decision::Decision;
use countersign_testing::{Identity, Pair, Setup, messages, states, table};

use crate::{BOTH, TICKET, takes_messages};

type Move = (&'static str, &'static str, &'static str);

/// Connected, and then everything that a connected end can do.
fn work(setup: Setup) -> Pair {
    let mut pair = setup.pair();
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
    for _ in 0..2 {
        pair.client.handshake.update_keys(true).expect("connected");
        pair.server.handshake.issue_ticket(TICKET).expect("connected");
        pair.server.handshake.update_keys(false).expect("updates do not wait for a ticket");
        pair.run(|_| ());
        pair.server.handshake.update_keys(true).expect("connected");
        pair.run(|_| ());
    }
    pair
}

/// The server's certificate, compressed, and no other.
fn compress() -> Pair {
    let mut setup = Setup::compressing();
    setup.server.client_authentication = ClientAuthentication::None;
    work(setup)
}

/// A client that meets the request with an empty list.
fn decline(mut setup: Setup) -> Pair {
    setup.server.client_authentication = ClientAuthentication::Request;
    let mut pair = setup.pair();
    pair.run_with(
        |_| (),
        |_, question| match question {
            Decision::SelectClientCredential(question) => Ok(question.decline()),
            other => Ok(Identity::example().answer(other)),
        },
    );
    assert!(pair.agrees(), "{pair:?}");
    pair
}

/// A client that one server sends away with a cookie, and another takes up.
fn move_on() -> Pair {
    let (mut pair, mut hellos) = (Setup::stateless().pair(), Vec::new());
    pair.run(|flight| {
        if flight.from == Role::Client {
            hellos.push(flight.bytes.clone());
        }
        if hellos.len() == 2 {
            flight.bytes.clear();
        }
    });
    pair.server = Setup::stateless().pair().server;
    pair.server.handshake.receive(Epoch::Initial, &hellos[1]).expect("a server that waits");
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
    pair
}

/// The client hears what the server has to say; a question of the server's stays open.
fn hear_the_server(pair: &mut Pair) {
    for flight in pair.server.settle() {
        pair.client.handshake.receive(flight.epoch, &flight.bytes).expect("running");
    }
}

/// A client that authenticates once more after the handshake, and then declines to, with a server
/// that updates its keys whenever it can.
fn authenticate_again(setup: Setup) -> Pair {
    let mut pair = setup.pair();
    pair.run(|_| ());
    for declines in [false, true] {
        pair.server.handshake.request_certificate(false).expect("it is offered");
        let mut answer = Vec::new();
        let choose = |_, question| match question {
            Decision::SelectClientCredential(question) if declines => Ok(question.decline()),
            other => Ok(Identity::example().answer(other)),
        };
        pair.run_with(
            |flight| {
                if flight.from == Role::Client {
                    answer.append(&mut flight.bytes);
                }
            },
            choose,
        );
        for message in messages(&answer) {
            pair.server.handshake.receive(Epoch::Application, message).expect("running");
            hear_the_server(&mut pair);
            pair.server.handshake.update_keys(false).expect("updates do not wait");
            if let Some(question) = pair.server.question.take() {
                let accepted = Identity::example().answer(question);
                pair.server.handshake.answer(accepted).expect("it is open");
                pair.server.handshake.update_keys(false).expect("updates do not wait");
            }
        }
        pair.run(|_| ());
        assert!(pair.agrees(), "{pair:?}");
    }
    pair
}

#[test]
fn every_row_of_both_tables_is_walked_by_honest_peers() {
    let pairs = [
        work(Setup::default()),
        work(Setup::longest()),
        work(Setup::sharing_a_key(false)),
        work(Setup::sharing_a_key(true)),
        work(Setup::compressing()),
        compress(),
        decline(Setup::default()),
        decline(Setup::compressing()),
        authenticate_again(Setup::longest()),
        authenticate_again(Setup::compressing()),
        work(Setup::stateless()),
        move_on(),
    ];
    for role in BOTH {
        let walked: BTreeSet<Move> = pairs
            .iter()
            .flat_map(|pair| match role {
                Role::Client => pair.client.observed.moves.iter().copied(),
                Role::Server => pair.server.observed.moves.iter().copied(),
            })
            .collect();
        let rows: BTreeSet<Move> = table(role)
            .iter()
            .flat_map(|edge| edge.to.iter().map(|to| (edge.from, edge.input, *to)))
            .collect();
        let missed: Vec<_> = rows.difference(&walked).collect();
        assert!(missed.is_empty(), "{role:?} never walks {missed:?}");
    }
}

#[test]
fn each_state_and_input_has_one_row() {
    for role in BOTH {
        let keys: BTreeSet<_> = table(role).iter().map(|edge| (edge.from, edge.input)).collect();
        assert_eq!(keys.len(), table(role).len(), "{role:?}");
    }
}

#[test]
fn a_state_waits_for_the_peer_exactly_if_its_name_says_so() {
    for role in BOTH {
        for state in states(role) {
            let named = state.starts_with("Wait") || state == "Connected";
            assert_eq!(takes_messages(role, state), named, "{role:?} in {state}");
        }
    }
}
