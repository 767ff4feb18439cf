//! Reserved values among what is offered (RFC 8701): they are where they belong, both ends pass over
//! them, and nothing is ever agreed on one.

use std::collections::BTreeSet;
use std::sync::Arc;

use countersign::codec::Reader;
use countersign::crypto::{Draw, Random, RandomnessUnavailable};
use countersign::epoch::Role;
use countersign::handshake::Fact;
use countersign::handshake::config::{ClientAuthentication, KeyShares};
use countersign::handshake::decision::Decision;
use countersign::handshake::event::NewTicket;
use countersign::limits::Limits;
use countersign::message::{
    CertificateRequest, ClientHello, ExtensionBlock, HEADER_BYTES, Kind, ProtocolName,
};
use countersign::registry::{ExtensionType, HandshakeType, NamedGroup};
use countersign_testing::{Identity, Pair, Setup, messages, provider};

/// A source that draws these bytes for reserved values.
#[derive(Debug)]
struct Drawn([u8; 8]);

impl Random for Drawn {
    fn fill(&self, draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        if draw == Draw::Grease {
            bytes.copy_from_slice(&self.0);
            return Ok(());
        }
        provider().random.fill(draw, bytes)
    }
}

/// Both ends offer protocols and PSKs, the server asks for a certificate, and both use GREASE.
fn setup() -> Setup {
    let mut setup = Setup::default();
    setup.client.application_layer_protocols = [ProtocolName(b"h2")].into_iter().collect();
    setup.server.client_authentication = ClientAuthentication::Require;
    (setup.client.grease, setup.server.grease) = (true, true);
    setup
}

/// Connects, issues a ticket, and returns every message with its kind.
fn exchanged(setup: Setup) -> (Pair, Vec<(Kind, Vec<u8>)>) {
    let (mut pair, mut seen) = (setup.pair(), Vec::new());
    let mut note = |flight: &mut countersign_testing::Flight| {
        for message in messages(&flight.bytes) {
            let body = &message[HEADER_BYTES..];
            let kind = Kind::of(HandshakeType(message[0]), body).expect("a known message");
            seen.push((kind, body.to_vec()));
        }
    };
    pair.run(&mut note);
    assert!(pair.agrees(), "{pair:?}");
    let order = NewTicket { lifetime_seconds: 60, max_early_data_bytes: Some(1_000) };
    pair.server.handshake.issue_ticket(order).expect("connected");
    pair.run(&mut note);
    (pair, seen)
}

fn bodies(seen: &[(Kind, Vec<u8>)], kind: Kind) -> Vec<&[u8]> {
    seen.iter().filter(|(seen, _)| *seen == kind).map(|(_, body)| &body[..]).collect()
}

fn hello(body: &[u8]) -> ClientHello<'_> {
    ClientHello::parse(body, &Limits::default()).expect("a hello")
}

fn is_reserved(value: u16) -> bool {
    let [high, low] = value.to_be_bytes();
    high == low && low & 0x0f == 0x0a
}

const RESERVED_MODES: [u8; 8] = [0x0b, 0x2a, 0x49, 0x68, 0x87, 0xa6, 0xc5, 0xe4];

/// Every list of a hello, by what it is called; types of extensions last.
fn lists(hello: &ClientHello<'_>) -> Vec<(&'static str, Vec<u16>)> {
    let extensions = &hello.extensions;
    let protocols = extensions.application_layer_protocols.expect("protocols");
    let two_bytes =
        |ProtocolName(name): ProtocolName<'_>| name.try_into().map_or(0, u16::from_be_bytes);
    let groups = extensions.supported_groups.expect("groups");
    let versions = extensions.supported_versions.expect("versions");
    let schemes = extensions.signature_algorithms.expect("schemes");
    vec![
        ("cipher_suites", hello.cipher_suites.iter().map(|suite| suite.0).collect()),
        ("supported_groups", groups.iter().map(|group| group.0).collect()),
        ("supported_versions", versions.iter().map(|version| version.0).collect()),
        ("signature_algorithms", schemes.iter().map(|scheme| scheme.0).collect()),
        ("protocol_name_list", protocols.iter().map(two_bytes).collect()),
        ("extensions", types(hello)),
    ]
}

fn types(hello: &ClientHello<'_>) -> Vec<u16> {
    hello.extensions.received.iter().map(|extension| extension.extension_type.0).collect()
}

fn modes(hello: &ClientHello<'_>) -> Vec<u8> {
    hello.extensions.psk_key_exchange_modes.expect("modes").iter().map(|mode| mode.0).collect()
}

fn shares<'a>(hello: &ClientHello<'a>) -> Vec<(NamedGroup, &'a [u8])> {
    let shares = hello.extensions.key_share.expect("shares");
    shares.iter().map(|share| (share.group, share.key_exchange)).collect()
}

