//! What leaves: how it is cut, padded, sealed and counted.

use core::num::NonZeroU16;

use countersign::alert::{Alert, ClosureAlert};
use countersign::crypto::Suite;
use countersign::crypto::aead::{Aead, AeadKey};
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::limits::Limits;
use countersign::record::{
    HEADER_BYTES, Inbound, MAXIMUM_CIPHERTEXT_BYTES, MAXIMUM_INNER_PLAINTEXT_BYTES,
    MAXIMUM_PLAINTEXT_BYTES, Outbound, PROTECTION_OVERHEAD_BYTES, Padding,
};
use countersign_testing::provider;

use crate::{
    ALERT, BOTH, CHANGE_CIPHER_SPEC, DATA, HANDSHAKE, Taken, secret, secret_of, suite, taken,
};

const CLOSE_NOTIFY: Alert = Alert::Closure(ClosureAlert::CloseNotify);
const MAXIMUM: usize = MAXIMUM_PLAINTEXT_BYTES;

fn to_multiple_of(bytes: u16) -> Padding {
    Padding::ToMultipleOf(NonZeroU16::new(bytes).unwrap())
}

fn sending(suite: &'static Suite, padding: Padding) -> Outbound {
    let mut outbound = Outbound::new(Role::Client, padding);
    outbound.set_key(&secret_of(suite, "peer"));
    outbound
}

fn receiving(suite: &'static Suite) -> Inbound {
    let mut inbound = Inbound::new(Role::Client, Limits::default());
    inbound.set_key(&secret_of(suite, "peer"));
    inbound
}

/// The records of a stream, each as its bytes.
fn records(mut stream: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let Some((header, _)) = stream.split_first_chunk::<HEADER_BYTES>() {
        let length = usize::from(u16::from_be_bytes([header[3], header[4]]));
        let (record, rest) = stream.split_at(HEADER_BYTES + length);
        records.push(record);
        stream = rest;
    }
    records
}

fn open(inbound: &mut Inbound, stream: &[u8]) -> Vec<Taken> {
    let open_one = |record: &&[u8]| {
        let mut input = record.to_vec();
        taken(inbound.next(&mut input, false).unwrap().unwrap().content)
    };
    records(stream).iter().map(open_one).collect()
}

#[test]
fn opening_undoes_sealing_for_every_suite_padding_and_size() {
    let paddings = [
        Padding::None,
        to_multiple_of(1),
        to_multiple_of(64),
        to_multiple_of(1000),
        to_multiple_of(u16::MAX),
    ];
    let sizes = [0, 1, 2, MAXIMUM - 1, MAXIMUM, MAXIMUM + 1, 3 * MAXIMUM + 7];
    for suite in provider().suites {
        for padding in paddings {
            let (mut outbound, mut inbound) = (sending(suite, padding), receiving(suite));
            for size in sizes {
                let content = (0..=u8::MAX).cycle().take(size).collect::<Vec<_>>();
                let mut output = Vec::new();
                outbound.application_data(&content, &mut output).unwrap();
                let opened = open(&mut inbound, &output);
                assert_eq!(opened.len(), size.div_ceil(MAXIMUM), "{suite:?} {padding:?} {size}");
                let joined = opened.into_iter().flat_map(|taken| match taken {
                    Taken::Data(bytes) => bytes,
                    other => panic!("{other:?}"),
                });
                assert!(joined.eq(content), "{suite:?} {padding:?} {size}");
            }
        }
    }
}

#[test]
fn sealed_size_is_known_beforehand_and_one_reservation_is_enough() {
    for padding in [Padding::None, to_multiple_of(100), to_multiple_of(u16::MAX)] {
        for fragment in [2, 63, 1000, MAXIMUM] {
            let mut without_key = Outbound::new(Role::Server, padding);
            let mut with_key = sending(suite(), padding);
            for outbound in [&mut without_key, &mut with_key] {
                outbound.limit_fragments(fragment);
                for size in [0, 1, fragment - 1, fragment, fragment + 1, 5 * fragment + 1] {
                    let mut output = Vec::with_capacity(outbound.sealed_bytes(size));
                    let (place, room) = (output.as_ptr(), output.capacity());
                    outbound.handshake(&vec![1; size], &mut output).unwrap();
                    let known = outbound.sealed_bytes(size);
                    assert_eq!(output.len(), known, "{padding:?} {fragment} {size}");
                    assert_eq!((output.as_ptr(), output.capacity()), (place, room));
                }
            }
        }
    }
    let outbound = sending(suite(), Padding::None);
    assert_eq!(outbound.sealed_bytes(100), 100 + PROTECTION_OVERHEAD_BYTES);
    assert_eq!(outbound.sealed_bytes(usize::MAX), usize::MAX);
}

