//! Runs again what the example `record` has written, line by line: replay FILE.

use std::{env, fs};

use countersign_fuzz::pair;

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [file] = &arguments[..] else { panic!("replay FILE") };
    let text = fs::read_to_string(file).expect("a file");
    let lines: Vec<&str> = text.lines().collect();
    let mut replay = pair::replay(&text).unwrap_or_else(|fault| panic!("{fault}"));
    let mut shown = 0;
    loop {
        lines[shown..replay.passed()].iter().for_each(|line| println!("{line}"));
        println!("    in {}", replay.state());
        shown = replay.passed();
        match replay.step() {
            Ok(true) => {}
            Ok(false) => return println!("{shown} lines, and nothing is different"),
            Err(fault) => panic!("{fault}"),
        }
    }
}
