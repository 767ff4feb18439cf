//! The memory that keeps early data from being taken twice (RFC 9846 §8.2).

use std::collections::BTreeSet;

use pki_types::UnixTime;

/// Remembers what early data was taken, for as long as the age of its ticket could be right once
/// more (RFC 9846 §8.3).
///
/// The memory is exact, and bounded. When it is full, or cannot reach back far enough, early data
/// is refused, and the handshake goes on without.
#[derive(Debug)]
pub struct ReplayRegister {
    tolerance_seconds: u32,
    capacity: usize,
    /// Taken since `current_since`, and before that since `previous_since`; in seconds since 1970.
    current: BTreeSet<Tag>,
    current_since: u64,
    previous: BTreeSet<Tag>,
    previous_since: u64,
}

/// As much of a binder as every hash makes.
type Tag = [u8; 32];

impl ReplayRegister {
    /// A memory that begins at `since`: when the server starts, or whenever before that its ticket
    /// keys came to be. It takes early data `capacity` times in each window of twice the tolerance,
    /// and none before the first window is over: what was taken before `since` is not known.
    ///
    /// The tolerance is a minute.
    #[must_use]
    pub const fn new(since: UnixTime, capacity: usize) -> Self {
        // Of that second itself not all is known.
        let since = since.as_secs().saturating_add(1);
        Self {
            tolerance_seconds: 60,
            capacity,
            current: BTreeSet::new(),
            current_since: since,
            previous: BTreeSet::new(),
            previous_since: since,
        }
    }

    /// The same, with another tolerance: how far a ticket's age may be from what the client says.
    #[must_use]
    pub const fn with_tolerance(mut self, seconds: u32) -> Self {
        self.tolerance_seconds = seconds;
        self
    }

    pub(super) const fn tolerance_seconds(&self) -> u32 {
        self.tolerance_seconds
    }

    /// Whether early data with this [`replay_tag`] may be taken at `now`, which is then remembered.
    ///
    /// [`replay_tag`]: crate::handshake::decision::SelectCredential::replay_tag
    pub fn admit(&mut self, tag: &[u8], now: UnixTime) -> bool {
        let (Some(tag), now) = (tag.first_chunk(), now.as_secs()) else { return false };
        // Early on that side of its time or late on the other.
        let window = u64::from(self.tolerance_seconds).saturating_mul(2);
        if now.saturating_sub(self.current_since) > window {
            self.previous = core::mem::take(&mut self.current);
            self.previous_since = self.current_since;
            self.current_since = now;
        }
        // Not before the first window is over, nor if the clock was set back.
        let reaches_back = now.checked_sub(window).is_some_and(|then| then >= self.previous_since);
        reaches_back
            && self.current.len() < self.capacity
            && !self.previous.contains(tag)
            && self.current.insert(*tag)
    }
}
