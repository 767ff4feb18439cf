//! Two ends of one library, and somebody who watches what each costs.

use std::hint::black_box;
use std::time::{Duration, Instant};

/// How two ends meet. Always TLS_AES_128_GCM_SHA256, ECDSA on P-256 and no ticket issued; X25519 if
/// nothing else is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scenario {
    /// The server has a certificate.
    Full,
    /// So has the client.
    Mutual,
    /// Neither has: they have a PSK from an earlier connection, and run (EC)DHE beside it. The
    /// server keeps its tickets and hands out their names, so nobody seals or opens one.
    Resumed,
    /// The server requires a certificate and the client has none: `certificate_required(116)`.
    Refused,
    /// As [`Full`](Self::Full), with X25519MLKEM768.
    Hybrid,
    /// As [`Full`](Self::Full), where the client has met the server's chain before and remembers
    /// that its signatures verify, if it can do that.
    Remembered,
}

impl Scenario {
    /// All of them.
    pub const ALL: [Self; 6] =
        [Self::Full, Self::Remembered, Self::Mutual, Self::Resumed, Self::Refused, Self::Hybrid];

    /// In a word.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Full => "full",
            Self::Mutual => "mutual",
            Self::Resumed => "resumed",
            Self::Refused => "refused",
            Self::Hybrid => "hybrid",
            Self::Remembered => "remembered",
        }
    }
}

/// Which of the two ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Side {
    /// The one that begins.
    Client,
    /// The other.
    Server,
}

/// An implementation of TLS.
pub trait Library {
    /// Where a client goes: what its application knows beforehand, which costs nothing here.
    type Destination;
    /// An end of either side.
    type End: End;

    /// How large the value is that an application holds for a connection: at a client, at a server.
    const CONNECTION_BYTES: [usize; 2];

    /// Its name, and on what it stands.
    fn name(&self) -> &'static str;

    /// Whether it has what the scenario takes.
    fn can(&self, scenario: Scenario) -> bool;

    /// Where a client goes in this scenario.
    fn destination(&self, scenario: Scenario) -> Self::Destination;

    /// A client.
    fn client(&self, scenario: Scenario, destination: Self::Destination) -> Self::End;

    /// A server.
    fn server(&self, scenario: Scenario) -> Self::End;
}

/// One end of a connection.
pub trait End {
    /// Takes all of `input`, and appends to `output` what is to be sent; returns how many bytes of
    /// application data were received.
    fn turn(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) -> usize;

    /// Appends `data`, protected, to `output`.
    fn send(&mut self, data: &[u8], output: &mut Vec<u8>);

    /// Makes room in an empty `wire` for so many records of so many bytes, for an end that protects
    /// data where it lies.
    fn make_room(&self, _content_bytes: usize, _count: usize, _wire: &mut Vec<u8>) {}

    /// Protects as many bytes as `data` has where they lie in `wire`, for the `nth` of the records for
    /// which there is room; or appends `data`, as [`send`](Self::send) does.
    fn send_in_place(&mut self, data: &[u8], _nth: usize, wire: &mut Vec<u8>) {
        self.send(data, wire);
    }

    /// Appends `data` so many times, protected, each time in a record of its own.
    fn send_each(&mut self, data: &[u8], times: usize, output: &mut Vec<u8>) {
        for _ in 0..times {
            self.send(data, output);
        }
    }

    /// Whether it all went as the scenario wants.
    fn agrees_with(&self, scenario: Scenario) -> bool;
}

/// Somebody who watches the work of each side.
pub trait Meter {
    /// Does the work and watches.
    fn watch<T>(&mut self, side: Side, work: impl FnOnce() -> T) -> T;
}

/// More than any flight has.
const BUFFER_BYTES: usize = 65_536;

/// Lets two ends meet, until nobody has anything more to say. The buffers between them are there
/// before, and nobody's.
///
/// # Panics
/// If it does not go as the scenario wants.
pub fn meet<L: Library>(
    library: &L,
    scenario: Scenario,
    meter: &mut impl Meter,
) -> (L::End, L::End) {
    let (mut to_client, mut to_server) =
        (Vec::with_capacity(BUFFER_BYTES), Vec::with_capacity(BUFFER_BYTES));
    let destination = library.destination(scenario);
    let mut client = meter.watch(Side::Client, || library.client(scenario, destination));
    let mut server = meter.watch(Side::Server, || library.server(scenario));
    loop {
        meter.watch(Side::Client, || client.turn(&mut to_client, &mut to_server));
        if to_server.is_empty() {
            break;
        }
        meter.watch(Side::Server, || server.turn(&mut to_server, &mut to_client));
    }
    for end in [&client, &server] {
        assert!(end.agrees_with(scenario), "{}: {}", library.name(), scenario.name());
    }
    (client, server)
}

/// Watches nothing.
#[derive(Clone, Copy, Debug)]
pub struct Unwatched;

impl Meter for Unwatched {
    fn watch<T>(&mut self, _: Side, work: impl FnOnce() -> T) -> T {
        work()
    }
}

/// Takes the time.
#[derive(Clone, Copy, Debug, Default)]
pub struct Clock {
    /// What the client took.
    pub client: Duration,
    /// What the server took.
    pub server: Duration,
}

impl Meter for Clock {
    fn watch<T>(&mut self, side: Side, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        let took = start.elapsed();
        match side {
            Side::Client => self.client += took,
            Side::Server => self.server += took,
        }
        result
    }
}

/// Does the work of each side inside a function of its own, which a profiler can tell apart.
#[derive(Clone, Copy, Debug)]
pub struct Marked;

impl Meter for Marked {
    fn watch<T>(&mut self, side: Side, work: impl FnOnce() -> T) -> T {
        match side {
            Side::Client => client_side(work),
            Side::Server => server_side(work),
        }
    }
}

// What follows the work keeps each of these on the stack, and the compiler from making them one.

#[inline(never)]
fn client_side<T>(work: impl FnOnce() -> T) -> T {
    let result = work();
    black_box(Side::Client);
    result
}

#[inline(never)]
fn server_side<T>(work: impl FnOnce() -> T) -> T {
    let result = work();
    black_box(Side::Server);
    result
}
