//! Verdicts on chains, and the accounts of rejections.

use countersign::crypto::leaf::Leaf;
use countersign::handshake::decision::CertificateFault;
use countersign::policy::{Inspection, Purpose, Rejection, Roots, RootsFault};
use pki_types::{CertificateDer, ServerName, UnixTime};
use proptest::prelude::{ProptestConfig, any, prop, prop_assert, proptest};
use rcgen::{ExtendedKeyUsagePurpose, IsCa, SanType, SerialNumber, date_time_ymd};

use CertificateFault::{Bad, Expired, Revoked, UnknownAuthority, Unspecified, Unsupported};
use countersign_testing::pki::{
    Authority, Issued, NAME, noon, self_signed, trusting, vector, vector_certificate, vector_key,
};

fn server() -> Purpose<'static> {
    static NAMED: std::sync::OnceLock<ServerName<'static>> = std::sync::OnceLock::new();
    Purpose::Server(NAMED.get_or_init(|| ServerName::try_from(NAME).unwrap()))
}

fn reject(roots: &Roots, issued: &Issued, purpose: Purpose<'_>, now: UnixTime) -> Rejection {
    roots.validate(&issued.chain, purpose, now).expect_err("the chain should be rejected")
}

// Verdicts on chains

#[test]
fn a_path_through_an_intermediate_is_accepted_for_server_and_client() {
    let root = Authority::root("root");
    let issued = root.intermediate("intermediate").issue(|_| {});
    for purpose in [server(), Purpose::Client] {
        let key = trusting(&root).validate(&issued.chain, purpose, noon(2030)).unwrap();
        let leaf = Leaf::parse(issued.leaf()).unwrap();
        assert_eq!(key.as_ref(), leaf.subject_public_key_info());
    }
}

