//! Our client, OpenSSL's server.

use std::fs;

use countersign::codec::Vector;
use countersign::handshake::Fact;
use countersign::registry::NamedGroup;
use countersign_testing::Talk;

use crate::{Bench, GROUPS, SUITES, credential, protocols};

#[test]
fn client_connects_with_every_suite_and_group() {
    let Some(bench) = Bench::new() else { return };
    let (_program, address) = bench.s_server(bench.identity(), &["-tls1_3", "-rev"]);
    for (suite, _) in SUITES {
        for (group, _) in GROUPS {
            let mut client = bench.client();
            client.config.cipher_suites = Vector::from_iter([suite]);
            client.config.groups = Vector::from_iter([group]);
            let mut talk = Talk::connect(&client, address).unwrap();
            talk.complete();
            let negotiated = talk.negotiated();
            assert_eq!((negotiated.cipher_suite, negotiated.group), (suite, Some(group)));
            talk.say(b"said\n");
            talk.hear(b"dias\n");
            talk.close();
        }
    }
}

#[test]
fn client_sends_the_share_that_the_server_asks_for() {
    let Some(bench) = Bench::new() else { return };
    for (group, name) in GROUPS {
        let more = ["-tls1_3", "-rev", "-groups", name];
        let (_program, address) = bench.s_server(bench.identity(), &more);
        let client = bench.client();
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.complete();
        assert_eq!(talk.negotiated().group, Some(group));
        let retried = talk.count(|fact| matches!(fact, Fact::Retried));
        assert_eq!(retried, usize::from(group != NamedGroup::X25519));
        talk.close();
    }
}

#[test]
fn client_connects_with_reserved_values_among_its_offers() {
    let Some(bench) = Bench::new() else { return };
    for groups in ["X25519", "P-384"] {
        let more = ["-tls1_3", "-rev", "-alpn", "h2", "-groups", groups];
        let (_program, address) = bench.s_server(bench.identity(), &more);
        let mut client = bench.client();
        client.config.grease = true;
        client.config.application_layer_protocols = protocols(&["h2"]);
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.complete();
        talk.say(b"said\n");
        talk.hear(b"dias\n");
        talk.close();
    }
}

#[test]
fn client_accepts_every_kind_of_certificate() {
    let Some(bench) = Bench::new() else { return };
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let (_program, address) = bench.s_server(identity, &["-tls1_3", "-rev"]);
        let client = bench.client();
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.complete();
        talk.say(b"said\n");
        talk.hear(b"dias\n");
        talk.close();
    }
}

#[test]
fn client_authenticates_with_every_kind_of_certificate() {
    let Some(bench) = Bench::new() else { return };
    let more = ["-tls1_3", "-rev", "-CAfile", &bench.roots_file, "-Verify", "1"];
    let more = [&more[..], &["-verify_return_error"]].concat();
    let (program, address) = bench.s_server(bench.identity(), &more);
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let client = bench.client().with(credential(identity));
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.complete();
        talk.say(b"said\n");
        talk.hear(b"dias\n");
        talk.close();
    }
    program.expect_times("Peer certificate", bench.identities.len());
}

#[test]
fn client_may_stay_without_a_certificate_where_it_is_optional() {
    let Some(bench) = Bench::new() else { return };
    let more = ["-tls1_3", "-rev", "-CAfile", &bench.roots_file, "-verify", "1"];
    let (program, address) = bench.s_server(bench.identity(), &more);
    let client = bench.client();
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    talk.say(b"said\n");
    talk.hear(b"dias\n");
    talk.close();
    program.expect("No peer certificate");
}

#[test]
fn client_agrees_on_an_application_protocol() {
    let Some(bench) = Bench::new() else { return };
    let more = ["-tls1_3", "-rev", "-alpn", "http/1.1,h2"];
    let (_program, address) = bench.s_server(bench.identity(), &more);
    let mut client = bench.client();
    client.config.application_layer_protocols = protocols(&["h2", "http/1.1"]);
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    let protocol = talk.negotiated().application_layer_protocol.as_deref();
    assert_eq!(protocol, Some(&b"http/1.1"[..]));
    talk.close();
}

#[test]
fn client_updates_keys_and_follows_updates() {
    let Some(bench) = Bench::new() else { return };
    let (mut program, address) = bench.s_server(bench.identity(), &["-tls1_3"]);
    let client = bench.client();
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    let updates = |talk: &Talk<'_>| talk.count(|fact| matches!(fact, Fact::PeerUpdatedKeys));
    for (round, (order, answers)) in [("k\n", 0), ("K\n", 1), ("K\n", 1)].iter().enumerate() {
        let before = updates(&talk);
        program.tell(order.as_bytes());
        talk.until(|talk| updates(talk) == before + 1);
        // If the server has asked for an update of ours, it goes ahead of these words.
        talk.say(format!("ours {round}, {answers}\n").as_bytes());
        program.expect(&format!("ours {round}, {answers}\n"));
        talk.connection().update_keys(true).unwrap();
        talk.say(format!("again {round}\n").as_bytes());
        program.expect(&format!("again {round}\n"));
        // OpenSSL too sends the update that it owes ahead of its next words.
        program.tell(format!("theirs {round}\n").as_bytes());
        talk.hear(format!("theirs {round}\n").as_bytes());
        assert_eq!(updates(&talk), before + 2);
    }
    program.tell(b"Q\n");
    talk.end();
}

#[test]
fn client_takes_tickets_and_exports_what_the_server_exports() {
    let Some(bench) = Bench::new() else { return };
    let more = ["-tls1_3", "-keymatexport", "EXPORTER-test", "-keymatexportlen", "32"];
    let (program, address) = bench.s_server(bench.identity(), &more);
    let client = bench.client();
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    talk.until(|talk| talk.count(|fact| matches!(fact, Fact::Ticket(_))) == 2);
    let mut material = [0; 32];
    talk.connection().exporter("EXPORTER-test", &[], &mut material).unwrap();
    let hex: String = material.iter().map(|byte| format!("{byte:02X}")).collect();
    program.expect(&format!("Keying material: {hex}"));
    talk.close();
}

#[test]
fn client_logs_the_keys_that_the_server_logs() {
    let Some(bench) = Bench::new() else { return };
    let theirs = bench.folder.path("theirs");
    let more = ["-tls1_3", "-rev", "-keylogfile", theirs.to_str().unwrap()];
    let (_program, address) = bench.s_server(bench.identity(), &more);
    let ours = bench.folder.path("ours");
    let client = bench.client();
    let mut talk = Talk::connect_with_key_log(&client, address, &ours).unwrap();
    talk.complete();
    talk.say(b"said\n");
    talk.hear(b"dias\n");
    talk.close();
    let (ours, theirs) = (fs::read_to_string(ours).unwrap(), fs::read_to_string(theirs).unwrap());
    assert_eq!(ours.lines().count(), 4);
    assert!(ours.lines().all(|line| theirs.lines().any(|other| line == other)), "{ours}\n{theirs}");
}
