//! Answers that come to the wrong place or too late, or do not fit: nothing moves.

use std::sync::Arc;

use countersign::connection::Step;
use countersign::crypto::ring::TLS_AES_256_GCM_SHA384;
use countersign::epoch::Role;
use countersign::failure::{Cause, Misuse};
use countersign::handshake;
use countersign::handshake::decision::{CertificateChain, Decision, Unfit};
use countersign::handshake::event::NewTicket;
use countersign::handshake::psk::PreSharedKey;
use countersign::registry::SignatureScheme;
use countersign_testing::{End, Identity, Setup, Wire, states};

use crate::{QUESTIONS, seen};

#[test]
fn an_answer_to_another_connection_moves_nothing() {
    for (role, state) in QUESTIONS {
        let mut asked = End::reached(role, state);
        for to in [Role::Client, Role::Server] {
            for other in states(to) {
                let mut end = End::reached(to, other);
                let before = seen(&end.handshake);
                let stray = End::reached(role, state).question.take().expect("a question");
                let answer = Identity::example().answer(stray);
                assert_eq!(end.handshake.answer(answer), Err(Misuse::NotAsked), "{to:?} {other}");
                assert_eq!(seen(&end.handshake), before, "{to:?} moves in {other}");
                assert!(end.handshake.poll().is_none());
            }
        }
        // The connection that asked still waits for its own answer.
        let question = asked.question.take().expect("a question");
        asked.handshake.answer(Identity::example().answer(question)).expect("it is open");
    }
}

#[test]
fn an_answer_after_the_end_moves_nothing() {
    let ends: [fn(&mut End); 4] = [
        |end| end.handshake.cancel().expect("running"),
        |end| end.handshake.transport_eof(),
        |end| end.handshake.fail(Cause::RecordNotAuthentic),
        |end| {
            let epoch = end.handshake.receive_epoch();
            end.handshake.receive_alert(epoch, 2, 80).expect("running");
        },
    ];
    for (role, state) in QUESTIONS {
        for finish in ends {
            let mut end = End::reached(role, state);
            finish(&mut end);
            end.settle();
            assert!(end.observed.end.is_some());
            assert!(!end.handshake.is_waiting(), "a question outlives its connection");
            let before = seen(&end.handshake);
            let answer = Identity::example().answer(end.question.take().expect("a question"));
            assert_eq!(end.handshake.answer(answer), Err(Misuse::Ended), "{role:?} {state}");
            assert_eq!(seen(&end.handshake), before);
            assert!(end.handshake.poll().is_none());
        }
    }
}

#[test]
fn a_question_that_is_dropped_leaves_a_connection_that_can_be_cancelled() {
    for (role, state) in QUESTIONS {
        let mut end = End::reached(role, state);
        drop(end.question.take());
        assert!(end.handshake.is_waiting());
        end.handshake.cancel().expect("running");
        end.settle();
        assert_eq!(end.observed.end, Some(handshake::End::Closed));
    }
}

#[test]
fn a_scheme_for_certificates_signs_no_message() {
    let for_certificates = [
        SignatureScheme::RSA_PKCS1_SHA256,
        SignatureScheme::RSA_PKCS1_SHA384,
        SignatureScheme::RSA_PKCS1_SHA512,
        SignatureScheme(0x0201),
        SignatureScheme(0x0203),
    ];
    let chain = &Identity::example().chain;
    for scheme in for_certificates {
        let schemes = [scheme, SignatureScheme::ECDSA_SECP256R1_SHA256];
        let mut setup = Setup::longest();
        setup.client.signature_schemes = schemes.into_iter().collect();
        setup.server.signature_schemes = schemes.into_iter().collect();
        let mut pair = setup.pair();
        pair.run_with(
            |_| (),
            |_, question| match question {
                Decision::SelectCredential(question) => {
                    let unfit = question.certificate(chain.clone(), scheme, None);
                    let question = unfit.expect_err("no message is signed so").question;
                    Ok(Identity::example().answer(Decision::SelectCredential(question)))
                }
                Decision::SelectClientCredential(question) => {
                    let unfit = question.certificate(chain.clone(), scheme);
                    let question = unfit.expect_err("no message is signed so").question;
                    Ok(Identity::example().answer(Decision::SelectClientCredential(question)))
                }
                other => Ok(Identity::example().answer(other)),
            },
        );
        assert!(pair.agrees(), "{pair:?}");
    }
}

/// Lets the question that came back be answered after all.
fn answer_after_all(mut end: End, question: Decision) {
    let state = end.handshake.state();
    end.handshake.answer(Identity::example().answer(question)).expect("still open");
    assert_ne!(end.handshake.state(), state);
}

#[test]
fn a_credential_that_was_not_offered_comes_back_to_the_server() {
    let chain = &Identity::example().chain;
    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    let nothing = Arc::new(CertificateChain::default());
    let rows = [
        (chain, SignatureScheme::ED448, None),
        (chain, SignatureScheme(0), None),
        (chain, scheme, Some(&b"h2"[..])),
        (chain, scheme, Some(b"")),
        (&nothing, scheme, None),
    ];
    for (chain, scheme, protocol) in rows {
        let mut end = End::reached(Role::Server, "SelectCredential");
        let before = seen(&end.handshake);
        let Some(Decision::SelectCredential(question)) = end.question.take() else {
            panic!("{end:?}")
        };
        let Err(unfit) = question.certificate(chain.clone(), scheme, protocol) else {
            panic!("{scheme:?} {protocol:?} fits")
        };
        let Unfit { question, misuse } = *unfit;
        assert_eq!(misuse, Misuse::NotOffered);
        assert_eq!(seen(&end.handshake), before);
        answer_after_all(end, Decision::SelectCredential(question));
    }
}

