//! An HTTPS client: fetches one page over TLS 1.3 and prints it.
//!
//! What happens to the connection is told on standard error: what was negotiated, and if it fails,
//! in which state, by which alert, and what that means.

mod shared {
    pub(crate) mod external;
    pub(crate) mod key_log;
    pub(crate) mod names;
    pub(crate) mod recording;
    pub(crate) mod report;
    pub(crate) mod stream;
}

use std::error::Error;
use std::fs;
use std::io::{self, Write};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use countersign::codec::Vector;
use countersign::connection::{Connection, Padding};
use countersign::crypto::ring;
use countersign::epoch::Role;
use countersign::handshake::event::Ticket;
use countersign::handshake::psk::OfferedPsk;
use countersign::handshake::{ClientConfig, Decision, Destination, End, Fact, Handshake};
use countersign::message::ProtocolName;
use countersign::policy::{ClientPolicy, Credential, Roots, ServerTrust};
use countersign::recording::{Detail, Recorder};
use pki_types::{ServerName, UnixTime};

use shared::key_log::KeyLog;
use shared::recording::Recording;
use shared::report::{self, report};
use shared::stream::{Event, Stream};
use shared::{external, names};

const USAGE: &str = "\
usage: client HOST[:PORT] [options]

  --path PATH        what to fetch; / by default
  --connect ADDRESS  where to connect, if not to HOST:PORT
  --cafile FILE      whom to trust, in PEM; by default the roots of the public web
  --no-verify        trust anyone: for experiments only
  --cert FILE        our certificate chain, in PEM, if the server asks for one
  --key FILE         its private key, if it is not in the same file
  --alpn NAME        an application protocol to offer; repeatable
  --group NAME       a group to offer, like X25519 or SECP256R1; repeatable
  --suite NAME       a cipher suite to offer, like TLS_AES_128_GCM_SHA256; repeatable
  --psk IDENTITY=HEX a key from outside of TLS, bound to its use by an importer
  --raw-psk IDENTITY=HEX
                     the same without an importer: for OpenSSL and GnuTLS
  --session-out FILE keep the latest ticket here: a secret
  --session-in FILE  come back with the ticket in this file
  --early-data DATA  what to send under the ticket before the server has answered, itself or the
                     name of a file; anybody can send it again
  --record-size-limit BYTES
                     the longest record to receive, from 64 to 16385
  --compress         offer to take and send certificates compressed
  --keylog FILE      append the secrets to this file
  --record FILE      write the course of the connection to this file, and no secret
  --record-full FILE the same with everything, secrets too: examples/replay runs it again";

/// How long the server may be silent.
const PATIENCE: Duration = Duration::from_secs(20);

struct Arguments {
    host: String,
    port: u16,
    address: Option<String>,
    path: String,
    config: ClientConfig,
    policy: ClientPolicy,
    psks: Vec<OfferedPsk>,
    session_out: Option<PathBuf>,
    early_data: Option<Vec<u8>>,
    key_log: Option<PathBuf>,
    recording: Option<Recording>,
}

fn main() -> ExitCode {
    match arguments().and_then(|arguments| run(&arguments)) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            eprintln!("client: {error}");
            ExitCode::from(2)
        }
    }
}

