//! What a server has to make of a ClientHello, as RFC 9846 says it and nobody wrote it in `src/`.

use countersign::handshake::config::{ClientAuthentication, Preference};

/// The alerts that a ClientHello may be refused with.
pub(crate) mod alert {
    pub(crate) const HANDSHAKE_FAILURE: u8 = 40;
    pub(crate) const UNSUPPORTED_CERTIFICATE: u8 = 43;
    pub(crate) const ILLEGAL_PARAMETER: u8 = 47;
    pub(crate) const PROTOCOL_VERSION: u8 = 70;
    pub(crate) const MISSING_EXTENSION: u8 = 109;
}

pub(crate) const TLS13: u16 = 0x0304;
pub(crate) const PSK_KE: u8 = 0;
pub(crate) const PSK_DHE_KE: u8 = 1;
pub(crate) const X509: u8 = 0;

/// What a client offers; `None` where it sends no such extension.
#[derive(Clone, Debug)]
pub(crate) struct Offer {
    pub(crate) versions: Option<Vec<u16>>,
    pub(crate) suites: Vec<u16>,
    pub(crate) groups: Option<Vec<u16>>,
    pub(crate) shares: Option<Vec<u16>>,
    pub(crate) signature_algorithms: bool,
    pub(crate) psk: bool,
    pub(crate) modes: Option<Vec<u8>>,
    pub(crate) server_types: Option<Vec<u8>>,
    pub(crate) client_types: Option<Vec<u8>>,
}

/// What a server accepts.
#[derive(Clone, Debug)]
pub(crate) struct Accepts {
    pub(crate) preference: Preference,
    pub(crate) suites: Vec<u16>,
    pub(crate) groups: Vec<u16>,
    pub(crate) modes: Vec<u8>,
    pub(crate) server_types: Vec<u8>,
    pub(crate) client_types: Vec<u8>,
    pub(crate) authentication: ClientAuthentication,
}

/// How it goes on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Agreement {
    /// The embedder is asked: with which suite and group, whether there are PSKs to choose from,
    /// and which type of certificate may be chosen.
    Asked { suite: u16, group: Option<u16>, psks: bool, certificate_type: Option<u8> },
    /// The client is asked for a share.
    Retry { suite: u16, group: u16 },
}

/// What both ends do, or every alert for which there is a reason: which of two faults is told, the
/// RFC leaves open.
pub(crate) fn agreement(accepts: &Accepts, offer: &Offer) -> Result<Agreement, Vec<u8>> {
    let mut faults = Vec::new();
    let mut fault_if = |is_there: bool, alert: u8| faults.extend(is_there.then_some(alert));
    // §4.3.1
    let speaks = offer.versions.as_ref().is_some_and(|versions| versions.contains(&TLS13));
    fault_if(!speaks, alert::PROTOCOL_VERSION);
    // §9.2
    fault_if(offer.psk && offer.modes.is_none(), alert::MISSING_EXTENSION);
    fault_if(offer.groups.is_some() != offer.shares.is_some(), alert::MISSING_EXTENSION);
    // RFC 7250 §4.1
    let types = [&offer.server_types, &offer.client_types];
    let redundant = types.into_iter().flatten().any(|list| list.iter().all(|of| *of == X509));
    fault_if(redundant, alert::ILLEGAL_PARAMETER);
    // §4.3.8
    let (groups, shares) = (offer.groups.as_deref(), offer.shares.as_deref());
    let (listed, shared) = (groups.unwrap_or_default(), shares.unwrap_or_default());
    fault_if(shared.iter().any(|share| !listed.contains(share)), alert::ILLEGAL_PARAMETER);
    let is_repeated = |(index, share): (usize, &u16)| shared[..index].contains(share);
    fault_if(shared.iter().enumerate().any(is_repeated), alert::ILLEGAL_PARAMETER);
    // §4.3.9
    let mode = |mode| {
        let theirs = offer.modes.as_deref().filter(|_| offer.psk).unwrap_or_default();
        accepts.modes.contains(&mode) && theirs.contains(&mode)
    };
    let (psk_alone, psks) = (mode(PSK_KE), mode(PSK_KE) || mode(PSK_DHE_KE));
    let suite = preferred(accepts.preference, &accepts.suites, &offer.suites).first().copied();
    fault_if(suite.is_none(), alert::HANDSHAKE_FAILURE);
    let certificates = certificate_type(accepts, offer);
    fault_if(!psks && !offer.signature_algorithms, alert::MISSING_EXTENSION);
    fault_if(!psks && certificates.is_none(), alert::UNSUPPORTED_CERTIFICATE);
    let in_common = preferred(accepts.preference, &accepts.groups, listed);
    fault_if(groups.is_none() && !psk_alone, alert::MISSING_EXTENSION);
    fault_if(groups.is_some() && in_common.is_empty() && !psk_alone, alert::HANDSHAKE_FAILURE);
    let Some(suite) = suite.filter(|_| faults.is_empty()) else { return Err(faults) };
    let with_share = in_common.iter().find(|group| shared.contains(group));
    let group = match accepts.preference {
        Preference::Server => with_share.or(in_common.first()),
        Preference::ServerStrictly | Preference::Client => in_common.first(),
    };
    Ok(match group.copied() {
        Some(group) if !shared.contains(&group) => Agreement::Retry { suite, group },
        group => {
            let can_prove = offer.signature_algorithms && group.is_some();
            let certificate_type = certificates.filter(|_| can_prove);
            Agreement::Asked { suite, group, psks, certificate_type }
        }
    })
}

/// What both have, by the order of whoever has the preference.
fn preferred(preference: Preference, ours: &[u16], theirs: &[u16]) -> Vec<u16> {
    let (first, second) = match preference {
        Preference::Server | Preference::ServerStrictly => (ours, theirs),
        Preference::Client => (theirs, ours),
    };
    first.iter().copied().filter(|item| second.contains(item)).collect()
}

/// RFC 7250 §4.2: by the server's order; without the extension there is X.509 alone. `None` also if
/// the client has to show a certificate and cannot show one that is accepted.
fn certificate_type(accepts: &Accepts, offer: &Offer) -> Option<u8> {
    let common = |ours: &[u8], theirs: &Option<Vec<u8>>| {
        let theirs = theirs.as_deref().unwrap_or(&[X509]);
        ours.iter().copied().find(|of| theirs.contains(of))
    };
    let client = common(&accepts.client_types, &offer.client_types);
    let required = accepts.authentication == ClientAuthentication::Require;
    common(&accepts.server_types, &offer.server_types).filter(|_| !required || client.is_some())
}
