//! The seeds and the findings, without a fuzzer: each target takes all of its own.

use std::fs;
use std::path::{Path, PathBuf};

use countersign_fuzz::{client, decode, pair, records, server, state, x509};

type Check = fn(&[u8]);

const TARGETS: &[(&str, Check)] = &[
    ("decode", decode::check),
    ("records", records::check),
    ("client", client::check),
    ("server", server::check),
    ("pair", pair::check),
    ("state", state::check),
    ("x509", x509::check),
];

/// Gives `check` every file of a directory, and says how many there were.
fn take_all(directory: PathBuf, check: Check) -> usize {
    let files = fs::read_dir(directory).expect("a directory");
    let paths = files.map(|file| file.expect("a file").path());
    paths
        .map(|path| {
            println!("{}", path.display());
            check(&fs::read(path).expect("a file"));
        })
        .count()
}

#[test]
fn every_target_takes_its_seeds() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    for (target, check) in TARGETS {
        assert!(take_all(seeds.join(target), *check) > 0, "{target} has no seed");
    }
}

#[test]
fn every_target_takes_what_was_found_with_it() {
    let findings = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/regressions");
    let entries =
        fs::read_dir(findings).expect("a directory").map(|entry| entry.expect("an entry"));
    for directory in entries.map(|entry| entry.path()).filter(|path| path.is_dir()) {
        let found = TARGETS.iter().find(|(target, _)| directory.ends_with(target));
        let (_, check) = found.expect("a directory has the name of a target");
        take_all(directory, *check);
    }
}
