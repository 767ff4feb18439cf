//! One request and its answer.

use countersign::alert::{Alert, ErrorAlert};
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake;
use countersign::handshake::client_authentication::{ClientAuthenticationState, Reply};
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::decision::{CertificateFault, Decision};
use countersign::handshake::{Answer, Fact};
use countersign::message::{CertificateRequest, DistinguishedName, HEADER_BYTES};
use countersign::registry::HandshakeType;
use countersign_testing::{End, Flight, Identity, Pair, messages};

use crate::{answered, ask, by_default, choose, connect, declining, setup};

/// The types of the messages in a flight.
pub(crate) fn types(flight: &Flight) -> Vec<HandshakeType> {
    messages(&flight.bytes).into_iter().map(|message| HandshakeType(message[0])).collect()
}

/// What the client was told about its authentication.
fn authentication(client: &End) -> Vec<ClientAuthenticationState> {
    let facts = client.observed.facts.iter();
    facts
        .filter_map(|fact| match fact {
            Fact::ClientAuthentication(state) => Some(*state),
            _ => None,
        })
        .collect()
}

#[test]
fn client_authenticates_under_every_suite() {
    for suite in countersign_testing::provider().suites {
        let mut setup = setup();
        setup.client.cipher_suites = std::iter::once(suite.id).collect();
        let mut pair = connect(setup);
        let id = pair.server.handshake.request_certificate(true).expect("it is offered");
        let mut flights = Vec::new();
        pair.run(|flight| flights.push(flight.clone()));
        assert_eq!(answered(&pair.server), [(id, true)]);
        // The whole answer leaves at once.
        let [request, response] = &flights[..] else { panic!("{flights:?}") };
        assert_eq!(types(request), [HandshakeType::CERTIFICATE_REQUEST]);
        let expected = [
            HandshakeType::CERTIFICATE,
            HandshakeType::CERTIFICATE_VERIFY,
            HandshakeType::FINISHED,
        ];
        assert_eq!((types(response), response.epoch), (expected.to_vec(), Epoch::Application));
        assert!(pair.agrees());
        let pending = ClientAuthenticationState::Pending(Reply::Sent);
        assert_eq!(authentication(&pair.client), [pending]);
    }
}

#[test]
fn client_that_declines_sends_an_empty_certificate_and_finished() {
    let mut pair = connect(setup());
    let id = pair.server.handshake.request_certificate(false).expect("it is offered");
    let mut flights = Vec::new();
    pair.run_with(|flight| flights.push(flight.clone()), declining);
    assert_eq!(answered(&pair.server), [(id, false)]);
    assert_eq!(types(&flights[1]), [HandshakeType::CERTIFICATE, HandshakeType::FINISHED]);
    let pending = ClientAuthenticationState::Pending(Reply::Declined);
    assert_eq!(authentication(&pair.client), [pending]);
    assert!(pair.agrees());
}

#[test]
fn client_that_declines_where_it_must_not_hears_certificate_required() {
    let mut pair = connect(setup());
    pair.server.handshake.request_certificate(true).expect("it is offered");
    pair.run_with(|_| (), declining);
    let failure = pair.server.failure().expect("a certificate is required");
    assert_eq!((failure.cause, failure.state), (Cause::ClientCertificateMissing, "Connected"));
    let alert = (Epoch::Application, Alert::Error(ErrorAlert::CertificateRequired));
    assert_eq!(pair.server.observed.alerts, [alert]);
    assert!(answered(&pair.server).is_empty());
}

#[test]
fn request_says_what_the_configuration_says_and_the_verifier_which_request_it_was() {
    let mut setup = setup();
    let authority: &[u8] = b"a distinguished name";
    setup.server.certificate_authorities = [DistinguishedName(authority)].into_iter().collect();
    let mut pair = connect(setup);
    let id = pair.server.handshake.request_certificate(true).expect("it is offered");
    let (mut selected, mut judged) = (0, 0);
    pair.run_with(
        |_| (),
        |_, question| {
            match &question {
                Decision::SelectClientCredential(question) => {
                    assert!(!question.certificate_request_context().is_empty());
                    assert!(question.certificate_authorities().eq([authority]));
                    selected += 1;
                }
                Decision::VerifyCertificate(question) => {
                    assert_eq!((question.role(), question.request()), (Role::Server, Some(id)));
                    judged += 1;
                }
                _ => {}
            }
            by_default(question)
        },
    );
    assert_eq!((selected, judged), (1, 1));
}

#[test]
fn question_of_the_handshake_belongs_to_no_request() {
    let mut setup = setup();
    setup.server.client_authentication = ClientAuthentication::Require;
    let mut asked = 0;
    setup.pair().run_with(
        |_| (),
        |_, question| {
            match &question {
                Decision::SelectClientCredential(question) => {
                    assert!(question.certificate_request_context().is_empty());
                    asked += 1;
                }
                Decision::VerifyCertificate(question) => {
                    assert_eq!(question.request(), None);
                    asked += 1;
                }
                _ => {}
            }
            by_default(question)
        },
    );
    assert_eq!(asked, 3);
}

#[test]
fn client_that_authenticated_in_the_handshake_can_be_asked_again() {
    let mut setup = setup();
    setup.server.client_authentication = ClientAuthentication::Require;
    let mut pair = connect(setup);
    let id = pair.server.handshake.request_certificate(true).expect("it is offered");
    pair.run(|_| ());
    assert_eq!(answered(&pair.server), [(id, true)]);
}

