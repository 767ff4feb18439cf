//! Established connections, carried on elsewhere: by this crate in another place, or by the kernel.

mod kernel;
mod refused;
mod values;

use countersign::connection::{Carried, Connection};
use countersign::diagnosis::Evidence;
use countersign::epoch::Role;
use countersign::failure::Misuse;
use countersign::handshake::client_authentication::{ClientAuthenticationState, Reply};
use countersign::handshake::closure::Closure;
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::decision::CertificateFault;
use countersign::handshake::event::NewTicket;
use countersign::handshake::psk::{OfferedPsk, PreSharedKey};
use countersign::handshake::{Answer, Decision, End, Fact};
use countersign::record::Padding;
use countersign_testing::{Identity, Setup, Socket, Wire, provider};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

const TICKET: NewTicket = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };

/// Two ends that are connected and have said all they had to say.
fn connected(setup: Setup) -> Wire {
    let mut wire = Wire::new(setup);
    wire.run(|_, _| ());
    for socket in [&wire.client, &wire.server] {
        assert!(socket.connection.handshake().is_complete(), "{socket:?}");
    }
    wire
}

fn end(wire: &mut Wire, role: Role) -> &mut Socket {
    match role {
        Role::Client => &mut wire.client,
        Role::Server => &mut wire.server,
    }
}

fn write(wire: &mut Wire, role: Role, data: &[u8]) {
    let socket = end(wire, role);
    socket.connection.write(data, &mut socket.output).expect("connected");
}

fn import(setup: &Setup, carried: Carried) -> Connection {
    let imported = match carried.role() {
        Role::Client => Connection::import_client(&setup.client, carried),
        Role::Server => Connection::import_server(&setup.server, carried),
    };
    imported.expect("a connection of that role")
}

/// What another process would get.
fn through_bytes(carried: &Carried) -> Carried {
    let bytes = carried.to_bytes().expect("short names");
    Carried::from_bytes(&bytes, &provider()).expect("the same")
}

/// The socket of another process, with all the bytes that are on their way.
fn elsewhere(socket: Socket, setup: &Setup) -> Socket {
    let Socket { connection, input, output, data, early_data, facts, end, question } = socket;
    let carried = connection.export().expect("a connection at rest");
    let connection = import(setup, through_bytes(&carried));
    Socket { connection, input, output, data, early_data, facts, end, question }
}

fn carry(mut wire: Wire, role: Role, setup: &Setup) -> Wire {
    match role {
        Role::Client => wire.client = elsewhere(wire.client, setup),
        Role::Server => wire.server = elsewhere(wire.server, setup),
    }
    wire
}

/// A word each way, and exporters that agree.
fn talk(wire: &mut Wire) {
    for role in BOTH {
        end(wire, role).data.clear();
    }
    write(wire, Role::Client, b"ping");
    write(wire, Role::Server, b"pong");
    wire.run(|_, _| ());
    assert_eq!((&wire.server.data[..], &wire.client.data[..]), (&b"ping"[..], &b"pong"[..]));
    assert_eq!(exported(&wire.client), exported(&wire.server));
}

fn exported(socket: &Socket) -> [u8; 32] {
    let mut material = [0; 32];
    socket.connection.exporter("EXPORTER-test", b"context", &mut material).expect("connected");
    material
}

#[test]
fn either_end_carries_on_as_often_as_it_likes() {
    for suite in provider().suites {
        for role in BOTH {
            let mut setup = Setup::default();
            setup.client.cipher_suites = [suite.id].into_iter().collect();
            let mut wire = connected(setup.clone());
            let before = exported(&wire.client);
            for _ in 0..3 {
                talk(&mut wire);
                wire = carry(wire, role, &setup);
                assert_eq!(end(&mut wire, role).connection.handshake().state(), "Connected");
                talk(&mut wire);
                wire = carry(wire, role.peer(), &setup);
            }
            assert_eq!(exported(&wire.server), before);
        }
    }
}

