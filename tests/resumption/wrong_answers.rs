//! Servers that answer an offer of PSKs as they may not: each is told so (RFC 9846 §4.3.10,
//! §4.3.11).

use countersign::alert::Alert;
use countersign::codec::Writer;
use countersign::epoch::{Epoch, Role};
use countersign::failure::Cause::{
    self, EarlyDataNotAcceptable, ExtensionNotOffered, MessageOutOfOrder, PskModeNotOffered,
    PskNotOffered,
};
use countersign::handshake::config::KeyShares;
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::psk::{EarlyDataTerms, OfferedPsk};
use countersign::message::{
    self, EXTENSIONS, EncryptedExtensions, ExtensionSet, HEADER_BYTES, Layout, ParseContext,
    ProtocolName, ServerHello,
};
use countersign::registry::{CipherSuite, HandshakeType};
use countersign_testing::{Flight, Identity, Setup, messages};

use crate::offers::{offering, sha256, sha384, take};

fn everything_offered() -> ParseContext {
    let offered = ExtensionSet::of(EXTENSIONS.iter().map(|row| row.extension_type));
    ParseContext { offered, ..ParseContext::default() }
}

/// Replaces the body of each message of this type.
fn edit(flight: &mut Flight, of: HandshakeType, change: impl Fn(&[u8], &mut Vec<u8>)) {
    let mut bytes = Vec::new();
    for message in messages(&flight.bytes) {
        if message[0] == of.0 {
            let mut body = Vec::new();
            change(&message[HEADER_BYTES..], &mut body);
            message::encode(of, &mut bytes, |w| w.raw(&body)).expect("a short body");
        } else {
            bytes.extend_from_slice(message);
        }
    }
    flight.bytes = bytes;
}

