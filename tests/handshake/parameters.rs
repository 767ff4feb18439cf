//! Suites, groups, shares, retries and cookies (RFC 9846 §4.2).

use std::iter::once;

use countersign::handshake::Fact;
use countersign::handshake::config::{KeyShares, Preference};
use countersign::limits::Limits;
use countersign::message::{ClientHello, Kind};
use countersign::registry::{CipherSuite, NamedGroup};
use countersign_testing::{Pair, Setup, provider};

use crate::{bodies, connect, negotiated};

const X25519: NamedGroup = NamedGroup::X25519;
const P256: NamedGroup = NamedGroup::SECP256R1;
const P384: NamedGroup = NamedGroup::SECP384R1;

/// A group that nobody has (RFC 8701).
const GREASE: NamedGroup = NamedGroup(0x2a2a);

fn has_retried(pair: &Pair) -> bool {
    let retried = |fact: &Fact| matches!(fact, Fact::Retried);
    assert_eq!(pair.client.knows(retried), pair.server.knows(retried));
    pair.client.knows(retried)
}

#[test]
fn every_suite_connects_with_every_group_with_and_without_retry() {
    for suite in provider().suites {
        for group in provider().groups {
            for retry in [false, true] {
                let mut setup = Setup::default();
                setup.server.cipher_suites = once(suite.id).collect();
                setup.server.groups = once(group.id()).collect();
                // A share too many, for the group alone, or for none at all.
                setup.client.key_shares = KeyShares::First(if retry { 0 } else { usize::MAX });
                let pair = connect(setup);
                let negotiated = negotiated(&pair);
                assert_eq!(
                    (negotiated.cipher_suite, negotiated.group),
                    (suite.id, Some(group.id()))
                );
                assert_eq!(has_retried(&pair), retry, "{suite:?} {group:?}");
            }
        }
    }
}

#[test]
fn the_second_hello_brings_just_the_share_that_was_asked_for() {
    let mut setup = Setup::default();
    setup.client.groups = [X25519, P256, P384].into_iter().collect();
    setup.client.key_shares = KeyShares::First(2);
    setup.server.groups = once(P384).collect();
    let hellos = bodies(setup, Kind::ClientHello);
    let shares: Vec<Vec<NamedGroup>> = hellos
        .iter()
        .map(|hello| {
            let hello = ClientHello::parse(hello, &Limits::default()).expect("our own");
            hello.extensions.key_share.expect("shares").iter().map(|share| share.group).collect()
        })
        .collect();
    assert_eq!(shares, [vec![X25519, P256], vec![P384]]);
}

#[test]
fn the_second_hello_is_otherwise_the_first() {
    for cookie_bytes in [0, 20] {
        let mut setup = Setup::default();
        setup.server.groups = once(P384).collect();
        setup.server.cookie_bytes = cookie_bytes;
        let hellos = bodies(setup, Kind::ClientHello);
        let [first, second] = &hellos[..] else { panic!("two hellos: {hellos:?}") };
        let limits = Limits::default();
        let first = ClientHello::parse(first, &limits).expect("our own");
        let second = ClientHello::parse(second, &limits).expect("our own");
        assert_eq!(second.unchangeable(), first.unchangeable());
        let cookie = second.extensions.cookie.map(<[u8]>::len);
        assert_eq!(cookie, Some(usize::from(cookie_bytes)).filter(|bytes| *bytes > 0));
    }
}

#[test]
fn a_cookie_is_brought_back_with_another_share_or_without() {
    for cookie_bytes in [1, 32, 1000] {
        for group in [X25519, P384] {
            let mut setup = Setup::default();
            setup.server.cookie_bytes = cookie_bytes;
            setup.server.groups = once(group).collect();
            let pair = connect(setup);
            assert!(has_retried(&pair));
            assert_eq!(negotiated(&pair).group, Some(group));
        }
    }
}

