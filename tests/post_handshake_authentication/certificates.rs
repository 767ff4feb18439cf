//! In which forms a certificate answers a request, and what the request asks of it.

use countersign::alert::{Alert, ErrorAlert};
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::config::{ClientAuthentication, OidFilter};
use countersign::handshake::decision::Decision;
use countersign::handshake::event::EndEntity;
use countersign::handshake::{Fact, Handshake};
use countersign::policy::{ClientPolicy, ServerTrust};
use countersign::registry::{CertificateType, HandshakeType};
use countersign_testing::pki::{Authority, noon};
use countersign_testing::{Identity, Pair, Setup};
use rcgen::ExtendedKeyUsagePurpose::{ClientAuth, ServerAuth};

use crate::exchange::types;
use crate::{answered, by_default, connect, declining, setup};

/// A client that is asked for a raw public key, in the handshake and after it.
fn raw_public_keys(mut setup: Setup) -> Setup {
    let only = || std::iter::once(CertificateType::RAW_PUBLIC_KEY).collect();
    setup.client.client_certificate_types = only();
    setup.server.client_certificate_types = only();
    setup.server.client_authentication = ClientAuthentication::Require;
    setup
}

/// The end entity of the last answer.
fn end_entity(pair: &Pair) -> Option<EndEntity> {
    let mut facts = pair.server.observed.facts.iter().rev();
    facts
        .find_map(|fact| match fact {
            Fact::PostHandshakeAuthentication { certificate, .. } => Some(certificate.clone()),
            _ => None,
        })
        .expect("an answer")
}

#[test]
fn an_answer_may_be_a_chain_or_a_raw_public_key_or_nothing_and_each_may_be_compressed() {
    let own = Identity::example();
    let chain = EndEntity::Certificate(own.chain.entries[0].certificate.clone());
    let key = EndEntity::RawPublicKey(own.raw_public_key());
    let (plain, compressed) = (HandshakeType::CERTIFICATE, HandshakeType::COMPRESSED_CERTIFICATE);
    let rows = [
        (setup(), plain, &chain),
        (Setup::compressing(), compressed, &chain),
        (raw_public_keys(setup()), plain, &key),
        (raw_public_keys(Setup::compressing()), compressed, &key),
    ];
    for (setup, form, expected) in rows {
        let mut pair = connect(setup);
        for declines in [false, true, false] {
            let id = pair.server.handshake.request_certificate(false).expect("it is offered");
            let mut flights = Vec::new();
            pair.run_with(
                |flight| flights.push(flight.clone()),
                |role, question| match declines {
                    true => declining(role, question),
                    false => by_default(question),
                },
            );
            assert!(pair.agrees(), "{form:?} {pair:?}");
            let [_, answer] = &flights[..] else { panic!("{flights:?}") };
            assert_eq!(types(answer).first(), Some(&form));
            assert_eq!(answered(&pair.server).last(), Some(&(id, !declines)));
            assert_eq!(end_entity(&pair), (!declines).then(|| expected.clone()), "{form:?}");
        }
    }
}

#[test]
fn a_compressed_answer_is_unexpected_where_the_request_did_not_offer_to_take_one() {
    // The client's own algorithms are none of the server's.
    for (theirs, asks) in [(false, true), (true, false), (false, false)] {
        let mut setup = Setup::compressing();
        if !theirs {
            setup.server.certificate_compressions = Vec::new();
        }
        setup.client.post_handshake_auth = asks;
        let mut pair = connect(setup);
        if asks {
            pair.server.handshake.request_certificate(true).expect("it is offered");
        }
        pair.server.handshake.receive(Epoch::Application, &[25, 0, 0, 1]).expect("running");
        pair.server.settle();
        let failure = pair.server.failure().expect("a message that may not come");
        assert_eq!((failure.cause, failure.state), (Cause::MessageOutOfOrder, "Connected"));
    }
}

/// Extended Key Usage (2.5.29.37), and clientAuth as its value; and an extension of nobody's.
const PURPOSES: &[u8] = b"\x06\x03\x55\x1d\x25";
const CLIENTS: &[u8] = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";
const UNKNOWN: &[u8] = b"\x06\x03\x55\x1d\x7f";

