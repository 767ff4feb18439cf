//! Tickets, and clients that come back with one (RFC 9846 §4.7.1, §4.3.10).

use std::io::Write;
use std::sync::Arc;

use countersign::codec::Vector;
use countersign::handshake::Fact;
use countersign::handshake::event::NewTicket;
use countersign::registry::NamedGroup;
use countersign_testing::pki::Authority;
use countersign_testing::{Server, Socket};

use crate::meeting::{Meeting, Ours, client_config, provider, their_client};

/// A client of theirs that has been here before comes back with a ticket and sends data at once.
fn returns_with_early_data(change: impl FnOnce(&mut Server)) -> Meeting {
    let root = Authority::root("root");
    let identity = root.issue(|_| {});
    let mut config = client_config(&root, None, provider(|_| ()));
    config.enable_early_data = true;
    let config = Arc::new(config);

    let server = Server::known_by(identity.credential());
    let ours = Socket::new(server.connection());
    let theirs = their_client(Arc::clone(&config));
    let mut first = Meeting::new(Ours::Server(server), ours, theirs);
    first.run();
    let order = NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: Some(16_384) };
    first.ours.connection.issue_ticket(order).unwrap();
    first.run();
    first.agrees();

    let mut server = Server::known_by(identity.credential());
    change(&mut server);
    let ours = Socket::new(server.connection());
    let mut theirs = their_client(config);
    match &mut theirs {
        rustls::Connection::Client(client) => {
            let mut early = client.early_data().expect("the ticket permits early data");
            early.write_all(b"early, and not to be read").unwrap();
        }
        rustls::Connection::Server(_) => panic!("a client"),
    }
    Meeting::new(Ours::Server(server), ours, theirs)
}

fn early_data_was_rejected(meeting: &Meeting) {
    assert!(meeting.learned(|fact| matches!(fact, Fact::EarlyDataRejected)));
    match &meeting.theirs {
        rustls::Connection::Client(client) => assert!(!client.is_early_data_accepted()),
        rustls::Connection::Server(_) => panic!("a client"),
    }
}

#[test]
fn server_skips_early_data_and_connects_in_full() {
    let mut meeting = returns_with_early_data(|_| ());
    meeting.run();
    early_data_was_rejected(&meeting);
    meeting.agrees();
}

#[test]
fn server_skips_early_data_ahead_of_a_second_client_hello() {
    let mut meeting = returns_with_early_data(|server| {
        server.config.groups = Vector::from_iter([NamedGroup::SECP384R1]);
    });
    meeting.run();
    early_data_was_rejected(&meeting);
    assert!(meeting.learned(|fact| matches!(fact, Fact::Retried)));
    meeting.agrees();
}

#[test]
fn client_that_cannot_resume_is_served_in_full_time_after_time() {
    let root = Authority::root("root");
    let config = Arc::new(client_config(&root, None, provider(|_| ())));
    for _ in 0..3 {
        let server = Server::known_by(root.issue(|_| {}).credential());
        let ours = Socket::new(server.connection());
        let theirs = their_client(Arc::clone(&config));
        let mut meeting = Meeting::new(Ours::Server(server), ours, theirs);
        meeting.run();
        let order = NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: None };
        meeting.ours.connection.issue_ticket(order).unwrap();
        meeting.agrees();
    }
}
