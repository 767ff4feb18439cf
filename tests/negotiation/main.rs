//! What two ends agree on is a function of what they offer: of every list in every order, held
//! against the RFC once more written down.
//!
//! A server that gets a ClientHello of nothing but lists says what it makes of them before it
//! computes anything: it asks for a key share, or its embedder for a credential, or it refuses. So
//! all lists can be tried. Whole handshakes, of which there are fewer, tie that to what is used.

mod choices;
mod model;

use std::sync::Arc;

use countersign::codec::{Encode, Vector};
use countersign::epoch::Epoch;
use countersign::handshake::config::{ClientAuthentication, KeyShares, Preference};
use countersign::handshake::{Decision, Fact, Handshake, Output, ServerConfig};
use countersign::message::{
    self, ClientHello, ClientHelloExtensions, HEADER_BYTES, KeyShareEntry, Kind, Layout, Message,
    OfferedPsks, ParseContext, PskBinder, PskIdentity,
};
use countersign::registry::{
    CertificateType, CipherSuite, HandshakeType, NamedGroup, ProtocolVersion, PskKeyExchangeMode,
    SignatureScheme,
};
use countersign_testing::{Setup, provider};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::{Index, select, subsequence};

use model::{Accepts, Agreement, Offer, PSK_DHE_KE, PSK_KE, TLS13, X509, agreement};

const SUITES: &[u16] = &[0x1301, 0x1302, 0x1303];
const GROUPS: &[u16] = &[0x001d, 0x0017, 0x0018];
const RAW_PUBLIC_KEY: u8 = 2;
const TYPES: &[u8] = &[X509, RAW_PUBLIC_KEY];
const MODES: &[u8] = &[PSK_KE, PSK_DHE_KE];
/// What nobody has (RFC 8701).
const UNKNOWN: u16 = 0x2a2a;
const PREFERENCES: &[Preference] =
    &[Preference::Server, Preference::ServerStrictly, Preference::Client];
const AUTHENTICATIONS: &[ClientAuthentication] =
    &[ClientAuthentication::None, ClientAuthentication::Request, ClientAuthentication::Require];

/// A list with one more item.
fn with<T: Copy>(list: &[T], item: T) -> Vec<T> {
    list.iter().copied().chain([item]).collect()
}

/// Every subset in every order, the empty one first.
pub(crate) fn lists<T: Copy + PartialEq>(of: &[T]) -> Vec<Vec<T>> {
    let mut lists: Vec<Vec<T>> = vec![Vec::new()];
    let mut next = 0;
    while let Some(list) = lists.get(next).cloned() {
        next += 1;
        let others = of.iter().filter(|item| !list.contains(item));
        lists.extend(others.map(|item| with(&list, *item)));
    }
    lists
}

/// Every subset in its own order.
fn subsets<T: Copy>(of: &[T]) -> Vec<Vec<T>> {
    of.iter().fold(vec![Vec::new()], |subsets, item| {
        let longer: Vec<Vec<T>> = subsets.iter().map(|subset| with(subset, *item)).collect();
        [subsets, longer].concat()
    })
}

fn some<T: Copy + PartialEq>(of: &[T]) -> Vec<Vec<T>> {
    lists(of).into_iter().filter(|list| !list.is_empty()).collect()
}

/// No extension, and every one with something in it.
fn extensions<T: Copy + PartialEq>(of: &[T]) -> Vec<Option<Vec<T>>> {
    std::iter::once(None).chain(some(of).into_iter().map(Some)).collect()
}

/// `supported_groups` and `key_share`, where they are sent.
type GroupsAndShares = (Option<&'static [u16]>, Option<&'static [u16]>);

fn offer() -> Offer {
    Offer {
        versions: Some(vec![TLS13]),
        suites: SUITES.to_vec(),
        groups: Some(GROUPS.to_vec()),
        shares: Some(GROUPS.to_vec()),
        signature_algorithms: true,
        psk: false,
        modes: None,
        server_types: None,
        client_types: None,
    }
}

fn accepts() -> Accepts {
    Accepts {
        preference: Preference::Server,
        suites: SUITES.to_vec(),
        groups: GROUPS.to_vec(),
        modes: vec![PSK_DHE_KE],
        server_types: vec![X509],
        client_types: vec![X509],
        authentication: ClientAuthentication::None,
    }
}

