//! Takes the time of countersign, other libraries and ring alone, in turns, and prints the tables.
//!
//! All take turns within each round, the order changing from round to round, so that whatever else
//! the machine does meets them alike. Each does everything once before it is watched: the first of
//! those that stand on one library would otherwise fetch its tables for the others. How fast one is beside the first is the median over rounds of
//! quotients within a round.

use std::time::{Duration, Instant};

use countersign_benches::countersign::Countersign;
use countersign_benches::identities::Identities;
use countersign_benches::meeting::{Clock, End, Library, Scenario, Unwatched, meet};
#[cfg(feature = "openssl")]
use countersign_benches::openssl::OpenSsl;
use countersign_benches::primitives::{Asymmetric, Symmetric};
use countersign_benches::rustls::Rustls;

const ROUNDS: usize = 400;

fn main() {
    let rounds = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(ROUNDS);
    let identities = Identities::new();
    // The others are measured by the first.
    let contenders: Vec<Box<dyn Contender>> = vec![
        Box::new(Rustls::on_ring(&identities)),
        Box::new(Countersign::on_ring(&identities)),
        Box::new(RingAlone(Asymmetric::new())),
        #[cfg(feature = "aws-lc-rs")]
        Box::new(Countersign::composed(&identities)),
        #[cfg(feature = "aws-lc-rs")]
        Box::new(Countersign::on_aws_lc(&identities)),
        #[cfg(feature = "aws-lc-rs")]
        Box::new(Rustls::on_aws_lc(&identities)),
        #[cfg(feature = "openssl")]
        Box::new(OpenSsl::new(&identities)),
    ];
    let handshakes = Scenario::ALL.into_iter().map(|scenario| handshake(scenario, &contenders));
    let records = [
        records("16 KiB record", 16_384, 64, &contenders),
        records("64-byte record", 64, 1024, &contenders),
    ];
    let mut disciplines: Vec<Discipline<'_>> = handshakes.chain(records).collect();
    for round in 0..rounds {
        for discipline in &mut disciplines {
            discipline.turn(round);
        }
    }
    println!("Microseconds, medians of {rounds} rounds.\n");
    print(&contenders, &disciplines, |_, own| median(own.to_vec()));
    println!("\nHow many times as fast as the first that can do it, medians of {rounds} rounds.\n");
    print(&contenders, &disciplines, |first, own| {
        median(first.iter().zip(own).map(|(first, own)| first / own).collect())
    });
}

/// One turn at a discipline: what each of its parts took.
type Turn<'a> = Box<dyn FnMut() -> Vec<Duration> + 'a>;

/// Who is measured.
trait Contender {
    fn name(&self) -> &'static str;

    /// A client and a server that meet; `None` if it cannot do that.
    fn handshake(&self, scenario: Scenario) -> Option<Turn<'_>>;

    /// The parts of [`RECORD`], with so many records.
    fn transfer(&self, content_bytes: usize, count: usize) -> Turn<'_>;
}

const RECORD: [&str; 4] = ["send", "send in place", "send, one call", "receive"];

impl<L: Library> Contender for L {
    fn name(&self) -> &'static str {
        Library::name(self)
    }

    fn handshake(&self, scenario: Scenario) -> Option<Turn<'_>> {
        let turn = move || {
            let mut clock = Clock::default();
            meet(self, scenario, &mut Unwatched);
            meet(self, scenario, &mut clock);
            vec![clock.client, clock.server]
        };
        self.can(scenario).then(|| Box::new(turn) as Turn<'_>)
    }

    fn transfer(&self, content_bytes: usize, count: usize) -> Turn<'_> {
        let (mut client, mut server) = meet(self, Scenario::Full, &mut Unwatched);
        let data = vec![5; content_bytes];
        let mut wire = Vec::with_capacity(count * (content_bytes + 64));
        Box::new(move || {
            let mut receive = |wire: &mut Vec<u8>| {
                let (mut back, mut bytes) = (Vec::new(), 0);
                let took = taken(|| bytes = server.turn(wire, &mut back));
                assert_eq!((bytes, wire.len(), back.len()), (count * content_bytes, 0, 0));
                took
            };
            // The first finds the caches as the one before has left them, and does not count.
            client.send_each(&data, count, &mut wire);
            receive(&mut wire);
            let send = taken(|| {
                for _ in 0..count {
                    client.send(&data, &mut wire);
                }
            });
            let received = receive(&mut wire);
            client.make_room(content_bytes, count, &mut wire);
            let send_in_place = taken(|| {
                for nth in 0..count {
                    client.send_in_place(&data, nth, &mut wire);
                }
            });
            receive(&mut wire);
            let send_each = taken(|| client.send_each(&data, count, &mut wire));
            receive(&mut wire);
            vec![send, send_in_place, send_each, received]
        })
    }
}

