//! Hybrid groups, where both libraries have them: ours with the feature `mlkem` or `aws-lc-rs`,
//! OpenSSL from version 3.5 on. A version without them is no fault of the build's, so it is told in
//! CI as well, and not a failure.

use std::process::Command;

use countersign::codec::Vector;
use countersign::handshake::Fact;
use countersign::registry::NamedGroup;
use countersign_testing::{Talk, provider, skipped};

use crate::as_server::converse;
use crate::{Bench, listener};

const HYBRIDS: [(NamedGroup, &str); 2] = [
    (NamedGroup::X25519MLKEM768, "X25519MLKEM768"),
    (NamedGroup::SECP256R1MLKEM768, "SecP256r1MLKEM768"),
];

/// The hybrids that both have.
fn hybrids() -> Vec<(NamedGroup, &'static str)> {
    let list = Command::new("openssl").args(["list", "-kem-algorithms"]).output().unwrap();
    let theirs = String::from_utf8(list.stdout).unwrap();
    let ours = provider();
    let mut common = Vec::new();
    for (group, name) in HYBRIDS {
        match (ours.group(group), theirs.contains(name)) {
            (Some(_), true) => common.push((group, name)),
            (None, _) => skipped(&format!("{name} is not among the features of this build")),
            (_, false) => skipped(&format!("{name} is not in this version of openssl")),
        }
    }
    common
}

#[test]
fn client_connects_with_every_hybrid_at_once_or_when_asked() {
    let Some(bench) = Bench::new() else { return };
    for (group, name) in hybrids() {
        let more = ["-tls1_3", "-rev", "-groups", name];
        let (_program, address) = bench.s_server(bench.identity(), &more);
        for groups in [vec![group], vec![NamedGroup::X25519, group]] {
            let mut client = bench.client();
            client.config.groups = Vector::from_iter(groups.clone());
            let mut talk = Talk::connect(&client, address).unwrap();
            talk.complete();
            assert_eq!(talk.negotiated().group, Some(group));
            let retried = talk.count(|fact| matches!(fact, Fact::Retried)) == 1;
            assert_eq!(retried, groups[0] != group);
            talk.say(b"said\n");
            talk.hear(b"dias\n");
            talk.close();
        }
    }
}

#[test]
fn server_connects_with_every_hybrid_at_once_or_when_it_asks() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for (group, name) in hybrids() {
        let mut server = bench.server(bench.identity());
        server.config.groups = Vector::from_iter([group]);
        for (offered, asks) in [(String::from(name), false), (format!("X25519:{name}"), true)] {
            let more = ["-CAfile", &bench.roots_file, "-groups", &offered];
            let program = bench.s_client(&listener, &more);
            let mut talk = Talk::accept(&server, &listener).unwrap();
            talk.complete();
            assert_eq!(talk.negotiated().group, Some(group));
            assert_eq!(talk.count(|fact| matches!(fact, Fact::Retried)) == 1, asks);
            converse(talk, program);
        }
    }
}
