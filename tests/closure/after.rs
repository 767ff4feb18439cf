//! What may still happen after `close_notify`, one way or the other, and that nothing happens after
//! the end.

use countersign::alert::{Alert, ClosureAlert};
use countersign::connection::Step;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::closure::Closure;
use countersign::handshake::event::NewTicket;
use countersign::handshake::{self, Fact};
use countersign_testing::{End, Identity, Setup, Socket, Wire};

use crate::{BOTH, CLOSE_NOTIFY, each_state, hear, seen};

const ASKING: [u8; 5] = [24, 0, 0, 1, 1];
const TICKET: NewTicket = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };

#[test]
fn nothing_can_be_sent_after_close() {
    for role in BOTH {
        let mut end = End::reached(role, "Connected");
        end.handshake.close().expect("connected");
        end.settle();
        let before = seen(&end.handshake);
        assert_eq!(end.handshake.close(), Err(Misuse::WriteClosed));
        assert_eq!(end.handshake.update_keys(false), Err(Misuse::WriteClosed));
        assert_eq!(end.handshake.update_keys(true), Err(Misuse::WriteClosed));
        assert_eq!(end.handshake.may_send_application_data(), Err(Misuse::WriteClosed));
        if role == Role::Server {
            assert_eq!(end.handshake.issue_ticket(TICKET), Err(Misuse::WriteClosed));
        }
        assert_eq!(seen(&end.handshake), before);
    }
}

#[test]
fn a_key_update_after_close_is_followed_and_not_answered() {
    for role in BOTH {
        let mut end = End::reached(role, "Connected");
        end.handshake.close().expect("connected");
        end.settle();
        let keys = end.observed.keys.len();
        for updates in 1..=3 {
            end.handshake.receive(Epoch::Application, &ASKING).expect("running");
            end.handshake.answer_key_update();
            assert!(end.settle().is_empty(), "a message behind close_notify");
            assert_eq!(end.observed.keys.len(), keys + updates);
        }
        assert_eq!(end.observed.end, None);
    }
}

#[test]
fn a_fault_after_close_ends_the_connection_without_a_word() {
    for role in BOTH {
        let mut end = End::reached(role, "Connected");
        end.handshake.close().expect("connected");
        end.handshake.fail(Cause::RecordNotAuthentic);
        end.settle();
        let closing = (Epoch::Application, Alert::Closure(ClosureAlert::CloseNotify));
        assert_eq!(end.observed.alerts, [closing], "an alert behind close_notify");
        assert_eq!(end.failure().map(|failure| failure.cause), Some(Cause::RecordNotAuthentic));
    }
}

#[test]
fn what_arrives_after_the_peers_close_notify_is_ignored() {
    for role in BOTH {
        let mut end = End::reached(role, "Connected");
        hear(&mut end, 1, CLOSE_NOTIFY).expect("running");
        let before = seen(&end.handshake);
        for epoch in [Epoch::Application, Epoch::Initial] {
            for message in [&ASKING[..], &[0; 4], &[255; 20]] {
                end.handshake.receive(epoch, message).expect("not an error of the caller's");
            }
            for (level, description) in [(1, CLOSE_NOTIFY), (2, 80), (7, 7)] {
                end.handshake.receive_alert(epoch, level, description).expect("nor this");
            }
        }
        assert_eq!(seen(&end.handshake), before, "{role:?} moves");
        assert!(end.handshake.poll().is_none());
        // Sending goes on as if nothing had been.
        end.handshake.update_keys(false).expect("open");
        end.handshake.close().expect("open");
        end.settle();
        assert_eq!(end.observed.end, Some(handshake::End::Closed));
    }
}

fn connected() -> Wire {
    let mut wire = Wire::new(Setup::default());
    wire.run(|_, _| ());
    wire
}

fn socket(wire: &mut Wire, role: Role) -> &mut Socket {
    match role {
        Role::Client => &mut wire.client,
        Role::Server => &mut wire.server,
    }
}

#[test]
fn bytes_behind_close_notify_are_consumed_and_ignored() {
    for role in BOTH {
        for garbage in [&b"anything at all"[..], &[22, 3, 3, 255, 255], &[23, 3, 3, 0, 1, 0], &[0]]
        {
            let mut wire = connected();
            socket(&mut wire, role).connection.close().expect("connected");
            // In the same bytes as the alert, and then again.
            wire.run(|_, bytes| bytes.extend_from_slice(garbage));
            let peer = socket(&mut wire, role.peer());
            peer.input.extend_from_slice(garbage);
            wire.run(|_, _| ());
            let peer = socket(&mut wire, role.peer());
            assert!(peer.input.is_empty() && peer.end.is_none(), "{:?}", peer.end);
            assert!(peer.facts.iter().any(|fact| matches!(fact, Fact::PeerClosed)));
            peer.connection.write(b"reply", &mut peer.output).expect("still open");
            wire.run(|_, _| ());
            assert_eq!(socket(&mut wire, role).data, b"reply");
        }
    }
}

