//! What both implementations have, in every combination.

use countersign::codec::Vector;
use countersign::handshake::Fact;
use countersign::handshake::client_authentication::ClientAuthenticationState;
use countersign::handshake::config::ClientAuthentication;
use countersign::message::ProtocolName;
use countersign::registry::{CipherSuite, NamedGroup};
use countersign_testing::pki::{Authority, Issued, NAME, vector_key};
use countersign_testing::{Client, Server, THEIR_HYBRIDS};
use proptest::prelude::*;
use rcgen::{PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use rustls::crypto::ring::cipher_suite::{
    TLS13_AES_128_GCM_SHA256, TLS13_AES_256_GCM_SHA384, TLS13_CHACHA20_POLY1305_SHA256,
};
use rustls::crypto::ring::kx_group::{SECP256R1, SECP384R1, X25519};
use rustls::crypto::{CryptoProvider, SupportedKxGroup};
use std::io::Write;
use std::sync::Arc;

use crate::meeting::{Asking, Meeting, client_config, provider, server_config};

const SUITES: [(CipherSuite, rustls::SupportedCipherSuite); 3] = [
    (CipherSuite::TLS_AES_128_GCM_SHA256, TLS13_AES_128_GCM_SHA256),
    (CipherSuite::TLS_AES_256_GCM_SHA384, TLS13_AES_256_GCM_SHA384),
    (CipherSuite::TLS_CHACHA20_POLY1305_SHA256, TLS13_CHACHA20_POLY1305_SHA256),
];

const GROUPS: [(NamedGroup, &dyn SupportedKxGroup); 3] = [
    (NamedGroup::X25519, X25519),
    (NamedGroup::SECP256R1, SECP256R1),
    (NamedGroup::SECP384R1, SECP384R1),
];

/// Every suite with every group, hybrids where rustls has them, and a provider of theirs that has no other.
fn combinations() -> impl Iterator<Item = (CipherSuite, NamedGroup, Arc<CryptoProvider>)> {
    SUITES.into_iter().flat_map(|(suite, their_suite)| {
        GROUPS.iter().chain(THEIR_HYBRIDS).map(move |&(group, their_group)| {
            let provider = provider(|provider| {
                provider.cipher_suites = vec![their_suite];
                provider.kx_groups = vec![their_group];
            });
            (suite, group, provider)
        })
    })
}

#[test]
fn client_connects_with_every_suite_and_group() {
    let root = Authority::root("root");
    let identity = root.issue(|_| {});
    for (suite, group, provider) in combinations() {
        let theirs = server_config(&identity, Asking::Nobody, provider);
        let mut meeting = Meeting::with_server(Client::trusting(&root), theirs);
        meeting.run();
        meeting.agrees();
        let negotiated = meeting.negotiated();
        assert_eq!((negotiated.cipher_suite, negotiated.group), (suite, Some(group)));
        // All have to be asked for but the first of our groups, which may be a hybrid, and of curves.
        let with_share = [countersign_testing::provider().groups[0].id(), NamedGroup::X25519];
        let retried = meeting.learned(|fact| matches!(fact, Fact::Retried));
        assert_eq!(retried, !with_share.contains(&group));
    }
}

#[test]
fn server_connects_with_every_suite_and_group() {
    let root = Authority::root("root");
    for (suite, group, provider) in combinations() {
        let theirs = client_config(&root, None, provider);
        let server = Server::known_by(root.issue(|_| {}).credential());
        let mut meeting = Meeting::with_client(server, theirs);
        meeting.run();
        meeting.agrees();
        let negotiated = meeting.negotiated();
        assert_eq!((negotiated.cipher_suite, negotiated.group), (suite, Some(group)));
    }
}

#[test]
fn server_asks_for_a_share_of_its_own_group_with_a_cookie_or_without() {
    let root = Authority::root("root");
    for cookie_bytes in [0, 1, 32, 255] {
        let theirs = client_config(&root, None, provider(|_| ()));
        let mut server = Server::known_by(root.issue(|_| {}).credential());
        server.config.groups = Vector::from_iter([NamedGroup::SECP384R1]);
        server.config.cookie_bytes = cookie_bytes;
        let mut meeting = Meeting::with_client(server, theirs);
        meeting.run();
        meeting.agrees();
        assert!(meeting.learned(|fact| matches!(fact, Fact::Retried)));
        assert_eq!(meeting.negotiated().group, Some(NamedGroup::SECP384R1));
    }
}

#[test]
fn both_ends_put_reserved_values_among_their_offers() {
    let root = Authority::root("root");
    let identity = root.issue(|_| {});
    for groups in [GROUPS.map(|(_, theirs)| theirs).to_vec(), vec![SECP384R1]] {
        let theirs = provider(|provider| provider.kx_groups = groups);
        let mut client = Client::trusting(&root).with(identity.credential());
        client.config.grease = true;
        let config = server_config(&identity, Asking::Require(&root), theirs);
        let mut meeting = Meeting::with_server(client, config);
        meeting.run();
        meeting.agrees();
    }
    let mut server = Server::known_by(identity.credential());
    server = server.asking(&root, ClientAuthentication::Require);
    server.config.grease = true;
    let theirs = client_config(&root, Some(&identity), provider(|_| ()));
    let mut meeting = Meeting::with_client(server, theirs);
    meeting.run();
    meeting.agrees();
}

/// A certificate for each kind of key that rustls can have.
fn identities(root: &Authority) -> Vec<(&'static str, Issued)> {
    vec![
        ("P-256", root.issue(|_| {})),
        ("P-384", root.issue_for(&PKCS_ECDSA_P384_SHA384, &[NAME])),
        ("Ed25519", root.issue_for(&PKCS_ED25519, &[NAME])),
        ("RSA", root.issue_to(vector_key("rsa-2048.key.pem"), |_| {})),
        ("P-256, with an intermediate", root.intermediate("intermediate").issue(|_| {})),
    ]
}

#[test]
fn both_ends_authenticate_with_every_kind_of_certificate() {
    let root = Authority::root("root");
    for ((kind, ours), (_, theirs)) in identities(&root).iter().zip(identities(&root)) {
        let config = server_config(&theirs, Asking::Require(&root), provider(|_| ()));
        let client = Client::trusting(&root).with(ours.credential());
        let mut meeting = Meeting::with_server(client, config);
        meeting.run();
        meeting.agrees();
        assert_eq!(meeting.theirs.peer_certificates(), Some(&ours.chain[..]), "{kind}");

        let config = client_config(&root, Some(&theirs), provider(|_| ()));
        let server = Server::known_by(ours.credential());
        let server = server.asking(&root, ClientAuthentication::Require);
        let mut meeting = Meeting::with_client(server, config);
        meeting.run();
        meeting.agrees();
        assert_eq!(meeting.theirs.peer_certificates(), Some(&ours.chain[..]), "{kind}");
    }
}

#[test]
fn client_may_stay_without_a_certificate_where_it_is_optional() {
    let root = Authority::root("root");
    let theirs = server_config(&root.issue(|_| {}), Asking::Request(&root), provider(|_| ()));
    let mut meeting = Meeting::with_server(Client::trusting(&root), theirs);
    meeting.run();
    meeting.agrees();
    assert_eq!(meeting.theirs.peer_certificates(), None);
    // Tickets come only after the client's Finished.
    assert!(meeting.learned(|fact| matches!(fact, Fact::Ticket(_))));
    assert!(meeting.learned(|fact| matches!(
        fact,
        Fact::ClientAuthentication(ClientAuthenticationState::Processed(..))
    )));

    let theirs = client_config(&root, None, provider(|_| ()));
    let server = Server::known_by(root.issue(|_| {}).credential());
    let server = server.asking(&root, ClientAuthentication::Request);
    let mut meeting = Meeting::with_client(server, theirs);
    meeting.run();
    meeting.agrees();
}

#[test]
fn both_ends_agree_on_the_first_protocol_that_the_server_has() {
    let root = Authority::root("root");
    let names = || [&b"h2"[..], b"http/1.1"];
    let theirs = |config: &mut Vec<Vec<u8>>| *config = vec![b"http/1.1".into(), b"h2".into()];

    let mut config = server_config(&root.issue(|_| {}), Asking::Nobody, provider(|_| ()));
    theirs(&mut config.alpn_protocols);
    let mut client = Client::trusting(&root);
    client.config.application_layer_protocols = names().map(ProtocolName).into_iter().collect();
    let mut meeting = Meeting::with_server(client, config);
    meeting.run();
    meeting.agrees();
    assert_eq!(meeting.negotiated().application_layer_protocol.as_deref(), Some(&b"http/1.1"[..]));
    assert_eq!(meeting.theirs.alpn_protocol(), Some(&b"http/1.1"[..]));

    let mut config = client_config(&root, None, provider(|_| ()));
    theirs(&mut config.alpn_protocols);
    let mut server = Server::known_by(root.issue(|_| {}).credential());
    server.policy.application_layer_protocols = names().map(<[u8]>::to_vec).into();
    let mut meeting = Meeting::with_client(server, config);
    meeting.run();
    meeting.agrees();
    assert_eq!(meeting.negotiated().application_layer_protocol.as_deref(), Some(&b"h2"[..]));
    assert_eq!(meeting.theirs.alpn_protocol(), Some(&b"h2"[..]));
}

/// A connection in either role, without client certificates.
fn either_way(root: &Authority) -> [Meeting; 2] {
    let identity = root.issue(|_| {});
    let theirs = server_config(&identity, Asking::Nobody, provider(|_| ()));
    let server = Server::known_by(identity.credential());
    [
        Meeting::with_server(Client::trusting(root), theirs),
        Meeting::with_client(server, client_config(root, None, provider(|_| ()))),
    ]
}

#[test]
fn keys_are_updated_from_either_end_any_number_of_times() {
    for mut meeting in either_way(&Authority::root("root")) {
        meeting.run();
        for _ in 0..8 {
            meeting.ours.connection.update_keys(true).unwrap();
            meeting.run();
            meeting.theirs.refresh_traffic_keys().unwrap();
            meeting.run();
            meeting.write(b"x");
            meeting.theirs.writer().write_all(b"y").unwrap();
            meeting.run();
        }
        assert_eq!(
            (&meeting.their_data[..], &meeting.ours.data[..]),
            (&[b'x'; 8][..], &[b'y'; 8][..])
        );
        let updates = meeting.ours.facts.iter().filter(|f| matches!(f, Fact::PeerUpdatedKeys));
        // One for each of theirs, and one in answer to each of ours.
        assert_eq!(updates.count(), 16);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn data_arrives_whole_however_it_is_cut(
        ours in proptest::collection::vec(any::<u8>(), 0..70_000),
        theirs in proptest::collection::vec(any::<u8>(), 0..60_000),
        sizes in proptest::collection::vec(1_usize..4_000, 1..50),
    ) {
        for mut meeting in either_way(&Authority::root("root")) {
            let mut sizes = sizes.iter().copied().cycle();
            meeting.run_in_pieces(|| sizes.next().unwrap());
            meeting.write(&ours);
            meeting.theirs.writer().write_all(&theirs).unwrap();
            meeting.run_in_pieces(|| sizes.next().unwrap());
            prop_assert!(meeting.their_data == ours && meeting.ours.data == theirs);
        }
    }
}
