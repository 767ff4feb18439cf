//! The form that Linux takes: opened and sealed with from its fields alone, and by a kernel.

use std::io::{Read, Write, stderr};
use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::{Command, Stdio};

use countersign::connection::{Carried, KernelKey};
use countersign::epoch::Role;
use countersign::failure::Misuse;
use countersign::handshake::Fact;
use countersign::handshake::closure::Closure;
use countersign::registry::CipherSuite;
use countersign_testing::{Setup, Socket, Wire, has_program, provider};
use ring::aead::{self, Aad, LessSafeKey, Nonce, UnboundKey};

use crate::{BOTH, connected, end, talk, write};

const APPLICATION_DATA: u8 = 23;
const HANDSHAKE: u8 = 22;

/// What the kernel does with a key: it numbers records.
struct Kernel {
    key: LessSafeKey,
    vector: [u8; 12],
    number: u64,
}

impl Kernel {
    fn with(key: &KernelKey) -> Self {
        // include/uapi/linux/tls.h: 51, 52 and 54.
        let (algorithm, salt_bytes) = match key.cipher_type {
            51 => (&aead::AES_128_GCM, 4),
            52 => (&aead::AES_256_GCM, 4),
            54 => (&aead::CHACHA20_POLY1305, 0),
            other => panic!("no cipher has the number {other}"),
        };
        assert_eq!(key.version, 0x0304);
        assert_eq!(key.salt.as_bytes().len(), salt_bytes);
        let vector = [key.salt.as_bytes(), key.iv.as_bytes()].concat();
        Self {
            key: LessSafeKey::new(UnboundKey::new(algorithm, key.key.as_bytes()).expect("a key")),
            vector: vector.try_into().expect("twelve bytes"),
            number: u64::from_be_bytes(key.rec_seq),
        }
    }

    fn nonce(&mut self) -> Nonce {
        let mut nonce = self.vector;
        nonce[4..].iter_mut().zip(self.number.to_be_bytes()).for_each(|(to, from)| *to ^= from);
        self.number += 1;
        Nonce::assume_unique_for_key(nonce)
    }

    /// The type and the content of the record at the front of `stream`, which is cut off.
    fn open(&mut self, stream: &mut Vec<u8>) -> (u8, Vec<u8>) {
        let length = 5 + usize::from(u16::from_be_bytes([stream[3], stream[4]]));
        let record: Vec<u8> = stream.drain(..length).collect();
        let (header, body) = record.split_at(5);
        let (nonce, mut body) = (self.nonce(), body.to_vec());
        let opened = self.key.open_in_place(nonce, Aad::from(header), &mut body).expect("a tag");
        let (content_type, content) = opened.split_last().expect("a type");
        (*content_type, content.to_vec())
    }

    fn seal(&mut self, content_type: u8, content: &[u8]) -> Vec<u8> {
        let mut body = [content, &[content_type]].concat();
        let length = u16::try_from(body.len() + 16).expect("a record").to_be_bytes();
        let header = [APPLICATION_DATA, 3, 3, length[0], length[1]];
        let nonce = self.nonce();
        self.key.seal_in_place_append_tag(nonce, Aad::from(header), &mut body).expect("room");
        [&header[..], &body].concat()
    }
}

fn carried(wire: Wire, role: Role) -> (Carried, Socket) {
    let (own, peer) = match role {
        Role::Client => (wire.client, wire.server),
        Role::Server => (wire.server, wire.client),
    };
    (own.connection.export().expect("a connection at rest"), peer)
}

fn with_suite(suite: CipherSuite) -> Setup {
    let mut setup = Setup::default();
    setup.client.cipher_suites = [suite].into_iter().collect();
    setup
}

fn say(socket: &mut Socket, data: &[u8]) {
    socket.connection.write(data, &mut socket.output).expect("connected");
}

fn hear(socket: &mut Socket, record: &[u8]) {
    socket.input.extend_from_slice(record);
    socket.work(&mut Err);
}

