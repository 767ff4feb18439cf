//! What a client hears: one requirement for each case that has a meaning of its own.

use countersign::diagnosis::Cause::*;
use countersign::diagnosis::Certainty::{Heuristic, Inferred, Specified};
use countersign::diagnosis::CertificateFault::*;
use countersign::diagnosis::ClientAuthentication::{Declined, NotRequested, Sent};
use countersign::diagnosis::Denial::{
    NetworkFiltering, PskDenied as OfferedPsk, ServerNameRefused,
};
use countersign::diagnosis::Psk::{Accepted, NotOffered, Offered, OfferedAlone};
use countersign::diagnosis::PskKind::{External, Resumption};
use countersign::diagnosis::{
    Advice, Class, ClientAuthentication, ClientContext, ClientPhase, Context, Evidence, Signal,
};
use countersign::epoch::Epoch;

use super::{alert, client, connected, expect, expect_all, greeting, judged};

const CERTIFICATE_ALERTS: [u8; 6] = [42, 43, 44, 45, 46, 48];

fn hello() -> ClientContext {
    ClientContext::default()
}

fn retried() -> ClientContext {
    ClientContext { phase: ClientPhase::AwaitServerHelloAfterRetry, ..hello() }
}

fn pending(authentication: ClientAuthentication) -> Context {
    client(Epoch::Application, NotOffered, judged(authentication))
}

fn with_evidence(authentication: ClientAuthentication, evidence: Evidence) -> Context {
    client(Epoch::Application, NotOffered, ClientContext { evidence, ..judged(authentication) })
}

fn post_handshake(authentication: ClientAuthentication) -> Context {
    let phase = ClientPhase::PostHandshakeAuthentication;
    client(Epoch::Application, NotOffered, ClientContext { phase, ..judged(authentication) })
}

#[test]
fn certificate_required_after_declining_asks_for_a_certificate() {
    let diagnosis = expect(alert(116), &pending(Declined), ClientCertificateRequired, Specified);
    assert_eq!(diagnosis.class, Class::Credential);
    assert_eq!(diagnosis.advice, Advice::AskForCertificate);
    assert!(diagnosis.authenticated && !diagnosis.anomalous);
    expect(alert(116), &post_handshake(Declined), ClientCertificateRequired, Specified);
}

#[test]
fn no_certificate_after_declining_is_the_legacy_form_of_certificate_required() {
    let diagnosis = expect(alert(41), &pending(Declined), ClientCertificateRequired, Inferred);
    assert!(diagnosis.anomalous);
    expect(alert(41), &pending(Sent), ObsoleteAlert, Specified);
    let settled = with_evidence(Declined, Evidence::Strong);
    expect(alert(41), &settled, ObsoleteAlert, Specified);
}

#[test]
fn certificate_required_although_a_certificate_was_sent_is_anomalous() {
    let cause = ClientCertificateRequiredAlthoughSent;
    assert!(expect(alert(116), &pending(Sent), cause, Inferred).anomalous);
}

#[test]
fn certificate_required_without_request_when_resuming_speaks_of_the_ticket() {
    for psk in [Offered(Resumption), OfferedAlone(Resumption), Accepted(Resumption)] {
        let context = client(Epoch::Application, psk, connected());
        let diagnosis = expect(alert(116), &context, ClientCertificateRequiredToResume, Heuristic);
        assert_eq!(diagnosis.advice, Advice::DiscardTicket);
        expect(alert(116), &greeting(psk, hello()), ClientCertificateRequiredToResume, Heuristic);
    }
}

#[test]
fn certificate_required_without_request_or_ticket_is_unexpected() {
    for psk in [NotOffered, Offered(External), Accepted(External)] {
        let context = client(Epoch::Application, psk, connected());
        assert!(expect(alert(116), &context, UnexpectedAlert, Specified).anomalous);
        expect(alert(116), &greeting(psk, hello()), UnexpectedAlert, Specified);
    }
}

#[test]
fn certificate_alerts_after_sending_say_what_is_wrong_with_the_certificate() {
    let faults = [Bad, Unsupported, Revoked, Expired, Unspecified, UnknownCa];
    for (byte, fault) in CERTIFICATE_ALERTS.into_iter().zip(faults) {
        let cause = ClientCertificateUnacceptable(fault);
        let diagnosis = expect(alert(byte), &pending(Sent), cause, Specified);
        assert_eq!(diagnosis.advice, Advice::ChooseOtherCertificate);
        expect(alert(byte), &post_handshake(Sent), cause, Specified);
    }
}

