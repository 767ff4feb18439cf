//! The printed form of the table.

use std::collections::BTreeSet;
use std::fmt::Write;
use std::fs;

use countersign::diagnosis::{ROWS, Row, Signal, Signals};
use countersign::epoch::Role;

use super::golden::compare;
use super::space::signals;

const FILE: &str = "docs/alerts.md";
const MARK: &str = "<!-- Generated from here on";

/// Names read better with room to break in.
fn signals_of(row: &Row) -> String {
    let names = |signal| match signal {
        Signal::Alert(alert) => alert.name().map(|name| format!("`{name}` ({})", alert.0)),
        Signal::TransportLost => None,
    };
    match row.signals {
        Signals::Alerts(_) => {
            let signals = signals().filter(|signal| row.signals.contain(*signal));
            signals.filter_map(names).collect::<Vec<_>>().join(", ")
        }
        Signals::Unassigned => "any value that is not assigned".to_owned(),
        Signals::AnyAlert => "any other alert".to_owned(),
        Signals::TransportLost => "none: the transport ended".to_owned(),
    }
}

fn conditions_of(row: &Row) -> String {
    match row.when {
        [] => "any".to_owned(),
        when => when.iter().map(ToString::to_string).collect::<Vec<_>>().join("; "),
    }
}

/// The causes that a row can name, one for each of its signals.
fn causes_of(row: &Row) -> String {
    let covered = || signals().filter(|signal| row.signals.contain(*signal));
    let causes: BTreeSet<String> = covered().map(|s| format!("{:?}", row.cause(s))).collect();
    let cause = causes.first().cloned().unwrap_or_default();
    match (cause.split_once('('), causes.len()) {
        (None, _) => cause,
        (Some((name, _)), 2..) => format!("{name}(what the alert says)"),
        (Some((name, detail)), _) => format!("{name}: {}", detail.trim_matches(['[', ']', ')'])),
    }
}

fn write_rows(out: &mut String, heading: &str, role: Option<Role>) {
    writeln!(out, "\n## {heading}\n").unwrap();
    out.push_str("| Alert | State | Means | Class | Certainty | May help | Why |\n");
    out.push_str("|---|---|---|---|---|---|---|\n");
    for row in ROWS.iter().filter(|row| row.role == role) {
        let cause = signals().find(|signal| row.signals.contain(*signal)).map(|s| row.cause(s));
        let cause = cause.expect("a row speaks of some signal");
        let (signals, when, means) = (signals_of(row), conditions_of(row), causes_of(row));
        let (class, advice) = (cause.class(), cause.advice());
        let certainty = format!("{:?}{}", row.certainty, if row.anomalous { " †" } else { "" });
        let why = row.why;
        writeln!(
            out,
            "| {signals} | {when} | {means} | {class:?} | {certainty} | {advice:?} | {why} |"
        )
        .unwrap();
    }
}

/// The sentence for each cause, without the part that depends on the alert.
fn write_sentences(out: &mut String) {
    writeln!(out, "\n## In words\n\n| Means | Shown to a user |\n|---|---|").unwrap();
    let mut told = BTreeSet::new();
    for row in ROWS {
        let signal = signals().find(|signal| row.signals.contain(*signal));
        let cause = row.cause(signal.expect("a row speaks of some signal"));
        let (name, sentence) = (format!("{cause:?}"), cause.to_string());
        let name = name.split_once('(').map_or(name.as_str(), |(name, _)| name);
        if told.insert(name.to_owned()) {
            let common = sentence.split_once(": ").map(|(common, _)| format!("{common}: …"));
            writeln!(out, "| {name} | {} |", common.unwrap_or(sentence)).unwrap();
        }
    }
}

#[test]
fn the_document_has_the_table_of_the_code() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/alerts.md"));
    let text = text.expect("the document");
    let prose = text.find(MARK).expect("the mark where the table begins");
    let line = text[prose..].find('\n').expect("a line after the mark") + 1;
    let mut out = text[..prose + line].to_owned();
    write_rows(&mut out, "A client receives", Some(Role::Client));
    write_rows(&mut out, "A server receives", Some(Role::Server));
    write_rows(&mut out, "Either receives, if no row above fits", None);
    write_sentences(&mut out);
    compare(FILE, &out);
}

#[test]
fn access_denied_is_nowhere_called_deprecated() {
    let text = fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/alerts.md"));
    assert!(!text.expect("the document").to_lowercase().contains("deprecat"));
}
