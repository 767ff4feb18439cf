//! Tickets, early data, external keys and short records, in either role (RFC 9846 §2.2, §2.3,
//! RFC 8449).

use std::net::{SocketAddr, TcpListener};
use std::sync::{Arc, Mutex};

use countersign::codec::Vector;
use countersign::crypto::ring;
use countersign::handshake::decision::Decision;
use countersign::handshake::event::{NewTicket, RecordSizeLimits, Ticket};
use countersign::handshake::psk::{OfferedPsk, PreSharedKey};
use countersign::handshake::{End, Fact};
use countersign::key_schedule::PskKind;
use countersign::policy::{
    IssuedTickets, ReplayRegister, Resumption, ServerTrust, TicketSealer, Tickets,
};
use countersign::registry::CipherSuite;
use countersign_testing::pki::noon;
use countersign_testing::{Client, Program, Server, Talk};

use crate::as_server::converse;
use crate::{Bench, SUITES, listener, priority};

fn psk(talk: &Talk<'_>) -> Option<PskKind> {
    talk.negotiated().psk.as_ref().map(|psk| psk.kind)
}

fn knows(talk: &Talk<'_>, is_it: impl Fn(&Fact) -> bool) -> bool {
    talk.count(is_it) == 1
}

// Our client, GnuTLS's server

fn client(bench: &Bench, suite: CipherSuite, psks: Vec<OfferedPsk>) -> Client {
    let mut client = bench.client();
    client.config.cipher_suites = Vector::from_iter([suite]);
    client.destination.psks = psks;
    client
}

/// The tickets of a full handshake: GnuTLS sends two.
fn tickets(bench: &Bench, suite: CipherSuite, address: SocketAddr) -> Vec<Ticket> {
    let client = client(bench, suite, Vec::new());
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.until(|talk| talk.count(|fact| matches!(fact, Fact::Ticket(_))) == 2);
    assert_eq!(psk(&talk), None);
    let tickets = std::mem::take(&mut talk.facts).into_iter().filter_map(|fact| match fact {
        Fact::Ticket(ticket) => Some(ticket),
        _ => None,
    });
    let tickets = tickets.collect();
    talk.close();
    tickets
}

#[test]
fn client_resumes_with_each_of_its_tickets() {
    let Some(bench) = Bench::new() else { return };
    let (program, address) = bench.gnutls_serv(bench.identity(), &["--disable-client-cert"]);
    for (round, (suite, _)) in SUITES.into_iter().enumerate() {
        for ticket in tickets(&bench, suite, address) {
            let again = client(&bench, suite, vec![ticket.offer(0)]);
            let mut talk = Talk::connect(&again, address).unwrap();
            talk.complete();
            assert_eq!(psk(&talk), Some(PskKind::Resumption));
            talk.say(b"said\n");
            talk.hear(b"said\n");
            talk.close();
        }
        program.expect_times("This is a resumed session", 2 * (round + 1));
    }
}

#[test]
fn client_sends_early_data_which_the_server_takes() {
    let Some(bench) = Bench::new() else { return };
    let more = ["--disable-client-cert", "--earlydata", "--maxearlydata", "100"];
    let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
    for (suite, _) in SUITES {
        let ticket = tickets(&bench, suite, address).remove(0);
        assert_eq!(ticket.max_early_data_bytes, Some(100));
        let mut again = client(&bench, suite, vec![ticket.offer(0)]);
        again.destination.early_data = true;
        let mut talk = Talk::connect_early(&again, address, b"early words\n").unwrap();
        talk.complete();
        assert_eq!(psk(&talk), Some(PskKind::Resumption));
        assert!(knows(&talk, |fact| matches!(fact, Fact::EarlyDataAccepted)));
        talk.say(b"later words\n");
        talk.hear(b"later words\n");
        talk.close();
    }
}

#[test]
fn client_is_served_in_full_where_its_ticket_is_unknown_and_its_early_data_is_skipped() {
    let Some(bench) = Bench::new() else { return };
    let more = ["--disable-client-cert", "--earlydata", "--maxearlydata", "100"];
    let (_stranger, elsewhere) = bench.gnutls_serv(bench.identity(), &more);
    let ticket = tickets(&bench, SUITES[0].0, elsewhere).remove(0);
    let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
    let mut again = client(&bench, SUITES[0].0, vec![ticket.offer(0)]);
    again.destination.early_data = true;
    let mut talk = Talk::connect_early(&again, address, b"not to be read\n").unwrap();
    talk.complete();
    assert_eq!(psk(&talk), None);
    assert!(knows(&talk, |fact| matches!(fact, Fact::EarlyDataRejected)));
    talk.say(b"said\n");
    talk.hear(b"said\n");
    talk.close();
}

#[test]
fn both_ends_keep_to_the_servers_record_size_limit_and_to_the_clients() {
    let Some(bench) = Bench::new() else { return };
    for (ours, theirs) in [(512, 600), (600, 512), (16_385, 1_000), (1_000, 16_384)] {
        let more = ["--disable-client-cert", "--recordsize", &theirs.to_string()];
        let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
        let mut client = bench.client();
        client.config.record_size_limit = Some(ours);
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.complete();
        let limits = RecordSizeLimits { send: theirs + 1, receive: ours };
        assert_eq!(talk.negotiated().record_size_limits, Some(limits));
        let long = [&[b'x'; 5_000][..], b"\n"].concat();
        talk.say(&long);
        talk.hear(&long);
        talk.close();
    }
}