fn vector<C: Copy, T: Encode>(codes: &[C], code: fn(C) -> T) -> Vector<T> {
    codes.iter().copied().map(code).collect()
}

fn optional<C: Copy, T: Encode>(codes: &Option<Vec<C>>, code: fn(C) -> T) -> Option<Vector<T>> {
    codes.as_ref().map(|codes| vector(codes, code))
}

/// The ClientHello, with shares and a PSK that nobody will look at.
fn client_hello(offer: &Offer) -> Vec<u8> {
    let suites = vector(&offer.suites, CipherSuite);
    let versions = optional(&offer.versions, ProtocolVersion);
    let groups = optional(&offer.groups, NamedGroup);
    let shares = optional(&offer.shares, |group| KeyShareEntry {
        group: NamedGroup(group),
        key_exchange: b"k",
    });
    let schemes = vector(&[0x0403], SignatureScheme);
    let modes = optional(&offer.modes, PskKeyExchangeMode);
    let types = [&offer.server_types, &offer.client_types].map(|of| optional(of, CertificateType));
    let identities =
        vector(&[0], |age| PskIdentity { identity: b"psk", obfuscated_ticket_age: age });
    let binders = vector(&[()], |()| PskBinder(&[0; 32]));
    let psks =
        OfferedPsks { identities: identities.list(), binders: binders.list(), binders_bytes: 35 };
    let hello = ClientHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &[7; 32],
        legacy_session_id: &[],
        cipher_suites: suites.list(),
        legacy_compression_methods: &[0],
        extensions: ClientHelloExtensions {
            supported_versions: versions.as_ref().map(Vector::list),
            supported_groups: groups.as_ref().map(Vector::list),
            key_share: shares.as_ref().map(Vector::list),
            signature_algorithms: offer.signature_algorithms.then(|| schemes.list()),
            psk_key_exchange_modes: modes.as_ref().map(Vector::list),
            server_certificate_types: types[0].as_ref().map(Vector::list),
            client_certificate_types: types[1].as_ref().map(Vector::list),
            pre_shared_key: offer.psk.then_some(psks),
            ..ClientHelloExtensions::default()
        },
    };
    let mut encoded = Vec::new();
    message::encode(HandshakeType::CLIENT_HELLO, &mut encoded, |writer| {
        hello.encode(writer, &Layout::default(), 0);
    })
    .expect("short lists");
    encoded
}

fn server(accepts: &Accepts) -> ServerConfig {
    let mut config = ServerConfig::new(provider());
    config.preference = accepts.preference;
    config.cipher_suites = vector(&accepts.suites, CipherSuite);
    config.groups = vector(&accepts.groups, NamedGroup);
    config.psk_key_exchange_modes = vector(&accepts.modes, PskKeyExchangeMode);
    config.server_certificate_types = vector(&accepts.server_types, CertificateType);
    config.client_certificate_types = vector(&accepts.client_types, CertificateType);
    config.client_authentication = accepts.authentication;
    config
}

/// What a server makes of a ClientHello, or the alert that it refuses it with.
fn observed(config: &Arc<ServerConfig>, offer: &Offer) -> Result<Agreement, u8> {
    let mut handshake = Handshake::server(Arc::clone(config)).expect("a server");
    handshake.receive(Epoch::Initial, &client_hello(offer)).expect("a server that waits");
    loop {
        match handshake.poll().expect("something comes of it") {
            Output::Decide(Decision::SelectCredential(question)) => {
                return Ok(Agreement::Asked {
                    suite: question.cipher_suite().0,
                    group: question.group().map(|group| group.0),
                    psks: question.psk_identities().next().is_some(),
                    certificate_type: question.certificate_type().map(|of| of.0),
                });
            }
            Output::Send { bytes, .. } => {
                let context = ParseContext::default();
                let body = &bytes[HEADER_BYTES..];
                // What was offered does not matter for what is read from it here.
                let offered = message::ExtensionSet::of(
                    message::EXTENSIONS.iter().map(|row| row.extension_type),
                );
                let context = ParseContext { offered, ..context };
                let message = Message::parse(Kind::HelloRetryRequest, body, &context);
                let Ok(Message::HelloRetryRequest(retry)) = message else { panic!("{message:?}") };
                let group = retry.extensions.selected_group.expect("a group").0;
                return Ok(Agreement::Retry { suite: retry.cipher_suite.0, group });
            }
            Output::Alert { alert, .. } => return Err(alert.to_wire()[1]),
            _ => {}
        }
    }
}

