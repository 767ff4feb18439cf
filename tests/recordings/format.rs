//! The text: what is written can be read, and what cannot be read says where.

use countersign::connection::Padding;
use countersign::failure::{Disclosure, Misuse};
use countersign::handshake::config::{
    ClientAuthentication, CompatibilityMode, DistinguishedName, Item, KeyShares, Layout,
    Preference, Profile, ProtocolName, StatelessRetry, TicketRequest,
};
use countersign::recording::{Detail, Fault, Recorder};
use countersign::registry::{ExtensionType, NamedGroup};
use countersign_testing::{Identity, Setup};
use proptest::prelude::*;

use crate::scene::{COURSES, replay};

/// The two configurations with all that can be drawn from these.
fn setup(flags: u64, number: u16, bytes: &[u8]) -> Setup {
    let flag = |bit: u32| flags >> bit & 1 == 1;
    let mut setup = Setup::default();
    let Setup { client, server, destination } = &mut setup;
    let protocol = [b"p", bytes].concat();
    let _fits = flag(0) && client.application_layer_protocols.push(&ProtocolName(&protocol));
    let _fits = client.certificate_authorities.push(&DistinguishedName(&protocol));
    client.key_shares = match flags % 3 {
        0 => KeyShares::MostPreferred,
        1 => KeyShares::First(number.into()),
        _ => KeyShares::Of([NamedGroup::SECP256R1].into_iter().collect()),
    };
    client.ticket_request =
        flag(1).then_some(TicketRequest { new_session_count: 1, resumption_count: 9 });
    client.record_size_limit = flag(2).then_some(64 + number % 16_000);
    client.post_handshake_auth = flag(3);
    client.compatibility_mode = flag(4);
    client.grease = flag(5);
    client.disclosure = if flag(6) { Disclosure::Exact } else { Disclosure::Concealed };
    client.limits.certificates = number.into();
    client.client_hello_layout = Layout(vec![
        Item::Extension(ExtensionType::KEY_SHARE),
        Item::Raw(ExtensionType(0xfafa), bytes.to_vec()),
        Item::Pad(usize::from(number % 500)..512),
    ]);
    server.announce_groups = flag(7);
    server.preference = if flag(8) { Preference::ServerStrictly } else { Preference::Client };
    server.client_authentication =
        if flag(9) { ClientAuthentication::Request } else { ClientAuthentication::Require };
    server.stateless_retry = flag(10).then_some(StatelessRetry::WhenNeeded);
    server.compatibility_mode =
        if flag(11) { CompatibilityMode::Always } else { CompatibilityMode::WhenAsked };
    if flag(12) {
        destination.psks.push(Identity::key().offered_as(protocol));
        destination.early_data = flag(13);
    }
    if flag(14) {
        destination.server_name = flag(15).then(|| "2001:db8::1".try_into().unwrap());
    }
    setup
}

/// Does what the script says to an end, whatever that may be worth.
fn drive(recorder: &mut Recorder, script: &[(u8, Vec<u8>)]) -> String {
    let (mut input, mut output) = (Vec::new(), Vec::new());
    for (act, bytes) in script {
        let number = u64::try_from(bytes.len()).unwrap();
        let _misuse = match act % 14 {
            0 => recorder.close(),
            1 => recorder.cancel(),
            2 => recorder.update_keys(number % 2 == 0),
            3 => recorder.write(bytes, &mut output),
            4 => recorder.write_early_data(bytes, &mut output).map(drop),
            5 => recorder.request_certificate(number % 2 == 0).map(drop),
            6 => {
                recorder.transport_eof();
                Ok(())
            }
            7 => {
                recorder.note_time(number);
                output.clear();
                Ok(())
            }
            8 => recorder.write_each(bytes.chunks(3), &mut output),
            _ => {
                input.extend_from_slice(bytes);
                let polled = recorder.poll(&mut input, &mut output);
                let consumed = polled.consumed;
                drop(polled);
                input.drain(..consumed);
                Ok(())
            }
        };
    }
    recorder.take_text()
}

