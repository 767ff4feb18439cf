//! A redacted recording shows the course, and nothing that is anybody's business.

use countersign::connection::Padding;
use countersign::handshake::config::{DistinguishedName, ProtocolName};
use countersign::handshake::decision::HelloRefusal;
use countersign::handshake::{Decision, Fact};
use countersign::recording::{Detail, Fault, Recorder};
use countersign_testing::{Identity, Setup};

use crate::scene::{COURSES, EARLY, REQUEST, RESPONSE, Scene, replay};

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Whether `text` has eight bytes in a row of `private`, as they are or in digits, or all of it.
fn tells(text: &str, private: &[u8]) -> bool {
    private.windows(private.len().min(8)).any(|part| {
        let as_is = text.as_bytes().windows(part.len()).any(|window| window == part);
        as_is || text.contains(&hex(part))
    })
}

/// Every string of bytes in a full recording, from four bytes on, but for what is configured.
fn bytes_of(full: &str) -> Vec<Vec<u8>> {
    let lines = full.lines().filter(|line| !line.starts_with("configuration"));
    let words = lines.flat_map(|line| line.split(' ').skip(1));
    let digits = |word: &&str| {
        word.len() >= 16
            && word.len().is_multiple_of(2)
            && word.chars().all(|c| c.is_ascii_hexdigit())
    };
    let read = |word: &str| {
        (0..word.len())
            .step_by(2)
            .map(|at| u8::from_str_radix(&word[at..at + 2], 16).unwrap())
            .collect()
    };
    words.filter(digits).map(read).collect()
}

#[test]
fn no_course_tells_a_byte_of_data_keys_names_or_certificates() {
    let certificate = Identity::example().chain.entries[0].certificate.to_vec();
    let key = Identity::example().raw_public_key().to_vec();
    let known: [&[u8]; 9] = [
        REQUEST,
        RESPONSE,
        EARLY,
        b"example.com",
        Identity::KEY_NAME,
        &[0x6b; 32],
        b"a ticket",
        &certificate,
        &key,
    ];
    for (name, course) in COURSES {
        let Scene { client, server } = course(Detail::Redacted);
        for text in [&client.text, &server.text] {
            for private in known {
                assert!(
                    !tells(text, private),
                    "{name} tells {:?}",
                    private.escape_ascii().to_string()
                );
            }
            let longest = bytes_of(text).into_iter().map(|bytes| bytes.len()).max();
            assert_eq!(longest, None, "{name} has bytes");
        }
        let secrets = [&client.secrets[..], &server.secrets].concat();
        assert!(!secrets.is_empty(), "{name} has no keys");
        for secret in &secrets {
            assert!(!tells(&client.text, secret) && !tells(&server.text, secret), "{name}");
        }
    }
}

#[test]
fn what_is_looked_for_is_in_the_full_recording() {
    let (_, course) = COURSES[0];
    let Scene { client, server } = course(Detail::Full);
    for private in [REQUEST, RESPONSE, b"example.com"] {
        assert!(tells(&client.text, private), "{:?}", private.escape_ascii().to_string());
    }
    let certificate = &Identity::example().chain.entries[0].certificate;
    assert!(tells(&server.text, certificate) && !bytes_of(&server.text).is_empty());
}

#[test]
fn configured_names_are_counted_and_not_told() {
    let mut setup = Setup::default();
    let protocol = ProtocolName(b"x-9f3a/confidential");
    setup.client.application_layer_protocols = [protocol].into_iter().collect();
    let authority = DistinguishedName(b"CN=Zwxq Jkvy");
    setup.client.certificate_authorities = [authority].into_iter().collect();
    let (config, destination) = (&setup.client, setup.destination);
    let recorder = Recorder::client(config, destination, Padding::None, Detail::Redacted);
    let text = recorder.unwrap().take_text();
    assert!(!tells(&text, b"x-9f3a/confidential") && !tells(&text, b"CN=Zwxq Jkvy"));
    assert!(text.contains("configuration application_layer_protocols (20)\n"), "{text}");
    assert!(text.contains("configuration certificate_authorities (14)\n"), "{text}");
    assert!(text.contains("destination (11) false 0\n"), "{text}");
}

#[test]
fn a_refusal_is_shown_with_its_course_and_meaning() {
    let mut scene = Scene::new(&Setup::default(), Detail::Redacted);
    scene.run(&mut |_, question| match question {
        Decision::SelectCredential(question) => question.refuse(HelloRefusal::NameNotServed),
        other => Identity::example().answer(other),
    });
    for expected in [
        "countersign-recording 1 redacted client",
        "record sent HANDSHAKE ",
        "Learned Moved WaitServerHello",
        "record received ALERT 2",
        "Ended Refused unrecognized_name(112) of level 2 in WaitServerHello",
    ] {
        // The client has not moved on from where it waits.
        let is_there = scene.client.text.contains(expected);
        assert_eq!(is_there, !expected.contains("Moved"), "{expected}\n{}", scene.client.text);
    }
    for expected in ["Decide SelectCredential (", "answer 0 Refused NameNotServed", "Ended Failed"]
    {
        assert!(scene.server.text.contains(expected), "{expected}\n{}", scene.server.text);
    }
    assert!(!scene.server.knows(|fact| matches!(fact, Fact::Complete)));
}

#[test]
fn a_redacted_recording_cannot_be_run() {
    let (_, course) = COURSES[0];
    assert_eq!(replay(&course(Detail::Redacted).client.text), Err(Fault::Redacted));
}

#[test]
fn a_connection_that_is_not_recorded_writes_nothing() {
    let (handshake, _) = Setup::default().handshakes();
    let mut recorder = Recorder::from(countersign::connection::Connection::new(handshake));
    let _step = recorder.poll(&mut [], &mut Vec::new());
    recorder.note_time(1);
    assert_eq!(recorder.take_text(), "");
}
