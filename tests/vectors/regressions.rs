//! Inputs that somebody got wrong once; `vectors/regressions/README.md` describes their form.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use countersign::connection::Connection;
use countersign::crypto::{Draw, Provider, Random, RandomnessUnavailable, ring};
use countersign::epoch::Epoch;
use countersign::handshake::config::Destination;
use countersign::handshake::{ClientConfig, End, Handshake, ServerConfig};
use countersign_testing::rfc8448::from_hex;
use countersign_testing::{Identity, Socket};

/// An input and what it must come to.
struct Regression {
    role: String,
    inputs: Vec<Vec<u8>>,
    end: String,
}

impl Regression {
    fn load(path: &Path) -> Self {
        let text = fs::read_to_string(path).expect("a text");
        let mut regression = Self { role: String::new(), inputs: Vec::new(), end: String::new() };
        for line in text.lines().filter(|line| !line.is_empty() && !line.starts_with('#')) {
            match line.split_once(" = ") {
                Some(("role", role)) => role.clone_into(&mut regression.role),
                Some(("input", hex)) => regression.inputs.push(from_hex(hex)),
                Some(("end", end)) => end.clone_into(&mut regression.end),
                _ => panic!("{}: {line}", path.display()),
            }
        }
        regression
    }

    fn begin(&self) -> Handshake {
        let provider = Provider { random: Arc::new(Sevens), ..ring::provider() };
        let handshake = match self.role.as_str() {
            "client" => {
                let destination = Destination::named("example.com".try_into().expect("a name"));
                Handshake::client(Arc::new(ClientConfig::new(provider)), destination)
            }
            "server" => Handshake::server(Arc::new(ServerConfig::new(provider))),
            other => panic!("no role: {other}"),
        };
        handshake.expect("the default configuration")
    }

    /// What it comes to when the input arrives in pieces of `piece_bytes` bytes.
    fn play(&self, piece_bytes: usize) -> String {
        let mut socket = Socket::new(Connection::new(self.begin()));
        let work = |socket: &mut Socket| {
            socket.work(&mut |decision| Ok(Identity::example().answer(decision)));
        };
        work(&mut socket);
        for input in &self.inputs {
            assert!(socket.end.is_none(), "input behind the end");
            for piece in input.chunks(piece_bytes) {
                socket.input.extend_from_slice(piece);
                work(&mut socket);
            }
        }
        let handshake = socket.connection.handshake();
        if let (Some(End::Failed(failure)), Epoch::Initial) = (&socket.end, handshake.send_epoch())
        {
            let alert = [21, 3, 3, 0, 2, 2, failure.alert.description().0];
            assert!(socket.output.ends_with(&alert), "the last that is sent is the alert");
        }
        match &socket.end {
            None => format!("open in {}", handshake.state()),
            Some(End::Closed) => String::from("closed"),
            Some(End::Failed(failure)) => format!("{:?} in {}", failure.cause, failure.state),
            Some(End::Refused(refusal)) => format!("{:?} in {}", refusal.alert, refusal.state),
            Some(End::Truncated(end)) => panic!("nobody ends the transport: {end:?}"),
        }
    }
}

/// Draws nothing but sevens, so that an input can repeat what we said.
#[derive(Debug)]
struct Sevens;

impl Random for Sevens {
    fn fill(&self, _: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        bytes.fill(7);
        Ok(())
    }
}

fn regressions() -> impl Iterator<Item = PathBuf> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("vectors/regressions");
    let files = fs::read_dir(path).expect("a directory").map(|file| file.expect("a file").path());
    files.filter(|path| path.extension().is_some_and(|extension| extension == "txt"))
}

#[test]
fn every_regression_ends_as_it_must_however_its_bytes_arrive() {
    let mut played = 0;
    for path in regressions() {
        let regression = Regression::load(&path);
        for piece_bytes in [usize::MAX, 1] {
            let end = regression.play(piece_bytes);
            assert_eq!(end, regression.end, "{}, by {piece_bytes}", path.display());
        }
        played += 1;
    }
    assert!(played > 1, "the files are not found");
}
