//! Alerts of every kind, received in every state.

use countersign::alert::AlertDescription;
use countersign::epoch::{Epoch, Role};
use countersign::failure::Cause;
use countersign::handshake::closure::Closure;
use countersign::handshake::{End, Fact};
use countersign::registry::ContentType;
use countersign_testing::{Item, Trial, states};

use crate::case::assert_over;
use crate::phase::{PHASES, Phase};

const CLOSE_NOTIFY: u8 = 0;
const USER_CANCELED: u8 = 90;
const ALERT: ContentType = ContentType::ALERT;

#[test]
fn every_state_is_among_the_phases() {
    for role in [Role::Client, Role::Server] {
        for state in states(role) {
            let found = PHASES.iter().any(|phase| (phase.victim, phase.state) == (role, state));
            assert!(found, "{role:?} {state}");
        }
    }
}

/// That the connection is refused by this alert, and keeps it as it came.
fn assert_refused(trial: &Trial, phase: Phase, under: Epoch, level: u8, description: u8) {
    let name = format!("{phase:?}: {level} {description}");
    let Some(End::Refused(refusal)) = &trial.victim.end else {
        panic!("{name}: {:?}", trial.victim.end);
    };
    assert_eq!((refusal.alert.0, refusal.level), (description, level), "{name}");
    assert_eq!((refusal.state, refusal.context.protection), (phase.state, under), "{name}");
    assert_eq!(refusal.diagnose().alert, Some(AlertDescription(description)), "{name}");
    let proper = if description == CLOSE_NOTIFY { 1 } else { 2 };
    assert_eq!(refusal.level_fits(), level == proper, "{name}");
}

/// That the connection has failed for `cause` and said so.
fn assert_failed(trial: &Trial, phase: Phase, cause: Cause) {
    let name = format!("{phase:?}: {cause:?}");
    let Some(End::Failed(failure)) = &trial.victim.end else {
        panic!("{name}: {:?}", trial.victim.end);
    };
    assert_eq!((failure.cause, failure.state), (cause, phase.state), "{name}");
    let alert = (phase.send, 2, cause.alert().description().0);
    assert_eq!(trial.alerts(), [alert], "{name}");
}

#[test]
fn error_alert_of_any_value_at_any_level_ends_the_connection_without_a_reply() {
    for &phase in PHASES {
        for description in
            (0..=u8::MAX).filter(|byte| ![CLOSE_NOTIFY, USER_CANCELED].contains(byte))
        {
            for level in [1, 2] {
                let mut trial = phase.trial();
                let heard = trial.forger.heard.clone();
                trial.deliver(Item::alert(level, description));
                assert_refused(&trial, phase, phase.receive, level, description);
                assert_eq!(trial.forger.heard, heard, "{phase:?}: a reply to {description}");
            }
        }
        let mut trial = phase.trial();
        trial.deliver(Item::alert(2, 80));
        assert_over(&mut trial, phase.state);
        assert_eq!(trial.alerts(), []);
    }
}

#[test]
fn close_notify_ends_a_handshake_and_only_half_closes_a_connection() {
    for &phase in PHASES {
        for level in [1, 2] {
            let mut trial = phase.trial();
            let heard = trial.forger.heard.clone();
            trial.deliver(Item::alert(level, CLOSE_NOTIFY));
            assert_eq!(trial.forger.heard, heard, "{phase:?}: a reply");
            if !phase.is_complete() {
                assert_refused(&trial, phase, phase.receive, level, CLOSE_NOTIFY);
                assert_over(&mut trial, phase.state);
                continue;
            }
            assert_eq!(trial.victim.end, None, "{phase:?}");
            assert!(matches!(trial.victim.facts.last(), Some(Fact::PeerClosed)), "{phase:?}");
            assert_eq!(trial.victim.connection.handshake().closure(), Closure::ReadClosed);
            // Nothing that comes behind it counts; our own direction is open.
            trial.deliver(Item::alert(2, 80));
            trial.deliver(Item::Raw(vec![0xff; 99]));
            assert_eq!(trial.victim.end, None, "{phase:?}");
            let victim = &mut trial.victim;
            victim.connection.write(b"a last word", &mut victim.output).expect("an open half");
            victim.connection.close().expect("an open half");
            trial.exchange();
            assert_eq!(trial.victim.end, Some(End::Closed), "{phase:?}");
            assert_eq!(trial.alerts(), [(Epoch::Application, 1, CLOSE_NOTIFY)], "{phase:?}");
            assert_over(&mut trial, phase.state);
        }
    }
}

#[test]
fn user_canceled_changes_nothing_by_itself() {
    for &phase in PHASES {
        let mut trial = phase.trial();
        let heard = trial.forger.heard.clone();
        for level in [1, 2, 1, 2] {
            trial.deliver(Item::alert(level, USER_CANCELED));
        }
        assert_eq!((trial.state(), &trial.victim.end), (phase.state, &None), "{phase:?}");
        assert_eq!(trial.forger.heard, heard, "{phase:?}: a reply");
        let announced =
            trial.victim.facts.iter().filter(|fact| {
                matches!(fact, Fact::AlertReceived(AlertDescription::USER_CANCELED))
            });
        assert_eq!(announced.count(), 4, "{phase:?}");
        trial.run();
        assert_eq!((trial.state(), &trial.victim.end), ("Connected", &None), "{phase:?}");
    }
}