#[test]
fn bad_or_unknown_certificate_after_declining_means_that_one_is_required() {
    expect_all(&[42, 46], &pending(Declined), ClientCertificateRequired, Heuristic);
    expect_all(&[43, 44, 45, 48], &pending(Declined), UnexpectedAlert, Specified);
    let settled = with_evidence(Declined, Evidence::Strong);
    expect_all(&[42, 46], &settled, UnexpectedAlert, Specified);
}

#[test]
fn certificate_alerts_without_request_when_resuming_speak_of_the_resumed_identity() {
    let faults = [Bad, Unsupported, Revoked, Expired, Unspecified, UnknownCa];
    for (byte, fault) in CERTIFICATE_ALERTS.into_iter().zip(faults) {
        let cause = ResumedIdentityRejected(fault);
        let genuine = client(Epoch::Application, Accepted(Resumption), connected());
        let diagnosis = expect(alert(byte), &genuine, cause, Heuristic);
        assert_eq!(diagnosis.advice, Advice::DiscardTicket);
        let forgeable = greeting(Offered(Resumption), hello());
        let diagnosis = expect(alert(byte), &forgeable, cause, Heuristic);
        assert_eq!(diagnosis.advice, Advice::None);
    }
}

#[test]
fn certificate_alerts_without_request_or_ticket_are_no_client_certificate_error() {
    for psk in [NotOffered, Offered(External), Accepted(External)] {
        let connected = client(Epoch::Application, psk, connected());
        expect_all(&CERTIFICATE_ALERTS, &connected, UnexpectedAlert, Specified);
        expect_all(&CERTIFICATE_ALERTS, &greeting(psk, hello()), UnexpectedAlert, Specified);
    }
}

#[test]
fn access_denied_after_sending_denies_the_holder_of_the_certificate() {
    let diagnosis = expect(alert(49), &pending(Sent), ClientCertificateDenied, Specified);
    assert_eq!(diagnosis.class, Class::Authorization);
    assert!(diagnosis.authenticated && !diagnosis.anomalous);
    expect(alert(49), &post_handshake(Sent), ClientCertificateDenied, Specified);
}

#[test]
fn access_denied_after_declining_denies_the_anonymous_client() {
    let diagnosis = expect(alert(49), &pending(Declined), AnonymousClientDenied, Heuristic);
    assert_eq!(diagnosis.class, Class::Credential);
    let settled = with_evidence(Declined, Evidence::Strong);
    expect(alert(49), &settled, ConnectionDenied, Inferred);
}

#[test]
fn access_denied_with_an_accepted_external_psk_denies_its_holder() {
    for protection in [Epoch::Handshake, Epoch::Application] {
        let context = client(protection, Accepted(External), connected());
        expect(alert(49), &context, PskDenied, Specified);
    }
}

#[test]
fn access_denied_with_an_accepted_ticket_denies_the_resumed_identity() {
    let context = client(Epoch::Application, Accepted(Resumption), connected());
    let diagnosis = expect(alert(49), &context, ResumedIdentityDenied, Specified);
    assert_eq!(diagnosis.advice, Advice::DiscardTicket);
}

#[test]
fn access_denied_from_the_authenticated_server_is_no_network_filter() {
    let context = client(Epoch::Application, NotOffered, connected());
    expect(alert(49), &context, ConnectionDenied, Inferred);
    // Handshake keys prove no identity.
    let flight = ClientContext { phase: ClientPhase::AwaitServerFlight, ..hello() };
    let context = client(Epoch::Handshake, NotOffered, flight);
    expect(alert(49), &context, GenericDenial(&[NetworkFiltering]), Heuristic);
}

#[test]
fn access_denied_in_plaintext_never_blames_the_offered_psk_alone() {
    let named = ClientContext { server_name_sent: true, ..hello() };
    for psk in [Offered(External), OfferedAlone(External), Offered(Resumption)] {
        let cause = GenericDenial(&[OfferedPsk, NetworkFiltering]);
        let diagnosis = expect(alert(49), &greeting(psk, hello()), cause, Heuristic);
        assert_eq!(diagnosis.advice, Advice::None);
        let cause = GenericDenial(&[OfferedPsk, ServerNameRefused, NetworkFiltering]);
        expect(alert(49), &greeting(psk, named), cause, Heuristic);
    }
}

#[test]
fn access_denied_in_plaintext_without_psk_is_a_filter_or_an_unknown_name() {
    let named = ClientContext { server_name_sent: true, ..hello() };
    let cause = GenericDenial(&[ServerNameRefused, NetworkFiltering]);
    expect(alert(49), &greeting(NotOffered, named), cause, Heuristic);
    let cause = GenericDenial(&[NetworkFiltering]);
    expect(alert(49), &greeting(NotOffered, hello()), cause, Heuristic);
}

