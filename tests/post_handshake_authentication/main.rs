//! Authentication of the client after the handshake (RFC 9846 §4.7.2).

mod certificates;
mod diagnosed;
mod exchange;
mod interleaved;
mod offer;
mod several;

use countersign::epoch::Role;
use countersign::handshake::Fact;
use countersign::handshake::decision::{Answer, Decision, SelectClientCredential};
use countersign::handshake::event::CertificateRequestId;
use countersign_testing::{End, Identity, Pair, Setup};

/// A client that offers to be asked after the handshake.
fn setup() -> Setup {
    let mut setup = Setup::default();
    setup.client.post_handshake_auth = true;
    setup
}

/// Connects the two ends.
fn connect(setup: Setup) -> Pair {
    let mut pair = setup.pair();
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
    pair
}

type Decided = Result<Answer, Decision>;

fn by_default(question: Decision) -> Decided {
    Ok(Identity::example().answer(question))
}

/// A client that stays without a certificate.
fn declining(_: Role, question: Decision) -> Decided {
    match question {
        Decision::SelectClientCredential(question) => Ok(question.decline()),
        other => by_default(other),
    }
}

/// A client that has yet to choose.
fn undecided(role: Role, question: Decision) -> Decided {
    match role {
        Role::Client => Err(question),
        Role::Server => by_default(question),
    }
}

/// The server asks, and the client's question stays open.
fn ask(pair: &mut Pair, required: bool) -> (CertificateRequestId, SelectClientCredential) {
    let id = pair.server.handshake.request_certificate(required).expect("it is offered");
    pair.run_with(|_| (), undecided);
    match pair.client.question.take() {
        Some(Decision::SelectClientCredential(question)) => (id, question),
        other => panic!("{other:?}"),
    }
}

/// The client's answer, which nobody has taken yet.
fn choose(end: &mut End, question: SelectClientCredential) {
    let question = Decision::SelectClientCredential(question);
    end.handshake.answer(Identity::example().answer(question)).expect("it is open");
}

/// Which requests were answered, and whether with a certificate.
fn answered(server: &End) -> Vec<(CertificateRequestId, bool)> {
    let facts = server.observed.facts.iter();
    facts
        .filter_map(|fact| match fact {
            Fact::PostHandshakeAuthentication { request, certificate } => {
                Some((*request, certificate.is_some()))
            }
            _ => None,
        })
        .collect()
}