#[test]
fn a_key_that_was_not_offered_so_comes_back_to_the_server() {
    let sha384 = PreSharedKey::raw_external(&[0x6b; 32], &TLS_AES_256_GCM_SHA384).expect("a key");
    let rows = [
        (1, Identity::key(), None),
        (usize::MAX, Identity::key(), None),
        (0, sha384, None),
        (0, Identity::key(), Some(&b"h2"[..])),
    ];
    for (index, key, protocol) in rows {
        let mut end = Setup::sharing_a_key(false).pair().stop(Role::Server, "SelectCredential");
        let Some(Decision::SelectCredential(question)) = end.question.take() else {
            panic!("{end:?}")
        };
        let Err(unfit) = question.psk(index, key, protocol, false) else {
            panic!("{index} {protocol:?} fits")
        };
        let Unfit { question, misuse } = *unfit;
        assert_eq!(misuse, Misuse::NotOffered);
        answer_after_all(end, Decision::SelectCredential(question));
    }
}

#[test]
fn a_credential_that_was_not_asked_for_comes_back_to_the_client() {
    let chain = &Identity::example().chain;
    let nothing = Arc::new(CertificateChain::default());
    let rows =
        [(chain, SignatureScheme::ED448), (&nothing, SignatureScheme::ECDSA_SECP256R1_SHA256)];
    for (chain, scheme) in rows {
        let mut end = End::reached(Role::Client, "SelectCredential");
        let Some(Decision::SelectClientCredential(question)) = end.question.take() else {
            panic!("{end:?}")
        };
        let Err(unfit) = question.certificate(chain.clone(), scheme) else {
            panic!("{scheme:?} fits")
        };
        let Unfit { question, misuse } = *unfit;
        assert_eq!(misuse, Misuse::NotOffered);
        answer_after_all(end, Decision::SelectClientCredential(question));
    }
}

#[test]
fn a_ticket_that_no_message_can_hold_comes_back() {
    for length in [0, 65_536] {
        let mut end = End::reached(Role::Server, "SealTicket");
        let Some(Decision::SealTicket(question)) = end.question.take() else { panic!("{end:?}") };
        let Err(unfit) = question.sealed(vec![0; length]) else { panic!("{length} bytes fit") };
        let Unfit { question, misuse } = *unfit;
        assert_eq!(misuse, Misuse::OutOfRange);
        answer_after_all(end, Decision::SealTicket(question));
    }
}

#[test]
fn a_cookie_that_no_retry_can_hold_comes_back() {
    for length in [0, 65_001] {
        let mut end = End::reached(Role::Server, "SealCookie");
        let Some(Decision::SealCookie(question)) = end.question.take() else { panic!("{end:?}") };
        let Err(unfit) = question.sealed(vec![0; length]) else { panic!("{length} bytes fit") };
        let Unfit { question, misuse } = *unfit;
        assert_eq!(misuse, Misuse::OutOfRange);
        answer_after_all(end, Decision::SealCookie(question));
    }
}

#[test]
fn a_cookie_may_have_any_length_that_fits() {
    for length in [1, 65_000] {
        let mut end = End::reached(Role::Server, "SealCookie");
        let Some(Decision::SealCookie(question)) = end.question.take() else { panic!("{end:?}") };
        let answer = question.sealed(vec![7; length]).expect("it fits");
        end.handshake.answer(answer).expect("it is open");
        let flights = end.settle();
        assert!(flights[0].bytes.windows(length).any(|bytes| bytes == vec![7; length]));
    }
}

#[test]
fn a_ticket_may_have_any_length_that_fits() {
    for length in [1, 65_535] {
        let mut end = End::reached(Role::Server, "SealTicket");
        let Some(Decision::SealTicket(question)) = end.question.take() else { panic!("{end:?}") };
        let answer = question.sealed(vec![7; length]).expect("it fits");
        end.handshake.answer(answer).expect("it is open");
        let flights = end.settle();
        assert_eq!(flights.len(), 1);
        assert!(flights[0].bytes.windows(length).any(|bytes| bytes == vec![7; length]));
    }
}

#[test]
fn a_question_that_nobody_has_taken_is_withdrawn_at_the_end() {
    let order = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
    let mut end = End::reached(Role::Server, "Connected");
    end.handshake.issue_ticket(order).expect("connected");
    end.handshake.cancel().expect("running");
    end.settle();
    assert!(end.question.is_none(), "a question to which no answer is taken");
    assert_eq!(end.observed.end, Some(handshake::End::Closed));
}

#[test]
fn a_connection_withdraws_it_too() {
    let mut wire = Wire::new(Setup::default());
    let mut answer = |question| Ok(Identity::example().answer(question));
    wire.client.work(&mut answer);
    wire.server.input.append(&mut wire.client.output);
    wire.server.work(&mut answer);
    // The server's flight tells facts before the question that it raises.
    let (client, mut output) = (&mut wire.client.connection, Vec::new());
    let mut input = &mut wire.server.output[..];
    while !client.handshake().is_waiting() {
        let polled = client.poll(input, &mut output);
        assert!(matches!(polled.step, Step::Learned(_)), "{:?}", polled.step);
        let consumed = polled.consumed;
        input = &mut input[consumed..];
    }
    client.cancel().expect("running");
    loop {
        match client.poll(&mut [], &mut output).step {
            Step::Learned(_) | Step::Send => {}
            Step::Ended(handshake::End::Closed) => return,
            step => panic!("a question to which no answer is taken: {step:?}"),
        }
    }
}
