//! Faults that only a carrier of its own can bring about, as QUIC is: handshakes without records.

use std::sync::Arc;

use countersign::alert::Alert;
use countersign::codec::Vector;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::config::Profile;
use countersign::handshake::event::NewTicket;
use countersign::handshake::{Answer, Decision, End};
use countersign::message::ProtocolName;
use countersign::registry::SignatureScheme;
use countersign_testing::{Flight, Identity, Setup};

use crate::edit::{client_hello, encrypted_extensions};

/// Who fails for what reason, the description byte, the keys and the state; which flight, counted
/// from 0, is changed, and how.
type Row = (Role, Cause, u8, Epoch, &'static str, usize, fn(&mut Flight));

pub(crate) const CASES: &[Row] = &[
    (Role::Server, Cause::WrongEpoch, 10, Epoch::Initial, "WaitClientHello", 0, |flight| {
        flight.epoch = Epoch::Handshake;
    }),
    (Role::Client, Cause::WrongEpoch, 10, Epoch::Initial, "WaitServerHello", 1, |flight| {
        flight.epoch = Epoch::Application;
    }),
    (
        Role::Server,
        Cause::LegacySessionIdForbidden,
        47,
        Epoch::Initial,
        "WaitClientHello",
        0,
        |flight| {
            client_hello(&mut flight.bytes, |hello, _| hello.legacy_session_id = &[7; 32]);
        },
    ),
    (
        Role::Server,
        Cause::TransportParametersMissing,
        109,
        Epoch::Initial,
        "WaitClientHello",
        0,
        |flight| {
            client_hello(&mut flight.bytes, |hello, _| {
                hello.extensions.quic_transport_parameters = None;
            });
        },
    ),
    (
        Role::Client,
        Cause::TransportParametersMissing,
        109,
        Epoch::Handshake,
        "WaitEncryptedExtensions",
        2,
        |flight| {
            change_first(flight, |m| {
                encrypted_extensions(m, |extensions, _| {
                    extensions.quic_transport_parameters = None
                });
            })
        },
    ),
    (
        Role::Client,
        Cause::NoCommonApplicationProtocol,
        120,
        Epoch::Handshake,
        "WaitEncryptedExtensions",
        2,
        |flight| {
            change_first(flight, |m| {
                encrypted_extensions(m, |extensions, _| {
                    extensions.application_layer_protocol = None
                });
            })
        },
    ),
    (
        Role::Client,
        Cause::TicketEarlyDataLimited,
        47,
        Epoch::Application,
        "Connected",
        4,
        // A ticket ends with how much early data it permits.
        |flight| *flight.bytes.last_mut().expect("a ticket") = 0,
    ),
];

const TICKET: NewTicket = NewTicket { lifetime_seconds: 60, max_early_data_bytes: Some(u32::MAX) };

/// Changes the first message of a flight.
fn change_first(flight: &mut Flight, change: impl FnOnce(&mut Vec<u8>)) {
    let [_, _, high, low, ..] = flight.bytes[..] else { panic!("no message") };
    let rest = flight.bytes.split_off(4 + usize::from(u16::from_be_bytes([high, low])));
    change(&mut flight.bytes);
    flight.bytes.extend(rest);
}

fn quic() -> Setup {
    let mut setup = Setup::default();
    let offered: Vector<_> = [ProtocolName(b"h3")].into_iter().collect();
    setup.client.application_layer_protocols = offered;
    setup.client.profile = Profile::Quic(b"client".to_vec());
    setup.server.profile = Profile::Quic(b"server".to_vec());
    setup
}

fn answer(decision: Decision) -> Answer {
    let Decision::SelectCredential(question) = decision else {
        return Identity::example().answer(decision);
    };
    let chain = Arc::clone(&Identity::example().chain);
    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    question.certificate(chain, scheme, Some(b"h3")).expect("what the client offers")
}

#[test]
fn every_fault_of_frames_is_told_once_by_its_own_alert_under_the_right_keys() {
    for &(role, cause, alert, under, state, nth, change) in CASES {
        let mut pair = quic().pair();
        let mut flights = 0;
        let mut tamper = |flight: &mut Flight| {
            if flights == nth {
                change(flight);
            }
            flights += 1;
        };
        pair.run_with(&mut tamper, |_, decision| Ok(answer(decision)));
        if pair.server.handshake.issue_ticket(TICKET).is_ok() {
            pair.run_with(tamper, |_, decision| Ok(answer(decision)));
        }
        let (victim, peer) = match role {
            Role::Client => (&mut pair.client, &pair.server),
            Role::Server => (&mut pair.server, &pair.client),
        };
        let Some(End::Failed(failure)) = victim.observed.end else {
            panic!("{cause:?}: {:?}", victim.observed.end);
        };
        assert_eq!((failure.cause, failure.state), (cause, state));
        let [(epoch, Alert::Error(error))] = victim.observed.alerts[..] else {
            panic!("{cause:?}: {:?}", victim.observed.alerts);
        };
        assert_eq!((epoch, error.description().0), (under, alert), "{cause:?}");
        let Some(End::Refused(refusal)) = peer.observed.end else { panic!("{cause:?}") };
        assert_eq!((refusal.alert.0, refusal.context.protection), (alert, under), "{cause:?}");
        assert_eq!(victim.handshake.receive(under, &[0]), Err(Misuse::Ended), "{cause:?}");
        assert!(victim.handshake.poll().is_none(), "{cause:?}: something behind the end");
    }
}

#[test]
fn honest_frames_make_a_connection() {
    let mut pair = quic().pair();
    pair.run_with(|_| (), |_, decision| Ok(answer(decision)));
    assert!(pair.agrees(), "{pair:?}");
}
