//! The choices a server makes from a ClientHello, and what a client reads from them: pure functions
//! of two offers (RFC 9846 §4.2.1, §9.2).

use std::sync::Arc;

use crate::codec::{Decode, List};
use crate::crypto::{Group, Provider, Suite};
use crate::failure::Cause;
use crate::handshake::config::{ClientAuthentication, ClientConfig, Preference, ServerConfig};
use crate::handshake::event::CertificateTypes;
use crate::message::{ClientHelloExtensions, EncryptedExtensions, KeyShareEntry, PskBinder};
use crate::registry::{CertificateType, CipherSuite, NamedGroup, PskKeyExchangeMode};

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

/// The extensions about certificates, which go without saying where all is X.509 (RFC 7250 §4.1).
pub(crate) fn check_certificate_types(extensions: &ClientHelloExtensions<'_>) -> Result<(), Cause> {
    let lists = [extensions.client_certificate_types, extensions.server_certificate_types];
    let redundant =
        |list: &List<'_, CertificateType>| list.iter().all(|of| of == CertificateType::X509);
    match lists.iter().flatten().any(redundant) {
        true => Err(Cause::CertificateTypesRedundant),
        false => Ok(()),
    }
}

/// How certificates are used, if they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CertificateUse {
    pub(crate) types: CertificateTypes,
    /// The client is asked for one too.
    pub(crate) asks_client: bool,
}

/// How a server uses certificates, of which types by its own order (RFC 7250 §4.2).
pub(crate) fn certificate_use(
    config: &ServerConfig,
    extensions: &ClientHelloExtensions<'_>,
) -> Result<CertificateUse, Cause> {
    let common = |ours: List<'_, CertificateType>, theirs: Option<List<'_, CertificateType>>| {
        ours.iter().find(|of| match theirs {
            Some(theirs) => theirs.contains(*of),
            None => *of == CertificateType::X509,
        })
    };
    let (ours, theirs) = (&config.server_certificate_types, extensions.server_certificate_types);
    let server = common(ours.list(), theirs).ok_or(Cause::NoCommonCertificateType)?;
    let (ours, theirs) = (&config.client_certificate_types, extensions.client_certificate_types);
    let client = common(ours.list(), theirs);
    let asked = match config.client_authentication {
        ClientAuthentication::None => None,
        ClientAuthentication::Request => client,
        ClientAuthentication::Require => Some(client.ok_or(Cause::NoCommonCertificateType)?),
    };
    let types = CertificateTypes { server, client: asked.unwrap_or(CertificateType::X509) };
    Ok(CertificateUse { types, asks_client: asked.is_some() })
}

/// The types of certificate that a client reads from EncryptedExtensions (RFC 7250 §4.2).
pub(crate) fn selected_certificate_types(
    config: &ClientConfig,
    extensions: &EncryptedExtensions<'_>,
) -> Result<CertificateTypes, Cause> {
    let selected = |offered: List<'_, CertificateType>, answer: Option<CertificateType>| {
        let is_offered = answer.is_none_or(|of| offered.contains(of));
        let selected = answer.unwrap_or(CertificateType::X509);
        is_offered.then_some(selected).ok_or(Cause::CertificateTypeNotOffered)
    };
    let offered = config.server_certificate_types.list();
    let server = selected(offered, extensions.server_certificate_type)?;
    let offered = config.client_certificate_types.list();
    let client = selected(offered, extensions.client_certificate_type)?;
    Ok(CertificateTypes { server, client })
}

/// The identities offered whose key may be for this suite: a binder is as long as the hash. Those
/// of another hash may be missing behind a retry (RFC 9846 §4.2.2).
pub(crate) fn psks_for<'a>(
    suite: &Suite,
    extensions: &ClientHelloExtensions<'a>,
) -> impl Iterator<Item = &'a [u8]> {
    let hash_bytes = suite.hash.output_bytes();
    extensions.pre_shared_key.into_iter().flat_map(move |offered| {
        let fits = offered.binders.iter().map(move |PskBinder(binder)| binder.len() == hash_bytes);
        let identities = offered.identities.iter().map(|psk| psk.identity).zip(fits);
        identities.filter_map(|(identity, fits)| fits.then_some(identity))
    })
}

/// How the key exchange can be done.
pub(crate) enum GroupChoice {
    /// The client has sent a share of this group.
    Share(Arc<dyn Group>),
    /// The client can do this group, and has to be asked for a share.
    Retry(Arc<dyn Group>),
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
    let share_of = |group: &Arc<dyn Group>| {
        let is_there = shares.iter().any(|share| share.group == group.id());
        is_there.then(|| GroupChoice::Share(Arc::clone(group)))
    };
    let mut acceptable =
        in_common(preference, ours, theirs).filter_map(|id| provider.group(id)).peekable();
    let first = *acceptable.peek().ok_or(Cause::NoCommonGroup)?;
    let with_share = match preference {
        Preference::Server => acceptable.find_map(share_of),
        Preference::ServerStrictly | Preference::Client => share_of(first),
    };
    Ok(with_share.unwrap_or(GroupChoice::Retry(Arc::clone(first))))
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
