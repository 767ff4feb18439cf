//! The differences that are accepted, and why.

use crate::differential::course::Outcome;
use crate::differential::subject::Standing;

/// A difference between the two, which is no fault of countersign's.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The cause that countersign finds, or where it stands: `Waiting`, `Complete`, `Told`.
    pub ours: &'static str,
    /// How the error of rustls begins, or where it stands.
    pub theirs: &'static str,
    /// The section of RFC 9846 that decides, or leaves the choice.
    pub section: &'static str,
    /// Why it is accepted.
    pub reason: &'static str,
}

/// All of them.
pub const ACCEPTED: &[Difference] = &[];

/// Whether a row covers what an end of ours and one of theirs have come to.
pub(super) fn is_accepted([ours, theirs]: &[Outcome; 2]) -> bool {
    let (ours, theirs) = (word(&ours.standing), word(&theirs.standing));
    ACCEPTED.iter().any(|row| row.ours == ours && theirs.starts_with(row.theirs))
}

pub(super) fn word(standing: &Standing) -> &str {
    match standing {
        Standing::Waiting => "Waiting",
        Standing::Complete(_) => "Complete",
        Standing::Told => "Told",
        Standing::Failed(reason) => reason,
    }
}
