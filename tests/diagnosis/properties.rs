//! What holds whatever the table says.

use countersign::alert::{AlertClass, AlertDescription};
use countersign::diagnosis::{
    Advice, Cause, Certainty, Class, ClientAuthentication, ClientContext, Context, Endpoint,
    Evidence, Psk, Signal, diagnose,
};
use countersign::epoch::Epoch;

use super::space::{Diagnosed, contexts, diagnosed};
use super::{alert, client, expect, judged};

/// The diagnoses of contexts in which `wanted` holds.
fn where_context(wanted: impl Fn(&Context) -> bool) -> impl Iterator<Item = &'static Diagnosed> {
    diagnosed().iter().filter(move |(_, context, _)| wanted(context))
}

/// The diagnoses of clients of which `wanted` holds.
fn where_client(
    wanted: impl Fn(&ClientContext) -> bool,
) -> impl Iterator<Item = &'static Diagnosed> {
    where_context(move |context| match &context.endpoint {
        Endpoint::Client(client) => wanted(client),
        Endpoint::Server(_) => false,
    })
}

fn blames_client_certificate(cause: Cause) -> bool {
    matches!(
        cause,
        Cause::ClientCertificateRequired
            | Cause::ClientCertificateRequiredAlthoughSent
            | Cause::ClientCertificateUnacceptable(_)
            | Cause::ClientCertificateDenied
            | Cause::AnonymousClientDenied
            | Cause::HandshakeFailureAfterDecliningCertificate
            | Cause::ClientAuthenticationRefusedUnspecified
            | Cause::ClientAuthenticationRefusalConcealed
            | Cause::ClientProofRejected
    )
}

#[test]
fn the_alert_is_kept_exactly_as_it_came() {
    for (signal, _, diagnosis) in diagnosed() {
        let expected = match signal {
            Signal::Alert(description) => Some(*description),
            Signal::TransportLost => None,
        };
        assert_eq!(diagnosis.alert, expected);
    }
}

#[test]
fn no_alert_in_plaintext_or_under_early_data_keys_is_authenticated() {
    let forgeable = [Epoch::Initial, Epoch::EarlyData];
    for (_, _, diagnosis) in where_context(|context| forgeable.contains(&context.protection)) {
        assert!(!diagnosis.authenticated);
    }
}

#[test]
fn no_alert_before_the_peer_has_proven_itself_is_authenticated() {
    for (_, _, diagnosis) in where_context(|context| !context.peer_finished_verified) {
        assert!(!diagnosis.authenticated);
    }
}

#[test]
fn an_alert_under_proven_keys_is_authenticated_and_the_lack_of_one_is_not() {
    let keys = [Epoch::Handshake, Epoch::Application];
    let proven = |c: &Context| c.peer_finished_verified && keys.contains(&c.protection);
    for (_, _, diagnosis) in where_context(proven) {
        assert_eq!(diagnosis.authenticated, diagnosis.alert.is_some());
    }
}

#[test]
fn unauthenticated_signals_never_give_advice_that_a_forger_could_want() {
    let harmless = [Advice::None, Advice::RetryLater, Advice::DoNotRetry, Advice::ReportBug];
    for (_, _, diagnosis) in diagnosed() {
        let genuine = diagnosis.cause.advice();
        if diagnosis.authenticated || harmless.contains(&genuine) {
            assert_eq!(diagnosis.advice, genuine);
        } else {
            assert_eq!(diagnosis.advice, Advice::None);
        }
    }
}

#[test]
fn strong_evidence_ends_every_guess_about_handshake_failure_and_client_authentication() {
    for (signal, context, diagnosis) in where_client(|c| c.evidence == Evidence::Strong) {
        let blames = blames_client_certificate(diagnosis.cause);
        assert!(*signal != alert(40) || !blames, "{diagnosis:?} in {context:?}");
        assert!(diagnosis.certainty != Certainty::Heuristic || !blames, "{diagnosis:?}");
    }
}

#[test]
fn unknown_and_reserved_alerts_are_errors_and_keep_their_byte() {
    let reserved = [21, 30, 41, 60, 100, 111, 114];
    let strange = |byte: u8| AlertDescription(byte).name().is_none() || reserved.contains(&byte);
    // All of the bytes in some of the contexts; the golden file has them in all.
    for context in contexts().iter().step_by(97) {
        for byte in (0..=u8::MAX).filter(|byte| strange(*byte)) {
            let diagnosis = diagnose(alert(byte), context);
            assert_eq!(diagnosis.alert, Some(AlertDescription(byte)));
            assert_eq!(AlertDescription(byte).class(), AlertClass::Error);
            assert_ne!(diagnosis.class, Class::Closure);
            assert!(diagnosis.anomalous);
        }
    }
}

#[test]
fn closure_alerts_are_of_class_closure_and_error_alerts_are_not() {
    for (_, _, diagnosis) in diagnosed() {
        let closure = match diagnosis.alert.map(AlertDescription::class) {
            Some(AlertClass::Error) => false,
            Some(AlertClass::Closure(_)) | None => true,
        };
        assert_eq!(diagnosis.class == Class::Closure, closure, "{diagnosis:?}");
    }
}

#[test]
fn access_denied_is_blamed_on_a_client_certificate_only_under_application_keys() {
    for (_, context, diagnosis) in where_context(|c| c.protection != Epoch::Application) {
        let denied = diagnosis.alert == Some(AlertDescription(49));
        let blames = blames_client_certificate(diagnosis.cause);
        assert!(!denied || !blames, "{diagnosis:?} in {context:?}");
    }
}

#[test]
fn no_alert_without_certificate_request_is_a_client_certificate_error() {
    let unasked = |c: &ClientContext| c.authentication == ClientAuthentication::NotRequested;
    for (_, _, diagnosis) in where_client(unasked) {
        assert!(!blames_client_certificate(diagnosis.cause), "{diagnosis:?}");
    }
}

#[test]
fn no_plaintext_alert_is_a_client_certificate_error() {
    for (_, _, diagnosis) in where_context(|c| c.protection == Epoch::Initial) {
        assert!(!blames_client_certificate(diagnosis.cause), "{diagnosis:?}");
    }
}

#[test]
fn a_user_reads_the_cause_the_alert_the_certainty_and_whether_it_could_be_forged() {
    let declined = judged(ClientAuthentication::Declined);
    let genuine = client(Epoch::Application, Psk::NotOffered, declined);
    let cause = Cause::ClientCertificateRequired;
    assert_eq!(
        expect(alert(116), &genuine, cause, Certainty::Specified).to_string(),
        "The server requires a client certificate, and none was sent. \
         (certificate_required(116); as the standard defines it; sent by the authenticated peer)"
    );
    assert_eq!(
        diagnose(alert(49), &Context::default()).to_string(),
        "Access was denied, and it is not certain by whom: perhaps the network does not let the \
         connection through. (access_denied(49); a guess; out of place here; not authenticated: \
         it could have been forged)"
    );
}

#[test]
fn a_sentence_about_a_certificate_says_whose_it_is() {
    for (_, _, diagnosis) in diagnosed() {
        let sentence = diagnosis.cause.to_string();
        let certificate = sentence.contains("certificate");
        let owner = sentence.contains("client") || sentence.contains("server certificate");
        assert!(!certificate || owner, "{sentence}");
    }
}
