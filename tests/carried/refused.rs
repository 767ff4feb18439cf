//! When a connection cannot be carried elsewhere: it comes back, and nothing has moved.

use countersign::connection::{Connection, NotNow};
use countersign::epoch::Role;
use countersign::failure::Misuse;
use countersign::handshake::Fact;
use countersign::handshake::config::Profile;
use countersign_testing::{Identity, Setup, Socket, Trial, Wire, states};

use crate::{BOTH, TICKET, carry, connected, end, import, talk, through_bytes, write};

/// Why not, and the socket with its connection back.
fn refused(socket: Socket) -> (Misuse, Socket) {
    let Socket { connection, input, output, data, early_data, facts, end, question } = socket;
    let seen = format!("{connection:?}");
    let refused = connection.export().expect_err("something is under way");
    let NotNow { value: connection, misuse } = *refused;
    assert_eq!(format!("{connection:?}"), seen, "something has moved");
    (misuse, Socket { connection, input, output, data, early_data, facts, end, question })
}

fn refuse(mut wire: Wire, role: Role) -> (Misuse, Wire) {
    let misuse;
    match role {
        Role::Client => (misuse, wire.client) = refused(wire.client),
        Role::Server => (misuse, wire.server) = refused(wire.server),
    }
    (misuse, wire)
}

#[test]
fn not_before_the_handshake_is_complete() {
    for role in BOTH {
        for state in states(role) {
            let unsealed = ["Connected", "SealTicket", "OpenCookie", "WaitEndOfEarlyData"];
            if unsealed.contains(&state) || state.contains("PostHandshake") {
                continue;
            }
            let mut trial = Trial::new(Setup::stateless(), role);
            trial.reach(state);
            let (misuse, victim) = refused(trial.victim);
            assert_eq!(misuse, Misuse::NotConnected, "{role:?} {state}");
            trial.victim = victim;
            trial.run();
            assert!(trial.victim.connection.handshake().is_complete(), "{role:?} {state}");
        }
    }
}

#[test]
fn not_while_a_question_is_open() {
    let mut wire = connected(Setup::default());
    wire.server.connection.issue_ticket(TICKET).expect("connected");
    wire.server.work(&mut Err);
    let (misuse, mut wire) = refuse(wire, Role::Server);
    assert_eq!(misuse, Misuse::Unfinished);
    let question = wire.server.question.take().expect("a question");
    wire.server.connection.answer(Identity::example().answer(question)).expect("it is open");
    wire.run(|_, _| ());
    talk(&mut wire);
    drop(wire.server.connection.export().expect("a connection at rest"));
}

#[test]
fn not_before_everything_has_been_said() {
    for role in BOTH {
        let orders: [fn(&mut Socket); 3] = [
            |socket| socket.connection.update_keys(false).expect("connected"),
            |socket| socket.connection.close().expect("connected"),
            |socket| socket.connection.write(b"data", &mut socket.output).expect("connected"),
        ];
        for order in orders {
            let mut wire = connected(Setup::default());
            order(end(&mut wire, role));
            let (misuse, mut wire) = refuse(wire, role);
            assert_eq!(misuse, Misuse::Unfinished);
            wire.run(|_, _| ());
            let socket = if role == Role::Client { wire.client } else { wire.server };
            drop(socket.connection.export().expect("a connection at rest"));
        }
    }
}

/// Two ends of which the server may ask for a certificate at any time.
fn connected_to_be_asked(setup: &Setup) -> Wire {
    let mut setup = setup.clone();
    setup.client.post_handshake_auth = true;
    connected(setup)
}

#[test]
fn not_as_long_as_a_client_may_be_asked_for_a_certificate() {
    let setup = Setup::default();
    let (misuse, mut wire) = refuse(connected_to_be_asked(&setup), Role::Client);
    assert_eq!(misuse, Misuse::Unfinished);
    // What it has promised, it still does.
    wire.server.connection.request_certificate(true).expect("it is offered");
    wire.run(|_, _| ());
    assert_eq!(authentications(&wire), 1);
    let (misuse, mut wire) = refuse(wire, Role::Client);
    assert_eq!(misuse, Misuse::Unfinished);
    talk(&mut wire);
}

#[test]
fn not_as_long_as_a_server_waits_for_a_certificate() {
    let mut wire = connected_to_be_asked(&Setup::default());
    wire.server.connection.request_certificate(true).expect("it is offered");
    wire.server.work(&mut Err);
    wire.client.input.append(&mut wire.server.output);
    wire.client.work(&mut Err);
    let (misuse, mut wire) = refuse(wire, Role::Server);
    assert_eq!(misuse, Misuse::Unfinished);
    let question = wire.client.question.take().expect("a question");
    wire.client.connection.answer(Identity::example().answer(question)).expect("it is open");
    wire.run(|_, _| ());
    assert_eq!(authentications(&wire), 1);
    drop(wire.server.connection.export().expect("nothing is awaited any more"));
}