#[test]
fn client_puts_a_reserved_value_first_into_every_list() {
    for drawn in (0..=u8::MAX).step_by(5) {
        let mut setup = setup();
        let bytes = [0, 1, 2, 3, 4, 5, 6, 7_u8].map(|n| drawn.wrapping_add(n.wrapping_mul(16)));
        setup.client.provider.random = Arc::new(Drawn(bytes));
        let (_, seen) = exchanged(setup);
        let hello = hello(bodies(&seen, Kind::ClientHello)[0]);
        for (name, list) in lists(&hello) {
            assert!(is_reserved(list[0]), "{name} of {list:x?}");
            let reserved: BTreeSet<_> = list.iter().filter(|value| is_reserved(**value)).collect();
            let expected = if name == "extensions" { 2 } else { 1 };
            assert_eq!(reserved.len(), expected, "{name} of {list:x?}");
        }
        let modes = modes(&hello);
        assert!(RESERVED_MODES.contains(&modes[0]) && modes[1..] == [1], "{modes:x?}");
        let (group, share) = shares(&hello)[0];
        assert_eq!(Some(group), hello.extensions.supported_groups.unwrap().first());
        assert_eq!(share, [0]);
        let extensions = hello.extensions.received;
        let reserved: Vec<_> = extensions
            .iter()
            .filter(|extension| is_reserved(extension.extension_type.0))
            .map(|extension| extension.extension_data)
            .collect();
        assert_eq!(reserved, [&[][..], &[0]]);
    }
}

#[test]
fn every_reserved_value_is_drawn() {
    let (mut suites, mut all_modes) = (BTreeSet::new(), BTreeSet::new());
    for drawn in 0..=u8::MAX {
        let mut setup = setup();
        setup.client.provider.random = Arc::new(Drawn([drawn; 8]));
        let bytes = setup.pair().client.settle()[0].bytes.clone();
        let hello = hello(&bytes[HEADER_BYTES..]);
        suites.extend(hello.cipher_suites.first().map(|suite| suite.0));
        all_modes.extend(modes(&hello).first());
        // Never the same type twice, even if the same is drawn.
        let types = types(&hello);
        let distinct: BTreeSet<_> = types.iter().collect();
        assert_eq!(distinct.len(), types.len());
    }
    assert!(suites.len() == 16 && suites.iter().all(|suite| is_reserved(*suite)), "{suites:x?}");
    assert_eq!(all_modes, RESERVED_MODES.into());
}

#[test]
fn nobody_reserves_values_unless_told_to() {
    let mut setup = setup();
    (setup.client.grease, setup.server.grease) = (false, false);
    let (_, seen) = exchanged(setup);
    let hello = hello(bodies(&seen, Kind::ClientHello)[0]);
    assert!(lists(&hello).iter().all(|(_, list)| !list.iter().copied().any(is_reserved)));
    assert_eq!(modes(&hello), [1]);
    assert!(shares(&hello).iter().all(|(group, _)| !is_reserved(group.0)));
    let (schemes, types) = of_request(bodies(&seen, Kind::CertificateRequest)[0]);
    assert!(!schemes.into_iter().chain(types).any(is_reserved));
    assert!(!of_ticket(bodies(&seen, Kind::NewSessionTicket)[0]).into_iter().any(is_reserved));
}

#[test]
fn lists_that_are_not_sent_are_not_sent_for_a_reserved_value() {
    let mut setup = Setup::default();
    setup.client.grease = true;
    setup.client.psk_key_exchange_modes = countersign::codec::Vector::new();
    let mut first = Vec::new();
    setup.pair().run(|flight| {
        if first.is_empty() {
            first = flight.bytes[HEADER_BYTES..].to_vec();
        }
    });
    let extensions = hello(&first).extensions;
    assert_eq!(extensions.application_layer_protocols, None);
    assert_eq!(extensions.psk_key_exchange_modes, None);
}

/// The schemes and the extensions of a CertificateRequest.
fn of_request(body: &[u8]) -> (Vec<u16>, Vec<u16>) {
    let request = CertificateRequest::parse(body, &Limits::default()).expect("a request");
    let schemes = request.signature_algorithms.expect("schemes");
    let block = &body[1 + request.certificate_request_context.len()..];
    let types = types_behind(block, Kind::CertificateRequest);
    (schemes.iter().map(|scheme| scheme.0).collect(), types)
}

/// The extensions of a NewSessionTicket.
fn of_ticket(body: &[u8]) -> Vec<u16> {
    let mut reader = Reader::new(&body[8..]);
    reader.vector8().and_then(|_nonce| reader.vector16()).expect("a nonce and a ticket");
    types_behind(reader.remaining(), Kind::NewSessionTicket)
}

