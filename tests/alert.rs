//! Alerts on the wire: two classes, one form (RFC 9846 §6).

use std::collections::HashSet;

use countersign::alert::{
    Alert, AlertClass, AlertDescription, AlertLevel, ClosureAlert, ErrorAlert,
};
use countersign::diagnosis::CertificateFault;
use countersign::failure::{Cause, Failure};

/// RFC 9846 §B.2, with too_many_cids_requested (RFC 9147), ech_required (RFC 9849).
const REGISTERED: &[(u8, &str)] = &[
    (0, "close_notify"),
    (10, "unexpected_message"),
    (20, "bad_record_mac"),
    (21, "decryption_failed_RESERVED"),
    (22, "record_overflow"),
    (30, "decompression_failure_RESERVED"),
    (40, "handshake_failure"),
    (41, "no_certificate_RESERVED"),
    (42, "bad_certificate"),
    (43, "unsupported_certificate"),
    (44, "certificate_revoked"),
    (45, "certificate_expired"),
    (46, "certificate_unknown"),
    (47, "illegal_parameter"),
    (48, "unknown_ca"),
    (49, "access_denied"),
    (50, "decode_error"),
    (51, "decrypt_error"),
    (52, "too_many_cids_requested"),
    (60, "export_restriction_RESERVED"),
    (70, "protocol_version"),
    (71, "insufficient_security"),
    (80, "internal_error"),
    (86, "inappropriate_fallback"),
    (90, "user_canceled"),
    (100, "no_renegotiation_RESERVED"),
    (109, "missing_extension"),
    (110, "unsupported_extension"),
    (111, "certificate_unobtainable_RESERVED"),
    (112, "unrecognized_name"),
    (113, "bad_certificate_status_response"),
    (114, "bad_certificate_hash_value_RESERVED"),
    (115, "unknown_psk_identity"),
    (116, "certificate_required"),
    (117, "general_error"),
    (120, "no_application_protocol"),
    (121, "ech_required"),
];

/// The error alerts that this crate sends. What RFC 9846 marks RESERVED is not among them, nor is
/// what only DTLS, a fallback or Encrypted ClientHello needs.
const SENDABLE: &[u8] = &[
    10, 20, 22, 40, 42, 43, 44, 45, 46, 47, 48, 49, 50, 51, 70, 71, 80, 109, 110, 112, 113, 115,
    116, 117, 120,
];

fn registered(byte: u8) -> Option<&'static str> {
    REGISTERED.iter().find(|(code, _)| *code == byte).map(|(_, name)| *name)
}

#[test]
fn every_byte_is_kept_as_it_came() {
    for byte in 0..=u8::MAX {
        assert_eq!(AlertDescription(byte).0, byte);
        assert!(AlertDescription(byte).to_string().ends_with(&format!("({byte})")));
    }
}

#[test]
fn every_registered_byte_has_its_name_and_no_other_byte_has_one() {
    for byte in 0..=u8::MAX {
        assert_eq!(AlertDescription(byte).name(), registered(byte), "{byte}");
    }
}

#[test]
fn a_description_prints_as_name_and_byte() {
    for byte in 0..=u8::MAX {
        let expected = format!("{}({byte})", registered(byte).unwrap_or("alert"));
        assert_eq!(AlertDescription(byte).to_string(), expected);
        assert_eq!(format!("{:?}", AlertDescription(byte)), expected);
    }
}

#[test]
fn close_notify_and_user_canceled_are_closure_alerts_and_all_others_known_or_not_are_errors() {
    for byte in 0..=u8::MAX {
        let expected = match byte {
            0 => AlertClass::Closure(ClosureAlert::CloseNotify),
            90 => AlertClass::Closure(ClosureAlert::UserCanceled),
            _ => AlertClass::Error,
        };
        assert_eq!(AlertDescription(byte).class(), expected, "{byte}");
    }
}

#[test]
fn a_level_is_warning_or_fatal_and_every_other_byte_is_none() {
    for byte in 0..=u8::MAX {
        let expected = match byte {
            1 => Some(AlertLevel::Warning),
            2 => Some(AlertLevel::Fatal),
            _ => None,
        };
        assert_eq!(AlertLevel::from_wire(byte), expected, "{byte}");
    }
}

#[test]
fn errors_fit_fatal_and_close_notify_fits_warning_and_user_canceled_fits_both() {
    for byte in 0..=u8::MAX {
        let fits = |level| AlertDescription(byte).fits_level(level);
        assert_eq!(fits(AlertLevel::Warning), matches!(byte, 0 | 90), "{byte}");
        assert_eq!(fits(AlertLevel::Fatal), byte != 0, "{byte}");
    }
}

#[test]
fn the_error_alerts_are_the_sendable_ones_in_order_each_once() {
    let codes: Vec<u8> = ErrorAlert::ALL.iter().map(|alert| alert.description().0).collect();
    assert_eq!(codes, SENDABLE);
}

#[test]
fn every_error_alert_leaves_at_level_fatal_with_its_code_point() {
    for (alert, code) in ErrorAlert::ALL.iter().zip(SENDABLE) {
        assert_eq!(Alert::Error(*alert).to_wire(), [2, *code], "{alert}");
        assert_eq!(Alert::Error(*alert).description(), AlertDescription(*code));
        assert_eq!(AlertDescription(*code).class(), AlertClass::Error, "{alert}");
        assert_eq!(alert.to_string(), AlertDescription(*code).to_string());
    }
}

#[test]
fn closure_alerts_leave_at_level_warning() {
    assert_eq!(Alert::Closure(ClosureAlert::CloseNotify).to_wire(), [1, 0]);
    assert_eq!(Alert::Closure(ClosureAlert::UserCanceled).to_wire(), [1, 90]);
}

#[test]
fn what_leaves_is_received_as_the_class_that_was_sent() {
    let closures = [ClosureAlert::CloseNotify, ClosureAlert::UserCanceled];
    for closure in closures {
        assert_eq!(Alert::Closure(closure).description().class(), AlertClass::Closure(closure));
    }
    let errors = ErrorAlert::ALL.iter().map(|alert| Alert::Error(*alert));
    for alert in errors.chain(closures.map(Alert::Closure)) {
        let [level, description] = alert.to_wire();
        let level = AlertLevel::from_wire(level).expect("a level that exists");
        assert!(AlertDescription(description).fits_level(level), "{alert:?}");
    }
}

#[test]
fn a_failure_says_where_what_and_by_which_section() {
    let failure = Failure {
        cause: Cause::FinishedMismatch,
        state: "WaitFinished",
        alert: Cause::FinishedMismatch.alert(),
    };
    assert_eq!(
        failure.to_string(),
        "in WaitFinished: the verify_data of Finished is wrong (decrypt_error(51) sent, RFC 9846 §4.5.3)"
    );
}

#[test]
fn every_fault_of_a_certificate_says_something_else() {
    let faults =
        (0..=u8::MAX).filter_map(|code| CertificateFault::from_alert(AlertDescription(code)));
    let texts: Vec<String> = faults.map(|fault| fault.to_string()).collect();
    let distinct: HashSet<&String> = texts.iter().filter(|text| !text.is_empty()).collect();
    assert_eq!((texts.len(), distinct.len()), (7, 7), "{texts:?}");
}
