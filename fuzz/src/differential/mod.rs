//! The same script against countersign and against rustls: they come to the same, or to a
//! difference that is accepted for a reason.

mod accepted;
mod course;
mod extensions;
mod options;
mod provider;
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
    if let Some(difference) = difference(bytes) {
        assert!(accepted::is_accepted(&difference), "{difference:#?}");
    }
}

/// What both come to, if it is not the same.
fn difference(bytes: &[u8]) -> Option<[Outcome; 2]> {
    let mut script = Script::new(bytes);
    let options = Options::read(&mut script);
    let rest = script.rest();
    let run = |subject| Course::run(options, subject, &mut Script::new(rest));
    let ours = run(Subject::Ours(Box::new(Ours::new(options))));
    let theirs = run(Subject::Theirs(Box::new(Theirs::new(&options))));
    (!agree(&ours, &theirs)).then_some([ours, theirs])
}

fn agree(ours: &Outcome, theirs: &Outcome) -> bool {
    match (&ours.standing, &theirs.standing) {
        (Standing::Failed(_), Standing::Failed(_)) => ours.alert == theirs.alert,
        (Standing::Told, Standing::Told) => true,
        (ours_, theirs_) => ours_ == theirs_ && ours.said == theirs.said,
    }
}

/// For a look.
#[must_use]
pub fn describe(bytes: &[u8]) -> Option<String> {
    let both = difference(bytes)?;
    if accepted::is_accepted(&both) {
        return None;
    }
    let [a, b] = &both;
    let role = if bytes.first().copied().unwrap_or_default() & 1 == 1 { "S" } else { "C" };
    let w = |o: &Outcome| format!("{} {:?}", accepted::word(&o.standing), o.alert);
    let mut text = format!("{role} {} | {}", w(a), w(b));
    if let (Standing::Complete(x), Standing::Complete(y)) = (&a.standing, &b.standing) {
        text += &format!(" {x:?} {y:?}");
    }
    if a.said != b.said && !matches!(a.standing, Standing::Failed(_)) && !matches!(b.standing, Standing::Failed(_)) {
        text += &format!(" {:?} {:?}", a.said, b.said);
    }
    Some(text)
}
