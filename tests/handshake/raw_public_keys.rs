//! Raw public keys in place of certificates: what is offered, what is agreed, what is shown
//! (RFC 7250, RFC 9846 §4.5.1).

use countersign::codec::Vector;
use countersign::epoch::Role;
use countersign::failure::{Cause, Misuse};
use countersign::handshake::config::{ClientAuthentication, KeyShares};
use countersign::handshake::decision::Decision;
use countersign::handshake::event::{CertificateTypes, PskKind};
use countersign::handshake::{ClientConfig, Destination, Handshake};
use countersign::limits::Limits;
use countersign::message::{
    Certificate, ClientHello, EXTENSIONS, EncryptedExtensions, ExtensionSet, Kind, ParseContext,
};
use countersign::registry::{CertificateType, SignatureScheme};
use countersign_testing::{Identity, Pair, Setup, provider};

use crate::{bodies, by_default, connect, connect_with, negotiated, quic};

const X509: CertificateType = CertificateType::X509;
const RAW: CertificateType = CertificateType::RAW_PUBLIC_KEY;

/// Every list that an end can be configured with.
const LISTS: [&[CertificateType]; 4] = [&[X509], &[RAW], &[X509, RAW], &[RAW, X509]];

const AUTHENTICATIONS: [ClientAuthentication; 3] =
    [ClientAuthentication::None, ClientAuthentication::Request, ClientAuthentication::Require];

fn types(list: &[CertificateType]) -> Vector<CertificateType> {
    list.iter().copied().collect()
}

/// Both ends have and take raw public keys only, and servers insist on them.
fn only_raw_public_keys(setup: &mut Setup) {
    setup.client.server_certificate_types = types(&[RAW]);
    setup.client.client_certificate_types = types(&[RAW]);
    setup.server.server_certificate_types = types(&[RAW]);
    setup.server.client_certificate_types = types(&[RAW]);
    setup.server.client_authentication = ClientAuthentication::Require;
}

fn everything_offered() -> ParseContext {
    let offered = ExtensionSet::of(EXTENSIONS.iter().map(|row| row.extension_type));
    ParseContext { offered, ..ParseContext::default() }
}

/// Runs the handshake and returns what the server answers in EncryptedExtensions, of the server's
/// type and of the client's.
fn answers(setup: Setup) -> (Option<CertificateType>, Option<CertificateType>) {
    let bodies = bodies(setup, Kind::EncryptedExtensions);
    let context = everything_offered();
    let extensions = EncryptedExtensions::parse(&bodies[0], &context).expect("our own");
    (extensions.server_certificate_type, extensions.client_certificate_type)
}

/// The first of the server's list that the client has on its own.
fn common(server: &[CertificateType], client: &[CertificateType]) -> Option<CertificateType> {
    server.iter().copied().find(|of| client.contains(of))
}

fn failure(pair: &mut Pair, role: Role) -> Option<(Cause, &'static str)> {
    pair.end(role).failure().map(|failure| (failure.cause, failure.state))
}

#[test]
fn the_servers_type_is_the_first_of_its_own_list_that_the_client_takes() {
    for ours in LISTS {
        for theirs in LISTS {
            let mut setup = Setup::default();
            setup.server.server_certificate_types = types(ours);
            setup.client.server_certificate_types = types(theirs);
            let Some(agreed) = common(ours, theirs) else {
                let mut pair = setup.pair();
                pair.run(|_| ());
                let expected = Some((Cause::NoCommonCertificateType, "WaitClientHello"));
                assert_eq!(failure(&mut pair, Role::Server), expected, "{ours:?} {theirs:?}");
                continue;
            };
            // Who can do nothing but X.509 does not say so, and gets no answer.
            let answer = (theirs != [X509]).then_some(agreed);
            assert_eq!(answers(setup.clone()), (answer, None), "{ours:?} {theirs:?}");
            let pair = connect(setup);
            let agreed = CertificateTypes { server: agreed, client: X509 };
            assert_eq!(negotiated(&pair).certificate_types, Some(agreed));
        }
    }
}

