//! Whole handshakes between policies.

use countersign::crypto::ring::LEGACY_SIGNATURES;
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::handshake::config::{ClientAuthentication, Destination};
use countersign::handshake::decision::{CertificateChain, CertificateFault, Decision, Sign};
use countersign::handshake::{ClientConfig, End, ServerConfig};
use countersign::policy::{
    Answered, ClientPolicy, Credential, Rejection, ServerPolicy, ServerTrust,
};
use countersign::registry::SignatureScheme as Scheme;
use countersign_testing::{Pair, Setup};
use pki_types::ServerName;
use rcgen::{PKCS_ECDSA_P384_SHA384, PKCS_ED25519, SigningKey};

use crate::P256;
use countersign_testing::pki::{
    Authority, Issued, NAME, noon, trusting, vector, vector_certificate, vector_key,
};

fn pair(client_authentication: ClientAuthentication) -> Pair {
    let mut setup = Setup::default();
    setup.server.client_authentication = client_authentication;
    setup.destination = Destination::named(ServerName::try_from(NAME).unwrap());
    setup.pair()
}

/// Runs between two policies in the year given; what they hand back goes to `sign`.
pub(crate) fn run(
    pair: &mut Pair,
    (client, server): (&ClientPolicy, &ServerPolicy),
    year: u64,
    sign: impl Fn(Sign) -> Answered,
) -> Vec<Rejection> {
    let mut rejections = Vec::new();
    let answer = |role, decision| {
        let answered = match role {
            Role::Client => client.answer(decision, noon(year)),
            Role::Server => server.answer(decision, noon(year)),
        };
        let answered = answered.or_else(|question| match *question {
            Decision::Sign(question) => Ok(sign(question)),
            other => Err(other),
        })?;
        rejections.extend(answered.rejection);
        Ok(answered.answer)
    };
    pair.run_with(|_| (), answer);
    rejections
}

pub(crate) fn never(question: Sign) -> Answered {
    panic!("handed back: {question:?}")
}

/// One credential for each kind of key, under `root` or the root of the vectors.
fn credentials(root: &Authority) -> Vec<Credential> {
    let issued = [
        root.issue(|_| {}),
        root.intermediate("intermediate").issue(|_| {}),
        root.issue_for(&PKCS_ECDSA_P384_SHA384, &[NAME]),
        root.issue_for(&PKCS_ED25519, &[NAME]),
        root.issue_to(vector_key("rsa-2048.key.pem"), |_| {}),
        root.issue_to(vector_key("rsa-3072.key.pem"), |_| {}),
    ];
    let pss =
        [("rsa-pss.pem", "rsa-pss.key.pem"), ("rsa-pss-sha256.pem", "rsa-pss-sha256.key.pem")];
    let pss = pss.map(|(chain, key)| Credential::from_pem(&vector(chain), &vector(key)).unwrap());
    issued.iter().map(Issued::credential).chain(pss).collect()
}

#[test]
fn every_kind_of_credential_authenticates_both_ends() {
    let root = Authority::root("root");
    let roots = || {
        let mut roots = trusting(&root);
        roots.add(&vector_certificate("root.pem")).unwrap();
        roots
    };
    for (own, others) in credentials(&root).into_iter().zip(credentials(&root)) {
        let kind = own.schemes().to_vec();
        let client = ClientPolicy { servers: ServerTrust::Roots(roots()), credentials: vec![own] };
        let server = ServerPolicy {
            credentials: vec![others],
            client_roots: Some(roots()),
            ..ServerPolicy::default()
        };
        let mut pair = pair(ClientAuthentication::Require);
        assert_eq!(run(&mut pair, (&client, &server), 2030, never), []);
        assert!(pair.agrees(), "{kind:?}");
    }
}

