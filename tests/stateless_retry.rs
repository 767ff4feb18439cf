//! A server that sends a HelloRetryRequest and forgets it, and another that goes on (RFC 9846
//! §4.2.4, §4.3.2): what it must still notice, it notices from the cookie.

use std::collections::BTreeSet;
use std::time::Duration;

use countersign::connection::Connection;
use countersign::crypto::ring;
use countersign::epoch::Role;
use countersign::failure::{Cause, Failure, Misuse};
use countersign::handshake::config::{ClientAuthentication, KeyShares, StatelessRetry};
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::{End, Fact, Handshake};
use countersign::limits::Limits;
use countersign::message::{ClientHello, HEADER_BYTES, Item};
use countersign::policy::CookieSealer;
use countersign::registry::{CipherSuite, ExtensionType, NamedGroup};
use countersign_testing::{Identity, Setup, Socket, Wire};
use pki_types::UnixTime;

/// When it all begins.
const START: u64 = 1_900_000_000;

/// Where clients are.
const HERE: &[u8] = b"192.0.2.7";

const CCS_RECORD: [u8; 6] = [20, 3, 3, 0, 1, 1];

fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// A key for cookies that begins with this byte.
fn key(first: u8) -> [u8; CookieSealer::KEY_BYTES] {
    std::array::from_fn(|index| if index == 0 { first } else { 0x55 })
}

/// What servers share, and what one of them knows of its clients.
struct Site {
    sealer: CookieSealer,
    binding: &'static [u8],
    now: u64,
}

impl Site {
    fn new() -> Self {
        let mut sealer = CookieSealer::new(ring::provider().random);
        sealer.add_key(&key(1), at(START - 100));
        Self { sealer, binding: HERE, now: START }
    }

    fn answer(&self, question: Decision) -> Result<Answer, Decision> {
        Ok(match question {
            Decision::SealCookie(question) => {
                self.sealer.seal(question, self.binding, at(self.now))
            }
            Decision::OpenCookie(question) => {
                self.sealer.open(question, self.binding, at(self.now))
            }
            other => Identity::example().answer(other),
        })
    }
}

/// Two ends of which the client has to be asked for a share, and the server does not remember that.
fn setup() -> Setup {
    let mut setup = Setup::default();
    setup.client.key_shares = KeyShares::First(0);
    setup.server.stateless_retry = Some(StatelessRetry::WhenNeeded);
    setup
}

fn by_default(question: Decision) -> Result<Answer, Decision> {
    Ok(Identity::example().answer(question))
}

/// A client that has been sent away by a server that is no more, and what it says to the next.
fn sent_away(setup: &Setup, site: &Site) -> (Wire, Vec<u8>) {
    let mut wire = Wire::new(setup.clone());
    wire.client.work(&mut by_default);
    wire.server.input.append(&mut wire.client.output);
    wire.server.work(&mut |question| site.answer(question));
    assert_eq!(wire.server.connection.handshake().state(), "WaitSecondClientHello");
    wire.client.input.append(&mut wire.server.output);
    wire.client.work(&mut by_default);
    wire.server = Wire::new(setup.clone()).server;
    let second = std::mem::take(&mut wire.client.output);
    (wire, second)
}

fn go_on(wire: &mut Wire, second: &[u8], site: &Site) {
    wire.server.input.extend_from_slice(second);
    wire.run_with(
        |_, _| (),
        |role, question| match role {
            Role::Client => by_default(question),
            Role::Server => site.answer(question),
        },
    );
}

/// That both ends are connected and can talk.
fn assert_connected(wire: &mut Wire) {
    for socket in [&wire.client, &wire.server] {
        assert!(socket.connection.handshake().is_complete(), "{socket:?}");
    }
    wire.client.connection.write(b"ping", &mut wire.client.output).expect("connected");
    wire.server.connection.write(b"pong", &mut wire.server.output).expect("connected");
    wire.run(|_, _| ());
    assert_eq!((&wire.server.data[..], &wire.client.data[..]), (&b"ping"[..], &b"pong"[..]));
}

