//! The ways in which a connection ends, or is laid aside.

use std::any::Any;
use std::hint::black_box;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use countersign::connection::{Carried, Connection};
use countersign::crypto::Suite;
use countersign::epoch::Role;
use countersign::handshake::Fact;
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::policy::{ReplayRegister, Resumption, TicketSealer, Tickets};
use countersign::registry::NamedGroup;
use countersign_testing::{Identity, Setup, Socket, Wire};
use pki_types::UnixTime;
use zeroize::Zeroizing;

use crate::watched::{left, noted, provider};

/// What is still there when the search begins.
pub(crate) type Remains = Box<dyn Any>;

/// An end: its name, and what brings it about.
pub(crate) type End = (&'static str, fn(&'static Suite) -> Remains);

pub(crate) const ENDS: &[End] = &[
    ("closed by both", closed),
    ("failed", |suite| Box::new((0..8).map(|nth| failed(suite, nth)).collect::<Vec<_>>())),
    ("cancelled", |suite| Box::new((1..8).map(|nth| cancelled(suite, nth)).collect::<Vec<_>>())),
    ("dropped", dropped),
    ("exported", exported),
    ("resumed", resumed),
    ("a ticket that could not be sealed", unsealed),
];

pub(crate) fn setup(suite: &'static Suite) -> Setup {
    let mut setup = Setup::default();
    setup.client.provider = provider(suite);
    setup.server.provider = provider(suite);
    setup.client.cipher_suites = [suite.id].into_iter().collect();
    setup.server.cipher_suites = [suite.id].into_iter().collect();
    setup.client.groups = [NamedGroup::X25519].into_iter().collect();
    setup
}

/// Both say something, and the other hears it.
pub(crate) fn talk(wire: &mut Wire) {
    for socket in [&mut wire.client, &mut wire.server] {
        socket.connection.write(b"data", &mut socket.output).expect("a connection");
    }
    wire.run(|_, _| ());
    for socket in [&mut wire.client, &mut wire.server] {
        assert_eq!(std::mem::take(&mut socket.data), b"data");
        // What a key log has not asked for.
        drop(socket.connection.take_installed_keys());
    }
}

/// Two ends that have not met. What is moved takes the bytes between its fields along, and those are
/// what the stack happens to hold: nothing of what came before.
fn two_ends(setup: Setup) -> Wire {
    black_box([0_u8; 1 << 17]);
    Wire::new(setup)
}

/// Two ends that have heard of each other.
pub(crate) fn connected(suite: &'static Suite) -> Wire {
    let mut wire = two_ends(setup(suite));
    wire.run(|_, _| ());
    talk(&mut wire);
    wire
}

fn close(wire: &mut Wire) {
    wire.client.connection.close().expect("a connection");
    wire.run(|_, _| ());
    wire.server.connection.close().expect("half a connection");
    wire.run(|_, _| ());
    assert!(wire.client.end.is_some() && wire.server.end.is_some());
}

fn closed(suite: &'static Suite) -> Remains {
    let mut wire = connected(suite);
    close(&mut wire);
    Box::new(wire)
}

/// What is sent as the `nth` arrives with its last bit turned over.
fn failed(suite: &'static Suite, nth: usize) -> Remains {
    let mut wire = two_ends(setup(suite));
    let mut sent = 0;
    wire.run(|_, bytes| {
        let last = bytes.last_mut().expect("something is sent");
        *last ^= u8::from(sent == nth);
        sent += 1;
    });
    let ended = wire.client.end.is_some() && wire.server.end.is_some();
    assert!(ended || nth > 1, "nobody minds {nth}");
    if ended { Box::new(wire) } else { Box::new(()) }
}

/// Two ends between which the `nth` flight and all after it are lost.
fn stopped(suite: &'static Suite, nth: usize) -> Wire {
    let mut wire = two_ends(setup(suite));
    let mut sent = 0;
    wire.run(|_, bytes| {
        if sent >= nth {
            bytes.clear();
        }
        sent += 1;
    });
    wire
}

fn dropped(suite: &'static Suite) -> Remains {
    (1..8).for_each(|nth| drop(stopped(suite, nth)));
    Box::new(())
}