#[test]
fn answer_may_arrive_byte_by_byte() {
    let mut pair = connect(setup());
    let (id, question) = ask(&mut pair, true);
    choose(&mut pair.client, question);
    let flights = pair.client.drain(&mut by_default);
    for byte in flights.iter().flat_map(|flight| &flight.bytes) {
        pair.server.handshake.receive(Epoch::Application, &[*byte]).expect("running");
        pair.server.drain(&mut by_default);
    }
    assert_eq!(answered(&pair.server), [(id, true)]);
}

/// The server has asked, and judges the client.
fn judging() -> Pair {
    let mut pair = connect(setup());
    pair.server.handshake.request_certificate(true).expect("it is offered");
    pair.run_with(
        |_| (),
        |role, question| match role {
            Role::Client => by_default(question),
            Role::Server => Err(question),
        },
    );
    assert_eq!(pair.server.handshake.state(), "VerifyPostHandshakeCertificate");
    pair
}

#[test]
fn nothing_of_the_clients_counts_before_the_verdict_and_the_server_goes_on_sending() {
    let mut pair = judging();
    assert!(pair.server.handshake.is_waiting());
    pair.client.handshake.update_keys(true).expect("connected");
    pair.run_with(|_| (), |_, question| Err(question));
    assert!(!pair.server.knows(|fact| matches!(fact, Fact::PeerUpdatedKeys)));
    pair.server.handshake.update_keys(false).expect("connected");
    pair.run_with(|_| (), |_, question| Err(question));
    assert!(pair.client.knows(|fact| matches!(fact, Fact::PeerUpdatedKeys)));
    assert_eq!(pair.server.handshake.may_send_application_data(), Ok(()));
    let question = pair.server.question.take().expect("a verdict to give");
    pair.server.handshake.answer(Identity::example().answer(question)).expect("it is open");
    pair.run(|_| ());
    assert_eq!(answered(&pair.server).len(), 1);
    assert!(pair.agrees());
}

#[test]
fn certificate_that_was_accepted_can_be_rejected_later() {
    let mut pair = connect(setup());
    let fault = CertificateFault::Revoked;
    assert_eq!(pair.server.handshake.reject(fault), Err(Misuse::NoCertificate));
    pair.server.handshake.request_certificate(true).expect("it is offered");
    pair.run(|_| ());
    assert_eq!(pair.server.handshake.reject(fault), Ok(()));
    pair.run(|_| ());
    let Some(handshake::End::Refused(refusal)) = &pair.client.observed.end else {
        panic!("{:?}", pair.client.observed.end)
    };
    assert_eq!(refusal.alert, ErrorAlert::CertificateRevoked.description());
}

#[test]
fn client_that_is_denied_hears_so() {
    let mut pair = judging();
    let Some(Decision::VerifyCertificate(question)) = pair.server.question.take() else {
        panic!("no verdict to give")
    };
    pair.server.handshake.answer(question.deny()).expect("it is open");
    pair.run(|_| ());
    let Some(handshake::End::Refused(refusal)) = pair.client.observed.end else {
        panic!("{pair:?}")
    };
    assert_eq!((refusal.alert.0, refusal.state), (49, "Connected"));
    assert!(answered(&pair.server).is_empty());
}

#[test]
fn answer_that_is_ready_after_close_is_not_sent() {
    for behind_the_choice in [false, true] {
        let mut pair = connect(setup());
        let (_, question) = ask(&mut pair, true);
        let mut answer: Answer =
            Identity::example().answer(Decision::SelectClientCredential(question));
        if behind_the_choice {
            pair.client.handshake.answer(answer).expect("it is open");
            pair.client.settle();
            let question = pair.client.question.take().expect("something to sign");
            answer = Identity::example().answer(question);
        }
        pair.client.handshake.close().expect("connected");
        pair.client.handshake.answer(answer).expect("it is open");
        let sent = pair.client.settle();
        assert!(sent.is_empty() && pair.client.question.is_none(), "{sent:?}");
        assert!(authentication(&pair.client).is_empty());
        assert_eq!(pair.client.observed.end, None);
    }
}

#[test]
fn answer_after_the_end_is_a_misuse() {
    let mut pair = connect(setup());
    let (_, question) = ask(&mut pair, true);
    pair.client.handshake.cancel().expect("running");
    assert_eq!(pair.client.handshake.answer(question.decline()), Err(Misuse::Ended));
}

#[test]
fn answer_to_another_connection_is_a_misuse() {
    let mut pair = connect(setup());
    let (_, question) = ask(&mut pair, true);
    let mut other = connect(setup());
    let (_, open) = ask(&mut other, true);
    assert_eq!(other.client.handshake.answer(question.decline()), Err(Misuse::NotAsked));
    choose(&mut other.client, open);
}

#[test]
fn contexts_are_all_different_and_not_to_be_guessed() {
    let mut pair = connect(setup());
    let mut contexts: Vec<Vec<u8>> = Vec::new();
    for _ in 0..20 {
        pair.server.handshake.request_certificate(false).expect("it is offered");
        pair.run(|flight| {
            if flight.from == Role::Server {
                let limits = countersign::limits::Limits::default();
                let body = &flight.bytes[HEADER_BYTES..];
                let request = CertificateRequest::parse(body, &limits).expect("our own");
                contexts.push(request.certificate_request_context.to_vec());
            }
        });
    }
    assert_eq!(contexts.len(), 20);
    // A number, and what nobody can know.
    let mut unpredictable: Vec<_> = contexts.iter().map(|context| &context[8..]).collect();
    assert!(unpredictable.iter().all(|bytes| bytes.len() == 16));
    unpredictable.sort_unstable();
    unpredictable.dedup();
    assert_eq!(unpredictable.len(), 20);
}
