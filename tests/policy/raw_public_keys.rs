//! Raw public keys: which are trusted, and which is chosen to be shown (RFC 7250).

use countersign::crypto::leaf::Leaf;
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::handshake::config::{ClientAuthentication, Destination};
use countersign::handshake::decision::{CertificateFault, Decision, OwnCertificate};
use countersign::policy::asked::{self, Said};
use countersign::policy::{
    ClientPolicy, Credential, CredentialFault, Roots, RootsFault, ServerPolicy, ServerTrust, verify,
};
use countersign::registry::SignatureScheme as Scheme;
use countersign_testing::pki::{Authority, NAME, noon, trusting, vector};
use countersign_testing::{Pair, Setup};
use pki_types::{PrivateKeyDer, SubjectPublicKeyInfoDer};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519, PublicKeyData};

use crate::choice::{Offer, certificate_request};
use crate::{ED25519, P256, P384, RAW, X509};

fn raw(key: &KeyPair) -> SubjectPublicKeyInfoDer<'static> {
    key.subject_public_key_info().into()
}

/// The credential that is a key and no more.
fn credential(key: &KeyPair) -> Credential {
    let private = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    Credential::new(raw(key), &private).unwrap()
}

fn key() -> KeyPair {
    KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap()
}

fn knowing(keys: &[&KeyPair]) -> Roots {
    let mut roots = Roots::default();
    keys.iter().for_each(|key| roots.add_raw_public_key(&raw(key)).unwrap());
    roots
}

/// Which fault is found in this raw public key, asked about without a name.
fn fault(role: Role, roots: &Roots, key: &KeyPair) -> Option<CertificateFault> {
    let leaf = Leaf::parse_raw_public_key(&raw(key)).unwrap();
    let question = asked::verify_raw_public_key(role, None, leaf);
    verify(&question, roots, noon(2030)).err().map(|rejection| {
        assert_eq!(rejection.certificate, None);
        assert!(rejection.to_string().contains("raw public key"), "{rejection}");
        rejection.fault
    })
}

#[test]
fn a_raw_public_key_is_trusted_if_it_is_known_to_the_byte() {
    let (one, two, other) = (key(), key(), key());
    let roots = knowing(&[&one, &two]);
    for role in [Role::Client, Role::Server] {
        assert_eq!(fault(role, &roots, &one), None);
        assert_eq!(fault(role, &roots, &two), None);
        assert_eq!(fault(role, &roots, &other), Some(CertificateFault::Unspecified));
    }
}

#[test]
fn a_raw_public_key_is_unsupported_where_only_certificates_are_trusted() {
    let root = Authority::root("root");
    for role in [Role::Client, Role::Server] {
        let unsupported = Some(CertificateFault::Unsupported);
        assert_eq!(fault(role, &trusting(&root), &key()), unsupported);
        assert_eq!(fault(role, &Roots::default(), &key()), unsupported);
    }
}

#[test]
fn a_certificate_is_not_trusted_because_its_key_is() {
    let issued = Authority::root("root").issue(|_| {});
    let roots = knowing(&[&issued.key]);
    let leaf = Leaf::parse(issued.leaf()).unwrap();
    let question = asked::verify_certificate(Role::Server, &issued.chain, None, leaf);
    let rejection = verify(&question, &roots, noon(2030)).unwrap_err();
    assert_eq!(rejection.fault, CertificateFault::UnknownAuthority);
}

#[test]
fn only_keys_that_could_authenticate_can_be_trusted() {
    let mut roots = Roots::default();
    let whole = raw(&key());
    let wrong = [Vec::new(), whole[..whole.len() - 1].to_vec(), [&whole[..], &[0]].concat()];
    for wrong in wrong {
        let refused = roots.add_raw_public_key(&wrong.into());
        assert_eq!(refused, Err(RootsFault::RawPublicKey));
    }
}

#[test]
fn a_raw_public_key_and_its_private_key_make_a_credential() {
    let (own, other) = (key(), key());
    let private = |key: &KeyPair| PrivateKeyDer::try_from(key.serialize_der()).unwrap();
    let credential = Credential::new(raw(&own), &private(&own)).unwrap();
    assert_eq!(credential.certificate(), &OwnCertificate::RawPublicKey(raw(&own)));
    assert_eq!(credential.schemes(), [P256]);
    assert!(credential.names().is_empty());

    let mismatch = Credential::new(raw(&own), &private(&other)).unwrap_err();
    assert_eq!(mismatch, CredentialFault::KeyMismatch);
    let malformed = SubjectPublicKeyInfoDer::from(b"no key".to_vec());
    let malformed = Credential::new(malformed, &private(&own)).unwrap_err();
    assert_eq!(malformed, CredentialFault::Certificate(Cause::RawPublicKeyMalformed));

    let elsewhere = Credential::with_key_elsewhere(raw(&own), vec![P256]).unwrap();
    assert_eq!(elsewhere.sign(P256, b"message"), None);
    let unfit = Credential::with_key_elsewhere(raw(&own), vec![ED25519]).unwrap_err();
    assert_eq!(unfit, CredentialFault::SchemeDoesNotFit(ED25519));
}

