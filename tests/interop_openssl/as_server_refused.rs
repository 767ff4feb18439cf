//! Our server and OpenSSL's client do not come together: whoever refuses, the reason arrives.

use countersign::codec::Vector;
use countersign::diagnosis::{Cause as Meaning, CertificateFault};
use countersign::failure::Cause;
use countersign::handshake::config::ClientAuthentication;
use countersign_testing::pki::Authority;
use countersign_testing::{Server, Talk};
use rcgen::ExtendedKeyUsagePurpose;

use crate::{Bench, SUITES, credential, listener};

/// Meets an `s_client` that we refuse: our cause, and the alert that the client reports.
fn refuses(bench: &Bench, server: &Server, more: &[&str], (cause, alert): (Cause, u8)) {
    let listener = listener();
    let more = [&["-CAfile", &bench.roots_file], more].concat();
    let program = bench.s_client(&listener, &more);
    let mut talk = Talk::accept(server, &listener).unwrap();
    assert_eq!(talk.failure(), cause);
    talk.leave();
    program.expect(&format!("SSL alert number {alert}"));
    assert!(!program.finish().0);
}

#[test]
fn client_learns_why_its_certificate_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let mut server = bench.server(bench.identity());
    server.config.client_authentication = ClientAuthentication::Require;
    server.policy.client_roots = Some(bench.trust());
    refuses(&bench, &server, &[], (Cause::ClientCertificateMissing, 116));
    let for_servers = bench.for_purpose(ExtendedKeyUsagePurpose::ServerAuth);
    for (identity, expected) in [
        (bench.expired(), (Cause::CertificateExpired, 45)),
        (Authority::root("other").issue(|_| {}), (Cause::CertificateAuthorityUnknown, 48)),
        (for_servers, (Cause::CertificateUnsupported, 43)),
    ] {
        let identity = bench.folder.put("client.pem", identity.pem());
        refuses(&bench, &server, &["-cert", &identity, "-key", &identity], expected);
    }
}

#[test]
fn client_with_a_valid_certificate_learns_that_it_has_no_access() {
    let Some(bench) = Bench::new() else { return };
    let mut server = bench.server(bench.identity());
    server.config.client_authentication = ClientAuthentication::Require;
    let identity = bench.folder.put("client.pem", bench.identity());
    let more = ["-cert", &identity, "-key", &identity];
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
    let expected = (Cause::NoCommonApplicationProtocol, 120);
    refuses(&bench, &server, &["-alpn", "h2"], expected);

    let server = bench.server(bench.identity());
    refuses(&bench, &server, &["-tls1_2"], (Cause::VersionNotOffered, 70));
    refuses(&bench, &server, &["-groups", "P-521"], (Cause::NoCommonGroup, 40));
    let expected = (Cause::NoCommonSignatureScheme, 40);
    refuses(&bench, &server, &["-sigalgs", "rsa_pss_rsae_sha256"], expected);
}

#[test]
fn server_with_one_suite_tells_a_client_that_lacks_it() {
    let Some(bench) = Bench::new() else { return };
    for ((suite, _), (_, other)) in SUITES.iter().zip(SUITES.iter().cycle().skip(1)) {
        let mut server = bench.server(bench.identity());
        server.config.cipher_suites = Vector::from_iter([*suite]);
        refuses(&bench, &server, &["-ciphersuites", other], (Cause::NoCommonCipherSuite, 40));
    }
}

#[test]
fn server_learns_why_its_certificate_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for (identity, alert, fault) in [
        (bench.expired(), 45, CertificateFault::Expired),
        (Authority::root("other").issue(|_| {}), 48, CertificateFault::UnknownCa),
        (bench.for_purpose(ExtendedKeyUsagePurpose::ClientAuth), 43, CertificateFault::Unsupported),
    ] {
        let server = bench.server(&identity.pem());
        let _program = bench.s_client(&listener, &["-CAfile", &bench.roots_file]);
        let mut talk = Talk::accept(&server, &listener).unwrap();
        let refusal = talk.refusal();
        let meaning = Meaning::ServerCertificateUnacceptable(fault);
        assert_eq!((refusal.alert.0, refusal.diagnose().cause), (alert, meaning));
    }
}