/// The cryptography and nothing else.
struct RingAlone(Asymmetric);

impl Contender for RingAlone {
    fn name(&self) -> &'static str {
        "ring alone"
    }

    fn handshake(&self, scenario: Scenario) -> Option<Turn<'_>> {
        let turn = move || {
            let mut clock = Clock::default();
            self.0.meet(scenario, &mut Unwatched);
            self.0.meet(scenario, &mut clock);
            vec![clock.client, clock.server]
        };
        (scenario != Scenario::Hybrid).then(|| Box::new(turn) as Turn<'_>)
    }

    fn transfer(&self, content_bytes: usize, count: usize) -> Turn<'_> {
        let mut ring = Symmetric::new(count, content_bytes);
        Box::new(move || {
            ring.seal();
            ring.open();
            let send = taken(|| ring.seal());
            vec![send, send, send, taken(|| ring.open())]
        })
    }
}

fn taken(work: impl FnOnce()) -> Duration {
    let start = Instant::now();
    work();
    start.elapsed()
}

/// Something that the contenders do, in parts that are measured apart.
struct Discipline<'a> {
    name: String,
    parts: &'static [&'static str],
    /// How many times one turn does it.
    times: u32,
    turns: Vec<Option<Turn<'a>>>,
    /// What the turns took: for each contender each part, in microseconds.
    samples: Vec<Vec<Vec<f64>>>,
}

fn handshake(scenario: Scenario, contenders: &[Box<dyn Contender>]) -> Discipline<'_> {
    let turns = contenders.iter().map(|contender| contender.handshake(scenario)).collect();
    Discipline::new(format!("{} handshake", scenario.name()), &["client", "server"], 1, turns)
}

fn records<'a>(
    name: &str,
    content_bytes: usize,
    count: usize,
    contenders: &'a [Box<dyn Contender>],
) -> Discipline<'a> {
    let turns = contenders.iter().map(|contender| Some(contender.transfer(content_bytes, count)));
    let times = u32::try_from(count).unwrap();
    Discipline::new(String::from(name), &RECORD, times, turns.collect())
}

impl<'a> Discipline<'a> {
    fn new(
        name: String,
        parts: &'static [&'static str],
        times: u32,
        turns: Vec<Option<Turn<'a>>>,
    ) -> Self {
        let samples = vec![vec![Vec::new(); parts.len()]; turns.len()];
        Self { name, parts, times, turns, samples }
    }

    fn turn(&mut self, round: usize) {
        let count = self.turns.len();
        for which in (0..count).map(|turn| (turn + round) % count) {
            let Some(turn) = &mut self.turns[which] else { continue };
            for (part, took) in turn().into_iter().enumerate() {
                let each = took.as_secs_f64() * 1e6 / f64::from(self.times);
                self.samples[which][part].push(each);
            }
        }
    }
}

/// A line for each part of each discipline, a column for each contender, whose `figure` is of the
/// samples of the first that has any and of its own.
fn print(
    contenders: &[Box<dyn Contender>],
    disciplines: &[Discipline<'_>],
    figure: impl Fn(&[f64], &[f64]) -> f64,
) {
    let names = contenders.iter().map(|contender| format!(" {} |", contender.name()));
    println!("| | |{}", names.collect::<String>());
    println!("|---|---|{}", "---:|".repeat(contenders.len()));
    for discipline in disciplines {
        for (part, name) in discipline.parts.iter().enumerate() {
            let samples = || discipline.samples.iter().map(|samples| &samples[part]);
            // What nobody here can do has no line.
            let Some(first) = samples().find(|samples| !samples.is_empty()) else { continue };
            let cells = samples().map(|own| match own.as_slice() {
                [] => String::from(" - |"),
                own => format!(" {:.2} |", figure(first, own)),
            });
            println!("| {} | {name} |{}", discipline.name, cells.collect::<String>());
        }
    }
}

fn median(mut samples: Vec<f64>) -> f64 {
    samples.sort_by(f64::total_cmp);
    samples.get(samples.len() / 2).copied().unwrap_or(f64::NAN)
}
