//! A full recording runs again as it ran, and a changed one is found out where it was changed.

use countersign::recording::{Detail, Fault};

use crate::scene::{COURSES, Scene, replay};

fn course(name: &str) -> Scene {
    let (_, course) = COURSES.iter().find(|(other, _)| *other == name).unwrap();
    course(Detail::Full)
}

#[test]
fn every_course_runs_again_line_by_line_at_both_ends() {
    for (name, course) in COURSES {
        let Scene { client, server } = course(Detail::Full);
        for text in [&client.text, &server.text] {
            assert_eq!(replay(text), Ok(text.lines().count()), "{name}");
        }
    }
}

/// The text with another line in place of the first that `is_it`, and the number of that line.
fn changed(
    text: &str,
    is_it: impl Fn(&str) -> bool,
    change: impl Fn(&str) -> String,
) -> (usize, String) {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    let position = lines.iter().position(|line| is_it(line)).expect("such a line");
    lines[position] = change(&lines[position]);
    (position + 1, lines.join("\n"))
}

/// The line with another last digit.
fn with_another_last_digit(line: &str) -> String {
    let (front, last) = line.split_at(line.len() - 1);
    format!("{front}{}", if last == "0" { '1' } else { '0' })
}

fn difference(text: &str) -> (usize, String, String) {
    match replay(text) {
        Err(Fault::Different(difference)) => {
            (difference.line, difference.recorded, difference.replayed)
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_changed_byte_on_the_wire_differs_in_what_comes_of_it() {
    let text = course("full handshake").client.text;
    let has_flight = |line: &str| line.starts_with("poll empty ") && line.len() > 100;
    let (line, text) = changed(&text, has_flight, with_another_last_digit);
    let (found, recorded, replayed) = difference(&text);
    assert!(found > line && recorded != replayed, "{found} {line}");
    assert!(replayed.starts_with("output "), "the alert: {replayed}");
    let until_then: Vec<&str> = text.lines().take(line - 1).collect();
    assert_eq!(replay(&until_then.join("\n")), Ok(line - 1), "it is the same until then");
}

#[test]
fn a_changed_answer_differs_in_the_next_line() {
    let text = course("full handshake").client.text;
    let is_verdict = |line: &str| line.ends_with("CertificateAccepted");
    let refuse = |line: &str| line.replace("CertificateAccepted", "Refused CertificateExpired");
    let (line, text) = changed(&text, is_verdict, refuse);
    let (found, recorded, replayed) = difference(&text);
    // The answer itself shows nothing; in place of Finished there is an alert.
    let next_output = text.lines().skip(line).position(|line| line.starts_with("output")).unwrap();
    assert_eq!(found, line + next_output + 1);
    assert!(recorded.starts_with("output ") && replayed.len() < recorded.len(), "{replayed}");
}

#[test]
fn a_changed_signature_is_refused_by_nobody_but_changes_the_flight() {
    let text = course("full handshake").server.text;
    let is_signature = |line: &str| line.contains(" Signed ");
    let (line, text) = changed(&text, is_signature, with_another_last_digit);
    let (found, recorded, replayed) = difference(&text);
    assert!(found > line && recorded.starts_with("output ") && replayed.starts_with("output "));
}

#[test]
fn a_changed_draw_differs_in_the_first_output() {
    let text = course("full handshake").client.text;
    let is_draw = |line: &str| line.starts_with("draw ClientRandom");
    let (_, text) = changed(&text, is_draw, with_another_last_digit);
    let (found, recorded, replayed) = difference(&text);
    let first_output = text.lines().position(|line| line.starts_with("output")).unwrap() + 1;
    assert_eq!(found, first_output);
    assert!(recorded != replayed && replayed.starts_with("output "));
}

#[test]
fn a_changed_agreement_differs_when_the_server_is_heard() {
    let text = course("full handshake").client.text;
    let is_secret = |line: &str| line.starts_with("agree ");
    let (line, text) = changed(&text, is_secret, with_another_last_digit);
    let (found, recorded, replayed) = difference(&text);
    assert!(found > line && recorded.starts_with("step "), "{recorded}");
    assert!(replayed.starts_with("output "), "bad_record_mac: {replayed}");
}

#[test]
fn a_draw_that_is_missing_differs_in_its_place() {
    let text = course("full handshake").client.text;
    let is_draw = |line: &str| line.starts_with("draw ClientRandom");
    let (line, _) = changed(&text, is_draw, |line| line.to_owned());
    let without: Vec<&str> = text.lines().filter(|line| !is_draw(line)).collect();
    let (found, _, replayed) = difference(&without.join("\n"));
    assert_eq!((found, replayed.as_str()), (line, "draw ClientRandom 32"));
}

#[test]
fn a_line_that_nothing_leads_to_differs() {
    let text = course("full handshake").client.text;
    let is_start = |line: &str| line.starts_with("time 1");
    let (line, text) = changed(&text, is_start, |line| format!("misuse Ended\n{line}"));
    let (found, recorded, replayed) = difference(&text);
    assert_eq!(
        (found, recorded.as_str(), replayed.as_str()),
        (line, "misuse Ended", "nothing more")
    );
}

#[test]
fn a_recording_that_breaks_off_runs_as_far_as_it_goes() {
    let text = course("mutual authentication").server.text;
    let mut orders = text.lines().enumerate().filter(|(_, line)| line.starts_with("poll"));
    let (half, _) = orders.nth(5).unwrap();
    let lines: Vec<&str> = text.lines().take(half).collect();
    assert_eq!(replay(&lines.join("\n")), Ok(half));
    assert_eq!(replay(&[&lines[..], &["cut"]].concat().join("\n")), Ok(half));
}
