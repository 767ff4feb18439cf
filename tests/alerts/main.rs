//! Every cause in the table is brought about from outside, and its alert seen from outside.

mod authentication;
mod case;
mod compression;
#[path = "../support/der.rs"]
mod der;
mod edit;
mod frames;
mod grease;
mod hello;
mod own;
mod phase;
mod post_handshake;
mod properties;
mod received;
mod records;
mod secrets;
mod table;

use case::Case;

/// Every case of a connection over records.
fn cases() -> impl Iterator<Item = &'static Case> {
    let tables = [
        hello::CASES,
        records::CASES,
        authentication::CASES,
        compression::CASES,
        post_handshake::CASES,
        own::CASES,
        grease::CASES,
    ];
    tables.into_iter().flatten()
}

#[test]
fn every_fault_is_told_once_by_its_own_alert_under_the_right_keys() {
    for case in cases() {
        case.check(|_| (), case.alert);
    }
}