#[test]
fn a_rejection_ends_the_handshake_and_its_account_reaches_the_embedder() {
    let root = Authority::root("root");
    let client =
        ClientPolicy { servers: ServerTrust::Roots(trusting(&root)), credentials: Vec::new() };
    let credentials = vec![root.issue(|_| {}).credential()];
    let server = ServerPolicy { credentials, ..ServerPolicy::default() };
    let mut pair = pair(ClientAuthentication::None);
    let rejections = run(&mut pair, (&client, &server), 2040, never);
    let faults: Vec<_> = rejections.iter().map(|rejection| rejection.fault).collect();
    assert_eq!(faults, [CertificateFault::Expired]);
    let end = &pair.client.observed.end;
    assert!(
        matches!(end, Some(End::Failed(failure)) if failure.cause == Cause::CertificateExpired),
        "{end:?}"
    );
}

#[test]
fn an_application_signs_with_a_key_of_its_own_and_leaves_the_rest_to_the_policy() {
    let root = Authority::root("root");
    let issued = root.issue(|_| {});
    let chain: CertificateChain = issued.chain.iter().cloned().collect();
    let client =
        ClientPolicy { servers: ServerTrust::Roots(trusting(&root)), credentials: Vec::new() };
    let credentials = vec![Credential::with_key_elsewhere(chain, vec![P256]).unwrap()];
    let server = ServerPolicy { credentials, ..ServerPolicy::default() };
    let mut pair = pair(ClientAuthentication::Request);
    let rejections = run(&mut pair, (&client, &server), 2030, |question| {
        let signature = issued.key.sign(question.message()).unwrap();
        question.signature(signature).into()
    });
    assert_eq!(rejections, []);
    assert!(pair.agrees(), "{pair:?}");
}

/// RFC 9963: for clients whose key can do no better, and servers that say so.
#[test]
fn a_client_signs_with_pkcs1_v1_5_only_for_a_server_that_asks_for_it() {
    let root = Authority::root("root");
    let legacy = Scheme::RSA_PKCS1_SHA256_LEGACY;
    for is_asked in [false, true] {
        let mut setup = Setup::default();
        setup.server.client_authentication = ClientAuthentication::Require;
        setup.destination = Destination::named(ServerName::try_from(NAME).unwrap());
        if is_asked {
            setup.server.provider.signatures.extend(&LEGACY_SIGNATURES);
            setup.server.signature_schemes =
                ServerConfig::new(setup.server.provider.clone()).signature_schemes;
        }
        let own = root.issue_to(vector_key("rsa-2048.key.pem"), |_| {}).credential();
        let client = ClientPolicy {
            servers: ServerTrust::Roots(trusting(&root)),
            credentials: vec![own.with_schemes(vec![legacy]).unwrap()],
        };
        let server = ServerPolicy {
            credentials: vec![root.issue(|_| {}).credential()],
            client_roots: Some(trusting(&root)),
            ..ServerPolicy::default()
        };
        let mut pair = setup.pair();
        assert_eq!(run(&mut pair, (&client, &server), 2030, never), []);
        let end = &pair.server.observed.end;
        match is_asked {
            true => assert!(pair.agrees(), "{pair:?}"),
            false => assert!(
                matches!(end, Some(End::Failed(f)) if f.cause == Cause::ClientCertificateMissing),
                "{end:?}"
            ),
        }
    }
}

#[test]
fn a_client_never_offers_what_only_clients_sign_with() {
    let mut provider = Setup::default().client.provider;
    provider.signatures.extend(&LEGACY_SIGNATURES);
    let client = ClientConfig::new(provider.clone());
    let server = ServerConfig::new(provider);
    for Scheme(code) in LEGACY_SIGNATURES.iter().map(|algorithm| algorithm.scheme) {
        assert!(!client.signature_schemes.list().contains(Scheme(code)));
        assert!(!client.certificate_signature_schemes.list().contains(Scheme(code)));
        assert!(server.signature_schemes.list().contains(Scheme(code)));
        assert!(!server.certificate_signature_schemes.list().contains(Scheme(code)));
    }
}
