//! Every limit: reached exactly, nothing happens; one more, and the connection ends.

mod peer;
mod records;

use std::sync::Arc;

use countersign::alert::ErrorAlert;
use countersign::compression::CertificateCompression;
use countersign::compression::zlib::Zlib;
use countersign::epoch::{Epoch, Role};
use countersign::failure::Cause;
use countersign::handshake::decision::{CertificateChain, Decision};
use countersign::limits::Limits;
use countersign::message::{ClientHello, HEADER_BYTES, Item, Kind};
use countersign::registry::{ExtensionType, HandshakeType, SignatureScheme};
use countersign_testing::{Identity, Setup, messages};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

/// Runs a handshake and returns how `role` failed in it, if it did.
fn failure(setup: Setup, role: Role) -> Option<(Cause, ErrorAlert)> {
    failure_with(setup, role, &Identity::example().chain)
}

/// As [`failure`], with this chain at both ends.
fn failure_with(
    setup: Setup,
    role: Role,
    chain: &Arc<CertificateChain>,
) -> Option<(Cause, ErrorAlert)> {
    let mut pair = setup.pair();
    pair.run_with(
        |_| (),
        |_, question| match question {
            Decision::SelectCredential(question) => {
                let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
                Ok(question.certificate(chain.clone(), scheme, None).expect("it is offered"))
            }
            Decision::SelectClientCredential(question) => {
                let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
                Ok(question.certificate(chain.clone(), scheme).expect("it is offered"))
            }
            other => Ok(Identity::example().answer(other)),
        },
    );
    let end = pair.end(role);
    assert!(end.failure().is_some() || end.handshake.is_complete());
    end.failure().map(|failure| (failure.cause, failure.alert))
}

/// The bodies of the messages of one kind in an honest handshake.
fn bodies(setup: Setup, kind: Kind) -> Vec<Vec<u8>> {
    let mut bodies = Vec::new();
    setup.pair().run(|flight| {
        for message in messages(&flight.bytes) {
            let body = &message[HEADER_BYTES..];
            if Kind::of(HandshakeType(message[0]), body) == Ok(kind) {
                bodies.push(body.to_vec());
            }
        }
    });
    bodies
}

#[test]
fn message_bytes_bounds_every_message_but_certificate() {
    let hello = bodies(Setup::default(), Kind::ClientHello)[0].len();
    for (limit, expected) in
        [(hello, None), (hello - 1, Some((Cause::MessageTooLong, ErrorAlert::IllegalParameter)))]
    {
        let mut setup = Setup::default();
        setup.server.limits.message_bytes = limit;
        assert_eq!(failure(setup, Role::Server), expected);
    }
    let request = bodies(Setup::longest(), Kind::CertificateRequest)[0].len();
    let hello = bodies(Setup::longest(), Kind::ServerHello)[0].len();
    assert!(request < hello);
    // The certificate is longer than all of these, and has a limit of its own.
    let mut setup = Setup::longest();
    setup.client.limits.message_bytes = hello;
    assert_eq!(failure(setup, Role::Client), None);
}

#[test]
fn certificate_message_bytes_bounds_certificate() {
    let certificate = bodies(Setup::longest(), Kind::Certificate)[0].len();
    for (limit, expected) in [
        (certificate, None),
        (certificate - 1, Some((Cause::MessageTooLong, ErrorAlert::IllegalParameter))),
    ] {
        for role in BOTH {
            let mut setup = Setup::longest();
            match role {
                Role::Client => setup.client.limits.certificate_message_bytes = limit,
                Role::Server => setup.server.limits.certificate_message_bytes = limit,
            }
            assert_eq!(failure(setup, role), expected, "{role:?}");
        }
    }
}

