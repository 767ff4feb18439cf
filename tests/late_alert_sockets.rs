//! The race in which refusals get lost: a server refuses the client's certificate when the client is
//! already writing, and a reset of the connection chases the alert. Over real sockets, many times.

use std::io::{self, ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::Duration;

use countersign::diagnosis::Cause as Meaning;
use countersign::failure::Cause;
use countersign::handshake::End;
use countersign::handshake::config::ClientAuthentication;
use countersign_testing::pki::Authority;
use countersign_testing::{Client, Folder, Program, Server, Talk, accept, has_program};

const RUNS: usize = 1_000;

/// More than the sockets' buffers hold, so that writing goes on when the server is gone.
const MUCH: usize = 8 << 20;

/// A client without a certificate, which writes `written` bytes before it reads anything more.
fn is_told_why(client: &Client, address: SocketAddr, written: usize) {
    let mut talk = Talk::connect(client, address).unwrap();
    talk.complete();
    talk.say(&vec![b'x'; written]);
    // The race is on: the server has left, and the transport knows no more than that.
    assert!(written < MUCH || talk.transport_failed());
    let refusal = talk.refusal();
    assert_eq!((refusal.alert.0, refusal.state), (116, "Connected"));
    assert_eq!(refusal.diagnose().cause, Meaning::ClientCertificateRequired);
    assert!(refusal.diagnose().authenticated);
    assert_eq!(refusal.unconfirmed_bytes, u64::try_from(written).unwrap());
}

fn written(run: usize) -> usize {
    if run % 100 == 99 { MUCH } else { 1 << (run % 18) }
}

#[test]
fn client_that_writes_first_is_told_by_our_server_why_it_is_refused() {
    let root = Authority::root("root");
    let server = Server::known_by(root.issue(|_| {}).credential());
    let server = server.asking(&root, ClientAuthentication::Require);
    let client = Client::trusting(&root);
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..RUNS {
                let mut talk = Talk::accept(&server, &listener).unwrap();
                assert_eq!(talk.failure(), Cause::ClientCertificateMissing);
                talk.leave();
            }
        });
        (0..RUNS).for_each(|run| is_told_why(&client, address, written(run)));
    });
}

#[test]
fn server_reads_on_behind_its_alert_so_that_no_reset_can_overtake_it() {
    let root = Authority::root("root");
    let server = Server::known_by(root.issue(|_| {}).credential());
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut client = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    client.set_read_timeout(Some(Duration::from_secs(20))).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut talk = Talk::accept(&server, &listener).unwrap();
            assert!(matches!(talk.end(), End::Failed(_)));
            talk.leave();
        });
        client.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        let mut received = Vec::new();
        client.read_to_end(&mut received).unwrap();
        assert_eq!(received, [21, 3, 3, 0, 2, 2, 10]);
        // Its sending direction is closed, and nothing else: what we write is still taken.
        for _ in 0..20 {
            client.write_all(&[0; 1_000]).unwrap();
        }
        drop(client);
    });
}

/// Carries bytes between a client and a server, and closes both sockets as soon as the server has
/// no more to say, whatever the client has sent or is still sending.
fn relay(client: &TcpStream, server: &TcpStream) {
    let is_over = AtomicBool::new(false);
    client.set_read_timeout(Some(Duration::from_millis(1))).unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            let mut chunk = [0; 1_024];
            while !is_over.load(Ordering::Relaxed) {
                match (&*client).read(&mut chunk) {
                    Ok(0) => return,
                    Ok(count) if (&*server).write_all(&chunk[..count]).is_err() => return,
                    Ok(_) => {}
                    Err(error) if error.kind() == ErrorKind::WouldBlock => {}
                    Err(_) => return,
                }
            }
        });
        // How it ends does not matter: the server has no more to say, or the client is gone.
        let _count = io::copy(&mut &*server, &mut &*client);
        is_over.store(true, Ordering::Relaxed);
    });
}

#[test]
fn client_that_writes_first_is_told_by_openssl_why_it_is_refused() {
    if !has_program("openssl") {
        return;
    }
    let root = Authority::root("root");
    let folder = Folder::new();
    let identity = folder.put("server.pem", root.issue(|_| {}).pem());
    let roots = folder.put("root.pem", root.pem());
    let arguments =
        ["s_server", "-accept", "127.0.0.1:0", "-cert", &identity, "-key", &identity, "-tls1_3"];
    let requires = ["-rev", "-CAfile", &roots, "-Verify", "1"];
    let program = Program::start("openssl", arguments.iter().chain(&requires));
    let server = program.listens("ACCEPT 127.0.0.1:");
    let client = Client::trusting(&root);
    // `s_server` is more careful than most and reads on for a while; the relay is not.
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    thread::scope(|scope| {
        scope.spawn(|| {
            for _ in 0..RUNS {
                let client = accept(&listener).unwrap();
                relay(&client, &TcpStream::connect(server).unwrap());
            }
        });
        (0..RUNS).for_each(|run| is_told_why(&client, address, written(run)));
    });
}
