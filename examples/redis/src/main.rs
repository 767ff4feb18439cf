//! One of several servers that open each other's tickets, and take early data once among them all.
//!
//! The tickets are sealed under a key that all of the servers are given. Early data can be replayed
//! to every server that could read it (RFC 9846 §8), so before one takes it, it asks Redis whether
//! it is the first; with `--single-use` also before it resumes. Without Redis it goes on, without
//! early data and, with `--single-use`, in full.

mod shared;
#[path = "../../shared"]
mod connection {
    pub(crate) mod key_log;
    pub(crate) mod stream;
}

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use countersign::connection::Connection;
use countersign::crypto::ring;
use countersign::epoch::Role;
use countersign::handshake::decision::SelectCredential;
use countersign::handshake::event::NewTicket;
use countersign::handshake::{Answer, Decision, Fact, Handshake, ServerConfig};
use countersign::policy::{Credential, Resumption, ServerPolicy, TicketSealer, Tickets};
use pki_types::UnixTime;

use connection::key_log::KeyLog;
use connection::stream::{Event, Stream};
use shared::{Shared, TOLERANCE_SECONDS};

const USAGE: &str = "\
usage: countersign-redis --redis URL --cert FILE --ticket-key FILE [options]

  --redis URL        redis://HOST[:PORT] or redis+unix:///PATH
  --cert FILE        the certificate chain and its private key, in PEM
  --ticket-key FILE  48 random bytes, the same for all servers: change them every day
  --single-use       resume with each ticket once, whichever server it is shown to
  --keylog FILE      append the secrets to this file

It echoes what it receives, and says what becomes of each connection.";

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

const ORDER: NewTicket = NewTicket { lifetime_seconds: 7_200, max_early_data_bytes: Some(16_384) };

struct Server {
    config: Arc<ServerConfig>,
    policy: ServerPolicy,
    resumption: Resumption,
    shared: Shared,
    single_use: bool,
    key_log: Option<PathBuf>,
}

fn main() -> ExitCode {
    match arguments().and_then(serve) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("server: {error}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Server, Box<dyn Error>> {
    use lexopt::prelude::*;
    let (mut shared, mut policy, mut single_use) = (None, ServerPolicy::default(), false);
    let (mut sealer, mut key_log) = (None, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("redis") => shared = Some(Shared::at(&parser.value()?.string()?)?),
            Long("cert") => {
                let pem = fs::read(parser.value()?)?;
                policy.credentials.push(Credential::from_pem(&pem, &pem)?);
            }
            Long("ticket-key") => {
                let key = fs::read(parser.value()?)?;
                let key = key.as_slice().try_into().map_err(|_| "a ticket key has 48 bytes")?;
                let sealer = sealer.get_or_insert(TicketSealer::new(ring::provider()));
                sealer.add_key(key, UnixTime::since_unix_epoch(Duration::ZERO));
            }
            Long("single-use") => single_use = true,
            Long("keylog") => key_log = Some(parser.value()?.into()),
            other => return Err(format!("{}\n\n{USAGE}", other.unexpected()).into()),
        }
    }
    let (shared, sealer) = shared.zip(sealer).ok_or(USAGE)?;
    // The register is elsewhere.
    let resumption = Resumption { tickets: Tickets::Sealed(sealer), register: None };
    let config = Arc::new(ServerConfig::new(ring::provider()));
    Ok(Server { config, policy, resumption, shared, single_use, key_log })
}

fn serve(server: Server) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", 0))?;
    println!("listening on {}", listener.local_addr()?);
    io::stdout().flush()?;
    let server = Arc::new(server);
    for socket in listener.incoming() {
        let (socket, server) = (socket?, Arc::clone(&server));
        thread::spawn(move || {
            if let Err(error) = server.meet(socket) {
                eprintln!("server: {error}");
            }
        });
    }
    Ok(())
}

impl Server {
    /// Sees one connection through.
    fn meet(&self, socket: TcpStream) -> Result<(), Box<dyn Error>> {
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        let connection = Connection::new(Handshake::server(Arc::clone(&self.config))?);
        let key_log = self.key_log.as_ref().map(|path| KeyLog::open(path, Role::Server));
        let mut stream = Stream::new(connection, Vec::new(), socket, key_log.transpose()?, None);
        loop {
            match stream.next() {
                Event::Decide(question) => stream.answer(self.answer(question)?)?,
                Event::Learned(Fact::Negotiated(negotiated)) => {
                    let how = negotiated.psk.map_or("in full", |_| "by a ticket");
                    eprintln!("server: connects {how}");
                }
                Event::Learned(Fact::EarlyDataAccepted) => eprintln!("server: takes early data"),
                Event::Learned(Fact::EarlyDataRejected) => eprintln!("server: no early data"),
                Event::Learned(Fact::Complete) => stream.connection().issue_ticket(ORDER)?,
                Event::Learned(Fact::PeerClosed) => stream.connection().close()?,
                Event::Learned(_) => {}
                Event::Data(data) => stream.write(&data)?,
                Event::Ended(end) => {
                    let fault = stream.fault().map(ToString::to_string).unwrap_or_default();
                    eprintln!("server: {end:?} {fault}");
                    stream.leave(end.closing());
                    return Ok(());
                }
            }
        }
    }

    fn answer(&self, question: Decision) -> Result<Answer, String> {
        let now = UnixTime::now();
        let question = match question {
            Decision::SealTicket(question) => return Ok(self.resumption.seal(question, &[], now)),
            Decision::SelectCredential(question) => match self.resume(question, now) {
                Ok(answer) => return Ok(answer),
                Err(question) => Decision::SelectCredential(question),
            },
            other => other,
        };
        let answered = self.policy.answer(question, now);
        answered
            .map(|answered| answered.answer)
            .map_err(|other| format!("nobody answers {other:?}"))
    }

    /// Goes on with a ticket, if there is one. Redis is asked while the question is open: it could
    /// as well be put aside, and answered when Redis has.
    fn resume(
        &self,
        question: SelectCredential,
        now: UnixTime,
    ) -> Result<Answer, SelectCredential> {
        let Some(ticket) = self.resumption.open(&question, now) else { return Err(question) };
        if self.single_use {
            let offered = question.psk_identities().nth(ticket.index());
            let lifetime = ORDER.lifetime_seconds;
            if !offered.is_some_and(|psk| self.shared.admits_ticket(psk.identity, lifetime)) {
                return Err(question);
            }
        }
        let tag = ticket.replay_tag(&question, None, now, TOLERANCE_SECONDS);
        let early_data = tag.is_some_and(|tag| self.shared.admits_early_data(tag, now));
        ticket.accept(question, None, early_data).map_err(|unfit| unfit.question)
    }
}
