//! countersign and rustls without a fuzzer.

use countersign::failure::Cause;
use countersign_fuzz::differential::{accepted, check, row};
use countersign_fuzz::seeds;

#[test]
fn both_come_to_the_same_when_nobody_interferes() {
    for flow in 0..128 {
        for peer in 0..=u8::MAX {
            let script = [flow, peer, flow.wrapping_mul(31) ^ peer];
            check(&script);
            assert_eq!(row(&script), None, "an honest peer, and a difference: {script:?}");
        }
    }
}

#[test]
fn every_accepted_difference_names_causes_and_says_why() {
    let causes: Vec<String> = Cause::ALL.iter().map(|cause| format!("{cause:?}")).collect();
    for row in accepted() {
        let known = |word: &&&str| {
            matches!(**word, "goes on" | "Told")
                || word.starts_with("says ")
                || causes.iter().any(|cause| cause == **word)
        };
        assert_eq!(row.ours.iter().filter(known).count(), row.ours.len(), "{row:?}");
        assert!(!row.ours.is_empty() && !row.theirs.is_empty(), "{row:?}");
        assert!(!row.section.is_empty(), "{row:?}");
        assert!(!row.reason.is_empty(), "{row:?}");
    }
}

#[test]
fn all_that_an_accepted_difference_covers_is_met_by_seeds() {
    let seeds = seeds::all().into_iter().filter(|(target, ..)| *target == "differential");
    let met: Vec<_> = seeds.filter_map(|(_, _, script)| row(&script)).collect();
    let mut unmet = Vec::new();
    for (number, difference) in accepted().enumerate() {
        let met = || met.iter().filter(|(row, ..)| *row == number);
        let ours =
            difference.ours.iter().filter(|wanted| !met().any(|(_, ours, _)| ours == *wanted));
        let theirs = difference.theirs.iter();
        let theirs = theirs.filter(|wanted| !met().any(|(.., theirs)| theirs.starts_with(*wanted)));
        unmet.extend(ours.chain(theirs).map(|wanted| (number, *wanted, difference.reason)));
    }
    assert!(unmet.is_empty(), "{unmet:#?}");
}