fn filtering(mut setup: Setup, oid: &'static [u8], values: &'static [u8]) -> Setup {
    let filter = OidFilter { certificate_extension_oid: oid, certificate_extension_values: values };
    setup.server.oid_filters = [filter].into_iter().collect();
    setup
}

#[test]
fn a_server_is_not_configured_with_filters_that_it_may_not_send() {
    let filter = |oid, values| OidFilter {
        certificate_extension_oid: oid,
        certificate_extension_values: values,
    };
    let any_purpose = b"\x30\x06\x06\x04\x55\x1d\x25\x00";
    let rows = [
        (vec![filter(PURPOSES, b""), filter(UNKNOWN, b"")], true),
        (vec![filter(UNKNOWN, b"one"), filter(UNKNOWN, b"another")], false),
        (vec![filter(PURPOSES, any_purpose)], false),
        (vec![filter(b"", b"")], false),
    ];
    for (filters, accepted) in rows {
        let mut server = setup().server;
        server.oid_filters = filters.iter().copied().collect();
        let made = Handshake::server(server.into()).map(|_| ());
        match made {
            Ok(()) => assert!(accepted, "{filters:x?}"),
            Err(misuse) => {
                assert!(!accepted && matches!(misuse, Misuse::Configuration(_)), "{filters:x?}");
            }
        }
    }
}

#[test]
fn a_server_refuses_an_answer_that_does_not_meet_its_filters() {
    // The example's certificate says nothing of purposes, and a raw public key cannot.
    let rows: [(Setup, &[u8], bool); 6] = [
        (setup(), PURPOSES, false),
        (Setup::compressing(), PURPOSES, false),
        (setup(), UNKNOWN, true),
        (Setup::compressing(), UNKNOWN, true),
        (raw_public_keys(setup()), PURPOSES, true),
        (raw_public_keys(Setup::compressing()), PURPOSES, true),
    ];
    for (mut setup, oid, accepted) in rows {
        if setup.server.client_certificate_types.list().contains(CertificateType::X509) {
            setup.server.client_authentication = ClientAuthentication::None;
        }
        let mut pair = connect(filtering(setup, oid, CLIENTS));
        let id = pair.server.handshake.request_certificate(true).expect("it is offered");
        pair.run(|_| ());
        if accepted {
            assert_eq!(answered(&pair.server), [(id, true)]);
            continue;
        }
        let failure = pair.server.failure().expect("a filter is not met");
        assert_eq!((failure.cause, failure.state), (Cause::CertificateLacksUsage, "Connected"));
        let alert = (Epoch::Application, Alert::Error(ErrorAlert::UnsupportedCertificate));
        assert_eq!(pair.server.observed.alerts, [alert]);
        assert!(answered(&pair.server).is_empty());
    }
}

#[test]
fn a_client_answers_with_the_credential_that_meets_the_filters_or_declines() {
    let root = Authority::root("root");
    let [servers, clients] = [ServerAuth, ClientAuth]
        .map(|purpose| root.issue(|params| params.extended_key_usages = vec![purpose]));
    let of_clients = EndEntity::Certificate(clients.chain[0].clone());
    for (issued, expected) in [(vec![&servers, &clients], Some(of_clients)), (vec![&servers], None)]
    {
        let credentials = issued.iter().map(|issued| issued.credential()).collect();
        let policy = ClientPolicy { servers: ServerTrust::DangerouslyAcceptAnyServer, credentials };
        let mut pair = filtering(setup(), PURPOSES, CLIENTS).pair();
        let answer = |role, question: Decision| match role {
            Role::Client => match policy.answer(question, noon(2030)) {
                Ok(answered) => Ok(answered.answer),
                Err(question) => Err(*question),
            },
            Role::Server => by_default(question),
        };
        pair.run_with(|_| (), answer);
        let id = pair.server.handshake.request_certificate(false).expect("it is offered");
        pair.run_with(|_| (), answer);
        assert!(pair.agrees(), "{pair:?}");
        assert_eq!(answered(&pair.server), [(id, expected.is_some())]);
        assert_eq!(end_entity(&pair), expected);
    }
}
