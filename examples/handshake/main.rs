//! A client and a server in memory, and everything they say to each other and to us.
//!
//! `cargo run --example handshake [-- --scenario NAME|list|all]`

mod conversation;
mod identities;
#[path = "../shared/report.rs"]
mod report;
mod scenarios;
mod scene;
mod timeline;

use std::error::Error;
use std::io::{self, Write};
use std::process::ExitCode;

use crate::conversation::{Conversation, Ending, Outcome};
use crate::report::report;
use crate::scenarios::{SCENARIOS, Scenario};
use crate::timeline::wrap;

const USAGE: &str = "usage: handshake [--scenario NAME|list|all]";

const LEGEND: [&str; 3] = [
    "Name  a state of the transition table    Message  in plaintext",
    "? !   a question, and the verdict        {..}     under handshake keys",
    "+     a new key                          [..]     under application keys",
];

const LINE: usize = 96;

fn main() -> ExitCode {
    let mut out = io::stdout().lock();
    match run(&mut out) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("handshake: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let chosen: Vec<&Scenario> = match argument()?.as_deref() {
        None => SCENARIOS.iter().take(2).collect(),
        Some("all") => SCENARIOS.iter().collect(),
        Some("list") => return Ok(list(out)?),
        Some(name) => {
            let scenario = SCENARIOS.iter().find(|scenario| scenario.name == name);
            vec![scenario.ok_or_else(|| format!("no scenario {name}; see --scenario list"))?]
        }
    };
    LEGEND.iter().try_for_each(|line| writeln!(out, "  {line}"))?;
    for scenario in &chosen {
        show(scenario, out)?;
    }
    if chosen.len() < SCENARIOS.len() {
        writeln!(
            out,
            "\n{} more with --scenario NAME, list or all.",
            SCENARIOS.len() - chosen.len()
        )?;
    }
    Ok(())
}

fn argument() -> Result<Option<String>, Box<dyn Error>> {
    use lexopt::prelude::*;
    let mut arguments = lexopt::Parser::from_env();
    let mut scenario = None;
    while let Some(argument) = arguments.next()? {
        match argument {
            Long("scenario") => scenario = Some(arguments.value()?.string()?),
            Short('h') | Long("help") => return Err(USAGE.into()),
            other => return Err(format!("{}\n{USAGE}", other.unexpected()).into()),
        }
    }
    Ok(scenario)
}

fn list(out: &mut impl Write) -> io::Result<()> {
    SCENARIOS
        .iter()
        .try_for_each(|scenario| writeln!(out, "{:<17} {}", scenario.name, scenario.title))
}

fn show(scenario: &Scenario, out: &mut impl Write) -> Result<(), Box<dyn Error>> {
    let Outcome { timeline, client, server } = Conversation::new((scenario.scene)()?)?.run()?;
    writeln!(out, "\n\n■ {} ({})\n", scenario.title, scenario.name)?;
    timeline.print(out)?;
    writeln!(out)?;
    outcome("client", &client, out)?;
    outcome("server", &server, out)?;
    writeln!(out)?;
    paragraph("", scenario.look, out)?;
    Ok(())
}

/// What came of the connection at one end, in words.
fn outcome(who: &str, ending: &Ending, out: &mut impl Write) -> io::Result<()> {
    let sentences = match &ending.end {
        None => vec![format!("still in {}", ending.state)],
        Some(end) => report(end),
    };
    sentences.iter().enumerate().try_for_each(|(index, sentence)| {
        let lead = if index == 0 { who } else { "" };
        paragraph(&format!("{lead:<8}"), sentence, out)
    })
}

fn paragraph(lead: &str, text: &str, out: &mut impl Write) -> io::Result<()> {
    let margin = " ".repeat(lead.len());
    wrap(text, LINE - lead.len()).iter().enumerate().try_for_each(|(index, line)| {
        let lead = if index == 0 { lead } else { &margin };
        writeln!(out, "  {lead}{}", line.trim_start())
    })
}
