//! The choices a server makes from a ClientHello: pure functions of two offers (RFC 9846 §4.2.1,
//! §9.2).

use crate::codec::{Decode, List};
use crate::crypto::{Group, Provider, Suite};
use crate::failure::Cause;
use crate::handshake::config::Preference;
use crate::message::{ClientHelloExtensions, KeyShareEntry};
use crate::registry::{CipherSuite, NamedGroup, PskKeyExchangeMode};

/// The extensions that must come together (RFC 9846 §9.2).
pub(crate) fn require(extensions: &ClientHelloExtensions<'_>) -> Result<(), Cause> {
    if extensions.pre_shared_key.is_some() {
        extensions.psk_key_exchange_modes.ok_or(Cause::PskKeyExchangeModesMissing)?;
    } else {
        extensions.signature_algorithms.ok_or(Cause::SignatureAlgorithmsMissing)?;
        extensions.supported_groups.ok_or(Cause::SupportedGroupsMissing)?;
    }
    match (extensions.supported_groups, extensions.key_share) {
        (Some(_), None) => Err(Cause::KeyShareMissing),
        (None, Some(_)) => Err(Cause::SupportedGroupsMissing),
        _ => Ok(()),
    }
}

/// The cipher suite both have, by the order of whoever has the preference.
pub(crate) fn cipher_suite(
    provider: &Provider,
    preference: Preference,
    ours: List<'_, CipherSuite>,
    theirs: List<'_, CipherSuite>,
) -> Result<&'static Suite, Cause> {
    in_common(preference, ours, theirs)
        .find_map(|id| provider.suite(id))
        .ok_or(Cause::NoCommonCipherSuite)
}

/// The ways to use a PSK that both ends have; none of them if the client offers no PSK.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PskUse {
    pub(crate) with_key_exchange: bool,
    pub(crate) alone: bool,
}

impl PskUse {
    /// RFC 9846 §4.3.9.
    pub(crate) fn in_common(
        ours: List<'_, PskKeyExchangeMode>,
        extensions: &ClientHelloExtensions<'_>,
    ) -> Self {
        let theirs = extensions.pre_shared_key.and(extensions.psk_key_exchange_modes);
        let both = |mode| ours.contains(mode) && theirs.is_some_and(|them| them.contains(mode));
        Self {
            with_key_exchange: both(PskKeyExchangeMode::PSK_DHE_KE),
            alone: both(PskKeyExchangeMode::PSK_KE),
        }
    }

    pub(crate) const fn is_possible(self) -> bool {
        self.with_key_exchange || self.alone
    }
}

/// How the key exchange can be done.
pub(crate) enum GroupChoice {
    /// The client has sent a share of this group.
    Share(&'static dyn Group),
    /// The client can do this group, and has to be asked for a share.
    Retry(&'static dyn Group),
    /// Not at all: a PSK alone must do.
    Impossible,
}

/// The group for the key exchange.
///
/// With the server's preference a group whose share is there beats one that costs a round trip,
/// unless it is strict. With the client's, its `supported_groups` decide before its shares do
/// (RFC 9846 §4.3.8).
pub(crate) fn group(
    provider: &Provider,
    preference: Preference,
    ours: List<'_, NamedGroup>,
    theirs: Option<List<'_, NamedGroup>>,
    shares: Option<List<'_, KeyShareEntry<'_>>>,
) -> Result<GroupChoice, Cause> {
    let theirs = theirs.ok_or(Cause::SupportedGroupsMissing)?;
    let shares = shares.ok_or(Cause::KeyShareMissing)?;
    check_shares(theirs, shares)?;
    let share_of = |group: &'static dyn Group| {
        let is_there = shares.iter().any(|share| share.group == group.id());
        is_there.then_some(GroupChoice::Share(group))
    };
    let mut acceptable =
        in_common(preference, ours, theirs).filter_map(|id| provider.group(id)).peekable();
    let first = *acceptable.peek().ok_or(Cause::NoCommonGroup)?;
    let with_share = match preference {
        Preference::Server => acceptable.find_map(share_of),
        Preference::ServerStrictly | Preference::Client => share_of(first),
    };
    Ok(with_share.unwrap_or(GroupChoice::Retry(first)))
}

/// RFC 9846 §4.3.8: one share a group, and only for groups that `supported_groups` lists.
fn check_shares(
    listed: List<'_, NamedGroup>,
    shares: List<'_, KeyShareEntry<'_>>,
) -> Result<(), Cause> {
    for (position, share) in shares.iter().enumerate() {
        if !listed.contains(share.group) {
            return Err(Cause::KeyShareNotListed);
        }
        if shares.iter().take(position).any(|earlier| earlier.group == share.group) {
            return Err(Cause::KeyShareRepeated);
        }
    }
    Ok(())
}

fn in_common<'a, T: Decode<'a> + PartialEq + Copy + 'a>(
    preference: Preference,
    ours: List<'a, T>,
    theirs: List<'a, T>,
) -> impl Iterator<Item = T> + 'a {
    let (first, second) = match preference {
        Preference::Server | Preference::ServerStrictly => (ours, theirs),
        Preference::Client => (theirs, ours),
    };
    first.iter().filter(move |&candidate| second.contains(candidate))
}
