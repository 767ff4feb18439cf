//! A client whose authentication the server judges a round trip after the client is done: whatever
//! happens to the transport meanwhile, an alert that has arrived is heard.

use countersign::diagnosis::{self, CertificateFault, Class, Evidence};
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::client_authentication::{ClientAuthenticationState, Reply};
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::decision::{self, Answer, Decision};
use countersign::handshake::event::{NewTicket, Refusal, Truncation};
use countersign::handshake::{End, Fact};
use countersign::registry::ContentType;
use countersign_testing::{Identity, Item, Setup, Trial};

/// How a server answers its questions.
type Verdict = fn(Decision) -> Answer;

/// A client that has answered the server's CertificateRequest so, and whose verdict, if the server
/// has reached one, has not arrived.
fn pending(reply: Reply, verdict: Verdict) -> Trial {
    let mut setup = Setup::default();
    setup.server.client_authentication = ClientAuthentication::Require;
    let mut trial = Trial::new(setup, Role::Client);
    trial.forger.answer = verdict;
    trial.reach("SelectCredential");
    let Some(Decision::SelectClientCredential(question)) = trial.victim.question.take() else {
        panic!("the client is asked for a certificate");
    };
    match reply {
        Reply::Declined => trial.answer(question.decline()),
        Reply::Sent => {
            trial.answer(Identity::example().answer(Decision::SelectClientCredential(question)));
            trial.step();
        }
    }
    assert_eq!(trial.state(), "Connected");
    assert_eq!(authentication(&trial), [ClientAuthenticationState::Pending(reply)]);
    trial
}

fn accept(question: Decision) -> Answer {
    Identity::example().answer(question)
}

fn reject_as_expired(question: Decision) -> Answer {
    match question {
        Decision::VerifyCertificate(question) => {
            question.reject(decision::CertificateFault::Expired)
        }
        question => accept(question),
    }
}

fn deny(question: Decision) -> Answer {
    match question {
        Decision::VerifyCertificate(question) => question.deny(),
        question => accept(question),
    }
}

/// What the client was told about its authentication.
fn authentication(trial: &Trial) -> Vec<ClientAuthenticationState> {
    let facts = trial.victim.facts.iter();
    facts
        .filter_map(|fact| match fact {
            Fact::ClientAuthentication(state) => Some(*state),
            _ => None,
        })
        .collect()
}

fn write(trial: &mut Trial, data: &[u8]) -> Result<(), Misuse> {
    let victim = &mut trial.victim;
    let written = victim.connection.write(data, &mut victim.output);
    trial.exchange();
    written
}

fn refusal(trial: &Trial) -> Refusal {
    let Some(End::Refused(refusal)) = &trial.victim.end else {
        panic!("not refused: {:?}", trial.victim.end);
    };
    *refusal
}

fn truncation(trial: &Trial) -> Truncation {
    let Some(End::Truncated(truncation)) = &trial.victim.end else {
        panic!("not truncated: {:?}", trial.victim.end);
    };
    *truncation
}

/// When a write fails, as seen from the alert.
#[derive(Clone, Copy, Debug)]
enum WriteFails {
    Never,
    Before,
    Between,
    After,
    /// And the end of the transport is noticed before the alert is looked at.
    AfterAndTransportEnds,
}

const MOMENTS: [WriteFails; 5] = [
    WriteFails::Never,
    WriteFails::Before,
    WriteFails::Between,
    WriteFails::After,
    WriteFails::AfterAndTransportEnds,
];

