//! The rules of the house, held against the source: who may know whom, how long things are, and
//! where each word has its one home.

use std::fs;
use std::path::{Path, PathBuf};

use countersign::failure::Cause;

/// The floors, from 0 up. A module may use what is on a lower floor, or before it on its own.
/// `docs/decisions.md` says why they stand in this order.
const FLOORS: &[&[&str]] = &[
    &["alert", "epoch", "limits", "failure", "diagnosis", "codec", "registry"],
    &["message"],
    &["crypto", "compression"],
    &["key_schedule", "transcript"],
    &["record"],
    &["handshake"],
    &["connection"],
    &["recording", "policy"],
];

/// Modules that must not know each other although their floors would let them.
const STRANGERS: &[(&str, &str)] = &[
    ("handshake", "record"),
    ("crypto", "message"),
    ("compression", "message"),
    ("compression", "crypto"),
];

/// The libraries that stand behind a value of ours, and the only files that may name them.
const LIBRARIES: &[(&str, &[&str])] = &[
    ("ring", &["crypto/ring.rs", "crypto/composed.rs", "policy/signer.rs"]),
    ("aws_lc_rs", &["crypto/aws_lc_rs.rs", "crypto/composed.rs"]),
    ("libcrux_ml_kem", &["crypto/libcrux.rs"]),
    ("miniz_oxide", &["compression/zlib.rs"]),
    ("brotli", &["compression/brotli.rs"]),
    ("brotli_decompressor", &["compression/brotli.rs"]),
];

/// The only files that may name an error alert: where they are defined, and the table of causes.
const FILES_THAT_NAME_ERROR_ALERTS: &[&str] = &["alert.rs", "failure.rs"];

const FILE_LINES: usize = 400;
const FUNCTION_LINES: usize = 60;
const COLUMNS: usize = 100;

/// What nothing in `src/` may contain.
const FORBIDDEN: &[&str] = &[
    "#[allow(",
    "#![allow(",
    "#[expect(",
    "#[test]",
    "#[cfg(test)]",
    ".unwrap()",
    ".expect(",
    "panic!(",
    "unreachable!(",
    "todo!(",
    "unimplemented!(",
    "unsafe ",
    "std::io",
    "std::net",
    "std::time",
    "std::thread",
    "std::env",
    "std::fs",
    "println!(",
    "dbg!(",
];

/// Words of the RFCs that have one home each: labels, marks, contexts.
const WORDS_WITH_ONE_HOME: &[&str] = &[
    "\"tls13 \"",
    "\"derived\"",
    "\"ext binder\"",
    "\"res binder\"",
    "\"imp binder\"",
    "\"c e traffic\"",
    "\"e exp master\"",
    "\"c hs traffic\"",
    "\"s hs traffic\"",
    "\"c ap traffic\"",
    "\"s ap traffic\"",
    "\"exp master\"",
    "\"res master\"",
    "\"resumption\"",
    "\"finished\"",
    "\"traffic upd\"",
    "\"exporter\"",
    "\"key\"",
    "\"iv\"",
    "DOWNGRD\\x01",
    "DOWNGRD\\x00",
    "client CertificateVerify\\0",
    "server CertificateVerify\\0",
    "604_800",
];

/// A file of `src/`, by its path in there.
struct Source {
    path: String,
    text: String,
}

impl Source {
    /// The module of lib.rs that the file belongs to; none for lib.rs itself.
    fn module(&self) -> Option<&str> {
        let module = self.path.split('/').next()?.trim_end_matches(".rs");
        (module != "lib").then_some(module)
    }

    /// The numbered lines that are no comments.
    fn code(&self) -> impl Iterator<Item = (usize, &str)> {
        let lines = (1..).zip(self.text.lines());
        lines.filter(|(_, line)| !line.trim_start().starts_with("//"))
    }

    fn at(&self, line: usize) -> String {
        format!("src/{}:{line}", self.path)
    }
}

fn sources() -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut sources = Vec::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).unwrap() {
            let path: PathBuf = entry.unwrap().path();
            if path.is_dir() {
                directories.push(path);
            } else {
                let name = path.strip_prefix(&root).unwrap().to_str().unwrap().replace('\\', "/");
                sources.push(Source { path: name, text: fs::read_to_string(path).unwrap() });
            }
        }
    }
    sources.sort_by(|a, b| a.path.cmp(&b.path));
    assert!(sources.len() > 40, "the source is elsewhere");
    sources
}

