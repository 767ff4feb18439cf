//! The requirements of RFC 9846 and of the RFCs beside it, one by one: the ledger, and the tests that
//! were missing to settle it.

mod authentication;
mod case;
mod client_hello;
mod compression;
mod connected;
mod draft;
mod handshakes;
mod ledger;
mod page;
mod parameters;
mod post_handshake;
mod quic;
mod raw_public_keys;
mod records;
mod scene;
mod second_client_hello;
mod sent;
mod server_hello;
mod streams;

use case::Case;

/// Every case of every table.
fn cases() -> impl Iterator<Item = &'static Case> {
    let tables = [
        client_hello::CASES,
        second_client_hello::CASES,
        server_hello::CASES,
        parameters::CASES,
        authentication::CASES,
        connected::CASES,
        compression::CASES,
        post_handshake::CASES,
        raw_public_keys::CASES,
        records::CASES,
    ];
    tables.into_iter().flatten()
}

#[test]
fn every_requirement_of_the_tables_is_kept() {
    let mut broken = Vec::new();
    for case in cases() {
        if std::panic::catch_unwind(|| case.check()).is_err() {
            broken.push(case.name);
        }
    }
    assert!(broken.is_empty(), "{} cases fail: {broken:#?}", broken.len());
}
