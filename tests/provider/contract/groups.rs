//! The curves.

use countersign::crypto::Provider;
use countersign::crypto::group::GroupFailure;
use countersign::registry::NamedGroup;

use super::provider;

#[test]
fn groups_agree_on_fresh_secrets() {
    let provider = provider();
    let random = provider.random.as_ref();
    for (group, share_bytes, secret_bytes) in [
        (NamedGroup::X25519, 32, 32),
        (NamedGroup::SECP256R1, 65, 32),
        (NamedGroup::SECP384R1, 97, 48),
    ] {
        let group = provider.group(group).expect("a group of the provider");
        let exchange = group.start(random).expect("a key share");
        let other = group.start(random).expect("a key share");
        assert_eq!(exchange.share().len(), share_bytes);
        assert_ne!(exchange.share(), other.share());
        let (share, secret) = group.respond(random, exchange.share()).expect("an answer");
        assert_eq!(share.len(), share_bytes);
        assert_eq!(secret.as_bytes().len(), secret_bytes);
        assert_eq!(exchange.finish(&share).expect("a secret").as_bytes(), secret.as_bytes());
        assert_ne!(other.finish(&share).expect("a secret").as_bytes(), secret.as_bytes());
    }
}

fn refuses(provider: &Provider, group: NamedGroup, share: &[u8]) {
    let random = provider.random.as_ref();
    let group = provider.group(group).expect("a group of the provider");
    let answered = group.respond(random, share).err();
    assert_eq!(answered, Some(GroupFailure::InvalidShare), "{group:?} {share:02x?}");
    let finished = group.start(random).expect("a key share").finish(share).err();
    assert_eq!(finished, Some(GroupFailure::InvalidShare), "{group:?} {share:02x?}");
}

/// RFC 9846 §4.3.8.2 and §7.4.2: lengths, form and membership of points, and an all-zero result.
#[test]
fn shares_that_are_no_values_of_the_group_are_refused() {
    let provider = provider();
    let random = provider.random.as_ref();
    for group in provider.groups.iter().filter(|group| !group.id().is_hybrid()) {
        let good = group.start(random).expect("a key share").share().to_vec();
        refuses(&provider, group.id(), &[]);
        refuses(&provider, group.id(), &good[1..]);
        refuses(&provider, group.id(), &good[..good.len() - 1]);
        refuses(&provider, group.id(), &[&good[..], &[0]].concat());
        refuses(&provider, group.id(), &vec![0; good.len()]);
    }
    for group in [NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        let exchange = provider.group(group).expect("a group").start(random).expect("a key share");
        let good = exchange.share();
        let coordinate = good.len() / 2;
        let mut off_curve = good.to_vec();
        off_curve[coordinate] ^= 1;
        refuses(&provider, group, &off_curve);
        for form in [0, 2, 3, 5, 6, 7] {
            refuses(&provider, group, &[&[form], &good[1..]].concat());
        }
        for form in [2, 3] {
            refuses(&provider, group, &[&[form], &good[1..=coordinate]].concat());
        }
        refuses(&provider, group, &[&[4], &vec![0xff; coordinate * 2][..]].concat());
    }
    // The points of small order, and their encodings above the prime (RFC 7748 §5).
    let mut one = [0; 32];
    one[0] = 1;
    let mut minus_one = [0xff; 32];
    (minus_one[0], minus_one[31]) = (0xec, 0x7f);
    let mut prime = minus_one;
    prime[0] = 0xed;
    let mut prime_and_one = minus_one;
    prime_and_one[0] = 0xee;
    for point in [one, minus_one, prime, prime_and_one] {
        refuses(&provider, NamedGroup::X25519, &point);
    }
}