#[test]
fn certificate_message_bytes_bounds_what_comes_out_of_a_compressed_certificate() {
    let certificate = bodies(Setup::longest(), Kind::Certificate)[0].len();
    // Five bytes of header, and the length of what is compressed: more than what comes out.
    let compressed = bodies(Setup::compressing(), Kind::CompressedCertificate)[0].len();
    assert_eq!(compressed, certificate + 8);
    for (limit, expected) in [
        (compressed, None),
        (compressed - 1, Some((Cause::MessageTooLong, ErrorAlert::IllegalParameter))),
    ] {
        for role in BOTH {
            let mut setup = Setup::compressing();
            match role {
                Role::Client => setup.client.limits.certificate_message_bytes = limit,
                Role::Server => setup.server.limits.certificate_message_bytes = limit,
            }
            assert_eq!(failure(setup, role), expected, "{role:?}");
        }
    }
    for role in BOTH {
        let mut setup = Setup::compressing();
        // Zeros: short on their way, and long at their end.
        let mut chain = CertificateChain::clone(&Identity::example().chain);
        chain.entries[0].ocsp_response = Some(vec![0; 1_000]);
        let zlib: Arc<dyn CertificateCompression> = Arc::new(Zlib::default());
        setup.client.certificate_compressions = vec![Arc::clone(&zlib)];
        setup.server.certificate_compressions = vec![zlib];
        setup.server.request_ocsp_response = true;
        let uncompressed = certificate + 1_000 + 8;
        for (limit, expected) in [
            (uncompressed, None),
            (
                uncompressed - 1,
                Some((Cause::CompressedCertificateTooLong, ErrorAlert::BadCertificate)),
            ),
        ] {
            let mut setup = setup.clone();
            match role {
                Role::Client => setup.client.limits.certificate_message_bytes = limit,
                Role::Server => setup.server.limits.certificate_message_bytes = limit,
            }
            assert_eq!(failure_with(setup, role, &Arc::new(chain.clone())), expected, "{role:?}");
        }
    }
}

#[test]
fn a_message_that_is_too_long_is_refused_by_its_header() {
    // A state, the message it waits for, and the limit on that.
    let limits = Limits::default();
    let rows = [
        (Role::Client, "WaitServerHello", 2, limits.message_bytes),
        (Role::Client, "WaitCertificate", 11, limits.certificate_message_bytes),
        (Role::Server, "WaitClientHello", 1, limits.message_bytes),
        (Role::Server, "WaitCertificate", 11, limits.certificate_message_bytes),
        (Role::Client, "WaitCertificate", 25, limits.certificate_message_bytes),
        (Role::Server, "WaitCertificate", 25, limits.certificate_message_bytes),
        (Role::Server, "Connected", 24, limits.message_bytes),
    ];
    for (role, state, code, limit) in rows {
        for (length, fits) in [(limit, true), (limit + 1, false)] {
            let mut end = Setup::compressing().pair().stop(role, state);
            let epoch = end.handshake.receive_epoch();
            let [.., high, middle, low] = length.to_be_bytes();
            end.handshake.receive(epoch, &[code, high, middle]).expect("running");
            assert_eq!(end.failure(), None, "the length has not come yet");
            end.handshake.receive(epoch, &[low]).expect("running");
            end.settle();
            let cause = end.failure().map(|failure| failure.cause);
            assert_eq!(cause, (!fits).then_some(Cause::MessageTooLong), "{role:?} in {state}");
        }
    }
}

#[test]
fn certificates_bounds_the_chain() {
    let certificate = Identity::example().chain.entries[0].certificate.clone();
    for count in [1, 2, 10] {
        let chain = std::iter::repeat_n(certificate.clone(), count).collect();
        let chain = Arc::new(chain);
        for (limit, expected) in [
            (count, None),
            (count - 1, Some((Cause::TooManyCertificates, ErrorAlert::BadCertificate))),
        ] {
            let mut setup = Setup::default();
            setup.client.limits.certificates = limit;
            assert_eq!(failure_with(setup, Role::Client, &chain), expected, "{count} certificates");
        }
    }
}

#[test]
fn extensions_bounds_each_block() {
    let hello = bodies(Setup::default(), Kind::ClientHello).remove(0);
    let hello = ClientHello::parse(&hello, &Limits::default()).expect("our own");
    let count = hello.extensions.received.iter().count();
    for unknown in [0, 5] {
        let all = count + unknown;
        for (limit, expected) in
            [(all, None), (all - 1, Some((Cause::TooManyExtensions, ErrorAlert::IllegalParameter)))]
        {
            let mut setup = Setup::default();
            setup.server.limits.extensions = limit;
            let types = (0xeeee_u16..).take(unknown).map(ExtensionType);
            let items = types.map(|extension_type| Item::Raw(extension_type, Vec::new()));
            setup.client.client_hello_layout.0.extend(items);
            assert_eq!(failure(setup, Role::Server), expected, "{all} extensions");
        }
    }
}