// Our server, GnuTLS's client

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

/// A client that gets a ticket, leaves, and comes back with it at once.
fn come_again<'s>(
    bench: &Bench,
    server: &'s Server,
    listener: &TcpListener,
    more: &[&str],
) -> (Talk<'s>, Program) {
    let more = [&["--resume", "--waitresumption"], more].concat();
    let program = bench.gnutls_cli(listener, &more);
    let mut talk = Talk::accept(server, listener).unwrap();
    talk.complete();
    assert_eq!(psk(&talk), None);
    let order = NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: Some(4_096) };
    talk.connection().issue_ticket(order).unwrap();
    talk.until(|talk| knows(talk, |fact| matches!(fact, Fact::PeerClosed)));
    talk.connection().close().unwrap();
    assert_eq!(talk.end(), End::Closed);
    drop(talk);
    let mut talk = Talk::accept(server, listener).unwrap();
    talk.complete();
    (talk, program)
}

#[test]
fn server_resumes_with_every_suite_from_sealed_and_stored_tickets() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for tickets in [sealed, stored] {
        for (suite, name) in SUITES {
            let server = returning(&bench, tickets());
            let (talk, program) = come_again(&bench, &server, &listener, &[&priority(&[name])]);
            assert_eq!(psk(&talk), Some(PskKind::Resumption));
            assert_eq!(talk.negotiated().cipher_suite, suite);
            program.expect("This is a resumed session");
            converse(talk, program);
        }
    }
}

#[test]
fn server_takes_early_data_if_it_has_a_register_with_room() {
    let Some(bench) = Bench::new() else { return };
    let (listener, early) = (listener(), bench.folder.put("early", "early words\n"));
    for (room, words) in [(100, &b"early words\n"[..]), (0, b"")] {
        let mut server = returning(&bench, sealed());
        let register = ReplayRegister::new(noon(1980), room);
        let resumption = server.policy.resumption.as_mut().unwrap();
        resumption.register = Some(Arc::new(Mutex::new(register)));
        let more = ["--earlydata", &early];
        let (talk, program) = come_again(&bench, &server, &listener, &more);
        assert_eq!(psk(&talk), Some(PskKind::Resumption));
        let accepted = knows(&talk, |fact| matches!(fact, Fact::EarlyDataAccepted));
        let rejected = knows(&talk, |fact| matches!(fact, Fact::EarlyDataRejected));
        assert_eq!((accepted, rejected), (room > 0, room == 0));
        assert_eq!(talk.data, words);
        converse(talk, program);
    }
}

#[test]
fn both_ends_keep_to_the_clients_record_size_limit_and_to_the_servers() {
    let Some(bench) = Bench::new() else { return };
    let listener = listener();
    for (ours, theirs) in [(512, 600), (600, 512), (16_385, 1_000)] {
        let mut server = bench.server(bench.identity());
        server.config.record_size_limit = Some(ours);
        let program = bench.gnutls_cli(&listener, &["--recordsize", &theirs.to_string()]);
        let mut talk = Talk::accept(&server, &listener).unwrap();
        talk.complete();
        let limits = RecordSizeLimits { send: theirs + 1, receive: ours };
        assert_eq!(talk.negotiated().record_size_limits, Some(limits));
        talk.say(&[&[b'x'; 5_000][..], b" said\n"].concat());
        program.expect("x said\n");
        converse(talk, program);
    }
}

// Keys from outside of TLS

const KEY: &str = "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b";

fn external() -> PreSharedKey {
    PreSharedKey::raw_external(&[0x6b; 32], &ring::TLS_AES_128_GCM_SHA256).unwrap()
}

/// GnuTLS offers and takes external keys if it is told to.
fn with_psk() -> String {
    priority(&["+PSK:+ECDHE-PSK"])
}

#[test]
fn client_is_served_under_an_external_key() {
    let Some(bench) = Bench::new() else { return };
    let keys = bench.folder.put("keys", format!("device7:{KEY}\n"));
    let more = ["--pskpasswd", &keys, &with_psk()];
    let (_program, address) = bench.gnutls_serv(bench.identity(), &more);
    let mut client = bench.client();
    client.policy.servers = ServerTrust::Application;
    client.destination.psks = vec![external().offered_as(b"device7".to_vec())];
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    assert_eq!(psk(&talk), Some(PskKind::External));
    talk.say(b"said\n");
    talk.hear(b"said\n");
    talk.close();
}

#[test]
fn server_serves_under_an_external_key() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let more = ["--pskusername", "device7", "--pskkey", KEY, &with_psk()];
    let program = bench.gnutls_cli(&listener, &more);
    let answers = |decision| match decision {
        Decision::SelectCredential(question) => {
            let identities = question.psk_identities().map(|psk| psk.identity);
            assert!(identities.eq([b"device7"]));
            Ok(question.psk(0, external(), None, false).unwrap())
        }
        other => Err(other),
    };
    let mut talk = Talk::accept_with(&server, &listener, answers).unwrap();
    talk.complete();
    assert_eq!(psk(&talk), Some(PskKind::External));
    program.expect("Connected as 'device7'");
    converse(talk, program);
}
