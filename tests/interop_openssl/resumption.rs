//! Tickets, early data and external keys, in either role (RFC 9846 §2.2, §2.3).

use std::net::TcpListener;
use std::sync::{Arc, Mutex};

use countersign::codec::Vector;
use countersign::crypto::ring;
use countersign::handshake::Fact;
use countersign::handshake::decision::Decision;
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::handshake::psk::{OfferedPsk, PreSharedKey};
use countersign::key_schedule::PskKind;
use countersign::policy::{
    IssuedTickets, ReplayRegister, Resumption, ServerTrust, TicketSealer, Tickets,
};
use countersign::registry::CipherSuite;
use countersign_testing::pki::noon;
use countersign_testing::{Client, Program, Server, Talk};

use crate::as_server::converse;
use crate::{Bench, SUITES, listener};

fn client(bench: &Bench, suite: CipherSuite, psks: Vec<OfferedPsk>) -> Client {
    let mut client = bench.client();
    client.config.cipher_suites = Vector::from_iter([suite]);
    client.destination.psks = psks;
    client
}

fn tickets(talk: &mut Talk<'_>, count: usize) -> Vec<Ticket> {
    let is_ticket = |fact: &Fact| matches!(fact, Fact::Ticket(_));
    talk.until(|talk| talk.count(is_ticket) == count);
    let tickets = std::mem::take(&mut talk.facts).into_iter().filter_map(|fact| match fact {
        Fact::Ticket(ticket) => Some(ticket),
        _ => None,
    });
    tickets.collect()
}

// Our client, OpenSSL's server

#[test]
fn client_resumes_with_each_of_its_tickets() {
    let Some(bench) = Bench::new() else { return };
    for (suite, _) in SUITES {
        let (program, address) = bench.s_server(bench.identity(), &["-tls1_3"]);
        let first = client(&bench, suite, Vec::new());
        let mut talk = Talk::connect(&first, address).unwrap();
        talk.complete();
        assert_eq!(talk.negotiated().psk, None);
        let tickets = tickets(&mut talk, 2);
        talk.close();
        for (round, ticket) in tickets.into_iter().enumerate() {
            let again = client(&bench, suite, vec![ticket.offer(0)]);
            let mut talk = Talk::connect(&again, address).unwrap();
            talk.complete();
            assert_eq!(
                talk.negotiated().psk.as_ref().map(|psk| psk.kind),
                Some(PskKind::Resumption)
            );
            let word = format!("word {round}\n");
            talk.say(word.as_bytes());
            program.expect(&word);
            talk.close();
        }
        assert_eq!(program.said().matches("Reused session-id").count(), 2, "{}", program.said());
    }
}

#[test]
fn client_resumes_after_a_retry() {
    let Some(bench) = Bench::new() else { return };
    // Guarding against replays, it forgets the ticket with the first ClientHello already.
    let more = ["-tls1_3", "-groups", "P-384", "-early_data", "-no_anti_replay"];
    let (program, address) = bench.s_server(bench.identity(), &more);
    let first = bench.client();
    let mut talk = Talk::connect(&first, address).unwrap();
    talk.complete();
    let ticket = tickets(&mut talk, 2).remove(0);
    talk.close();
    let mut again = bench.client();
    again.destination.psks = vec![ticket.offer(0)];
    again.destination.early_data = true;
    let mut talk = Talk::connect_early(&again, address, b"not to be read\n").unwrap();
    talk.complete();
    assert_eq!(talk.count(|fact| matches!(fact, Fact::Retried)), 1);
    assert_eq!(talk.count(|fact| matches!(fact, Fact::EarlyDataRejected)), 1);
    assert_eq!(talk.negotiated().psk.as_ref().map(|psk| psk.kind), Some(PskKind::Resumption));
    talk.say(b"to be read\n");
    program.expect("to be read\n");
    talk.close();
    assert!(!program.said().contains("not to be read"), "{}", program.said());
}

#[test]
fn client_sends_early_data_which_the_server_takes_once() {
    let Some(bench) = Bench::new() else { return };
    for (suite, _) in SUITES {
        let more = ["-tls1_3", "-early_data", "-max_early_data", "100"];
        let (program, address) = bench.s_server(bench.identity(), &more);
        let first = client(&bench, suite, Vec::new());
        let mut talk = Talk::connect(&first, address).unwrap();
        talk.complete();
        let ticket = tickets(&mut talk, 2).remove(1);
        assert_eq!(ticket.max_early_data_bytes, Some(100));
        talk.close();

        let mut again = client(&bench, suite, vec![ticket.offer(0)]);
        again.destination.early_data = true;
        let mut talk = Talk::connect_early(&again, address, b"early words\n").unwrap();
        talk.complete();
        assert_eq!(talk.count(|fact| matches!(fact, Fact::EarlyDataAccepted)), 1);
        assert_eq!(talk.negotiated().psk.as_ref().map(|psk| psk.kind), Some(PskKind::Resumption));
        talk.say(b"later words\n");
        program.expect("later words\n");
        talk.close();
        let said = program.said();
        assert_eq!(said.matches("early words\n").count(), 1, "{said}");

        // OpenSSL knows that the ticket has been used.
        let mut talk = Talk::connect_early(&again, address, b"early words\n").unwrap();
        talk.complete();
        assert_eq!(talk.count(|fact| matches!(fact, Fact::EarlyDataRejected)), 1);
        talk.say(b"last words\n");
        program.expect("last words\n");
        talk.close();
        assert_eq!(program.said().matches("early words\n").count(), 1);
    }
}

