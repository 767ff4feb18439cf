//! Honest pairs of every kind, without a fuzzer.

use countersign_fuzz::pair;

#[test]
fn every_setup_completes_when_nobody_interferes() {
    for flow in 0..=u8::MAX {
        for offer in 0..=u8::MAX {
            // All kinds of PSK with some of the offers; one half by records, one by messages.
            let psks = offer.wrapping_mul(37).wrapping_add(flow);
            let by_records = u8::from((flow ^ offer).count_ones() % 2 == 1);
            pair::check(&[flow, offer, psks, by_records]);
        }
    }
}
