//! Our client, GnuTLS's server.

use countersign::codec::Vector;
use countersign::diagnosis::Cause as Meaning;
use countersign::failure::Cause;
use countersign::handshake::Fact;
use countersign::message::ProtocolName;
use countersign::registry::NamedGroup;
use countersign_testing::Talk;
use countersign_testing::pki::Authority;

use crate::{Bench, GROUPS, SUITES, credential, priority};

/// Connects, hears an echo, and leaves.
fn converse(mut talk: Talk<'_>) {
    talk.complete();
    talk.say(b"said\n");
    talk.hear(b"said\n");
    talk.close();
}

#[test]
fn client_connects_with_every_suite_and_group() {
    let Some(bench) = Bench::new() else { return };
    let (_program, address) = bench.gnutls_serv(bench.identity(), &["--disable-client-cert"]);
    for (suite, _) in SUITES {
        for (group, _) in GROUPS {
            let mut client = bench.client();
            client.config.cipher_suites = Vector::from_iter([suite]);
            client.config.groups = Vector::from_iter([group]);
            let mut talk = Talk::connect(&client, address).unwrap();
            talk.complete();
            let negotiated = talk.negotiated();
            assert_eq!((negotiated.cipher_suite, negotiated.group), (suite, Some(group)));
            converse(talk);
        }
    }
}

#[test]
fn client_sends_the_share_that_the_server_asks_for() {
    let Some(bench) = Bench::new() else { return };
    for (group, name) in GROUPS {
        let more = ["--disable-client-cert", &priority(&[name])];
        let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
        let client = bench.client();
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.complete();
        assert_eq!(talk.negotiated().group, Some(group));
        let retried = talk.count(|fact| matches!(fact, Fact::Retried));
        assert_eq!(retried, usize::from(group != NamedGroup::X25519));
        converse(talk);
    }
}

#[test]
fn client_connects_with_reserved_values_among_its_offers() {
    let Some(bench) = Bench::new() else { return };
    // The last of their groups has to be asked for.
    for (_, group) in [GROUPS[0], GROUPS[GROUPS.len() - 1]] {
        let more = ["--disable-client-cert", &priority(&[group])];
        let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
        let mut client = bench.client();
        client.config.grease = true;
        client.config.application_layer_protocols = [ProtocolName(b"h2")].into_iter().collect();
        converse(Talk::connect(&client, address).unwrap());
    }
}

#[test]
fn client_accepts_every_kind_of_certificate() {
    let Some(bench) = Bench::new() else { return };
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let (_program, address) = bench.gnutls_serv(identity, &["--disable-client-cert"]);
        let client = bench.client();
        converse(Talk::connect(&client, address).unwrap());
    }
}

#[test]
fn client_authenticates_with_every_kind_of_certificate() {
    let Some(bench) = Bench::new() else { return };
    let more = ["--require-client-cert", "--verify-client-cert", "--x509cafile", &bench.roots_file];
    let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
    for (kind, identity) in &bench.identities {
        println!("{kind}");
        let client = bench.client().with(credential(identity));
        converse(Talk::connect(&client, address).unwrap());
    }
}

#[test]
fn client_may_stay_without_a_certificate_where_it_is_optional() {
    let Some(bench) = Bench::new() else { return };
    let more = ["--verify-client-cert", "--x509cafile", &bench.roots_file];
    let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
    let client = bench.client();
    converse(Talk::connect(&client, address).unwrap());
}

#[test]
fn client_agrees_on_an_application_protocol_or_hears_that_there_is_none() {
    let Some(bench) = Bench::new() else { return };
    let more = ["--disable-client-cert", "--alpn", "h2", "--alpn-fatal"];
    let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
    let mut client = bench.client();
    client.config.application_layer_protocols = Vector::from_iter([ProtocolName(b"h2")]);
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    let protocol = talk.negotiated().application_layer_protocol.as_deref();
    assert_eq!(protocol, Some(&b"h2"[..]));
    converse(talk);

    client.config.application_layer_protocols = Vector::from_iter([ProtocolName(b"imap")]);
    let mut talk = Talk::connect(&client, address).unwrap();
    let refusal = talk.refusal();
    let meaning = refusal.diagnose().cause;
    assert_eq!((refusal.alert.0, meaning), (120, Meaning::NoCommonApplicationProtocol));
}

#[test]
fn client_names_the_reason_for_which_it_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let more = ["--require-client-cert", "--verify-client-cert", "--x509cafile", &bench.roots_file];
    let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
    // An authority of the same name, for the server says whose certificates it takes.
    let namesake = Authority::root("root").issue(|_| {});
    for (identity, alert, meaning) in [
        (None, 116, Meaning::ClientCertificateRequired),
        // GnuTLS's example server refuses every certificate with this alert.
        (Some(namesake), 49, Meaning::ClientCertificateDenied),
        (Some(bench.expired()), 49, Meaning::ClientCertificateDenied),
    ] {
        let mut client = bench.client();
        client.policy.credentials.extend(identity.map(|identity| identity.credential()));
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.complete();
        // The client does not wait for a verdict before it writes.
        talk.say(b"written at once\n");
        let refusal = talk.refusal();
        assert_eq!((refusal.alert.0, refusal.diagnose().cause), (alert, meaning));
        assert!(refusal.diagnose().authenticated);
    }
}

#[test]
fn client_tells_why_it_refuses_the_servers_certificate() {
    let Some(bench) = Bench::new() else { return };
    let other = Authority::root("other").issue(|_| {});
    for (identity, cause) in
        [(bench.expired(), Cause::CertificateExpired), (other, Cause::CertificateAuthorityUnknown)]
    {
        let (program, address) = bench.gnutls_serv(&identity.pem(), &["--disable-client-cert"]);
        let client = bench.client();
        let mut talk = Talk::connect(&client, address).unwrap();
        assert_eq!(talk.failure(), cause);
        talk.leave();
        program.expect("A TLS fatal alert has been received.");
    }
}

#[test]
fn client_updates_keys() {
    let Some(bench) = Bench::new() else { return };
    let (_program, address) = bench.gnutls_serv(bench.identity(), &["--disable-client-cert"]);
    let client = bench.client();
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    let updates = |talk: &Talk<'_>| talk.count(|fact| matches!(fact, Fact::PeerUpdatedKeys));
    for round in 1..=4 {
        talk.connection().update_keys(true).unwrap();
        talk.say(b"said\n");
        talk.hear(b"said\n");
        assert_eq!(updates(&talk), round);
    }
    converse(talk);
}
