//! Secrets in the NSS key log format, by which other tools can read a recorded connection.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use countersign::epoch::{Direction, Epoch, Role};
use countersign::key_schedule::TrafficSecret;

/// The key log of one connection, at the end of a file.
#[derive(Debug)]
pub(crate) struct KeyLog {
    file: File,
    role: Role,
    /// The first bytes of the client's: a record that has ClientHello in it.
    hello: Vec<u8>,
    /// Application keys, by direction, are written down.
    sends_data: bool,
    receives_data: bool,
}

/// Where ClientHello's random lies in the record: behind two headers and a version.
const RANDOM: std::ops::Range<usize> = 11..43;

impl KeyLog {
    pub(crate) fn open(path: &Path, role: Role) -> io::Result<Self> {
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        Ok(Self { file, role, hello: Vec::new(), sends_data: false, receives_data: false })
    }

    /// Looks at bytes on their way, for the random by which a log tells connections apart.
    pub(crate) fn look(&mut self, direction: Direction, bytes: &[u8]) {
        if self.sender(direction) == Role::Client {
            let missing = RANDOM.end.saturating_sub(self.hello.len());
            self.hello.extend(bytes.iter().take(missing));
        }
    }

    /// Writes a key down.
    pub(crate) fn note(
        &mut self,
        direction: Direction,
        epoch: Epoch,
        secret: &TrafficSecret,
    ) -> io::Result<()> {
        // Those after the first follow from it.
        if epoch == Epoch::Application {
            let is_known = match direction {
                Direction::Send => &mut self.sends_data,
                Direction::Receive => &mut self.receives_data,
            };
            if core::mem::replace(is_known, true) {
                return Ok(());
            }
        }
        let label = match (self.sender(direction), epoch) {
            (Role::Client, Epoch::Handshake) => "CLIENT_HANDSHAKE_TRAFFIC_SECRET",
            (Role::Server, Epoch::Handshake) => "SERVER_HANDSHAKE_TRAFFIC_SECRET",
            (Role::Client, Epoch::Application) => "CLIENT_TRAFFIC_SECRET_0",
            (Role::Server, Epoch::Application) => "SERVER_TRAFFIC_SECRET_0",
            (Role::Client, Epoch::EarlyData) => "CLIENT_EARLY_TRAFFIC_SECRET",
            (_, Epoch::Initial) | (Role::Server, Epoch::EarlyData) => return Ok(()),
        };
        let random = self.hello.get(RANDOM).unwrap_or_default();
        let secret = secret.secret().as_bytes();
        // One write, so that connections that share the file do not mix their lines.
        self.file.write_all(format!("{label} {} {}\n", hex(random), hex(secret)).as_bytes())
    }

    const fn sender(&self, direction: Direction) -> Role {
        match direction {
            Direction::Send => self.role,
            Direction::Receive => self.role.peer(),
        }
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
