//! The ends of a connection (RFC 9846 §6.1).

use countersign::handshake::{End, Fact};
use countersign_testing::pki::Authority;
use countersign_testing::{Client, Server};
use std::io::Write;

use crate::meeting::{Asking, Meeting, client_config, provider, server_config};

fn connected() -> [Meeting; 2] {
    let root = Authority::root("root");
    let identity = root.issue(|_| {});
    let theirs = server_config(&identity, Asking::Nobody, provider(|_| ()));
    let server = Server::known_by(identity.credential());
    let mut meetings = [
        Meeting::with_server(Client::trusting(&root), theirs),
        Meeting::with_client(server, client_config(&root, None, provider(|_| ()))),
    ];
    meetings.iter_mut().for_each(Meeting::run);
    meetings
}

#[test]
fn data_goes_on_after_the_peer_has_closed_its_own_direction() {
    for mut meeting in connected() {
        meeting.theirs.send_close_notify();
        meeting.run();
        assert!(meeting.learned(|fact| matches!(fact, Fact::PeerClosed)));
        meeting.write(b"the last word");
        meeting.ours.connection.close().unwrap();
        meeting.run();
        assert_eq!(meeting.their_data, b"the last word");
        assert_eq!(*meeting.end(), End::Closed);
    }
}

#[test]
fn data_is_received_after_we_have_closed_our_own_direction() {
    for mut meeting in connected() {
        meeting.ours.connection.close().unwrap();
        meeting.run();
        meeting.theirs.writer().write_all(b"the last word").unwrap();
        meeting.run();
        assert_eq!(meeting.ours.data, b"the last word");
        assert_eq!(meeting.ours.end, None);
        meeting.theirs.send_close_notify();
        meeting.run();
        assert_eq!(*meeting.end(), End::Closed);
    }
}

#[test]
fn an_end_without_close_notify_is_a_truncation() {
    for mut meeting in connected() {
        meeting.ours.connection.transport_eof();
        meeting.run();
        assert!(matches!(meeting.end(), End::Truncated(_)), "{:?}", meeting.end());
    }
}
