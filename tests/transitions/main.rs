//! The three tables: every row is walked, and what has no row is refused.

mod closure;
mod illegal;
mod rows;
mod waiting;

use std::sync::OnceLock;

use countersign::epoch::Role;
use countersign::handshake::event::NewTicket;
use countersign::message::{HEADER_BYTES, Kind};
use countersign::registry::HandshakeType;
use countersign_testing::{Setup, messages, table};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

const TICKET: NewTicket = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };

/// The inputs that a state takes.
fn inputs(role: Role, state: &str) -> impl Iterator<Item = &'static str> {
    table(role).iter().filter(move |edge| edge.from == state).map(|edge| edge.input)
}

/// Whether the peer can move the machine out of the state: some message can, if any input can.
fn takes_messages(role: Role, state: &str) -> bool {
    inputs(role, state).any(|input| Kind::ALL.iter().any(|kind| kind.name() == input))
}

/// A message of each kind, as an honest peer has sent it.
fn samples() -> &'static [(Kind, Vec<u8>)] {
    static SAMPLES: OnceLock<Vec<(Kind, Vec<u8>)>> = OnceLock::new();
    SAMPLES.get_or_init(|| {
        // What no honest peer sends in these handshakes.
        let mut samples = vec![(Kind::EndOfEarlyData, vec![5, 0, 0, 0])];
        let mut collect = |flight: &[u8]| {
            for message in messages(flight) {
                let kind = Kind::of(HandshakeType(message[0]), &message[HEADER_BYTES..]);
                samples.push((kind.expect("a known message"), message.to_vec()));
            }
        };
        Setup::compressing().pair().run(|flight| collect(&flight.bytes));
        let mut pair = Setup::longest().pair();
        pair.run(|flight| collect(&flight.bytes));
        pair.server.handshake.issue_ticket(TICKET).expect("a ticket can be issued");
        pair.run(|flight| collect(&flight.bytes));
        pair.server.handshake.update_keys(false).expect("connected");
        pair.run(|flight| collect(&flight.bytes));
        samples
    })
}

fn sample(kind: Kind) -> &'static [u8] {
    let found = samples().iter().find(|(sample, _)| *sample == kind);
    &found.expect("a sample of every kind").1
}
