//! Refusals in both directions: which alert goes out, and what is made of the one that comes in.

use std::sync::Arc;

use countersign::alert::{AlertDescription, ErrorAlert};
use countersign::codec::Vector;
use countersign::diagnosis::{Cause as Meaning, CertificateFault, Denial, Diagnosis};
use countersign::failure::Cause;
use countersign::handshake::End;
use countersign::handshake::config::ClientAuthentication;
use countersign::message::ProtocolName;
use countersign::registry::CipherSuite;
use countersign_testing::pki::{Authority, Issued};
use countersign_testing::{Client, Server};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};
use rustls::crypto::ring::cipher_suite::TLS13_AES_256_GCM_SHA384;
use rustls::{AlertDescription as TheirAlert, Error};

use crate::meeting::{Asking, Meeting, ServesNobody, client_config, provider, server_config};

/// The alert that came, and what it means.
fn refusal(meeting: &Meeting) -> (AlertDescription, Diagnosis) {
    match meeting.end() {
        End::Refused(refusal) => (refusal.alert, refusal.diagnose()),
        other => panic!("{other:?}"),
    }
}

/// The cause that we found, and the alert that we sent.
fn failure(meeting: &Meeting) -> (Cause, ErrorAlert) {
    match meeting.end() {
        End::Failed(failure) => (failure.cause, failure.alert),
        other => panic!("{other:?}"),
    }
}

fn expired(root: &Authority) -> Issued {
    root.issue(|params| params.not_after = date_time_ymd(2024, 1, 1))
}

fn for_servers_only(root: &Authority) -> Issued {
    root.issue(|params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth])
}

#[test]
fn client_names_the_reason_for_which_its_certificate_is_refused() {
    let (root, other) = (Authority::root("root"), Authority::root("another root"));
    let unacceptable = Meaning::ClientCertificateUnacceptable;
    for (identity, alert, meaning) in [
        (None, 116, Meaning::ClientCertificateRequired),
        (Some(expired(&root)), 45, unacceptable(CertificateFault::Expired)),
        (Some(other.issue(|_| {})), 48, unacceptable(CertificateFault::UnknownCa)),
        (Some(for_servers_only(&root)), 43, unacceptable(CertificateFault::Unsupported)),
    ] {
        let theirs = server_config(&root.issue(|_| {}), Asking::Require(&root), provider(|_| ()));
        let mut client = Client::trusting(&root);
        client.policy.credentials.extend(identity.map(|identity| identity.credential()));
        let mut meeting = Meeting::with_server(client, theirs);
        meeting.run();
        let (came, diagnosis) = refusal(&meeting);
        assert_eq!((came.0, diagnosis.cause), (alert, meaning));
        assert!(diagnosis.authenticated);
    }
}

#[test]
fn server_tells_the_reason_for_which_a_client_is_refused() {
    let (root, other) = (Authority::root("root"), Authority::root("another root"));
    for (identity, cause, alert) in [
        (None, Cause::ClientCertificateMissing, TheirAlert::CertificateRequired),
        (Some(expired(&root)), Cause::CertificateExpired, TheirAlert::CertificateExpired),
        (Some(other.issue(|_| {})), Cause::CertificateAuthorityUnknown, TheirAlert::UnknownCA),
        (
            Some(for_servers_only(&root)),
            Cause::CertificateUnsupported,
            TheirAlert::UnsupportedCertificate,
        ),
    ] {
        let theirs = client_config(&root, identity.as_ref(), provider(|_| ()));
        let server = Server::known_by(root.issue(|_| {}).credential());
        let server = server.asking(&root, ClientAuthentication::Require);
        let mut meeting = Meeting::with_client(server, theirs);
        meeting.run();
        assert_eq!(failure(&meeting).0, cause);
        assert_eq!(meeting.their_fault, Some(Error::AlertReceived(alert)));
    }
}

#[test]
fn server_denies_access_to_the_holder_of_a_valid_certificate() {
    let root = Authority::root("root");
    let theirs = client_config(&root, Some(&root.issue(|_| {})), provider(|_| ()));
    let mut server = Server::known_by(root.issue(|_| {}).credential());
    server.config.client_authentication = ClientAuthentication::Require;
    let mut meeting = Meeting::with_client(server, theirs);
    meeting.run();
    assert_eq!(failure(&meeting), (Cause::ClientDenied, ErrorAlert::AccessDenied));
    assert_eq!(meeting.their_fault, Some(Error::AlertReceived(TheirAlert::AccessDenied)));
}

#[test]
fn a_plaintext_denial_by_a_server_that_knows_no_name_is_no_verdict_on_the_client() {
    let root = Authority::root("root");
    let mut theirs = server_config(&root.issue(|_| {}), Asking::Require(&root), provider(|_| ()));
    theirs.cert_resolver = Arc::new(ServesNobody);
    let client = Client::trusting(&root).with(root.issue(|_| {}).credential());
    let mut meeting = Meeting::with_server(client, theirs);
    meeting.run();
    let (alert, diagnosis) = refusal(&meeting);
    let readings = &[Denial::ServerNameRefused, Denial::NetworkFiltering];
    assert_eq!((alert.0, diagnosis.cause), (49, Meaning::GenericDenial(readings)));
    assert!(!diagnosis.authenticated);
}