/// The server's verdict arrives at a client that writes, and fails to.
fn judge(trial: &mut Trial, moment: WriteFails) {
    write(trial, b"hello").expect("a client may write before the verdict");
    write(trial, b"is anyone there").expect("a client may write before the verdict");
    let verdict = trial.forger.items.pop_front().expect("an alert");
    let bytes = trial.forger.seal(verdict);
    let (first, second) = bytes.split_at(bytes.len() / 2);
    if let WriteFails::Before = moment {
        trial.victim.connection.transport_write_failed();
        assert_eq!(write(trial, b"again"), Err(Misuse::WriteClosed));
    }
    trial.victim.input.extend_from_slice(first);
    trial.exchange();
    if let WriteFails::Between = moment {
        trial.victim.connection.transport_write_failed();
        assert_eq!(write(trial, b"again"), Err(Misuse::WriteClosed));
    }
    trial.victim.input.extend_from_slice(second);
    if let WriteFails::After | WriteFails::AfterAndTransportEnds = moment {
        trial.victim.connection.transport_write_failed();
    }
    if let WriteFails::AfterAndTransportEnds = moment {
        trial.victim.connection.transport_eof();
    }
    trial.exchange();
    // What comes later changes nothing.
    trial.victim.connection.transport_write_failed();
    trial.victim.connection.transport_eof();
    trial.exchange();
    assert_eq!(write(trial, b"again"), Err(Misuse::Ended));
}

#[test]
fn alert_always_beats_the_errors_of_the_transport() {
    let verdicts: [(Reply, Verdict, u8, diagnosis::Cause); 3] = [
        (Reply::Declined, accept, 116, diagnosis::Cause::ClientCertificateRequired),
        (
            Reply::Sent,
            reject_as_expired,
            45,
            diagnosis::Cause::ClientCertificateUnacceptable(CertificateFault::Expired),
        ),
        (Reply::Sent, deny, 49, diagnosis::Cause::ClientCertificateDenied),
    ];
    for (reply, verdict, alert, cause) in verdicts {
        for moment in MOMENTS {
            let mut trial = pending(reply, verdict);
            judge(&mut trial, moment);
            let refusal = refusal(&trial);
            assert_eq!((refusal.alert.0, refusal.state), (alert, "Connected"), "{moment:?}");
            assert_eq!(refusal.unconfirmed_bytes, 20, "{moment:?}");
            assert_eq!(refusal.context.protection, Epoch::Application, "{moment:?}");
            let diagnosis = refusal.diagnose();
            assert_eq!((diagnosis.cause, diagnosis.authenticated), (cause, true), "{moment:?}");
            let states = [
                ClientAuthenticationState::Pending(reply),
                ClientAuthenticationState::Rejected(reply, cause),
            ];
            assert_eq!(authentication(&trial), states, "{moment:?}");
        }
    }
}

#[test]
fn transport_that_ends_without_an_alert_leaves_the_verdict_unresolved() {
    for reply in [Reply::Sent, Reply::Declined] {
        for half_an_alert in [false, true] {
            let mut trial = pending(reply, deny);
            write(&mut trial, b"hello").expect("a client may write before the verdict");
            if half_an_alert {
                let bytes = trial.forger.seal(Item::alert(2, 49));
                trial.victim.input.extend_from_slice(&bytes[..bytes.len() - 1]);
            }
            trial.victim.connection.transport_write_failed();
            trial.victim.connection.transport_eof();
            trial.exchange();
            let truncation = truncation(&trial);
            assert_eq!((truncation.state, truncation.unconfirmed_bytes), ("Connected", 5));
            let diagnosis = truncation.diagnose();
            assert_eq!(diagnosis.cause, diagnosis::Cause::LostDuringClientAuthentication);
            assert_eq!((diagnosis.alert, diagnosis.authenticated), (None, false));
            let states = [
                ClientAuthenticationState::Pending(reply),
                ClientAuthenticationState::Unresolved(reply),
            ];
            assert_eq!(authentication(&trial), states);
        }
    }
}