/// How a server fails that gets this from a client.
fn failure(setup: &Setup, site: &Site, bytes: &[u8]) -> Failure {
    let mut server = Wire::new(setup.clone()).server;
    server.input = bytes.to_vec();
    server.work(&mut |question| site.answer(question));
    match server.end {
        Some(End::Failed(failure)) => {
            let alert = failure.alert.description().0;
            assert_eq!(server.output, [21, 3, 3, 0, 2, 2, alert], "one alert, and nothing else");
            failure
        }
        end => panic!("{end:?} in {}", server.connection.handshake().state()),
    }
}

/// A record of handshake bytes, opened: the message, to be changed.
fn change(bytes: &[u8], change: impl FnOnce(&mut Vec<u8>)) -> Vec<u8> {
    let start = bytes.iter().position(|&byte| byte == 22).expect("a handshake record");
    let (before, record) = bytes.split_at(start);
    let mut message = record[5..].to_vec();
    change(&mut message);
    let body = u16::try_from(message.len() - HEADER_BYTES).unwrap().to_be_bytes();
    message[2..4].copy_from_slice(&body);
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    [before, &[22, 3, 3], &length, &message].concat()
}

/// Where the cookie of a ClientHello is, in its message.
fn cookie(message: &[u8]) -> std::ops::Range<usize> {
    let hello = ClientHello::parse(&message[HEADER_BYTES..], &Limits::default()).expect("a hello");
    let cookie = hello.extensions.cookie.expect("a cookie");
    let mut windows = message.windows(cookie.len());
    let start = windows.position(|window| window == cookie).expect("it is in there");
    start..start + cookie.len()
}

#[test]
fn another_server_goes_on_where_one_has_sent_a_retry() {
    for group in [NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1] {
        for suite in ring::provider().suites {
            for authentication in [ClientAuthentication::None, ClientAuthentication::Require] {
                let mut setup = setup();
                setup.server.groups = [group].into_iter().collect();
                setup.server.cipher_suites = [suite.id].into_iter().collect();
                setup.server.client_authentication = authentication;
                let site = Site::new();
                let (mut wire, second) = sent_away(&setup, &site);
                go_on(&mut wire, &second, &site);
                assert!(wire.server.facts.iter().any(|fact| matches!(fact, Fact::Retried)));
                assert_connected(&mut wire);
            }
        }
    }
}

#[test]
fn the_server_that_has_sent_the_retry_goes_on_too() {
    let site = Site::new();
    for always in [StatelessRetry::WhenNeeded, StatelessRetry::Always] {
        let mut setup = setup();
        setup.server.stateless_retry = Some(always);
        let mut wire = Wire::new(setup);
        go_on(&mut wire, &[], &site);
        assert_connected(&mut wire);
    }
}

#[test]
fn clients_are_sent_away_when_needed_or_always() {
    for (retry, shares, retried) in [
        (StatelessRetry::WhenNeeded, KeyShares::default(), false),
        (StatelessRetry::WhenNeeded, KeyShares::First(0), true),
        (StatelessRetry::Always, KeyShares::default(), true),
        (StatelessRetry::Always, KeyShares::First(0), true),
    ] {
        let mut setup = setup();
        setup.client.key_shares = shares;
        setup.server.stateless_retry = Some(retry);
        let mut wire = Wire::new(setup);
        go_on(&mut wire, &[], &Site::new());
        assert_connected(&mut wire);
        let facts = &wire.client.facts;
        assert_eq!(facts.iter().any(|fact| matches!(fact, Fact::Retried)), retried, "{retry:?}");
    }
}

#[test]
fn a_key_that_both_ends_share_is_used_by_the_other_server() {
    let site = Site::new();
    let mut setup = setup();
    setup.destination = Setup::sharing_a_key(false).destination;
    setup.server.stateless_retry = Some(StatelessRetry::Always);
    let (mut wire, second) = sent_away(&setup, &site);
    // The binder covers the first ClientHello and the retry, as the other server must see them.
    go_on(&mut wire, &second, &site);
    assert_connected(&mut wire);
}