fn arguments() -> Result<Arguments, Box<dyn Error>> {
    use lexopt::prelude::*;
    let mut config = ClientConfig::new(ring::provider());
    let (mut host, mut address, mut path) = (None, None, String::from("/"));
    let (mut roots, mut verify, mut key_log) = (None, true, None);
    let (mut chain, mut key): (Option<PathBuf>, Option<PathBuf>) = (None, None);
    let (mut suites, mut groups, mut psks) = (Vec::new(), Vec::new(), Vec::new());
    let (mut session_out, mut early_data, mut recording) = (None, None, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Value(value) if host.is_none() => host = Some(value.string()?),
            Long("path") => path = parser.value()?.string()?,
            Long("connect") => address = Some(parser.value()?.string()?),
            Long("cafile") => roots = Some(read(parser.value()?.into())?),
            Long("no-verify") => verify = false,
            Long("cert") => chain = Some(parser.value()?.into()),
            Long("key") => key = Some(parser.value()?.into()),
            Long("alpn") => offer(&mut config, &parser.value()?.string()?)?,
            Long("group") => groups.push(names::group(&parser.value()?.string()?)?),
            Long("suite") => suites.push(names::suite(&parser.value()?.string()?)?),
            Long("psk") => psks.extend(external::imported(&parser.value()?.string()?)?),
            Long("raw-psk") => psks.push(external::raw(&parser.value()?.string()?)?),
            Long("session-out") => session_out = Some(parser.value()?.into()),
            // Early data goes with the first.
            Long("session-in") => psks.insert(0, ticket(parser.value()?.into())?),
            Long("early-data") => {
                let data = parser.value()?.string()?;
                early_data = Some(fs::read(&data).unwrap_or(data.into_bytes()));
            }
            Long("record-size-limit") => config.record_size_limit = Some(parser.value()?.parse()?),
            Long("compress") => config.certificate_compressions = names::compressions(),
            Long("keylog") => key_log = Some(parser.value()?.into()),
            Long("record") => {
                recording = Some(Recording::new(parser.value()?.into(), Detail::Redacted));
            }
            Long("record-full") => {
                recording = Some(Recording::new(parser.value()?.into(), Detail::Full));
            }
            Short('h') | Long("help") => return Err(USAGE.into()),
            other => return Err(format!("{}\n\n{USAGE}", other.unexpected()).into()),
        }
    }
    if !groups.is_empty() {
        config.groups = groups.into_iter().collect();
    }
    if !suites.is_empty() {
        config.cipher_suites = suites.into_iter().collect();
    }
    let credentials = match chain {
        Some(chain) => {
            let key = key.unwrap_or_else(|| chain.clone());
            vec![Credential::from_pem(&read(chain)?, &read(key)?)?]
        }
        None => Vec::new(),
    };
    let servers = match roots {
        _ if !verify => ServerTrust::DangerouslyAcceptAnyServer,
        Some(pem) => ServerTrust::Roots(Roots::from_pem(&pem)?),
        None => ServerTrust::Roots(Roots::from_anchors(webpki_roots::TLS_SERVER_ROOTS)),
    };
    let host = host.ok_or(USAGE)?;
    let (host, port) = match host.rsplit_once(':') {
        Some((host, port)) => (String::from(host), port.parse()?),
        None => (host, 443),
    };
    let policy = ClientPolicy { servers, credentials };
    Ok(Arguments {
        host,
        port,
        address,
        path,
        config,
        policy,
        psks,
        session_out,
        early_data,
        key_log,
        recording,
    })
}

/// The ticket in a file that was written when it came.
fn ticket(path: PathBuf) -> Result<OfferedPsk, Box<dyn Error>> {
    let age = fs::metadata(&path).and_then(|file| file.modified());
    let age = age.map_err(|error| format!("{}: {error}", path.display()))?.elapsed()?;
    let ticket = Ticket::from_bytes(&read(path)?, &ring::provider()).ok_or("this is no ticket")?;
    if age.as_secs() >= ticket.lifetime_seconds.into() {
        return Err("the ticket has expired".into());
    }
    Ok(ticket.offer(age.as_millis().try_into()?))
}