#[test]
fn padding_never_passes_the_limit_of_a_record() {
    let overhead = PROTECTION_OVERHEAD_BYTES - 1;
    let rows = [
        (Padding::None, MAXIMUM, 1, 2),
        (Padding::None, MAXIMUM, MAXIMUM, MAXIMUM_INNER_PLAINTEXT_BYTES),
        (to_multiple_of(64), MAXIMUM, 1, 64),
        (to_multiple_of(64), MAXIMUM, 63, 64),
        (to_multiple_of(64), MAXIMUM, 64, 128),
        (to_multiple_of(64), MAXIMUM, MAXIMUM, MAXIMUM_INNER_PLAINTEXT_BYTES),
        (to_multiple_of(u16::MAX), MAXIMUM, 1, MAXIMUM_INNER_PLAINTEXT_BYTES),
        (to_multiple_of(64), 100, 80, 101),
        (to_multiple_of(u16::MAX), 511, 1, 512),
    ];
    for (padding, fragment, size, inner_plaintext) in rows {
        let mut outbound = sending(suite(), padding);
        outbound.limit_fragments(fragment);
        let mut output = Vec::new();
        outbound.application_data(&vec![1; size], &mut output).unwrap();
        let [record] = records(&output)[..] else { panic!("{padding:?} {size}") };
        assert_eq!(record.len(), overhead + inner_plaintext, "{padding:?} {fragment} {size}");
        assert!(record.len() - HEADER_BYTES <= MAXIMUM_CIPHERTEXT_BYTES);
    }
}

#[test]
fn fragments_are_full_and_stay_within_the_limit() {
    let rows = [(63, 63), (512, 512), (MAXIMUM, MAXIMUM), (0, 2), (usize::MAX, MAXIMUM)];
    for (asked, fragment) in rows {
        let mut outbound = sending(suite(), Padding::None);
        outbound.limit_fragments(asked);
        let mut output = Vec::new();
        outbound.handshake(&vec![1; 2 * fragment + 1], &mut output).unwrap();
        let expected = [fragment, fragment, 1].map(|size| Taken::Handshake(vec![1; size]));
        assert_eq!(open(&mut receiving(suite()), &output), expected, "{asked}");
    }
}

#[test]
fn a_limit_of_fragments_is_lowered_and_never_raised() {
    let mut outbound = sending(suite(), Padding::None);
    for (asked, fragment) in [(500, 500), (600, 500), (0, 2), (usize::MAX, 2)] {
        outbound.limit_fragments(asked);
        let records = outbound.sealed_bytes(fragment + 1) - outbound.sealed_bytes(1);
        assert_eq!(records, outbound.sealed_bytes(fragment), "{asked}");
        assert_eq!(outbound.sealed_bytes(fragment), fragment + PROTECTION_OVERHEAD_BYTES);
    }
}

#[test]
fn alert_fits_one_record_whatever_the_padding_and_the_fragment_limit() {
    for padding in [Padding::None, to_multiple_of(2), to_multiple_of(64), to_multiple_of(u16::MAX)]
    {
        for fragment in [0, 1, 2, 3, 63, MAXIMUM] {
            let mut outbound = sending(suite(), padding);
            outbound.limit_fragments(fragment);
            let mut output = Vec::new();
            outbound.alert(CLOSE_NOTIFY, &mut output).unwrap();
            let expected = [Taken::Alert(1, 0, true)];
            assert_eq!(open(&mut receiving(suite()), &output), expected, "{padding:?} {fragment}");
        }
    }
}

#[test]
fn nothing_is_sent_for_empty_content() {
    let mut without_key = Outbound::new(Role::Server, Padding::None);
    for outbound in [&mut without_key, &mut sending(suite(), to_multiple_of(64))] {
        let mut output = Vec::new();
        outbound.handshake(b"", &mut output).unwrap();
        outbound.application_data(b"", &mut output).unwrap();
        assert_eq!(output, b"");
    }
}