#[test]
fn a_raw_public_key_is_read_from_pem() {
    let own = key();
    let (public, private) = (own.public_key_pem(), own.serialize_pem());
    let read = |public: &str, private: &str| {
        Credential::raw_public_key_from_pem(public.as_bytes(), private.as_bytes())
    };
    let credential = read(&public, &private).unwrap();
    assert_eq!(credential.certificate(), &OwnCertificate::RawPublicKey(raw(&own)));
    assert_eq!(read(&private, &private).unwrap_err(), CredentialFault::Pem);
    assert_eq!(read(&public, &public).unwrap_err(), CredentialFault::NoKey);
}

#[test]
fn staples_do_not_stick_to_a_raw_public_key() {
    let own = key();
    let stapled = credential(&own)
        .with_ocsp_response(b"ocsp".to_vec())
        .with_signed_certificate_timestamps(b"\x00\x05\x00\x03sct".to_vec())
        .unwrap();
    assert_eq!(stapled.certificate(), &OwnCertificate::RawPublicKey(raw(&own)));
}

/// 0 and 1: certificates of P-256 and Ed25519; 2 and 3: raw public keys of P-256 and P-384.
fn of_both_types() -> (Authority, Vec<Credential>) {
    let root = Authority::root("root");
    let credentials = vec![
        root.issue_for(&PKCS_ECDSA_P256_SHA256, &["a.example"]).credential(),
        root.issue_for(&PKCS_ED25519, &["b.example"]).credential(),
        credential(&key()),
        credential(&KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap()),
    ];
    (root, credentials)
}

fn position(credentials: &[Credential], certificate: &OwnCertificate) -> usize {
    credentials.iter().position(|own| own.certificate() == certificate).unwrap()
}

#[test]
fn a_server_chooses_among_the_credentials_of_the_type() {
    let policy = ServerPolicy { credentials: of_both_types().1, ..ServerPolicy::default() };
    let strict = ServerPolicy {
        credentials: of_both_types().1,
        require_known_name: true,
        ..ServerPolicy::default()
    };
    let none = Err(Cause::NoCommonSignatureScheme);
    let unknown = Err(Cause::NameNotServed);
    let rows: [(&ServerPolicy, Option<&str>, &[Scheme], _, _); 12] = [
        (&policy, None, &[P256, P384, ED25519], X509, Ok((0, P256))),
        (&policy, None, &[P256, P384, ED25519], RAW, Ok((2, P256))),
        (&policy, None, &[P384, P256], X509, Ok((0, P256))),
        (&policy, None, &[P384, P256], RAW, Ok((3, P384))),
        (&policy, None, &[P384], X509, none),
        (&policy, None, &[ED25519], RAW, none),
        (&policy, Some("b.example"), &[P256, ED25519], X509, Ok((1, ED25519))),
        (&policy, Some("b.example"), &[P256, ED25519], RAW, Ok((2, P256))),
        (&policy, Some("c.example"), &[P256], RAW, Ok((2, P256))),
        (&strict, Some("b.example"), &[P256], RAW, Ok((2, P256))),
        (&strict, Some("c.example"), &[P256], RAW, unknown),
        (&strict, None, &[P256], RAW, Ok((2, P256))),
    ];
    for (policy, name, schemes, wanted, expected) in rows {
        let offer = Offer { name, schemes, ..Offer::default() };
        let question = asked::select_credential(offer.client_hello(), wanted);
        let answered = policy.answer(Decision::SelectCredential(question), noon(2030)).unwrap();
        let said = match Said::from(answered.answer) {
            Said::Credential(own, scheme, _) => Ok((position(&policy.credentials, &own), scheme)),
            Said::Refused(cause) => Err(cause),
            other => panic!("{other:?}"),
        };
        assert_eq!(said, expected, "{name:?} {schemes:?} {wanted:?}");
    }
}