fn cancelled(suite: &'static Suite, nth: usize) -> Remains {
    let mut wire = stopped(suite, nth);
    for socket in [&mut wire.client, &mut wire.server] {
        socket.connection.cancel().expect("it has not ended");
        socket.work(&mut Err);
        assert!(socket.end.is_some());
    }
    Box::new(wire)
}

fn exported(suite: &'static Suite) -> Remains {
    let mut wire = connected(suite);
    let setup = setup(suite);
    let through_bytes = |socket: Socket| {
        let carried = socket.connection.export().expect("a connection at rest");
        let bytes = Zeroizing::new(carried.to_bytes().expect("short names"));
        drop(carried);
        Carried::from_bytes(&bytes, &provider(suite)).expect("the same")
    };
    let client = Connection::import_client(&setup.client, through_bytes(wire.client));
    let server = Connection::import_server(&setup.server, through_bytes(wire.server));
    wire = Wire {
        client: Socket::new(client.expect("a client")),
        server: Socket::new(server.expect("a server")),
    };
    talk(&mut wire);
    assert!(left().iter().any(|name| name == "c ap traffic"), "a search that finds nothing");
    close(&mut wire);
    Box::new(wire)
}

const ORDER: NewTicket = NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: Some(100) };

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// A server that seals tickets with a key that is in force from this time on; it is 1,000,000.
fn resumption(suite: &'static Suite, from: u64) -> Resumption {
    let mut sealer = TicketSealer::new(provider(suite));
    sealer.add_key(&[0x3c; TicketSealer::KEY_BYTES], at(from));
    let register = Arc::new(Mutex::new(ReplayRegister::new(at(0), 10)));
    Resumption { tickets: Tickets::Sealed(sealer), register: Some(register) }
}

fn answer(resumption: &Resumption, role: Role, question: Decision) -> Answer {
    let now = at(1_000_000);
    match (role, question) {
        (Role::Server, Decision::SealTicket(question)) => resumption.seal(question, b"them", now),
        (Role::Server, Decision::SelectCredential(question)) => {
            match resumption.open(&question, now) {
                Some(found) => {
                    resumption.accept(question, found, None, now).expect("it is offered")
                }
                None => Identity::example().answer(Decision::SelectCredential(question)),
            }
        }
        (_, question) => Identity::example().answer(question),
    }
}

fn run(wire: &mut Wire, resumption: &Resumption) {
    wire.run_with(|_, _| (), |role, question| Ok(answer(resumption, role, question)));
}

/// A ticket that was kept as bytes, used with early data in another connection.
fn resumed(suite: &'static Suite) -> Remains {
    let resumption = resumption(suite, 0);
    let mut wire = connected(suite);
    wire.server.connection.issue_ticket(ORDER).expect("a connection");
    run(&mut wire, &resumption);
    let ticket = wire.client.facts.drain(..).find_map(|fact| match fact {
        Fact::Ticket(ticket) => Some(ticket),
        _ => None,
    });
    let bytes = Zeroizing::new(ticket.expect("a ticket").to_bytes().expect("a short one"));
    close(&mut wire);
    drop(wire);
    let ticket = Ticket::from_bytes(&bytes, &provider(suite)).expect("the same");
    drop(bytes);
    let mut setup = setup(suite);
    setup.destination.psks = vec![ticket.offer(0)];
    setup.destination.early_data = true;
    let mut wire = two_ends(setup);
    let early = wire.client.connection.write_early_data(b"early", &mut wire.client.output);
    assert_eq!(early, Ok(5));
    run(&mut wire, &resumption);
    assert_eq!(wire.server.early_data, b"early");
    assert!(noted("c e traffic") > 0);
    talk(&mut wire);
    close(&mut wire);
    Box::new(wire)
}

/// A ticket for which there is no key in force.
fn unsealed(suite: &'static Suite) -> Remains {
    let resumption = resumption(suite, 2_000_000);
    let mut wire = connected(suite);
    wire.server.connection.issue_ticket(ORDER).expect("a connection");
    run(&mut wire, &resumption);
    assert!(noted("resumption") > 0);
    close(&mut wire);
    Box::new(wire)
}
