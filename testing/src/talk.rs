//! An end of ours on a socket.

use std::io::{Error, ErrorKind};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use countersign::connection::Connection;
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::handshake::closing::ClosingPlan;
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::event::{Negotiated, Refusal};
use countersign::handshake::{End, Fact};
use countersign::recording::Recorder;

use crate::ends::{Client, Server};
use crate::key_log::KeyLog;
use crate::stream::{Event, Stream};

/// How long a peer may be silent: nothing can hang.
const PATIENCE: Duration = Duration::from_secs(20);

type Answers<'p> = dyn Fn(Decision) -> Result<Answer, Decision> + 'p;

/// A connection of ours on a socket, and what it has said so far.
pub struct Talk<'p> {
    stream: Stream,
    answers: Box<Answers<'p>>,
    /// Application data received, early data included.
    pub data: Vec<u8>,
    /// Facts learned.
    pub facts: Vec<Fact>,
    /// The end.
    pub end: Option<End>,
}

impl<'p> Talk<'p> {
    /// Connects `client` to a server at `address`.
    ///
    /// # Errors
    /// The socket's.
    pub fn connect(client: &'p Client, address: SocketAddr) -> Result<Self, Error> {
        let (socket, answers) = (TcpStream::connect(address)?, Box::new(|q| client.answer(q)));
        Self::new(client.connection(), Vec::new(), socket, None, answers)
    }

    /// As [`connect`](Self::connect), with early data right behind the ClientHello.
    ///
    /// # Errors
    /// The socket's.
    ///
    /// # Panics
    /// If the client may not send so much early data.
    pub fn connect_early(
        client: &'p Client,
        address: SocketAddr,
        early: &[u8],
    ) -> Result<Self, Error> {
        let (mut connection, mut output) = (client.connection(), Vec::new());
        let written = connection.write_early_data(early, &mut output);
        assert_eq!(written, Ok(early.len()));
        let (socket, answers) = (TcpStream::connect(address)?, Box::new(|q| client.answer(q)));
        Self::new(connection, output, socket, None, answers)
    }

    /// As [`connect`](Self::connect), with a key log at this path.
    ///
    /// # Errors
    /// The socket's and the file's.
    pub fn connect_with_key_log(
        client: &'p Client,
        address: SocketAddr,
        key_log: &Path,
    ) -> Result<Self, Error> {
        let (socket, log) = (TcpStream::connect(address)?, KeyLog::open(key_log, Role::Client)?);
        let answers = Box::new(|question| client.answer(question));
        Self::new(client.connection(), Vec::new(), socket, Some(log), answers)
    }

    /// Accepts one client, if it comes soon enough.
    ///
    /// # Errors
    /// The socket's.
    pub fn accept(server: &'p Server, listener: &TcpListener) -> Result<Self, Error> {
        Self::accept_with(server, listener, |question| server.answer(question))
    }

    /// As [`accept`](Self::accept), with answers of one's own.
    ///
    /// # Errors
    /// The socket's.
    pub fn accept_with(
        server: &Server,
        listener: &TcpListener,
        answers: impl Fn(Decision) -> Result<Answer, Decision> + 'p,
    ) -> Result<Self, Error> {
        let socket = accept(listener)?;
        Self::new(server.connection(), Vec::new(), socket, None, Box::new(answers))
    }