#[test]
fn a_client_chooses_among_the_credentials_of_the_type() {
    let (_, credentials) = of_both_types();
    let policy = ClientPolicy { servers: ServerTrust::Application, credentials };
    let rows: [(&[Scheme], &[&[u8]], _, _); 6] = [
        (&[P256, P384], &[], X509, Some((0, P256))),
        (&[P256, P384], &[], RAW, Some((2, P256))),
        (&[P384, P256], &[], RAW, Some((3, P384))),
        (&[ED25519], &[], RAW, None),
        // A name of an authority is about certificates.
        (&[P256], &[b"somebody"], X509, None),
        (&[P256], &[b"somebody"], RAW, Some((2, P256))),
    ];
    for (schemes, authorities, wanted, expected) in rows {
        let request = certificate_request(schemes, authorities);
        let question = asked::select_client_credential(request, wanted);
        let question = Decision::SelectClientCredential(question);
        let answered = policy.answer(question, noon(2030)).unwrap();
        let Said::ClientCredential(selected) = Said::from(answered.answer) else { panic!() };
        let selected = selected.map(|(own, scheme)| (position(&policy.credentials, &own), scheme));
        assert_eq!(selected, expected, "{schemes:?} {wanted:?}");
    }
}

fn run(setup: Setup, client: &ClientPolicy, server: &ServerPolicy) -> Pair {
    let mut pair = setup.pair();
    let answer = |role, question| {
        let answered = match role {
            Role::Client => client.answer(question, noon(2030)),
            Role::Server => server.answer(question, noon(2030)),
        };
        answered.map(|answered| answered.answer).map_err(|question| *question)
    };
    pair.run_with(|_| (), answer);
    pair
}

fn only_raw_public_keys() -> Setup {
    let mut setup = Setup::default();
    let raw = || std::iter::once(RAW).collect();
    setup.client.server_certificate_types = raw();
    setup.client.client_certificate_types = raw();
    setup.server.server_certificate_types = raw();
    setup.server.client_certificate_types = raw();
    setup.server.client_authentication = ClientAuthentication::Require;
    setup.destination = Destination::named(NAME.try_into().unwrap());
    setup
}

#[test]
fn policies_authenticate_each_other_by_every_kind_of_raw_public_key() {
    let rsa = String::from_utf8(vector("rsa-2048.key.pem")).unwrap();
    for key in [
        key(),
        KeyPair::generate_for(&PKCS_ECDSA_P384_SHA384).unwrap(),
        KeyPair::generate_for(&PKCS_ED25519).unwrap(),
        KeyPair::from_pem(&rsa).unwrap(),
    ] {
        let roots = || knowing(&[&key]);
        let credentials = || vec![credential(&key)];
        let client =
            ClientPolicy { servers: ServerTrust::Roots(roots()), credentials: credentials() };
        let server = ServerPolicy {
            credentials: credentials(),
            client_roots: Some(roots()),
            ..ServerPolicy::default()
        };
        let pair = run(only_raw_public_keys(), &client, &server);
        assert!(pair.agrees(), "{pair:?}");
    }
}

#[test]
fn a_stranger_is_refused_by_either_end() {
    let (known, stranger) = (key(), key());
    for (of_server, of_client, victim) in
        [(&stranger, &known, Role::Client), (&known, &stranger, Role::Server)]
    {
        let client = ClientPolicy {
            servers: ServerTrust::Roots(knowing(&[&known])),
            credentials: vec![credential(of_client)],
        };
        let server = ServerPolicy {
            credentials: vec![credential(of_server)],
            client_roots: Some(knowing(&[&known])),
            ..ServerPolicy::default()
        };
        let mut pair = run(only_raw_public_keys(), &client, &server);
        let cause = pair.end(victim).failure().map(|failure| failure.cause);
        assert_eq!(cause, Some(Cause::CertificateUnacceptable));
    }
}

#[test]
fn ends_that_know_both_types_go_on_with_either() {
    let (root, key) = (Authority::root("root"), key());
    let roots = || {
        let mut roots = trusting(&root);
        roots.add_raw_public_key(&raw(&key)).unwrap();
        roots
    };
    let credentials = || vec![root.issue(|_| {}).credential(), credential(&key)];
    let client = ClientPolicy { servers: ServerTrust::Roots(roots()), credentials: credentials() };
    let server = ServerPolicy {
        credentials: credentials(),
        client_roots: Some(roots()),
        ..ServerPolicy::default()
    };
    for of_server in [X509, RAW] {
        for of_client in [X509, RAW] {
            let mut setup = only_raw_public_keys();
            setup.client.server_certificate_types = [X509, RAW].into_iter().collect();
            setup.client.client_certificate_types = [X509, RAW].into_iter().collect();
            setup.server.server_certificate_types = std::iter::once(of_server).collect();
            setup.server.client_certificate_types = std::iter::once(of_client).collect();
            let pair = run(setup, &client, &server);
            assert!(pair.agrees(), "{pair:?}");
        }
    }
}