#[test]
fn bytes_that_were_not_read_yet_go_along() {
    for role in BOTH {
        for unread in [1, 20, 4 + 5 + 17, 4 + 5 + 17 + 3] {
            let setup = Setup::default();
            let mut wire = connected(setup.clone());
            write(&mut wire, role.peer(), b"said");
            write(&mut wire, role.peer(), b"and said");
            let sent = std::mem::take(&mut end(&mut wire, role.peer()).output);
            end(&mut wire, role).input = sent[..unread].to_vec();
            let mut wire = carry(wire, role, &setup);
            end(&mut wire, role).input.extend_from_slice(&sent[unread..]);
            wire.run(|_, _| ());
            assert_eq!(end(&mut wire, role).data, b"saidand said");
        }
    }
}

#[test]
fn keys_are_updated_by_either_end_before_and_after() {
    for carrier in BOTH {
        for updater in BOTH {
            for request in [false, true] {
                let setup = Setup::default();
                let mut wire = connected(setup.clone());
                for _ in 0..2 {
                    end(&mut wire, updater).connection.update_keys(request).expect("connected");
                    talk(&mut wire);
                    wire = carry(wire, carrier, &setup);
                    talk(&mut wire);
                }
                let learned = |fact: &&Fact| matches!(fact, Fact::PeerUpdatedKeys);
                let updates = |socket: &Socket| socket.facts.iter().filter(learned).count();
                assert_eq!(updates(end(&mut wire, updater.peer())), 2);
                assert_eq!(updates(end(&mut wire, updater)), if request { 2 } else { 0 });
            }
        }
    }
}

#[test]
fn an_update_that_is_owed_is_sent_elsewhere() {
    for role in BOTH {
        let setup = Setup::default();
        let mut wire = connected(setup.clone());
        end(&mut wire, role.peer()).connection.update_keys(true).expect("connected");
        wire.run(|_, _| ());
        let mut wire = carry(wire, role, &setup);
        assert!(end(&mut wire, role.peer()).connection.update_keys(true).is_err());
        talk(&mut wire);
        let facts = &end(&mut wire, role.peer()).facts;
        assert_eq!(facts.iter().filter(|fact| matches!(fact, Fact::PeerUpdatedKeys)).count(), 1);
        end(&mut wire, role.peer()).connection.update_keys(true).expect("the first was answered");
    }
}

#[test]
fn an_answer_that_is_awaited_is_awaited_elsewhere() {
    let setup = Setup::default();
    let mut wire = connected(setup.clone());
    wire.client.connection.update_keys(true).expect("connected");
    wire.run(|_, _| ());
    let mut wire = carry(wire, Role::Client, &setup);
    assert!(wire.client.connection.update_keys(true).is_err());
    talk(&mut wire);
    wire.client.connection.update_keys(true).expect("it was answered");
}

#[test]
fn an_answer_that_would_show_the_clients_finished_processed_shows_it_elsewhere() {
    let mut setup = Setup::default();
    setup.server.client_authentication = ClientAuthentication::Require;
    let mut wire = connected(setup.clone());
    wire.client.connection.update_keys(true).expect("connected");
    wire.run(|_, _| ());
    let mut wire = carry(wire, Role::Client, &setup);
    talk(&mut wire);
    let processed = ClientAuthenticationState::Processed(Reply::Sent, Evidence::Strong);
    assert!(
        wire.client.facts.iter().any(|fact| {
            matches!(fact, Fact::ClientAuthentication(state) if *state == processed)
        })
    );
}

/// Has the server issue a ticket; returns its key as the server and as the client know it.
fn ticket(wire: &mut Wire) -> (Vec<u8>, OfferedPsk) {
    let mut at_server = Vec::new();
    wire.server.connection.issue_ticket(TICKET).expect("a client that takes tickets");
    let answer = |_, question| -> Result<Answer, Decision> {
        if let Decision::SealTicket(question) = &question {
            at_server = question.psk().as_bytes().to_vec();
            assert_eq!(question.server_name(), Some(&b"example.com"[..]));
            assert_eq!(question.client_authentication(), ClientAuthentication::Request);
        }
        Ok(Identity::example().answer(question))
    };
    wire.run_with(|_, _| (), answer);
    let ticket = wire.client.facts.drain(..).rev().find_map(|fact| match fact {
        Fact::Ticket(ticket) => Some(ticket),
        _ => None,
    });
    (at_server, ticket.expect("a ticket").offer(0))
}

