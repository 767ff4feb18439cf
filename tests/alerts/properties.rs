//! What holds for every alert that is sent, whatever happens.

use countersign::epoch::{Epoch, Role};
use countersign::failure::Cause;
use countersign::handshake::decision::{Answer, CertificateFault, Decision, HelloRefusal};
use countersign::handshake::{End, SERVER};
use countersign::registry::{CipherSuite, ContentType};
use countersign_testing::{Item, Setup, Trial};
use proptest::prelude::*;

use crate::case::assert_over;
use crate::phase::{PHASES, Phase};

const ACCESS_DENIED: u8 = 49;

#[test]
fn any_fault_is_told_under_the_keys_of_the_state_it_is_found_in() {
    for &phase in PHASES {
        let mut trial = phase.trial();
        trial.deliver(Item::Raw(vec![0xff; 5]));
        assert_eq!(trial.alerts(), [(phase.send, 2, 10)], "{phase:?}");
        assert_over(&mut trial, phase.state);
        if phase.victim == Role::Client && !phase.state.ends_with("ServerHello") {
            assert_ne!(phase.send, Epoch::Initial, "a client that has keys uses them");
        }
    }
}

/// RFC 9846 §A.1. The server skips what is under the early key, and would not hear of it.
#[test]
fn client_that_has_sent_early_data_fails_and_gives_up_under_its_handshake_key() {
    let fail: fn(&mut Trial) = |trial| trial.deliver(Item::Raw(vec![0xff; 5]));
    let give_up: fn(&mut Trial) = |trial| {
        trial.victim.connection.cancel().expect("a connection that is not over");
        trial.exchange();
    };
    let told: [(_, &[_]); 2] = [
        (fail, &[(Epoch::Handshake, 2, 10)]),
        (give_up, &[(Epoch::Handshake, 1, 90), (Epoch::Handshake, 1, 0)]),
    ];
    for (end, alerts) in told {
        let mut setup = Setup::sharing_a_key(true);
        // Not the suite of the key: early data is refused.
        let other = CipherSuite::TLS_CHACHA20_POLY1305_SHA256;
        setup.server.cipher_suites = [other].into_iter().collect();
        let mut trial = Trial::new(setup, Role::Client);
        let victim = &mut trial.victim;
        victim.connection.write_early_data(b"early", &mut victim.output).expect("an early key");
        trial.reach("WaitEncryptedExtensions");
        end(&mut trial);
        assert_eq!(trial.alerts(), alerts);
        assert_over(&mut trial, "WaitEncryptedExtensions");
    }
}

#[test]
fn close_notify_and_user_canceled_are_sent_at_level_warning() {
    for &phase in PHASES {
        let mut trial = phase.trial();
        trial.victim.connection.cancel().expect("a connection that is not over");
        trial.exchange();
        let close_notify = (phase.send, 1, 0);
        match phase.is_complete() {
            true => assert_eq!(trial.alerts(), [close_notify], "{phase:?}"),
            false => assert_eq!(trial.alerts(), [(phase.send, 1, 90), close_notify], "{phase:?}"),
        }
        assert_eq!(trial.victim.end, Some(End::Closed));
        assert_over(&mut trial, phase.state);

        let mut trial = phase.trial();
        let closed = trial.victim.connection.close();
        trial.exchange();
        assert_eq!(closed.is_ok(), phase.send == Epoch::Application, "{phase:?}");
        let expected: &[_] = if closed.is_ok() { &[close_notify] } else { &[] };
        assert_eq!(trial.alerts(), expected, "{phase:?}");
    }
}

#[test]
fn fault_behind_our_own_close_notify_is_not_told_any_more() {
    for &phase in PHASES.iter().filter(|phase| phase.send == Epoch::Application) {
        let mut trial = phase.trial();
        trial.victim.connection.close().expect("keys for data");
        trial.deliver(Item::Raw(vec![0xff; 5]));
        assert!(matches!(trial.victim.end, Some(End::Failed(_))), "{phase:?}");
        assert_eq!(trial.alerts(), [(Epoch::Application, 1, 0)], "{phase:?}");
        assert_over(&mut trial, phase.state);
    }
}

