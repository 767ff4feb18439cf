//! The hybrid groups (draft-ietf-tls-ecdhe-mlkem).

use std::sync::{Arc, LazyLock};

use countersign::crypto::group::GroupFailure;
use countersign::crypto::hybrid::{ML_KEM_768_CIPHERTEXT_BYTES, ML_KEM_768_KEY_BYTES};
use countersign::crypto::{Group, KeyExchange, Provider};
use countersign::handshake::{ClientConfig, Handshake, Output, ServerConfig};
use countersign::handshake::{Fact, config::Destination};
use countersign::limits::Limits;
use countersign::message::{ClientHello, HEADER_BYTES};
use countersign::registry::NamedGroup;
use countersign_testing::Setup;

use super::{MlKem768, provider};

const X25519_BYTES: usize = 32;
const P256_BYTES: usize = 65;

/// A hybrid, its halves in the order in which they are concatenated, and how long the first half's
/// shares are, the client's and the server's.
struct Layout {
    hybrid: &'static dyn Group,
    halves: [&'static dyn Group; 2],
    first: [usize; 2],
}

static PROVIDER: LazyLock<Provider> = LazyLock::new(provider);

fn group(id: NamedGroup) -> &'static dyn Group {
    &**PROVIDER.group(id).expect("a group of the provider")
}

fn layouts() -> [Layout; 2] {
    [
        Layout {
            hybrid: group(NamedGroup::X25519MLKEM768),
            halves: [&MlKem768, group(NamedGroup::X25519)],
            first: [ML_KEM_768_KEY_BYTES, ML_KEM_768_CIPHERTEXT_BYTES],
        },
        Layout {
            hybrid: group(NamedGroup::SECP256R1MLKEM768),
            halves: [group(NamedGroup::SECP256R1), &MlKem768],
            first: [P256_BYTES, P256_BYTES],
        },
    ]
}

fn start(group: &dyn Group) -> Box<dyn KeyExchange> {
    group.start(provider().random.as_ref()).expect("a key share")
}

/// The answer's share and secret.
fn respond(group: &dyn Group, share: &[u8]) -> Result<(Vec<u8>, Vec<u8>), GroupFailure> {
    let answer = group.respond(provider().random.as_ref(), share);
    answer.map(|(share, secret)| (share, secret.as_bytes().to_vec()))
}

/// The answer to a share, and that share's finish with the answer, changed.
fn finish(group: &dyn Group, change: impl FnOnce(&mut Vec<u8>)) -> Result<Vec<u8>, GroupFailure> {
    let exchange = start(group);
    let (mut share, _) = respond(group, exchange.share()).expect("a valid share");
    change(&mut share);
    exchange.finish(&share).map(|secret| secret.as_bytes().to_vec())
}

#[test]
fn shares_and_secrets_have_the_lengths_of_the_specification() {
    for (id, client_bytes, server_bytes) in
        [(NamedGroup::X25519MLKEM768, 1216, 1120), (NamedGroup::SECP256R1MLKEM768, 1249, 1153)]
    {
        let exchange = start(group(id));
        assert_eq!(exchange.share().len(), client_bytes);
        let (share, secret) = respond(group(id), exchange.share()).expect("a valid share");
        assert_eq!((share.len(), secret.len()), (server_bytes, 64));
        assert_eq!(exchange.finish(&share).expect("a valid share").as_bytes(), secret);
    }
}

#[test]
fn shares_and_secrets_are_those_of_the_halves_in_order() {
    for Layout { hybrid, halves: [first, second], first: [client_bytes, server_bytes] } in layouts()
    {
        // A client that does the halves one by one.
        let (first_exchange, second_exchange) = (start(first), start(second));
        let share = [first_exchange.share(), second_exchange.share()].concat();
        let (answer, secret) = respond(hybrid, &share).expect("a valid share");
        let (first_answer, second_answer) = answer.split_at(server_bytes);
        let first_secret = first_exchange.finish(first_answer).expect("a valid share");
        let second_secret = second_exchange.finish(second_answer).expect("a valid share");
        assert_eq!([first_secret.as_bytes(), second_secret.as_bytes()].concat(), secret);

        // And such a server.
        let exchange = start(hybrid);
        let (first_share, second_share) = exchange.share().split_at(client_bytes);
        let (first_answer, first_secret) = respond(first, first_share).expect("a valid share");
        let (second_answer, second_secret) = respond(second, second_share).expect("a valid share");
        let answer = [first_answer, second_answer].concat();
        let secret = exchange.finish(&answer).expect("a valid share");
        assert_eq!(secret.as_bytes(), [first_secret, second_secret].concat());
    }
}

#[test]
fn shares_of_any_other_length_are_refused() {
    let invalid = Some(GroupFailure::InvalidShare);
    for Layout { hybrid, first: [client_bytes, server_bytes], .. } in layouts() {
        let share = start(hybrid).share().to_vec();
        for length in [0, 1, client_bytes - 1, client_bytes, client_bytes + 1, share.len() - 1] {
            assert_eq!(respond(hybrid, &share[..length]).err(), invalid, "{hybrid:?} {length}");
        }
        assert_eq!(respond(hybrid, &[&share[..], &[0]].concat()).err(), invalid);
        assert_eq!(respond(hybrid, &share[1..]).err(), invalid);
        for length in [0, 1, server_bytes - 1, server_bytes, server_bytes + 1] {
            let finished = finish(hybrid, |share| share.truncate(length));
            assert_eq!(finished.err(), invalid, "{hybrid:?} {length}");
        }
        assert_eq!(finish(hybrid, |share| share.push(0)).err(), invalid);
        assert_eq!(finish(hybrid, |share| drop(share.drain(..1))).err(), invalid);
        assert_eq!(finish(hybrid, |share| share.truncate(share.len() - 1)).err(), invalid);
        // A client's share is no server's.
        assert_eq!(finish(hybrid, |answer| answer.clone_from(&share)).err(), invalid);
    }
}

