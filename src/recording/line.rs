//! One line of a recording: words with a space between, and bytes that are shown or counted.

use core::fmt::{Display, Write};
use core::str::FromStr;

/// A line that is being written.
#[derive(Debug)]
pub(super) struct Line {
    text: String,
    is_full: bool,
}

impl Line {
    pub(super) fn new(verb: &str, is_full: bool) -> Self {
        Self { text: verb.to_owned(), is_full }
    }

    /// Appends a word, or several.
    pub(super) fn word(mut self, word: impl Display) -> Self {
        // Writing to a string does not fail.
        let _written = write!(self.text, " {word}");
        self
    }

    /// Appends bytes that anyone may see.
    pub(super) fn bytes(mut self, bytes: &[u8]) -> Self {
        self.text.push(' ');
        if bytes.is_empty() {
            self.text.push_str(NO_BYTES);
        }
        for byte in bytes {
            let digits = [byte >> 4, byte & 15].map(|digit| char::from_digit(digit.into(), 16));
            self.text.extend(digits.into_iter().flatten());
        }
        self
    }

    /// Appends bytes that only a full recording shows; of others there is the number.
    pub(super) fn private(self, bytes: &[u8]) -> Self {
        match self.is_full {
            true => self.bytes(bytes),
            false => self.word(format_args!("({})", bytes.len())),
        }
    }

    /// Appends such bytes, if there are some.
    pub(super) fn private_if_any(self, bytes: Option<&[u8]>) -> Self {
        match bytes {
            Some(bytes) => self.private(bytes),
            None => self.word(NONE),
        }
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }
}

/// An empty string of bytes.
const NO_BYTES: &str = "-";

/// Something that is not there.
pub(super) const NONE: &str = "none";

/// The words of a line that is being read.
#[derive(Debug)]
pub(super) struct Words<'t>(Option<&'t str>);

impl<'t> Words<'t> {
    pub(super) const fn new(line: &'t str) -> Self {
        Self(Some(line))
    }

    pub(super) fn word(&mut self) -> Option<&'t str> {
        let text = self.0?;
        let (word, rest) = match text.split_once(' ') {
            Some((word, rest)) => (word, Some(rest)),
            None => (text, None),
        };
        self.0 = rest;
        Some(word)
    }

    pub(super) fn number<Number: FromStr>(&mut self) -> Option<Number> {
        self.word()?.parse().ok()
    }

    pub(super) fn bytes(&mut self) -> Option<Vec<u8>> {
        bytes(self.word()?)
    }

    /// Bytes, or that there are none.
    pub(super) fn bytes_if_any(&mut self) -> Option<Option<Vec<u8>>> {
        match self.word()? {
            NONE => Some(None),
            word => bytes(word).map(Some),
        }
    }

    /// All that is left, which is bytes.
    pub(super) fn rest(&mut self) -> Option<Vec<Vec<u8>>> {
        core::iter::from_fn(|| self.word()).map(bytes).collect()
    }

    /// That nothing is left.
    pub(super) fn end(&self) -> Option<()> {
        self.0.is_none().then_some(())
    }
}

fn bytes(word: &str) -> Option<Vec<u8>> {
    if word == NO_BYTES {
        return Some(Vec::new());
    }
    let digits: Vec<u8> =
        word.chars().map(|digit| u8::try_from(digit.to_digit(16)?).ok()).collect::<Option<_>>()?;
    let (pairs, rest) = digits.as_chunks::<2>();
    let is_whole = rest.is_empty() && !pairs.is_empty();
    is_whole.then(|| pairs.iter().map(|[high, low]| high << 4 | low).collect())
}
