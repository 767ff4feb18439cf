//! An attacker between two honest ends, who changes messages in plaintext.
//!
//! Real attackers cannot read the encrypted flights. This one can, and must still not bring the
//! two ends to disagree: everything is in the transcript that Finished covers.

use countersign::epoch::{Direction, Epoch};
use countersign::handshake::Fact;
use countersign::handshake::event::Negotiated;
use countersign_testing::{End, Flight, Pair};

use crate::conversation::{judge_end, setup};
use crate::script::Script;
use crate::{insecure, mutation};

/// Runs an honest pair through the attacks in `bytes`.
///
/// # Panics
/// On a finding.
pub fn check(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    let mut pair = setup(&mut script).pair();
    let mut passed: Vec<Vec<u8>> = Vec::new();
    let mut touched = false;
    let mut silent = false;
    while !silent {
        pair.run_with(
            |flight| touched |= attack(&mut script, flight, &mut passed),
            |_, question| Err(question),
        );
        let answered = [&mut pair.client, &mut pair.server].map(insecure::answer_honestly);
        silent = answered == [false, false];
    }
    judge(&mut pair, touched);
}

/// Lets a flight pass or changes it. What the application keys protect is out of reach: it is not
/// in the transcript, and need not be.
fn attack(script: &mut Script<'_>, flight: &mut Flight, passed: &mut Vec<Vec<u8>>) -> bool {
    let before = flight.bytes.clone();
    if flight.epoch != Epoch::Application {
        for _ in 0..script.byte() % 4 {
            if !flight.bytes.is_empty() {
                mutation::flight(script, &mut flight.bytes, passed);
            }
        }
        passed.extend(mutation::split(&before));
    }
    flight.bytes != before
}

fn judge(pair: &mut Pair, touched: bool) {
    let (client_is_complete, server_is_complete) =
        (pair.client.handshake.is_complete(), pair.server.handshake.is_complete());
    if client_is_complete && server_is_complete {
        assert!(pair.agrees(), "both are complete, and disagree");
    } else {
        assert!(touched, "nobody interfered, and they are not both complete");
    }
    // Whoever is complete has checked the Finished of an end that knows the same.
    if client_is_complete {
        believes_in(&pair.client, &pair.server);
    }
    if server_is_complete {
        believes_in(&pair.server, &pair.client);
    }
    for end in [&mut pair.client, &mut pair.server] {
        end.handshake.transport_eof();
        end.settle();
        judge_end(end);
    }
}

/// That what `end` receives with and has negotiated is what `peer` sends with and has negotiated.
fn believes_in(end: &End, peer: &End) {
    let key = |end: &End, wanted: Direction| {
        let mut keys = end.observed.keys.iter();
        keys.find(|(direction, epoch, _)| *direction == wanted && *epoch == Epoch::Application)
            .map(|(_, _, bytes)| bytes.clone())
            .expect("a key for application data")
    };
    assert_eq!(key(end, Direction::Receive), key(peer, Direction::Send), "the keys differ");
    assert_eq!(negotiated(end), negotiated(peer), "the parameters differ");
}

fn negotiated(end: &End) -> Option<Negotiated> {
    end.observed.facts.iter().find_map(|fact| match fact {
        Fact::Negotiated(negotiated) => Some(negotiated.clone()),
        _ => None,
    })
}
