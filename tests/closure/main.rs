//! The end of a connection, from every state of both roles (RFC 9846 §6.1).

mod after;
mod user_canceled;

use countersign::alert::{Alert, AlertDescription, ClosureAlert, ErrorAlert};
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::closure::Closure;
use countersign::handshake::{self, Fact, Handshake};
use countersign_testing::{End, Identity, Setup, states};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;

/// A new end in every state that there is.
fn each_state(mut check: impl FnMut(Role, &'static str, End)) {
    for role in BOTH {
        for state in states(role) {
            check(role, state, End::reached(role, state));
        }
    }
}

/// Lets an alert arrive under the keys of now.
fn hear(end: &mut End, level: u8, description: u8) -> Result<(), Misuse> {
    let epoch = end.handshake.receive_epoch();
    let result = end.handshake.receive_alert(epoch, level, description);
    end.settle();
    result
}

/// Everything there is to see of a machine.
fn seen(handshake: &Handshake) -> String {
    format!("{handshake:?}")
}

#[test]
fn cancel_says_what_it_is_in_every_state() {
    each_state(|role, state, mut end| {
        let epoch = end.handshake.send_epoch();
        let complete = end.handshake.is_complete();
        end.handshake.cancel().expect("running");
        assert!(end.settle().is_empty(), "{role:?} in {state} goes on with its flight");
        let closing = (epoch, Alert::Closure(ClosureAlert::CloseNotify));
        let canceling = (epoch, Alert::Closure(ClosureAlert::UserCanceled));
        // RFC 9846 §6.1: user_canceled is for the handshake.
        let alerts = if complete { vec![closing] } else { vec![canceling, closing] };
        assert_eq!(end.observed.alerts, alerts, "{role:?} in {state}");
        assert_eq!(end.observed.end, Some(handshake::End::Closed));
        assert_eq!((end.handshake.closure(), end.handshake.state()), (Closure::Closed, state));
    });
}

#[test]
fn close_needs_application_keys_in_every_state() {
    each_state(|role, state, mut end| {
        let before = seen(&end.handshake);
        let epoch = end.handshake.send_epoch();
        if epoch != Epoch::Application {
            assert_eq!(end.handshake.close(), Err(Misuse::NotConnected), "{role:?} in {state}");
            assert_eq!(seen(&end.handshake), before, "{role:?} moves in {state}");
            return;
        }
        end.handshake.close().expect("application keys");
        end.settle();
        let closing = (Epoch::Application, Alert::Closure(ClosureAlert::CloseNotify));
        assert_eq!(end.observed.alerts, [closing], "{role:?} in {state}");
        assert_eq!((end.handshake.closure(), end.handshake.state()), (Closure::WriteClosed, state));
        assert_eq!(end.observed.end, None);
    });
}

#[test]
fn close_notify_ends_the_peers_data_after_the_handshake_and_everything_before() {
    // RFC 9846 §6: the level can be ignored.
    for level in [1, 2] {
        each_state(|role, state, mut end| {
            let complete = end.handshake.is_complete();
            hear(&mut end, level, CLOSE_NOTIFY).expect("running");
            assert!(end.observed.alerts.is_empty(), "{role:?} in {state} replies");
            if complete {
                assert!(end.knows(|fact| matches!(fact, Fact::PeerClosed)), "{role:?} in {state}");
                assert_eq!(
                    (end.handshake.closure(), end.observed.end),
                    (Closure::ReadClosed, None)
                );
                return;
            }
            let Some(handshake::End::Refused(refusal)) = end.observed.end else {
                panic!("{role:?} in {state}: {:?}", end.observed.end)
            };
            assert_eq!(refusal.alert, AlertDescription::CLOSE_NOTIFY);
            assert_eq!((refusal.level, refusal.state), (level, state));
        });
    }
}

#[test]
fn error_alerts_known_or_not_end_every_state_in_silence() {
    for (level, description) in [(1, 40), (2, 40), (1, 255), (2, 200), (2, 1)] {
        each_state(|role, state, mut end| {
            hear(&mut end, level, description).expect("running");
            assert!(end.observed.alerts.is_empty(), "{role:?} in {state} replies");
            let Some(handshake::End::Refused(refusal)) = end.observed.end else {
                panic!("{role:?} in {state}: {:?}", end.observed.end)
            };
            assert_eq!(refusal.alert, AlertDescription(description));
            assert_eq!((refusal.level, refusal.state), (level, state));
            assert_eq!(end.handshake.closure(), Closure::Refused);
        });
    }
}

#[test]
fn an_alert_of_an_unknown_level_is_refused_in_every_state() {
    for level in [0, 3, 255] {
        each_state(|role, state, mut end| {
            hear(&mut end, level, CLOSE_NOTIFY).expect("running");
            let failure = end.failure().unwrap_or_else(|| panic!("{role:?} in {state} takes it"));
            assert_eq!((failure.cause, failure.state), (Cause::AlertLevelUnknown, state));
            assert_eq!(failure.alert, ErrorAlert::IllegalParameter);
        });
    }
}

#[test]
fn a_transport_that_ends_without_close_notify_truncates_every_state() {
    each_state(|role, state, mut end| {
        end.handshake.transport_eof();
        end.settle();
        assert!(end.observed.alerts.is_empty(), "there is nobody to tell");
        let Some(handshake::End::Truncated(truncation)) = end.observed.end else {
            panic!("{role:?} in {state}: {:?}", end.observed.end)
        };
        assert_eq!(truncation.state, state);
        assert_eq!(end.handshake.closure(), Closure::Truncated);
    });
}

#[test]
fn a_transport_that_ends_after_close_notify_truncates_nothing() {
    each_state(|_, _, mut end| {
        if end.handshake.is_complete() {
            hear(&mut end, 1, CLOSE_NOTIFY).expect("running");
            end.handshake.transport_eof();
            end.settle();
            assert_eq!(end.observed.end, Some(handshake::End::Closed));
        }
    });
}

#[test]
fn our_own_close_notify_does_not_excuse_the_peer_from_sending_one() {
    for role in BOTH {
        let mut end = End::reached(role, "Connected");
        end.handshake.close().expect("connected");
        end.handshake.transport_eof();
        end.settle();
        assert!(matches!(end.observed.end, Some(handshake::End::Truncated(_))), "{role:?}");
    }
}

#[test]
fn a_server_that_closes_before_the_client_has_finished_still_takes_its_finished() {
    let mut pair = Setup::default().pair();
    let mut closed = false;
    while !closed {
        let mut answer = |question| Ok(Identity::example().answer(question));
        for flight in pair.client.drain(&mut answer) {
            pair.server.handshake.receive(flight.epoch, &flight.bytes).expect("running");
        }
        for flight in pair.server.drain(&mut answer) {
            pair.client.handshake.receive(flight.epoch, &flight.bytes).expect("running");
        }
        if pair.server.handshake.state() == "WaitFinished" {
            pair.server.handshake.close().expect("application keys");
            closed = true;
        }
    }
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
    assert_eq!(pair.server.handshake.closure(), Closure::WriteClosed);
    assert_eq!(pair.client.handshake.closure(), Closure::ReadClosed);
}
