//! The same script against countersign and against rustls: they come to the same, or to a
//! difference that is accepted for a reason.

mod accepted;
mod course;
mod extensions;
mod options;
mod provider;
pub(crate) mod seeds;
mod subject;
mod theirs;
mod view;

pub use accepted::{ACCEPTED, Difference};

use self::course::{Course, Outcome};
use self::options::Options;
use self::subject::{Ours, Standing, Subject};
use self::theirs::Theirs;
use crate::script::Script;

/// Of the randomness of an end under test.
const SEED: u8 = 2;

/// Runs a script against an end of either implementation.
///
/// # Panics
/// On a difference that is not accepted.
pub fn check(bytes: &[u8]) {
    if let Some((difference, outcomes)) = difference(bytes) {
        assert!(accepted::find(&difference).is_some(), "{difference:?} is new: {outcomes:#?}");
    }
}

/// The row of the table that a script brings about, if it brings about an accepted difference.
#[must_use]
pub fn row(bytes: &[u8]) -> Option<usize> {
    difference(bytes).and_then(|(difference, _)| accepted::find(&difference))
}

/// In what both differ first, and what they come to, if it is not the same.
fn difference(bytes: &[u8]) -> Option<([String; 2], [Outcome; 2])> {
    let mut script = Script::new(bytes);
    let options = Options::read(&mut script);
    let rest = script.rest();
    let run = |subject| Course::run(options, subject, &mut Script::new(rest));
    let ours = run(Subject::Ours(Box::new(Ours::new(options))));
    let theirs = run(Subject::Theirs(Box::new(Theirs::new(&options))));
    if agree(&ours, &theirs) {
        return None;
    }
    Some(([first(&ours, &theirs), first(&theirs, &ours)], [ours, theirs]))
}

fn agree(ours: &Outcome, theirs: &Outcome) -> bool {
    match (ours.over_at, theirs.over_at) {
        // Whether an alert without a known level is an alert or a fault, the answer is the same.
        (Some(_), Some(_)) => ours.alert == theirs.alert,
        _ => ours.standing == theirs.standing && ours.said == theirs.said,
    }
}

/// What `outcome` comes to, unless `other` is over before: whatever is found behind a difference
/// says no more than that there is one.
fn first(outcome: &Outcome, other: &Outcome) -> String {
    let at = |outcome: &Outcome| outcome.over_at.unwrap_or(usize::MAX);
    match &outcome.standing {
        _ if at(other) < at(outcome) => String::from(GOES_ON),
        Standing::Failed(reason) if outcome.alert.is_none() => format!("silent: {reason}"),
        Standing::Failed(reason) => reason.clone(),
        other => format!("{other:?}"),
    }
}

/// What is said of the end that does not find the fault that the other has found.
const GOES_ON: &str = "goes on";