#[test]
fn the_clients_type_is_the_first_of_the_servers_list_that_the_client_has() {
    for ours in LISTS {
        for theirs in LISTS {
            for authentication in AUTHENTICATIONS {
                let row = format!("{ours:?} {theirs:?} {authentication:?}");
                let mut setup = Setup::default();
                setup.server.client_certificate_types = types(ours);
                setup.server.client_authentication = authentication;
                setup.client.client_certificate_types = types(theirs);
                let agreed = common(ours, theirs);
                if authentication == ClientAuthentication::Require && agreed.is_none() {
                    let mut pair = setup.pair();
                    pair.run(|_| ());
                    let expected = Some((Cause::NoCommonCertificateType, "WaitClientHello"));
                    assert_eq!(failure(&mut pair, Role::Server), expected, "{row}");
                    continue;
                }
                let asked = agreed.filter(|_| authentication != ClientAuthentication::None);
                let answer = asked.filter(|_| theirs != [X509]);
                assert_eq!(answers(setup.clone()), (None, answer), "{row}");
                let requests = bodies(setup.clone(), Kind::CertificateRequest).len();
                assert_eq!(requests, usize::from(asked.is_some()), "{row}");

                let mut judged = Vec::new();
                let pair = connect_with(setup, |role, question| {
                    if let Decision::VerifyCertificate(question) = &question {
                        judged.push((role, question.certificate_type()));
                    }
                    by_default(question)
                });
                let client = asked.unwrap_or(X509);
                let types = CertificateTypes { server: X509, client };
                assert_eq!(negotiated(&pair).certificate_types, Some(types), "{row}");
                let of_client = asked.map(|of| (Role::Server, of));
                let expected: Vec<_> =
                    [(Role::Client, X509)].into_iter().chain(of_client).collect();
                assert_eq!(judged, expected, "{row}");
            }
        }
    }
}

#[test]
fn a_list_is_offered_as_it_is_configured_unless_it_is_x509_alone() {
    for (of_server, of_client) in LISTS.into_iter().zip(LISTS.into_iter().rev()) {
        let mut setup = Setup::default();
        setup.client.server_certificate_types = types(of_server);
        setup.server.server_certificate_types = types(&[X509, RAW]);
        setup.client.client_certificate_types = types(of_client);
        let hellos = bodies(setup, Kind::ClientHello);
        let hello = ClientHello::parse(&hellos[0], &Limits::default()).expect("our own");
        let offered = |of: Option<countersign::codec::List<'_, CertificateType>>| {
            of.map(|list| list.iter().collect::<Vec<_>>())
        };
        let expected = |list: &[_]| (list != [X509]).then(|| list.to_vec());
        let extensions = hello.extensions;
        assert_eq!(offered(extensions.server_certificate_types), expected(of_server));
        assert_eq!(offered(extensions.client_certificate_types), expected(of_client));
    }
}

#[test]
fn a_raw_public_key_is_sent_as_one_entry_without_extensions() {
    let mut setup = Setup::default();
    only_raw_public_keys(&mut setup);
    setup.client.request_ocsp_response = true;
    setup.client.request_signed_certificate_timestamps = true;
    let certificates = bodies(setup, Kind::Certificate);
    assert_eq!(certificates.len(), 2);
    for body in certificates {
        let certificate = Certificate::parse(&body, &everything_offered()).expect("our own");
        let entries: Vec<_> = certificate.certificate_list.iter().collect();
        let [entry] = &entries[..] else { panic!("one entry: {entries:?}") };
        assert_eq!(entry.cert_data, &*Identity::example().raw_public_key());
        assert_eq!((entry.ocsp_response, entry.signed_certificate_timestamps), (None, None));
    }
}

#[test]
fn the_verifier_sees_the_key_and_no_certificate() {
    let mut setup = Setup::default();
    only_raw_public_keys(&mut setup);
    let mut seen = Vec::new();
    let pair = connect_with(setup, |role, question| {
        if let Decision::VerifyCertificate(question) = &question {
            assert_eq!(question.certificate_type(), RAW);
            assert_eq!(question.certificates().count(), 0);
            assert_eq!(question.ocsp_response(), None);
            assert_eq!(question.signed_certificate_timestamps(), None);
            let key = Identity::example().raw_public_key();
            assert_eq!(question.subject_public_key_info(), &*key);
            assert_eq!(question.server_name().is_some(), role == Role::Client);
            seen.push(role);
        }
        by_default(question)
    });
    assert_eq!(seen, [Role::Client, Role::Server]);
    let types = Some(CertificateTypes { server: RAW, client: RAW });
    assert_eq!(negotiated(&pair).certificate_types, types);
}

#[test]
fn a_credential_of_the_other_type_is_misuse_and_the_question_comes_back() {
    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    let identity = Identity::example();
    for (wanted, other) in [(X509, RAW), (RAW, X509)] {
        let mut setup = Setup::default();
        only_raw_public_keys(&mut setup);
        setup.client.server_certificate_types = types(&[X509, RAW]);
        setup.client.client_certificate_types = types(&[X509, RAW]);
        setup.server.server_certificate_types = types(&[wanted]);
        setup.server.client_certificate_types = types(&[wanted]);
        let mut asked = 0;
        connect_with(setup, |_, question| {
            asked += 1;
            by_default(match question {
                Decision::SelectCredential(question) => {
                    assert_eq!(question.certificate_type(), Some(wanted));
                    let refused = question.certificate(identity.certificate(other), scheme, None);
                    let unfit = refused.expect_err("it is of the other type");
                    assert_eq!(unfit.misuse, Misuse::NotOffered);
                    Decision::SelectCredential(unfit.question)
                }
                Decision::SelectClientCredential(question) => {
                    assert_eq!(question.certificate_type(), wanted);
                    let refused = question.certificate(identity.certificate(other), scheme);
                    let unfit = refused.expect_err("it is of the other type");
                    assert_eq!(unfit.misuse, Misuse::NotOffered);
                    Decision::SelectClientCredential(unfit.question)
                }
                Decision::Sign(question) => {
                    assert_eq!(question.certificate(), &identity.certificate(wanted));
                    Decision::Sign(question)
                }
                other => other,
            })
        });
        assert_eq!(asked, 6);
    }
}