#[test]
fn early_data_that_comes_before_the_second_hello_is_skipped_by_the_other_server() {
    let site = Site::new();
    let mut setup = Setup::sharing_a_key(true);
    setup.server.stateless_retry = Some(StatelessRetry::Always);
    let mut first = Wire::new(setup.clone()).client;
    first.work(&mut by_default);
    let hello_bytes = first.output.len();
    first.connection.write_early_data(b"early", &mut first.output).expect("it is offered");
    let early_data = first.output.split_off(hello_bytes);
    let mut server = Wire::new(setup.clone()).server;
    server.input = first.output.clone();
    server.work(&mut |question| site.answer(question));
    assert!(server.facts.iter().any(|fact| matches!(fact, Fact::EarlyDataRejected)));
    first.input.append(&mut server.output);
    first.output.clear();
    first.work(&mut by_default);

    let mut wire = Wire { client: first, server: Wire::new(setup.clone()).server };
    let second = std::mem::take(&mut wire.client.output);
    go_on(&mut wire, &[early_data.clone(), second.clone()].concat(), &site);
    assert_connected(&mut wire);
    assert!(wire.server.early_data.is_empty());

    // Behind the second hello there is none to skip.
    let failure = failure_after_hello(&setup, &site, &[second, early_data].concat());
    assert_eq!(failure, Cause::RecordNotAuthentic);
    // And there is an end to it.
    let much = [&[23, 3, 3, 0x40, 0][..], &[0; 0x4000]].concat();
    let cause = self::failure(&setup, &site, &[&much[..], &much].concat()).cause;
    assert_eq!(cause, Cause::EarlyDataTooLong);
}

fn failure_after_hello(setup: &Setup, site: &Site, bytes: &[u8]) -> Cause {
    let mut server = Wire::new(setup.clone()).server;
    server.input = bytes.to_vec();
    server.work(&mut |question| site.answer(question));
    match server.end {
        Some(End::Failed(failure)) => failure.cause,
        end => panic!("{end:?}"),
    }
}

#[test]
fn change_cipher_spec_between_the_hellos_is_dropped_by_a_server_that_forgets() {
    let site = Site::new();
    for records in [0, 1, 2] {
        let (mut wire, second) = sent_away(&setup(), &site);
        let own = usize::from(second.starts_with(&CCS_RECORD));
        assert_eq!(own, 1, "a client in compatibility mode sends its record first");
        let hello = &second[CCS_RECORD.len()..];
        go_on(&mut wire, &[&CCS_RECORD.repeat(records), hello].concat(), &site);
        assert_connected(&mut wire);
    }
    let flood = CCS_RECORD.repeat(33);
    assert_eq!(failure(&setup(), &site, &flood).cause, Cause::TooManyChangeCipherSpecs);
    let wrong = [20, 3, 3, 0, 1, 2];
    assert_eq!(failure(&setup(), &site, &wrong).cause, Cause::UnexpectedChangeCipherSpec);
    let mut remembering = setup();
    remembering.server.stateless_retry = None;
    let cause = failure(&remembering, &site, &CCS_RECORD).cause;
    assert_eq!(cause, Cause::UnexpectedChangeCipherSpec);
}

#[test]
fn the_server_that_goes_on_sends_no_second_change_cipher_spec() {
    let site = Site::new();
    let (mut wire, second) = sent_away(&setup(), &site);
    wire.server.input = second;
    wire.server.work(&mut |question| site.answer(question));
    let mut types = Vec::new();
    let mut rest = &wire.server.output[..];
    while let [content_type, _, _, high, low, ..] = *rest {
        types.push(content_type);
        rest = &rest[5 + usize::from(u16::from_be_bytes([high, low]))..];
    }
    assert_eq!(types.first(), Some(&22));
    assert!(!types.contains(&20), "{types:?}");
}

