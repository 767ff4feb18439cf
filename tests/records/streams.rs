//! However the bytes arrive, the records are the same.

use countersign::alert::{Alert, ClosureAlert};
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::limits::Limits;
use countersign::record::{Inbound, Outbound, Padding};
use proptest::prelude::*;

use crate::{Taken, secret, taken};

/// One thing that a sender does.
#[derive(Clone, Debug)]
enum Act {
    Handshake(usize),
    Data(usize),
    Alert,
    ChangeCipherSpec,
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let act = prop_oneof![
        (1..600_usize).prop_map(Act::Handshake),
        (1..600_usize).prop_map(Act::Data),
        Just(Act::Alert),
        Just(Act::ChangeCipherSpec),
    ];
    proptest::collection::vec(act, 0..12)
}

/// Mostly what headers are made of, so that many streams get beyond their first record.
fn byte_of_a_stream() -> impl Strategy<Value = u8> {
    prop_oneof![3 => Just(0), 2 => 19..25_u8, 1 => any::<u8>()]
}

fn sent(acts: &[Act], fragment: usize) -> (Vec<u8>, Vec<Taken>) {
    let mut outbound = Outbound::new(Role::Server, Padding::None);
    outbound.set_key(&secret("peer"));
    outbound.limit_fragments(fragment);
    let (mut stream, mut expected) = (Vec::new(), Vec::new());
    let pieces = |size: usize, taken: fn(Vec<u8>) -> Taken| {
        vec![5; size].chunks(fragment).map(|piece| taken(piece.to_vec())).collect::<Vec<_>>()
    };
    for act in acts {
        match act {
            Act::Handshake(size) => {
                outbound.handshake(&vec![5; *size], &mut stream).unwrap();
                expected.extend(pieces(*size, Taken::Handshake));
            }
            Act::Data(size) => {
                outbound.application_data(&vec![5; *size], &mut stream).unwrap();
                expected.extend(pieces(*size, Taken::Data));
            }
            Act::Alert => {
                outbound.alert(Alert::Closure(ClosureAlert::UserCanceled), &mut stream).unwrap();
                expected.push(Taken::Alert(1, 90, true));
            }
            Act::ChangeCipherSpec => {
                outbound.change_cipher_spec(&mut stream);
                expected.push(Taken::Dropped);
            }
        }
    }
    (stream, expected)
}

/// A receiver in one of the situations there are: with a key or without, skipping or not.
fn receiver(has_key: bool, skips: bool) -> Inbound {
    let mut inbound = Inbound::new(Role::Server, Limits::default());
    inbound.open_change_cipher_spec_window();
    if skips {
        inbound.skip_early_data();
    }
    if has_key {
        inbound.set_key(&secret("peer"));
    }
    inbound
}

/// What comes of a stream that arrives in pieces of these sizes, and then the rest.
fn received(
    mut inbound: Inbound,
    stream: &[u8],
    sizes: &[usize],
) -> (Vec<Taken>, Result<usize, Cause>) {
    let mut contents = Vec::new();
    let mut buffer = Vec::new();
    let mut rest = stream;
    for size in sizes.iter().copied().chain([usize::MAX]) {
        let (piece, later) = rest.split_at(size.min(rest.len()));
        buffer.extend_from_slice(piece);
        rest = later;
        loop {
            let consumed = match inbound.next(&mut buffer, false) {
                Ok(Some(record)) => {
                    contents.push(taken(record.content));
                    record.consumed
                }
                Ok(None) => break,
                Err(cause) => return (contents, Err(cause)),
            };
            buffer.drain(..consumed);
        }
    }
    (contents, Ok(buffer.len()))
}

proptest! {
    #[test]
    fn chunking_does_not_change_what_is_received(
        acts in acts(),
        fragment in 2..300_usize,
        sizes in proptest::collection::vec(0..400_usize, 0..30),
    ) {
        let (stream, expected) = sent(&acts, fragment);
        let outcome = received(receiver(true, false), &stream, &sizes);
        prop_assert_eq!(outcome, (expected, Ok(0)));
    }

    #[test]
    fn chunking_does_not_change_which_fault_is_found(
        acts in acts(),
        changes in proptest::collection::vec((any::<proptest::sample::Index>(), any::<u8>()), 0..4),
        tail in proptest::collection::vec(any::<u8>(), 0..40),
        sizes in proptest::collection::vec(0..60_usize, 0..60),
        has_key: bool,
        skips: bool,
    ) {
        let (mut stream, _) = sent(&acts, 100);
        stream.extend(tail);
        for (index, value) in changes {
            if !stream.is_empty() {
                let at = index.index(stream.len());
                stream[at] = value;
            }
        }
        let whole = received(receiver(has_key, skips), &stream, &[]);
        let chunked = received(receiver(has_key, skips), &stream, &sizes);
        prop_assert_eq!(whole, chunked);
    }

    #[test]
    fn any_bytes_are_received_without_a_panic(
        stream in proptest::collection::vec(byte_of_a_stream(), 0..300),
        partial: bool,
        has_key: bool,
        skips: bool,
    ) {
        let mut stream = stream;
        let mut inbound = receiver(has_key, skips);
        let mut input = &mut stream[..];
        while let Ok(Some(record)) = inbound.next(input, partial) {
            let consumed = record.consumed;
            prop_assert!((5..=input.len()).contains(&consumed));
            input = &mut input[consumed..];
        }
    }
}

#[test]
fn stream_split_at_any_byte_gives_the_same_records() {
    let (stream, expected) = sent(&[Act::Handshake(9), Act::ChangeCipherSpec, Act::Data(9)], 100);
    for first in 0..=stream.len() {
        let outcome = received(receiver(true, false), &stream, &[first]);
        assert_eq!(outcome, (expected.clone(), Ok(0)), "split at {first}");
    }
}
