//! Servers that recognize their tickets, and pass over what is none (RFC 9846 §4.7.1).

use std::sync::{Arc, Mutex};

use countersign::crypto::ring;
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::handshake::psk::PreSharedKey;
use countersign::handshake::{End, Fact};
use countersign::message::ProtocolName;
use countersign::policy::{IssuedTickets, Resumption, Tickets};
use countersign::registry::CipherSuite;
use countersign_testing::{Identity, Setup};

use crate::offers::without_signature_algorithms;
use crate::site::{ORDER, START, Site, at, copy, negotiated, resumed, sealer};

/// The ticket with other bytes in place of its own.
fn instead(ticket: &Ticket, bytes: Vec<u8>) -> Ticket {
    Ticket { ticket: bytes, ..copy(ticket) }
}

#[test]
fn sealed_ticket_resumes_and_more_than_once_where_nobody_counts() {
    let site = Site::sealing();
    let ticket = site.ticket();
    for _ in 0..2 {
        assert!(site.resumes(vec![copy(&ticket).offer(0)]));
    }
}

#[test]
fn stored_ticket_resumes_once() {
    let site = Site::storing(10);
    let ticket = site.ticket();
    let resumes = [true, false].map(|_| site.resumes(vec![copy(&ticket).offer(0)]));
    assert_eq!(resumes, [true, false]);
}

#[test]
fn store_keeps_the_latest_tickets() {
    let site = Site::storing(2);
    let tickets = [site.ticket(), site.ticket(), site.ticket()];
    assert_eq!(tickets.map(|ticket| site.resumes(vec![ticket.offer(0)])), [false, true, true]);
    let none = Site::storing(0);
    assert!(none.ticket_after(none.setup(Vec::new()), ORDER).is_none(), "no room");
}

#[test]
fn resumed_connection_gives_tickets_that_resume() {
    for site in [Site::sealing(), Site::storing(10)] {
        let mut ticket = site.ticket();
        for _ in 0..3 {
            let setup = site.setup(vec![ticket.offer(0)]);
            ticket = site.ticket_after(setup, ORDER).expect("a ticket");
        }
    }
}

#[test]
fn ticket_with_any_byte_changed_is_passed_over() {
    for site in [Site::sealing(), Site::storing(1_000)] {
        let ticket = site.ticket();
        for position in 0..ticket.ticket.len() {
            let mut forged = ticket.ticket.clone();
            forged[position] ^= 1 << (position % 8);
            assert!(!site.resumes(vec![instead(&ticket, forged).offer(0)]), "byte {position}");
        }
        assert!(site.resumes(vec![ticket.offer(0)]), "as it was");
    }
}

#[test]
fn ticket_cut_short_or_followed_by_anything_is_passed_over() {
    for site in [Site::sealing(), Site::storing(1_000)] {
        let ticket = site.ticket();
        for length in 1..ticket.ticket.len() {
            let short = ticket.ticket[..length].to_vec();
            assert!(!site.resumes(vec![instead(&ticket, short).offer(0)]), "{length} bytes");
        }
        let long = [&ticket.ticket[..], &[0]].concat();
        assert!(!site.resumes(vec![instead(&ticket, long).offer(0)]));
        assert!(site.resumes(vec![ticket.offer(0)]), "as it was");
    }
}

#[test]
fn ticket_resumes_until_its_lifetime_is_over() {
    for (after, resumes) in [(0, true), (3_599, true), (3_600, false), (1_000_000, false)] {
        for mut site in [Site::sealing(), Site::storing(10)] {
            let ticket = site.ticket();
            site.now += after;
            assert_eq!(site.resumes(vec![ticket.offer(0)]), resumes, "{after}");
        }
    }
}

#[test]
fn ticket_resumes_only_under_the_name_that_it_was_issued_under() {
    let rows = [
        ("server.example", "server.example", true),
        ("server.example", "SERVER.example", true),
        ("server.example", "other.example", false),
        ("server.example", "192.0.2.1", false),
        ("192.0.2.1", "192.0.2.1", true),
        ("192.0.2.1", "server.example", false),
    ];
    for (issued_to, used_for, resumes) in rows {
        for site in [Site::sealing(), Site::storing(10)] {
            let named = |mut setup: Setup, name: &'static str| {
                setup.destination.server_name = Some(name.try_into().expect("a name"));
                setup
            };
            let full = named(site.setup(Vec::new()), issued_to);
            let ticket = site.ticket_after(full, ORDER).expect("a ticket");
            let back = named(site.setup(vec![ticket.offer(0)]), used_for);
            assert_eq!(resumed(&site.meet(back)), resumes, "{issued_to} {used_for}");
        }
    }
}