fn script() -> impl Strategy<Value = Vec<(u8, Vec<u8>)>> {
    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..40),
        Just(vec![21, 3, 3, 0, 2, 2, 40]),
        Just(vec![20, 3, 3, 0, 1, 1]),
    ];
    prop::collection::vec((any::<u8>(), bytes), 0..12)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn what_is_written_can_be_read_and_run(
        flags: u64,
        number: u16,
        bytes in prop::collection::vec(any::<u8>(), 0..20),
        script in script(),
        multiple: u16,
    ) {
        let Setup { client, server, destination } = setup(flags, number, &bytes);
        let padding = multiple.try_into().map_or(Padding::None, Padding::ToMultipleOf);
        let client = Recorder::client(&client, destination, padding, Detail::Full);
        let server = Recorder::server(&server, padding, Detail::Full);
        for mut recorder in [client.unwrap(), server.unwrap()] {
            let text = drive(&mut recorder, &script);
            prop_assert_eq!(replay(&text), Ok(text.lines().count()));
        }
    }

    #[test]
    fn any_change_to_a_text_is_read_or_refused_and_never_panics(
        at: prop::sample::Index,
        other in "[ -~]{0,12}",
        cut: prop::sample::Index,
    ) {
        let text = &TEXT;
        let (at, cut) = (at.index(text.len()), cut.index(40));
        let end = (at + cut).min(text.len());
        let changed = [&text[..at], &other, &text[end..]].concat();
        let _outcome = replay(&changed);
    }
}

static TEXT: std::sync::LazyLock<String> = std::sync::LazyLock::new(|| {
    let (_, course) = COURSES[1];
    course(Detail::Full).server.text
});

#[test]
fn what_cannot_be_read_says_in_which_line() {
    let head = "countersign-recording 1 full server\n";
    for (text, line) in [
        ("", 1),
        ("countersign-recording 2 full server", 1),
        ("countersign-recording 1 full nobody", 1),
        (head, 2),
        (&format!("{head}configuration cipher_suites 13zz"), 2),
        (&format!("{head}configuration cipher_suites 1301\nconfiguration groups"), 3),
    ] {
        assert_eq!(replay(text).err(), Some(Fault::Unreadable { line }), "{text}");
    }
    let behind = TEXT.lines().count() + 1;
    for nonsense in
        ["dance", "poll", "poll empty 1", "poll empty é", "answer 99 Signed 00", "close now"]
    {
        let text = format!("{}{nonsense}", *TEXT);
        let fault = replay(&text).err();
        // What is left over at the end of a line shows in the line that should have been.
        let different = matches!(&fault, Some(Fault::Different(it)) if it.line == behind);
        assert!(different || fault == Some(Fault::Unreadable { line: behind }), "{fault:?}");
    }
}

#[test]
fn a_text_that_nobody_takes_is_cut_and_runs_as_far_as_it_goes() {
    let mut recorder = Recorder::server(&Setup::default().server, Padding::None, Detail::Full);
    let recorder = recorder.as_mut().unwrap();
    recorder.note_time(1);
    let _failed = recorder.poll(&mut vec![0xff; 9_000_000], &mut Vec::new());
    recorder.note_time(2);
    let text = recorder.take_text();
    let (lines, cut) = text.trim_end().rsplit_once('\n').unwrap();
    assert!(lines.ends_with("\ntime 1") && cut == "cut", "{cut}");
    assert_eq!(replay(&text), Ok(lines.lines().count()));
    recorder.note_time(3);
    assert_eq!(recorder.take_text(), "", "what follows could not be run");
}

#[test]
fn quic_has_no_stream_to_record() {
    let mut setup = Setup::default();
    setup.server.profile = Profile::Quic(Vec::new());
    let recorder = Recorder::server(&setup.server, Padding::None, Detail::Redacted);
    assert_eq!(recorder.err(), Some(Misuse::NotInThisProfile));
}
