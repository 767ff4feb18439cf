//! The differences that are accepted, and why.

mod alerts;
mod passed;

use countersign::alert::AlertDescription;
use countersign::epoch::Role;
use countersign::registry::{ExtensionType, HandshakeType};

use crate::differential::course::Held;

/// A difference between the two that is no fault of countersign's.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The role of both; `None`: either.
    pub role: Option<Role>,
    /// What the record holds with which the first of them ends.
    pub place: Place,
    /// One of these extensions is not in it as the peer has said it; empty: whatever is.
    pub extensions: &'static [ExtensionType],
    /// The causes that countersign finds, `Told` where an alert has ended it, or `goes on` where it
    /// finds no fault; what it says, if the two say something else.
    pub ours: &'static [&'static str],
    /// How the errors of rustls begin that it finds in the same record, `Told`, or `goes on`. One
    /// that it finds and sends no alert for begins with `silent`.
    pub theirs: &'static [&'static str],
    /// The section of RFC 9846 that decides, or leaves the choice.
    pub section: &'static str,
    /// Why it is accepted.
    pub reason: &'static str,
}

/// What a record holds.
#[derive(Clone, Copy, Debug)]
pub enum Place {
    /// Neither an alert nor anything of a handshake message.
    NoMessage,
    /// An alert of level warning.
    Warning,
    /// The alert `user_canceled`.
    UserCanceled,
    /// A handshake message of whatever type.
    AnyMessage,
    /// The beginning of a handshake message that does not end in it.
    Beginning,
    /// A handshake message of one of these types.
    Message(&'static [HandshakeType]),
}

impl Place {
    fn fits(self, held: &Held) -> bool {
        let Held { types, is_partial, alert, .. } = held;
        match self {
            Self::NoMessage => types.is_empty() && alert.is_none(),
            Self::Warning => alert.is_some_and(|[level, _]| level == 1),
            Self::UserCanceled => {
                alert.is_some_and(|[_, alert]| alert == AlertDescription::USER_CANCELED.0)
            }
            Self::AnyMessage => !types.is_empty(),
            Self::Beginning => *is_partial,
            Self::Message(wanted) => types.iter().any(|held| wanted.contains(held)),
        }
    }
}

const fn row(
    place: Place,
    ours: &'static [&'static str],
    theirs: &'static [&'static str],
    section: &'static str,
    reason: &'static str,
) -> Difference {
    Difference { role: None, place, extensions: &[], ours, theirs, section, reason }
}

impl Difference {
    const fn of(self, role: Role) -> Self {
        Self { role: Some(role), ..self }
    }

    const fn with(self, extensions: &'static [ExtensionType]) -> Self {
        Self { extensions, ..self }
    }

    fn covers(&self, met: &Met) -> bool {
        let Met { role, held, ours, theirs } = met;
        let has_extension = held.changed.iter().any(|held| self.extensions.contains(held));
        self.role.is_none_or(|wanted| wanted == *role)
            && self.place.fits(held)
            && (self.extensions.is_empty() || has_extension)
            && self.ours.contains(&ours.as_str())
            && self.theirs.iter().any(|wanted| theirs.starts_with(wanted))
    }
}

/// All of them: what one lets pass, and where the alerts differ.
pub fn accepted() -> impl Iterator<Item = &'static Difference> {
    passed::PASSED.iter().chain(alerts::ALERTS)
}

/// What countersign and rustls have come to, and where, if they differ.
#[derive(Debug)]
pub(super) struct Met {
    /// The role of both.
    pub(super) role: Role,
    /// What was in the record with which the first of them ended.
    pub(super) held: Held,
    pub(super) ours: String,
    pub(super) theirs: String,
}

/// Which of them is the first that covers a difference.
pub(super) fn find(met: &Met) -> Option<usize> {
    accepted().position(|difference| difference.covers(met))
}