#[test]
fn server_learns_why_its_certificate_is_refused() {
    let (root, other) = (Authority::root("root"), Authority::root("another root"));
    for (identity, alert, fault) in [
        (expired(&root), 45, CertificateFault::Expired),
        (other.issue(|_| {}), 48, CertificateFault::UnknownCa),
    ] {
        let theirs = client_config(&root, None, provider(|_| ()));
        let mut meeting = Meeting::with_client(Server::known_by(identity.credential()), theirs);
        meeting.run();
        let (came, diagnosis) = refusal(&meeting);
        let meaning = Meaning::ServerCertificateUnacceptable(fault);
        assert_eq!((came.0, diagnosis.cause), (alert, meaning));
    }
}

#[test]
fn client_tells_why_it_refuses_the_servers_certificate() {
    let (root, other) = (Authority::root("root"), Authority::root("another root"));
    for (identity, cause, alert) in [
        (expired(&root), Cause::CertificateExpired, TheirAlert::CertificateExpired),
        (other.issue(|_| {}), Cause::CertificateAuthorityUnknown, TheirAlert::UnknownCA),
    ] {
        let theirs = server_config(&identity, Asking::Nobody, provider(|_| ()));
        let mut meeting = Meeting::with_server(Client::trusting(&root), theirs);
        meeting.run();
        assert_eq!(failure(&meeting).0, cause);
        assert_eq!(meeting.their_fault, Some(Error::AlertReceived(alert)));
    }
}

#[test]
fn ends_without_a_common_protocol_say_so() {
    let root = Authority::root("root");
    let mut theirs = server_config(&root.issue(|_| {}), Asking::Nobody, provider(|_| ()));
    theirs.alpn_protocols = vec![b"imap".to_vec()];
    let mut client = Client::trusting(&root);
    client.config.application_layer_protocols = Vector::from_iter([ProtocolName(b"h2")]);
    let mut meeting = Meeting::with_server(client, theirs);
    meeting.run();
    let (alert, diagnosis) = refusal(&meeting);
    assert_eq!((alert.0, diagnosis.cause), (120, Meaning::NoCommonApplicationProtocol));

    let mut theirs = client_config(&root, None, provider(|_| ()));
    theirs.alpn_protocols = vec![b"imap".to_vec()];
    let mut server = Server::known_by(root.issue(|_| {}).credential());
    server.policy.application_layer_protocols = vec![b"h2".to_vec()];
    let mut meeting = Meeting::with_client(server, theirs);
    meeting.run();
    assert_eq!(failure(&meeting).0, Cause::NoCommonApplicationProtocol);
    let alert = TheirAlert::NoApplicationProtocol;
    assert_eq!(meeting.their_fault, Some(Error::AlertReceived(alert)));
}

#[test]
fn ends_without_a_common_suite_say_so() {
    let root = Authority::root("root");
    let only_256 = || provider(|provider| provider.cipher_suites = vec![TLS13_AES_256_GCM_SHA384]);
    let only_128 = || Vector::from_iter([CipherSuite::TLS_AES_128_GCM_SHA256]);

    let theirs = server_config(&root.issue(|_| {}), Asking::Nobody, only_256());
    let mut client = Client::trusting(&root);
    client.config.cipher_suites = only_128();
    let mut meeting = Meeting::with_server(client, theirs);
    meeting.run();
    let (alert, diagnosis) = refusal(&meeting);
    assert_eq!((alert.0, diagnosis.cause), (40, Meaning::NoCommonParameters));

    let mut server = Server::known_by(root.issue(|_| {}).credential());
    server.config.cipher_suites = only_128();
    let mut meeting = Meeting::with_client(server, client_config(&root, None, only_256()));
    meeting.run();
    assert_eq!(failure(&meeting).0, Cause::NoCommonCipherSuite);
    let alert = TheirAlert::HandshakeFailure;
    assert_eq!(meeting.their_fault, Some(Error::AlertReceived(alert)));
}

#[test]
fn a_name_that_is_not_served_is_told() {
    let root = Authority::root("root");
    let other = root.issue(|params| {
        params.subject_alt_names = rcgen::CertificateParams::new([String::from("other.example")])
            .unwrap()
            .subject_alt_names;
    });
    let mut server = Server::known_by(other.credential());
    server.policy.require_known_name = true;
    let theirs = client_config(&root, None, provider(|_| ()));
    let mut meeting = Meeting::with_client(server, theirs);
    meeting.run();
    assert_eq!(failure(&meeting), (Cause::NameNotServed, ErrorAlert::UnrecognizedName));
    let alert = TheirAlert::UnrecognisedName;
    assert_eq!(meeting.their_fault, Some(Error::AlertReceived(alert)));
}
