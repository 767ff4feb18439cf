//! The ledger: every normative sentence in our own words, and what became of it.
//!
//! An entry has a first line of five fields, its text, and its verdict, which is any number of tests,
//! or one reason. Notes may follow.
//!
//! ```text
//! tls13-4.2.2-10 | server | MUST | wire | protocol_version
//!   A server aborts on a ClientHello whose legacy_version is anything but 0x0303, ..
//!   tested: alerts/hello.rs: Server WaitClientHello: LegacyVersionUnexpected
//! ```
//!
//! The fields are the identifier, with the section in it; who is bound; how; whether a peer can see
//! it (`wire`) or not (`inside`); and which alerts are acceptable if it is broken.

use std::fs;
use std::path::{Path, PathBuf};

use crate::case::Case;

/// A requirement.
#[derive(Debug)]
pub(crate) struct Entry {
    pub(crate) id: String,
    pub(crate) role: String,
    pub(crate) level: String,
    /// Whether an outside peer can check it.
    pub(crate) wire: bool,
    pub(crate) alerts: Vec<String>,
    pub(crate) text: String,
    pub(crate) verdicts: Vec<(Verdict, String)>,
}

/// What became of a requirement.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Verdict {
    /// This test fails if it is broken.
    Tested,
    /// It cannot be broken, for this reason.
    Kept,
    /// It binds somebody else, or something that is not there and will not be.
    NotApplicable,
    /// It is not kept, for this reason.
    NotDone,
}

