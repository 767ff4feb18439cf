//! Writes down what a seed or a finding of `pair` does to two connections: record FILE TO. The
//! courses go to TO.client and TO.server, for the example `replay`.

use std::env;
use std::fs::{self, File};
use std::io::Write;

use countersign_fuzz::pair;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file, to] = &arguments[..] else { panic!("record FILE TO") };
    let input = fs::read(file).expect("a file");
    let recordings = ["client", "server"].map(|end| -> Box<dyn Write> {
        Box::new(File::create(format!("{to}.{end}")).expect("a place to write to"))
    });
    if !pair::record(&input, recordings) {
        println!("{file} is about messages, and recordings are about records");
    }
}