#[test]
fn tickets_go_on_with_keys_of_their_own() {
    for role in BOTH {
        let mut setup = Setup::default();
        setup.server.client_authentication = ClientAuthentication::Request;
        let mut wire = connected(setup.clone());
        let mut keys = Vec::new();
        for _ in 0..3 {
            let (at_server, at_client) = ticket(&mut wire);
            assert_eq!(at_client.identity(), b"a ticket");
            keys.push(at_server);
            wire = carry(wire, role, &setup);
            talk(&mut wire);
        }
        keys.sort();
        keys.dedup();
        assert_eq!(keys.len(), 3, "two tickets have one key");
    }
}

#[test]
fn a_ticket_that_was_issued_elsewhere_resumes() {
    for role in BOTH {
        let mut setup = Setup::default();
        setup.server.client_authentication = ClientAuthentication::Request;
        let mut wire = carry(connected(setup.clone()), role, &setup);
        let (at_server, offered) = ticket(&mut wire);
        let mut again = Setup::default();
        again.destination.psks = vec![offered];
        let mut second = Wire::new(again);
        second.run_with(
            |_, _| (),
            |_, question| match question {
                Decision::SelectCredential(question) => {
                    let key = PreSharedKey::resumption(&at_server, provider().suites[0]);
                    Ok(question.psk(0, key.expect("a key"), None, false).expect("it is offered"))
                }
                other => Ok(Identity::example().answer(other)),
            },
        );
        talk(&mut second);
    }
}

#[test]
fn tickets_are_for_other_names_as_before() {
    for across_names in [false, true] {
        let mut setup = Setup::default();
        setup.server.client_authentication = ClientAuthentication::Request;
        setup.server.resumption_across_names = across_names;
        let mut wire = carry(connected(setup), Role::Server, &Setup::default());
        wire.server.connection.issue_ticket(TICKET).expect("a client that takes tickets");
        wire.run(|_, _| ());
        let ticket = wire.client.facts.iter().find_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        });
        assert_eq!(ticket.expect("a ticket").resumption_across_names, across_names);
    }
}

#[test]
fn a_certificate_that_was_accepted_is_rejected_elsewhere() {
    for authentication in [ClientAuthentication::None, ClientAuthentication::Require] {
        for role in BOTH {
            let mut setup = Setup::default();
            setup.server.client_authentication = authentication;
            let mut wire = carry(connected(setup), role, &Setup::default());
            let rejected = end(&mut wire, role).connection.reject(CertificateFault::Revoked);
            let known = role == Role::Client || authentication == ClientAuthentication::Require;
            assert_eq!(rejected, if known { Ok(()) } else { Err(Misuse::NoCertificate) });
        }
    }
}

#[test]
fn a_connection_that_is_half_closed_stays_so() {
    for role in BOTH {
        for closer in BOTH {
            let setup = Setup::default();
            let mut wire = connected(setup.clone());
            end(&mut wire, closer).connection.close().expect("connected");
            wire.run(|_, _| ());
            let mut wire = carry(wire, role, &setup);
            let expected = if role == closer { Closure::WriteClosed } else { Closure::ReadClosed };
            assert_eq!(end(&mut wire, role).connection.handshake().closure(), expected);
            write(&mut wire, closer.peer(), b"last words");
            wire.run(|_, _| ());
            assert_eq!(end(&mut wire, closer).data, b"last words");
            end(&mut wire, closer.peer()).connection.close().expect("still open");
            wire.run(|_, _| ());
            for role in BOTH {
                assert_eq!(end(&mut wire, role).end, Some(End::Closed));
            }
        }
    }
}

#[test]
fn alerts_are_sent_and_heard_elsewhere() {
    for role in BOTH {
        for faulty in BOTH {
            let setup = Setup::default();
            let mut wire = carry(connected(setup.clone()), role, &setup);
            write(&mut wire, faulty.peer(), b"said");
            wire.run(|from, bytes| {
                if from == faulty.peer() && bytes[0] == 23 {
                    *bytes.last_mut().expect("a record") ^= 1;
                }
            });
            let Some(End::Failed(failure)) = end(&mut wire, faulty).end.clone() else {
                panic!("{:?}", end(&mut wire, faulty).end)
            };
            assert_eq!((failure.alert.description().0, failure.state), (20, "Connected"));
            if faulty == role {
                let Some(End::Refused(refusal)) = &end(&mut wire, role.peer()).end else {
                    panic!("{:?}", end(&mut wire, role.peer()).end)
                };
                assert_eq!(refusal.alert.0, 20);
            }
        }
    }
}

