//! The ledger as a page, `docs/requirements.md`, and its sum in the README.

use std::collections::BTreeMap;
use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::ledger::{Entry, Verdict, entries};

/// How many entries have each verdict.
#[derive(Clone, Copy, Default)]
struct Count([usize; 4]);

impl Count {
    fn add(&mut self, verdict: Verdict) {
        let known = Verdict::ALL.iter().zip(&mut self.0);
        known.filter(|((one, _), _)| *one == verdict).for_each(|(_, count)| *count += 1);
    }
}

/// A table of verdicts, a row for each name, in the order in which they first come.
fn table<'a>(what: &str, rows: impl Iterator<Item = (&'a Entry, String)>) -> String {
    let (mut order, mut counts) = (Vec::new(), BTreeMap::<String, Count>::new());
    let mut sum = Count::default();
    for (entry, name) in rows {
        let verdict = entry.verdict().expect("one verdict");
        sum.add(verdict);
        counts.entry(name.clone()).or_default().add(verdict);
        if !order.contains(&name) {
            order.push(name);
        }
    }
    let mut text = format!("| {what} |");
    for (_, name) in Verdict::ALL {
        let _ = write!(text, " {name} |");
    }
    text.push_str(" all |\n|---|---:|---:|---:|---:|---:|\n");
    let rows = order.iter().map(|name| (name.as_str(), counts[name])).chain([("all", sum)]);
    for (name, Count(counts)) in rows {
        let _ = write!(text, "| {name} |");
        for count in counts {
            let _ = write!(text, " {count} |");
        }
        let _ = writeln!(text, " {} |", counts.iter().sum::<usize>());
    }
    text
}

/// What is counted at the README.
fn summary(entries: &[Entry]) -> String {
    table("", entries.iter().map(|entry| (entry, level(entry))))
}

/// The level, and whether a peer can see it.
fn level(entry: &Entry) -> String {
    let seen = if entry.wire { "seen on the wire" } else { "not seen on the wire" };
    match entry.level.starts_with("MUST") {
        true => format!("MUST and MUST NOT, {seen}"),
        false => "SHOULD, SHOULD NOT and MAY".into(),
    }
}

fn page() -> String {
    let entries: Vec<Entry> = entries().into_iter().map(|(_, entry)| entry).collect();
    let mut text = String::from(
        "# Requirements\n\n\
         Every normative sentence of RFC 9846, and of those beside it that are implemented, in our own\n\
         words, and what became of it. The entries are in `tests/requirements/ledger/`, by section; a\n\
         test fails if one has no verdict, names a test that is not there, or expects an alert that the\n\
         requirement does not accept. This page is generated.\n\n",
    );
    text.push_str("## By level\n\n");
    text.push_str(&summary(&entries));
    text.push_str("\n## By role\n\n");
    text.push_str(&table("who is bound", entries.iter().map(|e| (e, e.role.clone()))));
    text.push_str("\n## By section\n\n");
    let section = |entry: &Entry| {
        let (rfc, section) = entry.section();
        format!("{rfc} §{section}")
    };
    text.push_str(&table("section", entries.iter().map(|e| (e, section(e)))));
    text.push_str("\n## Not done\n\n");
    let mut reasons: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.verdict() == Some(Verdict::NotDone)) {
        reasons.entry(&entry.verdicts[0].1).or_default().push(&entry.id);
    }
    for (reason, ids) in reasons {
        let _ = writeln!(text, "- {reason} ({}): {}", ids.len(), ids.join(", "));
    }
    text
}

#[test]
fn the_page_is_the_ledger() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/requirements.md");
    let wanted = page();
    let found = fs::read_to_string(path).unwrap_or_default();
    assert!(found == wanted, "docs/requirements.md should be:\n-----\n{wanted}-----");
}

#[test]
fn the_readme_has_the_sum_of_the_ledger() {
    let readme = include_str!("../../README.md");
    let (_, rest) = readme.split_once("<!-- requirements -->\n").expect("the mark of the table");
    let (found, _) = rest.split_once("<!-- /requirements -->").expect("its end");
    let entries: Vec<Entry> = entries().into_iter().map(|(_, entry)| entry).collect();
    let wanted = summary(&entries);
    assert!(found == wanted, "the table in README.md should be:\n{wanted}");
}
