//! Clients that authenticate after the handshake, each way round.

use std::net::SocketAddr;

use countersign::diagnosis::Cause as Meaning;
use countersign::failure::{Cause, Misuse};
use countersign::handshake::Fact;
use countersign::handshake::client_authentication::{ClientAuthenticationState, Reply};
use countersign_testing::{Client, Talk};

use crate::as_server::converse;
use crate::{Bench, credential, listener};

/// What `gnutls-serv` takes for an order to ask, and does not echo.
const ASK: &[u8] = b"**REAUTH**\n";

/// Our client, once it has replied so to `gnutls-serv`.
fn replied<'c>(client: &'c Client, address: SocketAddr, reply: Reply) -> Talk<'c> {
    let mut talk = Talk::connect(client, address).unwrap();
    talk.complete();
    talk.say(ASK);
    let pending = ClientAuthenticationState::Pending(reply);
    talk.until(|talk| {
        talk.count(|fact| matches!(fact, Fact::ClientAuthentication(state) if *state == pending))
            == 1
    });
    talk
}

#[test]
fn client_authenticates_with_every_kind_of_certificate() {
    let Some(bench) = Bench::new() else { return };
    let more = ["--disable-client-cert", "--x509cafile", &bench.roots_file];
    let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let mut client = bench.client().with(credential(identity));
        client.config.post_handshake_auth = true;
        let mut talk = replied(&client, address, Reply::Sent);
        talk.connection().update_keys(true).unwrap();
        talk.say(b"said\n");
        talk.hear(b"said\n");
        talk.close();
    }
}

#[test]
fn client_without_a_certificate_learns_that_the_server_requires_one() {
    let Some(bench) = Bench::new() else { return };
    let (_program, address) = bench.gnutls_serv(bench.identity(), &["--disable-client-cert"]);
    let mut client = bench.client();
    client.config.post_handshake_auth = true;
    let refusal = replied(&client, address, Reply::Declined).refusal();
    let meaning = refusal.diagnose().cause;
    assert_eq!((refusal.alert.0, meaning), (116, Meaning::ClientCertificateRequired));
}

#[test]
fn server_asks_clients_with_every_kind_of_certificate() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    let mut server = bench.server(bench.identity());
    server.policy.client_roots = Some(bench.trust());
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let identity = bench.folder.put("client.pem", identity);
        let more = ["--x509certfile", &identity, "--x509keyfile", &identity];
        let more = [&more[..], &["--post-handshake-auth"]].concat();
        let program = bench.gnutls_cli(&listener, &more);
        let mut talk = Talk::accept(&server, &listener).unwrap();
        talk.complete();
        for round in 1..=2 {
            talk.connection().request_certificate(true).unwrap();
            talk.until(|talk| {
                talk.count(|fact| {
                    matches!(fact, Fact::PostHandshakeAuthentication { certificate: Some(_), .. })
                }) == round
            });
            program.expect_times("Re-auth was performed", round);
        }
        converse(talk, program);
    }
}

#[test]
fn client_without_a_certificate_learns_that_it_is_required() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let program = bench.gnutls_cli(&listener, &["--post-handshake-auth"]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    talk.connection().request_certificate(true).unwrap();
    assert_eq!(talk.failure(), Cause::ClientCertificateMissing);
    talk.leave();
    program.expect("Received alert [116]");
}

#[test]
fn server_does_not_ask_a_client_that_has_not_offered_it() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let program = bench.gnutls_cli(&listener, &[]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    assert_eq!(talk.connection().request_certificate(true), Err(Misuse::NotOffered));
    converse(talk, program);
}
