//! Why a run ends, and what the runner takes from the exit code.

use core::fmt;
use std::io;

use countersign::failure::Misuse;
use countersign::handshake::End;

/// A run that did not succeed.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The test is about something that is not here: it is skipped.
    Unimplemented(String),
    /// The connection failed, which may be what the test wants.
    Failed(String),
    /// Something was not as the test expects it, or the shim itself is at fault: never what a test
    /// wants.
    Broken(String),
}

impl Stop {
    pub(crate) const fn exit_code(&self) -> u8 {
        match self {
            Self::Failed(_) => 1,
            Self::Unimplemented(_) => 89,
            Self::Broken(_) => 90,
        }
    }

    pub(crate) fn broken(what: impl Into<String>) -> Self {
        Self::Broken(what.into())
    }

    /// The end of a connection, under the name by which `config.json` knows it.
    pub(crate) fn ended(end: &End) -> Self {
        Self::Failed(match end {
            End::Closed => String::from(":Closed:"),
            End::Failed(failure) => format!(":{:?}: {failure}", failure.cause),
            End::Refused(refusal) => format!(":Refused({}):", refusal.alert),
            End::Truncated(truncation) => format!(":Truncated: in {}", truncation.state),
        })
    }
}

impl fmt::Display for Stop {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unimplemented(what) => write!(f, "not implemented: {what}"),
            Self::Failed(what) => f.write_str(what),
            Self::Broken(what) => write!(f, "not as expected: {what}"),
        }
    }
}

impl From<Misuse> for Stop {
    fn from(misuse: Misuse) -> Self {
        let name = format!("{misuse:?}");
        let name = name.split('(').next().unwrap_or_default();
        Self::Failed(format!(":{name}: {misuse}"))
    }
}

impl From<io::Error> for Stop {
    fn from(error: io::Error) -> Self {
        Self::Broken(error.to_string())
    }
}