#[test]
fn cookies_that_are_changed_or_cut_are_refused() {
    let site = Site::new();
    let (_, second) = sent_away(&setup(), &site);
    let mut place = 0..0;
    change(&second, |message| place = cookie(message));
    let mut causes = BTreeSet::new();
    for index in place.clone() {
        let forged = change(&second, |message| message[index] ^= 1);
        let failure = failure(&setup(), &site, &forged);
        causes.insert(format!("{:?} {:?}", failure.cause, failure.alert));
    }
    assert_eq!(causes.into_iter().collect::<Vec<_>>(), ["CookieRefused IllegalParameter"]);
    for bytes in 1..place.len() {
        let cut = change(&second, |message| resize_cookie(message, bytes));
        assert_eq!(failure(&setup(), &site, &cut).cause, Cause::CookieRefused, "{bytes} bytes");
    }
    let empty = change(&second, |message| resize_cookie(message, 0));
    assert_eq!(failure(&setup(), &site, &empty).cause, Cause::Malformed);
    let longer = change(&second, |message| resize_cookie(message, place.len() + 1));
    assert_eq!(failure(&setup(), &site, &longer).cause, Cause::CookieRefused);
}

/// Makes the cookie so long, and every length around it fit.
fn resize_cookie(message: &mut Vec<u8>, bytes: usize) {
    let place = cookie(message);
    let old = place.len();
    let mut resized = message[place.clone()].to_vec();
    resized.resize(bytes, 0);
    message.splice(place.clone(), resized);
    let mut set = |position: usize, length: usize| {
        let length = u16::try_from(length).unwrap().to_be_bytes();
        message[position..position + 2].copy_from_slice(&length);
    };
    set(place.start - 2, bytes);
    set(place.start - 4, bytes + 2);
    let extensions = extensions_length_position(message);
    let length = usize::from(u16::from_be_bytes([message[extensions], message[extensions + 1]]));
    let length = u16::try_from(length + bytes - old).unwrap().to_be_bytes();
    message[extensions..extensions + 2].copy_from_slice(&length);
}

fn extensions_length_position(message: &[u8]) -> usize {
    let session_id = HEADER_BYTES + 2 + 32;
    let suites = session_id + 1 + usize::from(message[session_id]);
    let suites_bytes = usize::from(u16::from_be_bytes([message[suites], message[suites + 1]]));
    suites + 2 + suites_bytes + 2
}

#[test]
fn cookies_are_good_for_a_while_and_for_one_place() {
    let mut site = Site::new();
    let (_, second) = sent_away(&setup(), &site);
    let goes_on = |site: &Site| {
        let (mut wire, _) = sent_away(&setup(), &Site::new());
        wire.server.input = second.clone();
        wire.server.work(&mut |question| site.answer(question));
        match &wire.server.end {
            None => true,
            Some(End::Failed(failure)) if failure.cause == Cause::CookieRefused => false,
            other => panic!("{other:?}"),
        }
    };
    // A server whose clock is behind, and the last second.
    for (now, good) in [(0, true), (30, true), (59, true), (60, false), (u64::MAX - START, false)] {
        site.now = START + now;
        assert_eq!(goes_on(&site), good, "after {now} seconds");
    }
    site.now = START - 10;
    assert!(goes_on(&site), "a clock that is behind");
    site.now = START;
    site.sealer.lifetime_seconds = 0;
    assert!(!goes_on(&site));
    site.sealer.lifetime_seconds = 60;
    for elsewhere in [&b""[..], b"192.0.2.70", b"192.0.2", b"192.0.2.8"] {
        site.binding = elsewhere;
        assert!(!goes_on(&site), "{elsewhere:?}");
    }
}