/// The `nth` way to refuse an answer to `question`, and whether it denies access.
fn refuse(question: Decision, nth: usize) -> Option<(Answer, bool)> {
    #[expect(deprecated, reason = "what is left of flat `access_denied` must not be it")]
    Some(match question {
        Decision::VerifyCertificate(question) => match nth {
            0 => (question.deny(), true),
            1 => (question.access_denied(), true),
            2 => (question.unavailable(), false),
            nth => (question.reject(*CertificateFault::ALL.get(nth - 3)?), false),
        },
        Decision::SelectCredential(question) => match nth {
            0 => (question.access_denied(), false),
            nth => (question.refuse(*HelloRefusal::ALL.get(nth - 1)?), false),
        },
        Decision::SelectClientCredential(question) if nth == 0 => (question.unavailable(), false),
        Decision::Sign(question) => match nth {
            0 => (question.unavailable(), false),
            1 => (question.signature(vec![0; 0x1_0000]), false),
            _ => return None,
        },
        _ => return None,
    })
}

/// How many error alerts of a trial say `access_denied`.
fn denials(trial: &Trial) -> usize {
    trial.alerts().iter().filter(|(_, _, description)| *description == ACCESS_DENIED).count()
}

#[test]
fn access_is_denied_only_by_a_server_to_a_verified_certificate_under_application_keys() {
    let mut refused = 0;
    for &phase in PHASES {
        for nth in 0.. {
            let mut trial = phase.trial();
            let Some(question) = trial.victim.question.take() else { break };
            let Some((answer, denies)) = refuse(question, nth) else { break };
            trial.answer(answer);
            refused += 1;
            let denied = denies && phase.victim == Role::Server;
            assert_eq!(denials(&trial), usize::from(denied), "{phase:?}: {nth}");
            if denied {
                // CertificateVerify has been verified: no other row of the table leads here.
                let rows = SERVER.iter().filter(|row| row.from != phase.state);
                let rows = rows.filter(|row| row.to.contains(&phase.state));
                assert!(rows.map(|row| row.input).eq(["CertificateVerify"]), "{phase:?}");
                assert_eq!(trial.alerts(), [(Epoch::Application, 2, ACCESS_DENIED)]);
            }
            assert_over(&mut trial, phase.state);
        }
    }
    assert_eq!(refused, 10 + 11 + 10 + 10 + 1 + 2 + 2);
}

#[test]
fn access_cannot_be_denied_from_below() {
    let mut pair = Setup::default().pair();
    pair.run(|_| ());
    pair.server.handshake.fail(Cause::ClientDenied);
    pair.run(|_| ());
    let Some(End::Failed(failure)) = pair.server.observed.end else { panic!("not over") };
    assert_eq!(failure.cause, Cause::RefusedWithoutReason);
    assert_eq!(failure.alert.description().0, 117);
}

/// Something that happens to a connection.
#[derive(Clone, Debug)]
enum Event {
    Honest,
    Alert(u8, u8),
    Record(u8, Vec<u8>),
    Plaintext(u8, Vec<u8>),
    Forged(u8, Vec<u8>),
    Raw(Vec<u8>),
    Flip(usize),
    Refuse(usize),
    Write,
    Close,
    Cancel,
    UpdateKeys(bool),
    WriteFails,
    TransportEnds,
}

fn event() -> impl Strategy<Value = Event> {
    let content = || proptest::collection::vec(any::<u8>(), 0..40);
    let content_type = || 19..26_u8;
    prop_oneof![
        8 => Just(Event::Honest),
        2 => (0..4_u8, any::<u8>()).prop_map(|(level, byte)| Event::Alert(level, byte)),
        1 => (content_type(), content()).prop_map(|(of, content)| Event::Record(of, content)),
        1 => (content_type(), content()).prop_map(|(of, content)| Event::Plaintext(of, content)),
        1 => (content_type(), content()).prop_map(|(of, content)| Event::Forged(of, content)),
        1 => content().prop_map(Event::Raw),
        1 => any::<usize>().prop_map(Event::Flip),
        1 => (0..10_usize).prop_map(Event::Refuse),
        2 => Just(Event::Write),
        1 => Just(Event::Close),
        1 => Just(Event::Cancel),
        1 => any::<bool>().prop_map(Event::UpdateKeys),
        1 => Just(Event::WriteFails),
        1 => Just(Event::TransportEnds),
    ]
}