fn report(rule: &str, broken: &[String]) {
    assert!(broken.is_empty(), "{rule}:\n{}", broken.join("\n"));
}

/// The names behind each `crate::` in a line.
fn crate_paths(line: &str) -> impl Iterator<Item = &str> {
    line.split("crate::").skip(1).map(|rest| {
        let end = rest.find(|c: char| !c.is_alphanumeric() && c != '_');
        &rest[..end.unwrap_or(rest.len())]
    })
}

/// Whether `word` stands in `line`, and not as a part of another word.
fn has_word(line: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    line.match_indices(word).any(|(at, _)| {
        let joined_left = word.starts_with(is_part) && line[..at].ends_with(is_part);
        let behind = &line[at + word.len()..];
        let joined_right = word.ends_with(is_part) && behind.starts_with(is_part);
        !joined_left && !joined_right
    })
}

fn rank(module: &str) -> Option<usize> {
    FLOORS.iter().flat_map(|floor| floor.iter()).position(|&other| other == module)
}

#[test]
fn the_crate_has_the_modules_of_the_floors_and_says_so() {
    let lib = sources().into_iter().find(|source| source.path == "lib.rs").expect("lib.rs");
    let mut declared: Vec<&str> = lib
        .code()
        .filter_map(|(_, line)| line.strip_prefix("pub mod ")?.strip_suffix(';'))
        .collect();
    let mut placed = FLOORS.concat();
    declared.sort_unstable();
    placed.sort_unstable();
    assert_eq!(declared, placed);
    for (number, floor) in FLOORS.iter().enumerate() {
        let line = format!("//! {number}  {} ", floor.join(" "));
        assert!(lib.text.contains(&line), "the documentation of the crate lacks {line:?}");
    }
}

#[test]
fn modules_use_only_what_is_below_them() {
    let mut broken = Vec::new();
    for source in sources() {
        let Some(module) = source.module() else { continue };
        let own = rank(module).unwrap_or_else(|| panic!("no floor for {module}"));
        for (line, text) in source.code() {
            for used in crate_paths(text) {
                let is_below = rank(used).is_some_and(|used| used <= own);
                let is_strange = STRANGERS.contains(&(module, used));
                if !is_below || is_strange {
                    broken.push(format!("{}: {module} uses {used}", source.at(line)));
                }
            }
            if source.path == format!("{module}.rs") && has_word(text, "super::") {
                broken.push(format!("{}: a way around `crate::`", source.at(line)));
            }
        }
    }
    report("a module may use only what is below it", &broken);
}

#[test]
fn the_reader_of_paths_finds_every_path() {
    let line = "use crate::failure::Cause; fn f(_: crate::registry::CipherSuite, _: $crate::x) {}";
    assert_eq!(crate_paths(line).collect::<Vec<_>>(), ["failure", "registry", "x"]);
    assert_eq!(crate_paths("use crate::{alert, codec};").collect::<Vec<_>>(), [""]);
}

#[test]
fn files_functions_and_lines_are_short() {
    let mut broken = Vec::new();
    for source in sources() {
        let lines: Vec<&str> = source.text.lines().collect();
        if lines.len() > FILE_LINES {
            broken.push(format!("src/{}: {} lines", source.path, lines.len()));
        }
        let mut in_table = false;
        for (number, line) in (1..).zip(&lines) {
            // `causes! {` and its like: a row is a line, however long.
            in_table = line.ends_with("! {")
                && !line.starts_with("macro_rules!")
                && !line.starts_with(' ')
                || in_table && *line != "}";
            let columns = line.chars().count();
            if columns > COLUMNS && !(in_table && line.ends_with(';')) {
                broken.push(format!("{}: {columns} columns", source.at(number)));
            }
        }
        for (start, length) in functions(&lines) {
            if length > FUNCTION_LINES {
                broken.push(format!("{}: a function of {length} lines", source.at(start)));
            }
        }
    }
    report("short enough to be read", &broken);
}

