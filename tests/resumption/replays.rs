//! Early data is taken when it is fresh, and once (RFC 9846 §8).

use std::sync::{Arc, Mutex};

use countersign::failure::Cause;
use countersign::handshake::decision::Decision;
use countersign::handshake::event::NewTicket;
use countersign::handshake::psk::OfferedPsk;
use countersign::handshake::{End, Fact};
use countersign::message::ProtocolName;
use countersign::policy::ReplayRegister;
use countersign::registry::CipherSuite;
use countersign_testing::Wire;

use crate::site::{ORDER, START, Site, at, copy, register, resumed};

#[test]
fn first_flight_that_comes_twice_gives_early_data_once() {
    let site = Site::sealing();
    let flight = site.first_flight(vec![site.ticket().offer(0)]);
    assert_eq!(site.early_data_of(&flight), b"early");
    assert_eq!(site.early_data_of(&flight), b"");
    assert_eq!(site.early_data_of(&flight), b"");
}

#[test]
fn first_flight_that_comes_to_two_servers_gives_early_data_once_if_they_share_a_register() {
    let [mut a, mut b] = [Site::sealing(), Site::sealing()];
    let flights = [0; 2].map(|_| a.first_flight(vec![a.ticket().offer(0)]));
    let taken = |site: &Site, flight: &[u8]| site.early_data_of(flight) == b"early";
    assert_eq!([taken(&a, &flights[0]), taken(&b, &flights[0])], [true, true], "each has its own");
    let shared = register(100);
    for site in [&mut a, &mut b] {
        site.resumption().register = Some(Arc::clone(&shared));
    }
    let [first, second] = &flights;
    let answers = [taken(&a, first), taken(&b, first), taken(&b, second), taken(&a, second)];
    assert_eq!(answers, [true, false, true, false]);
}

#[test]
fn first_flight_with_a_stored_ticket_is_not_even_resumed_twice() {
    let site = Site::storing(10);
    let flight = site.first_flight(vec![site.ticket().offer(0)]);
    assert_eq!(site.early_data_of(&flight), b"early");
    assert_eq!(site.early_data_of(&flight), b"");
    let mut server = Wire::new(site.setup(Vec::new())).server;
    server.input = flight;
    server.work(&mut |decision| {
        if let Decision::SelectCredential(question) = &decision {
            let resumption = site.policy.resumption.as_ref().expect("it has one");
            assert!(resumption.open(question, at(site.now)).is_none());
        }
        Err(decision)
    });
    assert!(server.question.is_some());
}

#[test]
fn ticket_of_a_wrong_age_resumes_without_its_early_data() {
    // Seconds at the server, milliseconds at the client.
    let rows = [
        (0, 0, true),
        (100, 100_000, true),
        (100, 100_999, true),
        (100, 40_000, true),
        (100, 39_999, false),
        (100, 160_000, true),
        (100, 160_001, false),
        (100, 0, false),
        (0, 60_000, true),
        (0, 60_001, false),
        (-60, 0, true),
        (-61, 0, false),
        (0, u32::MAX, false),
    ];
    for (after, age, taken) in rows {
        let mut site = Site::sealing();
        let ticket = site.ticket();
        site.now = START.saturating_add_signed(after);
        let flight = site.first_flight(vec![copy(&ticket).offer(age)]);
        assert_eq!(!site.early_data_of(&flight).is_empty(), taken, "{after} {age}");
        assert!(site.resumes(vec![ticket.offer(age)]), "{after} {age}");
    }
}

#[test]
fn tolerance_is_the_registers() {
    for (tolerance, age, taken) in
        [(0, 0, true), (0, 1, false), (5, 5_000, true), (5, 5_001, false)]
    {
        let mut site = Site::sealing();
        let register = ReplayRegister::new(at(START - 10_000), 10).with_tolerance(tolerance);
        site.resumption().register = Some(Arc::new(Mutex::new(register)));
        let flight = site.first_flight(vec![site.ticket().offer(age)]);
        assert_eq!(!site.early_data_of(&flight).is_empty(), taken, "{tolerance} {age}");
    }
}

#[test]
fn server_that_has_just_started_takes_no_early_data_for_as_long_as_it_could_be_a_replay() {
    for (started, taken) in [(0, false), (120, false), (121, true)] {
        let mut site = Site::sealing();
        let register = ReplayRegister::new(at(START - started), 10);
        site.resumption().register = Some(Arc::new(Mutex::new(register)));
        let flight = site.first_flight(vec![site.ticket().offer(0)]);
        assert_eq!(!site.early_data_of(&flight).is_empty(), taken, "{started}");
    }
}

