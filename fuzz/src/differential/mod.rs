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

pub use accepted::{Difference, Place, accepted};

use self::accepted::Met;
use self::course::{Course, Held, Outcome};
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
    if let Some((met, outcomes)) = difference(bytes) {
        assert!(accepted::find(&met).is_some(), "{met:?} is new: {outcomes:#?}");
    }
}

/// The row of the table that a script brings about, if it brings about an accepted difference.
#[must_use]
pub fn row(bytes: &[u8]) -> Option<usize> {
    difference(bytes).and_then(|(met, _)| accepted::find(&met))
}

/// In what both differ first, and what they come to, if it is not the same.
fn difference(bytes: &[u8]) -> Option<(Met, [Outcome; 2])> {
    let mut script = Script::new(bytes);
    let options = Options::read(&mut script);
    let rest = script.rest();
    let run = |subject| Course::run(options, subject, &mut Script::new(rest));
    let ours = run(Subject::Ours(Box::new(Ours::new(options))));
    let theirs = run(Subject::Theirs(Box::new(Theirs::new(&options))));
    if agree(&ours, &theirs) || !are_comparable(&ours, &theirs) {
        return None;
    }
    let met = Met {
        role: options.role,
        held: held(&ours, &theirs),
        ours: first(&ours, &theirs),
        theirs: first(&theirs, &ours),
    };
    Some((met, [ours, theirs]))
}

fn agree(ours: &Outcome, theirs: &Outcome) -> bool {
    match (ours.over_at, theirs.over_at) {
        // Whether an alert without a known level is an alert or a fault, the answer is the same.
        (Some(_), Some(_)) => ours.alert == theirs.alert,
        _ => ours.standing == theirs.standing && ours.said == theirs.said,
    }
}

/// Whether both were sent the same, up to the record with which the first of them ended. What an
/// end draws at random is in what its peer says, so a change that moves bytes can make another
/// message of it. An end that has said something else is answered otherwise: that is a difference.
fn are_comparable(ours: &Outcome, theirs: &Outcome) -> bool {
    let [ours_shown, theirs_shown] =
        [ours, theirs].map(|outcome| outcome.records.iter().take(end(ours, theirs)));
    ours_shown.eq(theirs_shown)
        || !(ours.said.starts_with(&theirs.said) || theirs.said.starts_with(&ours.said))
}

/// How many records it took for one of them to end.
fn end(ours: &Outcome, theirs: &Outcome) -> usize {
    over_at(ours).min(over_at(theirs))
}

/// What was in the record with which the first of them ended; in all, if none has ended.
fn held(ours: &Outcome, theirs: &Outcome) -> Held {
    let first = if over_at(ours) <= over_at(theirs) { ours } else { theirs };
    let decisive = end(ours, theirs).checked_sub(1).and_then(|index| first.records.get(index));
    decisive.cloned().unwrap_or_else(|| Held {
        types: first.records.iter().flat_map(|held| held.types.clone()).collect(),
        is_partial: false,
        extensions: first.records.iter().flat_map(|held| held.extensions.clone()).collect(),
    })
}

/// What `outcome` comes to, unless it is not over or `other` is before: whatever is found behind a difference
/// says no more than that there is one.
fn first(outcome: &Outcome, other: &Outcome) -> String {
    match &outcome.standing {
        _ if outcome.over_at.is_none() || over_at(other) < over_at(outcome) => {
            String::from(GOES_ON)
        }
        Standing::Failed(reason) if outcome.alert.is_none() => format!("silent: {reason}"),
        Standing::Failed(reason) => reason.clone(),
        other => format!("{other:?}"),
    }
}

fn over_at(outcome: &Outcome) -> usize {
    outcome.over_at.unwrap_or(usize::MAX)
}

/// What is said of the end that does not find the fault that the other has found.
const GOES_ON: &str = "goes on";

/// scratch
#[must_use]
pub fn describe(bytes: &[u8]) -> Option<(String, String, Option<usize>)> {
    difference(bytes).map(|(met, o)| {
        let k: Vec<_> = met.held.types.iter().map(|m| format!("{m:?}")).collect();
        (
            format!(
                "{:?} | {}{} | {} | {}",
                met.role,
                if std::env::var_os("EXT").is_some() {
                    format!("{:?}", met.held.extensions)
                } else {
                    String::new()
                },
                k.join("+") + if met.held.is_partial { "~" } else { "" },
                met.ours,
                met.theirs
            ),
            format!("{:?}/{:?}", o[0].alert, o[1].alert),
            accepted::find(&met),
        )
    })
}
