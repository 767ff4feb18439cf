//! What our own ends send, in handshakes of every kind, held against the requirements for senders.

use std::collections::HashSet;

use countersign::epoch::{Epoch, Role};
use countersign::handshake::Handshake;
use countersign::handshake::event::NewTicket;
use countersign::registry::NamedGroup;
use countersign_testing::Setup;

use crate::draft::{Draft, KEY_SHARE, PRE_SHARED_KEY, SUPPORTED_VERSIONS};
use crate::scene::{
    CERTIFICATE, CERTIFICATE_REQUEST, CLIENT_HELLO, ENCRYPTED_EXTENSIONS, END_OF_EARLY_DATA, KINDS,
    SERVER_HELLO, Scene, scenes,
};

/// The 16-bit numbers of a list.
fn numbers(list: &[u8]) -> Vec<u16> {
    list.chunks_exact(2).map(|pair| u16::from_be_bytes([pair[0], pair[1]])).collect()
}

fn codes(draft: &Draft) -> Vec<u16> {
    draft.extensions.iter().flatten().map(|(code, _)| *code).collect()
}

#[test]
fn messages_are_sent_in_the_order_of_the_rfc() {
    for (scene, (name, _, order)) in scenes().iter().zip(KINDS) {
        assert_eq!(scene.types(), *order, "{name}");
        assert!(scene.sent[0].from == Role::Client && scene.sent[0].epoch == Epoch::Initial);
        for sent in &scene.sent {
            let expected = match sent.bytes[0] {
                CLIENT_HELLO | SERVER_HELLO => Epoch::Initial,
                END_OF_EARLY_DATA => Epoch::EarlyData,
                _ => Epoch::Handshake,
            };
            assert_eq!(sent.epoch, expected, "{name} {sent:?}");
            assert!(!sent.is(END_OF_EARLY_DATA) || sent.from == Role::Client, "{name}");
        }
    }
}

#[test]
fn hellos_have_the_legacy_fields_of_the_rfc() {
    let mut session_ids = HashSet::new();
    for Scene { name, quic, sent } in &scenes() {
        let mut session_id = None;
        for sent in sent.iter().filter(|sent| sent.bytes[0] <= SERVER_HELLO) {
            let fields = sent.draft().fields;
            assert_eq!(fields[..2], [3, 3], "{name}");
            let id = fields[35..35 + usize::from(fields[34])].to_vec();
            let has_one = !quic && *name != "outside compatibility mode";
            assert_eq!(id.len(), if has_one { 32 } else { 0 }, "{name}");
            assert_eq!(*session_id.get_or_insert(id.clone()), id, "{name}: echoed and repeated");
            match sent.bytes[0] {
                CLIENT_HELLO => assert!(fields.ends_with(&[1, 0]), "{name}: compression"),
                _ => assert!(fields.ends_with(&[0]), "{name}: compression"),
            }
        }
        let session_id = session_id.expect("hellos");
        assert!(session_id.is_empty() || session_ids.insert(session_id), "{name}: not fresh");
    }
}

#[test]
fn client_hello_has_the_extensions_that_must_come_together() {
    for Scene { name, quic, sent } in &scenes() {
        let mut retried = false;
        for sent in sent {
            retried |= sent.is_retry();
            if !sent.is(CLIENT_HELLO) {
                continue;
            }
            let hello = sent.draft();
            let codes = codes(&hello);
            let has = |code: u16| codes.contains(&code);
            assert_eq!(hello.find(SUPPORTED_VERSIONS), Some(&[2, 3, 4][..]), "{name}");
            assert!(has(10) && has(KEY_SHARE) && has(13), "{name}: {codes:?}");
            assert!(!has(PRE_SHARED_KEY) || has(45), "{name}: {codes:?}");
            let last = codes.last() == Some(&PRE_SHARED_KEY);
            assert_eq!(has(PRE_SHARED_KEY), last, "{name}: {codes:?}");
            assert!(!has(42) || has(PRE_SHARED_KEY) && !retried, "{name}: {codes:?}");
            assert!(!has(44) || retried, "{name}: a cookie at first");
            assert_eq!(has(57), *quic, "{name}");
            assert!(!quic || has(16), "{name}");
            assert!(!has(4), "{name}: truncated_hmac");
            assert_eq!(has(28), !quic, "{name}: record_size_limit");
        }
    }
}