#[test]
fn handshake_failure_before_server_hello_means_no_common_parameters() {
    expect(alert(40), &greeting(NotOffered, hello()), NoCommonParameters, Inferred);
    expect(alert(40), &greeting(NotOffered, retried()), NoCommonParameters, Inferred);
    // Less certain where the server may have wanted the PSK.
    expect(alert(40), &greeting(Offered(External), hello()), NoCommonParameters, Heuristic);
}

#[test]
fn handshake_failure_to_nothing_but_psks_means_no_acceptable_psk() {
    for kind in [External, Resumption] {
        expect(alert(40), &greeting(OfferedAlone(kind), hello()), NoAcceptablePsk, Inferred);
    }
}

#[test]
fn handshake_failure_after_declining_is_a_guess_that_ends_with_strong_evidence() {
    let cause = HandshakeFailureAfterDecliningCertificate;
    let diagnosis = expect(alert(40), &pending(Declined), cause, Heuristic);
    assert_eq!(diagnosis.class, Class::Credential);
    expect(alert(40), &with_evidence(Declined, Evidence::Weak), cause, Heuristic);
    let settled = with_evidence(Declined, Evidence::Strong);
    expect(alert(40), &settled, UnexpectedAlert, Specified);
}

#[test]
fn handshake_failure_after_sending_is_a_guess_that_ends_with_strong_evidence() {
    let cause = ClientAuthenticationRefusedUnspecified;
    expect(alert(40), &pending(Sent), cause, Heuristic);
    expect(alert(40), &with_evidence(Sent, Evidence::Weak), cause, Heuristic);
    expect(alert(40), &with_evidence(Sent, Evidence::Strong), UnexpectedAlert, Specified);
}

#[test]
fn decrypt_error_to_an_offered_psk_rejects_the_binder_or_hides_the_identity() {
    expect(alert(51), &greeting(Offered(External), hello()), PskBinderRejected, Specified);
    expect(alert(51), &greeting(Offered(Resumption), hello()), PskBinderRejected, Specified);
    expect(alert(51), &greeting(NotOffered, hello()), UnexpectedAlert, Specified);
}

#[test]
fn illegal_parameter_or_bad_record_mac_to_an_offered_psk_hints_at_the_binder() {
    let context = greeting(Offered(External), hello());
    expect_all(&[47, 20], &context, ProtocolErrorOrPskBinderRejected, Heuristic);
}

#[test]
fn decrypt_error_after_sending_rejects_the_proof_of_possession() {
    expect(alert(51), &pending(Sent), ClientProofRejected, Inferred);
    // Without a certificate of ours only Finished is left to be wrong.
    expect(alert(51), &pending(Declined), PeerSaysProtocolError, Specified);
}

#[test]
fn unknown_psk_identity_says_that_the_offered_psk_is_not_acceptable() {
    expect(alert(115), &greeting(Offered(External), hello()), PskNotAcceptable, Specified);
    expect(alert(115), &greeting(Offered(Resumption), hello()), PskNotAcceptable, Specified);
    let late = client(Epoch::Application, Offered(External), connected());
    expect(alert(115), &late, UnexpectedAlert, Specified);
}

#[test]
fn unknown_psk_identity_without_an_offer_says_that_a_psk_is_required() {
    expect(alert(115), &greeting(NotOffered, hello()), PskRequired, Specified);
}

#[test]
fn internal_error_during_client_authentication_is_a_problem_of_the_peer() {
    for authentication in [NotRequested, Declined, Sent] {
        let diagnosis = expect(alert(80), &pending(authentication), PeerInternalError, Specified);
        assert_eq!(diagnosis.advice, Advice::RetryLater);
    }
}

#[test]
fn general_error_conceals_and_hints_at_the_certificate_only_while_a_verdict_is_due() {
    expect(alert(117), &greeting(NotOffered, hello()), PeerConcealed, Specified);
    expect(alert(117), &pending(Declined), PeerConcealed, Specified);
    expect(alert(117), &pending(Sent), ClientAuthenticationRefusalConcealed, Heuristic);
    expect(alert(117), &with_evidence(Sent, Evidence::Strong), PeerConcealed, Specified);
}

#[test]
fn close_notify_while_a_verdict_is_due_may_be_a_refusal() {
    for authentication in [Declined, Sent] {
        let cause = ClosedDuringClientAuthentication;
        expect(alert(0), &pending(authentication), cause, Heuristic);
        for evidence in [Evidence::Weak, Evidence::Strong] {
            expect(alert(0), &with_evidence(authentication, evidence), Closed, Specified);
        }
    }
}

