//! Each end comes back to the other with a ticket, and with early data (RFC 9846 §2.2, §2.3).

use std::io::{Read, Write};
use std::sync::{Arc, Mutex};

use countersign::codec::Vector;
use countersign::handshake::Fact;
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::handshake::psk::OfferedPsk;
use countersign::key_schedule::PskKind;
use countersign::policy::{IssuedTickets, ReplayRegister, Resumption, TicketSealer, Tickets};
use countersign::registry::{CipherSuite, NamedGroup};
use countersign_testing::pki::{Authority, noon};
use countersign_testing::{Client, Server, Socket, THEIR_HYBRIDS};
use rustls::{ClientConfig, Connection, HandshakeKind, ServerConfig, ServerConnection};

use crate::meeting::{Asking, Meeting, Ours, client_config, provider, server_config, their_client};

const SUITES: [CipherSuite; 3] = [
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
];

/// Whether both ends say that a ticket was used.
fn resumed(meeting: &Meeting) -> bool {
    let theirs = meeting.theirs.handshake_kind().expect("a handshake");
    let ours = &meeting.negotiated().psk;
    assert_eq!(
        ours.as_ref().map(|psk| psk.kind) == Some(PskKind::Resumption),
        theirs == HandshakeKind::Resumed,
        "{theirs:?}"
    );
    ours.is_some()
}

// Our client, their server

struct Theirs {
    root: Authority,
    config: Arc<ServerConfig>,
}

impl Theirs {
    fn new(max_early_data_size: u32) -> Self {
        let root = Authority::root("root");
        let mut config = server_config(&root.issue(|_| {}), Asking::Nobody, provider(|_| ()));
        config.max_early_data_size = max_early_data_size;
        Self { root, config: Arc::new(config) }
    }

    fn meet(&self, client: Client) -> Meeting {
        let ours = Socket::new(client.connection());
        let theirs = ServerConnection::new(Arc::clone(&self.config)).unwrap();
        Meeting::new(Ours::Client(client), ours, theirs.into())
    }

    fn client(&self, suite: CipherSuite, psks: Vec<OfferedPsk>) -> Client {
        let mut client = Client::trusting(&self.root);
        client.config.cipher_suites = Vector::from_iter([suite]);
        client.destination.psks = psks;
        client
    }

    /// The tickets of a full handshake.
    fn tickets(&self, suite: CipherSuite) -> Vec<Ticket> {
        let mut meeting = self.meet(self.client(suite, Vec::new()));
        meeting.run();
        meeting.agrees();
        let tickets = meeting.ours.facts.into_iter().filter_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        });
        let tickets: Vec<Ticket> = tickets.collect();
        assert!(!tickets.is_empty());
        tickets
    }
}

fn their_early_data(meeting: &mut Meeting) -> Option<Vec<u8>> {
    let Connection::Server(server) = &mut meeting.theirs else { panic!("a server") };
    let mut data = Vec::new();
    server.early_data()?.read_to_end(&mut data).unwrap();
    Some(data)
}

#[test]
fn client_resumes_with_each_of_its_tickets() {
    let theirs = Theirs::new(0);
    for suite in SUITES {
        for ticket in theirs.tickets(suite) {
            assert_eq!(ticket.max_early_data_bytes, None);
            let mut meeting = theirs.meet(theirs.client(suite, vec![ticket.offer(0)]));
            meeting.run();
            assert!(resumed(&meeting), "{suite:?}");
            meeting.agrees();
        }
    }
}

