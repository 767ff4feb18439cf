//! What clients offer and servers check (RFC 9846 §4.3.9, §4.3.11).

use countersign::alert::Alert;
use countersign::codec::{Encode, Vector, Writer};
use countersign::crypto::Suite;
use countersign::crypto::ring::{TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384};
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::config::{ClientAuthentication, KeyShares};
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::psk::{EarlyDataTerms, OfferedPsk, PreSharedKey};
use countersign::handshake::{Destination, Fact};
use countersign::limits::Limits;
use countersign::message::{
    self, ClientHello, HEADER_BYTES, Item, Layout, PskBinder, PskIdentity, TicketRequest,
};
use countersign::registry::{CipherSuite, ExtensionType, HandshakeType, NamedGroup};
use countersign_testing::{Flight, Identity, Pair, Setup, messages};

/// Keys that both ends know, for either hash.
pub(crate) fn key(suite: &'static Suite) -> PreSharedKey {
    let secret = vec![suite.id.0.to_be_bytes()[1]; suite.hash.output_bytes()];
    let terms = EarlyDataTerms { max_bytes: 100, application_layer_protocol: None };
    PreSharedKey::resumption(&secret, suite).expect("a key").with_early_data(terms)
}

pub(crate) fn sha256() -> OfferedPsk {
    key(&TLS_AES_128_GCM_SHA256).offered_as(b"of SHA-256".to_vec())
}

pub(crate) fn sha384() -> OfferedPsk {
    key(&TLS_AES_256_GCM_SHA384).offered_as(b"of SHA-384".to_vec())
}

/// A client that offers these PSKs.
pub(crate) fn offering(psks: Vec<OfferedPsk>, early_data: bool) -> Setup {
    let setup = Setup::default();
    Setup { destination: Destination { psks, early_data, ..setup.destination }, ..setup }
}

/// The server takes the PSK at this index, and no early data.
pub(crate) fn take(index: usize, psk: &OfferedPsk, decision: Decision) -> Answer {
    match decision {
        Decision::SelectCredential(question) => {
            question.psk(index, psk.key().clone(), None, false).expect("it is offered")
        }
        other => Identity::example().answer(other),
    }
}

/// Changes the ClientHello in a flight, if one is there.
fn client_hello(flight: &mut Flight, change: impl for<'a> Fn(&mut ClientHello<'a>)) {
    for message in messages(&flight.bytes.clone()) {
        if message[0] == HandshakeType::CLIENT_HELLO.0 {
            let hello = ClientHello::parse(&message[HEADER_BYTES..], &Limits::default());
            let mut hello = hello.expect("a ClientHello");
            change(&mut hello);
            flight.bytes.clear();
            message::encode(HandshakeType::CLIENT_HELLO, &mut flight.bytes, |w| {
                hello.encode(w, &Layout::client_hello(), 0);
            })
            .expect("a ClientHello");
        }
    }
}

/// A client that can be authenticated to by a PSK alone.
pub(crate) fn without_signature_algorithms(flight: &mut Flight) {
    client_hello(flight, |hello| {
        hello.extensions.signature_algorithms = None;
        hello.extensions.signature_algorithms_cert = None;
    });
}

/// Every ClientHello that the client sends.
fn hellos(setup: Setup, answer: impl Fn(Decision) -> Answer) -> (Pair, Vec<Vec<u8>>) {
    let (mut pair, mut hellos) = (setup.pair(), Vec::new());
    pair.run_with(
        |flight| {
            if flight.from == Role::Client && flight.epoch == Epoch::Initial {
                hellos.push(flight.bytes[HEADER_BYTES..].to_vec());
            }
        },
        |_, decision| Ok(answer(decision)),
    );
    (pair, hellos)
}

fn parse(hello: &[u8]) -> ClientHello<'_> {
    ClientHello::parse(hello, &Limits::default()).expect("our own")
}

fn identities(hello: &[u8]) -> Vec<&[u8]> {
    let offered = parse(hello).extensions.pre_shared_key;
    offered.into_iter().flat_map(|psks| psks.identities.iter()).map(|psk| psk.identity).collect()
}

