//! What comes with the library: licences, sources, and nothing twice.

use std::fs;
use std::path::Path;
use std::process::Command;

/// Licences that a user of MIT or Apache-2.0 can live with.
const LICENCES: &[&str] = &["MIT", "Apache-2.0", "BSD-3-Clause", "ISC", "Unicode-3.0"];

/// The lines that `cargo tree` prints for what the library is built from, with every feature.
fn tree(arguments: &[&str]) -> Vec<String> {
    let output = Command::new(env!("CARGO"))
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .args(["tree", "--locked", "--offline", "--all-features", "--prefix", "none"])
        .args(arguments)
        .output()
        .expect("cargo");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).expect("text");
    text.lines().map(|line| line.trim_end_matches(" (*)").to_owned()).collect()
}

/// Whether a licence expression has an alternative in which every part is acceptable.
fn is_acceptable(expression: &str) -> bool {
    let parts = |text: &str| {
        let text = text.trim_matches(['(', ')']);
        text.split(" OR ").any(|licence| LICENCES.contains(&licence))
    };
    // Older manifests write `/` for OR.
    expression.replace('/', " OR ").split(" AND ").all(parts)
}

#[test]
fn every_dependency_has_an_acceptable_licence() {
    let lines = tree(&["--edges", "normal", "--format", "{p}|{l}"]);
    assert!(lines.len() > 10, "{lines:?}");
    let unacceptable: Vec<&String> = lines
        .iter()
        .filter(|line| {
            let (_, licence) = line.split_once('|').expect("a package and its licence");
            !is_acceptable(licence)
        })
        .collect();
    assert!(unacceptable.is_empty(), "{unacceptable:#?}");
}

#[test]
fn licence_expressions_are_understood() {
    for acceptable in ["MIT", "MIT/Apache-2.0", "Apache-2.0 AND ISC", "GPL-3.0 OR MIT"] {
        assert!(is_acceptable(acceptable), "{acceptable}");
    }
    assert!(is_acceptable("(MIT OR Apache-2.0) AND Unicode-3.0"));
    for unacceptable in ["", "GPL-3.0", "MIT AND GPL-3.0", "(MIT OR Apache-2.0) AND GPL-3.0"] {
        assert!(!is_acceptable(unacceptable), "{unacceptable}");
    }
}

#[test]
fn no_crate_is_linked_in_two_versions() {
    let twice = tree(&["--edges", "normal,no-proc-macro", "--duplicates", "--depth", "0"]);
    let twice: Vec<&String> = twice.iter().filter(|line| !line.is_empty()).collect();
    assert!(twice.is_empty(), "{twice:?}");
}

#[test]
fn every_dependency_comes_from_the_public_registry() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    for lock in ["Cargo.lock", "fuzz/Cargo.lock"] {
        let text = fs::read_to_string(root.join(lock)).expect("a lock file");
        let sources: Vec<&str> =
            text.lines().filter_map(|line| line.strip_prefix("source = ")).collect();
        assert!(sources.len() > 10, "{lock}: {sources:?}");
        for source in sources {
            let registry = "\"registry+https://github.com/rust-lang/crates.io-index\"";
            assert_eq!(source, registry, "{lock}");
        }
    }
}
