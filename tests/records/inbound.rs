//! What is taken, what is dropped, and what each fault is called.

use countersign::crypto::aead::TAG_BYTES;
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::record::{
    HEADER_BYTES, Header, MAXIMUM_CIPHERTEXT_BYTES, MAXIMUM_INNER_PLAINTEXT_BYTES,
    MAXIMUM_PLAINTEXT_BYTES, peek,
};
use countersign::registry::ContentType;

use crate::Taken::{Dropped, NeedsMore};
use crate::{
    ALERT, BOTH, CCS, CHANGE_CIPHER_SPEC, DATA, FATAL_ALERT, HANDSHAKE, Peer, Taken, data,
    handshake, keyed, keyless, limits, plaintext, secret, take, take_within,
};

#[test]
fn header_is_judged_before_the_body_arrives() {
    let longest = u16::try_from(MAXIMUM_PLAINTEXT_BYTES).unwrap();
    let longest_protected = u16::try_from(MAXIMUM_CIPHERTEXT_BYTES).unwrap();
    let rows: &[(bool, u8, u16, Result<Taken, Cause>)] = &[
        (false, HANDSHAKE, longest, Ok(NeedsMore)),
        (false, HANDSHAKE, longest + 1, Err(Cause::RecordTooLong)),
        (false, ALERT, longest + 1, Err(Cause::RecordTooLong)),
        (false, CCS, longest + 1, Err(Cause::RecordTooLong)),
        (false, CCS, 1, Err(Cause::UnexpectedChangeCipherSpec)),
        (false, DATA, 20, Err(Cause::UnexpectedApplicationData)),
        (true, DATA, longest_protected, Ok(NeedsMore)),
        (true, DATA, longest_protected + 1, Err(Cause::RecordTooLong)),
        (true, HANDSHAKE, 4, Err(Cause::UnexpectedRecordType)),
        (true, ALERT, 3, Err(Cause::UnexpectedRecordType)),
        (true, CCS, 1, Err(Cause::UnexpectedChangeCipherSpec)),
    ];
    for role in BOTH {
        for (has_key, content_type, length, expected) in rows {
            let [high, low] = length.to_be_bytes();
            let mut inbound = if *has_key { keyed(role) } else { keyless(role) };
            let outcome = take(&mut inbound, &[*content_type, 3, 3, high, low]);
            assert_eq!(outcome, *expected, "{role:?} {has_key} {content_type} {length}");
        }
    }
}

#[test]
fn unknown_record_type_is_rejected_at_once_with_or_without_a_key() {
    for content_type in (0..=u8::MAX).filter(|value| !(CCS..=DATA).contains(value)) {
        for mut inbound in [keyless(Role::Server), keyed(Role::Server)] {
            let outcome = take(&mut inbound, &[content_type, 3, 3, 0x7f, 0xff]);
            assert_eq!(outcome, Err(Cause::UnexpectedRecordType), "{content_type}");
        }
    }
    let http = take(&mut keyless(Role::Server), b"GET / HTTP/1.1\r\n\r\n");
    assert_eq!(http, Err(Cause::UnexpectedRecordType));
}

#[test]
fn legacy_record_version_is_ignored() {
    for version in [[0, 0], [3, 0], [3, 1], [3, 4], [0x7f, 0xff]] {
        let mut hello = plaintext(HANDSHAKE, b"hello");
        hello[1..3].copy_from_slice(&version);
        assert_eq!(take(&mut keyless(Role::Server), &hello), handshake(b"hello"));
        let record = Peer::new("peer").inner_plaintext(version, vec![b'x', DATA]);
        assert_eq!(take(&mut keyed(Role::Client), &record), data(b"x"));
    }
}

#[test]
fn nothing_is_taken_until_the_whole_record_is_there() {
    let protected = Peer::new("peer").record(DATA, b"data");
    let mut inbound = keyed(Role::Client);
    for end in 0..protected.len() {
        assert_eq!(take(&mut inbound, &protected[..end]), Ok(NeedsMore), "{end}");
        let header = Header { content_type: ContentType::APPLICATION_DATA, length: 21 };
        assert_eq!(peek(&protected[..end]), (end >= HEADER_BYTES).then_some(header), "{end}");
    }
    assert_eq!(take(&mut inbound, &protected), data(b"data"));
}