#[test]
fn each_fault_of_an_end_entity_has_its_name_and_its_words() {
    type Change = fn(&mut rcgen::CertificateParams);
    let server_only: Change =
        |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let client_only: Change =
        |params| params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let authority: Change =
        |params| params.is_ca = IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let other_name: Change =
        |params| params.subject_alt_names = vec![SanType::DnsName("x.test".try_into().unwrap())];
    let critical: Change = |params| {
        let mut extension = rcgen::CustomExtension::from_oid_content(&[1, 2, 3], vec![5, 0]);
        extension.set_criticality(true);
        params.custom_extensions = vec![extension];
    };
    let root = Authority::root("root");
    let rows: [(Change, Purpose<'_>, CertificateFault, &str); 5] = [
        (client_only, server(), Unsupported, "it is for another purpose"),
        (server_only, Purpose::Client, Unsupported, "it is for another purpose"),
        (authority, server(), Unsupported, "it is an authority's own certificate"),
        (critical, server(), Unsupported, "a critical extension is unknown"),
        (other_name, server(), Unspecified, "it does not bear the name server.example"),
    ];
    for (change, purpose, fault, reason) in rows {
        let rejection = reject(&trusting(&root), &root.issue(change), purpose, noon(2030));
        assert_eq!((rejection.fault, rejection.reason.as_str()), (fault, reason));
    }
}

#[test]
fn outside_its_validity_a_certificate_has_expired_and_the_account_tells_the_times() {
    let root = Authority::root("root");
    let rows = [
        (2019, "it is not valid before 2020-01-01 00:00:00 UTC", "2019-01-01 12:00:00 UTC"),
        (1971, "it is not valid before 2020-01-01 00:00:00 UTC", "1971-01-01 12:00:00 UTC"),
        (2040, "it expired on 2039-01-01 00:00:00 UTC", "2040-01-01 12:00:00 UTC"),
    ];
    for (year, problem, clock) in rows {
        let rejection = reject(&trusting(&root), &root.issue(|_| {}), server(), noon(year));
        assert_eq!(rejection.fault, Expired);
        assert_eq!(rejection.reason, format!("{problem}, the clock says {clock}"));
    }
}

#[test]
fn a_chain_without_a_trusted_root_has_an_unknown_authority() {
    let (root, stranger) = (Authority::root("root"), Authority::root("stranger"));
    let below = stranger.intermediate("intermediate");
    for issued in [stranger.issue(|_| {}), below.issue(|_| {}), self_signed()] {
        let rejection = reject(&trusting(&root), &issued, server(), noon(2030));
        assert_eq!(rejection.fault, UnknownAuthority);
    }
    let nobody = reject(&Roots::default(), &root.issue(|_| {}), server(), noon(2030));
    assert_eq!(nobody.fault, UnknownAuthority);
}

#[test]
fn a_corrupt_chain_is_bad() {
    let root = Authority::root("root");
    let impostor = Authority::root("root");
    let mut truncated = root.issue(|_| {});
    truncated.chain[0] = CertificateDer::from(truncated.leaf()[..200].to_vec());
    let mut trailing = root.issue(|_| {});
    trailing.chain[0] = CertificateDer::from([trailing.leaf().as_ref(), &[0]].concat());
    let nothing = Issued { chain: Vec::new(), ..root.issue(|_| {}) };
    for issued in [impostor.issue(|_| {}), truncated, trailing, nothing] {
        assert_eq!(reject(&trusting(&root), &issued, server(), noon(2030)).fault, Bad);
    }
}

#[test]
fn an_expired_intermediate_is_the_one_that_is_accused() {
    let root = Authority::root("root");
    let issued = root.intermediate("middle").issue(|p| p.not_after = date_time_ymd(2050, 1, 1));
    let rejection = reject(&trusting(&root), &issued, server(), noon(2045));
    assert_eq!(rejection.fault, Expired);
    assert_eq!(rejection.certificate.unwrap().subject, "CN=middle");
}

#[test]
fn only_accepted_algorithms_sign_chains() {
    let root = Authority::root("root");
    let mut roots = trusting(&root);
    roots.algorithms = vec![webpki::ring::ED25519];
    assert_eq!(reject(&roots, &root.issue(|_| {}), server(), noon(2030)).fault, Unsupported);
    roots.algorithms.push(webpki::ring::ECDSA_P256_SHA256);
    assert!(roots.validate(&root.issue(|_| {}).chain, server(), noon(2030)).is_ok());
}

#[test]
fn chains_of_rsa_are_validated() {
    let roots = Roots::from_pem(&vector("root.pem")).unwrap();
    for name in ["rsa-2048.pem", "rsa-pss.pem", "rsa-pss-sha256.pem", "ecdsa-p256.pem"] {
        let chain = [vector_certificate(name)];
        assert!(roots.validate(&chain, server(), noon(2030)).is_ok(), "{name}");
    }
}

/// The leaf of `issued` with other bytes in place of these, wherever they stand.
pub(crate) fn patched(mut issued: Issued, from: &[u8], to: &[u8]) -> Issued {
    let mut der = issued.leaf().to_vec();
    let mut replaced = 0;
    for at in 0..=der.len() - from.len() {
        if der[at..].starts_with(from) {
            der[at..at + to.len()].copy_from_slice(to);
            replaced += 1;
        }
    }
    assert!(replaced > 0, "nothing to patch");
    issued.chain[0] = CertificateDer::from(der);
    issued
}

/// RFC 9846 §4.5.1.3. Nobody here signs so: a certificate is made to say that somebody did.
#[test]
fn certificate_with_a_signature_over_md5_or_sha_1_is_bad() {
    let root = Authority::root_with("rsa", vector_key("rsa-3072.key.pem"));
    let rsa = |last: u8| [0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, last];
    for (algorithm, fault) in [(4, Bad), (5, Bad), (14, Unsupported)] {
        let issued = patched(root.issue(|_| {}), &rsa(11), &rsa(algorithm));
        let rejection = reject(&trusting(&root), &issued, server(), noon(2030));
        assert_eq!(rejection.fault, fault, "{algorithm}");
    }
}

#[test]
fn certificate_of_another_version_than_3_is_unsupported() {
    let root = Authority::root("root");
    for version in [0, 1] {
        let version = [0xa0, 3, 2, 1, version];
        let issued = patched(root.issue(|_| {}), &[0xa0, 3, 2, 1, 2], &version);
        let rejection = reject(&trusting(&root), &issued, server(), noon(2030));
        assert_eq!(rejection.fault, Unsupported);
    }
}

// Revocation

fn numbered(authority: &Authority, serial: u64) -> Issued {
    authority.issue(|params| params.serial_number = Some(SerialNumber::from(serial)))
}

#[test]
fn a_revoked_certificate_is_rejected_and_its_neighbour_is_not() {
    let root = Authority::root("root");
    let mut roots = trusting(&root);
    roots.add_revocation_list(&root.revoke(&[7])).unwrap();
    assert_eq!(reject(&roots, &numbered(&root, 7), server(), noon(2030)).fault, Revoked);
    assert!(roots.validate(&numbered(&root, 8).chain, server(), noon(2030)).is_ok());
}

#[test]
fn what_a_revocation_list_leaves_open_is_rejected_unless_configured_otherwise() {
    let root = Authority::root("root");
    let intermediate = root.intermediate("intermediate");
    let issued = numbered(&intermediate, 8);
    let mut roots = trusting(&root);
    roots.add_revocation_list(&intermediate.revoke(&[7])).unwrap();

    let unknown = reject(&roots, &issued, server(), noon(2030));
    assert_eq!(
        (unknown.fault, unknown.reason.as_str()),
        (Unspecified, "no revocation list speaks of it")
    );
    roots.revocation.end_entity_only = true;
    assert!(roots.validate(&issued.chain, server(), noon(2030)).is_ok());
    roots.revocation.end_entity_only = false;
    roots.revocation.accept_unknown = true;
    assert!(roots.validate(&issued.chain, server(), noon(2030)).is_ok());

    let outdated = reject(&roots, &issued, server(), noon(2036));
    assert_eq!(outdated.reason, "the revocation list for it is outdated");
    roots.revocation.accept_outdated = true;
    assert!(roots.validate(&issued.chain, server(), noon(2036)).is_ok());
}

#[test]
fn a_forged_revocation_list_does_not_clear_a_certificate() {
    let (root, impostor) = (Authority::root("root"), Authority::root("root"));
    let mut roots = trusting(&root);
    roots.add_revocation_list(&impostor.revoke(&[7])).unwrap();
    let rejection = reject(&roots, &numbered(&root, 8), server(), noon(2030));
    assert_eq!(rejection.reason, "the revocation list for it is not its issuer's");
}

// Roots

#[test]
fn roots_come_from_anchors_and_pem_and_are_refused_when_broken() {
    let anchors = Roots::from_anchors(webpki_roots::TLS_SERVER_ROOTS);
    let ours = self_signed();
    assert_eq!(reject(&anchors, &ours, server(), noon(2030)).fault, UnknownAuthority);

    let broken = b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n";
    assert_eq!(Roots::from_pem(broken).unwrap_err(), RootsFault::Pem);
    assert_eq!(Roots::from_pem(b"").unwrap_err(), RootsFault::NoCertificate);
    assert_eq!(
        Roots::from_pem(&vector("rsa-2048.key.pem")).unwrap_err(),
        RootsFault::NoCertificate
    );
    let mut roots = Roots::default();
    assert_eq!(
        roots.add(&CertificateDer::from(vec![0x30, 0])).unwrap_err(),
        RootsFault::Certificate
    );
    assert_eq!(roots.add_revocation_list(&[0x30, 0]).unwrap_err(), RootsFault::RevocationList);
}

// Accounts

#[test]
fn an_account_tells_who_when_what_for_and_why() {
    let root = Authority::root("the root");
    let issued = root.issue(|params| {
        params.subject_alt_names.push(SanType::IpAddress([192, 0, 2, 7].into()));
        params.subject_alt_names.push(SanType::IpAddress("2001:db8::1".parse().unwrap()));
    });
    let rejection = reject(&trusting(&root), &issued, server(), noon(2040));
    assert_eq!(
        rejection.to_string(),
        "certificate for CN=leaf, issued by CN=the root, valid from 2020-01-01 00:00:00 UTC to \
         2039-01-01 00:00:00 UTC, names server.example, 192.0.2.7, 2001:db8::1, key usage Digital \
         Signature, extended key usage serverAuth, clientAuth: it expired on 2039-01-01 00:00:00 \
         UTC, the clock says 2040-01-01 12:00:00 UTC"
    );
}

#[test]
fn an_account_escapes_and_shortens_what_the_peer_has_written() {
    let root = Authority::root("root");
    let issued = root.issue(|params| {
        params.distinguished_name.push(rcgen::DnType::CommonName, "x\n\u{1b}[2J\u{202e}y");
        let names = (0..20).map(|n| format!("n{n}.{}.example", "a".repeat(60)).try_into().unwrap());
        params.subject_alt_names = names.map(SanType::DnsName).collect();
    });
    let read = Inspection::of(issued.leaf()).unwrap();
    assert_eq!(read.subject, "CN=x\\n\\u{1b}[2J\\u{202e}y");
    assert_eq!(read.names.len(), 20);
    assert!(read.to_string().contains(" and 12 more"));
    assert_eq!(Inspection::of(b"\x30\x00"), None);
    assert_eq!(Inspection::of(&[issued.leaf().as_ref(), &[0]].concat()), None);
}

/// A SubjectAltName extension with these GeneralNames: tag and content of each.
fn alternative_names(names: &[(u8, &[u8])]) -> rcgen::CustomExtension {
    let mut list = Vec::new();
    for (tag, content) in names {
        list.push(*tag);
        long_length(content.len(), &mut list);
        list.extend_from_slice(content);
    }
    let mut sequence = vec![0x30];
    long_length(list.len(), &mut sequence);
    sequence.extend_from_slice(&list);
    rcgen::CustomExtension::from_oid_content(&[2, 5, 29, 17], sequence)
}

fn long_length(length: usize, out: &mut Vec<u8>) {
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        Ok(byte) => out.extend_from_slice(&[0x81, byte]),
        Err(_) => {
            let [high, low] = u16::try_from(length).unwrap().to_be_bytes();
            out.extend_from_slice(&[0x82, high, low]);
        }
    }
}

