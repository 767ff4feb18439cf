//! The register of early data, held against a memory without bounds.

use countersign::policy::ReplayRegister;
use proptest::collection::vec;
use proptest::prelude::{prop_assert, proptest};

use crate::site::at;

const TOLERANCE: u32 = 5;
const WINDOW: u64 = 10;

fn tag(number: u8) -> [u8; 48] {
    [number; 48]
}

proptest! {
    /// Clocks go on, jump, and are set back.
    #[test]
    fn register_never_admits_a_tag_twice_within_the_window(
        steps in vec((0_u64..60, 0_u8..6), 1..200),
        capacity in 0_usize..8,
    ) {
        let mut register = ReplayRegister::new(at(20), capacity).with_tolerance(TOLERANCE);
        let mut admitted: Vec<(u64, u8)> = Vec::new();
        for (now, number) in steps {
            let seen = admitted.iter().any(|&(then, other)| {
                other == number && now.abs_diff(then) <= WINDOW
            });
            let is_admitted = register.admit(&tag(number), at(now));
            prop_assert!(!(seen && is_admitted), "{number} again at {now}");
            prop_assert!(!is_admitted || now > 20 + WINDOW, "what was before is not known");
            if is_admitted {
                admitted.push((now, number));
            }
        }
    }

    #[test]
    fn register_with_room_admits_all_that_is_new_while_the_clock_goes_on(
        steps in vec((0_u64..8, 0_u8..30), 1..200),
    ) {
        let mut register = ReplayRegister::new(at(0), 1_000).with_tolerance(TOLERANCE);
        let mut now = WINDOW + 1;
        let mut admitted: Vec<(u64, u8)> = Vec::new();
        for (step, number) in steps {
            now += step;
            // It may remember longer than it must, but not much more than twice as long.
            let seen = admitted.iter().any(|&(then, other)| {
                other == number && now - then <= 2 * WINDOW + 8
            });
            let is_admitted = register.admit(&tag(number), at(now));
            prop_assert!(is_admitted || seen, "{number} at {now}");
            if is_admitted {
                admitted.push((now, number));
            }
        }
    }
}

#[test]
fn register_that_is_full_refuses_and_does_not_forget() {
    let mut register = ReplayRegister::new(at(0), 3).with_tolerance(TOLERANCE);
    let now = at(100);
    let first: Vec<bool> = (0..5).map(|number| register.admit(&tag(number), now)).collect();
    assert_eq!(first, [true, true, true, false, false]);
    let again: Vec<bool> = (0..3).map(|number| register.admit(&tag(number), now)).collect();
    assert_eq!(again, [false; 3]);
    assert!(!register.admit(&tag(0), at(100 + WINDOW)));
    assert!(register.admit(&tag(3), at(100 + WINDOW + 1)), "there is room again");
    assert!(register.admit(&tag(0), at(100 + 2 * WINDOW + 2)), "and a time to forget");
}

#[test]
fn register_tells_tags_apart_by_their_first_32_bytes_and_takes_none_that_is_shorter() {
    let mut register = ReplayRegister::new(at(0), 10);
    let now = at(1_000);
    assert!(register.admit(&[1; 32], now));
    assert!(!register.admit(&[1; 48], now));
    assert!(register.admit(&[&[1; 31][..], &[2]].concat(), now));
    assert!(!register.admit(&[3; 31], now));
    assert!(!register.admit(&[], now));
}

#[test]
fn register_admits_nothing_while_the_clock_is_set_back_to_what_it_does_not_remember() {
    let mut register = ReplayRegister::new(at(20), 10).with_tolerance(TOLERANCE);
    assert!(register.admit(&tag(0), at(31)));
    assert!(!register.admit(&tag(1), at(30)), "it knows nothing of 20");
    let mut register = ReplayRegister::new(at(0), 10).with_tolerance(TOLERANCE);
    assert!(register.admit(&tag(0), at(100)));
    assert!(register.admit(&tag(1), at(200)));
    assert!(register.admit(&tag(2), at(300)));
    for now in [100, 150, 209] {
        assert!(!register.admit(&tag(0), at(now)), "{now}");
    }
}