#[test]
fn key_opens_tickets_until_the_overlap_with_its_successor_is_over() {
    let mut site = Site::new(Tickets::Sealed(sealer(&[(2, START + 100), (1, START)])));
    let Tickets::Sealed(sealer) = &mut site.resumption().tickets else { panic!("a sealer") };
    sealer.overlap_seconds = 50;
    let first = site.ticket();
    assert_eq!(first.ticket[0], 1);
    site.now = START + 100;
    let second = site.ticket();
    assert_eq!(second.ticket[0], 2);
    for (now, resumes) in [(149, [true, true]), (150, [false, true]), (3_000, [false, true])] {
        site.now = START + now;
        let tickets = [&first, &second].map(|ticket| vec![copy(ticket).offer(0)]);
        assert_eq!(tickets.map(|psks| site.resumes(psks)), resumes, "{now}");
    }
    let Tickets::Sealed(sealer) = &mut site.resumption().tickets else { panic!("a sealer") };
    sealer.retire_keys(at(START + 150));
    site.now = START + 120;
    let tickets = [&first, &second].map(|ticket| vec![copy(ticket).offer(0)]);
    assert_eq!(tickets.map(|psks| site.resumes(psks)), [false, true], "the key is gone");
}

#[test]
fn server_without_a_key_in_force_issues_no_ticket_and_the_connection_goes_on() {
    for keys in [&[][..], &[(1, START + 1)]] {
        let mut site = Site::new(Tickets::Sealed(sealer(keys)));
        assert!(site.ticket_after(site.setup(Vec::new()), ORDER).is_none());
        site.now += 1;
        let issued = site.ticket_after(site.setup(Vec::new()), ORDER);
        assert_eq!(issued.is_some(), !keys.is_empty());
    }
}

#[test]
fn servers_with_the_same_keys_open_each_others_tickets() {
    let [a, b] = [Site::sealing(), Site::sealing()];
    assert!(b.resumes(vec![a.ticket().offer(0)]));
    let ahead = Site::new(Tickets::Sealed(sealer(&[(1, START - 100), (2, START)])));
    let behind = Site::new(Tickets::Sealed(sealer(&[(1, START - 100), (2, START + 5)])));
    assert!(behind.resumes(vec![ahead.ticket().offer(0)]), "a key that is not yet in force there");
    let stranger = Site::new(Tickets::Sealed(sealer(&[(3, START)])));
    assert!(!stranger.resumes(vec![a.ticket().offer(0)]));
}

#[test]
fn first_ticket_that_is_good_is_used_whatever_stands_before_it() {
    for site in [Site::sealing(), Site::storing(10)] {
        let good = site.ticket();
        let short = NewTicket { lifetime_seconds: 0, ..ORDER };
        assert!(site.ticket_after(site.setup(Vec::new()), short).is_none(), "of no use");
        let forged = instead(&good, b"forged".to_vec());
        let raw = PreSharedKey::raw_external(&[9; 32], &ring::TLS_AES_128_GCM_SHA256);
        let raw = raw.expect("a key").offered_as(b"external".to_vec());
        assert!(site.resumes(vec![forged.offer(0), raw, good.offer(0)]));
    }
}

#[test]
fn tickets_of_one_connection_resume_in_any_order() {
    for site in [Site::sealing(), Site::storing(10)] {
        let mut wire = site.meet(site.setup(Vec::new()));
        for _ in 0..3 {
            wire.server.connection.issue_ticket(ORDER).expect("a connection");
            site.run(&mut wire);
        }
        let tickets = wire.client.facts.into_iter().filter_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        });
        let tickets: Vec<Ticket> = tickets.collect();
        assert_eq!(tickets.len(), 3);
        let resumed = tickets.into_iter().rev().map(|ticket| site.resumes(vec![ticket.offer(0)]));
        assert!(resumed.eq([true; 3]));
    }
}

#[test]
fn ticket_of_another_hash_is_passed_over() {
    let mut site = Site::sealing();
    let mut setup = site.setup(Vec::new());
    setup.client.cipher_suites = [CipherSuite::TLS_AES_256_GCM_SHA384].into_iter().collect();
    let ticket = site.ticket_after(setup, ORDER).expect("a ticket");
    assert!(!site.resumes(vec![copy(&ticket).offer(0)]), "the server prefers SHA-256");
    site.config.cipher_suites = [CipherSuite::TLS_AES_256_GCM_SHA384].into_iter().collect();
    assert!(site.resumes(vec![ticket.offer(0)]));
}

#[test]
fn client_that_offers_only_tickets_that_are_none_is_told_so() {
    let site = Site::sealing();
    let ticket = instead(&site.ticket(), b"unknown".to_vec());
    let mut pair = site.setup(vec![ticket.offer(0)]).pair();
    pair.run_with(
        |flight| {
            if flight.from == Role::Client {
                without_signature_algorithms(flight);
            }
        },
        |role, decision| site.answer(role, decision),
    );
    let Some(End::Failed(failure)) = pair.server.observed.end else { panic!("{pair:?}") };
    assert_eq!(failure.cause, Cause::NoAcceptablePsk);
}

