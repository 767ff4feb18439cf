//! A server against any script of messages, answers, alerts and orders.

use countersign::epoch::Role;

use crate::conversation::Conversation;

/// Runs the script in `bytes` against a server.
///
/// # Panics
/// On a finding.
pub fn check(bytes: &[u8]) {
    Conversation::check(Role::Server, bytes);
}