/// Where each function starts, and its length: rustfmt puts its last brace under its first word.
fn functions<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = (usize, usize)> + 'a {
    let starts = lines.iter().enumerate().filter(|(_, line)| {
        let line = line.trim_start();
        !line.starts_with("//") && has_word(line.split('(').next().unwrap_or(""), "fn")
    });
    starts.map(|(start, line)| {
        let indent = line.len() - line.trim_start().len();
        let is_end = |line: &&str| {
            line.len() - line.trim_start().len() == indent
                && (line.ends_with('}') || line.ends_with(';'))
        };
        let length = lines[start..].iter().position(is_end).map_or(lines.len(), |last| last + 1);
        (start + 1, length)
    })
}

#[test]
fn the_measure_of_functions_counts_from_the_first_word_to_the_last_brace() {
    let lines =
        ["impl X {", "    pub fn f(", "        a: u8,", "    ) {", "    }", "}", "fn g() {}"];
    assert_eq!(functions(&lines).collect::<Vec<_>>(), [(2, 4), (7, 1)]);
}

#[test]
fn the_source_cannot_panic_reach_the_world_or_excuse_itself() {
    let mut broken = Vec::new();
    for source in sources() {
        for (line, text) in source.code() {
            for forbidden in FORBIDDEN.iter().filter(|forbidden| text.contains(**forbidden)) {
                broken.push(format!("{}: {forbidden}", source.at(line)));
            }
            if text.contains("assert") && has_word(text, "assert!") && !text.starts_with("const _")
            {
                broken.push(format!("{}: an assertion at run time", source.at(line)));
            }
        }
    }
    report("forbidden in src/", &broken);
}

#[test]
fn error_alerts_come_from_the_table_of_causes_alone() {
    let mut broken = Vec::new();
    for source in sources() {
        if FILES_THAT_NAME_ERROR_ALERTS.contains(&source.path.as_str()) {
            continue;
        }
        for (line, text) in source.code() {
            if text.contains("ErrorAlert::") || text.contains("ErrorAlert as") {
                broken.push(format!("{}: {}", source.at(line), text.trim()));
            }
        }
    }
    report("an alert is chosen by its cause", &broken);
}

#[test]
fn every_cause_is_named_where_it_is_found() {
    let sources = sources();
    // The other `Cause`, of `diagnosis`, is what a peer may have meant.
    let elsewhere =
        |source: &&Source| source.path != "failure.rs" && source.module() != Some("diagnosis");
    let is_found = |cause: &Cause| {
        let names = [format!("Cause::{cause:?}"), format!("Self::{cause:?}")];
        sources
            .iter()
            .filter(elsewhere)
            .any(|source| source.code().any(|(_, text)| names.iter().any(|n| has_word(text, n))))
    };
    let dead: Vec<&Cause> = Cause::ALL.iter().filter(|cause| !is_found(cause)).collect();
    assert!(dead.is_empty(), "causes that nothing can have: {dead:?}");
}

#[test]
fn words_of_the_rfc_have_one_home() {
    let sources = sources();
    let mut broken = Vec::new();
    for word in WORDS_WITH_ONE_HOME {
        let homes: Vec<String> = sources
            .iter()
            .flat_map(|source| {
                let lines = source.code().filter(|(_, text)| text.contains(word));
                lines.map(|(line, _)| source.at(line))
            })
            .collect();
        if homes.len() != 1 {
            broken.push(format!("{word}: {homes:?}"));
        }
    }
    report("one home for each word", &broken);
}

#[test]
fn libraries_are_named_by_their_provider_alone() {
    let sources = sources();
    let mut broken = Vec::new();
    for (library, files) in LIBRARIES {
        let (path, import) = (format!("{library}::"), format!("use {library}"));
        let own_module = format!("crypto::{library}");
        for source in sources.iter().filter(|source| !files.contains(&source.path.as_str())) {
            for (line, text) in source.code() {
                let others = text.replace(&own_module, "");
                if has_word(&others, &path) || has_word(&others, &import) {
                    broken.push(format!("{}: {}", source.at(line), text.trim()));
                }
            }
        }
    }
    report("libraries stand behind the provider", &broken);
}

#[test]
fn every_module_says_what_it_is() {
    let silent: Vec<String> = sources()
        .iter()
        .filter(|source| !source.text.starts_with("//! "))
        .map(|source| source.path.clone())
        .collect();
    report("a module opens with what it knows", &silent);
}