fn types_behind(block: &[u8], kind: Kind) -> Vec<u16> {
    let block = ExtensionBlock::parse(&mut Reader::new(block), kind, None, &Limits::default());
    block.expect("extensions").iter().map(|(extension_type, _)| extension_type.0).collect()
}

#[test]
fn server_reserves_values_in_its_request_and_its_tickets() {
    let (_, seen) = exchanged(setup());
    let (schemes, types) = of_request(bodies(&seen, Kind::CertificateRequest)[0]);
    assert!(is_reserved(schemes[0]) && !schemes[1..].iter().any(|scheme| is_reserved(*scheme)));
    assert_eq!(types.iter().filter(|found| is_reserved(**found)).count(), 2, "{types:x?}");
    let types = of_ticket(bodies(&seen, Kind::NewSessionTicket)[0]);
    assert_eq!(types.iter().filter(|found| is_reserved(**found)).count(), 2, "{types:x?}");
    assert!(types.contains(&ExtensionType::EARLY_DATA.0));
}

#[test]
fn server_reserves_values_in_a_request_after_the_handshake_too() {
    let mut setup = setup();
    setup.client.post_handshake_auth = true;
    let (mut pair, _) = exchanged(setup);
    let mut requests = Vec::new();
    pair.server.handshake.request_certificate(true).expect("it is offered");
    pair.run(|flight| {
        if flight.from == Role::Server {
            requests.extend(messages(&flight.bytes).into_iter().map(<[u8]>::to_vec));
        }
    });
    let (schemes, types) = of_request(&requests[0][HEADER_BYTES..]);
    assert!(is_reserved(schemes[0]) && !schemes[1..].iter().any(|scheme| is_reserved(*scheme)));
    assert_eq!(types.iter().filter(|found| is_reserved(**found)).count(), 2, "{types:x?}");
    let authenticated = |fact: &Fact| {
        matches!(fact, Fact::PostHandshakeAuthentication { certificate: Some(_), .. })
    };
    assert!(pair.server.knows(authenticated));
}

#[test]
fn client_passes_over_what_a_server_reserves() {
    let (pair, _) = exchanged(setup());
    let ticket = pair.client.observed.facts.iter().find_map(|fact| match fact {
        Fact::Ticket(ticket) => Some(ticket),
        _ => None,
    });
    assert_eq!(ticket.expect("a ticket").max_early_data_bytes, Some(1_000));
}

#[test]
fn nothing_is_agreed_on_a_reserved_value() {
    for _ in 0..16 {
        let (pair, _) = exchanged(setup());
        for end in [&pair.client, &pair.server] {
            let negotiated = end.observed.facts.iter().find_map(|fact| match fact {
                Fact::Negotiated(negotiated) => Some(negotiated),
                _ => None,
            });
            let negotiated = negotiated.expect("parameters");
            assert!(!is_reserved(negotiated.cipher_suite.0));
            assert!(!is_reserved(negotiated.group.expect("a group").0));
        }
    }
}

#[test]
fn no_reserved_value_reaches_a_question_as_something_to_be_chosen_by_policy() {
    let mut asked = 0;
    setup().pair().run_with(
        |_| (),
        |role, question| {
            if let (Role::Server, Decision::SelectCredential(question)) = (role, &question) {
                // They are shown as they came, and a policy knows none of them.
                let reserved = question.signature_schemes().filter(|scheme| is_reserved(scheme.0));
                assert_eq!(reserved.count(), 1);
                asked += 1;
            }
            Ok(Identity::example().answer(question))
        },
    );
    assert_eq!(asked, 1);
}

#[test]
fn second_hello_repeats_the_reserved_values() {
    for (key_shares, cookie_bytes) in [(KeyShares::First(0), 0), (KeyShares::default(), 8)] {
        let mut setup = setup();
        let asks_for_a_share = matches!(key_shares, KeyShares::First(_));
        setup.client.key_shares = key_shares;
        setup.server.cookie_bytes = cookie_bytes;
        let (_, seen) = exchanged(setup);
        let hellos = bodies(&seen, Kind::ClientHello);
        let (first, second) = (hello(hellos[0]), hello(hellos[1]));
        assert_eq!(first.unchangeable(), second.unchangeable());
        assert_eq!(lists(&first)[0], lists(&second)[0]);
        // RFC 9846 §4.2.2: one share, if one was asked for; else those of before.
        if asks_for_a_share {
            assert_eq!(shares(&second).len(), 1);
            assert!(!is_reserved(shares(&second)[0].0.0));
        } else {
            assert_eq!(shares(&second), shares(&first));
        }
    }
}

#[test]
fn reserved_values_do_not_stand_in_the_way_of_psks_and_early_data() {
    let mut setup = Setup::sharing_a_key(true);
    (setup.client.grease, setup.server.grease) = (true, true);
    let mut pair = setup.pair();
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
    assert!(pair.client.knows(|fact| matches!(fact, Fact::EarlyDataAccepted)));
}
