//! Our client and OpenSSL's server do not come together: whoever refuses, the reason arrives.

use countersign::codec::Vector;
use countersign::diagnosis::{Cause as Meaning, CertificateFault};
use countersign::failure::Cause;
use countersign_testing::Talk;
use countersign_testing::pki::Authority;
use rcgen::ExtendedKeyUsagePurpose;

use crate::{Bench, SUITES, protocols};

#[test]
fn client_names_the_reason_for_which_its_certificate_is_refused() {
    let Some(bench) = Bench::new() else { return };
    // Without -CAfile the server names no authority, so that we show what we have.
    let more = ["-tls1_3", "-rev", "-verifyCAfile", &bench.roots_file, "-Verify", "1"];
    let more = [&more[..], &["-verify_return_error"]].concat();
    let (_program, address) = bench.s_server(bench.identity(), &more);
    let unacceptable = Meaning::ClientCertificateUnacceptable;
    let for_servers = bench.for_purpose(ExtendedKeyUsagePurpose::ServerAuth);
    for (identity, alert, meaning) in [
        (None, 116, Meaning::ClientCertificateRequired),
        (Some(bench.expired()), 45, unacceptable(CertificateFault::Expired)),
        (
            Some(Authority::root("other").issue(|_| {})),
            48,
            unacceptable(CertificateFault::UnknownCa),
        ),
        (Some(for_servers), 43, unacceptable(CertificateFault::Unsupported)),
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
        assert_eq!((refusal.state, refusal.unconfirmed_bytes), ("Connected", 16));
    }
}

#[test]
fn client_names_the_reason_for_which_its_offer_is_refused() {
    let Some(bench) = Bench::new() else { return };
    let other = bench.folder.put("other.pem", bench.identity());
    let nobody = ["-servername", "other.example", "-servername_fatal"];
    for (more, alert, meaning) in [
        (&["-tls1_2"][..], 70, Meaning::VersionRefused),
        (&["-tls1_3", "-groups", "P-521"], 40, Meaning::NoCommonParameters),
        (&["-tls1_3", "-ciphersuites", "TLS_AES_128_CCM_SHA256"], 40, Meaning::NoCommonParameters),
        (&["-tls1_3", "-alpn", "imap"], 120, Meaning::NoCommonApplicationProtocol),
        (
            &[&["-tls1_3"], &nobody[..], &["-cert2", &other, "-key2", &other]].concat(),
            112,
            Meaning::ServerNameUnknown,
        ),
    ] {
        let (_program, address) = bench.s_server(bench.identity(), more);
        let mut client = bench.client();
        client.config.application_layer_protocols = protocols(&["h2"]);
        let mut talk = Talk::connect(&client, address).unwrap();
        let refusal = talk.refusal();
        assert_eq!((refusal.alert.0, refusal.diagnose().cause), (alert, meaning));
        assert!(!refusal.diagnose().authenticated);
    }
}

#[test]
fn client_tells_why_it_refuses_the_servers_certificate() {
    let Some(bench) = Bench::new() else { return };
    let other = Authority::root("other").issue(|_| {}).pem();
    let for_clients = bench.for_purpose(ExtendedKeyUsagePurpose::ClientAuth).pem();
    let elsewhere = bench.root.issue(|params| params.subject_alt_names.clear());
    for (identity, cause, alert) in [
        (bench.expired().pem(), Cause::CertificateExpired, 45),
        (other, Cause::CertificateAuthorityUnknown, 48),
        (for_clients, Cause::CertificateUnsupported, 43),
        (elsewhere.pem(), Cause::CertificateUnacceptable, 46),
    ] {
        let (program, address) = bench.s_server(&identity, &["-tls1_3", "-rev"]);
        let client = bench.client();
        let mut talk = Talk::connect(&client, address).unwrap();
        assert_eq!(talk.failure(), cause);
        talk.leave();
        program.expect(&format!("SSL alert number {alert}"));
    }
}

#[test]
fn client_with_one_suite_is_told_that_the_server_lacks_it() {
    let Some(bench) = Bench::new() else { return };
    for ((suite, _), (_, other)) in SUITES.iter().zip(SUITES.iter().cycle().skip(1)) {
        let more = ["-tls1_3", "-rev", "-ciphersuites", other];
        let (_program, address) = bench.s_server(bench.identity(), &more);
        let mut client = bench.client();
        client.config.cipher_suites = Vector::from_iter([*suite]);
        let mut talk = Talk::connect(&client, address).unwrap();
        let refusal = talk.refusal();
        let meaning = refusal.diagnose().cause;
        assert_eq!((refusal.alert.0, meaning), (40, Meaning::NoCommonParameters));
    }
}
