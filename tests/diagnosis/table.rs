//! The table itself: every row is there for something.

use std::collections::HashSet;

use countersign::diagnosis::{Cause, Context, ROWS, Signal, diagnose};

use super::space::{contexts, signals};

/// The row that decides, by its place in the table.
fn deciding(signal: Signal, context: &Context) -> Option<usize> {
    ROWS.iter().position(|row| row.applies(signal, context))
}

#[test]
fn every_row_decides_for_each_of_its_signals_somewhere() {
    let contexts = contexts();
    for (place, row) in ROWS.iter().enumerate().take(ROWS.len() - 1) {
        for signal in signals().filter(|signal| row.signals.contain(*signal)) {
            let decides = |context| deciding(signal, context) == Some(place);
            assert!(contexts.iter().any(decides), "row {place} is hidden for {signal:?}: {row:?}");
        }
    }
}

#[test]
fn the_last_row_decides_about_some_alert_and_leaves_no_alert_out() {
    let last = ROWS.len() - 1;
    let context = Context::default();
    assert!(signals().any(|signal| deciding(signal, &context) == Some(last)));
    assert!(signals().all(|signal| deciding(signal, &context).is_some()));
}

#[test]
fn the_diagnosis_is_what_the_first_row_that_applies_says() {
    let context = Context::default();
    for signal in signals() {
        let row = deciding(signal, &context).map(|place| &ROWS[place]).expect("a row");
        let diagnosis = diagnose(signal, &context);
        assert_eq!(diagnosis.cause, row.cause(signal));
        assert_eq!((diagnosis.certainty, diagnosis.anomalous), (row.certainty, row.anomalous));
    }
}

#[test]
fn every_row_says_why_and_every_cause_is_a_sentence() {
    for row in ROWS {
        assert!(!row.why.is_empty());
    }
    let causes: HashSet<Cause> =
        ROWS.iter().flat_map(|row| signals().map(|signal| row.cause(signal))).collect();
    for cause in causes {
        assert!(cause.to_string().ends_with('.'), "{cause}");
    }
}