#[test]
fn ticket_and_answered_key_update_show_that_the_server_has_processed_our_reply() {
    let ticket: fn(&mut Trial) = |trial| {
        let order = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
        trial.forger.handshake.issue_ticket(order).expect("a connected server");
    };
    let update: fn(&mut Trial) = |trial| {
        trial.victim.connection.update_keys(true).expect("a connected client");
        trial.exchange();
        trial.forger.handshake.answer_key_update();
    };
    for show in [ticket, update] {
        let mut trial = pending(Reply::Sent, accept);
        write(&mut trial, b"unconfirmed").expect("a client may write before the verdict");
        show(&mut trial);
        trial.forger.speak();
        trial.run();
        let processed = ClientAuthenticationState::Processed(Reply::Sent, Evidence::Strong);
        let states = [ClientAuthenticationState::Pending(Reply::Sent), processed];
        assert_eq!(authentication(&trial), states);

        // From here on an end says nothing about our certificate any more.
        write(&mut trial, b"confirmed by and by").expect("an open connection");
        trial.deliver(Item::alert(2, 40));
        let refusal = refusal(&trial);
        assert_eq!(refusal.unconfirmed_bytes, 11);
        assert_ne!(refusal.diagnose().class, Class::Credential);
        assert_eq!(authentication(&trial), states);
    }
}

#[test]
fn key_update_and_data_of_the_servers_own_show_nothing() {
    let mut trial = pending(Reply::Sent, accept);
    trial.forger.handshake.update_keys(true).expect("a connected server");
    trial.forger.speak();
    trial.run();
    let pending = [ClientAuthenticationState::Pending(Reply::Sent)];
    assert_eq!(authentication(&trial), pending);

    // It may have been sent before our Finished was there: weak evidence, so the loss is just one.
    trial.deliver(Item::Record(ContentType::APPLICATION_DATA, b"banner".to_vec(), 0));
    assert_eq!(authentication(&trial), pending);
    trial.victim.connection.transport_eof();
    trial.exchange();
    assert_eq!(truncation(&trial).diagnose().cause, diagnosis::Cause::Truncated);
}

#[test]
fn close_notify_and_faults_of_the_server_leave_the_verdict_unresolved() {
    let unresolved = [
        ClientAuthenticationState::Pending(Reply::Sent),
        ClientAuthenticationState::Unresolved(Reply::Sent),
    ];
    let mut trial = pending(Reply::Sent, accept);
    trial.deliver(Item::alert(1, 0));
    assert_eq!((authentication(&trial).as_slice(), &trial.victim.end), (&unresolved[..], &None));

    let mut trial = pending(Reply::Sent, accept);
    trial.deliver(Item::Raw(vec![0xff; 5]));
    assert_eq!(authentication(&trial), unresolved);
    let Some(End::Failed(failure)) = &trial.victim.end else { panic!("{:?}", trial.victim.end) };
    assert_eq!(failure.cause, Cause::UnexpectedRecordType);
    assert_eq!(trial.alerts(), [(Epoch::Application, 2, 10)]);

    let mut trial = pending(Reply::Sent, accept);
    trial.victim.connection.cancel().expect("an open connection");
    trial.exchange();
    assert_eq!(authentication(&trial), unresolved);
}

#[test]
fn client_that_was_not_asked_hears_nothing_of_authentication() {
    let mut trial = Trial::new(Setup::default(), Role::Client);
    trial.run();
    write(&mut trial, b"hello").expect("a connected client");
    trial.deliver(Item::alert(2, 116));
    assert_eq!(authentication(&trial), []);
    let refusal = refusal(&trial);
    assert_eq!(refusal.unconfirmed_bytes, 0);
    let diagnosis = refusal.diagnose();
    assert_eq!((diagnosis.cause, diagnosis.anomalous), (diagnosis::Cause::UnexpectedAlert, true));
}

#[test]
fn server_whose_transport_is_broken_ends_all_the_same() {
    let mut setup = Setup::default();
    setup.server.client_authentication = ClientAuthentication::Require;
    let mut trial = Trial::new(setup, Role::Server);
    trial.reach("VerifyCertificate");
    trial.victim.connection.transport_write_failed();
    let question = trial.victim.question.take().expect("an open question");
    trial.answer(deny(question));
    let Some(End::Failed(failure)) = &trial.victim.end else { panic!("{:?}", trial.victim.end) };
    assert_eq!((failure.cause, failure.state), (Cause::ClientDenied, "VerifyCertificate"));
    assert_eq!(trial.alerts(), []);
}