#[test]
fn keys_succeed_one_another() {
    let mut site = Site::new();
    let (mut wire, second) = sent_away(&setup(), &site);
    // Another server is ahead, and its cookies open here.
    let mut ahead = Site::new();
    ahead.sealer.add_key(&key(2), at(START + 10));
    ahead.now = START + 20;
    let (mut other, sealed_ahead) = sent_away(&setup(), &ahead);
    site.sealer.add_key(&key(2), at(START + 10));
    site.now = START + 20;
    go_on(&mut wire, &second, &site);
    assert_connected(&mut wire);
    go_on(&mut other, &sealed_ahead, &site);
    assert_connected(&mut other);
    // A key that is retired opens nothing, and without one nothing is sealed.
    site.now = START + 70;
    site.sealer.lifetime_seconds = 1_000;
    site.sealer.retire_keys(at(START + 2_000));
    assert_eq!(failure(&setup(), &site, &second).cause, Cause::CookieRefused);
    site.sealer = CookieSealer::new(ring::provider().random);
    let mut client = Wire::new(setup()).client;
    client.work(&mut by_default);
    assert_eq!(failure(&setup(), &site, &client.output).cause, Cause::CookieUnavailable);
}

#[test]
fn a_second_hello_that_is_not_that_of_the_cookie_is_noticed() {
    let site = Site::new();
    let (_, second) = sent_away(&setup(), &site);
    let (_, of_another) = sent_away(&setup(), &site);
    let mut stolen = Vec::new();
    change(&of_another, |message| stolen = message[cookie(message)].to_vec());
    let swapped = change(&second, |message| {
        let place = cookie(message);
        message.splice(place, stolen);
    });
    assert_eq!(failure(&setup(), &site, &swapped).cause, Cause::SecondHelloChanged);

    // The random, the session id, and the first suite.
    for position in [HEADER_BYTES + 2, HEADER_BYTES + 2 + 32 + 1, HEADER_BYTES + 2 + 32 + 33 + 3] {
        let changed = change(&second, |message| message[position] ^= 0x40);
        let failure = failure(&setup(), &site, &changed);
        assert_eq!(failure.cause, Cause::SecondHelloChanged, "byte {position}");
    }
}

#[test]
fn a_second_hello_brings_the_share_that_was_asked_for_and_no_early_data() {
    let site = Site::new();
    let mut asked_for_x25519 = setup();
    asked_for_x25519.server.groups = [NamedGroup::X25519].into_iter().collect();
    let (_, second) = sent_away(&asked_for_x25519, &site);
    // A server that would rather have another group was not the one to ask.
    let mut other = setup();
    other.server.groups = [NamedGroup::SECP384R1].into_iter().collect();
    assert_eq!(failure(&other, &site, &second).cause, Cause::SecondHelloKeyShare);
    // And one that does not have the suite cannot go on.
    let mut other = setup();
    other.server.cipher_suites = [CipherSuite::TLS_CHACHA20_POLY1305_SHA256].into_iter().collect();
    assert_eq!(failure(&other, &site, &second).cause, Cause::CookieRefused);
    let with_early_data = change(&second, |message| {
        message.extend_from_slice(&[0, 42, 0, 0]);
        let position = extensions_length_position(message);
        let length = u16::from_be_bytes([message[position], message[position + 1]]) + 4;
        message[position..position + 2].copy_from_slice(&length.to_be_bytes());
    });
    let cause = failure(&setup(), &site, &with_early_data).cause;
    assert_eq!(cause, Cause::SecondHelloEarlyData);
}

#[test]
fn hellos_that_come_in_the_wrong_order_are_noticed() {
    let site = Site::new();
    let mut client = Wire::new(setup()).client;
    client.work(&mut by_default);
    let first = client.output.clone();
    let (_, second) = sent_away(&setup(), &site);
    // A server that has taken the second takes no first, and one that has taken the first takes no
    // second of another client's.
    let cause = failure_after_hello(&setup(), &site, &[&second[..], &first].concat());
    assert_eq!(cause, Cause::UnexpectedRecordType);
    let mut server = Wire::new(setup()).server;
    server.input = first;
    server.work(&mut |question| site.answer(question));
    server.input = second;
    server.work(&mut |question| site.answer(question));
    let Some(End::Failed(failure)) = &server.end else { panic!("{:?}", server.end) };
    assert_eq!(failure.cause, Cause::CookieMismatch);
}

