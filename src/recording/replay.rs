//! A recording, run again.

use core::fmt;
use std::sync::Arc;

use super::configuration::{Field, read_client, read_destination, read_server};
use super::journal::{CUT, Difference, Journal};
use super::line::{NONE, Words};
use super::{Recorder, answers, tapped};
use crate::compression::CertificateCompression;
use crate::connection::{Padding, Polled};
use crate::crypto::Provider;
use crate::failure::Misuse;
use crate::handshake::decision::{CertificateFault, Serial};
use crate::handshake::event::NewTicket;
use crate::handshake::{Answer, ClientConfig, ServerConfig};

/// A full recording that is run again, step by step. Nothing is drawn and no key is agreed on:
/// randomness, the outcomes of key exchanges and the answers are those of the recording.
#[derive(Debug)]
pub struct Replay {
    recorder: Recorder,
    journal: Journal,
    provider: Provider,
    input: Vec<u8>,
    output: Vec<u8>,
}

/// Why a recording cannot be run, or not to its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fault {
    /// A line, counted from 1, is not as recordings are written; or it names a suite or a
    /// compression that is not there.
    Unreadable {
        /// Which line.
        line: usize,
    },
    /// The recording is redacted: there is nothing to run.
    Redacted,
    /// The configuration is refused.
    Misuse(Misuse),
    /// Something else happens now.
    Different(Difference),
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable { line } => write!(f, "line {line} cannot be read"),
            Self::Redacted => f.write_str("the recording is redacted"),
            Self::Misuse(misuse) => misuse.fmt(f),
            Self::Different(difference) => difference.fmt(f),
        }
    }
}

impl core::error::Error for Fault {}

const NAME: &str = "countersign-recording";
const VERSION: u8 = 1;
const FULL: &str = "full";

/// What stands for the number of a question that this connection has not asked.
pub(super) const FOREIGN: &str = "foreign";

/// Whether the caller's output was empty when bytes were about to be appended to it.
pub(super) const EMPTY: &str = "empty";
pub(super) const HELD: &str = "held";

pub(super) fn tell_head(journal: &Journal, role: &str) {
    let detail = if journal.is_full() { FULL } else { "redacted" };
    journal.put(NAME, |line| line.word(format_args!("{VERSION} {detail} {role}")));
}

pub(super) fn tell_start(journal: &Journal, padding: Padding) {
    journal.put("start", |line| padding.tell(line));
}

/// The lines of a configuration, one after the other.
pub(super) struct Fields<'t> {
    lines: &'t [String],
    next: usize,
}

