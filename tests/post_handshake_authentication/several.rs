//! Several requests at one time.

use countersign::epoch::Epoch;
use countersign::failure::{Cause, Misuse};
use countersign::handshake::decision::Decision;
use countersign::message::{CertificateRequest, HEADER_BYTES, Layout, encode};
use countersign::registry::{HandshakeType, SignatureScheme};
use countersign_testing::{End, Identity};

use crate::{answered, ask, by_default, choose, connect, setup};

#[test]
fn client_may_answer_in_any_order() {
    for order in [[0, 1, 2], [2, 1, 0], [1, 2, 0]] {
        let mut pair = connect(setup());
        let mut asked: Vec<_> = (0..3).map(|_| Some(ask(&mut pair, false))).collect();
        let mut expected = Vec::new();
        for at in order {
            let (id, question) = asked[at].take().expect("each once");
            // One of the three stays without a certificate.
            match at {
                1 => pair.client.handshake.answer(question.decline()).expect("it is open"),
                _ => choose(&mut pair.client, question),
            }
            expected.push((id, at != 1));
            pair.run(|_| ());
        }
        assert_eq!(answered(&pair.server), expected);
        assert!(pair.agrees());
    }
}

#[test]
fn answers_do_not_mix_however_late_they_are_signed() {
    let mut pair = connect(setup());
    let (first, first_question) = ask(&mut pair, true);
    let (second, second_question) = ask(&mut pair, true);
    choose(&mut pair.client, first_question);
    assert!(pair.client.settle().is_empty(), "a part of an answer");
    let first_to_sign = pair.client.question.take().expect("something to sign");
    choose(&mut pair.client, second_question);
    assert!(pair.client.settle().is_empty(), "a part of an answer");
    let second_to_sign = pair.client.question.take().expect("something to sign");
    for question in [second_to_sign, first_to_sign] {
        pair.client.handshake.answer(Identity::example().answer(question)).expect("it is open");
    }
    pair.run(|_| ());
    assert_eq!(answered(&pair.server), [(second, true), (first, true)]);
}

#[test]
fn server_asks_no_more_often_than_its_limit_at_one_time() {
    let mut setup = setup();
    setup.server.limits.certificate_requests = 2;
    let mut pair = connect(setup);
    let (_, question) = ask(&mut pair, false);
    let _unanswered = ask(&mut pair, false);
    let order = |server: &mut End| server.handshake.request_certificate(false);
    assert_eq!(order(&mut pair.server), Err(Misuse::TooManyRequests));
    pair.client.handshake.answer(question.decline()).expect("it is open");
    pair.run(|_| ());
    order(&mut pair.server).expect("one of them is answered");
    assert_eq!(order(&mut pair.server), Err(Misuse::TooManyRequests));
}

/// A CertificateRequest with this context.
fn request(context: &[u8]) -> Vec<u8> {
    let schemes = std::iter::once(SignatureScheme::ECDSA_SECP256R1_SHA256);
    let schemes: countersign::codec::Vector<_> = schemes.collect();
    let request = CertificateRequest {
        certificate_request_context: context,
        signature_algorithms: Some(schemes.list()),
        ..CertificateRequest::default()
    };
    let mut message = Vec::new();
    encode(HandshakeType::CERTIFICATE_REQUEST, &mut message, |w| {
        let start = w.position() - HEADER_BYTES;
        request.encode(w, &Layout::certificate_request(), start);
    })
    .expect("a short message");
    message
}

/// A connected client that takes `limit` requests at one time.
fn client(limit: usize) -> End {
    let mut setup = setup();
    setup.client.limits.certificate_requests = limit;
    connect(setup).client
}

fn hear(client: &mut End, context: &[u8]) -> Option<Cause> {
    client.handshake.receive(Epoch::Application, &request(context)).expect("running");
    client.settle();
    client.failure().map(|failure| failure.cause)
}

#[test]
fn client_takes_as_many_unanswered_requests_as_its_limit() {
    for limit in [0, 1, 8, 100_u8] {
        let mut client = client(limit.into());
        for number in 0..limit {
            assert_eq!(hear(&mut client, &[number]), None, "{number} of {limit}");
        }
        assert_eq!(hear(&mut client, &[limit]), Some(Cause::TooManyCertificateRequests));
    }
}

#[test]
fn answered_requests_make_room_and_their_contexts_stay_known() {
    let mut client = client(2);
    for number in 0..10 {
        assert_eq!(hear(&mut client, &[number]), None);
        let question = client.question.take().expect("a question");
        client.handshake.answer(Identity::example().answer(question)).expect("it is open");
        client.drain(&mut by_default);
    }
    assert_eq!(hear(&mut client, &[8]), Some(Cause::RequestContextRepeated));
}

#[test]
fn a_request_that_waits_for_a_signature_is_known_by_its_context() {
    for (context, cause) in [(b"one", Some(Cause::RequestContextRepeated)), (b"two", None)] {
        let mut client = client(8);
        assert_eq!(hear(&mut client, b"one"), None);
        let question = client.question.take().expect("a question");
        client.handshake.answer(Identity::example().answer(question)).expect("it is open");
        client.settle();
        assert!(matches!(client.question.take(), Some(Decision::Sign(_))));
        assert_eq!(hear(&mut client, context), cause);
    }
}

#[test]
fn memory_for_contexts_is_bounded() {
    let mut client = client(2);
    let mut size_after = [0; 2];
    for round in 0..2 {
        for number in 0..50 {
            assert_eq!(hear(&mut client, &[number, round]), None);
            let question = client.question.take().expect("a question");
            client.handshake.answer(Identity::example().answer(question)).expect("it is open");
            client.drain(&mut by_default);
        }
        size_after[usize::from(round)] = format!("{:?}", client.handshake).len();
    }
    assert!(size_after[1] < size_after[0] + 100, "{size_after:?}");
    // What is forgotten may come again.
    assert_eq!(hear(&mut client, &[0, 0]), None);
}