#[test]
fn only_the_initial_client_hello_has_version_0x0301() {
    for (role, first_version) in [(Role::Client, 1), (Role::Server, 3)] {
        let mut outbound = Outbound::new(role, Padding::None);
        let mut output = Vec::new();
        outbound.handshake(&[1; MAXIMUM + 1], &mut output).unwrap();
        outbound.handshake(b"second", &mut output).unwrap();
        outbound.alert(CLOSE_NOTIFY, &mut output).unwrap();
        outbound.change_cipher_spec(&mut output);
        outbound.set_key(&secret("peer"));
        outbound.handshake(b"protected", &mut output).unwrap();
        outbound.change_cipher_spec(&mut output);
        outbound.alert(CLOSE_NOTIFY, &mut output).unwrap();
        let records = records(&output);
        let starts = records.iter().map(|record| [record[0], record[1], record[2]]);
        let expected = [
            [HANDSHAKE, 3, first_version],
            [HANDSHAKE, 3, first_version],
            [HANDSHAKE, 3, 3],
            [ALERT, 3, 3],
            [20, 3, 3],
            [DATA, 3, 3],
            [20, 3, 3],
            [DATA, 3, 3],
        ];
        assert_eq!(starts.collect::<Vec<_>>(), expected, "{role:?}");
        assert_eq!(records[4], CHANGE_CIPHER_SPEC);
        assert_eq!(records[6], CHANGE_CIPHER_SPEC);
    }
}

#[test]
fn records_are_appended_to_what_waits_already() {
    let mut outbound = sending(suite(), Padding::None);
    let mut output = b"waiting".to_vec();
    outbound.application_data(b"data", &mut output).unwrap();
    let record = output.strip_prefix(b"waiting").unwrap();
    assert_eq!(open(&mut receiving(suite()), record), [Taken::Data(b"data".to_vec())]);
}

#[test]
fn application_data_is_never_sent_without_a_key() {
    for role in BOTH {
        let mut outbound = Outbound::new(role, Padding::None);
        let mut output = Vec::new();
        let outcome = outbound.application_data(b"data", &mut output);
        assert_eq!((outcome, output), (Err(Cause::KeyUsageExhausted), vec![]));
        assert_eq!(outbound.remaining_records(), None);
    }
}

/// A real AEAD with a limit that a test can reach.
#[derive(Debug)]
struct Limited(&'static dyn Aead, u64);

impl Aead for Limited {
    fn key_bytes(&self) -> usize {
        self.0.key_bytes()
    }

    fn confidentiality_limit(&self) -> u64 {
        self.1
    }

    fn key(&self, key: &[u8]) -> Box<dyn AeadKey> {
        self.0.key(key)
    }
}

fn limited(limit: u64) -> &'static Suite {
    Box::leak(Box::new(Suite {
        aead: Box::leak(Box::new(Limited(suite().aead, limit))),
        ..*suite()
    }))
}

#[test]
fn key_at_its_limit_still_sends_a_key_update_and_alerts_but_no_data() {
    let mut outbound = sending(limited(6), Padding::None);
    let mut output = Vec::new();
    assert_eq!(outbound.remaining_records(), Some(2));
    let three_records = outbound.application_data(&[1; 2 * MAXIMUM + 1], &mut output);
    assert_eq!((three_records, output.len()), (Err(Cause::KeyUsageExhausted), 0));
    outbound.application_data(&[1; 2 * MAXIMUM], &mut output).unwrap();
    assert_eq!(outbound.remaining_records(), Some(0));
    let one_byte = outbound.application_data(b"x", &mut output);
    assert_eq!(one_byte, Err(Cause::KeyUsageExhausted));
    outbound.handshake(b"KeyUpdate", &mut output).unwrap();
    for _ in 0..3 {
        outbound.alert(CLOSE_NOTIFY, &mut output).unwrap();
    }
    let sent = output.clone();
    assert_eq!(outbound.alert(CLOSE_NOTIFY, &mut output), Err(Cause::KeyUsageExhausted));
    assert_eq!(outbound.handshake(b"x", &mut output), Err(Cause::KeyUsageExhausted));
    assert_eq!(output, sent);
    assert_eq!(open(&mut receiving(suite()), &output).len(), 6);
    outbound.set_key(&secret("next"));
    outbound.application_data(b"x", &mut output).unwrap();
}

#[test]
fn receiver_does_not_enforce_the_limit_of_a_key() {
    let mut outbound = sending(suite(), Padding::None);
    let mut output = Vec::new();
    for _ in 0..10 {
        outbound.application_data(b"x", &mut output).unwrap();
    }
    let expected = vec![Taken::Data(b"x".to_vec()); 10];
    assert_eq!(open(&mut receiving(limited(1)), &output), expected);
}
