//! Clients that authenticate after the handshake, each way round.

use countersign::diagnosis::{Cause as Meaning, CertificateFault};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::Fact;
use countersign::handshake::client_authentication::{ClientAuthenticationState, Reply};
use countersign::handshake::event::CertificateRequestId;
use countersign_testing::pki::Authority;
use countersign_testing::{Client, Talk};

use crate::as_server::converse;
use crate::{Bench, credential, listener};

/// Lets itself be asked after the handshake.
fn asked_later(bench: &Bench) -> Client {
    let mut client = bench.client();
    client.config.post_handshake_auth = true;
    client
}

fn has_replied(talk: &Talk<'_>, expected: Reply) -> bool {
    let pending = ClientAuthenticationState::Pending(expected);
    talk.count(|fact| matches!(fact, Fact::ClientAuthentication(state) if *state == pending)) > 0
}

#[test]
fn client_authenticates_with_every_kind_of_certificate_in_the_midst_of_data_and_updates() {
    let Some(bench) = Bench::new() else { return };
    // Without -CAfile the server names no authority, so that we show what we have.
    let more = ["-tls1_3", "-verifyCAfile", &bench.roots_file, "-verify_return_error"];
    let (mut program, address) = bench.s_server(bench.identity(), &more);
    let mut verified = 0;
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let client = asked_later(&bench).with(credential(identity));
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.complete();
        for orders in ["c\n", "K\nc\n"] {
            for order in orders.split_inclusive('\n') {
                program.tell(order.as_bytes());
                // It takes whatever is on its standard input for one order.
                let before = talk.count(|fact| matches!(fact, Fact::PeerUpdatedKeys));
                match order {
                    "K\n" => talk.until(|talk| {
                        talk.count(|fact| matches!(fact, Fact::PeerUpdatedKeys)) > before
                    }),
                    _ => talk.until(|talk| has_replied(talk, Reply::Sent)),
                }
            }
            talk.connection().update_keys(true).unwrap();
            let words = format!("{kind}, after {}\n", orders.escape_default());
            talk.say(words.as_bytes());
            program.expect(&words);
            program.tell(b"theirs\n");
            talk.hear(b"theirs\n");
        }
        verified += 2;
        program.expect_times("depth=0", verified);
        program.tell(b"q\n");
        talk.end();
    }
}

#[test]
fn client_may_stay_without_a_certificate() {
    let Some(bench) = Bench::new() else { return };
    let (mut program, address) = bench.s_server(bench.identity(), &["-tls1_3"]);
    let client = asked_later(&bench);
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    program.tell(b"c\n");
    talk.until(|talk| has_replied(talk, Reply::Declined));
    talk.say(b"without a certificate\n");
    program.expect("without a certificate\n");
}

#[test]
fn client_learns_why_its_certificate_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let more = ["-tls1_3", "-verifyCAfile", &bench.roots_file, "-verify_return_error"];
    for (identity, alert, fault) in [
        (bench.expired(), 45, CertificateFault::Expired),
        (Authority::root("other").issue(|_| {}), 48, CertificateFault::UnknownCa),
    ] {
        let (mut program, address) = bench.s_server(bench.identity(), &more);
        let client = asked_later(&bench).with(identity.credential());
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.complete();
        program.tell(b"c\n");
        let refusal = talk.refusal();
        let meaning = Meaning::ClientCertificateUnacceptable(fault);
        assert_eq!((refusal.alert.0, refusal.diagnose().cause), (alert, meaning));
        assert_eq!(refusal.state, "Connected");
    }
}

/// How a request was answered, if it was: whether with a certificate.
fn answer(talk: &Talk<'_>, id: CertificateRequestId) -> Option<bool> {
    talk.facts.iter().find_map(|fact| match fact {
        Fact::PostHandshakeAuthentication { request, certificate } if *request == id => {
            Some(certificate.is_some())
        }
        _ => None,
    })
}

#[test]
fn server_asks_clients_with_every_kind_of_certificate_more_than_once() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    let mut server = bench.server(bench.identity());
    server.policy.client_roots = Some(bench.trust());
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let identity = bench.folder.put("client.pem", identity);
        let more = ["-CAfile", &bench.roots_file, "-cert", &identity, "-key", &identity];
        let program = bench.s_client(&listener, &[&more[..], &["-enable_pha"]].concat());
        let mut talk = Talk::accept(&server, &listener).unwrap();
        talk.complete();
        for _ in 0..2 {
            let ids = [(); 2].map(|()| talk.connection().request_certificate(true).unwrap());
            talk.connection().update_keys(false).unwrap();
            talk.until(|talk| ids.iter().all(|id| answer(talk, *id) == Some(true)));
        }
        converse(talk, program);
    }
}

#[test]
fn server_goes_on_without_a_certificate_or_refuses() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let program = bench.s_client(&listener, &["-CAfile", &bench.roots_file, "-enable_pha"]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    let id = talk.connection().request_certificate(false).unwrap();
    talk.until(|talk| answer(talk, id) == Some(false));
    talk.connection().request_certificate(true).unwrap();
    assert_eq!(talk.failure(), Cause::ClientCertificateMissing);
    talk.leave();
    program.expect("alert number 116");
}

#[test]
fn server_does_not_ask_a_client_that_has_not_offered_it() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let program = bench.s_client(&listener, &["-CAfile", &bench.roots_file]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    assert_eq!(talk.connection().request_certificate(true), Err(Misuse::NotOffered));
    converse(talk, program);
}