#[test]
fn a_cookie_that_nobody_has_asked_for_is_refused_only_by_servers_that_send_them() {
    let site = Site::new();
    for (retry, refused) in [(None, false), (Some(StatelessRetry::WhenNeeded), true)] {
        let mut setup = Setup::default();
        let unasked = Item::Raw(ExtensionType::COOKIE, vec![0, 1, 7]);
        setup.client.client_hello_layout.0.push(unasked);
        setup.server.stateless_retry = retry;
        let mut wire = Wire::new(setup);
        go_on(&mut wire, &[], &site);
        match &wire.server.end {
            Some(End::Failed(failure)) => assert!(refused, "{failure}"),
            end => assert!(!refused && end.is_none(), "{end:?}"),
        }
    }
}

#[test]
fn what_a_cookie_holds_is_read_strictly() {
    let (mut contents, site) = (Vec::new(), Site::new());
    let (_, second) = {
        let mut wire = Wire::new(setup());
        wire.client.work(&mut by_default);
        wire.server.input.append(&mut wire.client.output);
        wire.server.work(&mut |question| {
            if let Decision::SealCookie(question) = &question {
                contents = question.contents().to_vec();
            }
            site.answer(question)
        });
        sent_away(&setup(), &site)
    };
    let refused = |contents: Vec<u8>| {
        let mut server = Wire::new(setup()).server;
        server.input = second.clone();
        server.work(&mut |question| match question {
            Decision::OpenCookie(question) => Ok(question.opened(contents.clone())),
            other => site.answer(other),
        });
        let Some(End::Failed(failure)) = &server.end else { panic!("{:?}", server.end) };
        failure.cause
    };
    for bytes in 0..contents.len() {
        assert_eq!(refused(contents[..bytes].to_vec()), Cause::CookieRefused, "{bytes} bytes");
    }
    assert_eq!(refused([&contents[..], &[0]].concat()), Cause::CookieRefused);
    assert_eq!(refused([&[2], &contents[1..]].concat()), Cause::CookieRefused);
    // These contents are of another ClientHello anyway.
    assert_eq!(refused(contents.clone()), Cause::SecondHelloChanged);
    for index in 0..contents.len() {
        let mut changed = contents.clone();
        changed[index] ^= 0x80;
        let cause = refused(changed);
        assert!(matches!(cause, Cause::CookieRefused | Cause::SecondHelloChanged), "{cause:?}");
    }
}

#[test]
fn two_kinds_of_cookies_are_a_misuse() {
    let mut config = setup().server;
    config.cookie_bytes = 8;
    let refused = Handshake::server(config.into());
    assert!(matches!(refused, Err(Misuse::Configuration(_))));
}

#[test]
fn a_server_that_waits_for_the_second_hello_keeps_none_of_the_first() {
    let site = Site::new();
    let mut setup = setup();
    let filling = Item::Raw(ExtensionType::PADDING, vec![0; 10_000]);
    setup.client.client_hello_layout.0.push(filling);
    let (client, server) = setup.handshakes();
    let mut wire = Wire {
        client: Socket::new(Connection::new(client)),
        server: Socket::new(Connection::new(server)),
    };
    wire.client.work(&mut by_default);
    wire.server.input.append(&mut wire.client.output);
    wire.server.work(&mut |question| site.answer(question));
    assert_eq!(wire.server.connection.handshake().state(), "WaitSecondClientHello");
    let kept = format!("{:?}", wire.server.connection);
    assert!(!kept.contains("0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0"), "{kept}");
    assert!(wire.server.output.len() < 400, "{} bytes are sent", wire.server.output.len());
}