/// Lets it happen; says whether access was denied by it.
fn happen(trial: &mut Trial, event: Event) -> bool {
    let victim = &mut trial.victim;
    match event {
        Event::Honest => drop(trial.step()),
        Event::Alert(level, byte) => trial.deliver(Item::alert(level, byte)),
        Event::Record(of, content) => trial.deliver(Item::Record(ContentType(of), content, 3)),
        Event::Plaintext(of, content) => trial.deliver(Item::Plaintext(ContentType(of), content)),
        Event::Forged(of, content) => trial.deliver(Item::Forged(ContentType(of), content)),
        Event::Raw(bytes) => trial.deliver(Item::Raw(bytes)),
        Event::Flip(at) => flip(trial, at),
        Event::Refuse(nth) => {
            if let Some((answer, denies)) = victim.question.take().and_then(|q| refuse(q, nth)) {
                trial.answer(answer);
                return denies && trial.victim.connection.handshake().role() == Role::Server;
            }
        }
        // Each of these may come at the wrong time, and is then refused.
        Event::Write => drop(victim.connection.write(b"data", &mut victim.output)),
        Event::Close => drop(victim.connection.close()),
        Event::Cancel => drop(victim.connection.cancel()),
        Event::UpdateKeys(request) => drop(victim.connection.update_keys(request)),
        Event::WriteFails => victim.connection.transport_write_failed(),
        Event::TransportEnds => victim.connection.transport_eof(),
    }
    trial.exchange();
    false
}

/// Turns a bit of the next message. A changed hello would leave the peer without the keys to hear
/// what comes of it.
fn flip(trial: &mut Trial, at: usize) {
    let keyed = trial.victim.connection.handshake().receive_epoch() != Epoch::Initial;
    if let Some(Item::Message(message)) = trial.forger.items.front_mut().filter(|_| keyed) {
        let at = at % (8 * message.len());
        message[at / 8] ^= 1 << (at % 8);
    }
}

fn phase() -> impl Strategy<Value = Phase> {
    proptest::sample::select(PHASES)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(1024))]

    #[test]
    fn whatever_happens_at_most_one_error_alert_is_sent_and_nothing_behind_it(
        phase in phase(),
        events in proptest::collection::vec(event(), 1..16),
    ) {
        let mut trial = phase.trial();
        let mut denied = false;
        let mut over = None;
        for event in events {
            denied |= happen(&mut trial, event);
            let errors = trial.alerts().iter().filter(|(_, level, _)| *level == 2).count();
            prop_assert!(errors <= 1);
            if errors == 1 {
                prop_assert!(matches!(trial.victim.end, Some(End::Failed(_))));
                let last = trial.forger.heard.last().map(|heard| heard.content_type);
                prop_assert_eq!(last, Some(ContentType::ALERT));
            }
            if over.is_some() {
                prop_assert_eq!(&trial.victim.end, &over);
            }
            over.clone_from(&trial.victim.end);
        }
        prop_assert!(denied || denials(&trial) == 0);
        if let Some(End::Failed(failure)) = &trial.victim.end {
            let alert = trial.alerts().into_iter().find(|(_, level, _)| *level == 2);
            let found_in = |found: &&Phase| {
                (found.victim, found.state) == (phase.victim, failure.state)
            };
            let send = PHASES.iter().find(found_in).expect("a state of the table").send;
            if let Some(alert) = alert {
                prop_assert_eq!(alert, (send, 2, failure.alert.description().0));
            }
        }
        if trial.victim.end.is_some() {
            assert_over(&mut trial, phase.state);
        }
    }
}