#[test]
fn key_shares_are_of_listed_groups_in_their_order() {
    for scene in scenes() {
        let hellos: Vec<_> = scene.of(CLIENT_HELLO).collect();
        for (number, hello) in hellos.iter().enumerate() {
            let listed = numbers(&hello.find(10).expect("groups")[2..]);
            let mut once = listed.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), listed.len(), "{}: a group twice", scene.name);
            let shares: Vec<u16> = hello.shares().into_iter().map(|(group, _)| group).collect();
            let mut in_order = listed.iter().filter(|group| shares.contains(group));
            assert!(in_order.by_ref().eq(&shares), "{}: {shares:?} {listed:?}", scene.name);
            if number == 1 && scene.name == "retry" {
                assert_eq!(shares.len(), 1, "{}", scene.name);
            }
        }
    }
}

#[test]
fn nothing_is_offered_that_is_obsolete() {
    let obsolete_group = |group: &u16| matches!(group, 1..=0x16 | 0x1a..=0x1c | 0xff01..=0xff02);
    for scene in scenes() {
        for hello in scene.of(CLIENT_HELLO) {
            let groups = numbers(&hello.find(10).expect("groups")[2..]);
            assert!(!groups.iter().any(obsolete_group), "{}: {groups:?}", scene.name);
            let past_id = 35 + usize::from(hello.fields[34]);
            let suites = numbers(&hello.fields[past_id + 2..hello.fields.len() - 2]);
            assert!(suites.iter().all(|suite| (0x1301..=0x1303).contains(suite)), "{suites:?}");
        }
        let lists = scene.of(CLIENT_HELLO).chain(scene.of(CERTIFICATE_REQUEST));
        for draft in lists {
            for scheme in numbers(&draft.find(13).expect("schemes")[2..]) {
                assert!(modern(scheme) && !pkcs1(scheme), "{}: {scheme:04x}", scene.name);
            }
            let for_certificates = draft.find(50).map(|list| numbers(&list[2..]));
            for scheme in for_certificates.unwrap_or_default() {
                assert!(modern(scheme), "{}: {scheme:04x}", scene.name);
            }
        }
    }
}

/// Neither of an obsolete or DSA code point, nor with SHA-1.
fn modern(scheme: u16) -> bool {
    pkcs1(scheme) || matches!(scheme, 0x0403 | 0x0503 | 0x0603 | 0x0800..=0x08ff)
}

fn pkcs1(scheme: u16) -> bool {
    matches!(scheme, 0x0401 | 0x0501 | 0x0601)
}

#[test]
fn server_hello_and_retry_have_what_they_need_and_nothing_else() {
    for scene in scenes() {
        let mut suite = None;
        for sent in scene.sent.iter().filter(|sent| sent.is(SERVER_HELLO)) {
            let hello = sent.draft();
            let allowed: &[u16] = match sent.is_retry() {
                true => &[SUPPORTED_VERSIONS, KEY_SHARE, 44],
                false => &[SUPPORTED_VERSIONS, KEY_SHARE, PRE_SHARED_KEY],
            };
            let codes = codes(&hello);
            assert!(codes.iter().all(|code| allowed.contains(code)), "{}: {codes:?}", scene.name);
            assert_eq!(hello.find(SUPPORTED_VERSIONS), Some(&[3, 4][..]), "{}", scene.name);
            let alone = scene.name == "psk alone";
            let wants_share = !sent.is_retry() && !alone;
            assert!(!wants_share || codes.contains(&KEY_SHARE), "{}", scene.name);
            assert!(!alone || !codes.contains(&KEY_SHARE), "{}", scene.name);
            let end = hello.fields.len() - 1;
            let own = hello.fields[end - 2..end].to_vec();
            assert_eq!(*suite.get_or_insert(own.clone()), own, "{}: another suite", scene.name);
        }
    }
}