impl Fields<'_> {
    /// Reads the line that begins with `verb`.
    pub(super) fn line<Value>(
        &mut self,
        verb: &str,
        read: impl FnOnce(&mut Words<'_>) -> Option<Value>,
    ) -> Result<Value, Fault> {
        let line = self.lines.get(self.next);
        self.next += 1;
        let value = line.and_then(|line| {
            let mut words = Words::new(line);
            let value = read(words.word().filter(|word| *word == verb).map(|_| &mut words)?)?;
            words.end().map(|()| value)
        });
        value.ok_or(Fault::Unreadable { line: self.next })
    }

    /// Reads the line that begins with `verb` and a name.
    pub(super) fn field<Value>(
        &mut self,
        verb: &str,
        name: &str,
        read: impl FnOnce(&mut Words<'_>) -> Option<Value>,
    ) -> Result<Value, Fault> {
        self.line(verb, |words| {
            words.word().filter(|word| *word == name)?;
            read(words)
        })
    }
}

impl Replay {
    /// Makes the machine that was recorded; `provider` has the suites and verifies signatures,
    /// and where certificates were compressed, these are the algorithms.
    ///
    /// # Errors
    /// A [`Fault`] of the lines about the configuration.
    pub fn new(
        text: &str,
        provider: Provider,
        compressions: &[Arc<dyn CertificateCompression>],
    ) -> Result<Self, Fault> {
        let lines: Vec<String> = text.lines().map(String::from).collect();
        let journal = Journal::compared(lines.clone());
        let mut fields = Fields { lines: &lines, next: 0 };
        let is_client = fields.line(NAME, |words| {
            words.number().filter(|version: &u8| *version == VERSION)?;
            let is_full = words.word()? == FULL;
            match words.word()? {
                "client" => Some((is_full, true)),
                "server" => Some((is_full, false)),
                _ => None,
            }
        });
        let recorder = match is_client? {
            (false, _) => return Err(Fault::Redacted),
            (true, true) => Self::client(fields, &provider, compressions, &journal)?,
            (true, false) => Self::server(fields, &provider, compressions, &journal)?,
        };
        match journal.difference() {
            Some(difference) => Err(Fault::Different(difference)),
            None => {
                let (input, output) = (Vec::new(), Vec::new());
                Ok(Self { recorder, journal, provider, input, output })
            }
        }
    }

    fn client(
        mut fields: Fields<'_>,
        provider: &Provider,
        compressions: &[Arc<dyn CertificateCompression>],
        journal: &Journal,
    ) -> Result<Recorder, Fault> {
        let mut config = ClientConfig::new(provider.clone());
        read_client(&mut config, &mut fields, compressions)?;
        let destination = read_destination(&mut fields, provider)?;
        let padding = fields.line("start", Padding::read)?;
        tapped::script(&mut config.provider, config.groups.list().iter(), journal);
        Recorder::start_client(config, destination, padding, journal.clone()).map_err(Fault::Misuse)
    }

    fn server(
        mut fields: Fields<'_>,
        provider: &Provider,
        compressions: &[Arc<dyn CertificateCompression>],
        journal: &Journal,
    ) -> Result<Recorder, Fault> {
        let mut config = ServerConfig::new(provider.clone());
        read_server(&mut config, &mut fields, compressions)?;
        let padding = fields.line("start", Padding::read)?;
        tapped::script(&mut config.provider, config.groups.list().iter(), journal);
        Recorder::start_server(config, padding, journal.clone()).map_err(Fault::Misuse)
    }

    /// Does what the application did next, and holds what comes of it against the recording;
    /// `false`: that was all.
    ///
    /// # Errors
    /// [`Fault::Unreadable`], [`Fault::Different`].
    pub fn step(&mut self) -> Result<bool, Fault> {
        let Some(text) = self.journal.next_line().filter(|text| text != CUT) else {
            return Ok(false);
        };
        let line = self.passed() + 1;
        let mut words = Words::new(&text);
        let verb = words.word().unwrap_or_default();
        if WHAT_COMES_OF_IT.contains(&verb) {
            let replayed = String::from("nothing more");
            return Err(Fault::Different(Difference { line, recorded: text, replayed }));
        }
        self.act(verb, &mut words).ok_or(Fault::Unreadable { line })?;
        self.journal.difference().map_or(Ok(true), |difference| Err(Fault::Different(difference)))
    }

    /// How many lines have been gone through, those of the configuration included.
    #[must_use]
    pub fn passed(&self) -> usize {
        self.journal.passed()
    }

    /// The state in which the machine is, by its name in the transition table.
    #[must_use]
    pub const fn state(&self) -> &'static str {
        self.recorder.handshake().state()
    }

    /// Carries out one line; `None` if it cannot be read.
    fn act(&mut self, verb: &str, words: &mut Words<'_>) -> Option<()> {
        match verb {
            "poll" | "write" | "write-early-data" => return self.carry(verb, words),
            "answer" => return self.answer(words),
            _ => {}
        }
        let recorder = &mut self.recorder;
        // What is wrong with an order is in the recording too.
        let _misuse = match verb {
            "time" => {
                recorder.note_time(words.number()?);
                Ok(())
            }
            "update-keys" => recorder.update_keys(words.number()?),
            "issue-ticket" => {
                let lifetime_seconds = words.number()?;
                let max_early_data_bytes = match words.word()? {
                    NONE => None,
                    bytes => Some(bytes.parse().ok()?),
                };
                recorder.issue_ticket(NewTicket { lifetime_seconds, max_early_data_bytes })
            }
            "request-certificate" => recorder.request_certificate(words.number()?).map(drop),
            "close" => recorder.close(),
            "cancel" => recorder.cancel(),
            "reject" => {
                let name = words.word()?;
                let fault =
                    CertificateFault::ALL.into_iter().find(|fault| format!("{fault:?}") == name)?;
                recorder.reject(fault)
            }
            "transport-write-failed" => {
                recorder.transport_write_failed();
                Ok(())
            }
            "transport-eof" => {
                recorder.transport_eof();
                Ok(())
            }
            "limit-fragments" => {
                recorder.limit_fragments(words.number()?);
                Ok(())
            }
            "park" => {
                recorder.park();
                Ok(())
            }
            _ => return None,
        };
        words.end()
    }

    /// What moves bytes.
    fn carry(&mut self, verb: &str, words: &mut Words<'_>) -> Option<()> {
        let fill = words.word().filter(|fill| [EMPTY, HELD].contains(fill))?;
        let pieces = words.rest()?;
        let Self { recorder, input, output, .. } = self;
        output.resize(usize::from(fill == HELD), 0);
        match verb {
            "poll" => {
                pieces.iter().for_each(|new| input.extend_from_slice(new));
                let Polled { consumed, .. } = recorder.poll(input, output);
                input.drain(..consumed.min(input.len()));
            }
            "write" => {
                let _misuse = recorder.write_each(pieces.iter().map(Vec::as_slice), output);
            }
            _ => {
                let _misuse = recorder.write_early_data(&pieces.concat(), output);
            }
        }
        Some(())
    }

    fn answer(&mut self, words: &mut Words<'_>) -> Option<()> {
        let serial = match words.word()? {
            FOREIGN => Serial::first(),
            number => {
                let number: u32 = number.parse().ok()?;
                let mut open = self.recorder.recording.iter().flat_map(|recording| &recording.open);
                open.find(|(open, _)| *open == number)?.1.clone()
            }
        };
        let reply = answers::read(words, &self.provider)?;
        words.end()?;
        let _misuse = self.recorder.answer(Answer { serial, reply });
        Some(())
    }
}

/// The verbs of the lines that nobody orders.
const WHAT_COMES_OF_IT: [&str; 9] =
    ["draw", "share", "respond", "agree", "record", "output", "step", "misuse", "taken"];
