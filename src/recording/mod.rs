//! Recordings: the course of a connection as text, to be shown to somebody or to be run again.
//!
//! A [`Recorder`] is used in place of a [`Connection`] and writes down, line by line, what the
//! application does and what comes of it. It does no output: the application takes the text and
//! puts it where it likes.
//!
//! A [redacted](Detail::Redacted) recording is fit to be shown: it has the configuration, the
//! headers of records, transitions, questions, what was answered, facts, alerts and the end, and of
//! everything else no more than its length. A full one, which tests make with the feature
//! `conformance`, has every byte and every draw, keys and all; a [`Replay`] runs the same machine
//! through it and finds the first line that is different now.

mod answers;
mod configuration;
mod journal;
mod line;
mod orders;
mod records;
mod replay;
mod tapped;
mod told;

use std::sync::Arc;

pub use self::journal::Difference;
use self::journal::Journal;
use self::line::Line;
use self::records::Records;
pub use self::replay::{Fault, Replay};
use crate::connection::{Connection, Padding, Polled, Step};
#[cfg(feature = "conformance")]
use crate::epoch::{Direction, Epoch};
use crate::failure::Misuse;
use crate::handshake::config::Profile;
use crate::handshake::decision::Serial;
use crate::handshake::{Answer, ClientConfig, Decision, Destination, Handshake, ServerConfig};
#[cfg(feature = "conformance")]
use crate::key_schedule::TrafficSecret;

/// How much a recording tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Detail {
    /// Nothing that is a secret, names anybody, or was said over the connection: of randomness,
    /// keys, data, certificates, tickets and names, the length at most.
    Redacted,
    /// Everything, so that it can be run again. Whoever has the text has the connection and the
    /// keys that were given to it: for tests.
    #[cfg(feature = "conformance")]
    Full,
}

/// A [`Connection`] whose course is written down; it has the same methods. Made
/// [from](From::from) a connection it writes nothing.
#[derive(Debug)]
pub struct Recorder {
    connection: Connection,
    recording: Option<Recording>,
}

#[derive(Debug)]
struct Recording {
    journal: Journal,
    /// How many bytes of input the connection has seen and not used up.
    seen: usize,
    received: Records,
    sent: Records,
    /// How many questions were asked, and those that are open.
    asked: u32,
    open: Vec<(u32, Serial)>,
}

impl From<Connection> for Recorder {
    fn from(connection: Connection) -> Self {
        Self { connection, recording: None }
    }
}

impl Recorder {
    /// A client over a byte stream, recorded from its first draw. Transitions are reported.
    ///
    /// # Errors
    /// [`Misuse::Configuration`]; [`Misuse::NotInThisProfile`] for QUIC, which has no byte stream.
    pub fn client(
        config: &ClientConfig,
        destination: Destination,
        padding: Padding,
        detail: Detail,
    ) -> Result<Self, Misuse> {
        let journal = Journal::written(detail != Detail::Redacted);
        let mut config = config.clone();
        if journal.is_full() {
            tapped::note(&mut config.provider, &journal);
        }
        Self::start_client(config, destination, padding, journal)
    }

    /// A server over a byte stream, recorded. Transitions are reported.
    ///
    /// # Errors
    /// As [`client`](Self::client).
    pub fn server(config: &ServerConfig, padding: Padding, detail: Detail) -> Result<Self, Misuse> {
        let journal = Journal::written(detail != Detail::Redacted);
        let mut config = config.clone();
        if journal.is_full() {
            tapped::note(&mut config.provider, &journal);
        }
        Self::start_server(config, padding, journal)
    }

    fn start_client(
        mut config: ClientConfig,
        destination: Destination,
        padding: Padding,
        journal: Journal,
    ) -> Result<Self, Misuse> {
        over_records(&config.profile)?;
        config.report_transitions = true;
        replay::tell_head(&journal, "client");
        configuration::tell_client(&config, &journal);
        configuration::tell_destination(&destination, &journal);
        replay::tell_start(&journal, padding);
        let handshake = Handshake::client(Arc::new(config), destination)?;
        Ok(Self::new(handshake, padding, journal))
    }

    fn start_server(
        mut config: ServerConfig,
        padding: Padding,
        journal: Journal,
    ) -> Result<Self, Misuse> {
        over_records(&config.profile)?;
        config.report_transitions = true;
        replay::tell_head(&journal, "server");
        configuration::tell_server(&config, &journal);
        replay::tell_start(&journal, padding);
        let handshake = Handshake::server(Arc::new(config))?;
        Ok(Self::new(handshake, padding, journal))
    }

    fn new(handshake: Handshake, padding: Padding, journal: Journal) -> Self {
        let recording = Recording {
            journal,
            seen: 0,
            received: Records::default(),
            sent: Records::default(),
            asked: 0,
            open: Vec::new(),
        };
        let connection = Connection::with_padding(handshake, padding);
        Self { connection, recording: Some(recording) }
    }

    /// What was written since the last call: whole lines. Who does not call it loses what goes
    /// beyond sixteen megabytes; the text says so then.
    #[must_use]
    pub fn take_text(&mut self) -> String {
        self.recording.as_ref().map(|recording| recording.journal.take_text()).unwrap_or_default()
    }

    /// Notes the time, in milliseconds since whenever the application likes. To the connection it
    /// means nothing.
    pub fn note_time(&mut self, milliseconds: u64) {
        self.put("time", |line| line.word(milliseconds));
    }