fn read(path: PathBuf) -> Result<Vec<u8>, Box<dyn Error>> {
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn offer(config: &mut ClientConfig, name: &str) -> Result<(), Box<dyn Error>> {
    let protocols: &mut Vector<ProtocolName<'static>> = &mut config.application_layer_protocols;
    if protocols.push(&ProtocolName(name.as_bytes())) {
        Ok(())
    } else {
        Err("too many application protocols".into())
    }
}

/// Fetches the page; whether the connection was closed in order.
fn run(arguments: &Arguments) -> Result<bool, Box<dyn Error>> {
    let name = ServerName::try_from(arguments.host.clone())?;
    let Arguments { config, psks, early_data, recording, .. } = arguments;
    let destination = Destination {
        psks: psks.clone(),
        early_data: early_data.is_some(),
        ..Destination::named(name)
    };
    let mut connection = match recording {
        Some(Recording { detail, .. }) => {
            Recorder::client(config, destination, Padding::None, *detail)?
        }
        None => Connection::new(Handshake::client(Arc::new(config.clone()), destination)?).into(),
    };
    let mut output = Vec::new();
    if let Some(data) = early_data {
        let sent = connection.write_early_data(data, &mut output)?;
        eprintln!("client: {sent} of {} bytes go ahead", data.len());
    }
    let recording = recording.as_ref().map(Recording::open).transpose()?;
    let key_log = key_log(arguments)?;
    let mut stream = Stream::new(connection, output, connect(arguments)?, key_log, recording);
    let end = loop {
        match stream.next() {
            Event::Decide(question) => answer(&arguments.policy, question, &mut stream)?,
            Event::Learned(fact) => learned(&fact, arguments, &mut stream)?,
            Event::Data(data) => io::stdout().write_all(&data)?,
            Event::Ended(end) => break end,
        }
    };
    report(&end).iter().for_each(|sentence| eprintln!("client: {sentence}"));
    if let Some(fault) = stream.fault() {
        eprintln!("client: the transport failed: {fault}");
    }
    stream.leave(end.closing());
    Ok(end == End::Closed)
}

fn connect(arguments: &Arguments) -> Result<TcpStream, Box<dyn Error>> {
    let Arguments { host, port, address, .. } = arguments;
    let address = address.clone().unwrap_or_else(|| format!("{host}:{port}"));
    let socket = TcpStream::connect(&address).map_err(|error| format!("{address}: {error}"))?;
    socket.set_nodelay(true)?;
    socket.set_read_timeout(Some(PATIENCE))?;
    socket.set_write_timeout(Some(PATIENCE))?;
    Ok(socket)
}

fn key_log(arguments: &Arguments) -> Result<Option<KeyLog>, Box<dyn Error>> {
    Ok(arguments.key_log.as_ref().map(|path| KeyLog::open(path, Role::Client)).transpose()?)
}

fn answer(
    policy: &ClientPolicy,
    question: Decision,
    stream: &mut Stream,
) -> Result<(), Box<dyn Error>> {
    let answered = policy.answer(question, UnixTime::now());
    let answered = answered.map_err(|question| format!("nobody answers {question:?}"))?;
    if let Some(rejection) = &answered.rejection {
        eprintln!("client: the server is not accepted: {rejection}");
    }
    Ok(stream.answer(answered.answer)?)
}

fn learned(fact: &Fact, arguments: &Arguments, stream: &mut Stream) -> Result<(), Box<dyn Error>> {
    match fact {
        Fact::Negotiated(negotiated) => eprintln!("client: {}", report::negotiated(negotiated)),
        Fact::ClientAuthentication(state) => eprintln!("client: own authentication: {state:?}"),
        Fact::EarlyDataAccepted => eprintln!("client: early data was taken"),
        Fact::EarlyDataRejected => eprintln!("client: early data was not taken"),
        Fact::Ticket(ticket) => {
            if let Some(path) = &arguments.session_out {
                fs::write(path, ticket.to_bytes()?)?;
            }
        }
        // The first moment to write; if we are to be refused, that is not known yet.
        Fact::Complete => {
            let Arguments { host, path, .. } = arguments;
            let request =
                format!("GET {path} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
            stream.write(request.as_bytes())?;
        }
        // The page is complete.
        Fact::PeerClosed => stream.connection().close()?,
        _ => {}
    }
    Ok(())
}
