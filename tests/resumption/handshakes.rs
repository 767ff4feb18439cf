//! What both ends agree on when one comes back (RFC 9846 §2.2).

use countersign::crypto::Secret;
use countersign::crypto::ring::{TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384};
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::decision::{CertificateFault, Decision, HelloRefusal};
use countersign::handshake::event::NegotiatedPsk;
use countersign::handshake::psk::{ExternalKey, PreSharedKey};
use countersign::handshake::{End, Fact, Output};
use countersign::key_schedule::PskKind;
use countersign::message::{EncryptedExtensions, ExtensionSet, HEADER_BYTES, ParseContext};
use countersign::registry::{ExtensionType, HandshakeType, NamedGroup, PskKeyExchangeMode};
use countersign_testing::{Flight, Identity};

use crate::kept::{Kept, psk_used, resume, run, take_psk, tickets};

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
fn either_end_rejects_the_certificate_of_the_session_that_it_has_resumed() {
    let kept = Kept::default();
    for (by, alert) in [(Role::Client, 45), (Role::Server, 45)] {
        let ticket = tickets(&kept, 1).remove(0);
        let mut pair = resume(vec![ticket.offer(5)], false).pair();
        run(&mut pair, &kept, false);
        assert!(pair.agrees(), "{pair:?}");
        let (rejecting, other) = match by {
            Role::Client => (&mut pair.client, &mut pair.server),
            Role::Server => (&mut pair.server, &mut pair.client),
        };
        rejecting.handshake.reject(CertificateFault::Expired).expect("it is connected");
        let sent = std::iter::from_fn(|| rejecting.handshake.poll()).find_map(|out| match out {
            Output::Alert { epoch, alert } => Some((epoch, alert.to_wire())),
            _ => None,
        });
        assert_eq!(sent, Some((Epoch::Application, [2, alert])), "{by:?}");
        assert!(other.observed.end.is_none());
    }
}

#[test]
fn nobody_can_reject_a_certificate_where_a_key_from_outside_took_its_place() {
    let psk = || PreSharedKey::raw_external(&[7; 32], &TLS_AES_128_GCM_SHA256).expect("a key");
    let mut pair = resume(vec![psk().offered_as(b"name".to_vec())], false).pair();
    pair.run_with(
        |_| (),
        |_, question| match question {
            Decision::SelectCredential(question) => {
                Ok(question.psk(0, psk(), None, false).expect("it is offered"))
            }
            other => Ok(Identity::example().answer(other)),
        },
    );
    assert!(pair.agrees(), "{pair:?}");
    for end in [&mut pair.client, &mut pair.server] {
        let refused = end.handshake.reject(CertificateFault::Revoked);
        assert_eq!(refused, Err(Misuse::NoCertificate));
    }
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
                let offered = [ExtensionType::SERVER_NAME, ExtensionType::RECORD_SIZE_LIMIT];
                let offered = ExtensionSet::of(offered);
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
fn what_an_imported_identity_has_no_room_for_is_out_of_range() {
    let import = |identity: &[u8], context_bytes: usize| {
        let key = ExternalKey {
            identity: identity.to_vec(),
            context: vec![0; context_bytes],
            secret: Secret::copied_from(&[7; 32]).expect("32 bytes"),
            suite: &TLS_AES_128_GCM_SHA256,
        };
        key.import(&TLS_AES_128_GCM_SHA256).map(drop)
    };
    assert_eq!(import(b"device 7", 65_535), Ok(()));
    assert_eq!(import(b"device 7", 65_536), Err(Misuse::OutOfRange));
    assert_eq!(import(b"", 3), Err(Misuse::OutOfRange));
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
fn imported_identity_names_the_key_its_context_and_the_hash_it_is_for() {
    let external = ExternalKey {
        identity: b"device 7".to_vec(),
        context: b"lab".to_vec(),
        secret: Secret::copied_from(&[7; 32]).expect("32 bytes"),
        suite: &TLS_AES_128_GCM_SHA256,
    };
    for (target, kdf) in [(&TLS_AES_128_GCM_SHA256, 1), (&TLS_AES_256_GCM_SHA384, 2)] {
        let imported = external.import(target).expect("a key");
        let expected = [&b"\0\x08device 7\0\x03lab\x03\x04"[..], &[0, kdf]].concat();
        assert_eq!(imported.identity(), expected, "{target:?}");
    }
}

#[test]
fn both_ends_know_which_psk_was_selected_even_after_a_retry_has_shortened_the_list() {
    let [aes_256, aes_128] = [&TLS_AES_256_GCM_SHA384, &TLS_AES_128_GCM_SHA256];
    let [longer, other, chosen] = [(aes_256, "a"), (aes_128, "b"), (aes_128, "c")].map(|key| {
        let psk = PreSharedKey::raw_external(key.1.as_bytes(), key.0).expect("a key");
        psk.offered_as(key.1.as_bytes().to_vec())
    });
    for retry in [false, true] {
        let kept = Kept::default();
        kept.borrow_mut().push((chosen.identity().to_vec(), chosen.key().clone()));
        let mut setup = resume(vec![longer.clone(), other.clone(), chosen.clone()], false);
        setup.server.cookie_bytes = if retry { 8 } else { 0 };
        let mut pair = setup.pair();
        run(&mut pair, &kept, false);
        assert!(pair.agrees(), "{pair:?}");
        for end in [&pair.client, &pair.server] {
            let expected = NegotiatedPsk { kind: PskKind::External, identity: b"c".to_vec() };
            assert!(end.knows(|fact| {
                matches!(fact, Fact::Negotiated(n) if n.psk.as_ref() == Some(&expected))
            }));
        }
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

/// Whoever shows no share can be asked for a cookie all the same (RFC 9846 §4.3.2).
#[test]
fn server_that_wants_a_cookie_back_wants_it_from_a_client_without_a_group_too() {
    let suite = &TLS_AES_128_GCM_SHA256;
    let raw = PreSharedKey::raw_external(&[9; 32], suite).expect("a key");
    let kept = Kept::default();
    kept.borrow_mut().push((b"old".to_vec(), raw.clone()));
    let alone = || core::iter::once(PskKeyExchangeMode::PSK_KE).collect();
    let mut setup = resume(vec![raw.offered_as(b"old".to_vec())], false);
    setup.client.psk_key_exchange_modes = alone();
    setup.server.psk_key_exchange_modes = alone();
    setup.client.groups = core::iter::once(NamedGroup::X25519).collect();
    setup.server.groups = core::iter::once(NamedGroup::SECP384R1).collect();
    setup.server.cookie_bytes = 16;
    let mut pair = setup.pair();
    run(&mut pair, &kept, false);
    assert!(pair.agrees(), "{pair:?}");
    assert!(pair.server.knows(|fact| matches!(fact, Fact::Retried)));
    assert!(pair.server.knows(|fact| matches!(fact, Fact::Negotiated(n) if n.group.is_none())));
}
