//! Takes the time of countersign, rustls and ring alone, in turns, and prints the table.
//!
//! All three take turns within each round, the order changing from round to round, so that whatever
//! else the machine does meets them alike; the quotients are medians over rounds of quotients
//! within a round.

use std::time::{Duration, Instant};

use countersign_benches::countersign::Countersign;
use countersign_benches::identities::Identities;
use countersign_benches::meeting::{Clock, End, Library, Scenario, Unwatched, meet};
use countersign_benches::primitives::{Asymmetric, Symmetric};
use countersign_benches::rustls::Rustls;

/// Something that all three can do, in two halves.
struct Discipline<'a> {
    name: String,
    halves: [&'static str; 2],
    /// How many times one turn does it.
    times: u32,
    contenders: [Box<dyn FnMut() -> [Duration; 2] + 'a>; 3],
    /// What the turns took: for each contender, both halves, in microseconds.
    samples: [Vec<[f64; 2]>; 3],
}

const ROUNDS: usize = 400;

fn main() {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let identities = Identities::new();
    let (countersign, rustls) = (Countersign::new(&identities), Rustls::new(&identities));
    let ring = Asymmetric::new();
    let mut disciplines: Vec<Discipline<'_>> = Scenario::ALL
        .into_iter()
        .map(|scenario| handshake(scenario, &countersign, &rustls, &ring))
        .chain([
            records("16 KiB record", 16_384, 64, &countersign, &rustls),
            records("64-byte record", 64, 1024, &countersign, &rustls),
        ])
        .collect();
    for round in 0..rounds {
        for discipline in &mut disciplines {
            discipline.turn(round);
        }
    }
    println!("Microseconds, medians of {rounds} rounds.\n");
    println!(
        "| | | countersign | rustls | ring alone | countersign ÷ rustls | countersign ÷ ring |"
    );
    println!("|---|---|---:|---:|---:|---:|---:|");
    for discipline in &disciplines {
        discipline.print();
    }
}

fn handshake<'a>(
    scenario: Scenario,
    countersign: &'a Countersign,
    rustls: &'a Rustls,
    ring: &'a Asymmetric,
) -> Discipline<'a> {
    fn taken<L: Library>(library: &L, scenario: Scenario) -> [Duration; 2] {
        let mut clock = Clock::default();
        meet(library, scenario, &mut clock);
        [clock.client, clock.server]
    }
    Discipline {
        name: format!("{} handshake", scenario.name()),
        halves: ["client", "server"],
        times: 1,
        contenders: [
            Box::new(move || taken(countersign, scenario)),
            Box::new(move || taken(rustls, scenario)),
            Box::new(move || {
                let mut clock = Clock::default();
                ring.meet(scenario, &mut clock);
                [clock.client, clock.server]
            }),
        ],
        samples: Default::default(),
    }
}

fn records<'a>(
    name: &str,
    content_bytes: usize,
    count: usize,
    countersign: &'a Countersign,
    rustls: &'a Rustls,
) -> Discipline<'a> {
    let mut ring = Symmetric::new(count, content_bytes);
    Discipline {
        name: String::from(name),
        halves: ["send", "receive"],
        times: u32::try_from(count).unwrap(),
        contenders: [
            transfer(countersign, content_bytes, count),
            transfer(rustls, content_bytes, count),
            Box::new(move || [taken(|| ring.seal()), taken(|| ring.open())]),
        ],
        samples: Default::default(),
    }
}

/// A client that sends `count` records, and then the server that receives them.
fn transfer<'a>(
    library: &'a impl Library<End: 'a>,
    content_bytes: usize,
    count: usize,
) -> Box<dyn FnMut() -> [Duration; 2] + 'a> {
    let (mut client, mut server) = meet(library, Scenario::Full, &mut Unwatched);
    let data = vec![5; content_bytes];
    let mut wire = Vec::with_capacity(count * (content_bytes + 64));
    let mut back = Vec::new();
    Box::new(move || {
        let sent = taken(|| {
            for _ in 0..count {
                client.send(&data, &mut wire);
            }
        });
        let mut bytes = 0;
        let received = taken(|| bytes = server.turn(&mut wire, &mut back));
        assert_eq!((bytes, wire.len(), back.len()), (count * content_bytes, 0, 0));
        [sent, received]
    })
}

fn taken(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

impl Discipline<'_> {
    fn turn(&mut self, round: usize) {
        for turn in 0..self.contenders.len() {
            let which = (turn + round) % self.contenders.len();
            let took = self.contenders[which]();
            let each = took.map(|took| took.as_secs_f64() * 1e6 / f64::from(self.times));
            self.samples[which].push(each);
        }
    }

    fn print(&self) {
        for (half, name) in self.halves.iter().enumerate() {
            let [ours, theirs, least] = self
                .samples
                .each_ref()
                .map(|samples| samples.iter().map(|sample| sample[half]).collect::<Vec<f64>>());
            println!(
                "| {} | {name} | {:.2} | {:.2} | {:.2} | {:.2} | {:.2} |",
                self.name,
                median(ours.clone()),
                median(theirs.clone()),
                median(least.clone()),
                median(quotients(&ours, &theirs)),
                median(quotients(&ours, &least)),
            );
        }
    }
}

fn quotients(ours: &[f64], others: &[f64]) -> Vec<f64> {
    ours.iter().zip(others).map(|(ours, others)| ours / others).collect()
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
