//! What the end of a connection means to a client that has answered a request after the handshake.

use countersign::diagnosis::{Cause, CertificateFault, ClientPhase, Endpoint, Evidence};
use countersign::epoch::{Epoch, Role};
use countersign::handshake::client_authentication::{ClientAuthenticationState, Reply};
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::event::{NewTicket, Refusal, Truncation};
use countersign::handshake::{self, Fact};
use countersign_testing::{End, Pair, Setup};

use crate::{ask, by_default, choose, setup};

/// A client that was asked after the handshake and has replied so; the server's reaction is lost.
fn replied(setup: Setup, reply: Reply) -> Pair {
    let mut pair = crate::connect(setup);
    reply_again(&mut pair, reply);
    pair
}

fn reply_again(pair: &mut Pair, reply: Reply) {
    let (_, question) = ask(pair, false);
    match reply {
        Reply::Sent => choose(&mut pair.client, question),
        Reply::Declined => pair.client.handshake.answer(question.decline()).expect("it is open"),
    }
    pair.client.drain(&mut by_default);
}

fn last_state(client: &End) -> Option<ClientAuthenticationState> {
    let facts = client.observed.facts.iter().rev();
    facts
        .filter_map(|fact| match fact {
            Fact::ClientAuthentication(state) => Some(*state),
            _ => None,
        })
        .next()
}

fn refused(client: &mut End, alert: u8) -> Refusal {
    client.handshake.receive_alert(Epoch::Application, 2, alert).expect("running");
    client.settle();
    match client.observed.end {
        Some(handshake::End::Refused(refusal)) => refusal,
        ref other => panic!("{other:?}"),
    }
}

fn lost(client: &mut End) -> Truncation {
    client.handshake.transport_eof();
    client.settle();
    match client.observed.end {
        Some(handshake::End::Truncated(truncation)) => truncation,
        ref other => panic!("{other:?}"),
    }
}

#[test]
fn alerts_speak_of_the_answer() {
    let expired = Cause::ClientCertificateUnacceptable(CertificateFault::Expired);
    let rows = [
        (Reply::Declined, 116, Cause::ClientCertificateRequired),
        (Reply::Declined, 49, Cause::AnonymousClientDenied),
        (Reply::Declined, 40, Cause::HandshakeFailureAfterDecliningCertificate),
        (Reply::Sent, 45, expired),
        (Reply::Sent, 49, Cause::ClientCertificateDenied),
        (Reply::Sent, 40, Cause::ClientAuthenticationRefusedUnspecified),
        (Reply::Sent, 51, Cause::ClientProofRejected),
        (Reply::Sent, 117, Cause::ClientAuthenticationRefusalConcealed),
        (Reply::Sent, 80, Cause::PeerInternalError),
    ];
    for (reply, alert, cause) in rows {
        let mut client = replied(setup(), reply).client;
        assert_eq!(last_state(&client), Some(ClientAuthenticationState::Pending(reply)));
        client.handshake.application_data_sent(7);
        let refusal = refused(&mut client, alert);
        let diagnosis = refusal.diagnose();
        assert_eq!((diagnosis.cause, diagnosis.authenticated), (cause, true), "{alert}");
        assert_eq!((refusal.state, refusal.unconfirmed_bytes), ("Connected", 7));
        let Endpoint::Client(context) = refusal.context.endpoint else { panic!("{refusal:?}") };
        assert_eq!(context.phase, ClientPhase::PostHandshakeAuthentication);
        let rejected = ClientAuthenticationState::Rejected(reply, cause);
        assert_eq!(last_state(&client), Some(rejected));
    }
}

#[test]
fn alert_before_the_answer_does_not_speak_of_it() {
    let mut pair = crate::connect(setup());
    let _unanswered = ask(&mut pair, true);
    let diagnosis = refused(&mut pair.client, 116).diagnose();
    assert_eq!((diagnosis.cause, diagnosis.anomalous), (Cause::UnexpectedAlert, true));
    assert_eq!(last_state(&pair.client), None);
}

