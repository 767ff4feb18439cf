//! Certificates of either end, and what travels with them (RFC 9846 §4.4.2, §4.5).

use std::iter::once;
use std::sync::Arc;

use countersign::codec::Vector;
use countersign::epoch::Role;
use countersign::failure::Misuse;
use countersign::handshake::client_authentication::{ClientAuthenticationState, Reply};
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::decision::{
    CertificateChain, CertificateFault, Decision, VerifyCertificate,
};
use countersign::handshake::{Destination, Fact};
use countersign::message::DistinguishedName;
use countersign::registry::SignatureScheme;
use countersign_testing::{Identity, Setup};

use crate::{by_default, connect_with};

const SCHEME: SignatureScheme = SignatureScheme::ECDSA_SECP256R1_SHA256;

#[test]
fn each_way_of_asking_for_a_certificate_meets_each_reply() {
    use ClientAuthentication::{None, Request, Require};
    // What the server wants, what the client replies: whether the server sees a certificate.
    let rows = [
        (None, Reply::Sent, false),
        (Request, Reply::Sent, true),
        (Request, Reply::Declined, false),
        (Require, Reply::Sent, true),
    ];
    for (wanted, reply, seen) in rows {
        let mut setup = Setup::default();
        setup.server.client_authentication = wanted;
        let mut judged = 0;
        let pair = connect_with(setup, |role, question| match question {
            Decision::VerifyCertificate(question) if role == Role::Server => {
                assert_eq!(question.role(), Role::Server);
                assert_eq!(question.server_name(), Option::None);
                judged += 1;
                Ok(question.accept())
            }
            Decision::SelectClientCredential(question) if reply == Reply::Declined => {
                Ok(question.decline())
            }
            other => by_default(other),
        });
        assert_eq!(judged, usize::from(seen), "{wanted:?} {reply:?}");
        let pending = Fact::ClientAuthentication(ClientAuthenticationState::Pending(reply));
        let pending = format!("{pending:?}");
        let asked = pair.client.knows(|fact| format!("{fact:?}") == pending);
        assert_eq!(asked, wanted != None, "{wanted:?} {reply:?}");
    }
}

#[test]
fn the_verifier_sees_what_the_peer_proved() {
    let mut seen = 0;
    connect_with(Setup::default(), |_, question| {
        if let Decision::VerifyCertificate(question) = &question {
            let certificates: Vec<_> = question.certificates().collect();
            assert_eq!(certificates, [Identity::example().chain.entries[0].certificate.clone()]);
            assert_eq!(question.scheme(), SCHEME);
            let name = question.server_name().expect("the client asked for one");
            assert_eq!(name.to_str(), "example.com");
            seen += 1;
        }
        by_default(question)
    });
    assert_eq!(seen, 1);
}

/// The example's chain, with something stapled to it.
fn stapled() -> Arc<CertificateChain> {
    let mut chain = CertificateChain::clone(&Identity::example().chain);
    chain.entries[0].ocsp_response = Some(OCSP.to_vec());
    chain.entries[0].signed_certificate_timestamps = Some(TIMESTAMPS.to_vec());
    Arc::new(chain)
}

const OCSP: &[u8] = b"an OCSP response";

/// One timestamp of one byte.
const TIMESTAMPS: &[u8] = &[0, 3, 0, 1, 9];

fn check_staples(question: &VerifyCertificate, ocsp: bool, timestamps: bool) {
    assert_eq!(question.ocsp_response(), ocsp.then_some(OCSP));
    assert_eq!(question.signed_certificate_timestamps(), timestamps.then_some(TIMESTAMPS));
}

#[test]
fn the_servers_staples_are_sent_only_to_a_client_that_asks() {
    for (ocsp, timestamps) in [(false, false), (false, true), (true, false), (true, true)] {
        let mut setup = Setup::default();
        setup.client.request_ocsp_response = ocsp;
        setup.client.request_signed_certificate_timestamps = timestamps;
        let mut judged = 0;
        connect_with(setup, |_, question| match question {
            Decision::SelectCredential(question) => {
                Ok(question.certificate(stapled(), SCHEME, None).expect("it is offered"))
            }
            Decision::VerifyCertificate(question) => {
                check_staples(&question, ocsp, timestamps);
                judged += 1;
                Ok(question.accept())
            }
            other => by_default(other),
        });
        assert_eq!(judged, 1);
    }
}

#[test]
fn the_clients_staples_are_sent_only_to_a_server_that_asks() {
    for ocsp in [false, true] {
        let mut setup = Setup::default();
        setup.server.client_authentication = ClientAuthentication::Require;
        setup.server.request_ocsp_response = ocsp;
        let mut judged = 0;
        connect_with(setup, |role, question| match question {
            Decision::SelectClientCredential(question) => {
                Ok(question.certificate(stapled(), SCHEME).expect("it is offered"))
            }
            Decision::VerifyCertificate(question) if role == Role::Server => {
                check_staples(&question, ocsp, false);
                judged += 1;
                Ok(question.accept())
            }
            other => by_default(other),
        });
        assert_eq!(judged, 1);
    }
}

