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

/// The row of the table that a script brings about, if it brings about an accepted difference, and
/// what countersign and rustls come to.
#[must_use]
pub fn row(bytes: &[u8]) -> Option<(usize, String, String)> {
    let (met, _) = difference(bytes)?;
    accepted::find(&met).map(|row| (row, met.ours, met.theirs))
}

/// In what both differ first, and what they come to, if it is not the same.
fn difference(bytes: &[u8]) -> Option<(Met, [Outcome; 2])> {
    let mut script = Script::new(bytes);
    let options = Options::read(&mut script);
    let rest = script.rest();
    let ours = || Subject::Ours(Box::new(Ours::new(options)));
    let theirs = Subject::Theirs(Box::new(Theirs::new(&options)));
    let run = |subject, script| Course::run(options, subject, &mut Script::new(script));
    let outcomes = [run(ours(), rest), run(theirs, rest)];
    if agree(&outcomes) {
        return None;
    }
    let place = parting(&outcomes)?;
    let completes = || matches!(run(ours(), &[]).standing, Standing::Complete(_));
    if both_refuse(&outcomes) && (outcomes[0].changes > 1 || !completes()) {
        return None;
    }
    let [ours, theirs] = outcomes.each_ref().map(|outcome| comes_to(outcome, place, &outcomes));
    Some((Met { role: options.role, held: held(&outcomes, place), ours, theirs }, outcomes))
}

/// Whether they come to the same.
fn agree([ours, theirs]: &[Outcome; 2]) -> bool {
    match (ours.over_at, theirs.over_at) {
        // Whether an alert without a known level is an alert or a fault, the answer is the same.
        (Some(_), Some(_)) => ours.alert == theirs.alert,
        _ => ours.standing == theirs.standing && ours.said().eq(theirs.said()),
    }
}

/// Whether the same record is refused by both, by countersign with an alert. Which of several faults
/// is found first is for nobody to say, so if there can be several, the alerts need not be the same.
fn both_refuse(outcomes: &[Outcome; 2]) -> bool {
    let [ours, theirs] = outcomes;
    outcomes.iter().all(|outcome| matches!(outcome.standing, Standing::Failed(_)))
        && ours.over_at == theirs.over_at
        && ours.alert.is_some()
}

/// The number of the step in which both part: the first of them ends there, or what they say is not
/// the same. `None` if they have been sent something else before. What an end draws at random is
/// in what its peer says, so a change that moves bytes can make another message of it.
fn parting(outcomes: &[Outcome; 2]) -> Option<usize> {
    let [ours, theirs] = outcomes;
    let last = outcomes.iter().filter_map(|outcome| outcome.over_at).min().map(|count| count - 1);
    let both = ours.steps.iter().zip(&theirs.steps).enumerate();
    for (number, (ours, theirs)) in both.clone() {
        if ours.held != theirs.held {
            return None;
        }
        if last == Some(number) || ours.said != theirs.said {
            return Some(number);
        }
    }
    // Where one answers a KeyUpdate later than the other, its peer has less to say.
    (ours.steps.len() == theirs.steps.len()).then_some(both.len())
}

/// What was in the record with which both part; in all, if none of them has ended by then.
fn held([ours, theirs]: &[Outcome; 2], place: usize) -> Held {
    let steps = if ours.steps.len() > place { &ours.steps } else { &theirs.steps };
    if let Some(step) = steps.get(place) {
        return step.held.clone();
    }
    Held {
        types: steps.iter().flat_map(|step| step.held.types.clone()).collect(),
        changed: steps.iter().flat_map(|step| step.held.changed.clone()).collect(),
        ..Held::default()
    }
}

/// What an end comes to where both part. If one of them ends, whatever the other comes to later says
/// no more than that.
fn comes_to(outcome: &Outcome, place: usize, outcomes: &[Outcome; 2]) -> String {
    let ends = |outcome: &Outcome| outcome.over_at == Some(place + 1);
    match (&outcome.standing, outcome.steps.get(place)) {
        (Standing::Failed(reason), _) if ends(outcome) && outcome.alert.is_none() => {
            format!("silent: {reason}")
        }
        (Standing::Failed(reason), _) if ends(outcome) => reason.clone(),
        (standing, _) if ends(outcome) => format!("{standing:?}"),
        _ if outcomes.iter().any(ends) => String::from("goes on"),
        (_, Some(step)) => format!("says {:?}", step.said),
        (standing, None) => format!("{standing:?}"),
    }
}