#[test]
fn data_before_close_notify_arrives_and_data_after_close_is_read() {
    for role in BOTH {
        let mut wire = connected();
        let end = socket(&mut wire, role);
        end.connection.close().expect("connected");
        assert_eq!(end.connection.write(b"late", &mut end.output), Err(Misuse::WriteClosed));
        let peer = socket(&mut wire, role.peer());
        peer.connection.write(b"on its way", &mut peer.output).expect("connected");
        wire.run(|_, _| ());
        assert_eq!(socket(&mut wire, role).data, b"on its way");
    }
}

#[test]
fn an_alert_is_read_while_a_question_is_open() {
    let mut wire = Wire::new(Setup::default());
    let keep_for_server = |role, question| match role {
        Role::Server => Err(question),
        Role::Client => Ok(Identity::example().answer(question)),
    };
    wire.run_with(|_, _| (), keep_for_server);
    assert!(wire.server.question.is_some());
    wire.client.connection.cancel().expect("running");
    wire.run_with(|_, _| (), keep_for_server);
    assert!(matches!(wire.server.end, Some(handshake::End::Refused(_))), "{:?}", wire.server.end);
    let question = wire.server.question.take().expect("a question");
    let answer = Identity::example().answer(question);
    assert_eq!(wire.server.connection.answer(answer), Err(Misuse::Ended));
}

type Finish = fn(&mut End);

/// The ways a connection ends, on an end in any state.
const ENDINGS: [(Closure, Finish); 4] = [
    (Closure::Closed, |end| end.handshake.cancel().expect("running")),
    (Closure::Failed, |end| end.handshake.fail(Cause::RecordNotAuthentic)),
    (Closure::Refused, |end| hear(end, 2, 80).expect("running")),
    (Closure::Truncated, |end| end.handshake.transport_eof()),
];

#[test]
fn everything_after_the_end_is_misuse_and_poll_is_silent() {
    for (closure, finish) in ENDINGS {
        each_state(|role, state, mut end| {
            finish(&mut end);
            end.settle();
            assert!(end.observed.end.is_some());
            let before = seen(&end.handshake);
            let handshake = &mut end.handshake;
            for epoch in [Epoch::Initial, Epoch::Handshake, Epoch::Application] {
                assert_eq!(handshake.receive(epoch, &ASKING), Err(Misuse::Ended));
                assert_eq!(handshake.receive_alert(epoch, 2, 80), Err(Misuse::Ended));
            }
            assert_eq!(handshake.update_keys(true), Err(Misuse::Ended));
            assert_eq!(handshake.close(), Err(Misuse::Ended));
            assert_eq!(handshake.cancel(), Err(Misuse::Ended));
            assert_eq!(handshake.may_send_application_data(), Err(Misuse::Ended));
            assert_eq!(handshake.exporter("label", b"", &mut [0; 32]), Err(Misuse::Ended));
            assert_eq!(handshake.early_exporter("label", b"", &mut [0; 32]), Err(Misuse::Ended));
            assert_eq!(handshake.early_data_permitted(), Err(Misuse::NotOffered));
            if role == Role::Server {
                assert_eq!(handshake.issue_ticket(TICKET), Err(Misuse::Ended));
            }
            handshake.answer_key_update();
            handshake.fail(Cause::Malformed);
            handshake.transport_eof();
            assert!(handshake.poll().is_none(), "{role:?} speaks after {closure:?} in {state}");
            assert_eq!(seen(handshake), before, "{role:?} moves after {closure:?} in {state}");
            assert_eq!((handshake.closure(), handshake.state()), (closure, state));
            assert!(!handshake.is_waiting() && !handshake.is_complete());
        });
    }
}

#[test]
fn an_ended_connection_takes_every_byte_and_says_only_that_it_has_ended() {
    for role in BOTH {
        let mut wire = connected();
        let socket = socket(&mut wire, role);
        socket.connection.cancel().expect("running");
        socket.work(&mut Err);
        assert_eq!(socket.end, Some(handshake::End::Closed));
        let mut output = Vec::new();
        for mut input in [vec![], vec![0], vec![23; 100]] {
            let length = input.len();
            let polled = socket.connection.poll(&mut input, &mut output);
            assert_eq!(polled.consumed, length);
            assert!(matches!(polled.step, Step::Ended(handshake::End::Closed)));
        }
        assert_eq!(socket.connection.write(b"data", &mut output), Err(Misuse::Ended));
        assert!(output.is_empty());
    }
}
