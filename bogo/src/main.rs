//! What BoGo, BoringSSL's TLS test runner, starts once for each test: an end of a connection, or of
//! several in a row, that does as its flags say.

mod answers;
mod compliance;
mod compression;
mod configuration;
mod conversation;
mod exchange;
mod expectations;
mod flags;
mod identity;
mod memory;
mod options;
mod quic;
mod socket;
mod stop;
mod stream;
mod transport;

use std::process::ExitCode;

use crate::flags::Configurations;
use crate::memory::Memory;
use crate::stop::Stop;

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(stop) => {
            eprintln!("{stop}");
            ExitCode::from(stop.exit_code())
        }
    }
}

fn run() -> Result<(), Stop> {
    let Configurations { initial, resume, retry } =
        Configurations::from_arguments(std::env::args_os().skip(1))?;
    if initial.is_handshaker_supported {
        println!("No");
        return Ok(());
    }
    let mut memory = Memory::new();
    for connection in 0..=initial.resume_count {
        let is_resumption = connection > 0;
        let options = if is_resumption { &resume } else { &initial };
        if is_resumption && !options.server && memory.session.is_none() {
            return Err(Stop::broken("no session to offer"));
        }
        exchange::connect(options, &retry, is_resumption, &mut memory)?;
        memory.put_clock_forward(options.resumption_delay_seconds);
    }
    Ok(())
}
