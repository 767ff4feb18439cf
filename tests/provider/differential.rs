//! What one library seals the other opens, and what one starts the other answers. Signatures cross
//! in the contract.

use countersign::crypto::{Provider, aws_lc_rs, ring};
use proptest::prelude::*;

/// Both ways round.
fn pairings() -> [(Provider, Provider); 2] {
    [(ring::provider(), aws_lc_rs::provider()), (aws_lc_rs::provider(), ring::provider())]
}

#[test]
fn both_have_the_same_suites_and_schemes_and_curves() {
    let suites = |provider: Provider| provider.suites.iter().map(|s| s.id).collect::<Vec<_>>();
    let schemes = |p: Provider| p.signatures.iter().map(|s| s.scheme).collect::<Vec<_>>();
    let curves = |provider: Provider| {
        let ids = provider.groups.iter().map(|group| group.id());
        ids.filter(|id| !id.is_hybrid()).collect::<Vec<_>>()
    };
    assert_eq!(suites(ring::provider()), suites(aws_lc_rs::provider()));
    assert_eq!(schemes(ring::provider()), schemes(aws_lc_rs::provider()));
    assert_eq!(curves(ring::provider()), curves(aws_lc_rs::provider()));
}

#[test]
fn every_group_that_both_have_agrees_across_libraries() {
    for (client, server) in pairings() {
        for ours in &client.groups {
            let Some(theirs) = server.group(ours.id()) else { continue };
            let exchange = ours.start(client.random.as_ref()).expect("a key share");
            let answered = theirs.respond(server.random.as_ref(), exchange.share());
            let (share, secret) = answered.expect("a valid share");
            let finished = exchange.finish(&share).expect("a valid share");
            assert_eq!(finished.as_bytes(), secret.as_bytes(), "{ours:?}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn every_suite_hashes_and_seals_alike(
        key in prop::array::uniform32(any::<u8>()),
        nonce in prop::array::uniform12(any::<u8>()),
        associated_data in prop::collection::vec(any::<u8>(), 0..40),
        content in prop::collection::vec(any::<u8>(), 0..2_000),
    ) {
        for (one, other) in pairings() {
            for suite in one.suites {
                let twin = other.suite(suite.id).expect("the same suites");
                let parts = [&associated_data[..], &content];
                let (mut mac, mut twin_mac) = ([0; 48], [0; 48]);
                let length = suite.hash.output_bytes();
                suite.hash.hmac(&key, &parts, &mut mac[..length]);
                twin.hash.hmac(&key, &parts, &mut twin_mac[..length]);
                prop_assert_eq!(mac, twin_mac);
                let (digest, twin_digest) = (suite.hash.digest(&parts), twin.hash.digest(&parts));
                prop_assert_eq!(digest.as_bytes(), twin_digest.as_bytes());

                let key = &key[..suite.aead.key_bytes()];
                let mut sealed = content.clone();
                let tag = suite.aead.key(key).seal(nonce, &associated_data, &mut sealed).unwrap();
                sealed.extend_from_slice(&tag);
                let opened = twin.aead.key(key).open(nonce, &associated_data, &mut sealed).unwrap();
                prop_assert_eq!(&*opened, &content[..]);
            }
        }
    }
}
