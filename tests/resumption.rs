//! Tickets, pre-shared keys and early data: what both ends agree on (RFC 9846 §2.2, §2.3).

use std::cell::RefCell;
use std::rc::Rc;

use countersign::crypto::Secret;
use countersign::crypto::ring::{self, TLS_AES_128_GCM_SHA256};
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::config::Destination;
use countersign::handshake::decision::{Answer, Decision, HelloRefusal};
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::handshake::psk::{EarlyDataTerms, ExternalKey, OfferedPsk, PreSharedKey};
use countersign::handshake::{End, Fact};
use countersign::key_schedule::PskKind;
use countersign::message::{EncryptedExtensions, ExtensionSet, HEADER_BYTES, ParseContext};
use countersign::registry::{ExtensionType, HandshakeType, NamedGroup, PskKeyExchangeMode};
use countersign_testing::{Flight, Identity, Pair, Setup, Wire};

const EARLY_BYTES: u32 = 100;

/// A server's memory of the tickets it has issued.
type Kept = Rc<RefCell<Vec<(Vec<u8>, PreSharedKey)>>>;

fn keep(kept: &Kept, decision: Decision) -> Answer {
    match decision {
        Decision::SealTicket(question) => {
            let name = format!("ticket {}", kept.borrow().len()).into_bytes();
            let key = PreSharedKey::resumption(question.psk().as_bytes(), question.suite())
                .expect("a key")
                .with_early_data(EarlyDataTerms {
                    max_bytes: EARLY_BYTES,
                    application_layer_protocol: None,
                });
            kept.borrow_mut().push((name.clone(), key));
            question.sealed(name).expect("a ticket")
        }
        other => Identity::example().answer(other),
    }
}

/// A full handshake whose server issues `count` tickets.
fn tickets(kept: &Kept, count: usize) -> Vec<Ticket> {
    let mut pair = Setup::default().pair();
    pair.run(|_| ());
    for _ in 0..count {
        let order = NewTicket { lifetime_seconds: 3600, max_early_data_bytes: Some(EARLY_BYTES) };
        pair.server.handshake.issue_ticket(order).expect("connected");
        pair.run_with(|_| (), |_, decision| Ok(keep(kept, decision)));
    }
    let facts = pair.client.observed.facts.into_iter();
    facts
        .filter_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        })
        .collect()
}

fn resume(psks: Vec<OfferedPsk>, early_data: bool) -> Setup {
    let name = "example.com".try_into().expect("a DNS name");
    let destination = Destination { psks, early_data, ..Destination::named(name) };
    Setup { destination, ..Setup::default() }
}

/// Takes the first PSK that was kept, with early data if `early_data`; else a full handshake.
fn take_psk(kept: &Kept, decision: Decision, early_data: bool) -> Answer {
    let Decision::SelectCredential(question) = decision else { return keep(kept, decision) };
    let known = question.psk_identities().enumerate().find_map(|(index, offered)| {
        let kept = kept.borrow();
        let found = kept.iter().find(|(name, _)| name == offered.identity)?;
        Some((index, found.1.clone()))
    });
    match known {
        Some((index, key)) => question.psk(index, key, None, early_data).expect("it is offered"),
        None if question.accepts_certificate() => {
            Identity::example().answer(Decision::SelectCredential(question))
        }
        None => question.refuse(HelloRefusal::NoAcceptablePsk),
    }
}

fn run(pair: &mut Pair, kept: &Kept, early_data: bool) {
    pair.run_with(|_| (), |_, decision| Ok(take_psk(kept, decision, early_data)));
}

fn psk_used(pair: &Pair) -> Option<PskKind> {
    pair.client.observed.facts.iter().find_map(|fact| match fact {
        Fact::Negotiated(negotiated) => negotiated.psk,
        _ => None,
    })
}

#[test]
fn ticket_resumes_without_a_certificate() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let mut pair = resume(vec![ticket.offer(5)], false).pair();
    run(&mut pair, &kept, false);
    assert!(pair.agrees(), "{pair:?}");
    assert_eq!(psk_used(&pair), Some(PskKind::Resumption));
    let moves = &pair.client.observed.moves;
    assert!(moves.contains(&("WaitEncryptedExtensions", "EncryptedExtensions", "WaitFinished")));
}

#[test]
fn server_acknowledges_the_name_of_a_client_unless_it_resumes() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    for (psks, acknowledged) in [(vec![], true), (vec![ticket.offer(5)], false)] {
        let mut acknowledgements = Vec::new();
        let look = |flight: &mut Flight| {
            if flight.bytes[0] == HandshakeType::ENCRYPTED_EXTENSIONS.0 {
                let length = usize::from(u16::from_be_bytes([flight.bytes[2], flight.bytes[3]]));
                let body = &flight.bytes[HEADER_BYTES..HEADER_BYTES + length];
                let offered = ExtensionSet::of([ExtensionType::SERVER_NAME]);
                let context = ParseContext { offered, ..ParseContext::default() };
                let extensions = EncryptedExtensions::parse(body, &context).expect("well-formed");
                acknowledgements.push(extensions.server_name);
            }
        };
        let mut pair = resume(psks, false).pair();
        pair.run_with(look, |_, decision| Ok(take_psk(&kept, decision, false)));
        assert!(pair.agrees(), "{pair:?}");
        assert_eq!(acknowledgements, [acknowledged]);
    }
}