#[test]
fn full_register_takes_no_early_data_and_resumes_all_the_same() {
    let mut site = Site::sealing();
    site.resumption().register = Some(register(1));
    let tickets = [site.ticket(), site.ticket()];
    let flights = tickets.each_ref().map(|ticket| site.first_flight(vec![copy(ticket).offer(0)]));
    assert_eq!(flights.map(|flight| site.early_data_of(&flight).len()), [5, 0]);
    let [_, second] = tickets;
    assert!(site.resumes(vec![second.offer(0)]));
}

#[test]
fn binders_that_prove_nothing_do_not_fill_the_register() {
    let mut site = Site::sealing();
    site.resumption().register = Some(register(1));
    let flight = site.first_flight(vec![site.ticket().offer(0)]);
    let hello_bytes = 5 + usize::from(u16::from_be_bytes([flight[3], flight[4]]));
    for bit in 0..8 {
        let mut server = Wire::new(site.setup(Vec::new())).server;
        server.input = flight[..hello_bytes].to_vec();
        *server.input.last_mut().expect("a ClientHello") ^= 1 << bit;
        server.work(&mut |decision| site.answer(countersign::epoch::Role::Server, decision));
        let Some(End::Failed(failure)) = server.end else { panic!("{server:?}") };
        assert_eq!(failure.cause, Cause::BinderMismatch);
    }
    assert_eq!(site.early_data_of(&flight), b"early");
}

/// What the server takes of early data under these PSKs, sent if it is possible.
fn early_data(site: &Site, psks: Vec<OfferedPsk>, protocols: &[&'static [u8]]) -> Vec<u8> {
    let mut setup = site.setup(psks);
    setup.client.application_layer_protocols =
        protocols.iter().map(|name| ProtocolName(name)).collect();
    let mut wire = Wire::new(setup);
    let written = wire.client.connection.write_early_data(b"early", &mut wire.client.output);
    assert_eq!(written, Ok(5));
    site.run(&mut wire);
    assert!(resumed(&wire));
    wire.server.early_data
}

#[test]
fn early_data_is_taken_only_with_the_first_psk_of_the_same_suite_and_protocol() {
    let mut site = Site::sealing();
    site.policy.application_layer_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let mut setup = site.setup(Vec::new());
    setup.client.application_layer_protocols = [ProtocolName(b"http/1.1")].into_iter().collect();
    let old = site.ticket_after(setup, ORDER).expect("a ticket");
    let offer = || vec![copy(&old).offer(0)];
    assert_eq!(early_data(&site, offer(), &[b"http/1.1"]), b"early");
    assert_eq!(early_data(&site, offer(), &[b"h2", b"http/1.1"]), b"", "another protocol");

    let mut forged = copy(&old);
    forged.ticket[40] ^= 1;
    let second = vec![forged.offer(0), copy(&old).offer(0)];
    assert_eq!(early_data(&site, second, &[b"http/1.1"]), b"", "not the first");

    site.config.cipher_suites = [CipherSuite::TLS_CHACHA20_POLY1305_SHA256].into_iter().collect();
    assert_eq!(early_data(&site, offer(), &[b"http/1.1"]), b"", "another suite");
}

#[test]
fn early_data_is_taken_only_by_a_server_with_a_register() {
    let mut site = Site::sealing();
    let ticket = site.ticket();
    site.resumption().register = None;
    assert_eq!(early_data(&site, vec![ticket.offer(0)], &[]), b"");
}

#[test]
fn ticket_without_early_data_permits_none() {
    let site = Site::sealing();
    let order = NewTicket { max_early_data_bytes: None, ..ORDER };
    let ticket = site.ticket_after(site.setup(Vec::new()), order).expect("a ticket");
    let lying =
        countersign::handshake::event::Ticket { max_early_data_bytes: Some(100), ..copy(&ticket) };
    let wire = site.meet(site.setup(vec![ticket.offer(0)]));
    assert!(resumed(&wire));
    let offered = wire.server.facts.iter().any(|fact| matches!(fact, Fact::EarlyDataRejected));
    assert!(!offered, "none was offered");
    assert_eq!(early_data(&site, vec![lying.offer(0)], &[]), b"");
}
