//! Signing and verifying through the policies, and what is handed back.

use countersign::crypto::leaf::Leaf;
use countersign::crypto::ring::provider;
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::handshake::decision::{CertificateChain, CertificateFault, Decision};
use countersign::policy::asked::{self, Said};
use countersign::policy::{
    ClientPolicy, Credential, CredentialFault, Roots, ServerPolicy, ServerTrust,
};
use pki_types::ServerName;

use crate::choice::{Offer, certificate_request, chosen, four_names};
use crate::{ED25519, P256, X509};
use CertificateFault::{Bad, Expired, Unspecified};
use countersign_testing::pki::{Authority, Issued, NAME, noon, self_signed, trusting};

fn sign(policy: &ServerPolicy, credential: &Credential) -> Result<Said, Box<Decision>> {
    let question = asked::sign(credential.certificate().clone(), P256, b"message".to_vec());
    let answered = policy.answer(Decision::Sign(question), noon(2030))?;
    Ok(answered.answer.into())
}

#[test]
fn the_credential_that_was_selected_signs() {
    let policy = four_names();
    for credential in &policy.credentials[..2] {
        let Said::Signature(signature) = sign(&policy, credential).unwrap() else { panic!() };
        let leaf = Leaf::parse(&credential.certificate().entries()[0].certificate).unwrap();
        let algorithm = provider().signature(P256).unwrap();
        assert_eq!(algorithm.verify(&leaf, b"message", &signature), Ok(()));
    }
}

#[test]
fn a_policy_that_was_reloaded_with_a_new_staple_still_signs() {
    let issued = Authority::root("root").issue(|_| {});
    let before = issued.credential().with_ocsp_response(b"old".to_vec());
    let credentials = vec![issued.credential().with_ocsp_response(b"new".to_vec())];
    let policy = ServerPolicy { credentials, ..ServerPolicy::default() };
    assert!(matches!(sign(&policy, &before), Ok(Said::Signature(_))));
}

#[test]
fn a_scheme_that_the_key_does_not_sign_is_unavailable() {
    let policy = four_names();
    assert_eq!(sign(&policy, &policy.credentials[3]).unwrap(), Said::Refused(Cause::SigningFailed));
}

#[test]
fn a_key_elsewhere_is_selected_and_its_signature_asked_of_the_application() {
    let issued = Authority::root("root").issue(|_| {});
    let chain = || issued.chain.iter().cloned().collect::<CertificateChain>();
    let elsewhere = Credential::with_key_elsewhere(chain(), vec![P256]).unwrap();
    let policy = ServerPolicy { credentials: vec![elsewhere], ..ServerPolicy::default() };
    let offer = Offer { schemes: &[P256], ..Offer::default() };
    assert_eq!(chosen(&policy, &offer), (0, P256));
    let handed_back = sign(&policy, &policy.credentials[0]).unwrap_err();
    assert!(matches!(*handed_back, Decision::Sign(_)));

    let unfit = Credential::with_key_elsewhere(chain(), vec![P256, ED25519]).unwrap_err();
    assert_eq!(unfit, CredentialFault::SchemeDoesNotFit(ED25519));
}

fn question(role: Role, issued: &Issued, name: Option<&str>, proved: &Issued) -> Decision {
    let name = name.map(|name| ServerName::try_from(name).unwrap().to_owned());
    let leaf = Leaf::parse(proved.leaf()).unwrap();
    Decision::VerifyCertificate(asked::verify_certificate(role, &issued.chain, name, leaf))
}

fn client_of(root: &Authority) -> ClientPolicy {
    ClientPolicy { servers: ServerTrust::Roots(trusting(root)), credentials: Vec::new() }
}

