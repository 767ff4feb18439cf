//! The table of causes by itself: whole, consistent, and veiled as configured.

use countersign::alert::ErrorAlert;
use countersign::failure::{Cause, Disclosure};

use crate::{cases, frames};

#[test]
fn every_cause_has_a_case_that_brings_it_about() {
    let of_records = cases().map(|case| case.cause);
    let of_frames = frames::CASES.iter().map(|&(_, cause, ..)| cause);
    let provoked: Vec<Cause> = of_records.chain(of_frames).collect();
    let missing: Vec<_> = Cause::ALL.iter().filter(|cause| !provoked.contains(cause)).collect();
    assert!(missing.is_empty(), "no case for {missing:?}");
}

#[test]
fn every_alert_that_can_be_sent_has_a_cause() {
    for alert in ErrorAlert::ALL {
        assert!(Cause::ALL.iter().any(|cause| cause.alert() == *alert), "{alert} has no cause");
    }
}

/// The headings of RFC 9846 whose rules a peer, or we, can break.
const SECTIONS: [&str; 37] = [
    "2", "4", "4.2.1", "4.2.2", "4.2.3", "4.2.4", "4.3", "4.3.1", "4.3.2", "4.3.3", "4.3.5",
    "4.3.8", "4.3.9", "4.3.10", "4.3.11", "4.3.11.2", "4.4.1", "4.4.2", "4.5.1", "4.5.1.1",
    "4.5.1.2", "4.5.1.3", "4.5.2", "4.5.3", "4.6", "4.7.1", "4.7.2", "4.7.3", "5", "5.1", "5.2",
    "5.4", "5.5", "6", "6.1", "6.2", "9.2",
];

#[test]
fn every_cause_names_a_section_of_rfc_9846_and_says_what_happened() {
    let mut texts = Vec::new();
    for cause in Cause::ALL {
        assert!(SECTIONS.contains(&cause.section()), "{cause:?}: §{}", cause.section());
        assert!(!texts.contains(&cause.text()), "{cause:?} says what another cause says");
        texts.push(cause.text());
    }
}

/// Causes that say something about a peer's certificate.
const OF_CERTIFICATES: [Cause; 17] = [
    Cause::NoCommonCertificateType,
    Cause::CompressedCertificateTooLong,
    Cause::CompressedCertificateInvalid,
    Cause::CertificateLacksUsage,
    Cause::TooManyCertificates,
    Cause::CertificateMalformed,
    Cause::RawPublicKeyMalformed,
    Cause::CertificateTypeUnsupported,
    Cause::CertificateCannotSign,
    Cause::CertificateBad,
    Cause::CertificateUnsupported,
    Cause::CertificateRevoked,
    Cause::CertificateExpired,
    Cause::CertificateUnacceptable,
    Cause::CertificateAuthorityUnknown,
    Cause::CertificateStatusBad,
    Cause::ClientDenied,
];

/// Other causes that tell what somebody has, or whom we know.
const OF_WHAT_WE_KNOW: [Cause; 3] =
    [Cause::ServerDenied, Cause::ClientCertificateMissing, Cause::NameNotServed];

const CERTIFICATE_UNKNOWN: u8 = 46;
const DECRYPT_ERROR: u8 = 51;
const GENERAL_ERROR: u8 = 117;

fn veiled(disclosure: Disclosure, cause: Cause, exact: u8) -> u8 {
    let of_certificates = OF_CERTIFICATES.contains(&cause);
    match disclosure {
        Disclosure::CertificateGeneric if of_certificates => CERTIFICATE_UNKNOWN,
        Disclosure::Concealed if of_certificates || OF_WHAT_WE_KNOW.contains(&cause) => {
            GENERAL_ERROR
        }
        // As of a wrong binder.
        Disclosure::Concealed if cause == Cause::NoAcceptablePsk => DECRYPT_ERROR,
        _ => exact,
    }
}

#[test]
fn every_alert_discloses_as_much_as_the_configuration_says() {
    for disclosure in [Disclosure::Exact, Disclosure::CertificateGeneric, Disclosure::Concealed] {
        for case in cases() {
            let set = |setup: &mut countersign_testing::Setup| {
                setup.client.disclosure = disclosure;
                setup.server.disclosure = disclosure;
            };
            case.check(set, veiled(disclosure, case.cause, case.alert));
        }
    }
}
