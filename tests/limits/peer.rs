//! A client put together by hand, which can send what no [`Connection`] sends.

use countersign::connection::Connection;
use countersign::crypto::Sealer;
use countersign::crypto::aead::TAG_BYTES;
use countersign::epoch::{Direction, Epoch};
use countersign::handshake::{Handshake, Output};
use countersign::record::{Content, Inbound, Outbound, Padding};
use countersign_testing::{Identity, Setup, Socket};

/// A connected client with its sending key in the hands of the test, and the server it talks to.
pub(crate) struct Peer {
    pub(crate) server: Socket,
    sealer: Sealer,
}

impl Peer {
    /// Connects the two ends of `setup`.
    pub(crate) fn connect(setup: Setup) -> Self {
        let (client, server) = setup.handshakes();
        let mut server = Socket::new(Connection::new(server));
        let mut inbound = Inbound::new(client.role(), Setup::default().client.limits);
        inbound.open_change_cipher_spec_window();
        let mut outbound = Outbound::new(client.role(), Padding::None);
        let mut client = client;
        loop {
            let (written, sealer) = speak(&mut client, &mut inbound, &mut outbound);
            server.input.extend_from_slice(&written);
            server.work(&mut |question| Ok(Identity::example().answer(question)));
            if let Some(sealer) = sealer {
                return Self { server, sealer };
            }
            let mut received = std::mem::take(&mut server.output);
            hear(&mut client, &mut inbound, &mut outbound, &mut received, &mut server.input);
        }
    }

    /// Sends one protected record, and lets the server read it.
    pub(crate) fn send(&mut self, content_type: u8, content: &[u8]) {
        let mut inner = [content, &[content_type]].concat();
        let length = u16::try_from(inner.len() + TAG_BYTES).expect("a record");
        let [high, low] = length.to_be_bytes();
        let header = [23, 3, 3, high, low];
        let tag = self.sealer.seal(&header, &mut inner).expect("a key");
        self.server.input.extend([&header[..], &inner, &tag].concat());
        self.server.work(&mut |question| Ok(Identity::example().answer(question)));
    }
}

/// Takes the client's outputs: what it writes, and its application key once it has that.
fn speak(
    client: &mut Handshake,
    inbound: &mut Inbound,
    outbound: &mut Outbound,
) -> (Vec<u8>, Option<Sealer>) {
    let (mut written, mut sealer) = (Vec::new(), None);
    while let Some(output) = client.poll() {
        match output {
            Output::Send { bytes, .. } => outbound.handshake(&bytes, &mut written).expect("a key"),
            Output::Key { direction: Direction::Receive, secret, .. } => inbound.set_key(&secret),
            Output::Key { direction: Direction::Send, epoch, secret } => {
                outbound.set_key(&secret);
                if epoch == Epoch::Application {
                    sealer = Some(Sealer::new(secret.suite, secret.secret()));
                }
            }
            Output::Decide(question) => {
                client.answer(Identity::example().answer(question)).expect("it is open");
            }
            Output::Learned(_) => {}
            other => panic!("{other:?}"),
        }
    }
    (written, sealer)
}

/// Lets the client read the server's records; what it writes meanwhile goes to the server.
fn hear(
    client: &mut Handshake,
    inbound: &mut Inbound,
    outbound: &mut Outbound,
    mut received: &mut [u8],
    to_server: &mut Vec<u8>,
) {
    while !received.is_empty() {
        let length = 5 + usize::from(u16::from_be_bytes([received[3], received[4]]));
        let (record, rest) = received.split_at_mut(length);
        let record = inbound.next(record, false).expect("a record").expect("a whole one");
        if let Content::Handshake(bytes) = record.content {
            let epoch = client.receive_epoch();
            client.receive(epoch, bytes).expect("running");
        }
        received = rest;
        if !received.is_empty() {
            let (written, sealer) = speak(client, inbound, outbound);
            assert!(sealer.is_none(), "the server's flight is not over");
            to_server.extend(written);
        }
    }
}
