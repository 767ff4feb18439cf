//! One handshake for a profiler, which tells the sides apart by `client_side` and `server_side`:
//! `handshake countersign|rustls full|remembered|mutual|resumed|refused`. With `records` in place of a
//! scenario the client sends short records, and the server receives them.

use std::mem::forget;

use countersign_benches::countersign::Countersign;
use countersign_benches::identities::Identities;
use countersign_benches::meeting::{End, Library, Marked, Meter, Scenario, Side, Unwatched, meet};
use countersign_benches::rustls::Rustls;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let library = arguments.next().expect("a library");
    let scenario = arguments.next().expect("a scenario");
    let known = Scenario::ALL.into_iter().find(|known| known.name() == scenario);
    let scenario = match scenario.as_str() {
        "records" => None,
        _ => Some(
            known.expect("records, or a scenario: full, remembered, mutual, resumed or refused"),
        ),
    };
    let identities = Identities::new();
    match library.as_str() {
        "countersign" => run(&Countersign::on_ring(&identities), scenario),
        "rustls" => run(&Rustls::on_ring(&identities), scenario),
        _ => panic!("a library: countersign or rustls"),
    }
}

/// Once to have everything in place that is made on first use, then once for the profiler, which
/// finds both ends open when the program ends.
fn run(library: &impl Library, scenario: Option<Scenario>) {
    let Some(scenario) = scenario else { return send_records(library) };
    meet(library, scenario, &mut Unwatched);
    forget(meet(library, scenario, &mut Marked));
}

/// As many records as make a sum in thousands the cost of one, and one before that has the keys
/// expanded.
fn send_records(library: &impl Library) {
    let (mut client, mut server) = meet(library, Scenario::Full, &mut Unwatched);
    let mut sent = Vec::with_capacity(RECORDS * 128);
    let mut answered = Vec::new();
    client.send(&CONTENT, &mut sent);
    server.turn(&mut sent, &mut answered);
    Marked.watch(Side::Client, || (0..RECORDS).for_each(|_| client.send(&CONTENT, &mut sent)));
    let received = Marked.watch(Side::Server, || server.turn(&mut sent, &mut answered));
    assert_eq!(received, RECORDS * CONTENT.len());
}

const RECORDS: usize = 1000;
const CONTENT: [u8; 64] = [7; 64];
