//! Shows what was recorded: runs a full recording again, and prints the course of a redacted one.

use std::error::Error;
use std::fs;
use std::process::ExitCode;
use std::sync::Arc;

use countersign::compression::CertificateCompression;
use countersign::compression::brotli::Brotli;
use countersign::compression::zlib::Zlib;
use countersign::crypto::ring;
use countersign::recording::{Fault, Replay};

const USAGE: &str = "\
usage: replay FILE [--step]

  --step             print each line, and in which state it leaves the machine

FILE was written by the client or the server of these examples, with --record-full or --record. A
full recording is run again, and the first line that is different now is shown. Of a redacted one
there is nothing to run: its lines are printed.";

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("replay: {error}");
            ExitCode::from(2)
        }
    }
}

/// Whether everything happens as it was recorded.
fn run() -> Result<bool, Box<dyn Error>> {
    use lexopt::prelude::*;
    let (mut file, mut in_steps) = (None, false);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Value(value) if file.is_none() => file = Some(value),
            Long("step") => in_steps = true,
            Short('h') | Long("help") => return Err(USAGE.into()),
            other => return Err(format!("{}\n\n{USAGE}", other.unexpected()).into()),
        }
    }
    let file = file.ok_or(USAGE)?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    match replay(&text, in_steps) {
        Ok(lines) => println!("{lines} lines, and nothing is different"),
        Err(Fault::Redacted) => text.lines().for_each(show),
        Err(Fault::Different(difference)) => {
            println!("{difference}");
            return Ok(false);
        }
        Err(fault) => return Err(fault.into()),
    }
    Ok(true)
}

/// Somebody else may have written the file: nothing of it is to steer the terminal.
fn show(line: &str) {
    println!("{}", line.replace(char::is_control, "?"));
}

/// Runs it again; how many lines there are.
fn replay(text: &str, in_steps: bool) -> Result<usize, Fault> {
    let lines: Vec<&str> = text.lines().collect();
    // As client and server have them.
    let compressions: [Arc<dyn CertificateCompression>; 2] =
        [Arc::new(Brotli { quality: 11 }), Arc::new(Zlib::default())];
    let mut replay = Replay::new(text, ring::provider(), &compressions)?;
    let mut shown = 0;
    loop {
        if in_steps {
            let passed = lines.get(shown..replay.passed()).unwrap_or_default();
            passed.iter().copied().for_each(show);
            println!("    in {}", replay.state());
            shown = replay.passed();
        }
        if !replay.step()? {
            return Ok(replay.passed());
        }
    }
}