#[test]
fn each_ticket_of_a_connection_has_a_key_of_its_own() {
    let kept = Kept::default();
    let tickets = tickets(&kept, 3);
    let keys: Vec<_> = tickets.iter().map(|ticket| ticket.psk.as_bytes().to_vec()).collect();
    assert_eq!(keys.len(), 3);
    assert!(keys[0] != keys[1] && keys[1] != keys[2] && keys[0] != keys[2]);
}

#[test]
fn unknown_ticket_falls_back_to_a_full_handshake() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    kept.borrow_mut().clear();
    let mut pair = resume(vec![ticket.offer(5)], false).pair();
    run(&mut pair, &kept, false);
    assert!(pair.agrees(), "{pair:?}");
    assert_eq!(psk_used(&pair), None);
}

#[test]
fn resumption_survives_a_retry() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let mut setup = resume(vec![ticket.offer(5)], true);
    setup.server.groups = core::iter::once(NamedGroup::SECP384R1).collect();
    let mut pair = setup.pair();
    run(&mut pair, &kept, true);
    assert!(pair.agrees(), "{pair:?}");
    assert_eq!(psk_used(&pair), Some(PskKind::Resumption));
    assert!(pair.client.knows(|fact| matches!(fact, Fact::EarlyDataRejected)));
    assert!(pair.server.knows(|fact| matches!(fact, Fact::EarlyDataRejected)));
}

#[test]
fn server_rejects_a_wrong_binder_with_decrypt_error() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let mut pair = resume(vec![ticket.offer(5)], false).pair();
    pair.run_with(
        |flight| {
            if flight.from == Role::Client && flight.epoch == Epoch::Initial {
                let last = flight.bytes.len() - 1;
                flight.bytes[last] ^= 1;
            }
        },
        |_, decision| Ok(take_psk(&kept, decision, false)),
    );
    let Some(End::Failed(failure)) = pair.server.observed.end else { panic!("{pair:?}") };
    assert_eq!((failure.cause, failure.state), (Cause::BinderMismatch, "SelectCredential"));
}

#[test]
fn external_psk_connects_imported_and_raw() {
    let suite = &TLS_AES_128_GCM_SHA256;
    let external = || ExternalKey {
        identity: b"device 7".to_vec(),
        context: b"lab".to_vec(),
        secret: Secret::copied_from(&[7; 32]).expect("32 bytes"),
        suite,
    };
    let imported = external().import(suite).expect("a key");
    let raw = PreSharedKey::raw_external(&[9; 32], suite).expect("a key");
    for (psk, kind) in
        [(imported, PskKind::Imported), (raw.offered_as(b"old".to_vec()), PskKind::External)]
    {
        let kept = Kept::default();
        let server_side = psk.clone();
        kept.borrow_mut().push((server_side.identity().to_vec(), server_side.key().clone()));
        let mut pair = resume(vec![psk], false).pair();
        run(&mut pair, &kept, false);
        assert!(pair.agrees(), "{pair:?}");
        assert_eq!(psk_used(&pair), Some(kind));
    }
}

#[test]
fn psk_alone_needs_the_consent_of_both() {
    let suite = &TLS_AES_128_GCM_SHA256;
    let raw = PreSharedKey::raw_external(&[9; 32], suite).expect("a key");
    let kept = Kept::default();
    kept.borrow_mut().push((b"old".to_vec(), raw.clone()));
    let alone = || core::iter::once(PskKeyExchangeMode::PSK_KE).collect();
    let mut setup = resume(vec![raw.clone().offered_as(b"old".to_vec())], false);
    setup.client.psk_key_exchange_modes = alone();
    setup.server.psk_key_exchange_modes = alone();
    let mut pair = setup.pair();
    run(&mut pair, &kept, false);
    assert!(pair.agrees(), "{pair:?}");
    assert!(
        pair.client.knows(
            |fact| matches!(fact, Fact::Negotiated(n) if n.group.is_none() && n.psk.is_some())
        )
    );

    let mut setup = resume(vec![raw.offered_as(b"old".to_vec())], false);
    setup.client.psk_key_exchange_modes = alone();
    let mut pair = setup.pair();
    run(&mut pair, &kept, false);
    assert!(pair.agrees(), "{pair:?}");
    assert_eq!(psk_used(&pair), None);
}

