//! Two servers, one Redis that really runs, and clients that come back to either (RFC 9846 §8).

use std::io::Write;
use std::net::{SocketAddr, TcpStream};

use countersign::handshake::Fact;
use countersign::handshake::event::Ticket;
use countersign_testing::pki::Authority;
use countersign_testing::{Client, Folder, Program, Talk, has_program};
use redis::Commands;

/// A Redis, and what servers are run with.
struct Site {
    root: Authority,
    folder: Folder,
    redis: Program,
    url: String,
}

impl Site {
    /// `None` where there is no Redis.
    fn new() -> Option<Self> {
        has_program("redis-server").then(|| {
            let folder = Folder::new();
            let socket = folder.path("redis.sock");
            let url = format!("redis+unix://{}", socket.display());
            let (socket, directory) = (socket.to_str().unwrap(), folder.path(""));
            let keeps_nothing = ["--save", "", "--appendonly", "no", "--port", "0"];
            let arguments = ["--unixsocket", socket, "--dir", directory.to_str().unwrap()];
            let redis = Program::start("redis-server", keeps_nothing.iter().chain(&arguments));
            redis.expect("ready to accept connections");
            Self { root: Authority::root("root"), folder, redis, url }
        })
    }

    /// As [`new`](Self::new), and Redis has been remembering ever since 1970.
    fn of_old() -> Option<Self> {
        let site = Self::new()?;
        let mut redis = redis::Client::open(&site.url[..]).unwrap().get_connection().unwrap();
        let () = redis.set("countersign since", 0).unwrap();
        Some(site)
    }

    fn server(&self, more: &[&str]) -> (Program, SocketAddr) {
        let identity = self.folder.put("server.pem", self.root.issue(|_| {}).pem());
        let key = self.folder.put("key", [7; 48]);
        let arguments = ["--redis", &self.url, "--cert", &identity, "--ticket-key", &key];
        let program = env!("CARGO_BIN_EXE_countersign-redis");
        let program = Program::start(program, arguments.iter().chain(more));
        let address = program.listens("listening on");
        (program, address)
    }

    /// A ticket, after a visit in full.
    fn ticket(&self, address: SocketAddr) -> Ticket {
        let client = Client::trusting(&self.root);
        let mut talk = Talk::connect(&client, address).unwrap();
        talk.until(|talk| talk.count(|fact| matches!(fact, Fact::Ticket(_))) == 1);
        let mut tickets =
            std::mem::take(&mut talk.facts).into_iter().filter_map(|fact| match fact {
                Fact::Ticket(ticket) => Some(ticket),
                _ => None,
            });
        let ticket = tickets.next().unwrap();
        talk.close();
        ticket
    }

    /// A client that comes back with this ticket, and early data.
    fn returning(&self, ticket: Ticket) -> Client {
        let mut client = Client::trusting(&self.root);
        client.destination.psks = vec![ticket.offer(0)];
        client.destination.early_data = true;
        client
    }
}

/// Another one like it.
fn copy(ticket: &Ticket) -> Ticket {
    let bytes = ticket.to_bytes().unwrap();
    Ticket::from_bytes(&bytes, &countersign_testing::provider()).unwrap()
}

/// Whether the client has resumed, and whether its early data was taken; it is served in any case.
fn visit(client: &Client, address: SocketAddr) -> (bool, bool) {
    let mut talk = Talk::connect_early(client, address, b"early").unwrap();
    talk.complete();
    let taken = talk.count(|fact| matches!(fact, Fact::EarlyDataAccepted)) == 1;
    let not_taken = talk.count(|fact| matches!(fact, Fact::EarlyDataRejected)) == 1;
    assert_ne!(taken, not_taken);
    let resumed = talk.negotiated().psk.is_some();
    talk.say(b"late");
    talk.hear(if taken { b"earlylate" } else { b"late" });
    talk.close();
    (resumed, taken)
}

#[test]
fn first_flight_that_comes_to_both_servers_gives_early_data_once() {
    let Some(site) = Site::of_old() else { return };
    let [(a, to_a), (b, to_b)] = [site.server(&[]), site.server(&[])];
    for (round, (first, to_first, second, to_second)) in
        [(&a, to_a, &b, to_b), (&b, to_b, &a, to_a)].into_iter().enumerate()
    {
        let client = site.returning(site.ticket(to_a));
        let (mut connection, mut flight) = (client.connection(), Vec::new());
        assert_eq!(connection.write_early_data(b"early", &mut flight), Ok(5));
        // The sockets stay open, so that nobody is cut off.
        let mut sockets = Vec::new();
        for (address, server, said) in [
            (to_first, first, "takes early data"),
            (to_second, second, "no early data"),
            (to_first, first, "no early data"),
        ] {
            let mut socket = TcpStream::connect(address).unwrap();
            socket.write_all(&flight).unwrap();
            sockets.push(socket);
            let times = if said == "no early data" { round + 1 } else { 1 };
            server.expect_times(said, times);
        }
    }
    for server in [a, b] {
        assert_eq!(server.said().matches("takes early data").count(), 1, "{}", server.said());
        // Each was shown three flights, and resumed with the ticket in all of them.
        server.expect_times("by a ticket", 3);
    }
}

#[test]
fn tickets_of_either_server_resume_at_the_other_and_early_data_is_taken() {
    let Some(site) = Site::of_old() else { return };
    let [(_a, to_a), (_b, to_b)] = [site.server(&[]), site.server(&[])];
    for (from, to) in [(to_a, to_b), (to_b, to_a), (to_a, to_a)] {
        let ticket = site.ticket(from);
        // Another ClientHello is no replay.
        for _ in 0..2 {
            let client = site.returning(copy(&ticket));
            assert_eq!(visit(&client, to), (true, true));
        }
    }
}

#[test]
fn ticket_for_one_use_resumes_at_one_server_only() {
    let Some(site) = Site::of_old() else { return };
    let [(_a, to_a), (_b, to_b)] = [(); 2].map(|()| site.server(&["--single-use"]));
    for (first, second) in [(to_a, to_b), (to_b, to_a), (to_a, to_a)] {
        let ticket = site.ticket(to_a);
        let visits = [first, second, first].map(|to| visit(&site.returning(copy(&ticket)), to));
        assert_eq!(visits, [(true, true), (false, false), (false, false)]);
    }
}

#[test]
fn redis_that_has_just_begun_to_remember_admits_no_early_data() {
    let Some(site) = Site::new() else { return };
    let (_server, address) = site.server(&[]);
    for _ in 0..2 {
        let client = site.returning(site.ticket(address));
        assert_eq!(visit(&client, address), (true, false));
    }
}

#[test]
fn servers_go_on_without_redis_and_take_no_early_data() {
    let Some(site) = Site::of_old() else { return };
    let [(_a, to_a), (_b, to_b)] = [site.server(&[]), site.server(&["--single-use"])];
    let ticket = site.ticket(to_a);
    let client = site.returning(copy(&ticket));
    assert_eq!(visit(&client, to_a), (true, true));
    let Site { root, folder: _folder, redis, url: _ } = site;
    drop(redis);
    for (address, resumes) in [(to_a, true), (to_b, false)] {
        let mut client = Client::trusting(&root);
        client.destination.psks = vec![copy(&ticket).offer(0)];
        client.destination.early_data = true;
        assert_eq!(visit(&client, address), (resumes, false));
    }
}