#[test]
fn plaintext_fragment_must_fit_its_type() {
    let rows: &[(u8, &[u8], Result<Taken, Cause>)] = &[
        (HANDSHAKE, b"hello", handshake(b"hello")),
        (HANDSHAKE, b"", Err(Cause::EmptyFragment)),
        (ALERT, b"", Err(Cause::EmptyFragment)),
        (ALERT, &[2], Err(Cause::AlertMalformed)),
        (ALERT, &[2, 40], Ok(Taken::Alert(2, 40, false))),
        (ALERT, &[7, 255], Ok(Taken::Alert(7, 255, false))),
        (ALERT, &[2, 40, 2], Err(Cause::AlertMalformed)),
        (ALERT, &[1, 90, 1, 0], Err(Cause::AlertMalformed)),
    ];
    for (content_type, body, expected) in rows {
        for role in BOTH {
            let outcome = take(&mut keyless(role), &plaintext(*content_type, body));
            assert_eq!(outcome, *expected, "{content_type} {body:?}");
        }
    }
}

#[test]
fn inner_plaintext_must_have_a_type_and_fit_it() {
    let maximum = MAXIMUM_INNER_PLAINTEXT_BYTES;
    let padded = |content: &[u8], to: usize| {
        let mut inner = content.to_vec();
        inner.resize(to, 0);
        inner
    };
    let rows: Vec<(Vec<u8>, Result<Taken, Cause>)> = vec![
        (vec![], Err(Cause::RecordWithoutContentType)),
        (vec![0], Err(Cause::RecordWithoutContentType)),
        (vec![0; maximum], Err(Cause::RecordWithoutContentType)),
        (vec![0; maximum + 1], Err(Cause::RecordTooLong)),
        (padded(&[b'x', DATA], maximum), data(b"x")),
        (padded(&[b'x', DATA], maximum + 1), Err(Cause::RecordTooLong)),
        ([vec![9; maximum - 1], vec![DATA]].concat(), data(&vec![9; maximum - 1])),
        ([vec![9; maximum], vec![DATA]].concat(), Err(Cause::RecordTooLong)),
        (vec![0, 0, DATA, 0], data(&[0, 0])),
        (vec![DATA], data(b"")),
        (vec![1, HANDSHAKE, 0], handshake(&[1])),
        (vec![HANDSHAKE], Err(Cause::EmptyFragment)),
        (vec![HANDSHAKE, 0, 0], Err(Cause::EmptyFragment)),
        (vec![ALERT, 0], Err(Cause::EmptyFragment)),
        (vec![1, ALERT], Err(Cause::AlertMalformed)),
        (vec![1, 0, ALERT, 0], Ok(Taken::Alert(1, 0, true))),
        (vec![1, 0, 0, ALERT], Err(Cause::AlertMalformed)),
        (vec![1, CCS], Err(Cause::UnexpectedChangeCipherSpec)),
        (vec![b'x', DATA, 0, 1, 0], Err(Cause::UnexpectedRecordType)),
    ];
    for (inner, expected) in rows {
        let shown = inner.iter().take(4).copied().collect::<Vec<_>>();
        let record = Peer::new("peer").inner_plaintext([3, 3], inner);
        assert_eq!(take(&mut keyed(Role::Client), &record), expected, "{shown:?}");
    }
}

#[test]
fn unknown_inner_type_is_rejected() {
    for content_type in (1..=u8::MAX).filter(|value| !(CCS..=DATA).contains(value)) {
        let record = Peer::new("peer").record(content_type, b"x");
        let outcome = take(&mut keyed(Role::Server), &record);
        assert_eq!(outcome, Err(Cause::UnexpectedRecordType), "{content_type}");
    }
}