/// Neither a PSK nor a key exchange would go into its secrets.
#[test]
fn certificate_does_not_fit_where_no_group_is_in_common() {
    let raw = PreSharedKey::raw_external(&[9; 32], &TLS_AES_128_GCM_SHA256).expect("a key");
    let alone = || core::iter::once(PskKeyExchangeMode::PSK_KE).collect();
    let mut setup = resume(vec![raw.offered_as(b"unknown".to_vec())], false);
    setup.client.psk_key_exchange_modes = alone();
    setup.server.psk_key_exchange_modes = alone();
    setup.client.groups = core::iter::once(NamedGroup::X25519).collect();
    setup.server.groups = core::iter::once(NamedGroup::SECP384R1).collect();
    let mut pair = setup.pair();
    pair.run_with(
        |_| (),
        |_, decision| {
            let Decision::SelectCredential(question) = decision else { panic!("{decision:?}") };
            assert_eq!((question.group(), question.accepts_certificate()), (None, false));
            let scheme = question.signature_schemes().next().expect("it is offered");
            let chain = Identity::example().chain.clone();
            let unfit = question.certificate(chain, scheme, None).expect_err("no group");
            assert_eq!(unfit.misuse, Misuse::NotOffered);
            Ok(unfit.question.refuse(HelloRefusal::NoAcceptablePsk))
        },
    );
    let Some(End::Failed(failure)) = pair.server.observed.end else { panic!("{pair:?}") };
    assert_eq!(failure.cause, Cause::NoAcceptablePsk);
}

/// A client that sends `early` behind its ClientHello, and the server's answer.
fn early_wire(kept: &Kept, setup: Setup, early: &[u8], accept: bool) -> (Wire, usize) {
    let mut wire = Wire::new(setup);
    let taken = wire
        .client
        .connection
        .write_early_data(early, &mut wire.client.output)
        .expect("early data is possible");
    wire.run_with(|_, _| (), |_, decision| Ok(take_psk(kept, decision, accept)));
    wire.client.connection.write(b"later", &mut wire.client.output).expect("connected");
    wire.run_with(|_, _| (), |_, decision| Ok(take_psk(kept, decision, accept)));
    (wire, taken)
}

#[test]
fn accepted_early_data_arrives_before_the_handshake_is_complete() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let (wire, taken) = early_wire(&kept, resume(vec![ticket.offer(5)], true), b"early", true);
    assert_eq!(taken, 5);
    assert_eq!(
        (&wire.server.early_data[..], &wire.server.data[..]),
        (&b"early"[..], &b"later"[..])
    );
    for socket in [&wire.client, &wire.server] {
        assert!(socket.facts.iter().any(|fact| matches!(fact, Fact::EarlyDataAccepted)));
        assert!(socket.end.is_none(), "{socket:?}");
    }
}

#[test]
fn rejected_early_data_is_skipped_and_the_handshake_goes_on() {
    for retry in [false, true] {
        let kept = Kept::default();
        let ticket = tickets(&kept, 1).remove(0);
        let mut setup = resume(vec![ticket.offer(5)], true);
        if retry {
            setup.server.groups = core::iter::once(NamedGroup::SECP384R1).collect();
        }
        let (wire, _) = early_wire(&kept, setup, b"early", false);
        assert!(wire.server.early_data.is_empty());
        assert_eq!(wire.server.data, b"later", "{wire:?}");
        for socket in [&wire.client, &wire.server] {
            assert!(socket.facts.iter().any(|fact| matches!(fact, Fact::EarlyDataRejected)));
        }
    }
}

#[test]
fn client_writes_no_more_early_data_than_the_ticket_permits() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let setup = resume(vec![ticket.offer(5)], true);
    let (wire, taken) = early_wire(&kept, setup, &[1; 150], true);
    assert_eq!((taken, wire.server.early_data.len()), (100, 100));
    assert!(wire.server.end.is_none());
}

#[test]
fn early_exporters_are_equal_and_end_with_early_data() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let mut pair = resume(vec![ticket.offer(5)], true).pair();
    let mut client_key = [0; 32];
    pair.client.handshake.early_exporter("label", b"", &mut client_key).expect("early data");
    let mut flights = pair.client.drain(&mut |decision| Err(decision));
    let flight = flights.remove(0);
    pair.server.handshake.receive(flight.epoch, &flight.bytes).expect("a ClientHello");
    let _sent = pair.server.drain(&mut |decision| Ok(take_psk(&kept, decision, true)));
    let mut server_key = [0; 32];
    pair.server.handshake.early_exporter("label", b"", &mut server_key).expect("early data");
    assert_eq!(client_key, server_key);
}

#[test]
fn provider_has_the_suite_of_these_tests() {
    let provider = ring::provider();
    assert!(provider.suite(TLS_AES_128_GCM_SHA256.id).is_some());
}