#[test]
fn the_end_of_the_transport_is_a_truncation_elsewhere_too() {
    for role in BOTH {
        let setup = Setup::default();
        let mut wire = carry(connected(setup.clone()), role, &setup);
        end(&mut wire, role).connection.transport_eof();
        wire.run(|_, _| ());
        assert!(matches!(end(&mut wire, role).end, Some(End::Truncated(_))));
    }
}

#[test]
fn change_cipher_spec_is_not_dropped_elsewhere() {
    for role in BOTH {
        let setup = Setup::default();
        let mut wire = carry(connected(setup.clone()), role, &setup);
        end(&mut wire, role).input = vec![20, 3, 3, 0, 1, 1];
        wire.run(|_, _| ());
        let Some(End::Failed(failure)) = &end(&mut wire, role).end else {
            panic!("{:?}", end(&mut wire, role).end)
        };
        assert_eq!(failure.alert.description().0, 10);
    }
}

#[test]
fn records_stay_as_short_and_as_padded_as_was_agreed() {
    let mut setup = Setup::default();
    setup.client.record_size_limit = Some(300);
    setup.server.record_size_limit = Some(200);
    let (client, server) = setup.clone().handshakes();
    let padding = Padding::ToMultipleOf(64.try_into().unwrap());
    let socket = |handshake| Socket::new(Connection::with_padding(handshake, padding));
    let mut wire = Wire { client: socket(client), server: socket(server) };
    wire.run(|_, _| ());
    for (role, limit) in [(Role::Client, 200), (Role::Server, 300)] {
        for _ in 0..2 {
            wire = carry(wire, role, &setup);
            write(&mut wire, role, &[7; 1_000]);
            let sent = end(&mut wire, role).output.clone();
            let length = usize::from(u16::from_be_bytes([sent[3], sent[4]]));
            assert_eq!(length, limit + 16, "a full record");
            write(&mut wire, role, b"x");
            let padded = &end(&mut wire, role).output[sent.len()..];
            assert_eq!(padded.len(), 5 + 64 + 16);
            wire.run(|_, _| ());
        }
    }
}

#[test]
fn what_is_counted_in_a_row_is_counted_on() {
    let setup = Setup::default();
    let mut wire = connected(setup.clone());
    for update in 1..=33 {
        wire.client.connection.update_keys(false).expect("connected");
        wire.run(|_, _| ());
        assert_eq!(wire.server.end.is_some(), update == 33, "update {update}");
        if update < 33 {
            wire = carry(wire, Role::Server, &setup);
        }
    }
}

#[test]
fn what_is_open_about_the_clients_authentication_stays_open() {
    let mut setup = Setup::default();
    setup.server.client_authentication = ClientAuthentication::Require;
    let mut wire = connected(setup.clone());
    write(&mut wire, Role::Client, b"ten bytes!");
    wire.client.output.clear();
    wire.run(|_, _| ());
    let mut wire = carry(wire, Role::Client, &setup);
    wire.client.connection.transport_eof();
    wire.run(|_, _| ());
    let Some(End::Truncated(truncation)) = &wire.client.end else {
        panic!("{:?}", wire.client.end)
    };
    assert_eq!(truncation.unconfirmed_bytes, 10);
    let unresolved = ClientAuthenticationState::Unresolved(Reply::Sent);
    assert!(
        wire.client.facts.iter().any(|fact| {
            matches!(fact, Fact::ClientAuthentication(state) if *state == unresolved)
        })
    );
}

#[test]
fn limits_are_those_of_the_configuration_it_is_carried_on_with() {
    let mut setup = Setup::default();
    let wire = connected(setup.clone());
    setup.server.limits.key_updates = 0;
    let mut wire = carry(wire, Role::Server, &setup);
    wire.client.connection.update_keys(false).expect("connected");
    wire.run(|_, _| ());
    assert!(matches!(wire.server.end, Some(End::Failed(_))));
}