#[test]
fn altered_record_is_not_authentic() {
    let record = Peer::new("peer").record(DATA, b"data");
    for at in (1..3).chain(HEADER_BYTES..record.len()) {
        let mut altered = record.clone();
        altered[at] ^= 0x10;
        let outcome = take(&mut keyed(Role::Client), &altered);
        assert_eq!(outcome, Err(Cause::RecordNotAuthentic), "byte {at}");
    }
    for length in 0..TAG_BYTES {
        let short = plaintext(DATA, &vec![1; length]);
        let outcome = take(&mut keyed(Role::Client), &short);
        assert_eq!(outcome, Err(Cause::RecordNotAuthentic), "{length} bytes");
    }
}

#[test]
fn replayed_or_reordered_record_is_not_authentic() {
    let mut peer = Peer::new("peer");
    let (first, second) = (peer.record(DATA, b"1"), peer.record(DATA, b"2"));
    let mut inbound = keyed(Role::Client);
    assert_eq!(take(&mut inbound, &first), data(b"1"));
    assert_eq!(take(&mut inbound, &first), Err(Cause::RecordNotAuthentic));
    assert_eq!(take(&mut keyed(Role::Client), &second), Err(Cause::RecordNotAuthentic));
}

#[test]
fn sequence_numbers_count_up_and_start_anew_with_each_key() {
    let mut inbound = keyed(Role::Client);
    for name in ["peer", "next"] {
        inbound.set_key(&secret(name));
        let mut peer = Peer::new(name);
        for number in 0..300_u16 {
            let content = number.to_be_bytes();
            let record = peer.record(DATA, &content);
            assert_eq!(take(&mut inbound, &record), data(&content), "{name} {number}");
        }
    }
    let old = Peer::new("peer").record(DATA, b"old key");
    assert_eq!(take(&mut inbound, &old), Err(Cause::RecordNotAuthentic));
}

#[test]
fn only_an_error_alert_may_come_between_the_fragments_of_a_message() {
    let rows: &[(u8, &[u8], Result<Taken, Cause>)] = &[
        (HANDSHAKE, b"more", handshake(b"more")),
        (ALERT, &[2, 40], Ok(Taken::Alert(2, 40, true))),
        (ALERT, &[1, 200], Ok(Taken::Alert(1, 200, true))),
        (ALERT, &[1, 0], Err(Cause::MessageInterleaved)),
        (ALERT, &[2, 90], Err(Cause::MessageInterleaved)),
        (DATA, b"x", Err(Cause::MessageInterleaved)),
        (DATA, b"", Err(Cause::MessageInterleaved)),
    ];
    for (content_type, content, expected) in rows {
        let protected = Peer::new("peer").record(*content_type, content);
        let outcome = take_within(&mut keyed(Role::Client), &protected, true);
        assert_eq!(outcome, *expected, "protected {content_type} {content:?}");
        let in_the_clear = match expected {
            Ok(Taken::Alert(level, description, _)) => {
                Ok(Taken::Alert(*level, *description, false))
            }
            other => other.clone(),
        };
        let record = plaintext(*content_type, content);
        let outcome = take_within(&mut keyless(Role::Client), &record, true);
        assert_eq!(outcome, in_the_clear, "plaintext {content_type} {content:?}");
    }
    for mut inbound in [keyless(Role::Client), keyed(Role::Client)] {
        inbound.open_change_cipher_spec_window();
        let outcome = take_within(&mut inbound, CHANGE_CIPHER_SPEC, true);
        assert_eq!(outcome, Err(Cause::UnexpectedChangeCipherSpec));
    }
}