/// How the server failed: cause, state and alert.
fn failure(pair: &Pair) -> Option<(Cause, &'static str, u8)> {
    let failure = pair.server.failure()?;
    Some((failure.cause, failure.state, Alert::Error(failure.alert).to_wire()[1]))
}

#[test]
fn server_rejects_a_binder_with_any_bit_wrong_with_decrypt_error() {
    for (psk, suite) in [(sha256(), &TLS_AES_128_GCM_SHA256), (sha384(), &TLS_AES_256_GCM_SHA384)] {
        for retry in [false, true] {
            let binder_bytes = suite.hash.output_bytes();
            for position in 0..binder_bytes {
                let mut setup = offering(vec![psk.clone()], false);
                setup.client.cipher_suites = [suite.id].into_iter().collect();
                if retry {
                    setup.client.key_shares = KeyShares::First(0);
                }
                let mut pair = setup.pair();
                let mut hellos = 0;
                pair.run_with(
                    |flight| {
                        let is_hello = flight.from == Role::Client;
                        hellos += usize::from(is_hello);
                        if is_hello && hellos == 1 + usize::from(retry) {
                            let end = flight.bytes.len();
                            flight.bytes[end - 1 - position] ^= 1 << (position % 8);
                        }
                    },
                    |_, decision| Ok(take(0, &psk, decision)),
                );
                let expected = (Cause::BinderMismatch, "SelectCredential", 51);
                assert_eq!(failure(&pair), Some(expected), "{position}");
            }
        }
    }
}

#[test]
fn server_checks_only_the_binder_of_the_psk_that_it_takes() {
    // The binders are at the end, the first 33 bytes before the last.
    for (index, from_the_end, fails) in [(0, 1, false), (0, 34, true), (1, 1, true), (1, 34, false)]
    {
        let psks = vec![sha256(), key(&TLS_AES_128_GCM_SHA256).offered_as(b"again".to_vec())];
        let mut pair = offering(psks.clone(), false).pair();
        pair.run_with(
            |flight| {
                if flight.from == Role::Client && flight.epoch == Epoch::Initial {
                    let end = flight.bytes.len();
                    flight.bytes[end - from_the_end] ^= 1;
                }
            },
            |_, decision| Ok(take(index, &psks[index], decision)),
        );
        let server = failure(&pair).map(|(cause, ..)| cause);
        let client = pair.client.failure().map(|failure| failure.cause);
        // A binder that nobody looks at is part of the transcripts, which differ now.
        let expected = match fails {
            true => (Some(Cause::BinderMismatch), None),
            false => (None, Some(Cause::FinishedMismatch)),
        };
        assert_eq!((server, client), expected, "{index} {from_the_end}");
    }
}

#[test]
fn server_rejects_binders_and_identities_of_different_number_with_illegal_parameter() {
    for (identities, binders) in [(2, 1), (1, 2), (2, 3), (3, 2)] {
        let mut psks = Vec::new();
        let mut writer = Writer::new(&mut psks);
        writer.vector16(|w| {
            for _ in 0..identities {
                PskIdentity { identity: b"psk", obfuscated_ticket_age: 0 }.encode(w);
            }
        });
        writer.vector16(|w| (0..binders).for_each(|_| PskBinder(&[7; 32]).encode(w)));
        let mut setup = Setup::default();
        let layout = &mut setup.client.client_hello_layout;
        layout.0.push(Item::Raw(ExtensionType::PRE_SHARED_KEY, psks));
        let mut pair = setup.pair();
        pair.run(|_| ());
        let expected = (Cause::BinderCountDiffers, "WaitClientHello", 47);
        assert_eq!(failure(&pair), Some(expected), "{identities} {binders}");
    }
}

#[test]
fn server_cannot_take_a_psk_of_another_hash_or_one_that_is_not_there() {
    let mut pair = offering(vec![sha256(), sha384()], false).pair();
    pair.run_with(
        |_| (),
        |_, decision| {
            let Decision::SelectCredential(mut question) = decision else {
                return Ok(Identity::example().answer(decision));
            };
            assert_eq!(question.cipher_suite(), TLS_AES_128_GCM_SHA256.id);
            for (index, psk) in [(1, sha384()), (0, sha384()), (2, sha256()), (70_000, sha256())] {
                let unfit = question.psk(index, psk.key().clone(), None, false);
                let unfit = unfit.expect_err("it does not fit");
                assert_eq!(unfit.misuse, Misuse::NotOffered);
                question = unfit.question;
            }
            Ok(question.psk(0, sha256().key().clone(), None, false).expect("it is offered"))
        },
    );
    assert!(pair.agrees(), "{pair:?}");
}