const AUTHORITIES: [&[u8]; 2] = [b"one distinguished name", b"and another"];

#[test]
fn the_server_sees_authorities_and_schemes_of_the_client() {
    let mut setup = Setup::default();
    let (ours, in_certificates) =
        ([SignatureScheme::ED25519, SCHEME], SignatureScheme::RSA_PKCS1_SHA256);
    setup.client.signature_schemes = ours.into_iter().collect();
    setup.client.certificate_signature_schemes = once(in_certificates).collect();
    setup.client.certificate_authorities = AUTHORITIES.map(DistinguishedName).into_iter().collect();
    let mut asked = 0;
    connect_with(setup, |_, question| {
        if let Decision::SelectCredential(question) = &question {
            assert!(question.signature_schemes().eq(ours));
            assert!(question.certificate_signature_schemes().eq([in_certificates]));
            assert!(question.certificate_authorities().eq(AUTHORITIES));
            asked += 1;
        }
        by_default(question)
    });
    assert_eq!(asked, 1);
}

#[test]
fn the_client_sees_authorities_and_schemes_of_the_server() {
    let mut setup = Setup::default();
    let in_certificates = SignatureScheme::RSA_PKCS1_SHA256;
    setup.server.client_authentication = ClientAuthentication::Require;
    setup.server.signature_schemes = once(SCHEME).collect();
    setup.server.certificate_signature_schemes = once(in_certificates).collect();
    setup.server.certificate_authorities = AUTHORITIES.map(DistinguishedName).into_iter().collect();
    let mut asked = 0;
    connect_with(setup, |_, question| {
        if let Decision::SelectClientCredential(question) = &question {
            assert!(question.signature_schemes().eq([SCHEME]));
            assert!(question.certificate_signature_schemes().eq([in_certificates]));
            assert!(question.certificate_authorities().eq(AUTHORITIES));
            asked += 1;
        }
        by_default(question)
    });
    assert_eq!(asked, 1);
}

#[test]
fn schemes_for_certificates_are_those_for_signatures_unless_they_differ() {
    let mut setup = Setup::default();
    setup.client.certificate_signature_schemes = Vector::new();
    setup.server.certificate_signature_schemes = Vector::new();
    setup.server.client_authentication = ClientAuthentication::Require;
    setup.destination = Destination::default();
    connect_with(setup, |_, question| {
        match &question {
            Decision::SelectCredential(question) => {
                assert!(question.certificate_signature_schemes().eq(question.signature_schemes()));
                assert_eq!(question.certificate_authorities().count(), 0);
            }
            Decision::SelectClientCredential(question) => {
                assert!(question.certificate_signature_schemes().eq(question.signature_schemes()));
                assert_eq!(question.certificate_authorities().count(), 0);
            }
            _ => {}
        }
        by_default(question)
    });
}

#[test]
fn certificates_may_be_signed_as_most_authorities_sign_unless_a_configuration_says_otherwise() {
    let mut setup = Setup::default();
    setup.server.client_authentication = ClientAuthentication::Require;
    let mut asked = 0;
    let mandatory = SignatureScheme::RSA_PKCS1_SHA256;
    connect_with(setup, |_, question| {
        match &question {
            Decision::SelectCredential(question) => {
                assert!(question.certificate_signature_schemes().any(|scheme| scheme == mandatory));
                assert!(question.signature_schemes().all(|scheme| scheme != mandatory));
                asked += 1;
            }
            Decision::SelectClientCredential(question) => {
                assert!(question.certificate_signature_schemes().any(|scheme| scheme == mandatory));
                assert!(question.signature_schemes().all(|scheme| scheme != mandatory));
                asked += 1;
            }
            _ => {}
        }
        by_default(question)
    });
    assert_eq!(asked, 2);
}

#[test]
fn a_peer_is_rejected_late_only_if_it_was_accepted_by_a_certificate() {
    let fault = CertificateFault::Revoked;
    let (mut client, mut server) = Setup::default().handshakes();
    assert_eq!(client.reject(fault), Err(Misuse::NotConnected));
    assert_eq!(server.reject(fault), Err(Misuse::NotConnected));

    // The server has asked for no certificate, and the client is none the worse for it.
    let mut pair = connect_with(Setup::default(), |_, question| by_default(question));
    assert_eq!(pair.server.handshake.reject(fault), Err(Misuse::NoCertificate));
    assert_eq!(pair.client.handshake.reject(fault), Ok(()));
    assert_eq!(pair.client.handshake.reject(fault), Err(Misuse::Ended));
}