#[test]
fn both_ends_come_back_over_the_group_that_they_prefer() {
    let hybrids = [NamedGroup::X25519MLKEM768, NamedGroup::SECP256R1MLKEM768];
    let theirs = |id: &NamedGroup| THEIR_HYBRIDS.iter().any(|(hybrid, _)| hybrid == id);
    let mut ours = countersign_testing::provider().groups.into_iter().map(|group| group.id());
    let preferred = ours.find(|id| !hybrids.contains(id) || theirs(id));
    let theirs = Theirs::new(1_000);
    let mut client = theirs.client(SUITES[0], vec![theirs.tickets(SUITES[0]).remove(0).offer(0)]);
    client.destination.early_data = true;
    let mut ours = theirs.meet(client);
    let socket = &mut ours.ours;
    assert_eq!(socket.connection.write_early_data(b"early", &mut socket.output), Ok(5));
    ours.run();

    let visits = Visits::new(sealed());
    visits.visit(visits.server(), b"");
    let theirs = visits.visit(visits.server(), b"early");
    assert_eq!(theirs.ours.early_data, b"early");
    for meeting in [ours, theirs] {
        assert!(resumed(&meeting));
        assert!(meeting.learned(|fact| matches!(fact, Fact::EarlyDataAccepted)));
        assert_eq!(meeting.negotiated().group, preferred);
    }
}

#[test]
fn client_resumes_after_a_retry() {
    let theirs = Theirs::new(1_000);
    let ticket = theirs.tickets(SUITES[0]).remove(0);
    let mut client = theirs.client(SUITES[0], vec![ticket.offer(0)]);
    client.destination.early_data = true;
    client.config.key_shares = countersign::handshake::config::KeyShares::First(0);
    let mut meeting = theirs.meet(client);
    meeting.run();
    assert!(resumed(&meeting));
    assert!(meeting.learned(|fact| matches!(fact, Fact::EarlyDataRejected)));
    meeting.agrees();
}

#[test]
fn client_that_offers_a_ticket_nobody_knows_connects_in_full() {
    let theirs = Theirs::new(0);
    let stranger = Theirs::new(0);
    let ticket = stranger.tickets(SUITES[0]).remove(0);
    let mut meeting = theirs.meet(theirs.client(SUITES[0], vec![ticket.offer(0)]));
    meeting.run();
    assert!(!resumed(&meeting));
    meeting.agrees();
}

#[test]
fn client_sends_early_data_as_far_as_the_server_permits() {
    let theirs = Theirs::new(8);
    for suite in SUITES {
        let ticket = theirs.tickets(suite).remove(0);
        assert_eq!(ticket.max_early_data_bytes, Some(8));
        let mut client = theirs.client(suite, vec![ticket.offer(0)]);
        client.destination.early_data = true;
        let mut meeting = theirs.meet(client);
        let ours = &mut meeting.ours;
        let written = ours.connection.write_early_data(b"0123456789", &mut ours.output);
        assert_eq!(written, Ok(8));
        meeting.run();
        assert!(resumed(&meeting), "{suite:?}");
        assert!(meeting.learned(|fact| matches!(fact, Fact::EarlyDataAccepted)));
        assert_eq!(their_early_data(&mut meeting).as_deref(), Some(&b"01234567"[..]));
        meeting.agrees();
    }
}

#[test]
fn client_whose_early_data_is_rejected_connects_all_the_same() {
    let theirs = Theirs::new(1_000);
    let stranger = Theirs::new(1_000);
    let ticket = stranger.tickets(SUITES[0]).remove(0);
    let mut client = theirs.client(SUITES[0], vec![ticket.offer(0)]);
    client.destination.early_data = true;
    let mut meeting = theirs.meet(client);
    let ours = &mut meeting.ours;
    assert_eq!(ours.connection.write_early_data(b"early", &mut ours.output), Ok(5));
    meeting.run();
    assert!(!resumed(&meeting));
    assert!(meeting.learned(|fact| matches!(fact, Fact::EarlyDataRejected)));
    assert_eq!(their_early_data(&mut meeting), None);
    meeting.agrees();
}

// Our server, their client

type TicketsOf = Box<dyn Fn() -> Tickets>;

/// Each server with the same keys.
fn sealed() -> TicketsOf {
    Box::new(|| {
        let mut sealer = TicketSealer::new(countersign::crypto::ring::provider());
        sealer.add_key(&[7; TicketSealer::KEY_BYTES], noon(1980));
        Tickets::Sealed(sealer)
    })
}

