//! What has no row is `unexpected_message`, whatever its body holds.

use countersign::alert::{Alert, ErrorAlert};
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::message::Kind;
use countersign_testing::{End, states};

use crate::{BOTH, inputs, sample, takes_messages};

/// The keys an alert goes out under, from each state that waits for the peer.
fn alert_epoch(role: Role, state: &str) -> Epoch {
    match (role, state) {
        (_, "WaitServerHello" | "WaitSecondServerHello") => Epoch::Initial,
        (_, "WaitClientHello" | "WaitSecondClientHello") => Epoch::Initial,
        (_, "Connected") | (Role::Server, _) => Epoch::Application,
        (Role::Client, _) => Epoch::Handshake,
    }
}

/// That the end has failed in `state` for `cause`, said so once, and is over.
fn assert_failed(mut end: End, role: Role, state: &str, cause: Cause, what: &str) {
    let heard = end.observed.alerts.len();
    let sent = end.settle();
    assert!(sent.is_empty(), "{role:?} in {state} replies to {what} with {sent:?}");
    let failure = end.failure().unwrap_or_else(|| panic!("{role:?} in {state} takes {what}"));
    assert_eq!((failure.cause, failure.state), (cause, state), "{role:?}, {what}");
    assert_eq!(failure.alert, ErrorAlert::UnexpectedMessage, "{role:?} in {state}, {what}");
    let alert = (alert_epoch(role, state), Alert::Error(ErrorAlert::UnexpectedMessage));
    assert_eq!(end.observed.alerts[heard..], [alert], "{role:?} in {state}, {what}");
    assert_eq!(end.handshake.receive(Epoch::Application, &[]), Err(Misuse::Ended));
    assert!(end.handshake.poll().is_none(), "{role:?} speaks behind its end");
}

/// Every state that waits for the peer, with a function that brings a new end there.
fn each_waiting_state(mut check: impl FnMut(Role, &'static str)) {
    for role in BOTH {
        states(role).into_iter().filter(|state| takes_messages(role, state)).for_each(|state| {
            check(role, state);
        });
    }
}

#[test]
fn every_message_without_a_row_is_out_of_order() {
    let mut pairs = 0;
    each_waiting_state(|role, state| {
        for &kind in Kind::ALL {
            if inputs(role, state).any(|input| input == kind.name()) {
                continue;
            }
            let mut end = End::reached(role, state);
            let epoch = end.handshake.receive_epoch();
            end.handshake.receive(epoch, sample(kind)).expect("running");
            assert_failed(end, role, state, Cause::MessageOutOfOrder, kind.name());
            pairs += 1;
        }
    });
    assert!(pairs > 100, "only {pairs} pairs of state and message were tried");
}

#[test]
fn every_message_without_a_row_is_refused_by_its_header_alone() {
    each_waiting_state(|role, state| {
        for &kind in Kind::ALL {
            let types: Vec<_> =
                Kind::ALL.iter().filter(|k| k.handshake_type() == kind.handshake_type()).collect();
            if inputs(role, state).any(|input| types.iter().any(|kind| kind.name() == input)) {
                continue;
            }
            let mut end = End::reached(role, state);
            let epoch = end.handshake.receive_epoch();
            // The header of a message of which no byte has come.
            end.handshake.receive(epoch, &[kind.handshake_type().0, 0, 0, 1]).expect("running");
            assert_failed(end, role, state, Cause::MessageOutOfOrder, kind.name());
        }
    });
}

#[test]
fn a_compressed_certificate_is_unexpected_in_every_state_of_whoever_did_not_offer_to_take_one() {
    each_waiting_state(|role, state| {
        for message in [sample(Kind::CompressedCertificate), &[25, 0, 0, 1]] {
            let mut end = End::reached(role, state);
            let epoch = end.handshake.receive_epoch();
            end.handshake.receive(epoch, message).expect("running");
            assert_failed(end, role, state, Cause::MessageOutOfOrder, "CompressedCertificate");
        }
    });
}

#[test]
fn unknown_message_types_are_unexpected_in_every_state() {
    // hello_request, hello_verify_request, message_hash and one not assigned.
    for code in [0, 3, 254, 255] {
        for body in [&[0, 0, 0][..], &[0, 0, 1, 7], &[0, 0, 9]] {
            each_waiting_state(|role, state| {
                let mut end = End::reached(role, state);
                let epoch = end.handshake.receive_epoch();
                let message = [&[code], body].concat();
                end.handshake.receive(epoch, &message).expect("running");
                let what = format!("a message of type {code}");
                assert_failed(end, role, state, Cause::UnknownMessageType, &what);
            });
        }
    }
}

#[test]
fn messages_under_keys_that_are_not_in_use_are_unexpected_in_every_state() {
    let epochs = [Epoch::Initial, Epoch::EarlyData, Epoch::Handshake, Epoch::Application];
    for epoch in epochs {
        each_waiting_state(|role, state| {
            let mut end = End::reached(role, state);
            if epoch != end.handshake.receive_epoch() {
                end.handshake.receive(epoch, sample(Kind::Finished)).expect("running");
                assert_failed(end, role, state, Cause::WrongEpoch, &format!("{epoch:?} bytes"));
            }
        });
    }
}

#[test]
fn a_second_retry_is_refused() {
    let mut end = End::reached(Role::Client, "WaitSecondServerHello");
    end.handshake.receive(Epoch::Initial, sample(Kind::HelloRetryRequest)).expect("running");
    let (role, state) = (Role::Client, "WaitSecondServerHello");
    assert_failed(end, role, state, Cause::MessageOutOfOrder, "a second HelloRetryRequest");
}