#[test]
fn an_account_names_every_kind_of_name_and_makes_no_digits_of_a_long_oid() {
    let long = [vec![0xff; 60_000], vec![1]].concat();
    let names: [(u8, &[u8]); 9] = [
        (0x82, b"a.example"),
        (0x81, b"a@b.example"),
        (0x86, b"https://a.example/"),
        (0x87, &[192, 0, 2, 1]),
        (0x87, &[1, 2, 3]),
        (0x88, &[]),
        (0x88, &long),
        (0x82, &[0xff, 0xfe]),
        (0xa4, &[0x30, 0x0e, 0x31, 0x0c, 0x30, 0x0a, 6, 3, 85, 4, 3, 12, 3, b'B', b'o', b'b']),
    ];
    let issued = Authority::root("root").issue(|params| {
        params.subject_alt_names.clear();
        params.custom_extensions = vec![alternative_names(&names)];
    });
    let expected = [
        "a.example",
        "email:a@b.example",
        "URI:https://a.example/",
        "192.0.2.1",
        "malformed address",
        "(other name)",
        "(other name)",
        "(other name)",
        "directory:CN=Bob",
    ];
    assert_eq!(Inspection::of(issued.leaf()).unwrap().names, expected);
}

#[test]
fn an_account_of_a_strange_subject_is_short() {
    let issued = Authority::root("root").issue(|params| {
        let strange = [vec![2, 5, 4, 3], vec![u64::MAX; 6]].concat();
        params.distinguished_name = rcgen::DistinguishedName::new();
        params.distinguished_name.push(rcgen::DnType::CustomDnType(strange), "x".repeat(9999));
        params.distinguished_name.push(rcgen::DnType::CustomDnType(vec![1, 2, 3]), "y");
    });
    let subject = Inspection::of(issued.leaf()).unwrap().subject;
    assert_eq!(subject, format!("(long OID)={}, 1.2.3=y", "x".repeat(256)));
}

#[test]
fn no_mutation_of_a_chain_makes_validation_or_account_panic() {
    let root = Authority::root("root");
    let (roots, issued) = (trusting(&root), root.intermediate("intermediate").issue(|_| {}));
    let leaf = issued.leaf().to_vec();
    let position = any::<prop::sample::Index>();
    proptest!(ProptestConfig::with_cases(4096), |(at in position, byte in any::<u8>())| {
        let mut mutated = leaf.clone();
        *at.get_mut(&mut mutated) = byte;
        let unchanged = mutated == leaf;
        let mut chain = issued.chain.clone();
        chain[0] = CertificateDer::from(mutated);
        match roots.validate(&chain, server(), noon(2030)) {
            Ok(_) => prop_assert!(unchanged),
            Err(rejection) => prop_assert!(!rejection.to_string().is_empty()),
        }
    });
}
