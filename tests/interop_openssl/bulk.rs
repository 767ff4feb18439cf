//! Much data, in pieces of every size.

use countersign::handshake::Fact;
use countersign_testing::Talk;

use crate::{Bench, listener};

/// A generator of numbers that nobody needs to guess (xorshift, by Marsaglia).
struct Numbers(u64);

impl Iterator for Numbers {
    type Item = u64;

    fn next(&mut self) -> Option<u64> {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        Some(self.0)
    }
}

fn bytes(count: usize) -> Vec<u8> {
    let mut bytes = vec![0; count];
    for (eight, number) in bytes.chunks_exact_mut(8).zip(Numbers(88_172_645_463_325_252)) {
        eight.copy_from_slice(&number.to_le_bytes());
    }
    bytes
}

/// `data` in pieces of up to forty thousand bytes.
fn pieces(data: &[u8]) -> impl Iterator<Item = &[u8]> {
    let (mut rest, mut sizes) = (data, Numbers(42));
    std::iter::from_fn(move || {
        let size = usize::try_from(sizes.next()? % 40_000).unwrap() + 1;
        let (piece, behind) = rest.split_at(size.min(rest.len()));
        rest = behind;
        (!piece.is_empty()).then_some(piece)
    })
}

#[test]
fn server_sends_64_mebibytes() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let program = bench.s_client(&listener, &["-CAfile", &bench.roots_file, "-quiet"]);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    let data = bytes(64 << 20);
    pieces(&data).for_each(|piece| talk.say(piece));
    talk.connection().close().unwrap();
    talk.end();
    let (_, received) = program.finish();
    assert!(received == data, "{} bytes arrived", received.len());
}

#[test]
fn server_receives_16_mebibytes() {
    let Some(bench) = Bench::new() else { return };
    let (server, listener) = (bench.server(bench.identity()), listener());
    let more = ["-CAfile", &bench.roots_file, "-nocommands"];
    let mut program = bench.s_client(&listener, &more);
    let mut talk = Talk::accept(&server, &listener).unwrap();
    talk.complete();
    let data = bytes(16 << 20);
    std::thread::scope(|scope| {
        scope.spawn(|| pieces(&data).for_each(|piece| program.tell(piece)));
        talk.until(|talk| talk.data.len() >= data.len());
    });
    assert!(talk.data == data);
    let (_, _said) = program.finish();
    talk.until(|talk| talk.count(|fact| matches!(fact, Fact::PeerClosed)) == 1);
}

#[test]
fn client_sends_16_mebibytes() {
    let Some(bench) = Bench::new() else { return };
    let (program, address) = bench.s_server(bench.identity(), &["-tls1_3", "-naccept", "1"]);
    let client = bench.client();
    let mut talk = Talk::connect(&client, address).unwrap();
    talk.complete();
    let data = bytes(16 << 20);
    pieces(&data).for_each(|piece| talk.say(piece));
    talk.close();
    // Around the data it tells about the connection.
    let (_, said) = program.finish();
    let start = said.windows(64).position(|bytes| data.starts_with(bytes)).unwrap();
    assert!(said[start..].starts_with(&data), "{} bytes arrived", said.len());
}