// Our server, OpenSSL's client

fn sealed() -> Tickets {
    let mut sealer = TicketSealer::new(ring::provider());
    sealer.add_key(&[7; TicketSealer::KEY_BYTES], noon(1980));
    Tickets::Sealed(sealer)
}

fn stored() -> Tickets {
    Tickets::Stored(Arc::new(Mutex::new(IssuedTickets::new(ring::provider().random, 100))))
}

fn returning(bench: &Bench, tickets: Tickets) -> Server {
    let mut server = bench.server(bench.identity());
    let register = Arc::new(Mutex::new(ReplayRegister::new(noon(1980), 100)));
    server.policy.resumption = Some(Resumption { tickets, register: Some(register) });
    server
}

/// A client that leaves with a session file.
fn first_visit(bench: &Bench, server: &Server, listener: &TcpListener, more: &[&str]) -> String {
    let session = bench.folder.path("session").to_str().unwrap().to_owned();
    let all = ["-CAfile", &bench.roots_file, "-sess_out", &session];
    let program = bench.s_client(listener, &[&all[..], more].concat());
    let mut talk = Talk::accept(server, listener).unwrap();
    talk.complete();
    assert_eq!(talk.negotiated().psk, None);
    let order = NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: Some(4_096) };
    talk.connection().issue_ticket(order).unwrap();
    converse(talk, program);
    session
}

fn second_visit(bench: &Bench, listener: &TcpListener, session: &str, more: &[&str]) -> Program {
    let all = ["-CAfile", &bench.roots_file, "-sess_in", session];
    bench.s_client(listener, &[&all[..], more].concat())
}

#[test]
fn server_resumes_with_every_suite_from_sealed_and_stored_tickets() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for tickets in [sealed, stored] {
        for (suite, name) in SUITES {
            let server = returning(&bench, tickets());
            let more = ["-ciphersuites", name];
            let session = first_visit(&bench, &server, &listener, &more);
            let program = second_visit(&bench, &listener, &session, &more);
            let mut talk = Talk::accept(&server, &listener).unwrap();
            talk.complete();
            let negotiated = talk.negotiated();
            assert_eq!(negotiated.psk.as_ref().map(|psk| psk.kind), Some(PskKind::Resumption));
            assert_eq!(negotiated.cipher_suite, suite);
            program.expect("Reused, TLSv1.3");
            converse(talk, program);
        }
    }
}

#[test]
fn server_takes_early_data_once() {
    let Some(bench) = Bench::new() else { return };
    let (listener, early) = (listener(), bench.folder.put("early", "early words\n"));
    let server = returning(&bench, sealed());
    let session = first_visit(&bench, &server, &listener, &[]);
    let program = second_visit(&bench, &listener, &session, &["-early_data", &early]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    assert_eq!(talk.count(|fact| matches!(fact, Fact::EarlyDataAccepted)), 1);
    assert_eq!(talk.data, b"early words\n");
    program.expect("Early data was accepted");
    converse(talk, program);
}

#[test]
fn server_whose_register_is_full_takes_no_early_data_and_resumes() {
    let Some(bench) = Bench::new() else { return };
    let (listener, early) = (listener(), bench.folder.put("early", "not to be read\n"));
    let mut server = returning(&bench, sealed());
    let register = Arc::new(Mutex::new(ReplayRegister::new(noon(1980), 0)));
    server.policy.resumption.as_mut().unwrap().register = Some(register);
    let session = first_visit(&bench, &server, &listener, &[]);
    let program = second_visit(&bench, &listener, &session, &["-early_data", &early]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    assert_eq!(talk.count(|fact| matches!(fact, Fact::EarlyDataRejected)), 1);
    assert_eq!(talk.negotiated().psk.as_ref().map(|psk| psk.kind), Some(PskKind::Resumption));
    assert!(talk.data.is_empty());
    program.expect("Early data was rejected");
    converse(talk, program);
}

// Keys from outside of TLS

const KEY: &str = "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b";

fn external() -> PreSharedKey {
    PreSharedKey::raw_external(&[0x6b; 32], &ring::TLS_AES_128_GCM_SHA256).unwrap()
}

#[test]
fn client_is_served_under_an_external_key() {
    let Some(bench) = Bench::new() else { return };
    let more = ["-tls1_3", "-rev", "-psk", KEY, "-psk_identity", "device 7"];
    let (_program, address) = bench.s_server(bench.identity(), &more);
    let mut client = bench.client();
    client.policy.servers = ServerTrust::Application;
    client.destination.psks = vec![external().offered_as(b"device 7".to_vec())];
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    assert_eq!(talk.negotiated().psk.as_ref().map(|psk| psk.kind), Some(PskKind::External));
    talk.say(b"said\n");
    talk.hear(b"dias\n");
    talk.close();
}

#[test]
fn server_serves_under_an_external_key() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let program = bench.s_client(&listener, &["-psk", KEY, "-psk_identity", "device 7"]);
    let answers = |decision| match decision {
        Decision::SelectCredential(question) => {
            let identities = question.psk_identities().map(|psk| psk.identity);
            assert!(identities.eq([b"device 7"]));
            Ok(question.psk(0, external(), None, false).unwrap())
        }
        other => Err(other),
    };
    let mut talk = Talk::accept_with(&server, &listener, answers).unwrap();
    talk.complete();
    assert_eq!(talk.negotiated().psk.as_ref().map(|psk| psk.kind), Some(PskKind::External));
    converse(talk, program);
}
