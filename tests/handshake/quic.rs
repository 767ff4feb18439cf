//! The profile of QUIC (RFC 9001).

use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::config::{ClientAuthentication, Profile};
use countersign::handshake::decision::Decision;
use countersign::handshake::event::NewTicket;
use countersign::handshake::{ClientConfig, Fact, Handshake};
use countersign::limits::Limits;
use countersign::message::{ClientHello, Kind, ProtocolName};
use countersign_testing::{End, Pair, Setup};

use crate::{Decided, by_default, with_protocol};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

pub(crate) fn setup() -> Setup {
    let mut setup = Setup::default();
    setup.client.profile = Profile::Quic(b"the client's parameters".to_vec());
    setup.client.application_layer_protocols = [ProtocolName(b"h3")].into_iter().collect();
    setup.server.profile = Profile::Quic(b"the server's parameters".to_vec());
    setup
}

pub(crate) fn answer(_: Role, question: Decision) -> Decided {
    match question {
        Decision::SelectCredential(question) => with_protocol(question, b"h3"),
        other => by_default(other),
    }
}

fn connect(setup: Setup) -> Pair {
    let mut pair = setup.pair();
    pair.run_with(|_| (), answer);
    assert!(pair.agrees(), "{pair:?}");
    pair
}

fn transport_parameters(end: &End) -> Vec<&[u8]> {
    let facts = end.observed.facts.iter();
    let found = facts.filter_map(|fact| match fact {
        Fact::TransportParameters(parameters) => Some(&parameters[..]),
        _ => None,
    });
    found.collect()
}

#[test]
fn transport_parameters_arrive_both_ways() {
    for (cookie_bytes, authentication) in
        [(0, ClientAuthentication::None), (16, ClientAuthentication::Require)]
    {
        let mut setup = setup();
        setup.server.cookie_bytes = cookie_bytes;
        setup.server.client_authentication = authentication;
        let pair = connect(setup);
        assert_eq!(transport_parameters(&pair.client), [b"the server's parameters"]);
        assert_eq!(transport_parameters(&pair.server), [b"the client's parameters"]);
    }
}

#[test]
fn there_is_no_session_id_even_in_compatibility_mode() {
    let mut hellos = Vec::new();
    let mut setup = setup();
    setup.client.compatibility_mode = true;
    setup.pair().run_with(
        |flight| {
            if flight.from == Role::Client && flight.epoch == Epoch::Initial {
                hellos.push(flight.bytes.clone());
            }
        },
        answer,
    );
    let hello = ClientHello::parse(&hellos[0][4..], &Limits::default()).expect("our own");
    assert!(hello.legacy_session_id.is_empty());
}

#[test]
fn a_key_update_is_refused_both_ways() {
    for role in BOTH {
        for request in [0, 1] {
            let mut pair = connect(setup());
            let end = pair.end(role);
            let misuse = end.handshake.update_keys(request == 1);
            assert_eq!(misuse, Err(Misuse::NotInThisProfile));
            end.handshake.answer_key_update();
            assert!(end.settle().is_empty());
            end.handshake.receive(Epoch::Application, &[24, 0, 0, 1, request]).expect("running");
            end.settle();
            let failure = end.failure().expect("QUIC has no KeyUpdate");
            assert_eq!(failure.cause, Cause::MessageOutOfOrder, "{role:?}");
        }
    }
}

#[test]
fn a_connection_is_not_closed_by_alerts() {
    for role in BOTH {
        let mut pair = connect(setup());
        let end = pair.end(role);
        assert_eq!(end.handshake.close(), Err(Misuse::NotInThisProfile));
        end.handshake.cancel().expect("running");
        end.settle();
        assert_eq!(end.observed.end, Some(countersign::handshake::End::Closed));
        assert!(end.observed.alerts.is_empty());
    }
}

#[test]
fn tickets_are_issued_as_elsewhere() {
    let mut pair = connect(setup());
    // RFC 9001 §4.6.1: early data is bounded by QUIC itself.
    let server = &mut pair.server.handshake;
    assert_eq!(server.issue_ticket(crate::tickets::ORDER), Err(Misuse::OutOfRange));
    for max_early_data_bytes in [None, Some(u32::MAX)] {
        let order = NewTicket { max_early_data_bytes, ..crate::tickets::ORDER };
        pair.server.handshake.issue_ticket(order).expect("connected");
        pair.run(|_| ());
        assert!(pair.client.knows(|fact| matches!(
            fact,
            Fact::Ticket(ticket) if ticket.max_early_data_bytes == max_early_data_bytes
        )));
    }
}

#[test]
fn a_client_needs_an_application_protocol() {
    let mut config: ClientConfig = setup().client;
    config.application_layer_protocols = countersign::codec::Vector::new();
    let refused = Handshake::client(config.into(), countersign::handshake::Destination::default());
    assert!(matches!(refused, Err(Misuse::Configuration(_))));
}

#[test]
fn a_handshake_without_an_application_protocol_ends_at_the_server() {
    let mut pair = setup().pair();
    pair.run(|_| ());
    let failure = pair.server.failure().expect("no protocol is selected");
    assert_eq!(failure.cause, Cause::NoCommonApplicationProtocol);
    assert_eq!(pair.server.observed.alerts[0].0, Epoch::Initial);
}

#[test]
fn ends_of_different_profiles_do_not_connect() {
    let rows =
        [(true, Cause::TransportParametersForbidden), (false, Cause::TransportParametersMissing)];
    for (quic_client, cause) in rows {
        let mut setup = setup();
        if quic_client {
            setup.server.profile = Profile::Records;
        } else {
            setup.client.profile = Profile::Records;
            setup.client.compatibility_mode = false;
        }
        let mut pair = setup.pair();
        pair.run_with(|_| (), answer);
        assert_eq!(pair.server.failure().map(|failure| failure.cause), Some(cause));
    }
}

#[test]
fn every_kind_of_message_arrives_in_the_epoch_of_its_keys() {
    let mut seen = Vec::new();
    let mut setup = setup();
    setup.server.client_authentication = ClientAuthentication::Require;
    setup.pair().run_with(
        |flight| {
            for message in countersign_testing::messages(&flight.bytes) {
                let kind =
                    Kind::of(countersign::registry::HandshakeType(message[0]), &message[4..]);
                seen.push((flight.from, flight.epoch, kind.expect("a message")));
            }
        },
        answer,
    );
    use Kind::{Certificate, CertificateRequest, CertificateVerify, EncryptedExtensions, Finished};
    let (client, server) = (Role::Client, Role::Server);
    let (initial, handshake) = (Epoch::Initial, Epoch::Handshake);
    let expected = [
        (client, initial, Kind::ClientHello),
        (server, initial, Kind::ServerHello),
        (server, handshake, EncryptedExtensions),
        (server, handshake, CertificateRequest),
        (server, handshake, Certificate),
        (server, handshake, CertificateVerify),
        (server, handshake, Finished),
        (client, handshake, Certificate),
        (client, handshake, CertificateVerify),
        (client, handshake, Finished),
    ];
    assert_eq!(seen, expected);
}