/// Each server with the same store.
fn stored() -> TicketsOf {
    let random = countersign::crypto::ring::provider().random;
    let issued = Arc::new(Mutex::new(IssuedTickets::new(random, 100)));
    Box::new(move || Tickets::Stored(Arc::clone(&issued)))
}

/// A client of theirs that comes again and again.
struct Visits {
    root: Authority,
    client: Arc<ClientConfig>,
    tickets: TicketsOf,
    register: Arc<Mutex<ReplayRegister>>,
}

impl Visits {
    fn new(tickets: TicketsOf) -> Self {
        let root = Authority::root("root");
        let mut config = client_config(&root, None, provider(|_| ()));
        config.enable_early_data = true;
        let register = Arc::new(Mutex::new(ReplayRegister::new(noon(1980), 100)));
        Self { root, client: Arc::new(config), tickets, register }
    }

    fn server(&self) -> Server {
        let mut server = Server::known_by(self.root.issue(|_| {}).credential());
        let register = Some(Arc::clone(&self.register));
        server.policy.resumption = Some(Resumption { tickets: (self.tickets)(), register });
        server
    }

    /// Early data, if there is some, then data both ways, and a ticket for the next time.
    fn visit(&self, server: Server, early: &[u8]) -> Meeting {
        let ours = Socket::new(server.connection());
        let mut theirs = their_client(Arc::clone(&self.client));
        let Connection::Client(client) = &mut theirs else { panic!("a client") };
        if !early.is_empty() {
            let mut to_send = client.early_data().expect("the ticket permits it");
            to_send.write_all(early).unwrap();
        }
        let mut meeting = Meeting::new(Ours::Server(server), ours, theirs);
        meeting.run();
        let order = NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: Some(1_000) };
        meeting.ours.connection.issue_ticket(order).unwrap();
        meeting.agrees();
        meeting
    }
}

fn accepted(meeting: &Meeting) -> bool {
    let Connection::Client(client) = &meeting.theirs else { panic!("a client") };
    client.is_early_data_accepted()
}

#[test]
fn server_resumes_time_after_time_and_takes_early_data() {
    for tickets in [sealed(), stored()] {
        let visits = Visits::new(tickets);
        assert!(!resumed(&visits.visit(visits.server(), b"")));
        for early in [&b""[..], b"early", b"", &[7; 1_000]] {
            let meeting = visits.visit(visits.server(), early);
            assert!(resumed(&meeting));
            // An offer without data behind it is accepted too.
            assert_eq!((&meeting.ours.early_data[..], accepted(&meeting)), (early, true));
        }
    }
}

#[test]
fn server_resumes_with_every_suite() {
    for suite in SUITES {
        let visits = Visits::new(sealed());
        let server = || {
            let mut server = visits.server();
            server.config.cipher_suites = Vector::from_iter([suite]);
            server
        };
        assert!(!resumed(&visits.visit(server(), b"")));
        let meeting = visits.visit(server(), b"early");
        assert!(resumed(&meeting) && accepted(&meeting), "{suite:?}");
        assert_eq!(meeting.ours.early_data, b"early");
    }
}

#[test]
fn server_resumes_after_a_retry_without_early_data() {
    let visits = Visits::new(sealed());
    assert!(!resumed(&visits.visit(visits.server(), b"")));
    let mut server = visits.server();
    server.config.groups = Vector::from_iter([NamedGroup::SECP384R1]);
    let meeting = visits.visit(server, b"not to be read");
    assert!(resumed(&meeting) && !accepted(&meeting));
    assert!(meeting.learned(|fact| matches!(fact, Fact::Retried)));
    assert!(meeting.ours.early_data.is_empty());
}

#[test]
fn server_that_takes_no_early_data_skips_it_and_resumes() {
    let visits = Visits::new(sealed());
    assert!(!resumed(&visits.visit(visits.server(), b"")));
    let mut server = visits.server();
    server.policy.resumption.as_mut().unwrap().register = None;
    let meeting = visits.visit(server, b"not to be read");
    assert!(resumed(&meeting) && !accepted(&meeting));
    assert!(meeting.learned(|fact| matches!(fact, Fact::EarlyDataRejected)));
}
