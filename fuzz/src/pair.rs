//! An attacker between two honest ends, who changes records or, in plaintext, messages.
//!
//! Real attackers cannot read the encrypted flights. This one can, and must still not bring the
//! two ends to disagree: everything is in the transcript that Finished covers.

use std::io::Write;
use std::mem;
use std::sync::Arc;

use countersign::epoch::{Direction, Epoch, Role};
use countersign::failure::Disclosure;
use countersign::handshake::Fact;
use countersign::handshake::event::Negotiated;
use countersign::recording::{Fault, Replay};
use countersign_testing::{End, Flight, Pair, Reversed};

use crate::insecure::insecure_provider;
use crate::oracle::judge_end;
use crate::script::Script;
use crate::setup::setup;
use crate::{answers, mutation, wire};

/// Runs an honest pair through the attacks in `bytes`.
///
/// # Panics
/// On a finding.
pub fn check(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    let setup = setup(&mut script);
    if script.flag() {
        return wire::check(&mut script, setup, None);
    }
    let disclosure = setup.client.disclosure;
    let mut pair = setup.pair();
    let mut passed: Vec<Vec<u8>> = Vec::new();
    let mut touched = false;
    talk(&mut pair, |flight| touched |= attack(&mut script, flight, &mut passed));
    let complete = pair.client.handshake.is_complete() && pair.server.handshake.is_complete();
    if complete && pair.server.handshake.request_certificate(true).is_ok() {
        talk(&mut pair, |_| ());
        let is_met = |fact: &Fact| matches!(fact, Fact::PostHandshakeAuthentication { .. });
        assert!(pair.server.knows(is_met), "{:?}", pair.server.observed.end);
    }
    judge(&mut pair, touched, disclosure);
}

/// Where the courses of client and server are written to.
pub type Recordings = [Box<dyn Write>; 2];

/// Runs the script in `bytes` as [`check`] does, and writes the courses of both ends down, in full;
/// `false` if it is not about records, of which alone there are recordings.
///
/// # Panics
/// On a finding. What came before it is written.
#[must_use]
pub fn record(bytes: &[u8], recordings: Recordings) -> bool {
    let mut script = Script::new(bytes);
    let setup = setup(&mut script);
    let is_about_records = script.flag();
    if is_about_records {
        wire::check(&mut script, setup, Some(recordings));
    }
    is_about_records
}

/// What was recorded, to be run again.
///
/// # Errors
/// As [`Replay::new`].
pub fn replay(text: &str) -> Result<Replay, Fault> {
    Replay::new(text, insecure_provider(0), &[Arc::new(Reversed)])
}

/// Lets two ends that answer as zeros do talk until they fall silent.
fn talk(pair: &mut Pair, mut tamper: impl FnMut(&mut Flight)) {
    let mut silent = false;
    while !silent {
        pair.run_with(&mut tamper, |_, question| Err(question));
        let answered = [&mut pair.client, &mut pair.server].map(answers::answer_honestly);
        silent = answered == [false, false];
    }
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

fn judge(pair: &mut Pair, touched: bool, disclosure: Disclosure) {
    let (client_is_complete, server_is_complete) =
        (pair.client.handshake.is_complete(), pair.server.handshake.is_complete());
    let complete = client_is_complete && server_is_complete;
    let ends = (&pair.client.observed.end, &pair.server.observed.end);
    assert!(complete || touched, "nobody interfered, and {ends:?}");
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
        judge_end(end, disclosure);
    }
}

/// That what `end` receives with and has negotiated is what `peer` sends with and has negotiated.
/// What comes behind the first key for application data is not in any transcript.
pub(crate) fn believes_in(end: &End, peer: &End) {
    let keys = |end: &End, wanted: Direction| -> Vec<(Epoch, Vec<u8>)> {
        let keys = end.observed.keys.iter();
        let keys = keys.filter(|(direction, ..)| *direction == wanted);
        keys.map(|(_, epoch, bytes)| (*epoch, bytes.clone())).collect()
    };
    let (received, sent) = (keys(end, Direction::Receive), keys(peer, Direction::Send));
    let last = received.iter().position(|(epoch, _)| *epoch == Epoch::Application);
    let agreed = &received[..=last.expect("a key for application data")];
    assert!(agreed.iter().all(|key| sent.contains(key)), "the keys differ");
    assert_eq!(negotiated(end), negotiated(peer), "the parameters differ");
}

/// What was negotiated, as the client sees it.
fn negotiated(end: &End) -> Option<Negotiated> {
    end.observed.facts.iter().find_map(|fact| match fact {
        Fact::Negotiated(negotiated) => {
            let mut negotiated = negotiated.clone();
            if let (Role::Server, Some(limits)) =
                (end.handshake.role(), &mut negotiated.record_size_limits)
            {
                mem::swap(&mut limits.send, &mut limits.receive);
            }
            Some(negotiated)
        }
        _ => None,
    })
}
