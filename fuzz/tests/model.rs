//! Every course that two machines can take, to a depth.
//!
//! `COUNTERSIGN_MODEL_DEPTH=2 cargo test --test model -- --nocapture` walks further, and says how
//! far it came.

use std::collections::BTreeSet;
use std::env;

use countersign::handshake::closure::CLOSURE;
use countersign::handshake::{CLIENT, SERVER};
use countersign_fuzz::model::{Walked, walk};

/// Setups that have every state between them, and how many deviations each is walked with at least.
const SETUPS: &[(&str, [u8; 3], usize)] = &[
    ("plain", [0, 0, 0], 2),
    ("retry", [1, 0, 0], 1),
    ("retry with a cookie", [9, 0, 0], 1),
    ("client certificate", [2, 0, 0], 1),
    ("retry and a client certificate that is required", [5, 0, 0], 1),
    ("client certificate after the handshake", [0, 0, 0x40], 2),
    ("raw public keys", [2, 0, 0x80], 1),
    ("compressed certificates", [0, 8, 0], 1),
    ("compressed certificates of both", [2, 8, 0], 1),
    ("compressed certificate after the handshake", [0, 8, 0x40], 2),
    ("key that both know", [0, 0, 2], 1),
    ("key alone", [0, 0, 0x0a], 1),
    ("early data", [0, 0, 6], 1),
    ("early data that is refused", [0, 0, 7], 1),
    ("early data and a retry", [1, 0, 6], 1),
    ("QUIC", [0x20, 0, 0], 1),
];

#[test]
fn no_course_breaks_a_rule_and_every_row_is_taken() {
    let depth = env::var("COUNTERSIGN_MODEL_DEPTH").ok().and_then(|depth| depth.parse().ok());
    let mut walked = Walked::default();
    for (name, flags, deviations) in SETUPS {
        let (before, deviations) = (walked.points, depth.unwrap_or(*deviations));
        walk(*flags, deviations, &mut walked);
        println!("{name}: {} points, {deviations} deviations", walked.points - before);
    }
    println!("{} points, {} transitions", walked.points, walked.transitions.len());

    let rows = |role, table: &'static [countersign::handshake::machine::Edge]| {
        table
            .iter()
            .flat_map(move |row| row.to.iter().map(move |to| (role, row.from, row.input, *to)))
    };
    let all: BTreeSet<_> = rows("client", CLIENT).chain(rows("server", SERVER)).collect();
    let missed: Vec<_> = all.difference(&walked.transitions).collect();
    assert!(missed.is_empty(), "rows that nothing takes: {missed:?}");

    let closures = walked.closures.iter().map(|(from, input, to)| (&**from, *input, &**to));
    let closures: BTreeSet<_> = closures.collect();
    let rows = CLOSURE.iter().map(|row| (row.from, row.input, row.to[0]));
    let missed: Vec<_> = rows.filter(|row| !closures.contains(row)).collect();
    assert!(missed.is_empty(), "ways to close that nothing takes: {missed:?}");
}
