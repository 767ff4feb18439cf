//! Questions and answers: at once, late, refused, unfit, and to the wrong connection.

mod refusals;
mod wrong;

use std::thread;

use countersign::connection::Connection;
use countersign::epoch::Role;
use countersign::handshake::Handshake;
use countersign::handshake::decision::{
    Answer, Decision, OpenCookie, OwnCertificate, SealCookie, SealTicket, SelectClientCredential,
    SelectCredential, Sign, VerifyCertificate,
};
use countersign::handshake::event::NewTicket;
use countersign::registry::NamedGroup;
use countersign_testing::{End, Identity, Pair, Setup};

/// Every question: who asks it, and in which state.
const QUESTIONS: [(Role, &str); 9] = [
    (Role::Client, "VerifyCertificate"),
    (Role::Client, "SelectCredential"),
    (Role::Client, "SignCertificateVerify"),
    (Role::Server, "SealCookie"),
    (Role::Server, "SelectCredential"),
    (Role::Server, "SignCertificateVerify"),
    (Role::Server, "VerifyCertificate"),
    (Role::Server, "SealTicket"),
    (Role::Server, "OpenCookie"),
];

/// Those that a single connection can come to: a cookie is opened where none was sealed.
const QUESTIONS_OF_ONE_SERVER: &[(Role, &str)] = match &QUESTIONS {
    [questions @ .., _] => questions,
};

/// Everything there is to see of a machine.
fn seen(handshake: &Handshake) -> String {
    format!("{handshake:?}")
}

/// Connects, and then issues a ticket, so that every question is asked; `answer` gets each with its
/// state. A question that comes back stays open.
fn ask_all(mut answer: impl FnMut(Role, Decision) -> Result<Answer, Decision>) -> Pair {
    let mut pair = Setup::stateless().pair();
    pair.run_with(|_| (), &mut answer);
    order_ticket(&mut pair);
    pair.run_with(|_| (), &mut answer);
    pair
}

fn order_ticket(pair: &mut Pair) {
    let order = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
    if pair.server.handshake.state() == "Connected" {
        pair.server.handshake.issue_ticket(order).expect("connected");
    }
}

/// The state in which a question is asked.
fn state_of(question: &Decision) -> &'static str {
    match question {
        Decision::VerifyCertificate(_) => "VerifyCertificate",
        Decision::SelectCredential(_) | Decision::SelectClientCredential(_) => "SelectCredential",
        Decision::Sign(_) => "SignCertificateVerify",
        Decision::SealTicket(_) => "SealTicket",
        Decision::SealCookie(_) => "SealCookie",
        Decision::OpenCookie(_) => "OpenCookie",
        other => panic!("a question that no test knows: {other:?}"),
    }
}

#[test]
fn every_question_is_asked_once_in_a_handshake_with_everything() {
    let mut asked = Vec::new();
    let pair = ask_all(|role, question| {
        asked.push((role, state_of(&question)));
        Ok(Identity::example().answer(question))
    });
    assert!(pair.agrees());
    asked.sort_by_key(|asked| QUESTIONS.iter().position(|question| question == asked));
    assert_eq!(asked, QUESTIONS_OF_ONE_SERVER);
}

#[test]
fn every_question_can_be_answered_after_the_peer_has_said_all_it_can() {
    for &(asker, state) in QUESTIONS_OF_ONE_SERVER {
        let mut pair = ask_all(|role, question| {
            if (role, state_of(&question)) == (asker, state) {
                return Err(question);
            }
            Ok(Identity::example().answer(question))
        });
        // By now the peer waits for an answer as well.
        let end = pair.end(asker);
        assert!(end.handshake.is_waiting() && end.handshake.state() == state, "{asker:?} {state}");
        let waiting = seen(&end.handshake);
        end.settle();
        assert_eq!(seen(&end.handshake), waiting, "{asker:?} moves without an answer in {state}");
        // A warning that the peer may cancel is no answer either.
        let epoch = end.handshake.receive_epoch();
        end.handshake.receive_alert(epoch, 1, 90).expect("running");
        let question = end.question.take().expect("a question");
        end.handshake.answer(Identity::example().answer(question)).expect("it is open");
        pair.run(|_| ());
        assert!(pair.agrees(), "{asker:?} answers late in {state}: {pair:?}");
    }
}

#[test]
fn every_question_can_be_answered_on_another_thread() {
    let pair = ask_all(|_, question| {
        let thread = thread::spawn(move || Identity::example().answer(question));
        Ok(thread.join().expect("an answer"))
    });
    assert!(pair.agrees());
}

#[test]
fn a_connection_can_be_moved_to_another_thread_with_its_question_open() {
    for (role, state) in QUESTIONS {
        let mut end = End::reached(role, state);
        let answered = thread::spawn(move || {
            let question = end.question.take().expect("a question");
            end.handshake.answer(Identity::example().answer(question)).expect("it is open");
            end.handshake.state()
        });
        assert_ne!(answered.join().expect("no panic"), state);
    }
}

#[test]
fn questions_and_answers_are_send_and_owned() {
    const fn movable<T: Send + 'static>() {}
    movable::<Decision>();
    movable::<VerifyCertificate>();
    movable::<SelectCredential>();
    movable::<SelectClientCredential>();
    movable::<Sign>();
    movable::<SealTicket>();
    movable::<SealCookie>();
    movable::<OpenCookie>();
    movable::<Answer>();
    movable::<Handshake>();
    movable::<Connection>();
}

#[test]
fn the_bytes_to_sign_are_those_of_the_rfc() {
    let mut signed = 0;
    ask_all(|role, question| {
        if let Decision::Sign(question) = &question {
            let context: &[u8] = match role {
                Role::Client => b"TLS 1.3, client CertificateVerify\0",
                Role::Server => b"TLS 1.3, server CertificateVerify\0",
            };
            let message = question.message();
            assert_eq!(message[..64], [b' '; 64]);
            assert_eq!(message[64..][..context.len()], *context);
            assert_eq!(message.len(), 64 + context.len() + 32);
            let chain = Identity::example().chain.clone();
            assert_eq!(question.certificate(), &OwnCertificate::Chain(chain));
            signed += 1;
        }
        Ok(Identity::example().answer(question))
    });
    assert_eq!(signed, 2);
}

#[test]
fn the_choice_of_a_credential_knows_the_group_and_whether_early_data_is_offered() {
    for (mut setup, group, early_data) in [
        (Setup::default(), NamedGroup::SECP384R1, false),
        (Setup::default(), NamedGroup::X25519, false),
        (Setup::sharing_a_key(true), NamedGroup::X25519, true),
    ] {
        // A provider with hybrids prefers those.
        setup.server.groups = core::iter::once(group).collect();
        let end = setup.pair().stop(Role::Server, "SelectCredential");
        let Some(Decision::SelectCredential(question)) = end.question else {
            panic!("{:?}", end.handshake)
        };
        assert_eq!((question.group(), question.offers_early_data()), (Some(group), early_data));
    }
}