fn check(accepts: &Accepts, config: &Arc<ServerConfig>, offer: &Offer) {
    let (expected, observed) = (agreement(accepts, offer), observed(config, offer));
    let agrees = match (&expected, &observed) {
        (Ok(expected), Ok(observed)) => expected == observed,
        (Err(faults), Err(alert)) => faults.contains(alert),
        _ => false,
    };
    assert!(agrees, "{accepts:?}, {offer:?}: {observed:?} and not {expected:?}");
}

/// Tries every offer with every server.
fn check_all(servers: impl IntoIterator<Item = Accepts>, offers: &[Offer]) {
    for accepts in servers {
        let config = Arc::new(server(&accepts));
        offers.iter().for_each(|offer| check(&accepts, &config, offer));
    }
}

#[test]
fn every_list_of_versions_is_refused_or_has_tls_1_3() {
    let offers = extensions(&[0x0303, TLS13, UNKNOWN, 0x7f1c]);
    let offers: Vec<_> = offers.into_iter().map(|versions| Offer { versions, ..offer() }).collect();
    check_all([accepts()], &offers);
}

#[test]
fn every_two_lists_of_suites_come_to_the_preferred_one_in_common() {
    let offers = some(&[0x1301, 0x1302, 0x1303, UNKNOWN]);
    let offers: Vec<_> = offers.into_iter().map(|suites| Offer { suites, ..offer() }).collect();
    let servers = PREFERENCES.iter().flat_map(|preference| {
        let lists = some(SUITES).into_iter();
        lists.map(|suites| Accepts { preference: *preference, suites, ..accepts() })
    });
    check_all(servers, &offers);
}

#[test]
fn every_two_lists_of_groups_with_every_shares_come_to_a_group_or_a_retry() {
    let lists = some(GROUPS).into_iter().chain([vec![UNKNOWN], vec![UNKNOWN, 0x0017, 0x001d]]);
    let mut offers = Vec::new();
    for groups in lists {
        offers.extend(subsets(&groups).into_iter().map(|shares| Offer {
            groups: Some(groups.clone()),
            shares: Some(shares),
            ..offer()
        }));
        // One too many, and one twice.
        for shares in [vec![0x0019], vec![groups[0], groups[0]]] {
            let groups = Some(groups.clone());
            offers.push(Offer { groups, shares: Some(shares), ..offer() });
        }
    }
    let servers = PREFERENCES.iter().flat_map(|preference| {
        let lists = some(GROUPS).into_iter();
        lists.map(|groups| Accepts { preference: *preference, groups, ..accepts() })
    });
    check_all(servers, &offers);
}

#[test]
fn every_way_to_use_a_psk_is_used_or_refused() {
    let mut offers = Vec::new();
    for psk in [false, true] {
        for modes in extensions(&[PSK_KE, PSK_DHE_KE, 0x2a]) {
            for signature_algorithms in [false, true] {
                let lists: [GroupsAndShares; 6] = [
                    (None, None),
                    (Some(GROUPS), None),
                    (None, Some(GROUPS)),
                    (Some(GROUPS), Some(&[])),
                    (Some(GROUPS), Some(GROUPS)),
                    (Some(&[UNKNOWN]), Some(&[UNKNOWN])),
                ];
                offers.extend(lists.map(|(groups, shares)| Offer {
                    groups: groups.map(<[u16]>::to_vec),
                    shares: shares.map(<[u16]>::to_vec),
                    signature_algorithms,
                    psk,
                    modes: modes.clone(),
                    ..offer()
                }));
            }
        }
    }
    check_all(lists(MODES).into_iter().map(|modes| Accepts { modes, ..accepts() }), &offers);
}

#[test]
fn every_two_lists_of_certificate_types_come_to_the_servers_preferred_ones() {
    let types = || extensions(TYPES).into_iter().chain([Some(vec![1, RAW_PUBLIC_KEY])]);
    let offers: Vec<_> = types()
        .flat_map(|server_types| {
            types().map(move |client_types| {
                let server_types = server_types.clone();
                Offer { server_types, client_types, ..offer() }
            })
        })
        .collect();
    let servers = AUTHENTICATIONS.iter().flat_map(|authentication| {
        some(TYPES).into_iter().flat_map(move |server_types| {
            some(TYPES).into_iter().map(move |client_types| Accepts {
                server_types: server_types.clone(),
                client_types,
                authentication: *authentication,
                ..accepts()
            })
        })
    });
    check_all(servers, &offers);
}