#[test]
fn connection_that_is_lost_behind_the_answer_may_be_a_refusal() {
    let mut client = replied(setup(), Reply::Sent).client;
    assert_eq!(lost(&mut client).diagnose().cause, Cause::LostDuringClientAuthentication);
    let unresolved = ClientAuthenticationState::Unresolved(Reply::Sent);
    assert_eq!(last_state(&client), Some(unresolved));
}

#[test]
fn data_counts_as_evidence_only_behind_the_answer() {
    for behind in [false, true] {
        let mut pair = crate::connect(setup());
        pair.client.handshake.application_data_received();
        reply_again(&mut pair, Reply::Sent);
        if behind {
            pair.client.handshake.application_data_received();
        }
        let expected =
            if behind { Cause::Truncated } else { Cause::LostDuringClientAuthentication };
        assert_eq!(lost(&mut pair.client).diagnose().cause, expected);
    }
}

#[test]
fn ticket_says_nothing_about_the_answer() {
    let mut pair = replied(setup(), Reply::Sent);
    let order = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
    pair.server.handshake.issue_ticket(order).expect("connected");
    pair.run(|_| ());
    assert!(pair.client.knows(|fact| matches!(fact, Fact::Ticket(_))));
    let pending = ClientAuthenticationState::Pending(Reply::Sent);
    assert_eq!(last_state(&pair.client), Some(pending));
}

/// The client asks for an update, and the server does as it is asked.
fn update(pair: &mut Pair, then: impl FnOnce(&mut Pair)) {
    pair.client.handshake.update_keys(true).expect("no update is awaited");
    then(pair);
    pair.run(|_| ());
    pair.server.handshake.answer_key_update();
    pair.run(|_| ());
}

#[test]
fn update_shows_that_the_server_has_processed_the_answer_only_if_asked_for_behind_it() {
    let mut pair = crate::connect(setup());
    let (_, question) = ask(&mut pair, false);
    update(&mut pair, |pair| {
        choose(&mut pair.client, question);
    });
    let pending = ClientAuthenticationState::Pending(Reply::Sent);
    assert_eq!(last_state(&pair.client), Some(pending));
    update(&mut pair, |_| ());
    let processed = ClientAuthenticationState::Processed(Reply::Sent, Evidence::Strong);
    assert_eq!(last_state(&pair.client), Some(processed));
    let diagnosis = refused(&mut pair.client, 40).diagnose();
    assert_eq!(diagnosis.cause, Cause::UnexpectedAlert);
}

#[test]
fn request_shows_that_the_server_has_processed_the_handshake_and_nothing_behind_it() {
    let mut setup = setup();
    setup.server.client_authentication = ClientAuthentication::Require;
    let mut pair = crate::connect(setup);
    let pending = ClientAuthenticationState::Pending(Reply::Sent);
    assert_eq!(last_state(&pair.client), Some(pending));
    let (_, question) = ask(&mut pair, false);
    let processed = ClientAuthenticationState::Processed(Reply::Sent, Evidence::Strong);
    assert_eq!(last_state(&pair.client), Some(processed));
    pair.client.handshake.answer(question.decline()).expect("it is open");
    pair.run(|_| ());
    let pending = ClientAuthenticationState::Pending(Reply::Declined);
    assert_eq!(last_state(&pair.client), Some(pending));
    let _unanswered = ask(&mut pair, false);
    assert_eq!(last_state(&pair.client), Some(pending));
}

#[test]
fn server_that_hears_an_alert_between_request_and_answer_is_connected() {
    let mut pair = crate::connect(setup());
    let _unanswered = ask(&mut pair, true);
    pair.server.handshake.receive_alert(Epoch::Application, 1, 0).expect("running");
    pair.server.settle();
    assert_eq!(pair.end(Role::Server).observed.end, None);
    assert!(pair.server.knows(|fact| matches!(fact, Fact::PeerClosed)));
}