#[test]
fn a_clients_verdict_comes_with_its_account() {
    let root = Authority::root("root");
    let (issued, other) = (root.issue(|_| {}), root.issue(|_| {}));
    let rows = [
        (Some(NAME), &issued, 2030, Said::Accepted, None),
        (Some(NAME), &issued, 2040, Said::Refused(Cause::CertificateExpired), Some(Expired)),
        (
            Some("x.test"),
            &issued,
            2030,
            Said::Refused(Cause::CertificateUnacceptable),
            Some(Unspecified),
        ),
        (None, &issued, 2030, Said::Refused(Cause::CertificateUnacceptable), Some(Unspecified)),
        (Some(NAME), &other, 2030, Said::Refused(Cause::CertificateBad), Some(Bad)),
    ];
    for (name, proved, year, said, fault) in rows {
        let question = question(Role::Client, &issued, name, proved);
        let answered = client_of(&root).answer(question, noon(year)).unwrap();
        assert_eq!(answered.rejection.map(|rejection| rejection.fault), fault, "{name:?}");
        assert_eq!(Said::from(answered.answer), said, "{name:?}");
    }
}

#[test]
fn a_servers_verdict_needs_no_name() {
    let (root, stranger) = (Authority::root("root"), Authority::root("stranger"));
    let policy = ServerPolicy { client_roots: Some(trusting(&root)), ..ServerPolicy::default() };
    for (authority, said) in
        [(&root, Said::Accepted), (&stranger, Said::Refused(Cause::CertificateAuthorityUnknown))]
    {
        let issued = authority.issue(|params| params.subject_alt_names.clear());
        let question = question(Role::Server, &issued, None, &issued);
        assert_eq!(Said::from(policy.answer(question, noon(2030)).unwrap().answer), said);
    }
}

#[test]
fn every_server_is_accepted_only_where_the_configuration_says_dangerously() {
    let issued = self_signed();
    let dangerous =
        ClientPolicy { servers: ServerTrust::DangerouslyAcceptAnyServer, credentials: Vec::new() };
    let asked = || question(Role::Client, &issued, Some("other.test"), &issued);
    let answered = dangerous.answer(asked(), noon(2050)).unwrap();
    assert_eq!(Said::from(answered.answer), Said::Accepted);
    let careful = ClientPolicy { servers: ServerTrust::Roots(Roots::default()), ..dangerous };
    let answered = careful.answer(asked(), noon(2030)).unwrap();
    let said = Said::from(answered.answer);
    assert_eq!(said, Said::Refused(Cause::CertificateAuthorityUnknown));
}

#[test]
fn what_the_configuration_does_not_settle_is_handed_back() {
    let issued = Authority::root("root").issue(|_| {});
    let server = ServerPolicy::default();
    let client = ClientPolicy { servers: ServerTrust::Application, credentials: Vec::new() };
    let any_server = ServerTrust::DangerouslyAcceptAnyServer;
    let anyone = ClientPolicy { servers: any_server, credentials: Vec::new() };
    let client_roots = Some(Roots::default());
    let other_role = ServerPolicy { client_roots, ..ServerPolicy::default() };
    let hello = Offer { schemes: &[P256], ..Offer::default() }.client_hello();
    let verify = |role| question(role, &issued, Some(NAME), &issued);
    let select = || Decision::SelectCredential(asked::select_credential(hello.clone(), X509));
    let request = certificate_request(&[P256], &[]);
    let select_client =
        Decision::SelectClientCredential(asked::select_client_credential(request, X509));
    let chain: CertificateChain = issued.chain.iter().cloned().collect();
    let sign = || Decision::Sign(asked::sign(chain.clone().into(), P256, Vec::new()));
    let now = noon(2030);
    for (answered, kind) in [
        (server.answer(verify(Role::Server), now), "VerifyCertificate("),
        (server.answer(select(), now), "SelectCredential("),
        (server.answer(select_client, now), "SelectClientCredential("),
        (server.answer(sign(), now), "Sign("),
        (client.answer(verify(Role::Client), now), "VerifyCertificate("),
        (anyone.answer(verify(Role::Server), now), "VerifyCertificate("),
        (other_role.answer(verify(Role::Client), now), "VerifyCertificate("),
        (client.answer(select(), now), "SelectCredential("),
        (client.answer(sign(), now), "Sign("),
    ] {
        let handed_back = answered.expect_err(kind);
        assert!(format!("{handed_back:?}").starts_with(kind), "{kind}");
    }
}
