//! Requirements of RFC 9001 on the handshake.

use countersign::alert::{Alert, ErrorAlert};
use countersign::epoch::{Epoch, Role};
use countersign::failure::Cause;
use countersign::handshake::config::Profile;
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::{End, Fact};
use countersign::message::ProtocolName;
use countersign::registry::SignatureScheme;
use countersign_testing::{Flight, Identity, Setup};

use crate::draft::Draft;

fn quic() -> Setup {
    let mut setup = Setup::default();
    setup.client.profile = Profile::Quic(b"client".to_vec());
    setup.client.application_layer_protocols = [ProtocolName(b"h3")].into_iter().collect();
    setup.server.profile = Profile::Quic(b"server".to_vec());
    setup
}

fn speaking_h3(question: Decision) -> Answer {
    let Decision::SelectCredential(question) = question else {
        return Identity::example().answer(question);
    };
    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
    let chain = Identity::example().chain.clone();
    question.certificate(chain, scheme, Some(b"h3")).expect("it is offered")
}

#[test]
fn quic_handshake_is_complete_once_both_finished_are_there() {
    let mut pair = quic().pair();
    let mut sent = Vec::new();
    pair.run_with(|flight| sent.push(flight.clone()), |_, question| Ok(speaking_h3(question)));
    assert!(pair.agrees(), "{pair:?}");

    let mut pair = quic().pair();
    let hello = pair.client.settle().remove(0);
    pair.server.handshake.receive(hello.epoch, &hello.bytes).expect("running");
    let flights = pair.server.drain(&mut |question| Ok(speaking_h3(question)));
    assert!(!pair.server.handshake.is_complete(), "its own Finished is not enough");
    for flight in flights {
        assert!(!pair.client.handshake.is_complete());
        pair.client.handshake.receive(flight.epoch, &flight.bytes).expect("running");
    }
    let finished = pair.client.drain(&mut |question| Ok(speaking_h3(question))).remove(0);
    assert!(pair.client.handshake.is_complete());
    pair.server.handshake.receive(finished.epoch, &finished.bytes).expect("running");
    assert!(pair.server.handshake.is_complete());
}

#[test]
fn quic_ends_take_no_messages_that_quic_has_not() {
    let request = [13, 0, 0, 12, 1, 7, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3];
    let rows: [(Role, bool, &[u8]); 3] = [
        (Role::Server, false, &[5, 0, 0, 0]),
        (Role::Client, true, &request),
        (Role::Client, true, &[24, 0, 0, 1, 1]),
    ];
    for (role, complete, message) in rows {
        let mut pair = quic().pair();
        let tamper = |flight: &mut Flight| {
            // The client's Finished is lost, or not.
            if !complete && flight.epoch == Epoch::Handshake && flight.from == Role::Client {
                flight.bytes.clear();
            }
        };
        pair.run_with(tamper, |_, question| Ok(speaking_h3(question)));
        let end = pair.end(role);
        let epoch = end.handshake.receive_epoch();
        end.handshake.receive(epoch, message).expect("running");
        end.settle();
        let failure = end.failure().expect("it is out of order");
        assert_eq!(failure.alert, ErrorAlert::UnexpectedMessage, "{role:?} {message:?}");
        assert!(matches!(end.observed.alerts[..], [(_, Alert::Error(_))]));
    }
}

/// A NewSessionTicket from its lifetime to its ticket.
const TICKET: [u8; 12] = [0, 0, 0, 60, 1, 2, 3, 4, 0, 0, 1, 9];

#[test]
fn quic_client_refuses_a_ticket_that_limits_early_data() {
    for (size, fits) in [(0, false), (1, false), (16_384, false), (u32::MAX, true)] {
        let mut pair = quic().pair();
        pair.run_with(|_| (), |_, question| Ok(speaking_h3(question)));
        let [a, b, c, d] = u32::to_be_bytes(size);
        let ticket = [&[4, 0, 0, 22][..], &TICKET, &[0, 8, 0, 42, 0, 4, a, b, c, d]].concat();
        pair.client.handshake.receive(Epoch::Application, &ticket).expect("running");
        pair.client.settle();
        let cause = pair.client.failure().map(|failure| failure.cause);
        assert_eq!(cause, (!fits).then_some(Cause::TicketEarlyDataLimited), "{size}");
        assert_eq!(pair.client.knows(|fact| matches!(fact, Fact::Ticket(_))), fits);
        if !fits {
            let end = &pair.client.observed.end;
            assert!(matches!(end, Some(End::Failed(failure))
                if failure.alert == ErrorAlert::IllegalParameter));
        }
    }
}

#[test]
fn quic_server_wants_an_application_protocol() {
    for protocols in [None, Some(&b"\x00\x03\x02h2"[..])] {
        let mut pair = quic().pair();
        pair.run_with(
            |flight| {
                if flight.from == Role::Client && flight.bytes[0] == 1 {
                    let mut draft = Draft::read(&flight.bytes);
                    draft.remove(16);
                    protocols.into_iter().for_each(|offered| draft.set(16, offered));
                    flight.bytes = draft.write();
                }
            },
            |_, question| match question {
                Decision::SelectCredential(question) => {
                    let (chain, scheme) =
                        (&Identity::example().chain, SignatureScheme::ECDSA_SECP256R1_SHA256);
                    let unfit = question.certificate(chain.clone(), scheme, Some(b"h3"));
                    let question = unfit.expect_err("it is not offered").question;
                    Ok(question.certificate(chain.clone(), scheme, None).expect("it fits"))
                }
                other => Ok(Identity::example().answer(other)),
            },
        );
        let alert = pair.server.failure().map(|failure| failure.alert);
        assert_eq!(alert, Some(ErrorAlert::NoApplicationProtocol), "{protocols:?}");
    }
}
