//! Where lines go: into a text that is written, or against one that was.

use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::line::{Line, Words};
use crate::crypto::group::GroupFailure;

/// The lines of one run. Whoever has something to say shares it.
#[derive(Clone)]
pub(super) struct Journal {
    is_full: bool,
    book: Arc<Mutex<Book>>,
}

enum Book {
    Written { text: String, is_cut: bool },
    Compared { lines: Vec<String>, next: usize, difference: Option<Difference> },
}

/// Where a replay departs from its recording.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// The line of the recording, counted from 1.
    pub line: usize,
    /// What it says.
    pub recorded: String,
    /// What happened.
    pub replayed: String,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, recorded, replayed } = self;
        write!(f, "line {line}: recorded was\n  {recorded}\nand now it is\n  {replayed}")
    }
}

/// What came from outside because the machine wanted it: strings of bytes, or a failure.
pub(super) type Outcome = Result<Vec<Vec<u8>>, GroupFailure>;

/// The last line of a recording that became too long.
pub(super) const CUT: &str = "cut";

/// How much is held for a caller who does not take it.
const HELD_BYTES: usize = 1 << 24;

impl Journal {
    pub(super) fn written(is_full: bool) -> Self {
        let book = Book::Written { text: String::new(), is_cut: false };
        Self { is_full, book: Arc::new(Mutex::new(book)) }
    }

    pub(super) fn compared(lines: Vec<String>) -> Self {
        let book = Book::Compared { lines, next: 0, difference: None };
        Self { is_full: true, book: Arc::new(Mutex::new(book)) }
    }

    pub(super) const fn is_full(&self) -> bool {
        self.is_full
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A line that begins with `verb`.
    pub(super) fn put(&self, verb: &str, rest: impl FnOnce(Line) -> Line) {
        let text = rest(Line::new(verb, self.is_full)).into_text();
        self.book().put(text);
    }

    /// A line that ends with what `real` comes to or, in a replay, with what it came to.
    pub(super) fn outcome(
        &self,
        verb: &str,
        asked: impl FnOnce(Line) -> Line,
        real: impl FnOnce() -> Outcome,
    ) -> Outcome {
        let asked = asked(Line::new(verb, self.is_full));
        let mut book = self.book();
        if let Book::Compared { .. } = &*book {
            let recorded = book.recorded_outcome(asked.into_text());
            return recorded.unwrap_or(Err(GroupFailure::Failed));
        }
        drop(book);
        let outcome = real();
        let line = match &outcome {
            Ok(parts) => parts.iter().fold(asked, |line, part| line.private(part)),
            Err(failure) => asked.word(format_args!("{failure:?}")),
        };
        self.book().put(line.into_text());
        outcome
    }

    pub(super) fn take_text(&self) -> String {
        match &mut *self.book() {
            Book::Written { text, .. } => core::mem::take(text),
            Book::Compared { .. } => String::new(),
        }
    }

    /// The line that comes next in a replay.
    pub(super) fn next_line(&self) -> Option<String> {
        match &*self.book() {
            Book::Written { .. } => None,
            Book::Compared { lines, next, .. } => lines.get(*next).cloned(),
        }
    }

    /// How many lines a replay has gone through.
    pub(super) fn passed(&self) -> usize {
        match &*self.book() {
            Book::Written { .. } => 0,
            Book::Compared { next, .. } => *next,
        }
    }

    pub(super) fn difference(&self) -> Option<Difference> {
        match &*self.book() {
            Book::Written { .. } => None,
            Book::Compared { difference, .. } => difference.clone(),
        }
    }
}

impl Book {
    fn put(&mut self, line: String) {
        match self {
            Self::Written { is_cut: true, .. } => {}
            Self::Written { text, is_cut } => {
                *is_cut = text.len() + line.len() > HELD_BYTES;
                text.push_str(if *is_cut { CUT } else { &line });
                text.push('\n');
            }
            Self::Compared { lines, next, .. } if lines.get(*next) == Some(&line) => *next += 1,
            Self::Compared { .. } => self.differs(line),
        }
    }

    /// Takes the first difference down; what differs behind it follows from it.
    fn differs(&mut self, replayed: String) {
        if let Self::Compared { lines, next, difference: difference @ None } = self {
            let recorded = lines.get(*next).map_or("the end", String::as_str).to_owned();
            *difference = Some(Difference { line: *next + 1, recorded, replayed });
        }
    }

    fn recorded_outcome(&mut self, asked: String) -> Option<Outcome> {
        let Self::Compared { lines, next, difference: None } = self else { return None };
        let told = lines.get(*next).and_then(|line| line.strip_prefix(&*asked)?.strip_prefix(' '));
        let outcome = match told {
            Some("InvalidShare") => Some(Err(GroupFailure::InvalidShare)),
            Some("Failed") => Some(Err(GroupFailure::Failed)),
            told => told.and_then(|told| Words::new(told).rest()).map(Ok),
        };
        match &outcome {
            Some(_) => *next += 1,
            None => self.differs(asked),
        }
        outcome
    }
}

impl fmt::Debug for Journal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Journal(..)")
    }
}
