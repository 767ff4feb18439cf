//! The whole function, written out and compared.
//!
//! For each role and signal the file holds a decision tree over the fields of the context. A field
//! that decides nothing at a point is left out there; signals that share a tree share a section.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use countersign::diagnosis::{Context, Diagnosis, Signal, diagnose};

use super::space::{Field, Space, signals, spaces};

/// Set this variable to write the generated files anew instead of comparing with them.
const REGENERATE: &str = "REGENERATE_DIAGNOSIS";

/// Compares `actual` with a file of the project, or replaces the file if asked to.
pub(super) fn compare(file: &str, actual: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    if std::env::var_os(REGENERATE).is_some() {
        fs::write(&path, actual).expect("the file can be written");
        return;
    }
    let expected = fs::read_to_string(&path).unwrap_or_default();
    let differs = || (1..).zip(expected.lines().zip(actual.lines())).find(|(_, (e, a))| e != a);
    assert!(
        expected == actual,
        "{file} is not what the code says; first difference: {:?}\n\
         if the change is meant: {REGENERATE}=1 cargo test --test diagnosis, and review the diff",
        differs(),
    );
}

const HEADING: &str = "\
What each signal means, over every context. A field that decides nothing is left out.
Each verdict: cause (class, certainty, whether anomalous); whether authenticated, advice.
";

#[derive(PartialEq)]
enum Tree {
    Leaf(Diagnosis),
    Split(usize, Vec<(Vec<usize>, Tree)>),
}

/// The tree of `signal` from the field at `depth` on.
fn tree(space: &Space, depth: usize, context: Context, signal: Signal) -> Tree {
    let Some(field) = space.fields.get(depth) else {
        // The alert itself is checked elsewhere: without it, equal trees are equal.
        return Tree::Leaf(Diagnosis { alert: None, ..diagnose(signal, &context) });
    };
    let mut branches: Vec<(Vec<usize>, Tree)> = Vec::new();
    for value in 0..field.values.len() {
        let mut context = context;
        (field.set)(&mut context, value);
        let branch = tree(space, depth + 1, context, signal);
        match branches.iter_mut().find(|(_, other)| *other == branch) {
            Some((values, _)) => values.push(value),
            None => branches.push((vec![value], branch)),
        }
    }
    match branches.pop() {
        Some((_, only)) if branches.is_empty() => only,
        last => Tree::Split(depth, branches.into_iter().chain(last).collect()),
    }
}

/// The words for a diagnosis that do not depend on whether the peer has been authenticated.
fn verdict(diagnosis: &Diagnosis) -> String {
    let Diagnosis { class, cause, certainty, anomalous, .. } = diagnosis;
    let anomalous = if *anomalous { ", anomalous" } else { "" };
    format!("{cause:?} ({class:?}, {certainty:?}{anomalous})")
}

fn trust(diagnosis: &Diagnosis) -> String {
    let authenticated = if diagnosis.authenticated { "authenticated, " } else { "" };
    format!("{authenticated}{:?}", diagnosis.advice)
}

/// The values of a split, or those left out if they are fewer.
fn choice(field: &Field, values: &[usize]) -> String {
    let inverted = values.len() * 2 > field.values.len();
    let shown = (0..field.values.len()).filter(|value| values.contains(value) != inverted);
    let shown: Vec<&str> = shown.map(|value| field.values[value].as_str()).collect();
    format!("{}{}{}", field.name, if inverted { "!=" } else { "=" }, shown.join("|"))
}

fn write_tree(out: &mut String, space: &Space, indent: usize, tree: &Tree) {
    match tree {
        Tree::Leaf(diagnosis) => {
            writeln!(out, " {}; {}", verdict(diagnosis), trust(diagnosis)).unwrap();
        }
        Tree::Split(field, branches) => {
            let field = &space.fields[*field];
            if let [(no, Tree::Leaf(before)), (_, Tree::Leaf(after))] = branches.as_slice()
                && verdict(before) == verdict(after)
            {
                let (verdict, before, after) = (verdict(before), trust(before), trust(after));
                let condition = choice(field, no);
                writeln!(out, " {verdict}; {before} if {condition}, else {after}").unwrap();
                return;
            }
            out.push('\n');
            for (values, branch) in branches {
                write!(out, "{:indent$}{}:", "", choice(field, values)).unwrap();
                write_tree(out, space, indent + 1, branch);
            }
        }
    }
}

/// Signals in words; of a run of bytes without a name only the ends.
fn names(signals: &[Signal]) -> String {
    let mut words: Vec<String> = Vec::new();
    let mut run: Option<(u8, u8)> = None;
    for signal in signals {
        match (*signal, run) {
            (Signal::Alert(alert), Some((first, last)))
                if alert.name().is_none() && alert.0 == last + 1 =>
            {
                words.pop();
                words.push(format!("alert({first}..={})", alert.0));
                run = Some((first, alert.0));
            }
            (Signal::Alert(alert), _) => {
                words.push(alert.to_string());
                run = alert.name().is_none().then_some((alert.0, alert.0));
            }
            (Signal::TransportLost, _) => words.push("no alert".to_owned()),
        }
    }
    words.join(", ")
}

fn write_space(out: &mut String, space: &Space) {
    let mut sections: Vec<(Vec<Signal>, Tree)> = Vec::new();
    for signal in signals() {
        let tree = tree(space, 0, space.start, signal);
        match sections.iter_mut().find(|(_, other)| *other == tree) {
            Some((signals, _)) => signals.push(signal),
            None => sections.push((vec![signal], tree)),
        }
    }
    for (signals, tree) in &sections {
        write!(out, "\n{} receives {}:", space.name, names(signals)).unwrap();
        write_tree(out, space, 1, tree);
    }
}

#[test]
fn every_signal_in_every_context_means_what_the_golden_file_says() {
    let mut out = String::from(HEADING);
    for space in &spaces() {
        write_space(&mut out, space);
    }
    assert!(out.len() < 200_000, "{} bytes are too many to review", out.len());
    compare("tests/golden/diagnosis.txt", &out);
}
