//! `user_canceled` is a warning: whoever hears it reads on (RFC 9846 §6.1).

use countersign::alert::AlertDescription;
use countersign::epoch::{Epoch, Role};
use countersign::failure::Cause;
use countersign::handshake::{self, Fact};
use countersign_testing::{End, Identity, Setup};

use crate::{BOTH, CLOSE_NOTIFY, USER_CANCELED, each_state, hear, seen};

fn heard(end: &End) -> usize {
    let facts = end.observed.facts.iter();
    let canceled = AlertDescription::USER_CANCELED;
    facts.filter(|fact| matches!(fact, Fact::AlertReceived(alert) if *alert == canceled)).count()
}

#[test]
fn it_moves_no_state() {
    for level in [1, 2] {
        each_state(|role, state, mut end| {
            hear(&mut end, level, USER_CANCELED).expect("running");
            assert_eq!((end.handshake.state(), heard(&end)), (state, 1), "{role:?}");
            assert!(end.observed.end.is_none() && end.observed.alerts.is_empty());
        });
    }
}

#[test]
fn a_handshake_goes_on_behind_it() {
    for role in BOTH {
        let mut pair = Setup::longest().pair();
        let mut flights = 0;
        // One before every flight: never two in a row.
        for _ in 0..16 {
            let end = pair.end(role);
            let epoch = end.handshake.receive_epoch();
            end.handshake.receive_alert(epoch, 1, USER_CANCELED).expect("running");
            let mut answer = |question| Ok(Identity::example().answer(question));
            for from in BOTH {
                for flight in pair.end(from).drain(&mut answer) {
                    flights += 1;
                    let to = &mut pair.end(from.peer()).handshake;
                    to.receive(flight.epoch, &flight.bytes).expect("running");
                }
            }
            if pair.client.handshake.is_complete() && pair.server.handshake.is_complete() {
                break;
            }
        }
        pair.run(|_| ());
        assert!(pair.agrees(), "{pair:?}");
        assert!(flights > 0 && heard(pair.end(role)) > 1);
    }
}

#[test]
fn close_notify_behind_it_ends_the_handshake() {
    each_state(|role, state, mut end| {
        let complete = end.handshake.is_complete();
        hear(&mut end, 1, USER_CANCELED).expect("running");
        hear(&mut end, 1, CLOSE_NOTIFY).expect("running");
        let refused = matches!(end.observed.end, Some(handshake::End::Refused(_)));
        assert_eq!(refused, !complete, "{role:?} in {state}");
    });
}

#[test]
fn only_so_many_are_heard_in_a_row_in_every_state() {
    each_state(|role, state, mut end| {
        for _ in 0..4 {
            hear(&mut end, 1, USER_CANCELED).expect("running");
        }
        assert!(end.observed.end.is_none(), "{role:?} in {state}");
        hear(&mut end, 1, USER_CANCELED).expect("running");
        let failure = end.failure().unwrap_or_else(|| panic!("{role:?} in {state} hears more"));
        assert_eq!((failure.cause, failure.state), (Cause::TooManyUserCanceled, state));
    });
}

#[test]
fn data_and_messages_start_the_count_anew() {
    let between: [fn(&mut End); 2] = [
        |end| end.handshake.application_data_received(),
        |end| {
            let update = [24, 0, 0, 1, 0];
            end.handshake.receive(Epoch::Application, &update).expect("running");
        },
    ];
    for something in between {
        let mut end = End::reached(Role::Server, "Connected");
        for _ in 0..10 {
            for _ in 0..4 {
                hear(&mut end, 1, USER_CANCELED).expect("running");
            }
            something(&mut end);
        }
        assert_eq!((heard(&end), end.observed.end), (40, None));
    }
}

#[test]
fn a_peer_that_cancels_is_told_apart_from_one_that_closes() {
    for role in BOTH {
        let mut pair = Setup::longest().pair();
        pair.end(role).handshake.cancel().expect("running");
        pair.run(|_| ());
        let peer = pair.end(role.peer());
        assert_eq!(heard(peer), 1, "{role:?} cancels");
        let Some(handshake::End::Refused(refusal)) = peer.observed.end else {
            panic!("{role:?} cancels: {}", seen(&peer.handshake))
        };
        assert_eq!(refusal.alert, AlertDescription::CLOSE_NOTIFY);
    }
}