#[test]
fn a_retry_for_a_cookie_alone_keeps_the_shares() {
    let mut setup = Setup::default();
    setup.server.cookie_bytes = 8;
    let hellos = bodies(setup, Kind::ClientHello);
    let limits = Limits::default();
    let hellos = hellos.iter().map(|hello| ClientHello::parse(hello, &limits).expect("our own"));
    let shares: Vec<_> = hellos.map(|hello| hello.extensions.key_share).collect();
    assert_eq!(shares.len(), 2);
    assert_eq!(shares[0], shares[1]);
}

#[test]
fn the_preferred_side_decides_on_the_group() {
    use Preference::{Client, Server, ServerStrictly};
    // Client's groups, how many shares, server's groups, preference: the group, and whether retried.
    type Row<'a> = (&'a [NamedGroup], usize, &'a [NamedGroup], Preference, NamedGroup, bool);
    let rows: &[Row<'_>] = &[
        (&[X25519, P256], 2, &[P256, X25519], Server, P256, false),
        (&[X25519, P256], 2, &[P256, X25519], Client, X25519, false),
        // A share that is there saves the server a round trip; the client's wish comes before it.
        (&[X25519, P256], 1, &[P256, X25519], Server, X25519, false),
        (&[X25519, P256], 1, &[P256, X25519], ServerStrictly, P256, true),
        (&[X25519, P256], 2, &[P256, X25519], ServerStrictly, P256, false),
        (&[P384, X25519], 1, &[X25519, P384], Client, P384, false),
        (&[P384, X25519], 0, &[X25519, P384], Server, X25519, true),
        (&[P384, X25519], 0, &[X25519, P384], Client, P384, true),
        (&[P384, P256, X25519], 1, &[X25519, P256], Server, X25519, true),
        (&[P384, P256, X25519], 1, &[X25519, P256], Client, P256, true),
        // Groups that an end does not have count for nothing.
        (&[GREASE, P256], 1, &[P256], Server, P256, false),
        (&[GREASE, P256], 1, &[GREASE, P256], Client, P256, false),
    ];
    for (row, &(ours, key_shares, theirs, preference, group, retried)) in rows.iter().enumerate() {
        let mut setup = Setup::default();
        setup.client.groups = ours.iter().copied().collect();
        setup.client.key_shares = KeyShares::First(key_shares);
        setup.server.groups = theirs.iter().copied().collect();
        setup.server.preference = preference;
        let pair = connect(setup);
        assert_eq!(negotiated(&pair).group, Some(group), "row {row}");
        assert_eq!(has_retried(&pair), retried, "row {row}");
    }
}

#[test]
fn key_shares_need_not_be_for_the_most_preferred_groups_and_keep_their_order() {
    let rows: &[(&[NamedGroup], &[NamedGroup])] =
        &[(&[P384, X25519], &[X25519, P384]), (&[P256], &[P256]), (&[GREASE], &[]), (&[], &[])];
    for (wanted, sent) in rows {
        let mut setup = Setup::default();
        setup.client.groups = [X25519, P256, P384].into_iter().collect();
        setup.client.key_shares = KeyShares::Of(wanted.iter().copied().collect());
        let hellos = bodies(setup, Kind::ClientHello);
        let hello = ClientHello::parse(&hellos[0], &Limits::default()).expect("our own");
        let shares = hello.extensions.key_share.expect("shares");
        let groups: Vec<_> = shares.iter().map(|share| share.group).collect();
        assert_eq!(groups, *sent, "{wanted:?}");
    }
}

#[test]
fn the_preferred_side_decides_on_the_suite() {
    let (aes, chacha) =
        (CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_CHACHA20_POLY1305_SHA256);
    let grease = CipherSuite(0x1a1a);
    for (preference, chosen) in
        [(Preference::Server, aes), (Preference::ServerStrictly, aes), (Preference::Client, chacha)]
    {
        let mut setup = Setup::default();
        setup.client.cipher_suites = [grease, chacha, aes].into_iter().collect();
        setup.server.cipher_suites = [grease, aes, chacha].into_iter().collect();
        setup.server.preference = preference;
        assert_eq!(negotiated(&connect(setup)).cipher_suite, chosen, "{preference:?}");
    }
}