#[test]
fn change_cipher_spec_is_dropped_inside_its_window_only() {
    for role in BOTH {
        let mut inbound = keyless(role);
        inbound.open_change_cipher_spec_window();
        assert_eq!(take(&mut inbound, CHANGE_CIPHER_SPEC), Ok(Dropped));
        inbound.set_key(&secret("peer"));
        assert_eq!(take(&mut inbound, CHANGE_CIPHER_SPEC), Ok(Dropped));
        let mut peer = Peer::new("peer");
        assert_eq!(take(&mut inbound, &peer.record(HANDSHAKE, b"one")), handshake(b"one"));
        assert_eq!(take(&mut inbound, CHANGE_CIPHER_SPEC), Ok(Dropped));
        assert_eq!(take(&mut inbound, &peer.record(HANDSHAKE, b"two")), handshake(b"two"));
        inbound.close_change_cipher_spec_window();
        let late = take(&mut inbound, CHANGE_CIPHER_SPEC);
        assert_eq!(late, Err(Cause::UnexpectedChangeCipherSpec));
        let early = take(&mut keyless(role), CHANGE_CIPHER_SPEC);
        assert_eq!(early, Err(Cause::UnexpectedChangeCipherSpec));
    }
}

#[test]
fn change_cipher_spec_has_the_one_byte_1() {
    let mut inbound = keyless(Role::Client);
    inbound.open_change_cipher_spec_window();
    let header_alone = take(&mut inbound, &[CCS, 3, 3, 0, 2]);
    assert_eq!(header_alone, Err(Cause::UnexpectedChangeCipherSpec));
    for body in [&[][..], &[0], &[2], &[1, 1], &[1, 0]] {
        for mut inbound in [keyless(Role::Client), keyed(Role::Client)] {
            inbound.open_change_cipher_spec_window();
            let outcome = take(&mut inbound, &plaintext(CCS, body));
            assert_eq!(outcome, Err(Cause::UnexpectedChangeCipherSpec), "{body:?}");
        }
    }
}

#[test]
fn change_cipher_specs_are_limited_in_number() {
    let mut inbound = keyless(Role::Server);
    inbound.open_change_cipher_spec_window();
    for _ in 0..limits().change_cipher_specs {
        assert_eq!(take(&mut inbound, CHANGE_CIPHER_SPEC), Ok(Dropped));
        assert_eq!(take(&mut inbound, &plaintext(HANDSHAKE, b"x")), handshake(b"x"));
    }
    let outcome = take(&mut inbound, CHANGE_CIPHER_SPEC);
    assert_eq!(outcome, Err(Cause::TooManyChangeCipherSpecs));
}

#[test]
fn empty_application_data_is_limited_in_a_row() {
    let (mut inbound, mut peer) = (keyed(Role::Client), Peer::new("peer"));
    for separator in [DATA, HANDSHAKE] {
        for _ in 0..limits().empty_records {
            assert_eq!(take(&mut inbound, &peer.record(DATA, b"")), data(b""));
        }
        assert!(take(&mut inbound, &peer.record(separator, b"x")).is_ok());
    }
    for _ in 0..limits().empty_records {
        assert_eq!(take(&mut inbound, &peer.record(DATA, b"")), data(b""));
        let warning = take(&mut inbound, &peer.record(ALERT, &[1, 90]));
        assert_eq!(warning, Ok(Taken::Alert(1, 90, true)));
    }
    let outcome = take(&mut inbound, &peer.record(DATA, b""));
    assert_eq!(outcome, Err(Cause::TooManyEmptyRecords));
}

#[test]
fn server_takes_a_plaintext_alert_until_the_first_record_opens() {
    let alert = Ok(Taken::Alert(2, 40, false));
    let mut inbound = keyed(Role::Server);
    assert_eq!(take(&mut inbound, FATAL_ALERT), alert);
    inbound.skip_early_data();
    assert_eq!(take(&mut inbound, &plaintext(DATA, &[0; 100])), Ok(Dropped));
    assert_eq!(take(&mut inbound, FATAL_ALERT), alert);
    let one_byte = take(&mut keyed(Role::Server), &plaintext(ALERT, &[2]));
    assert_eq!(one_byte, Err(Cause::UnexpectedRecordType));
    assert!(take(&mut inbound, &Peer::new("peer").record(HANDSHAKE, b"x")).is_ok());
    assert_eq!(take(&mut inbound, FATAL_ALERT), Err(Cause::UnexpectedRecordType));
    inbound.set_key(&secret("next"));
    assert_eq!(take(&mut inbound, FATAL_ALERT), Err(Cause::UnexpectedRecordType));
}