    /// As [`Connection::poll`].
    pub fn poll<'b>(&mut self, input: &'b mut [u8], output: &mut Vec<u8>) -> Polled<'b> {
        let Self { connection, recording } = self;
        let Some(recording) = recording else { return connection.poll(input, output) };
        let new = input.get(recording.seen..).unwrap_or_default();
        recording.journal.put("poll", |line| line.word(fill(output)).private(new));
        recording.received.pass("received", new, &recording.journal);
        let (held, length) = (output.len(), input.len());
        let polled = connection.poll(input, output);
        recording.wrote(output.get(held..));
        recording.seen = length.saturating_sub(polled.consumed);
        recording.journal.put("step", |line| told::step(line.word(polled.consumed), &polled.step));
        if let Step::Decide(question) = &polled.step {
            recording.ask(question);
        }
        polled
    }

    /// As [`Connection::answer`].
    ///
    /// # Errors
    /// See there.
    pub fn answer(&mut self, answer: Answer) -> Result<(), Misuse> {
        if let Some(recording) = &mut self.recording {
            let number = recording.close(&answer);
            recording.journal.put("answer", |line| {
                let line = match number {
                    Some(number) => line.word(number),
                    None => line.word(replay::FOREIGN),
                };
                answers::tell(line, &answer.reply)
            });
        }
        let answered = self.connection.answer(answer);
        self.noted(answered)
    }

    /// As [`Connection::write`].
    ///
    /// # Errors
    /// See there.
    pub fn write(&mut self, data: &[u8], output: &mut Vec<u8>) -> Result<(), Misuse> {
        self.write_each([data], output)
    }

    /// As [`Connection::write_each`].
    ///
    /// # Errors
    /// See there.
    pub fn write_each<'d>(
        &mut self,
        pieces: impl IntoIterator<Item = &'d [u8]>,
        output: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        let Self { connection, recording } = self;
        let Some(recording) = recording else { return connection.write_each(pieces, output) };
        let (pieces, held): (Vec<_>, _) = (pieces.into_iter().collect(), output.len());
        recording.journal.put("write", |line| {
            pieces.iter().fold(line.word(fill(output)), |line, piece| line.private(piece))
        });
        let written = connection.write_each(pieces, output);
        recording.wrote(output.get(held..));
        self.noted(written)
    }

    /// As [`Connection::write_with`].
    ///
    /// # Errors
    /// See there.
    pub fn write_with(
        &mut self,
        bytes: usize,
        output: &mut Vec<u8>,
        mut fill_in: impl FnMut(&mut [u8]),
    ) -> Result<(), Misuse> {
        let Self { connection, recording } = self;
        let Some(recording) = recording else {
            return connection.write_with(bytes, output, fill_in);
        };
        let (before, held, mut data) = (fill(output), output.len(), Vec::new());
        let written = connection.write_with(bytes, output, |room| {
            fill_in(room);
            data.extend_from_slice(room);
        });
        recording.journal.put("write", |line| line.word(before).private(&data));
        recording.wrote(output.get(held..));
        self.noted(written)
    }

    /// As [`Connection::write_early_data`].
    ///
    /// # Errors
    /// See there.
    pub fn write_early_data(&mut self, data: &[u8], output: &mut Vec<u8>) -> Result<usize, Misuse> {
        let held = output.len();
        self.put("write-early-data", |line| line.word(fill(output)).private(data));
        let taken = self.connection.write_early_data(data, output);
        if let Some(recording) = &mut self.recording {
            recording.wrote(output.get(held..));
        }
        if let Ok(bytes) = taken {
            self.put("taken", |line| line.word(bytes));
        }
        self.noted(taken)
    }

    /// The handshake, to be looked at.
    #[must_use]
    pub const fn handshake(&self) -> &Handshake {
        self.connection.handshake()
    }

    /// As [`Connection::take_installed_keys`].
    #[cfg(feature = "conformance")]
    pub fn take_installed_keys(&mut self) -> Vec<(Direction, Epoch, TrafficSecret)> {
        self.connection.take_installed_keys()
    }

    fn put(&self, verb: &str, rest: impl FnOnce(Line) -> Line) {
        if let Some(recording) = &self.recording {
            recording.journal.put(verb, rest);
        }
    }

    /// Notes a misuse.
    fn noted<Value>(&self, result: Result<Value, Misuse>) -> Result<Value, Misuse> {
        if let Err(misuse) = &result {
            self.put("misuse", |line| line.word(format_args!("{misuse:?}")));
        }
        result
    }
}

impl Recording {
    /// Notes what was appended to the output.
    fn wrote(&mut self, bytes: Option<&[u8]>) {
        let bytes = bytes.unwrap_or_default();
        if !bytes.is_empty() {
            self.journal.put("output", |line| line.private(bytes));
            self.sent.pass("sent", bytes, &self.journal);
        }
    }

    fn ask(&mut self, question: &Decision) {
        self.open.push((self.asked, question.serial().clone()));
        self.asked = self.asked.saturating_add(1);
    }

    /// The number of the question that is answered.
    fn close(&mut self, answer: &Answer) -> Option<u32> {
        let position = self.open.iter().position(|(_, serial)| *serial == answer.serial)?;
        Some(self.open.remove(position).0)
    }
}

/// Whether bytes of before lie in the caller's output, on which hangs whether it is told to send.
fn fill(output: &[u8]) -> &'static str {
    if output.is_empty() { replay::EMPTY } else { replay::HELD }
}

fn over_records(profile: &Profile) -> Result<(), Misuse> {
    match profile {
        Profile::Records => Ok(()),
        Profile::Quic(_) => Err(Misuse::NotInThisProfile),
    }
}
