//! Roots that remember which signatures verified: what they spare, and what they never do.

use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::crypto::{Provider, SignatureAlgorithm, ring};
use countersign::handshake::config::{ClientAuthentication, Destination};
use countersign::handshake::decision::CertificateFault;
use countersign::policy::{ClientPolicy, Purpose, Roots, ServerPolicy, ServerTrust};
use countersign_testing::Setup;
use countersign_testing::pki::{Authority, Issued, NAME, noon, trusting};
use pki_types::{
    AlgorithmIdentifier, CertificateDer, InvalidSignature, ServerName,
    SignatureVerificationAlgorithm, alg_id,
};
use rcgen::date_time_ymd;

use crate::P256;
use crate::handshakes::{never, run};

/// ECDSA on P-256, which counts how often it is asked.
#[derive(Debug)]
struct Counting {
    asked: AtomicUsize,
    /// What it says that it is.
    name: AlgorithmIdentifier,
}

impl Counting {
    fn new() -> &'static Self {
        Self::named(alg_id::ECDSA_SHA256)
    }

    fn named(name: AlgorithmIdentifier) -> &'static Self {
        Box::leak(Box::new(Self { asked: AtomicUsize::new(0), name }))
    }

    /// How often it was asked since it was last looked at.
    fn asked(&self) -> usize {
        self.asked.swap(0, Ordering::Relaxed)
    }
}

impl SignatureVerificationAlgorithm for Counting {
    fn verify_signature(
        &self,
        public_key: &[u8],
        message: &[u8],
        signature: &[u8],
    ) -> Result<(), InvalidSignature> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        webpki::ring::ECDSA_P256_SHA256.verify_signature(public_key, message, signature)
    }

    fn public_key_alg_id(&self) -> AlgorithmIdentifier {
        alg_id::ECDSA_P256
    }

    fn signature_alg_id(&self) -> AlgorithmIdentifier {
        self.name
    }
}

/// Trust in `root`, with a memory for so many signatures.
fn remembering(root: &Authority, most: usize, counting: &'static Counting) -> Roots {
    let mut roots = trusting(root);
    roots.algorithms = vec![counting];
    roots.remembering(most)
}

