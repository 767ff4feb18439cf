//! The configuration of the runner, compared with the causes that there are.

use countersign::failure::Cause;

const CONFIG: &str = include_str!("../config.json");

/// What the shim says of a failure that is not one of countersign's causes.
const OTHERS: [&str; 4] = ["Configuration", "NotConnected", "TimestampsMalformed", "Truncated"];

/// The strings in one object of the configuration, line by line: its keys, and its values.
fn rows(object: &str) -> Vec<(&'static str, Vec<&'static str>)> {
    let start = CONFIG.find(&format!("\"{object}\": {{")).expect("it is there");
    let lines = CONFIG[start..].lines().skip(1).take_while(|line| line.trim() != "},");
    let rows = lines.map(|line| {
        let mut strings = line.split('"').skip(1).step_by(2);
        (strings.next().expect("a key"), strings.collect())
    });
    rows.collect()
}

#[test]
fn every_error_stands_for_causes_that_exist() {
    let causes: Vec<String> = Cause::ALL.iter().map(|cause| format!("{cause:?}")).collect();
    let rows = rows("ErrorMap");
    assert!(!rows.is_empty());
    for (error, ours) in rows {
        assert!(!ours.is_empty(), "{error}");
        for name in ours {
            let name = name.trim_matches(':');
            let is_known = causes.iter().any(|cause| cause == name)
                || OTHERS.contains(&name)
                || (name.starts_with("Refused(") && name.ends_with("))"));
            assert!(is_known, "{error}: {name}");
        }
    }
}

#[test]
fn every_test_is_left_out_once_and_for_a_reason() {
    let rows = rows("DisabledTests");
    assert!(!rows.is_empty());
    for (place, (glob, reason)) in rows.iter().enumerate() {
        assert!(matches!(reason.as_slice(), [reason] if !reason.is_empty()), "{glob}");
        assert!(!rows[..place].iter().any(|(earlier, _)| earlier == glob), "{glob} twice");
    }
}
