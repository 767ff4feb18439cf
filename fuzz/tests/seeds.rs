//! The seeds, without a fuzzer: each target takes all of its own.

use std::fs;
use std::path::{Path, PathBuf};

use countersign_fuzz::{client, decode, differential, pair, records, server, state, x509};

type Check = fn(&[u8]);

const TARGETS: &[(&str, Check)] = &[
    ("decode", decode::check),
    ("records", records::check),
    ("client", client::check),
    ("server", server::check),
    ("pair", pair::check),
    ("differential", differential::check),
    ("state", state::check),
    ("x509", x509::check),
];

fn directory() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds")
}

#[test]
fn every_target_takes_its_seeds() {
    for (target, check) in TARGETS {
        let seeds = fs::read_dir(directory().join(target)).expect("a directory of seeds");
        let mut count = 0;
        for seed in seeds {
            let path = seed.expect("a seed").path();
            println!("{}", path.display());
            check(&fs::read(path).expect("a seed"));
            count += 1;
        }
        assert!(count > 0, "{target} has no seed");
    }
}