#[test]
fn a_server_that_is_carried_on_cannot_ask_for_certificates_any_more() {
    let setup = Setup::default();
    let mut wire = carry(connected_to_be_asked(&setup), Role::Server, &setup);
    let refused = wire.server.connection.request_certificate(true);
    assert_eq!(refused, Err(Misuse::NotOffered));
    talk(&mut wire);
    wire.server.connection.issue_ticket(TICKET).expect("a client that takes tickets");
    wire.run(|_, _| ());
    assert!(wire.client.facts.iter().any(|fact| matches!(fact, Fact::Ticket(_))));
}

fn authentications(wire: &Wire) -> usize {
    let authenticated = |fact: &&Fact| {
        matches!(fact, Fact::PostHandshakeAuthentication { certificate: Some(_), .. })
    };
    wire.server.facts.iter().filter(authenticated).count()
}

#[test]
fn not_with_half_a_message() {
    let mut trial = Trial::new(Setup::default(), Role::Client);
    trial.reach("Connected");
    trial.forger.handshake.update_keys(false).expect("connected");
    trial.forger.speak();
    let update = trial.forger.items.pop_front();
    let Some(countersign_testing::Item::Message(update)) = update else { panic!("{update:?}") };
    for half in [&update[..2], &update[2..]] {
        trial.forger.items.push_back(countersign_testing::Item::Message(half.to_vec()));
    }
    // In front of them lies the key that they change to.
    let key = trial.forger.items.pop_front().expect("a key");
    trial.step();
    let (misuse, victim) = refused(trial.victim);
    assert_eq!(misuse, Misuse::Unfinished);
    trial.victim = victim;
    trial.step();
    trial.deliver(key);
    drop(trial.victim.connection.export().expect("a connection at rest"));
}

#[test]
fn not_after_the_end_and_not_over_a_broken_transport() {
    for role in BOTH {
        let mut wire = connected(Setup::default());
        end(&mut wire, role).connection.cancel().expect("running");
        assert_eq!(refuse(wire, role).0, Misuse::Ended);

        let mut wire = connected(Setup::default());
        end(&mut wire, role).connection.transport_write_failed();
        assert_eq!(refuse(wire, role).0, Misuse::WriteClosed);

        let mut wire = connected(Setup::default());
        end(&mut wire, role).connection.transport_eof();
        assert_eq!(refuse(wire, role).0, Misuse::Unfinished);
    }
}

#[test]
fn not_as_another_role_or_over_another_transport() {
    let setup = Setup::default();
    let Wire { client, server } = connected(setup.clone());
    let client = client.connection.export().expect("a connection at rest");
    let server = server.connection.export().expect("a connection at rest");
    let wrong = Connection::import_server(&setup.server, client).expect_err("a client's");
    assert_eq!(wrong.misuse, Misuse::WrongRole);
    let client = wrong.value;
    let wrong = Connection::import_client(&setup.client, server).expect_err("a server's");
    assert_eq!(wrong.misuse, Misuse::WrongRole);
    let server = wrong.value;

    let mut quic = setup.clone();
    quic.server.profile = Profile::Quic(Vec::new());
    let wrong = Connection::import_server(&quic.server, server).expect_err("no records in QUIC");
    assert_eq!(wrong.misuse, Misuse::NotInThisProfile);
    let server = wrong.value;
    let mut empty = setup.clone();
    empty.client.groups = countersign::codec::Vector::new();
    let wrong = Connection::import_client(&empty.client, client).expect_err("no group");
    assert!(matches!(wrong.misuse, Misuse::Configuration(_)));

    // What came back is as good as before.
    let socket = |carried| Socket::new(import(&setup, carried));
    let (client, server) = (socket(through_bytes(&wrong.value)), socket(server));
    talk(&mut Wire { client, server });
}

#[test]
fn a_refusal_in_the_middle_of_a_conversation_costs_nothing() {
    let mut wire = connected(Setup::default());
    write(&mut wire, Role::Client, b"data");
    let (misuse, mut wire) = refuse(wire, Role::Client);
    assert_eq!(misuse, Misuse::Unfinished);
    wire.run(|_, _| ());
    assert_eq!(wire.server.data, b"data");
    talk(&mut wire);
}
