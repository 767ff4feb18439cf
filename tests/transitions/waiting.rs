//! States that wait for an answer: messages wait too, within bounds; alerts do not.

use countersign::alert::AlertDescription;
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::handshake;
use countersign::message::Kind;
use countersign_testing::{End, Identity, Setup, states};

use crate::{BOTH, sample, takes_messages};

/// Every state that waits for an answer.
fn each_asking_state(mut check: impl FnMut(Role, &'static str)) {
    for role in BOTH {
        for state in states(role) {
            if !takes_messages(role, state) {
                check(role, state);
            }
        }
    }
}

/// Where the peer's flight has ended, so that nothing may come before an answer changes the keys.
const AT_THE_END_OF_A_FLIGHT: [(Role, &str); 3] = [
    (Role::Server, "SealCookie"),
    (Role::Server, "OpenCookie"),
    (Role::Server, "SelectCredential"),
];

#[test]
fn each_asking_state_has_its_question_open() {
    each_asking_state(|role, state| {
        let end = End::reached(role, state);
        assert_eq!(end.handshake.state(), state);
        assert!(end.handshake.is_waiting() && end.question.is_some(), "{role:?} in {state}");
    });
}

#[test]
fn messages_behind_a_question_wait_and_are_judged_after_the_answer() {
    each_asking_state(|role, state| {
        if AT_THE_END_OF_A_FLIGHT.contains(&(role, state)) {
            return;
        }
        // A ClientHello is welcome in no state that follows a question.
        let mut end = End::reached(role, state);
        let epoch = end.handshake.receive_epoch();
        end.handshake.receive(epoch, sample(Kind::ClientHello)).expect("running");
        assert!(end.settle().is_empty() && end.observed.end.is_none(), "{role:?} in {state}");
        let mut answer = |question| Ok(Identity::example().answer(question));
        let question = end.question.take().expect("a question");
        end.handshake.answer(Identity::example().answer(question)).expect("it is open");
        end.drain(&mut answer);
        let failure = end.failure().unwrap_or_else(|| panic!("{role:?} beyond {state} goes on"));
        assert_eq!(failure.cause, Cause::MessageOutOfOrder, "{role:?} beyond {state}");
        assert!(takes_messages(role, failure.state), "{role:?} judges in {}", failure.state);
    });
}

#[test]
fn nothing_may_follow_the_hello_before_the_server_has_answered_it() {
    let attempts = AT_THE_END_OF_A_FLIGHT.map(|place| [(place, true), (place, false)]);
    for ((role, state), first_byte_only) in attempts.concat() {
        let mut end = End::reached(role, state);
        let hello = sample(Kind::ClientHello);
        let bytes = if first_byte_only { &hello[..1] } else { hello };
        let epoch = end.handshake.receive_epoch();
        end.handshake.receive(epoch, bytes).expect("running");
        end.settle();
        let failure = end.failure().expect("a message that spans the change of keys");
        assert_eq!((failure.cause, failure.state), (Cause::MessageSpansKeyChange, state));
    }
}

#[test]
fn messages_behind_a_question_are_bounded() {
    for limit in [0, 1, 100] {
        let mut setup = Setup::longest();
        setup.client.limits.pending_bytes = limit;
        let mut end = setup.pair().stop(Role::Client, "VerifyCertificate");
        let epoch = end.handshake.receive_epoch();
        for byte in sample(Kind::ClientHello).iter().take(limit) {
            end.handshake.receive(epoch, &[*byte]).expect("running");
            assert!(end.settle().is_empty() && end.observed.end.is_none());
        }
        end.handshake.receive(epoch, &[0]).expect("running");
        end.settle();
        let failure = end.failure().expect("one byte too many");
        assert_eq!((failure.cause, failure.state), (Cause::TooMuchPending, "VerifyCertificate"));
    }
}

#[test]
fn alerts_do_not_wait_behind_a_question() {
    each_asking_state(|role, state| {
        let mut end = End::reached(role, state);
        let epoch = end.handshake.receive_epoch();
        if !AT_THE_END_OF_A_FLIGHT.contains(&(role, state)) {
            end.handshake.receive(epoch, sample(Kind::ClientHello)).expect("running");
        }
        end.handshake.receive_alert(epoch, 2, 40).expect("running");
        end.settle();
        let Some(handshake::End::Refused(refusal)) = end.observed.end else {
            panic!("{role:?} in {state} overhears the alert: {:?}", end.observed.end)
        };
        assert_eq!((refusal.alert, refusal.state), (AlertDescription(40), state));
        assert!(end.observed.alerts.is_empty(), "{role:?} replies to an alert");
        assert!(!end.handshake.is_waiting(), "{role:?} still waits");
    });
}
