//! What is looked for, when.

use std::hint::black_box;

use countersign::crypto::{Group, Secret, ring};
use countersign::handshake::event::Ticket;
use zeroize::Zeroize;

use crate::ends::{ENDS, connected, talk};
use crate::memory::{PIECE_BYTES, Piece, address, bytes_of, find, mask, masked};
use crate::watched::{SUITES, forget, left};

/// That nothing is found that should not be there, and that what is there is found.
pub(crate) fn search() {
    a_copy_that_nobody_wiped_is_found();
    a_connection_keeps_only_what_it_needs();
    a_private_key_goes_with_its_use();
    a_ticket_that_was_written_down_leaves_no_copy();
    for suite in &SUITES {
        forget();
        for (name, end) in ENDS {
            let remains = end(suite);
            assert_eq!(left(), [""; 0], "{name}, with {:?}", suite.id);
            drop(remains);
        }
        assert_eq!(left(), [""; 0], "all dropped, with {:?}", suite.id);
    }
}

/// What the other searches are worth: a secret is found while it is kept, and not found when it was
/// wiped; a copy is found as long as nobody wipes it, and even when its memory was freed.
fn a_copy_that_nobody_wiped_is_found() {
    let count = |pieces: &[Piece]| find(pieces).len();
    let secret = Secret::filled(48, |out| {
        out.iter_mut().zip(1_u8..).for_each(|(byte, number)| *byte = number.wrapping_mul(151));
    });
    let pieces = masked(secret.as_bytes());
    assert_eq!(count(&pieces), 3);
    let copy = secret.as_bytes().to_vec();
    drop(secret);
    assert_eq!(count(&pieces), 3);
    drop(black_box(copy));
    assert_eq!(count(&pieces), 3);
}

fn a_connection_keeps_only_what_it_needs() {
    for suite in &SUITES {
        forget();
        let mut wire = connected(suite);
        let needed = ["c ap traffic", "exp master", "key", "res master", "s ap traffic"];
        assert_eq!(left(), needed, "{:?}", suite.id);
        wire.client.connection.park();
        wire.server.connection.park();
        let needed = ["c ap traffic", "exp master", "res master", "s ap traffic"];
        assert_eq!(left(), needed, "{:?}, parked", suite.id);
        for _ in 0..2 {
            wire.client.connection.update_keys(true).expect("a connection");
            talk(&mut wire);
            // The server answers before what it says next.
            talk(&mut wire);
        }
        assert_eq!(left(), ["exp master", "key", "res master", "traffic upd"], "{:?}", suite.id);
        wire.client.connection.park();
        wire.server.connection.park();
        assert_eq!(left(), ["exp master", "res master", "traffic upd"], "{:?}, parked", suite.id);
    }
}

/// Nobody is told a private key: it is what is random in the object that holds it, outside of the
/// share and what fills that up.
fn a_private_key_goes_with_its_use() {
    for group in [&ring::X25519, &ring::SECP256R1, &ring::SECP384R1] {
        let random = ring::provider().random;
        for is_used in [true, false] {
            let exchange = group.start(&*random).expect("a key pair");
            let object = bytes_of(address(&*exchange), size_of_val(&*exchange));
            let private_key = random_pieces(&object, exchange.share());
            assert!(!private_key.is_empty() && find(&private_key).len() >= private_key.len());
            if is_used {
                let (peer, _) = group.respond(&*random, exchange.share()).expect("a share");
                assert!(exchange.finish(&peer).is_ok());
            } else {
                drop(exchange);
            }
            assert_eq!(find(&private_key).len(), 0, "{group:?}, used: {is_used}");
        }
    }
}

fn a_ticket_that_was_written_down_leaves_no_copy() {
    let psk = Secret::filled(32, |out| {
        out.iter_mut().zip(1_u8..).for_each(|(byte, number)| *byte = number.wrapping_mul(37));
    });
    let pieces = masked(psk.as_bytes());
    let ticket = Ticket {
        ticket: vec![b't'; 5_000],
        psk,
        suite: &ring::TLS_AES_128_GCM_SHA256,
        lifetime_seconds: 60,
        age_add: 0,
        max_early_data_bytes: None,
        application_layer_protocol: None,
        resumption_across_names: false,
    };
    let mut bytes = ticket.to_bytes().expect("a short ticket");
    drop(ticket);
    assert_eq!(find(&pieces).len(), pieces.len(), "in the bytes and nowhere else");
    bytes.zeroize();
    assert_eq!(find(&pieces).len(), 0);
}

fn random_pieces(object: &[u8], share: &[u8]) -> Vec<Piece> {
    let zero = mask(0);
    let share: Vec<u8> = share.iter().copied().map(mask).collect();
    let (outside, rest) = match object.windows(share.len()).position(|window| *window == share) {
        Some(start) => (&object[..start], &object[start + share.len() + size_of::<usize>()..]),
        None => (object, &[][..]),
    };
    let pieces = outside.windows(PIECE_BYTES).chain(rest.windows(PIECE_BYTES));
    pieces
        .filter_map(|piece| piece.try_into().ok())
        .filter(|piece: &Piece| {
            let distinct = (0..=u8::MAX).filter(|byte| piece.contains(byte)).count();
            distinct > PIECE_BYTES / 2 && !piece.contains(&zero)
        })
        .collect()
}