#[test]
fn protocol_is_negotiated_anew() {
    let mut site = Site::sealing();
    site.policy.application_layer_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let offering = |mut setup: Setup, names: &[&'static [u8]]| {
        setup.client.application_layer_protocols = names.iter().map(|n| ProtocolName(n)).collect();
        setup
    };
    let full = offering(site.setup(Vec::new()), &[b"http/1.1"]);
    let ticket = site.ticket_after(full, ORDER).expect("a ticket");
    assert_eq!(ticket.application_layer_protocol.as_deref(), Some(&b"http/1.1"[..]));
    let back = offering(site.setup(vec![copy(&ticket).offer(0)]), &[b"http/1.1", b"h2"]);
    let wire = site.meet(back);
    assert!(resumed(&wire));
    let protocol = negotiated(&wire.server).application_layer_protocol.as_deref();
    assert_eq!(protocol, Some(&b"h2"[..]));

    let none = offering(site.setup(vec![ticket.offer(0)]), &[b"h3"]);
    let wire = site.meet(none);
    let Some(End::Failed(failure)) = wire.server.end else { panic!("{wire:?}") };
    assert_eq!(failure.cause, Cause::NoCommonApplicationProtocol);
}

/// A server that calls [`Resumption`] itself.
fn by_hand(
    resumption: &Resumption,
    application: &[u8],
    found: &mut Vec<Vec<u8>>,
    decision: Decision,
) -> Answer {
    let now = at(START);
    match decision {
        Decision::SealTicket(question) => resumption.seal(question, application, now),
        Decision::SelectCredential(question) => match resumption.open(&question, now) {
            Some(resumable) => {
                found.push(resumable.contents().application().to_vec());
                resumption.accept(question, resumable, None, now).expect("it fits")
            }
            None => Identity::example().answer(Decision::SelectCredential(question)),
        },
        other => Identity::example().answer(other),
    }
}

/// The ticket with these bytes in it.
fn ticket_with(resumption: &Resumption, application: &[u8]) -> Option<Ticket> {
    let mut pair = Setup::default().pair();
    let mut answer = |_, decision| Ok(by_hand(resumption, application, &mut Vec::new(), decision));
    pair.run_with(|_| (), &mut answer);
    pair.server.handshake.issue_ticket(ORDER).expect("connected");
    pair.run_with(|_| (), &mut answer);
    assert!(pair.agrees(), "the connection goes on");
    pair.client.observed.facts.into_iter().find_map(|fact| match fact {
        Fact::Ticket(ticket) => Some(ticket),
        _ => None,
    })
}

#[test]
fn application_finds_in_a_ticket_what_it_has_put_there() {
    let stored = Arc::new(Mutex::new(IssuedTickets::new(ring::provider().random, 10)));
    for tickets in [Tickets::Sealed(sealer(&[(1, START)])), Tickets::Stored(stored)] {
        let resumption = Resumption { tickets, register: None };
        let ticket = ticket_with(&resumption, b"who it is").expect("a ticket");
        let mut setup = Setup::default();
        setup.destination.psks = vec![ticket.offer(0)];
        let (mut pair, mut found) = (setup.pair(), Vec::new());
        pair.run_with(|_| (), |_, decision| Ok(by_hand(&resumption, &[], &mut found, decision)));
        assert!(pair.agrees(), "{pair:?}");
        assert_eq!(found, [b"who it is"]);
    }
}

#[test]
fn too_much_for_a_ticket_is_no_ticket() {
    let resumption = Resumption { tickets: Tickets::Sealed(sealer(&[(1, START)])), register: None };
    for (length, comes) in [(10_000, true), (65_500, false), (70_000, false)] {
        let ticket = ticket_with(&resumption, &vec![7; length]);
        assert_eq!(ticket.is_some(), comes, "{length}");
    }
}

#[test]
fn policy_resumes_nobody_who_should_show_a_certificate() {
    let site = Site::sealing();
    let ticket = site.ticket();
    for authentication in [ClientAuthentication::Request, ClientAuthentication::Require] {
        let mut asking = Site::sealing();
        asking.config.client_authentication = authentication;
        asking.config.report_transitions = true;
        let mut pair = asking.setup(vec![copy(&ticket).offer(0)]).pair();
        pair.run_with(
            |_| (),
            |role, decision| match decision {
                Decision::VerifyCertificate(question) => Ok(question.accept()),
                other => asking.answer(role, other),
            },
        );
        assert!(pair.agrees(), "{pair:?}");
        let moves = &pair.server.observed.moves;
        assert!(moves.iter().any(|(from, ..)| *from == "WaitCertificate"), "{moves:?}");
        pair.server.handshake.issue_ticket(ORDER).expect("connected");
        pair.run_with(|_| (), |role, decision| asking.answer(role, decision));
        let Some(Decision::SealTicket(question)) = &pair.server.question else {
            panic!("{pair:?}")
        };
        assert_eq!(question.client_authentication(), authentication);
    }
}
