//! One handshake for a profiler, which tells the sides apart by `client_side` and `server_side`:
//! `handshake countersign|rustls full|remembered|mutual|resumed|refused`.

use std::mem::forget;

use countersign_benches::countersign::Countersign;
use countersign_benches::identities::Identities;
use countersign_benches::meeting::{Library, Marked, Scenario, Unwatched, meet};
use countersign_benches::rustls::Rustls;

fn main() {
    let mut arguments = std::env::args().skip(1);
    let library = arguments.next().expect("a library");
    let scenario = arguments.next().expect("a scenario");
    let scenario = Scenario::ALL.into_iter().find(|known| known.name() == scenario);
    let scenario = scenario.expect("a scenario: full, remembered, mutual, resumed or refused");
    let identities = Identities::new();
    match library.as_str() {
        "countersign" => run(&Countersign::on_ring(&identities), scenario),
        "rustls" => run(&Rustls::on_ring(&identities), scenario),
        _ => panic!("a library: countersign or rustls"),
    }
}

/// Once to have everything in place that is made on first use, then once for the profiler, which
/// finds both ends open when the program ends.
fn run(library: &impl Library, scenario: Scenario) {
    meet(library, scenario, &mut Unwatched);
    forget(meet(library, scenario, &mut Marked));
}
