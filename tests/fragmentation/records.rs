//! Plaintext handshake messages over many records (RFC 9846 §5.1).

use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::handshake;
use countersign_testing::{Setup, Wire};
use proptest::prelude::*;

use crate::{Cuts, cuts};

const HANDSHAKE: u8 = 22;

/// Cuts the first record, if it is a plaintext one with messages, into many.
fn refragment(bytes: &mut Vec<u8>, cuts: &Cuts) {
    let [HANDSHAKE, major, minor, high, low, ..] = bytes[..] else { return };
    let end = 5 + usize::from(u16::from_be_bytes([high, low]));
    let fragments: Vec<u8> = cuts
        .pieces(&bytes[5..end])
        .flat_map(|piece| {
            let [high, low] = u16::try_from(piece.len()).expect("no longer").to_be_bytes();
            [&[HANDSHAKE, major, minor, high, low], piece].concat()
        })
        .collect();
    bytes.splice(..end, fragments);
}

fn connect(cuts: &Cuts) -> Wire {
    let mut wire = Wire::new(Setup::longest());
    wire.run(|_, bytes| refragment(bytes, cuts));
    wire
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 32, ..ProptestConfig::default() })]

    #[test]
    fn hellos_may_be_spread_over_any_records(cuts in cuts()) {
        let wire = connect(&cuts);
        prop_assert!(wire.client.connection.handshake().is_complete());
        prop_assert!(wire.server.connection.handshake().is_complete());
    }
}

#[test]
fn hellos_may_come_one_byte_a_record() {
    let wire = connect(&Cuts(vec![1]));
    assert!(wire.server.connection.handshake().is_complete());
}

/// What a server makes of a hello that is cut into two records with `between` between them.
fn interrupted(between: &[u8]) -> Option<handshake::End> {
    let mut wire = Wire::new(Setup::default());
    wire.run(|role, bytes| {
        if role == Role::Client && bytes[0] == HANDSHAKE {
            refragment(bytes, &Cuts(vec![50, usize::MAX]));
            bytes.splice(55..55, between.iter().copied());
        }
    });
    wire.server.end
}

#[test]
fn nothing_may_come_between_the_fragments_of_a_hello() {
    let rows: [(&[u8], Cause); 5] = [
        (&[20, 3, 3, 0, 1, 1], Cause::UnexpectedChangeCipherSpec),
        (&[21, 3, 3, 0, 2, 1, 90], Cause::MessageInterleaved),
        (&[21, 3, 3, 0, 2, 1, 0], Cause::MessageInterleaved),
        (&[23, 3, 3, 0, 1, 1], Cause::MessageInterleaved),
        (&[22, 3, 3, 0, 0], Cause::EmptyFragment),
    ];
    for (between, cause) in rows {
        let Some(handshake::End::Failed(failure)) = interrupted(between) else {
            panic!("{between:?} is taken")
        };
        assert_eq!((failure.cause, failure.state), (cause, "WaitClientHello"), "{between:?}");
    }
}

#[test]
fn an_error_alert_between_the_fragments_ends_the_handshake() {
    let end = interrupted(&[21, 3, 3, 0, 2, 2, 80]);
    assert!(matches!(end, Some(handshake::End::Refused(_))), "{end:?}");
}