#[test]
fn pending_bytes_bounds_what_comes_with_the_message_that_raises_a_question() {
    let finished = HEADER_BYTES + 32;
    for (limit, expected) in [
        (finished, None),
        (finished - 1, Some((Cause::TooMuchPending, ErrorAlert::UnexpectedMessage))),
    ] {
        let mut setup = Setup::default();
        setup.client.limits.pending_bytes = limit;
        assert_eq!(failure(setup, Role::Client), expected);
    }
}

#[test]
fn pending_bytes_bounds_what_comes_while_a_question_is_open() {
    for limit in [0, 1, 100, Limits::default().pending_bytes] {
        let mut setup = Setup::default();
        setup.client.limits.pending_bytes = limit;
        let mut end = setup.pair().stop(Role::Client, "VerifyCertificate");
        let mut accepted = 0;
        while end.failure().is_none() {
            let epoch = end.handshake.receive_epoch();
            end.handshake.receive(epoch, &[20]).expect("running");
            end.settle();
            accepted += usize::from(end.failure().is_none());
        }
        assert_eq!(accepted, limit);
        assert_eq!(end.failure().map(|failure| failure.cause), Some(Cause::TooMuchPending));
    }
}

#[test]
fn certificate_requests_bounds_what_is_unanswered_at_one_time() {
    for limit in [0, 1, Limits::default().certificate_requests] {
        let mut setup = Setup::default();
        setup.client.post_handshake_auth = true;
        setup.client.limits.certificate_requests = limit;
        setup.server.limits.certificate_requests = limit + 1;
        let mut pair = setup.pair();
        pair.run(|_| ());
        for asked in 0..=limit {
            assert_eq!(pair.client.failure(), None, "{asked} of {limit}");
            pair.server.handshake.request_certificate(false).expect("it is offered");
            pair.run_with(|_| (), |_, question| Err(question));
        }
        let failure = pair.client.failure().expect("one too many");
        assert_eq!(failure.cause, Cause::TooManyCertificateRequests);
        assert_eq!(failure.alert, ErrorAlert::UnexpectedMessage);
    }
}

#[test]
fn psk_identities_bounds_what_the_server_looks_at() {
    let offered = 5_usize;
    for limit in 0..=offered + 1 {
        let mut setup = Setup::default();
        let names = (0..offered).map(|name| vec![u8::try_from(name).expect("few"); 4]);
        setup.destination.psks = names.map(|name| Identity::key().offered_as(name)).collect();
        setup.server.limits.psk_identities = limit;
        for index in 0..=offered {
            let mut end = setup.clone().pair().stop(Role::Server, "SelectCredential");
            let Some(Decision::SelectCredential(question)) = end.question.take() else {
                panic!("{end:?}")
            };
            assert_eq!(question.psk_identities().count(), limit.min(offered));
            let selected = question.psk(index, Identity::key(), None, false);
            assert_eq!(selected.is_ok(), index < limit.min(offered), "{index} of {limit}");
        }
    }
}

#[test]
fn user_canceled_alerts_bounds_those_in_a_row() {
    for limit in [0, 1, 4, 20] {
        let mut setup = Setup::default();
        setup.server.limits.user_canceled_alerts = limit;
        let mut end = setup.pair().stop(Role::Server, "Connected");
        for _ in 0..limit {
            end.handshake.receive_alert(Epoch::Application, 1, 90).expect("running");
        }
        end.settle();
        assert_eq!(end.failure(), None);
        end.handshake.receive_alert(Epoch::Application, 1, 90).expect("running");
        end.settle();
        assert_eq!(end.failure().map(|failure| failure.cause), Some(Cause::TooManyUserCanceled));
    }
}

#[test]
fn key_updates_bounds_those_without_data_between_them() {
    for limit in [0, 1, 32] {
        let mut setup = Setup::default();
        setup.server.limits.key_updates = limit;
        let mut end = setup.pair().stop(Role::Server, "Connected");
        // Data starts the count anew.
        for _ in 0..2 {
            end.handshake.application_data_received();
            for _ in 0..limit {
                end.handshake.receive(Epoch::Application, &[24, 0, 0, 1, 0]).expect("running");
            }
            end.settle();
            assert_eq!(end.failure(), None);
        }
        end.handshake.receive(Epoch::Application, &[24, 0, 0, 1, 0]).expect("running");
        end.settle();
        let failure = end.failure().map(|failure| (failure.cause, failure.alert));
        assert_eq!(failure, Some((Cause::TooManyKeyUpdates, ErrorAlert::UnexpectedMessage)));
    }
}