#[test]
fn transport_lost_while_a_verdict_is_due_may_be_a_refusal() {
    for authentication in [Declined, Sent] {
        let cause = LostDuringClientAuthentication;
        let diagnosis = expect(Signal::TransportLost, &pending(authentication), cause, Heuristic);
        assert!(diagnosis.alert.is_none() && !diagnosis.authenticated);
        for evidence in [Evidence::Weak, Evidence::Strong] {
            let context = with_evidence(authentication, evidence);
            expect(Signal::TransportLost, &context, Truncated, Specified);
        }
    }
}

#[test]
fn negotiation_alerts_before_server_hello_say_what_is_not_in_common() {
    let offer = ClientContext { server_name_sent: true, protocols_offered: true, ..hello() };
    for (byte, cause) in [
        (70, VersionRefused),
        (71, StrongerParametersWanted),
        (86, FallbackRefused),
        (109, ExtensionMissing),
        (112, ServerNameUnknown),
        (120, NoCommonApplicationProtocol),
    ] {
        let diagnosis = expect(alert(byte), &greeting(NotOffered, offer), cause, Specified);
        assert_eq!(diagnosis.class, Class::Negotiation);
        assert_eq!(diagnosis.advice, Advice::DoNotRetry);
        assert!(!diagnosis.authenticated);
    }
}

#[test]
fn negotiation_alerts_about_what_was_not_offered_or_is_settled_are_unexpected() {
    expect_all(&[112, 120], &greeting(NotOffered, hello()), UnexpectedAlert, Specified);
    expect_all(&[70, 86], &greeting(NotOffered, retried()), UnexpectedAlert, Specified);
    let late = client(Epoch::Application, NotOffered, connected());
    expect_all(&[70, 71, 86, 112, 120], &late, UnexpectedAlert, Specified);
}

#[test]
fn missing_extension_without_server_name_says_that_the_name_is_required() {
    expect(alert(109), &greeting(NotOffered, hello()), ServerNameRequired, Inferred);
}

#[test]
fn protocol_errors_are_bugs_to_report_in_every_phase() {
    let flight = ClientContext { phase: ClientPhase::AwaitServerFlight, ..hello() };
    for context in [
        greeting(NotOffered, hello()),
        client(Epoch::Handshake, NotOffered, flight),
        client(Epoch::Application, NotOffered, connected()),
        pending(Sent),
    ] {
        expect_all(&[10, 20, 22, 47, 50, 110], &context, PeerSaysProtocolError, Specified);
    }
}

#[test]
fn unexpected_message_or_bad_record_mac_after_early_data_speaks_of_the_early_data() {
    let early = ClientContext { early_data_sent: true, ..connected() };
    let context = client(Epoch::Application, Accepted(Resumption), early);
    expect_all(&[10, 20], &context, EarlyDataRefused, Heuristic);
    let processed = ClientContext { evidence: Evidence::Strong, ..early };
    let context = client(Epoch::Application, Accepted(Resumption), processed);
    expect_all(&[10, 20], &context, PeerSaysProtocolError, Specified);
}

#[test]
fn alerts_that_only_clients_send_are_unexpected() {
    expect_all(&[113, 121], &greeting(NotOffered, hello()), UnexpectedAlert, Specified);
    expect_all(&[113, 121], &pending(Sent), UnexpectedAlert, Specified);
}

#[test]
fn user_canceled_announces_and_does_not_end() {
    let diagnosis = expect(alert(90), &pending(Sent), CancelAnnounced, Specified);
    assert_eq!(diagnosis.class, Class::Closure);
    expect(alert(90), &greeting(NotOffered, hello()), CancelAnnounced, Specified);
}

#[test]
fn unknown_and_reserved_alerts_are_named_as_such() {
    for context in [greeting(NotOffered, hello()), pending(Sent)] {
        expect_all(&[21, 30, 41, 60, 100, 111, 114], &context, ObsoleteAlert, Specified);
        expect_all(&[1, 118, 119, 122, 255], &context, UnknownAlert, Specified);
        // Of DTLS only.
        expect(alert(52), &context, UnexpectedAlert, Specified);
    }
}

#[test]
fn the_end_before_server_finished_is_no_orderly_end() {
    let context = greeting(NotOffered, hello());
    expect(alert(0), &context, ClosedDuringHandshake, Specified);
    expect(Signal::TransportLost, &context, LostDuringHandshake, Specified);
}

#[test]
fn the_end_of_a_connected_client_is_orderly_only_with_close_notify() {
    let context = client(Epoch::Application, NotOffered, connected());
    assert!(expect(alert(0), &context, Closed, Specified).authenticated);
    expect(Signal::TransportLost, &context, Truncated, Specified);
}