#[test]
fn records_of_the_other_end_open_and_its_own_are_opened() {
    for suite in provider().suites {
        for role in BOTH {
            for records_before in [0, 1, 5] {
                let mut wire = connected(with_suite(suite.id));
                for _ in 0..records_before {
                    talk(&mut wire);
                }
                let (carried, mut peer) = carried(wire, role);
                let kernel = carried.into_kernel().expect("a suite that it has");
                assert_eq!(kernel.closure, Closure::Open);
                assert_eq!(kernel.maximum_fragment_bytes, 16_384);
                let (mut send, mut receive) =
                    (Kernel::with(&kernel.send), Kernel::with(&kernel.receive));
                peer.data.clear();
                for _ in 0..3 {
                    say(&mut peer, b"said");
                    assert_eq!(receive.open(&mut peer.output), (APPLICATION_DATA, b"said".into()));
                    hear(&mut peer, &send.seal(APPLICATION_DATA, b"heard"));
                }
                assert_eq!((&peer.data[..], &peer.end), (&b"heardheardheard"[..], &None));
            }
        }
    }
}

#[test]
fn next_keys_are_those_of_a_key_update() {
    for suite in provider().suites {
        for role in BOTH {
            let (carried, mut peer) = carried(connected(with_suite(suite.id)), role);
            let kernel = carried.into_kernel().expect("a suite that it has");
            let (mut send, mut receive) =
                (Kernel::with(&kernel.send), Kernel::with(&kernel.receive));
            peer.connection.update_keys(true).expect("connected");
            peer.work(&mut Err);
            assert_eq!(receive.open(&mut peer.output), (HANDSHAKE, vec![24, 0, 0, 1, 1]));
            let mut receive = Kernel::with(&kernel.receive.next());
            say(&mut peer, b"said");
            assert_eq!(receive.open(&mut peer.output), (APPLICATION_DATA, b"said".into()));

            hear(&mut peer, &send.seal(HANDSHAKE, &[24, 0, 0, 1, 0]));
            let mut key = kernel.send.next();
            let mut send = Kernel::with(&key);
            hear(&mut peer, &send.seal(APPLICATION_DATA, b"heard"));
            hear(&mut peer, &send.seal(HANDSHAKE, &[24, 0, 0, 1, 0]));
            key = key.next();
            hear(&mut peer, &Kernel::with(&key).seal(APPLICATION_DATA, b" twice"));
            assert_eq!((&peer.data[..], &peer.end), (&b"heard twice"[..], &None));
            let updates = |fact: &&Fact| matches!(fact, Fact::PeerUpdatedKeys);
            assert_eq!(peer.facts.iter().filter(updates).count(), 2);
        }
    }
}

#[test]
fn keys_that_were_updated_before_are_those_in_use() {
    for role in BOTH {
        let mut wire = connected(Setup::default());
        for updater in BOTH {
            end(&mut wire, updater).connection.update_keys(false).expect("connected");
            talk(&mut wire);
        }
        let (carried, mut peer) = carried(wire, role);
        let kernel = carried.into_kernel().expect("a suite that it has");
        say(&mut peer, b"said");
        let opened = Kernel::with(&kernel.receive).open(&mut peer.output);
        assert_eq!(opened, (APPLICATION_DATA, b"said".into()));
    }
}

#[test]
fn the_kernel_gets_no_connection_that_owes_an_update() {
    let mut wire = connected(Setup::default());
    wire.client.connection.update_keys(true).expect("connected");
    wire.run(|_, _| ());
    let (carried, peer) = carried(wire, Role::Server);
    let refused = carried.into_kernel().expect_err("an answer is owed");
    assert_eq!(refused.misuse, Misuse::Unfinished);
    let setup = Setup::default();
    let server = Socket::new(crate::import(&setup, refused.value));
    let mut wire = Wire { client: peer, server };
    wire.server.connection.update_keys(false).expect("connected");
    wire.run(|_, _| ());
    let (carried, _) = self::carried(wire, Role::Server);
    drop(carried.into_kernel().expect("nothing is owed"));
}

#[test]
fn how_far_the_connection_is_closed_and_how_short_records_are_goes_along() {
    let mut setup = Setup::default();
    setup.client.record_size_limit = Some(1_000);
    setup.server.record_size_limit = Some(500);
    for (role, bytes) in [(Role::Client, 499), (Role::Server, 999)] {
        let mut wire = connected(setup.clone());
        end(&mut wire, role).connection.close().expect("connected");
        wire.run(|_, _| ());
        let kernel = carried(wire, role).0.into_kernel().expect("a suite that it has");
        assert_eq!((kernel.closure, kernel.maximum_fragment_bytes), (Closure::WriteClosed, bytes));
    }
}