#[test]
fn no_answer_is_sent_that_was_not_asked_for_and_nothing_twice() {
    for scene in scenes() {
        let mut asked = Vec::new();
        for sent in &scene.sent {
            let draft = sent.draft();
            let codes = codes(&draft);
            let mut once = codes.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once.len(), codes.len(), "{}: {codes:?}", scene.name);
            match (sent.from, sent.bytes[0]) {
                (Role::Client, CLIENT_HELLO) => asked.clone_from(&codes),
                (_, CERTIFICATE_REQUEST) => asked.clone_from(&codes),
                (_, SERVER_HELLO | ENCRYPTED_EXTENSIONS | CERTIFICATE) => {
                    let cookie = |code: &u16| sent.is_retry() && *code == 44;
                    let unasked = codes.iter().find(|code| !asked.contains(code) && !cookie(code));
                    assert_eq!(unasked, None, "{}: {codes:?}", scene.name);
                    let requests = [45, 49, 48, 27, 13];
                    assert!(!codes.iter().any(|code| requests.contains(code)), "{}", scene.name);
                }
                _ => assert!(codes.is_empty(), "{}: {codes:?}", scene.name),
            }
            if sent.is(ENCRYPTED_EXTENSIONS) {
                assert_eq!(codes.contains(&57), scene.quic, "{}", scene.name);
                assert!(!scene.quic || codes.contains(&16), "{}", scene.name);
                assert_eq!(codes.contains(&28), !scene.quic, "{}", scene.name);
            }
        }
    }
}

#[test]
fn certificates_and_requests_of_the_handshake_have_no_context() {
    let mut requests = 0;
    for scene in scenes() {
        for request in scene.of(CERTIFICATE_REQUEST) {
            assert_eq!(request.fields, [0], "{}", scene.name);
            assert!(request.find(13).is_some(), "{}", scene.name);
            requests += 1;
        }
        for sent in scene.sent.iter().filter(|sent| sent.is(CERTIFICATE)) {
            assert_eq!(sent.bytes[4], 0, "{}", scene.name);
            let is_empty = sent.bytes[5..] == [0, 0, 0];
            let declines = scene.name == "declined" && sent.from == Role::Client;
            assert_eq!(is_empty, declines, "{}", scene.name);
        }
    }
    assert_eq!(requests, 4);
}

#[test]
fn an_external_psk_is_offered_with_an_age_of_zero() {
    let mut offers = 0;
    for hello in scenes().iter().flat_map(|scene| scene.of(CLIENT_HELLO)) {
        let Some(offered) = hello.find(PRE_SHARED_KEY) else { continue };
        let name = usize::from(u16::from_be_bytes([offered[2], offered[3]]));
        assert_eq!(offered[4 + name..8 + name], [0; 4]);
        offers += 1;
    }
    assert_eq!(offers, 7);
}

#[test]
fn randoms_and_shares_are_never_the_same() {
    let (mut randoms, mut shares) = (HashSet::new(), HashSet::new());
    for scene in scenes() {
        let mut hello = Vec::new();
        for sent in scene.sent.iter().filter(|sent| sent.bytes[0] <= SERVER_HELLO) {
            let draft = sent.draft();
            let random = draft.fields[2..34].to_vec();
            // The second ClientHello repeats the first.
            let repeats = hello == random || sent.is_retry();
            assert!(repeats || randoms.insert(random.clone()), "{}", scene.name);
            let second = sent.is(CLIENT_HELLO) && !hello.is_empty();
            if sent.is(CLIENT_HELLO) {
                hello = random;
                let fresh = |(_, share)| second && scene.name != "retry" || shares.insert(share);
                assert!(draft.shares().into_iter().all(fresh), "{}", scene.name);
            } else if let Some(share) = draft.find(KEY_SHARE).filter(|share| share.len() > 2) {
                assert!(shares.insert(share[4..].to_vec()), "{}", scene.name);
            }
        }
    }
    assert!(shares.len() > KINDS.len());
}

#[test]
fn tickets_have_different_ages_to_add() {
    let mut pair = Setup::default().pair();
    pair.run(|_| ());
    let (mut ages, mut count) = (HashSet::new(), 0);
    for _ in 0..20 {
        let order = NewTicket { lifetime_seconds: 604_800, max_early_data_bytes: None };
        pair.server.handshake.issue_ticket(order).expect("connected");
        pair.run(|flight| {
            assert_eq!((flight.bytes[0], &flight.bytes[4..8]), (4, &604_800_u32.to_be_bytes()[..]));
            ages.insert(flight.bytes[8..12].to_vec());
            count += 1;
        });
    }
    assert_eq!((ages.len(), count), (20, 20));
    assert!(ages.iter().any(|age| age[0] != 0), "large and small");
}

#[test]
fn group_that_is_listed_twice_is_no_configuration() {
    let mut setup = Setup::default();
    let twice = [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::X25519];
    setup.client.groups = twice.into_iter().collect();
    setup.server.groups = twice.into_iter().collect();
    assert!(Handshake::client(setup.client.into(), setup.destination).is_err());
    assert!(Handshake::server(setup.server.into()).is_err());
}
