//! How fast a target is without a fuzzer: repeat TARGET FILE COUNT.

use std::time::Instant;
use std::{env, fs};

use countersign_fuzz::{client, decode, differential, pair, records, server, state, x509};

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [target, file, count] = &arguments[..] else { panic!("repeat TARGET FILE COUNT") };
    let check = match target.as_str() {
        "decode" => decode::check,
        "records" => records::check,
        "client" => client::check,
        "server" => server::check,
        "pair" => pair::check,
        "differential" => differential::check,
        "state" => state::check,
        "x509" => x509::check,
        other => panic!("no target: {other}"),
    };
    let input = fs::read(file).expect("a file");
    let count: u32 = count.parse().expect("a number");
    let start = Instant::now();
    for _ in 0..count {
        check(&input);
    }
    println!("{target}: {:.0} a second", f64::from(count) / start.elapsed().as_secs_f64());
}