    fn new(
        connection: Connection,
        output: Vec<u8>,
        socket: TcpStream,
        key_log: Option<KeyLog>,
        answers: Box<Answers<'p>>,
    ) -> Result<Self, Error> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let stream = Stream::new(connection, output, socket, key_log, None);
        Ok(Self { stream, answers, data: Vec::new(), facts: Vec::new(), end: None })
    }

    /// Deals with one event; whether there may be more.
    ///
    /// # Panics
    /// If a question has no answer.
    fn go_on(&mut self) -> bool {
        match self.stream.next() {
            Event::Data(data) => self.data.extend_from_slice(&data),
            Event::Learned(fact) => self.facts.push(fact),
            Event::Decide(question) => {
                let answer = (self.answers)(question).expect("an answer");
                self.stream.answer(answer).expect("the open question");
            }
            Event::Ended(end) => self.end = Some(end),
        }
        self.end.is_none()
    }

    /// Goes on until `reached`.
    ///
    /// # Panics
    /// If the connection ends first.
    pub fn until(&mut self, reached: impl Fn(&Self) -> bool) {
        while !reached(self) {
            assert!(self.go_on(), "{:?} {:?}", self.end, self.stream.fault());
        }
    }

    /// Goes on until the handshake is complete.
    ///
    /// # Panics
    /// If the connection ends first.
    pub fn complete(&mut self) {
        self.until(|talk| talk.count(|fact| matches!(fact, Fact::Complete)) == 1);
    }

    /// Goes on until these bytes have arrived; what came before them is dropped.
    ///
    /// # Panics
    /// If the connection ends first.
    pub fn hear(&mut self, expected: &[u8]) {
        let found = |data: &[u8]| data.windows(expected.len()).position(|bytes| bytes == expected);
        self.until(|talk| found(&talk.data).is_some());
        let position = found(&self.data).unwrap_or_default();
        self.data.drain(..position + expected.len());
    }

    /// Goes on until the end.
    ///
    /// # Panics
    /// If there is none, which cannot be.
    pub fn end(&mut self) -> End {
        while self.go_on() {}
        self.end.clone().expect("the end")
    }

    /// Goes on until the end, which is a refusal of the peer's.
    ///
    /// # Panics
    /// If it is another end.
    pub fn refusal(&mut self) -> Refusal {
        match self.end() {
            End::Refused(refusal) => refusal,
            other => panic!("{other:?} {:?}", self.stream.fault()),
        }
    }

    /// Goes on until the end, which is a failure that we found: its cause.
    ///
    /// # Panics
    /// If it is another end.
    pub fn failure(&mut self) -> Cause {
        match self.end() {
            End::Failed(failure) => failure.cause,
            other => panic!("{other:?}"),
        }
    }

    /// Sends data.
    ///
    /// # Panics
    /// If there is no connection to send it over.
    pub fn say(&mut self, data: &[u8]) {
        self.stream.write(data).expect("a connection");
    }

    /// Whether the transport has failed.
    #[must_use]
    pub const fn transport_failed(&self) -> bool {
        self.stream.fault().is_some()
    }

    /// The connection, for orders; they are carried out with whatever comes next.
    pub const fn connection(&mut self) -> &mut Recorder {
        self.stream.connection()
    }

    /// Closes, waits for the peer to close, and leaves.
    ///
    /// # Panics
    /// If the connection does not end in order.
    pub fn close(mut self) {
        self.connection().close().expect("a connection");
        assert_eq!(self.end(), End::Closed, "{:?}", self.stream.fault());
        self.leave();
    }

    /// Leaves in such a way that the peer can read our last words.
    pub fn leave(self) {
        self.stream.leave(self.end.map_or(ClosingPlan::DRAIN, |end| end.closing()));
    }

    /// How many such facts are known.
    pub fn count(&self, is_it: impl Fn(&Fact) -> bool) -> usize {
        self.facts.iter().filter(|fact| is_it(fact)).count()
    }

    /// What was negotiated.
    ///
    /// # Panics
    /// If nothing is yet.
    #[must_use]
    pub fn negotiated(&self) -> &Negotiated {
        let negotiated = self.facts.iter().find_map(|fact| match fact {
            Fact::Negotiated(negotiated) => Some(negotiated),
            _ => None,
        });
        negotiated.expect("parameters")
    }
}

/// The next connection, if it comes soon enough.
///
/// # Errors
/// The socket's.
pub fn accept(listener: &TcpListener) -> Result<TcpStream, Error> {
    let deadline = Instant::now() + PATIENCE;
    listener.set_nonblocking(true)?;
    loop {
        match listener.accept() {
            Ok((socket, _)) => return socket.set_nonblocking(false).map(|()| socket),
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            Err(error) if Instant::now() > deadline => return Err(error),
            Err(_) => thread::sleep(Duration::from_millis(1)),
        }
    }
}
