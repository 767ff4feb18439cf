//! Two columns for the ends, and between them the messages: a table that grows row by row.

use std::env;
use std::io::{self, IsTerminal, Write};

use countersign::epoch::{Epoch, Role};

/// What a cell says, for its colour.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    State,
    Question,
    Note,
    Message,
    Alert,
}

/// What becomes of a message on its way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fate {
    Arrives,
    IsLost,
    /// It comes from someone on the way, not from the end that it names.
    IsForged,
}

/// A table of what the two ends do.
#[derive(Debug, Default)]
pub(crate) struct Timeline {
    rows: Vec<Row>,
}

/// What the client does, what travels, what the server does.
#[derive(Debug, Default)]
struct Row {
    cells: [Option<(Kind, String)>; 3],
}

const WIDTHS: [usize; 3] = [30, 35, 30];
const MIDDLE: usize = 1;

impl Timeline {
    /// Notes what one end does, beside the message that made it, if nothing stands there yet.
    pub(crate) fn note(&mut self, role: Role, kind: Kind, text: impl Into<String>) {
        let text = text.into();
        match self.rows.last_mut().and_then(|row| row.cells.get_mut(column(role))) {
            Some(cell @ None) => *cell = Some((kind, text)),
            _ => self.begin(column(role), kind, text),
        }
    }

    /// Draws what `from` sends: beside what made it send, or else in a row of its own.
    pub(crate) fn arrow(&mut self, from: Role, kind: Kind, label: &str, fate: Fate) {
        let text = drawn(from, label, fate);
        let beside = self.rows.last_mut().filter(|row| {
            let is_free = |index| row.cells.get(index).is_some_and(Option::is_none);
            is_free(MIDDLE) && is_free(column(from.peer()))
        });
        match beside.and_then(|row| row.cells.get_mut(MIDDLE)) {
            Some(cell) => *cell = Some((kind, text)),
            None => self.begin(MIDDLE, kind, text),
        }
    }

    fn begin(&mut self, column: usize, kind: Kind, text: String) {
        let mut row = Row::default();
        if let Some(cell) = row.cells.get_mut(column) {
            *cell = Some((kind, text));
        }
        self.rows.push(row);
    }

    pub(crate) fn print(&self, out: &mut impl Write) -> io::Result<()> {
        let coloured = io::stdout().is_terminal() && env::var_os("NO_COLOR").is_none();
        let [left, middle, right] = WIDTHS;
        writeln!(out, "  {:<left$} {:^middle$} server", "client", "")?;
        let rule = |width: usize| "─".repeat(width);
        writeln!(out, "  {} {} {}", rule(left), " ".repeat(middle), rule(right))?;
        self.rows.iter().try_for_each(|row| row.print(coloured, out))
    }
}

impl Row {
    fn print(&self, coloured: bool, out: &mut impl Write) -> io::Result<()> {
        let wrapped: Vec<_> = self
            .cells
            .iter()
            .zip(WIDTHS)
            .map(|(cell, width)| cell.as_ref().map(|(kind, text)| (*kind, wrap(text, width))))
            .collect();
        let height = wrapped.iter().flatten().map(|(_, lines)| lines.len()).max().unwrap_or(0);
        for index in 0..height {
            let cells = wrapped.iter().zip(WIDTHS).map(|(cell, width)| {
                let (kind, lines) = cell.as_ref()?;
                lines.get(index).map(|line| painted(*kind, line, width, coloured))
            });
            let cells = cells.zip(WIDTHS);
            let line: String = cells
                .map(|(cell, width)| [" ", &cell.unwrap_or_else(|| " ".repeat(width))].concat())
                .collect();
            writeln!(out, " {}", line.trim_end())?;
        }
        Ok(())
    }
}

/// `label` in the brackets that the RFC's figures give to its protection.
pub(crate) fn protected(epoch: Epoch, label: &str) -> String {
    match epoch {
        Epoch::Initial => String::from(label),
        Epoch::EarlyData => format!("({label})"),
        Epoch::Handshake => format!("{{{label}}}"),
        Epoch::Application => format!("[{label}]"),
    }
}

/// `text` in lines of at most `width` characters; those after the first are indented.
pub(crate) fn wrap(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) => lines.push(["  ", word].concat()),
            None => lines.push(String::from(word)),
        }
    }
    lines
}

const fn column(role: Role) -> usize {
    match role {
        Role::Client => 0,
        Role::Server => 2,
    }
}

fn drawn(from: Role, label: &str, fate: Fate) -> String {
    let [_, width, _] = WIDTHS;
    let room = width.saturating_sub(label.chars().count() + 2);
    match (from, fate) {
        (Role::Client, Fate::IsLost) => format!("{label} {}✕", "─".repeat(room / 2)),
        (Role::Client, _) => format!("{label} {}▶", "─".repeat(room)),
        (Role::Server, Fate::IsLost) => {
            format!("{:>width$}", format!("✕{} {label}", "─".repeat(room / 2)))
        }
        (Role::Server, Fate::IsForged) => format!("◀{} {label}", "─".repeat(room / 2)),
        (Role::Server, Fate::Arrives) => format!("◀{} {label}", "─".repeat(room)),
    }
}

fn painted(kind: Kind, line: &str, width: usize, coloured: bool) -> String {
    let padding = " ".repeat(width.saturating_sub(line.chars().count()));
    let code = match kind {
        Kind::State => "36",
        Kind::Question => "33",
        Kind::Note => "2",
        Kind::Message => "1",
        Kind::Alert => "1;31",
    };
    if coloured {
        format!("\x1b[{code}m{line}\x1b[0m{padding}")
    } else {
        format!("{line}{padding}")
    }
}
