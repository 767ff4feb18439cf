//! Our server, OpenSSL's client.

use countersign::codec::Vector;
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::event::NewTicket;
use countersign::handshake::{End, Fact};
use countersign::registry::NamedGroup;
use countersign_testing::{Program, Talk};

use crate::{Bench, GROUPS, SUITES, listener};

/// Words both ways, and an end in order, begun by the client.
pub(crate) fn converse(mut talk: Talk<'_>, mut program: Program) {
    talk.complete();
    program.tell(b"theirs\n");
    talk.hear(b"theirs\n");
    talk.say(b"ours\n");
    program.expect("ours\n");
    program.tell(b"Q\n");
    talk.until(|talk| talk.count(|fact| matches!(fact, Fact::PeerClosed)) == 1);
    talk.connection().close().unwrap();
    assert_eq!(talk.end(), End::Closed);
    // The client waits for the socket to close.
    drop(talk);
    assert!(program.finish().0);
}

#[test]
fn server_connects_with_every_suite_and_group() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    for (suite, suite_name) in SUITES {
        for (group, group_name) in GROUPS {
            let more = ["-CAfile", &bench.roots_file, "-ciphersuites", suite_name];
            let more = [&more[..], &["-groups", group_name]].concat();
            let program = bench.s_client(&listener, &more);
            let mut talk = Talk::accept(&server, &listener).unwrap();
            talk.complete();
            let negotiated = talk.negotiated();
            assert_eq!((negotiated.cipher_suite, negotiated.group), (suite, Some(group)));
            converse(talk, program);
        }
    }
}

#[test]
fn server_asks_for_a_share_of_its_own_group_with_a_cookie_or_without() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for cookie_bytes in [0, 32, 255] {
        let mut server = bench.server(bench.identity());
        server.config.groups = Vector::from_iter([NamedGroup::SECP384R1]);
        server.config.cookie_bytes = cookie_bytes;
        let more = ["-CAfile", &bench.roots_file, "-groups", "X25519:P-384"];
        let program = bench.s_client(&listener, &more);
        let mut talk = Talk::accept(&server, &listener).unwrap();
        talk.complete();
        assert_eq!(talk.count(|fact| matches!(fact, Fact::Retried)), 1);
        assert_eq!(talk.negotiated().group, Some(NamedGroup::SECP384R1));
        converse(talk, program);
    }
}

#[test]
fn server_requests_certificates_and_issues_tickets_with_reserved_values() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    let mut server = bench.server(bench.identity());
    server = server.asking(&bench.root, ClientAuthentication::Request);
    server.config.grease = true;
    let program = bench.s_client(&listener, &["-CAfile", &bench.roots_file]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    let order = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
    talk.connection().issue_ticket(order).unwrap();
    converse(talk, program);
}

#[test]
fn server_is_accepted_with_every_kind_of_certificate() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let server = bench.server(identity);
        let program = bench.s_client(&listener, &["-CAfile", &bench.roots_file]);
        let talk = Talk::accept(&server, &listener).unwrap();
        converse(talk, program);
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
        let more = ["-CAfile", &bench.roots_file, "-cert", &identity, "-key", &identity];
        let program = bench.s_client(&listener, &more);
        let talk = Talk::accept(&server, &listener).unwrap();
        converse(talk, program);
    }
}

#[test]
fn server_goes_on_without_a_certificate_where_it_is_optional() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    let mut server = bench.server(bench.identity());
    server.config.client_authentication = ClientAuthentication::Request;
    server.policy.client_roots = Some(bench.trust());
    let program = bench.s_client(&listener, &["-CAfile", &bench.roots_file]);
    let talk = Talk::accept(&server, &listener).unwrap();
    converse(talk, program);
}

#[test]
fn server_agrees_on_an_application_protocol() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    let mut server = bench.server(bench.identity());
    server.policy.application_layer_protocols = vec![b"http/1.1".to_vec(), b"h2".to_vec()];
    let more = ["-CAfile", &bench.roots_file, "-alpn", "h2,http/1.1"];
    let program = bench.s_client(&listener, &more);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    program.expect("ALPN protocol: http/1.1");
    let protocol = talk.negotiated().application_layer_protocol.as_deref();
    assert_eq!(protocol, Some(&b"http/1.1"[..]));
    converse(talk, program);
}

#[test]
fn server_updates_keys_and_follows_updates() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let mut program = bench.s_client(&listener, &["-CAfile", &bench.roots_file]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    let updates = |talk: &Talk<'_>| talk.count(|fact| matches!(fact, Fact::PeerUpdatedKeys));
    for (round, order) in ["k\n", "K\n", "K\n"].iter().enumerate() {
        let before = updates(&talk);
        // OpenSSL's client sends an update ahead of its next words, not before.
        program.tell(order.as_bytes());
        program.expect(&"KEYUPDATE\n".repeat(round + 1));
        program.tell(format!("theirs {round}\n").as_bytes());
        talk.hear(format!("theirs {round}\n").as_bytes());
        assert_eq!(updates(&talk), before + 1);
        talk.connection().update_keys(true).unwrap();
        talk.say(format!("ours {round}\n").as_bytes());
        program.expect(&format!("ours {round}\n"));
        program.tell(b"again\n");
        talk.hear(b"again\n");
        assert_eq!(updates(&talk), before + 2);
    }
    converse(talk, program);
}

#[test]
fn server_exports_what_the_client_exports() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let more = ["-CAfile", &bench.roots_file, "-keymatexport", "EXPORTER-test"];
    let more = [&more[..], &["-keymatexportlen", "32"]].concat();
    let program = bench.s_client(&listener, &more);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    let mut material = [0; 32];
    talk.connection().exporter("EXPORTER-test", &[], &mut material).unwrap();
    let hex: String = material.iter().map(|byte| format!("{byte:02X}")).collect();
    program.expect(&format!("Keying material: {hex}"));
    converse(talk, program);
}

#[test]
fn client_that_comes_back_with_a_ticket_and_early_data_is_served_in_full() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let session = bench.folder.path("session");
    let session = session.to_str().unwrap();
    let program = bench.s_client(&listener, &["-CAfile", &bench.roots_file, "-sess_out", session]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    let order = NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: Some(4_096) };
    talk.connection().issue_ticket(order).unwrap();
    converse(talk, program);

    let early = bench.folder.put("early", "early, and not to be read\n");
    let more = ["-CAfile", &bench.roots_file, "-sess_in", session, "-early_data", &early];
    let program = bench.s_client(&listener, &more);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    assert_eq!(talk.count(|fact| matches!(fact, Fact::EarlyDataRejected)), 1);
    program.expect("Early data was rejected");
    converse(talk, program);
}
