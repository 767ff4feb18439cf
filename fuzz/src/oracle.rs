//! What holds of every end, whatever has happened to it.
//!
//! `End` in the testing package holds each output against the tables and the order in which outputs
//! come; here is what shows only when they are looked at together.

use countersign::alert::Alert;
use countersign::epoch::{Direction, Epoch, Role};
use countersign::failure::{Cause, Disclosure, Misuse};
use countersign::handshake::{self, Fact};
use countersign_testing::{End, Observed};

/// Where a role's walk through its table begins.
const fn first_state(role: Role) -> &'static str {
    match role {
        Role::Client => "Start",
        Role::Server => "WaitClientHello",
    }
}

/// Holds what an end has said and done so far against what it may.
pub(crate) fn judge_course(end: &End) {
    let Observed { moves, keys, facts, .. } = &end.observed;
    let role = end.handshake.role();
    let mut state = first_state(role);
    for (from, input, to) in moves {
        assert_eq!(*from, state, "a step to {to} by {input} from where it was not");
        state = to;
    }
    assert_eq!(end.handshake.state(), state, "a step of which nobody was told");

    let has_moved = |wanted: &str| moves.iter().any(|(_, input, _)| *input == wanted);
    let psk = facts.iter().any(|fact| matches!(fact, Fact::Negotiated(n) if n.psk.is_some()));
    let completed = facts.iter().any(|fact| matches!(fact, Fact::Complete));
    let receives_data = keys.iter().any(|(direction, epoch, _)| {
        *direction == Direction::Receive && *epoch == Epoch::Application
    });
    // Application data can be opened, and is handed out, once the peer's Finished is verified; a
    // server has then shown who it is, by certificate or by key.
    if completed || receives_data || end.handshake.is_complete() {
        assert!(has_moved("Finished"), "application data before Finished");
        let authenticated = has_moved("CertificateAccepted") || psk;
        assert!(role == Role::Server || authenticated, "a server that nobody knows");
    }
    // Who is known after the handshake has been accepted then, and has finished.
    let known = |fact: &&Fact| match fact {
        Fact::PostHandshakeAuthentication { certificate, .. } => certificate.is_some(),
        _ => false,
    };
    let accepted = moves.iter().filter(|(from, input, _)| {
        (*from, *input) == ("VerifyPostHandshakeCertificate", "CertificateAccepted")
    });
    assert!(facts.iter().filter(known).count() <= accepted.count(), "a client that nobody knows");
    let early = keys.iter().any(|(direction, epoch, _)| {
        *direction == Direction::Receive && *epoch == Epoch::EarlyData
    });
    let announced = facts.iter().any(|fact| matches!(fact, Fact::EarlyDataAccepted));
    assert!(!early || (announced && psk && role == Role::Server), "early data without consent");
}

/// Holds an end that is over against how it may end. `disclosure` is what its alerts may tell.
pub(crate) fn judge_end(end: &mut End, disclosure: Disclosure) {
    judge_course(end);
    let observed = &end.observed;
    let over = observed.end.as_ref().expect("the transport has ended, and so has the connection");
    let errors: Vec<Alert> = observed
        .alerts
        .iter()
        .map(|(_, alert)| *alert)
        .filter(|alert| matches!(alert, Alert::Error(_)))
        .collect();
    match over {
        handshake::End::Failed(failure) => {
            // A cause has one alert, and what may be withheld is withheld.
            assert_eq!(failure.alert, disclosure.alert(failure.cause));
            assert_eq!(failure.state, end.handshake.state());
            let closed = observed.alerts.iter().any(|(_, a)| matches!(a, Alert::Closure(_)));
            let told = errors == [Alert::Error(failure.alert)];
            assert!(told || (closed && errors.is_empty()), "{failure}, and sent {errors:?}");
            assert!(!failure.to_string().is_empty());
        }
        other => assert!(errors.is_empty(), "an error alert before {other:?}"),
    }
    explain(over);
    refuses_everything(end);
}

/// Whatever ended the connection can be told, and what is left to do follows from it.
fn explain(over: &handshake::End) {
    let drained = over.closing().shut_down_write;
    match over {
        handshake::End::Refused(refusal) => {
            let _fits = refusal.level_fits();
            assert!(!format!("{:?}", refusal.diagnose()).is_empty() && !drained);
        }
        handshake::End::Truncated(end) => {
            assert!(!format!("{:?}", end.diagnose()).is_empty() && !drained);
        }
        handshake::End::Closed | handshake::End::Failed(_) => assert!(drained),
    }
}

/// That nothing moves behind the end.
fn refuses_everything(end: &mut End) {
    let handshake = &mut end.handshake;
    let ended = Err(Misuse::Ended);
    assert_eq!(handshake.receive(Epoch::Initial, &[1]), ended);
    assert_eq!(handshake.receive_alert(Epoch::Initial, 2, 40), ended);
    assert_eq!(handshake.close(), ended);
    assert_eq!(handshake.cancel(), ended);
    assert_eq!(handshake.update_keys(true), ended);
    assert_eq!(handshake.exporter("a label", &[], &mut [0; 8]), ended);
    assert_eq!(handshake.early_exporter("a label", &[], &mut [0; 8]), ended);
    handshake.answer_key_update();
    handshake.transport_eof();
    handshake.fail(Cause::Malformed);
    assert!(handshake.poll().is_none(), "an output behind the end");
}