fn server_hello(flight: &mut Flight, change: impl Fn(&mut ServerHello<'_>)) {
    edit(flight, HandshakeType::SERVER_HELLO, |body, out| {
        let mut hello = ServerHello::parse(body, &everything_offered()).expect("a ServerHello");
        change(&mut hello);
        hello.encode(&mut Writer::new(out));
    });
}

fn select(flight: &mut Flight, index: u16) {
    server_hello(flight, |hello| hello.extensions.pre_shared_key = Some(index));
}

/// Accepts early data.
fn accept(flight: &mut Flight) {
    edit(flight, HandshakeType::ENCRYPTED_EXTENSIONS, |body, out| {
        let parsed = EncryptedExtensions::parse(body, &everything_offered());
        let answers = EncryptedExtensions { early_data: true, ..parsed.expect("our own") };
        answers.encode(&mut Writer::new(out), &Layout(Vec::new()), 0);
    });
}

/// Puts a message of this type behind EncryptedExtensions.
fn insert(flight: &mut Flight, of: HandshakeType) {
    let all = messages(&flight.bytes);
    if all.first().is_some_and(|first| first[0] == HandshakeType::ENCRYPTED_EXTENSIONS.0) {
        let mut bytes = all[0].to_vec();
        message::encode(of, &mut bytes, |w| w.raw(&[0, 0, 0, 0])).expect("a short body");
        all[1..].iter().for_each(|message| bytes.extend_from_slice(message));
        flight.bytes = bytes;
    }
}

/// What a server does wrong, and how the client fails.
struct Case {
    name: &'static str,
    setup: Setup,
    answer: fn(Decision) -> Answer,
    wrong: fn(&mut Flight),
    expected: (Cause, &'static str, u8, Epoch),
}

fn first(decision: Decision) -> Answer {
    take(0, &sha256(), decision)
}

fn second(decision: Decision) -> Answer {
    take(1, &sha256(), decision)
}

fn by_certificate(decision: Decision) -> Answer {
    Identity::example().answer(decision)
}

fn http(decision: Decision) -> Answer {
    match decision {
        Decision::SelectCredential(question) => {
            let key = sha256().key().clone();
            question.psk(0, key, Some(b"http/1.1"), false).expect("it is offered")
        }
        other => by_certificate(other),
    }
}

fn two() -> Vec<OfferedPsk> {
    vec![sha256(), sha256()]
}

fn with(mut setup: Setup, change: fn(&mut Setup)) -> Setup {
    change(&mut setup);
    setup
}

fn selections() -> Vec<Case> {
    let expected = |cause, alert| (cause, "WaitServerHello", alert, Epoch::Initial);
    let case = |name, psks, wrong: fn(&mut Flight), cause, alert| Case {
        name,
        setup: offering(psks, false),
        answer: first,
        wrong,
        expected: expected(cause, alert),
    };
    vec![
        case("an index too far", two(), |f| select(f, 2), PskNotOffered, 47),
        case("the last index", two(), |f| select(f, u16::MAX), PskNotOffered, 47),
        case("another hash", vec![sha256(), sha384()], |f| select(f, 1), PskNotOffered, 47),
        case(
            "no key exchange",
            two(),
            |f| server_hello(f, |hello| hello.extensions.key_share = None),
            PskModeNotOffered,
            47,
        ),
        Case {
            name: "nothing was offered",
            setup: offering(Vec::new(), false),
            answer: by_certificate,
            wrong: |f| select(f, 0),
            expected: expected(ExtensionNotOffered, 110),
        },
    ]
}

fn acceptances() -> Vec<Case> {
    let state = "WaitEncryptedExtensions";
    let forbidden = (EarlyDataNotAcceptable, state, 47, Epoch::Handshake);
    let unasked = (ExtensionNotOffered, state, 110, Epoch::Handshake);
    let case =
        |name, setup, answer, expected| Case { name, setup, answer, wrong: accept, expected };
    let early = || offering(two(), true);
    vec![
        case("the second PSK", early(), second, forbidden),
        case("no PSK", early(), by_certificate, forbidden),
        case(
            "another suite",
            with(early(), |setup| {
                let chacha = CipherSuite::TLS_CHACHA20_POLY1305_SHA256;
                setup.server.cipher_suites = [chacha].into_iter().collect();
            }),
            first,
            forbidden,
        ),
        case(
            "another protocol",
            with(early(), |setup| {
                let terms =
                    EarlyDataTerms { max_bytes: 9, application_layer_protocol: Some(b"h2".into()) };
                let key = sha256().key().clone().with_early_data(terms);
                setup.destination.psks = vec![key.offered_as(b"h2".to_vec())];
                setup.client.application_layer_protocols =
                    [ProtocolName(b"h2"), ProtocolName(b"http/1.1")].into_iter().collect();
            }),
            http,
            forbidden,
        ),
        case("none was offered", offering(two(), false), first, unasked),
        case(
            "after a retry",
            with(early(), |setup| setup.client.key_shares = KeyShares::First(0)),
            first,
            unasked,
        ),
    ]
}

fn certificates() -> Vec<Case> {
    type Insertion = (&'static str, fn(&mut Flight));
    let insertions: [Insertion; 2] = [
        ("a certificate too", |f| insert(f, HandshakeType::CERTIFICATE)),
        ("a request for one", |f| insert(f, HandshakeType::CERTIFICATE_REQUEST)),
    ];
    let case = |(name, wrong)| Case {
        name,
        setup: offering(two(), false),
        answer: first,
        wrong,
        expected: (MessageOutOfOrder, "WaitFinished", 10, Epoch::Handshake),
    };
    insertions.map(case).into()
}

#[test]
fn client_ends_with_the_alert_of_each_wrong_answer() {
    let cases = [selections(), acceptances(), certificates()];
    for Case { name, setup, answer, wrong, expected } in cases.into_iter().flatten() {
        let mut pair = setup.pair();
        pair.run_with(
            |flight| {
                if flight.from == Role::Server {
                    wrong(flight);
                }
            },
            |_, decision| Ok(answer(decision)),
        );
        let failure = pair.client.failure().unwrap_or_else(|| panic!("{name}: {pair:?}"));
        let [(epoch, alert)] = pair.client.observed.alerts[..] else { panic!("{name}: {pair:?}") };
        assert_eq!(alert, Alert::Error(failure.alert));
        let found = (failure.cause, failure.state, alert.to_wire()[1], epoch);
        assert_eq!(found, expected, "{name}");
    }
}