#[test]
fn client_with_keys_rejects_a_plaintext_alert() {
    let outcome = take(&mut keyed(Role::Client), FATAL_ALERT);
    assert_eq!(outcome, Err(Cause::UnexpectedRecordType));
}

#[test]
fn server_skips_early_data_by_type_until_the_next_handshake_record() {
    let mut inbound = keyless(Role::Server);
    inbound.open_change_cipher_spec_window();
    inbound.skip_early_data();
    assert_eq!(take(&mut inbound, &plaintext(DATA, &[1; 60])), Ok(Dropped));
    assert_eq!(take(&mut inbound, CHANGE_CIPHER_SPEC), Ok(Dropped));
    assert_eq!(take(&mut inbound, FATAL_ALERT), Ok(Taken::Alert(2, 40, false)));
    assert_eq!(take(&mut inbound, &plaintext(DATA, &[1; 40])), Ok(Dropped));
    assert_eq!(take(&mut inbound, &plaintext(HANDSHAKE, b"half")), handshake(b"half"));
    let between = take_within(&mut inbound, &plaintext(DATA, &[1]), true);
    assert_eq!(between, Err(Cause::MessageInterleaved));
    let after = take(&mut inbound, &plaintext(DATA, &[1]));
    assert_eq!(after, Err(Cause::UnexpectedApplicationData));
    inbound.set_key(&secret("peer"));
    let strictly = take(&mut inbound, &plaintext(DATA, &[1; 40]));
    assert_eq!(strictly, Err(Cause::RecordNotAuthentic));
}

#[test]
fn server_skips_early_data_that_does_not_open_until_a_record_opens() {
    for first in [HANDSHAKE, DATA, ALERT] {
        let (mut inbound, mut peer) = (keyless(Role::Server), Peer::new("peer"));
        inbound.open_change_cipher_spec_window();
        inbound.skip_early_data();
        inbound.set_key(&secret("peer"));
        let mut early = Peer::new("early");
        assert_eq!(take(&mut inbound, &early.record(DATA, &[7; 60])), Ok(Dropped));
        assert_eq!(take(&mut inbound, CHANGE_CIPHER_SPEC), Ok(Dropped));
        assert_eq!(take(&mut inbound, &plaintext(DATA, b"short")), Ok(Dropped));
        assert_ne!(take(&mut inbound, &peer.record(first, &[1, 90])), Ok(Dropped));
        let after = take(&mut inbound, &early.record(DATA, b"y"));
        assert_eq!(after, Err(Cause::RecordNotAuthentic), "after a record of type {first}");
    }
}

#[test]
fn skipped_early_data_is_limited_in_bytes_of_record_bodies() {
    let limit = limits().skipped_early_data_bytes;
    for mut inbound in [keyless(Role::Server), keyed(Role::Server)] {
        inbound.skip_early_data();
        assert_eq!(take(&mut inbound, &plaintext(DATA, &vec![1; limit])), Ok(Dropped));
        let outcome = take(&mut inbound, &plaintext(DATA, &[1]));
        assert_eq!(outcome, Err(Cause::EarlyDataTooLong));
    }
    for mut inbound in [keyless(Role::Server), keyed(Role::Server)] {
        inbound.skip_early_data();
        for _ in 0..limit {
            assert_eq!(take(&mut inbound, &plaintext(DATA, b"")), Ok(Dropped));
        }
        let outcome = take(&mut inbound, &plaintext(DATA, b""));
        assert_eq!(outcome, Err(Cause::EarlyDataTooLong));
    }
}

#[test]
fn skipping_forgives_no_other_fault() {
    let mut inbound = keyed(Role::Server);
    inbound.skip_early_data();
    let all_padding = Peer::new("peer").inner_plaintext([3, 3], vec![0; 9]);
    assert_eq!(take(&mut inbound, &all_padding), Err(Cause::RecordWithoutContentType));
}
