//! A client against any script of messages, answers, alerts and orders.

use countersign::epoch::Role;

use crate::conversation::Conversation;

/// Runs the script in `bytes` against a client.
///
/// # Panics
/// On a finding.
pub fn check(bytes: &[u8]) {
    Conversation::check(Role::Client, bytes);
}
