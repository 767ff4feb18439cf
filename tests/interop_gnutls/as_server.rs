//! Our server, GnuTLS's client.

use countersign::codec::Vector;
use countersign::diagnosis::{Cause as Meaning, Class};
use countersign::failure::Cause;
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::{End, Fact};
use countersign::registry::NamedGroup;
use countersign_testing::pki::Authority;
use countersign_testing::{Program, Server, Talk};

use crate::{Bench, GROUPS, SUITES, credential, listener, priority};

/// Words both ways, and an end in order, begun by the client.
pub(crate) fn converse(mut talk: Talk<'_>, mut program: Program) {
    talk.complete();
    program.tell(b"theirs\n");
    talk.hear(b"theirs\n");
    talk.say(b"ours\n");
    program.expect("ours\n");
    program.hush();
    talk.until(|talk| talk.count(|fact| matches!(fact, Fact::PeerClosed)) == 1);
    talk.connection().close().unwrap();
    assert_eq!(talk.end(), End::Closed);
}

#[test]
fn server_connects_with_every_suite_and_group() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    for (suite, suite_name) in SUITES {
        for (group, group_name) in GROUPS {
            let program = bench.gnutls_cli(&listener, &[&priority(&[suite_name, group_name])]);
            let mut talk = Talk::accept(&server, &listener).unwrap();
            talk.complete();
            let negotiated = talk.negotiated();
            assert_eq!((negotiated.cipher_suite, negotiated.group), (suite, Some(group)));
            converse(talk, program);
        }
    }
}

#[test]
fn server_asks_for_a_share_of_its_own_group() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for cookie_bytes in [0, 32] {
        let mut server = bench.server(bench.identity());
        server.config.groups = Vector::from_iter([NamedGroup::SECP384R1]);
        server.config.cookie_bytes = cookie_bytes;
        let program = bench.gnutls_cli(&listener, &["--single-key-share"]);
        let mut talk = Talk::accept(&server, &listener).unwrap();
        talk.complete();
        assert_eq!(talk.count(|fact| matches!(fact, Fact::Retried)), 1);
        assert_eq!(talk.negotiated().group, Some(NamedGroup::SECP384R1));
        converse(talk, program);
    }
}

#[test]
fn server_is_accepted_with_every_kind_of_certificate() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let server = bench.server(identity);
        let program = bench.gnutls_cli(&listener, &[]);
        converse(Talk::accept(&server, &listener).unwrap(), program);
    }
}

#[test]
fn server_accepts_clients_with_every_kind_of_certificate() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    let mut server = bench.server(bench.identity());
    server.config.client_authentication = ClientAuthentication::Require;
    server.policy.client_roots = Some(bench.trust());
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let identity = bench.folder.put("client.pem", identity);
        let more = ["--x509certfile", &identity, "--x509keyfile", &identity];
        let program = bench.gnutls_cli(&listener, &more);
        converse(Talk::accept(&server, &listener).unwrap(), program);
    }
}

#[test]
fn server_follows_key_updates() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let mut program = bench.gnutls_cli(&listener, &["--inline-commands"]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    let updates = |talk: &Talk<'_>| talk.count(|fact| matches!(fact, Fact::PeerUpdatedKeys));
    for (round, order) in (1..).zip(["^rekey1^\n", "^rekey^\n", "^rekey1^\n"]) {
        program.tell(order.as_bytes());
        talk.until(|talk| updates(talk) == round);
        talk.say(format!("ours {round}\n").as_bytes());
        program.expect(&format!("ours {round}\n"));
    }
    converse(talk, program);
}

/// Meets a `gnutls-cli` that we refuse: our cause, and the alert that the client reports.
fn refuses(bench: &Bench, server: &Server, more: &[&str], (cause, alert): (Cause, u8)) {
    let listener = listener();
    let program = bench.gnutls_cli(&listener, more);
    let mut talk = Talk::accept(server, &listener).unwrap();
    assert_eq!(talk.failure(), cause);
    talk.leave();
    program.expect(&format!("Received alert [{alert}]"));
    assert!(!program.finish().0);
}

#[test]
fn client_learns_why_it_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let mut server = bench.server(bench.identity());
    server.config.client_authentication = ClientAuthentication::Require;
    server.policy.client_roots = Some(bench.trust());
    refuses(&bench, &server, &[], (Cause::ClientCertificateMissing, 116));
    for (identity, expected) in [
        (bench.expired(), (Cause::CertificateExpired, 45)),
        (Authority::root("other").issue(|_| {}), (Cause::CertificateAuthorityUnknown, 48)),
    ] {
        let identity = bench.folder.put("client.pem", identity.pem());
        let more = ["--x509certfile", &identity, "--x509keyfile", &identity];
        refuses(&bench, &server, &more, expected);
    }
    // The certificate is valid, and nobody is let in.
    server.policy.client_roots = None;
    let identity = bench.folder.put("client.pem", bench.identity());
    let more = ["--x509certfile", &identity, "--x509keyfile", &identity];
    refuses(&bench, &server, &more, (Cause::ClientDenied, 49));
}

#[test]
fn client_learns_why_its_offer_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let other = bench.root.issue(|params| params.subject_alt_names.clear());
    let mut server = Server::known_by(credential(&other.pem()));
    server.policy.require_known_name = true;
    refuses(&bench, &server, &[], (Cause::NameNotServed, 112));

    let mut server = bench.server(bench.identity());
    server.policy.application_layer_protocols = vec![b"imap".to_vec()];
    refuses(&bench, &server, &["--alpn", "h2"], (Cause::NoCommonApplicationProtocol, 120));

    let server = bench.server(bench.identity());
    let more = [&priority(&["-GROUP-ALL:+GROUP-SECP521R1"])[..]];
    refuses(&bench, &server, &more, (Cause::NoCommonGroup, 40));
}

#[test]
fn server_learns_that_its_certificate_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for identity in [bench.expired(), Authority::root("other").issue(|_| {})] {
        let server = bench.server(&identity.pem());
        let _program = bench.gnutls_cli(&listener, &[]);
        let mut talk = Talk::accept(&server, &listener).unwrap();
        let refusal = talk.refusal();
        let diagnosis = refusal.diagnose();
        assert!(matches!(diagnosis.cause, Meaning::ServerCertificateUnacceptable(_)));
        assert_eq!(diagnosis.class, Class::Credential);
    }
}