/// FIPS 203 §7.2: the coefficients in the first 1,152 bytes are less than 3,329.
#[test]
fn encapsulation_keys_that_are_not_reduced_are_refused() {
    for Layout { hybrid, halves, first: [client_bytes, _] } in layouts() {
        let good = start(hybrid).share().to_vec();
        let kem_at = if halves[0].id() == NamedGroup::MLKEM768 { 0 } else { client_bytes };
        for at in [0, 600, 1149] {
            let mut share = good.clone();
            // The twelve bits of the first coefficient, and of the second: 3,329 in each.
            share[kem_at + at..][..3].copy_from_slice(&[0x01, 0x1d, 0xd0]);
            assert_eq!(respond(hybrid, &share).err(), Some(GroupFailure::InvalidShare));
            // One less is as it should be.
            share[kem_at + at..][..3].copy_from_slice(&[0x00, 0x0d, 0xd0]);
            assert!(respond(hybrid, &share).is_ok());
        }
    }
}

/// RFC 9846 §4.3.8.2 and §7.4.2, for the curve in a hybrid as for the curve alone.
#[test]
fn curve_values_that_are_none_are_refused_beside_a_good_kem() {
    let invalid = Some(GroupFailure::InvalidShare);
    let x25519 = group(NamedGroup::X25519MLKEM768);
    let zeros = |share: &mut Vec<u8>| {
        let kem_bytes = share.len() - X25519_BYTES;
        share[kem_bytes..].fill(0);
    };
    let mut share = start(x25519).share().to_vec();
    zeros(&mut share);
    assert_eq!(respond(x25519, &share).err(), invalid);
    assert_eq!(finish(x25519, zeros).err(), invalid);

    let p256 = group(NamedGroup::SECP256R1MLKEM768);
    let off_curve = |share: &mut Vec<u8>| share[P256_BYTES - 1] ^= 1;
    let hybrid_form = |share: &mut Vec<u8>| share[0] = 6 | share[P256_BYTES - 1] & 1;
    for change in [off_curve, hybrid_form] {
        let mut share = start(p256).share().to_vec();
        change(&mut share);
        assert_eq!(respond(p256, &share).err(), invalid);
        assert_eq!(finish(p256, change).err(), invalid);
    }
}

/// FIPS 203 §6.3: a ciphertext that was changed yields another secret and no error.
#[test]
fn changed_ciphertext_is_rejected_without_a_word() {
    for Layout { hybrid, halves, first: [_, server_bytes] } in layouts() {
        let kem_at = if halves[0].id() == NamedGroup::MLKEM768 { 0 } else { server_bytes };
        let exchange = start(hybrid);
        let (mut share, secret) = respond(hybrid, exchange.share()).expect("a valid share");
        share[kem_at] ^= 1;
        let other = exchange.finish(&share).expect("a valid share");
        assert_ne!(other.as_bytes(), secret);
    }
}

#[test]
fn client_sends_a_share_of_the_first_hybrid_and_of_the_first_curve() {
    let config = ClientConfig::new(provider());
    let mut client = Handshake::client(Arc::new(config), Destination::default()).expect("a client");
    let hello = std::iter::from_fn(|| client.poll()).find_map(|output| match output {
        Output::Send { bytes, .. } => Some(bytes),
        _ => None,
    });
    let hello = hello.expect("a ClientHello");
    let hello = ClientHello::parse(&hello[HEADER_BYTES..], &Limits::default()).expect("our own");
    let shares = hello.extensions.key_share.expect("shares");
    let shares: Vec<_> = shares.iter().map(|share| share.group).collect();
    assert_eq!(shares, [NamedGroup::X25519MLKEM768, NamedGroup::X25519]);
}

#[test]
fn ends_prefer_the_hybrid_and_fall_back_to_the_curve_without_a_retry() {
    use NamedGroup as Named;
    for (servers_groups, chosen, retried) in [
        (None, Named::X25519MLKEM768, false),
        (Some(vec![Named::X25519, Named::SECP256R1]), Named::X25519, false),
        (Some(vec![Named::SECP256R1MLKEM768, Named::SECP256R1]), Named::SECP256R1MLKEM768, true),
    ] {
        let mut setup = Setup {
            client: ClientConfig::new(provider()),
            server: ServerConfig::new(provider()),
            ..Setup::default()
        };
        if let Some(groups) = servers_groups {
            setup.server.groups = groups.into_iter().collect();
        }
        let mut pair = setup.pair();
        pair.run(|_| ());
        assert!(pair.agrees(), "{pair:?}");
        let group = |fact: &Fact| matches!(fact, Fact::Negotiated(n) if n.group == Some(chosen));
        assert!(pair.client.knows(group), "{chosen:?}");
        assert_eq!(pair.client.knows(|fact| matches!(fact, Fact::Retried)), retried);
    }
}
