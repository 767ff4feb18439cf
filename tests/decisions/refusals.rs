//! Every way to refuse, with the cause and the alert it comes to.

use countersign::alert::{Alert, ErrorAlert};
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::decision::{
    Answer, CertificateFault, Decision, HelloRefusal, VerifyCertificate,
};
use countersign_testing::End;

use crate::QUESTIONS;

/// Answers the open question, and holds what follows against cause and alert.
fn check(
    role: Role,
    state: &str,
    refuse: impl FnOnce(Decision) -> Answer,
    cause: Cause,
    alert: ErrorAlert,
) {
    let mut end = End::reached(role, state);
    let question = end.question.take().expect("a question");
    let epoch = end.handshake.send_epoch();
    end.handshake.answer(refuse(question)).expect("it is open");
    assert!(end.settle().is_empty(), "a message of a flight that is cut short");
    let failure = end.failure().expect("a refusal ends the connection");
    assert_eq!((failure.cause, failure.state, failure.alert), (cause, state, alert));
    assert_eq!(end.observed.alerts, [(epoch, Alert::Error(alert))], "{cause:?}");
    assert_eq!(end.handshake.receive(Epoch::Application, &[]), Err(Misuse::Ended));
}

#[test]
fn a_servers_certificate_is_refused_in_each_way() {
    use CertificateFault as Fault;
    let rows = [
        (Fault::Bad, Cause::CertificateBad, ErrorAlert::BadCertificate),
        (Fault::Unsupported, Cause::CertificateUnsupported, ErrorAlert::UnsupportedCertificate),
        (Fault::Revoked, Cause::CertificateRevoked, ErrorAlert::CertificateRevoked),
        (Fault::Expired, Cause::CertificateExpired, ErrorAlert::CertificateExpired),
        (Fault::Unspecified, Cause::CertificateUnacceptable, ErrorAlert::CertificateUnknown),
        (Fault::UnknownAuthority, Cause::CertificateAuthorityUnknown, ErrorAlert::UnknownCa),
        (Fault::Status, Cause::CertificateStatusBad, ErrorAlert::BadCertificateStatusResponse),
    ];
    for (fault, cause, alert) in rows {
        check(Role::Client, "VerifyCertificate", |q| verify(q, |q| q.reject(fault)), cause, alert);
    }
}

#[test]
fn a_clients_certificate_is_refused_in_each_way() {
    use CertificateFault as Fault;
    let rows = [
        (Fault::Bad, Cause::CertificateBad, ErrorAlert::BadCertificate),
        (Fault::Unsupported, Cause::CertificateUnsupported, ErrorAlert::UnsupportedCertificate),
        (Fault::Revoked, Cause::CertificateRevoked, ErrorAlert::CertificateRevoked),
        (Fault::Expired, Cause::CertificateExpired, ErrorAlert::CertificateExpired),
        (Fault::Unspecified, Cause::CertificateUnacceptable, ErrorAlert::CertificateUnknown),
        (Fault::UnknownAuthority, Cause::CertificateAuthorityUnknown, ErrorAlert::UnknownCa),
        // RFC 6066 §8 gives bad_certificate_status_response to clients only.
        (Fault::Status, Cause::CertificateUnacceptable, ErrorAlert::CertificateUnknown),
    ];
    for (fault, cause, alert) in rows {
        check(Role::Server, "VerifyCertificate", |q| verify(q, |q| q.reject(fault)), cause, alert);
    }
}

#[test]
fn a_valid_certificate_is_denied_by_access_denied_to_clients_only() {
    for (role, cause, alert) in [
        (Role::Server, Cause::ClientDenied, ErrorAlert::AccessDenied),
        (Role::Client, Cause::ServerDenied, ErrorAlert::CertificateUnknown),
    ] {
        let deny = |q| verify(q, VerifyCertificate::deny);
        check(role, "VerifyCertificate", deny, cause, alert);
    }
}

fn verify(question: Decision, answer: impl FnOnce(VerifyCertificate) -> Answer) -> Answer {
    match question {
        Decision::VerifyCertificate(question) => answer(question),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_hello_is_refused_in_each_way() {
    use HelloRefusal as Refusal;
    let rows = [
        (Refusal::NameNotServed, Cause::NameNotServed, ErrorAlert::UnrecognizedName),
        (Refusal::NameMissing, Cause::ServerNameMissing, ErrorAlert::MissingExtension),
        (
            Refusal::NoApplicationProtocol,
            Cause::NoCommonApplicationProtocol,
            ErrorAlert::NoApplicationProtocol,
        ),
        (
            Refusal::NoSuitableCertificate,
            Cause::NoCommonSignatureScheme,
            ErrorAlert::HandshakeFailure,
        ),
        (Refusal::NoAcceptablePsk, Cause::NoAcceptablePsk, ErrorAlert::UnknownPskIdentity),
        (
            Refusal::InsufficientSecurity,
            Cause::SecurityInsufficient,
            ErrorAlert::InsufficientSecurity,
        ),
        (Refusal::Parameters, Cause::ParametersRefused, ErrorAlert::HandshakeFailure),
        (Refusal::Overload, Cause::ConnectionOverload, ErrorAlert::InternalError),
        (Refusal::Unavailable, Cause::SelectionUnavailable, ErrorAlert::InternalError),
        (Refusal::Concealed, Cause::RefusedWithoutReason, ErrorAlert::GeneralError),
    ];
    for (refusal, cause, alert) in rows {
        let refuse = |question| match question {
            Decision::SelectCredential(question) => question.refuse(refusal),
            other => panic!("{other:?}"),
        };
        check(Role::Server, "SelectCredential", refuse, cause, alert);
    }
}

#[test]
fn a_question_that_cannot_be_answered_ends_with_internal_error() {
    for (role, state) in QUESTIONS {
        let cause = match state {
            "VerifyCertificate" => Cause::VerificationUnavailable,
            "SelectCredential" => Cause::SelectionUnavailable,
            "SignCertificateVerify" => Cause::SigningFailed,
            "SealCookie" | "OpenCookie" => Cause::CookieUnavailable,
            // A ticket is not needed: the connection goes on without.
            _ => continue,
        };
        let unavailable = |question| match question {
            Decision::VerifyCertificate(question) => question.unavailable(),
            Decision::SelectCredential(question) => question.refuse(HelloRefusal::Unavailable),
            Decision::SelectClientCredential(question) => question.unavailable(),
            Decision::Sign(question) => question.unavailable(),
            Decision::SealCookie(question) => question.unavailable(),
            Decision::OpenCookie(question) => question.unavailable(),
            other => panic!("{other:?}"),
        };
        check(role, state, unavailable, cause, ErrorAlert::InternalError);
    }
}

#[test]
fn a_cookie_that_is_refused_is_an_illegal_parameter() {
    let refuse = |question| match question {
        Decision::OpenCookie(question) => question.refuse(),
        other => panic!("{other:?}"),
    };
    let alert = ErrorAlert::IllegalParameter;
    check(Role::Server, "OpenCookie", refuse, Cause::CookieRefused, alert);
}

#[test]
fn a_ticket_that_is_not_sealed_ends_nothing() {
    let mut end = End::reached(Role::Server, "SealTicket");
    let Some(Decision::SealTicket(question)) = end.question.take() else { panic!("{end:?}") };
    end.handshake.answer(question.decline()).expect("it is open");
    assert!(end.settle().is_empty());
    assert_eq!((end.handshake.state(), end.observed.end), ("Connected", None));
}