#[test]
fn no_secret_of_the_kernels_is_printed() {
    let (carried, _) = carried(connected(Setup::default()), Role::Client);
    let kernel = carried.into_kernel().expect("a suite that it has");
    let printed = format!("{kernel:?}");
    for secret in [&kernel.send.key, &kernel.send.iv, &kernel.send.salt, &kernel.receive.key] {
        let bytes = format!("{:?}", secret.as_bytes());
        assert!(!printed.contains(bytes.trim_matches(['[', ']'])), "{printed}");
    }
    assert!(printed.contains("Secret(..)"));
}

/// Gives the socket on its standard input to the kernel, and answers what it reads, reversed. Without
/// arguments it only tries.
const PROGRAM: &str = "
import socket, sys
TCP_ULP, SOL_TLS, TLS_TX, TLS_RX = 31, 282, 1, 2
if len(sys.argv) == 1:
    listener = socket.create_server(('127.0.0.1', 0))
    tried = socket.create_connection(listener.getsockname())
    tried.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b'tls')
else:
    kept = socket.socket(fileno=0)
    kept.setsockopt(socket.IPPROTO_TCP, TCP_ULP, b'tls')
    kept.setsockopt(SOL_TLS, TLS_TX, bytes.fromhex(sys.argv[1]))
    kept.setsockopt(SOL_TLS, TLS_RX, bytes.fromhex(sys.argv[2]))
    for _ in range(2):
        kept.sendall(kept.recv(100)[::-1])
";

fn python() -> Command {
    let mut python = Command::new("python3");
    python.args(["-c", PROGRAM]);
    python
}

/// Whether the kernel protects records here; whoever runs the tests sees it if it does not.
fn has_kernel_tls() -> bool {
    if !has_program("python3") {
        return false;
    }
    let tried = python().stderr(Stdio::null()).status().expect("a program that is there");
    if !tried.success() {
        let _unsaid = writeln!(stderr(), "skipped: the kernel has no TLS (modprobe tls)");
    }
    tried.success()
}

/// `struct tls12_crypto_info_*`, in hexadecimal.
fn crypto_info(key: &KernelKey) -> String {
    let (version, cipher_type) = (key.version.to_ne_bytes(), key.cipher_type.to_ne_bytes());
    let secrets = [&key.iv, &key.key, &key.salt].map(|secret| secret.as_bytes());
    let info = [&version, &cipher_type, &secrets.concat()[..], &key.rec_seq].concat();
    info.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_kernel_carries_on() {
    if !has_kernel_tls() {
        return;
    }
    for suite in provider().suites {
        for role in BOTH {
            let mut wire = connected(with_suite(suite.id));
            talk(&mut wire);
            write(&mut wire, role, b"one more record this way");
            wire.run(|_, _| ());
            let (carried, mut peer) = carried(wire, role);
            let kernel = carried.into_kernel().expect("a suite that it has");
            let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
            let mut ours = TcpStream::connect(listener.local_addr().unwrap()).expect("a socket");
            let theirs = OwnedFd::from(listener.accept().expect("a socket").0);
            let mut program = python()
                .args([crypto_info(&kernel.send), crypto_info(&kernel.receive)])
                .stdin(Stdio::from(theirs))
                .spawn()
                .expect("a program that is there");
            peer.data.clear();
            for expected in [&b"dias"[..], b"diasdias"] {
                say(&mut peer, b"said");
                ours.write_all(&std::mem::take(&mut peer.output)).expect("a socket");
                while peer.data.len() < expected.len() {
                    let mut bytes = [0; 256];
                    let count = ours.read(&mut bytes).expect("a socket");
                    assert!(count > 0, "{:?}: {:?}", suite.id, program.wait());
                    hear(&mut peer, &bytes[..count]);
                }
                assert_eq!((&peer.data[..], &peer.end), (expected, &None));
            }
            assert!(program.wait().expect("a program").success());
        }
    }
}