fn fault(roots: &Roots, chain: &[CertificateDer<'_>], year: u64) -> Option<CertificateFault> {
    roots.validate(chain, Purpose::Client, noon(year)).err().map(|rejection| rejection.fault)
}

fn is_valid(roots: &Roots, issued: &Issued) -> bool {
    fault(roots, &issued.chain, 2030).is_none()
}

// What is spared

#[test]
fn a_chain_that_was_met_before_needs_no_verification() {
    let (root, counting) = (Authority::root("root"), Counting::new());
    let issued = root.intermediate("intermediate").issue(|_| {});
    let roots = remembering(&root, 8, counting);
    assert!(is_valid(&roots, &issued));
    assert_eq!(counting.asked(), 2);
    assert!(is_valid(&roots, &issued));
    assert_eq!(counting.asked(), 0);
}

#[test]
fn below_an_intermediate_that_was_met_before_only_the_leaf_is_verified() {
    let (root, counting) = (Authority::root("root"), Counting::new());
    let intermediate = root.intermediate("intermediate");
    let roots = remembering(&root, 8, counting);
    for expected in [2, 1, 1] {
        assert!(is_valid(&roots, &intermediate.issue(|_| {})));
        assert_eq!(counting.asked(), expected);
    }
}

#[test]
fn nothing_is_remembered_unless_it_is_asked_for() {
    let (root, counting) = (Authority::root("root"), Counting::new());
    let issued = root.issue(|_| {});
    let mut forgetful = trusting(&root);
    forgetful.algorithms = vec![counting];
    for roots in [forgetful, remembering(&root, 0, counting)] {
        for _ in 0..3 {
            assert!(is_valid(&roots, &issued));
            assert_eq!(counting.asked(), 1);
        }
    }
}

#[test]
fn a_revocation_list_that_was_met_before_is_not_verified_again_and_still_revokes() {
    let (root, counting) = (Authority::root("root"), Counting::new());
    let serial = |number: u64| root.issue(|params| params.serial_number = Some(number.into()));
    let (good, revoked) = (serial(1), serial(2));
    let mut roots = remembering(&root, 8, counting);
    roots.add_revocation_list(&root.revoke(&[2])).unwrap();
    // Each leaf, and once the list.
    for (issued, expected, asked) in [
        (&good, None, 2),
        (&revoked, Some(CertificateFault::Revoked), 1),
        (&revoked, Some(CertificateFault::Revoked), 0),
        (&good, None, 0),
    ] {
        assert_eq!(fault(&roots, &issued.chain, 2030), expected);
        assert_eq!(counting.asked(), asked);
    }
}

// What never is

#[test]
fn whatever_differs_by_a_bit_is_verified() {
    let (root, counting) = (Authority::root("root"), Counting::new());
    let issued = root.issue(|_| {});
    let roots = remembering(&root, 8, counting);
    assert!(is_valid(&roots, &issued));
    let leaf = issued.leaf().as_ref();
    let length = leaf.len();
    // The key of the leaf stands in what is signed; the signature is last.
    let key = issued.key.public_key_raw();
    let key_at = leaf.windows(key.len()).position(|window| window == key).unwrap();
    for changed in [key_at + 40, length - 1, length - 40] {
        counting.asked();
        let mut bytes = leaf.to_vec();
        bytes[changed] ^= 1;
        for _ in 0..2 {
            let chain = [CertificateDer::from(bytes.clone())];
            assert_eq!(fault(&roots, &chain, 2030), Some(CertificateFault::Bad), "at {changed}");
            assert_eq!(counting.asked(), 1, "at {changed}");
        }
    }
}

#[test]
fn under_another_key_of_an_issuer_of_that_name_a_signature_is_verified() {
    let (root, other, counting) =
        (Authority::root("root"), Authority::root("root"), Counting::new());
    let issued = root.issue(|_| {});
    // The other root is tried first, each time, and is not the one that signed.
    let mut roots = remembering(&other, 8, counting);
    roots.add(root.certificate()).unwrap();
    for expected in [2, 1, 1] {
        assert!(is_valid(&roots, &issued));
        assert_eq!(counting.asked(), expected);
    }
}

#[test]
fn under_another_algorithm_the_same_signature_is_verified() {
    let (root, counting) = (Authority::root("root"), Counting::new());
    let issued = root.issue(|_| {});
    let mut roots = remembering(&root, 8, counting);
    assert!(is_valid(&roots, &issued));
    roots.algorithms = vec![Counting::named(alg_id::ECDSA_SHA384)];
    assert_eq!(fault(&roots, &issued.chain, 2030), Some(CertificateFault::Unsupported));
}

#[test]
fn a_failure_is_not_remembered() {
    let (root, other, counting) =
        (Authority::root("root"), Authority::root("root"), Counting::new());
    let foreign = other.issue(|_| {});
    let roots = remembering(&root, 8, counting);
    for _ in 0..3 {
        assert_eq!(fault(&roots, &foreign.chain, 2030), Some(CertificateFault::Bad));
        assert_eq!(counting.asked(), 1);
    }
}

#[test]
fn dates_are_checked_each_time() {
    let (root, counting) = (Authority::root("root"), Counting::new());
    let issued = root.intermediate("intermediate").issue(|params| {
        params.not_after = date_time_ymd(2100, 1, 1);
    });
    let roots = remembering(&root, 8, counting);
    assert!(is_valid(&roots, &issued));
    // The intermediate ends in 2039, and the leaf does not.
    assert_eq!(fault(&roots, &issued.chain, 2040), Some(CertificateFault::Expired));
    assert!(is_valid(&roots, &issued));
}

#[test]
fn names_and_purposes_are_checked_each_time() {
    let (root, counting) = (Authority::root("root"), Counting::new());
    let issued = root.issue(|_| {});
    let roots = remembering(&root, 8, counting);
    let (own, other) =
        (ServerName::try_from(NAME).unwrap(), ServerName::try_from("other.example").unwrap());
    let validate = |name| roots.validate(&issued.chain, Purpose::Server(name), noon(2030));
    for _ in 0..2 {
        assert!(validate(&own).is_ok());
        let rejection = validate(&other).unwrap_err();
        assert_eq!(rejection.fault, CertificateFault::Unspecified);
    }
}

#[test]
fn certificate_verify_is_verified_each_time() {
    let (root, proofs, certificates) = (Authority::root("root"), Counting::new(), Counting::new());
    let algorithm: &'static SignatureAlgorithm =
        Box::leak(Box::new(SignatureAlgorithm { scheme: P256, algorithm: proofs }));
    let provider = Provider { signatures: vec![algorithm], ..ring::provider() };
    let issued = root.issue(|_| {});
    let roots = remembering(&root, 8, certificates);
    let client = ClientPolicy { servers: ServerTrust::Roots(roots), credentials: Vec::new() };
    let server = ServerPolicy { credentials: vec![issued.credential()], ..ServerPolicy::default() };
    for expected in [1, 0, 0] {
        let mut setup = Setup::default();
        setup.client.provider = provider.clone();
        setup.server.client_authentication = ClientAuthentication::None;
        setup.destination = Destination::named(ServerName::try_from(NAME).unwrap());
        let mut pair = setup.pair();
        assert_eq!(run(&mut pair, (&client, &server), 2030, never), []);
        assert!(pair.agrees());
        assert_eq!((proofs.asked(), certificates.asked()), (1, expected));
    }
}

// How much is remembered

#[test]
fn the_last_ones_are_remembered_and_no_more_than_twice_as_many() {
    const MOST: usize = 4;
    let (root, counting) = (Authority::root("root"), Counting::new());
    let issued: Vec<_> = (0..4 * MOST).map(|_| root.issue(|_| {})).collect();
    let roots = remembering(&root, MOST, counting);
    let verified = |chains: &[Issued]| {
        assert!(chains.iter().all(|issued| is_valid(&roots, issued)));
        counting.asked()
    };
    assert_eq!(verified(&issued), 4 * MOST);
    let (older, last) = issued.split_at(3 * MOST);
    assert_eq!(verified(last), 0);
    // Those before stay as long as there is room; what is older than that is gone.
    assert_eq!(verified(&older[..2 * MOST]), 2 * MOST);
}

#[test]
fn what_is_met_again_stays_while_others_come_and_go() {
    let (root, counting) = (Authority::root("root"), Counting::new());
    let intermediate = root.intermediate("intermediate");
    let roots = remembering(&root, 2, counting);
    assert!(is_valid(&roots, &intermediate.issue(|_| {})));
    counting.asked();
    for _ in 0..10 {
        assert!(is_valid(&roots, &intermediate.issue(|_| {})));
        assert_eq!(counting.asked(), 1);
    }
}