#[test]
fn user_canceled_is_counted_only_in_a_row() {
    let mut trial = PHASES[2].trial();
    while trial.state() != "Connected" {
        // An answer is no message.
        let alerts = if trial.victim.question.is_some() { 0 } else { 4 };
        (0..alerts).for_each(|_| trial.deliver(Item::alert(1, USER_CANCELED)));
        assert!(trial.step());
    }
    assert_eq!(trial.victim.end, None);
}

#[test]
fn level_outside_the_enumeration_is_illegal_whatever_the_description() {
    for &phase in PHASES {
        for level in [0, 3, 4, 0x7f, 0x80, 0xff] {
            for description in [CLOSE_NOTIFY, 40, USER_CANCELED, 0xff] {
                let mut trial = phase.trial();
                trial.deliver(Item::alert(level, description));
                assert_failed(&trial, phase, Cause::AlertLevelUnknown);
            }
        }
    }
}

#[test]
fn alert_is_two_bytes_in_one_record() {
    let over_long = [&[2, 40][..], &[0; 300]].concat();
    let shapes: [(&[u8], Cause); 6] = [
        (&[], Cause::EmptyFragment),
        (&[2], Cause::AlertMalformed),
        (&[2, 40, 0], Cause::AlertMalformed),
        (&[2, 40, 2, 40], Cause::AlertMalformed),
        (&[1, 90, 1, 0], Cause::AlertMalformed),
        (&over_long, Cause::AlertMalformed),
    ];
    for &phase in PHASES {
        for (content, cause) in shapes {
            let mut trial = phase.trial();
            trial.deliver(Item::Record(ALERT, content.to_vec(), 0));
            // The other half of a split alert comes too late.
            trial.deliver(Item::Record(ALERT, vec![40], 0));
            assert_failed(&trial, phase, cause);
        }
    }
}

#[test]
fn padding_of_an_alert_makes_no_difference() {
    for &phase in PHASES.iter().filter(|phase| phase.receive != Epoch::Initial) {
        for padding in [1, 255, 0x4000 - 2] {
            let mut trial = phase.trial();
            trial.deliver(Item::Record(ALERT, vec![2, 40], padding));
            assert_refused(&trial, phase, phase.receive, 2, 40);
        }
    }
}

#[test]
fn first_of_two_alerts_decides() {
    for &phase in PHASES {
        let mut trial = phase.trial();
        trial.deliver(Item::alert(2, 40));
        trial.deliver(Item::alert(2, 116));
        assert_refused(&trial, phase, phase.receive, 2, 40);
    }
}

/// RFC 9846 §A.1: a client may fail before it has keys. No server can, and no client that has sent
/// anything under keys.
#[test]
fn plaintext_alert_after_keys_counts_only_from_a_client_that_has_not_used_its_own() {
    for &phase in PHASES.iter().filter(|phase| phase.receive != Epoch::Initial) {
        let mut trial = phase.trial();
        trial.deliver(Item::Plaintext(ALERT, vec![2, 40]));
        let not_used = ["SignCertificateVerify", "WaitCertificate", "WaitEndOfEarlyData"];
        if phase.victim == Role::Server && not_used.contains(&phase.state) {
            assert_refused(&trial, phase, Epoch::Initial, 2, 40);
            let Some(End::Refused(refusal)) = trial.victim.end else { unreachable!() };
            assert!(!refusal.diagnose().authenticated);
        } else {
            assert_failed(&trial, phase, Cause::UnexpectedRecordType);
        }
    }
}

#[test]
fn alert_under_a_wrong_key_is_no_alert() {
    for &phase in PHASES {
        let mut trial = phase.trial();
        trial.deliver(Item::Forged(ALERT, vec![2, 40]));
        match phase.receive {
            Epoch::Initial => assert_failed(&trial, phase, Cause::UnexpectedApplicationData),
            _ => assert_failed(&trial, phase, Cause::RecordNotAuthentic),
        }
    }
}

#[test]
fn error_alert_between_fragments_is_heard_and_a_closure_alert_there_is_not() {
    // Behind a ClientHello nothing may come at all before the server has answered.
    let asking = ["SealCookie", "OpenCookie", "SelectCredential"];
    let answering = |phase: &&Phase| phase.victim == Role::Server && asking.contains(&phase.state);
    for &phase in PHASES.iter().filter(|phase| !answering(phase)) {
        for description in [CLOSE_NOTIFY, 40, USER_CANCELED] {
            let mut trial = phase.trial();
            trial.deliver(Item::Message(vec![20, 0]));
            trial.deliver(Item::alert(2, description));
            match description {
                40 => assert_refused(&trial, phase, phase.receive, 2, 40),
                _ => assert_failed(&trial, phase, Cause::MessageInterleaved),
            }
        }
    }
}

#[test]
fn alert_behind_a_message_that_waits_for_an_answer_is_heard_after_the_answer() {
    let phase = PHASES.iter().find(|phase| phase.state == "VerifyCertificate");
    let mut trial = phase.expect("a client's phase").trial();
    let finished = trial.forger.items.pop_front().expect("the server's Finished");
    trial.deliver(finished);
    trial.deliver(Item::alert(2, 116));
    assert_eq!(trial.victim.end, None, "keys for the alert are not there yet");
    assert!(!trial.victim.input.is_empty());
    assert!(trial.step(), "the question is answered");
    let Some(End::Refused(refusal)) = trial.victim.end else { panic!("{:?}", trial.victim.end) };
    assert_eq!((refusal.alert.0, refusal.state), (116, "SelectCredential"));
    assert_eq!(refusal.context.protection, Epoch::Application);
    assert!(refusal.diagnose().authenticated);
}