#[test]
fn a_client_may_stay_without_where_a_raw_public_key_is_optional() {
    let mut setup = Setup::default();
    only_raw_public_keys(&mut setup);
    setup.server.client_authentication = ClientAuthentication::Request;
    let mut judged = Vec::new();
    connect_with(setup, |role, question| match question {
        Decision::SelectClientCredential(question) => Ok(question.decline()),
        Decision::VerifyCertificate(question) => {
            judged.push(role);
            Ok(question.accept())
        }
        other => by_default(other),
    });
    assert_eq!(judged, [Role::Client]);
}

#[test]
fn the_types_survive_a_retry() {
    let mut setup = Setup::default();
    only_raw_public_keys(&mut setup);
    setup.client.key_shares = KeyShares::First(0);
    assert_eq!(answers(setup.clone()), (Some(RAW), Some(RAW)));
    let types = Some(CertificateTypes { server: RAW, client: RAW });
    assert_eq!(negotiated(&connect(setup)).certificate_types, types);
}

#[test]
fn raw_public_keys_authenticate_over_quic_too() {
    let mut setup = quic::setup();
    only_raw_public_keys(&mut setup);
    let mut pair = setup.pair();
    pair.run_with(|_| (), quic::answer);
    assert!(pair.agrees(), "{pair:?}");
    let types = Some(CertificateTypes { server: RAW, client: RAW });
    assert_eq!(negotiated(&pair).certificate_types, types);
}

/// A client that offers the key that both ends know.
fn offering_psk(setup: &mut Setup) {
    let psk = Identity::key().offered_as(Identity::KEY_NAME.to_vec());
    setup.destination.psks.push(psk);
}

#[test]
fn with_a_psk_nobody_shows_anything_and_only_the_servers_type_is_said() {
    let mut setup = Setup::default();
    only_raw_public_keys(&mut setup);
    offering_psk(&mut setup);
    assert_eq!(answers(setup.clone()), (Some(RAW), None));
    let negotiated = negotiated(&connect(setup));
    assert_eq!(negotiated.certificate_types, None);
    assert_eq!(negotiated.psk.map(|psk| psk.kind), Some(PskKind::External));
}

#[test]
fn without_a_type_in_common_a_psk_still_does() {
    let lists: [(&[_], &[_]); 2] = [(&[RAW], &[X509]), (&[X509], &[RAW])];
    for (ours, theirs) in lists {
        let mut setup = Setup::default();
        setup.server.server_certificate_types = types(ours);
        setup.client.server_certificate_types = types(theirs);
        offering_psk(&mut setup);
        assert_eq!(answers(setup.clone()), (None, None));
        let pair = connect_with(setup, |_, question| {
            if let Decision::SelectCredential(question) = &question {
                assert_eq!(question.certificate_type(), None);
                assert!(!question.accepts_certificate());
            }
            by_default(question)
        });
        assert!(negotiated(&pair).psk.is_some());
    }
}

#[test]
fn a_configuration_lists_one_type_or_both_and_no_other() {
    let wrong: [&[CertificateType]; 3] = [&[], &[CertificateType(1)], &[X509, CertificateType(7)]];
    for list in wrong {
        let configurations = |change: &dyn Fn(&mut ClientConfig)| {
            let mut config = ClientConfig::new(provider());
            change(&mut config);
            Handshake::client(config.into(), Destination::default()).map(|_| ())
        };
        for refused in [
            configurations(&|config| config.server_certificate_types = types(list)),
            configurations(&|config| config.client_certificate_types = types(list)),
        ] {
            assert!(matches!(refused, Err(Misuse::Configuration(_))), "{list:?}");
        }
        for change in [
            |setup: &mut Setup, list| setup.server.server_certificate_types = list,
            |setup: &mut Setup, list| setup.server.client_certificate_types = list,
        ] {
            let mut setup = Setup::default();
            change(&mut setup, types(list));
            let refused = Handshake::server(setup.server.into()).map(|_| ());
            assert!(matches!(refused, Err(Misuse::Configuration(_))), "{list:?}");
        }
    }
}