/// A list of some of these, in any order, now and then with what nobody has.
fn list<T: Copy + std::fmt::Debug + 'static>(
    of: &'static [T],
    least: usize,
) -> impl Strategy<Value = Vec<T>> {
    subsequence(of, least..=of.len()).prop_shuffle()
}

prop_compose! {
    fn any_offer()(
        versions in prop_oneof![9 => Just(Some(vec![TLS13, 0x0303])), 1 => Just(None)],
        suites in list(&[0x1301, 0x1302, 0x1303, UNKNOWN], 1),
        groups in option::weighted(0.9, list(&[0x001d, 0x0017, 0x0018, UNKNOWN, 0x11ec], 1)),
        chosen in proptest::collection::vec(any::<Index>(), 0..3),
        has_shares in proptest::bool::weighted(0.9),
        (signature_algorithms, psk) in (proptest::bool::weighted(0.8), any::<bool>()),
        modes in option::weighted(0.8, list(MODES, 1)),
        server_types in option::weighted(0.3, list(TYPES, 1)),
        client_types in option::weighted(0.3, list(TYPES, 1)),
    ) -> Offer {
        let listed = groups.as_deref().unwrap_or(GROUPS);
        let shares = chosen.iter().map(|index| *index.get(listed)).collect();
        let shares = Some(shares).filter(|_| has_shares);
        Offer {
            versions, suites, groups, shares, signature_algorithms, psk, modes, server_types,
            client_types,
        }
    }
}

prop_compose! {
    fn any_accepts()(
        preference in select(PREFERENCES),
        (suites, groups, modes) in (list(SUITES, 1), list(GROUPS, 1), list(MODES, 0)),
        (server_types, client_types) in (list(TYPES, 1), list(TYPES, 1)),
        authentication in select(AUTHENTICATIONS),
    ) -> Accepts {
        Accepts { preference, suites, groups, modes, server_types, client_types, authentication }
    }
}

proptest! {
    #[test]
    fn all_lists_together_come_to_what_they_come_to_alone(
        accepts in any_accepts(),
        offer in any_offer(),
    ) {
        check(&accepts, &Arc::new(server(&accepts)), &offer);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]
    #[test]
    fn two_ends_connect_with_what_the_server_makes_of_the_hello(
        accepts in any_accepts(),
        (suites, groups) in (list(SUITES, 1), list(GROUPS, 1)),
        shares in 0..3_usize,
    ) {
        let authentication = ClientAuthentication::None;
        let (server_types, client_types) = (vec![X509], vec![X509]);
        let accepts = Accepts { server_types, client_types, authentication, ..accepts };
        let mut setup = Setup::default();
        setup.client.cipher_suites = vector(&suites, CipherSuite);
        setup.client.groups = vector(&groups, NamedGroup);
        setup.client.key_shares = KeyShares::First(shares);
        setup.server = server(&accepts);
        let mut pair = setup.pair();
        pair.run(|_| ());
        let shares = groups.iter().copied().take(shares).collect();
        let offer = Offer { suites, groups: Some(groups), shares: Some(shares), ..offer() };
        let negotiated = pair.server.observed.facts.iter().find_map(|fact| match fact {
            Fact::Negotiated(negotiated) => Some((negotiated.cipher_suite.0, negotiated.group)),
            _ => None,
        });
        let retried = pair.client.knows(|fact| matches!(fact, Fact::Retried));
        match agreement(&accepts, &offer) {
            Ok(Agreement::Asked { suite, group, .. }) => {
                prop_assert!(pair.agrees() && !retried);
                prop_assert_eq!(negotiated, Some((suite, group.map(NamedGroup))));
            }
            Ok(Agreement::Retry { suite, group }) => {
                prop_assert!(pair.agrees() && retried);
                prop_assert_eq!(negotiated, Some((suite, Some(NamedGroup(group)))));
            }
            Err(faults) => {
                let (_, alert) = pair.server.observed.alerts[0];
                prop_assert!(faults.contains(&alert.to_wire()[1]));
                prop_assert!(pair.client.observed.end.is_some());
            }
        }
    }
}