impl Verdict {
    pub(crate) const ALL: [(Self, &'static str); 4] = [
        (Self::Tested, "tested"),
        (Self::Kept, "kept by construction"),
        (Self::NotApplicable, "not applicable"),
        (Self::NotDone, "not done"),
    ];
}

impl Entry {
    /// `4.2.2` of `tls13-4.2.2-10`, and `RFC 9846`.
    pub(crate) fn section(&self) -> (String, &str) {
        let mut parts = self.id.split('-');
        let (rfc, section) = (parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
        let rfc = if rfc == "tls13" { "9846" } else { rfc.trim_start_matches("rfc") };
        (format!("RFC {rfc}"), section)
    }

    /// The verdict, if there is just one kind of it.
    pub(crate) fn verdict(&self) -> Option<Verdict> {
        let (first, _) = self.verdicts.first()?;
        let one_reason = *first == Verdict::Tested || self.verdicts.len() == 1;
        let agree = self.verdicts.iter().all(|(verdict, _)| verdict == first);
        (one_reason && agree).then_some(*first)
    }

    /// The tests, each as a file and a name.
    pub(crate) fn tests(&self) -> impl Iterator<Item = (&str, &str)> {
        let tested = self.verdicts.iter().filter(|(verdict, _)| *verdict == Verdict::Tested);
        tested.map(|(_, test)| test.split_once(": ").expect("a file and a name"))
    }

    fn parse(head: &str, lines: &[&str]) -> Self {
        let fields: Vec<&str> = head.split('|').map(str::trim).collect();
        let [id, role, level, wire, alerts] = fields[..] else { panic!("five fields: {head}") };
        let mut entry = Self {
            id: id.into(),
            role: role.into(),
            level: level.into(),
            wire: wire == "wire",
            alerts: alerts.split(", ").filter(|a| !a.is_empty()).map(String::from).collect(),
            text: String::new(),
            verdicts: Vec::new(),
        };
        for line in lines {
            let known = Verdict::ALL.iter().find_map(|(verdict, name)| {
                let reason = line.strip_prefix(name)?.strip_prefix(':')?;
                Some((*verdict, reason.trim().to_owned()))
            });
            match known {
                Some(verdict) => entry.verdicts.push(verdict),
                None if line.starts_with("note: ") => {}
                None => entry.text.push_str(line),
            }
        }
        entry
    }
}

fn tests() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests")
}

/// RFC 9846 first, and sections by number: 4.3.2 before 4.3.10, and both before A.
fn order(name: &str) -> (bool, Vec<(usize, String)>) {
    let parts = name.split(['-', '.']).map(|part| (part.len(), part.to_owned()));
    let letters = |(length, part): (usize, String)| {
        let is_letter = part.starts_with(|first: char| first.is_ascii_uppercase());
        (length + 9 * usize::from(is_letter), part)
    };
    (!name.starts_with("9846"), parts.map(letters).collect())
}

/// Every entry, with the name of its file, in the order of the sections.
pub(crate) fn entries() -> Vec<(String, Entry)> {
    let folder = tests().join("requirements/ledger");
    let files = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    let mut files: Vec<_> = files.collect();
    files.sort_by_key(|file| order(&file.file_stem().unwrap().to_string_lossy()));
    let mut entries = Vec::new();
    for file in files {
        let name = file.file_stem().unwrap().to_string_lossy().into_owned();
        let text = fs::read_to_string(&file).unwrap();
        let mut lines = text.lines().filter(|line| !line.is_empty()).peekable();
        while let Some(head) = lines.next() {
            let mut body = Vec::new();
            while let Some(line) = lines.next_if(|line| line.starts_with("  ")) {
                body.push(line.trim());
            }
            entries.push((name.clone(), Entry::parse(head, &body)));
        }
    }
    entries
}

/// How many requirements there are.
const REQUIREMENTS: usize = 695;

#[test]
fn the_ledger_is_whole() {
    let entries = entries();
    assert_eq!(entries.len(), REQUIREMENTS);
    let mut ids = std::collections::HashSet::new();
    for (file, entry) in &entries {
        assert!(ids.insert(&entry.id), "{} is there twice", entry.id);
        let (rfc, section) = entry.section();
        let rfc = rfc.trim_start_matches("RFC ");
        let is_home = |home: &str| section == home || section.starts_with(&format!("{home}."));
        let in_its_file = file.strip_prefix(rfc).is_some_and(|home| {
            let home = home.trim_start_matches('-');
            home.is_empty() || is_home(home)
        });
        assert!(in_its_file, "{} is in {file}", entry.id);
        let roles = ["client", "server", "both", "sender", "receiver"];
        assert!(roles.contains(&entry.role.as_str()), "{entry:?}");
        let levels = ["MUST", "MUST NOT", "SHOULD", "SHOULD NOT", "MAY"];
        assert!(levels.contains(&entry.level.as_str()), "{entry:?}");
        assert!(entry.text.ends_with('.'), "{entry:?}");
    }
}

#[test]
fn every_requirement_has_one_verdict() {
    for (_, entry) in entries() {
        let verdict = entry.verdict();
        assert!(verdict.is_some(), "no verdict, or more than one: {entry:?}");
        assert!(entry.verdicts.iter().all(|(_, reason)| reason.len() > 10), "{entry:?}");
    }
}

#[test]
fn nothing_that_must_be_is_left_undone() {
    for (_, entry) in entries() {
        let must = entry.level.starts_with("MUST");
        assert!(!must || entry.verdict() != Some(Verdict::NotDone), "{entry:?}");
    }
}

/// What a peer can provoke, and what then has an alert, is not settled by words.
#[test]
fn what_a_peer_must_hear_of_is_tested() {
    for (_, entry) in entries() {
        let must = entry.level.starts_with("MUST") && entry.wire && !entry.alerts.is_empty();
        assert!(!must || entry.verdict() != Some(Verdict::Kept), "{entry:?}");
    }
}

/// Whether a file has a test of this name, or a table the row that begins so.
fn exists(source: &str, name: &str) -> bool {
    let function = format!("fn {name}(");
    match source.split_once(&function) {
        Some((before, _)) => {
            before.rfind("#[test]").is_some_and(|at| !before[at..].contains("fn "))
        }
        None => name.contains([' ', ':']) && source.contains(name),
    }
}

#[test]
fn every_test_of_the_ledger_exists() {
    let cases: Vec<&Case> = crate::cases().collect();
    for (_, entry) in entries() {
        for (file, name) in entry.tests() {
            if let Some(case) = cases.iter().find(|case| case.name == name) {
                assert!(file.starts_with("requirements/"), "{name} is not in {file}");
                let shown = case.requirements().any(|id| id == entry.id);
                assert!(shown, "{name} does not name {}", entry.id);
                continue;
            }
            let source = fs::read_to_string(tests().join(file));
            let source = source.unwrap_or_else(|error| panic!("{}: {file}: {error}", entry.id));
            assert!(exists(&source, name), "{}: no `{name}` in {file}", entry.id);
        }
    }
}

#[test]
fn every_case_is_in_the_ledger() {
    let entries = entries();
    for case in crate::cases() {
        for id in case.requirements() {
            let entry = entries.iter().find(|(_, entry)| entry.id == id);
            let (_, entry) = entry.unwrap_or_else(|| panic!("{}: there is no {id}", case.name));
            let listed = entry.tests().any(|(_, name)| name == case.name);
            assert!(listed, "{id} does not name {}", case.name);
        }
    }
}

/// The alert that a row of the tables in `alerts` expects: `Role State: Cause 47`.
fn alert_of_row(name: &str) -> Option<&'static str> {
    let (_, code) = name.rsplit_once(' ')?;
    countersign::alert::AlertDescription(code.parse().ok()?).name()
}

#[test]
fn every_alert_of_a_test_is_one_that_its_requirement_accepts() {
    let cases: Vec<&Case> = crate::cases().collect();
    for (_, entry) in entries() {
        for (_, name) in entry.tests() {
            let case = cases.iter().find(|case| case.name == name);
            let alert = case.map_or_else(|| alert_of_row(name), |case| case.alert());
            let Some(alert) = alert.filter(|_| !entry.alerts.is_empty()) else { continue };
            assert!(entry.alerts.iter().any(|ok| ok == alert), "{}: {name}: {alert}", entry.id);
        }
    }
}
