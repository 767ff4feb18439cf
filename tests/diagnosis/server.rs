//! What a server hears: one requirement for each case that has a meaning of its own.

use countersign::diagnosis::Cause::*;
use countersign::diagnosis::Certainty::{Heuristic, Inferred, Specified};
use countersign::diagnosis::CertificateFault::*;
use countersign::diagnosis::Psk::{Accepted, NotOffered};
use countersign::diagnosis::PskKind::{External, Resumption};
use countersign::diagnosis::{Class, Context, ServerContext, ServerPhase, Signal};
use countersign::epoch::Epoch;

use super::{alert, expect, expect_all, introduced, server};

fn awaiting(phase: ServerPhase) -> Context {
    server(Epoch::Initial, NotOffered, ServerContext { phase, ..ServerContext::default() })
}

/// A server that has sent its flight and no certificate.
fn with_psk() -> Context {
    let context = ServerContext { certificate_sent: false, ..introduced() };
    server(Epoch::Handshake, Accepted(External), context)
}

fn with_certificate() -> Context {
    server(Epoch::Handshake, NotOffered, introduced())
}

fn connected() -> Context {
    let context = ServerContext { phase: ServerPhase::Connected, ..introduced() };
    server(Epoch::Application, NotOffered, context)
}

#[test]
fn certificate_alerts_say_what_is_wrong_with_the_server_certificate() {
    for (byte, fault) in [
        (42, Bad),
        (43, Unsupported),
        (44, Revoked),
        (45, Expired),
        (46, Unspecified),
        (48, UnknownCa),
        (113, BadStatusResponse),
    ] {
        let cause = ServerCertificateUnacceptable(fault);
        expect(alert(byte), &with_certificate(), cause, Specified);
        expect(alert(byte), &with_psk(), UnexpectedAlert, Specified);
        let plaintext = server(Epoch::Initial, NotOffered, introduced());
        assert!(!expect(alert(byte), &plaintext, cause, Specified).authenticated);
    }
}

#[test]
fn access_denied_after_our_certificate_is_the_client_applications_refusal() {
    let diagnosis = expect(alert(49), &with_certificate(), ServerCertificateDenied, Inferred);
    assert_eq!(diagnosis.class, Class::Authorization);
}

#[test]
fn access_denied_in_a_psk_handshake_is_unexpected() {
    assert!(expect(alert(49), &with_psk(), UnexpectedAlert, Specified).anomalous);
    let resumed = ServerContext { certificate_sent: false, ..introduced() };
    let context = server(Epoch::Handshake, Accepted(Resumption), resumed);
    expect(alert(49), &context, UnexpectedAlert, Specified);
}

#[test]
fn decrypt_error_after_our_finished_rejects_our_proof() {
    expect(alert(51), &with_certificate(), ServerProofRejected, Specified);
    expect(alert(51), &with_psk(), ServerProofRejected, Specified);
    let early = awaiting(ServerPhase::AwaitClientHelloAfterRetry);
    expect(alert(51), &early, UnexpectedAlert, Specified);
}

#[test]
fn certificate_required_from_a_client_says_that_it_has_none() {
    let diagnosis = expect(alert(116), &with_certificate(), ClientHasNoCertificate, Inferred);
    assert!(diagnosis.anomalous);
}

#[test]
fn ech_required_is_benign_where_encrypted_client_hello_was_refused() {
    let context = ServerContext { encrypted_client_hello_refused: true, ..introduced() };
    let context = server(Epoch::Handshake, NotOffered, context);
    let diagnosis = expect(alert(121), &context, EncryptedClientHelloRetryExpected, Specified);
    assert!(!diagnosis.anomalous);
    expect(alert(121), &with_certificate(), UnexpectedAlert, Specified);
}

#[test]
fn negotiation_alerts_after_our_hello_say_that_the_client_cannot_continue() {
    for context in [with_certificate(), awaiting(ServerPhase::AwaitClientHelloAfterRetry)] {
        expect_all(&[40, 70, 120], &context, ClientCannotContinue, Specified);
    }
    let greeted = awaiting(ServerPhase::AwaitClientHello);
    expect_all(&[40, 70, 120], &greeted, UnexpectedAlert, Specified);
    expect_all(&[40, 70, 120], &connected(), UnexpectedAlert, Specified);
}

#[test]
fn closure_before_client_finished_means_that_the_client_gave_up() {
    for phase in [ServerPhase::AwaitClientHello, ServerPhase::AwaitClientHelloAfterRetry] {
        expect_all(&[0, 90], &awaiting(phase), ClientGaveUp, Specified);
    }
    expect_all(&[0, 90], &with_psk(), ClientGaveUp, Specified);
    expect(alert(90), &with_certificate(), ClientGaveUp, Specified);
}

#[test]
fn the_end_right_after_our_certificate_hints_at_the_certificate() {
    for signal in [alert(0), Signal::TransportLost] {
        let cause = ClientGaveUpAfterServerCertificate;
        let diagnosis = expect(signal, &with_certificate(), cause, Heuristic);
        assert_eq!(diagnosis.class, Class::Closure);
    }
    expect(Signal::TransportLost, &with_psk(), LostDuringHandshake, Specified);
}

#[test]
fn what_either_side_may_say_means_the_same_to_a_server() {
    for context in [with_certificate(), connected(), awaiting(ServerPhase::AwaitClientHello)] {
        expect_all(&[10, 20, 22, 47, 50, 109, 110], &context, PeerSaysProtocolError, Specified);
        expect(alert(80), &context, PeerInternalError, Specified);
        expect(alert(117), &context, PeerConcealed, Specified);
        expect(alert(111), &context, ObsoleteAlert, Specified);
        expect(alert(200), &context, UnknownAlert, Specified);
    }
}

#[test]
fn the_end_of_a_connected_server_is_orderly_only_with_close_notify() {
    assert!(expect(alert(0), &connected(), Closed, Specified).authenticated);
    expect(alert(90), &connected(), CancelAnnounced, Specified);
    expect(Signal::TransportLost, &connected(), Truncated, Specified);
}
