//! A connection over TCP: the loop that every embedder of a byte stream writes once.

use std::fs::File;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::time::{Duration, Instant};

use countersign::connection::{Polled, Step};
use countersign::epoch::Direction;
use countersign::failure::Misuse;
use countersign::handshake::closing::ClosingPlan;
use countersign::handshake::{Answer, Decision, End, Fact};
use countersign::recording::Recorder;

use super::key_log::KeyLog;

/// A connection, its socket, and the bytes between the two.
#[derive(Debug)]
pub(crate) struct Stream {
    connection: Recorder,
    /// Where the course is written to, if it is recorded.
    recording: Option<File>,
    began: Instant,
    socket: TcpStream,
    /// What has arrived and is not used up.
    input: Vec<u8>,
    /// What is to be sent.
    output: Vec<u8>,
    key_log: Option<KeyLog>,
    /// The first error of the transport's.
    fault: Option<io::Error>,
}

/// What there is to deal with.
#[derive(Debug)]
pub(crate) enum Event {
    Data(Vec<u8>),
    /// To be answered with [`Stream::answer`].
    Decide(Decision),
    Learned(Fact),
    Ended(End),
}

/// How much is read at a time.
const READ_BYTES: usize = 32_768;

impl Stream {
    /// `output` is sent first: early data, if there is some. To `recording` goes the course, if the
    /// connection is recorded.
    pub(crate) fn new(
        connection: impl Into<Recorder>,
        output: Vec<u8>,
        socket: TcpStream,
        key_log: Option<KeyLog>,
        recording: Option<File>,
    ) -> Self {
        Self {
            connection: connection.into(),
            recording,
            began: Instant::now(),
            socket,
            input: Vec::new(),
            output,
            key_log,
            fault: None,
        }
    }

    /// Sends and receives until there is something to deal with.
    pub(crate) fn next(&mut self) -> Event {
        loop {
            let Polled { consumed, step } = self.connection.poll(&mut self.input, &mut self.output);
            let mut is_hungry = false;
            let event = match step {
                Step::Send => None,
                // While a question is open the peer may still send an alert.
                Step::Receive | Step::Waiting => {
                    is_hungry = true;
                    None
                }
                // Early data comes only to servers whose tickets permit it.
                Step::Data(data) | Step::EarlyData(data) => Some(Event::Data(data.to_vec())),
                Step::Decide(decision) => Some(Event::Decide(decision)),
                Step::Learned(fact) => Some(Event::Learned(fact)),
                Step::Ended(end) => Some(Event::Ended(end)),
            };
            self.input.drain(..consumed);
            self.send();
            self.keep();
            match event {
                Some(event) => return event,
                None if is_hungry => self.receive(),
                None => {}
            }
        }
    }

    /// Sends application data.
    pub(crate) fn write(&mut self, data: &[u8]) -> Result<(), Misuse> {
        self.connection.write(data, &mut self.output)?;
        self.send();
        Ok(())
    }

    pub(crate) fn answer(&mut self, answer: Answer) -> Result<(), Misuse> {
        self.connection.answer(answer)
    }

    /// The connection, for orders; what they make it send leaves with the next event.
    pub(crate) const fn connection(&mut self) -> &mut Recorder {
        &mut self.connection
    }

    /// Why the transport failed, if it did. An alert that came all the same says more.
    pub(crate) const fn fault(&self) -> Option<&io::Error> {
        self.fault.as_ref()
    }

    /// Closes the socket as planned, so that the peer gets to read our last words.
    pub(crate) fn leave(mut self, plan: ClosingPlan) {
        self.keep();
        if plan.shut_down_write && self.socket.shutdown(Shutdown::Write).is_err() {
            return;
        }
        let deadline = Instant::now() + Duration::from_millis(plan.drain_milliseconds.into());
        let mut drained = 0;
        let mut chunk = [0; 4_096];
        while drained < plan.drain_bytes {
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() || self.socket.set_read_timeout(Some(left)).is_err() {
                return;
            }
            match self.socket.read(&mut chunk) {
                Ok(0) | Err(_) => return,
                Ok(count) => drained += count,
            }
        }
    }

    fn send(&mut self) {
        self.log(Direction::Send, 0);
        if self.output.is_empty() {
            return;
        }
        if let Err(error) = self.socket.write_all(&self.output) {
            // Reading goes on: what the peer has to say about it may have arrived already.
            self.connection.transport_write_failed();
            self.fault.get_or_insert(error);
        }
        self.output.clear();
    }

    fn receive(&mut self) {
        let received = self.input.len();
        let mut chunk = [0; READ_BYTES];
        match self.socket.read(&mut chunk) {
            Ok(0) => self.connection.transport_eof(),
            Ok(count) => self.input.extend(chunk.iter().take(count)),
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => {
                self.fault.get_or_insert(error);
                self.connection.transport_eof();
            }
        }
        self.log(Direction::Receive, received);
        let milliseconds = self.began.elapsed().as_millis();
        self.connection.note_time(u64::try_from(milliseconds).unwrap_or(u64::MAX));
    }

    /// Writes down what has been recorded since the last time.
    fn keep(&mut self) {
        let text = self.connection.take_text();
        if let Some(file) = &mut self.recording
            && let Err(error) = file.write_all(text.as_bytes())
        {
            eprintln!("recording: {error}");
        }
    }

    /// Shows the key log what is new on its way in this direction, and the keys.
    fn log(&mut self, direction: Direction, from: usize) {
        let keys = self.connection.take_installed_keys();
        let Some(log) = &mut self.key_log else { return };
        let bytes = match direction {
            Direction::Send => &self.output,
            Direction::Receive => &self.input,
        };
        log.look(direction, bytes.get(from..).unwrap_or_default());
        for (direction, epoch, secret) in &keys {
            if let Err(error) = log.note(*direction, *epoch, secret) {
                eprintln!("key log: {error}");
            }
        }
    }
}