#[test]
fn server_asks_nobody_for_a_certificate_who_has_a_psk() {
    for authentication in [ClientAuthentication::Request, ClientAuthentication::Require] {
        let mut setup = offering(vec![sha256()], false);
        setup.server.client_authentication = authentication;
        let mut pair = setup.pair();
        let mut seen = Vec::new();
        pair.run_with(
            |flight| seen.extend(messages(&flight.bytes).iter().map(|m| HandshakeType(m[0]))),
            |_, decision| {
                if let Decision::SelectCredential(question) = &decision {
                    assert_eq!(question.client_authentication(), authentication);
                }
                Ok(take(0, &sha256(), decision))
            },
        );
        assert!(pair.agrees(), "{pair:?}");
        assert!(!seen.contains(&HandshakeType::CERTIFICATE_REQUEST));
        assert!(!seen.contains(&HandshakeType::CERTIFICATE));
    }
}

#[test]
fn client_offers_after_a_retry_only_what_fits_the_suite() {
    let rows: [(Vec<OfferedPsk>, &[&[u8]]); 3] = [
        (vec![sha256(), sha384()], &[b"of SHA-384"]),
        (vec![sha384(), sha256()], &[b"of SHA-384"]),
        (vec![sha256()], &[]),
    ];
    for (psks, left) in rows {
        let mut setup = offering(psks, true);
        setup.client.key_shares = KeyShares::First(0);
        setup.server.cipher_suites = [TLS_AES_256_GCM_SHA384.id].into_iter().collect();
        let (pair, hellos) = hellos(setup, |decision| match left.is_empty() {
            true => Identity::example().answer(decision),
            false => take(0, &sha384(), decision),
        });
        assert!(pair.agrees(), "{pair:?}");
        assert_eq!(hellos.len(), 2);
        assert_eq!(identities(&hellos[1]), left);
        assert!(!parse(&hellos[1]).extensions.early_data);
        assert!(pair.client.knows(|fact| matches!(fact, Fact::EarlyDataRejected)));
    }
}

#[test]
fn client_offers_no_psk_that_it_could_not_use() {
    let by_default = |decision| Identity::example().answer(decision);
    let mut setup = offering(vec![sha256(), sha384()], true);
    setup.client.cipher_suites = [CipherSuite::TLS_AES_256_GCM_SHA384].into_iter().collect();
    let (pair, sent) = hellos(setup, |decision| take(0, &sha384(), decision));
    assert!(pair.agrees(), "{pair:?}");
    assert_eq!(identities(&sent[0]), [b"of SHA-384"]);

    let mut setup = offering(vec![sha256()], true);
    setup.client.psk_key_exchange_modes = Vector::new();
    let (pair, sent) = hellos(setup, by_default);
    assert!(pair.agrees(), "{pair:?}");
    let extensions = parse(&sent[0]).extensions;
    assert_eq!((extensions.pre_shared_key, extensions.early_data), (None, false));
}

#[test]
fn client_asks_for_tickets_in_both_hellos() {
    let request = TicketRequest { new_session_count: 3, resumption_count: 1 };
    for asked in [None, Some(request)] {
        let mut setup = Setup::default();
        setup.client.ticket_request = asked;
        setup.server.groups = [NamedGroup::SECP384R1].into_iter().collect();
        let (pair, sent) = hellos(setup, |decision| {
            if let Decision::SelectCredential(question) = &decision {
                assert_eq!(question.ticket_request(), asked);
            }
            Identity::example().answer(decision)
        });
        assert!(pair.agrees(), "{pair:?}");
        assert_eq!(sent.len(), 2);
        assert!(sent.iter().all(|hello| parse(hello).extensions.ticket_request == asked));
    }
}
