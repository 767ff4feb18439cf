//! A TLS 1.3 server: answers HTTP requests, or echoes records, a thread for each connection.
//!
//! It stays connected until the peer closes, and tells on standard error what becomes of each
//! connection.

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
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use countersign::connection::{Connection, Padding};
use countersign::crypto::ring;
use countersign::epoch::Role;
use countersign::failure::Misuse;
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::decision::{HelloRefusal, SelectCredential};
use countersign::handshake::event::NewTicket;
use countersign::handshake::psk::OfferedPsk;
use countersign::handshake::{Answer, Decision, End, Fact, Handshake, ServerConfig};
use countersign::policy::{
    Credential, Inspection, IssuedTickets, Recognition, ReplayRegister, Resumption, Roots,
    ServerPolicy, Tickets, verify,
};
use countersign::recording::{Detail, Recorder};
use pki_types::{CertificateDer, UnixTime};

use shared::key_log::KeyLog;
use shared::recording::Recording;
use shared::report::{self, report};
use shared::stream::{Event, Stream};
use shared::{external, names};

const USAGE: &str = "\
usage: server --cert FILE [--key FILE] [options]
       server --psk IDENTITY=HEX [options]

  --cert FILE           a certificate chain, in PEM; repeatable: the client's name and signature
                        schemes decide
  --key FILE            the private key of the --cert before it, if it is not in the same file
  --psk IDENTITY=HEX    a key from outside of TLS, bound to its use by an importer; repeatable
  --raw-psk IDENTITY=HEX
                        the same without an importer: for OpenSSL and GnuTLS
  --port PORT           0, the default, takes any; the port is printed
  --client-auth WHETHER none, request or require a client certificate
  --ca FILE             who issues those, in PEM
  --deny                let nobody in, however valid the certificate
  --require-known-name  refuse clients that ask for a name that no certificate bears
  --alpn NAME           an application protocol; repeatable
  --group NAME          a group to accept, like X25519 or SECP256R1; repeatable
  --suite NAME          a cipher suite to accept, like TLS_AES_128_GCM_SHA256; repeatable
  --tickets COUNT       how many tickets a connection gives, each for one use
  --early-data BYTES    how much early data each of them permits
  --record-size-limit BYTES
                        the longest record to receive, from 64 to 16385
  --compress            take and send certificates compressed
  --echo                send each record back as it came, instead of HTTP
  --keylog FILE         append the secrets to this file
  --record FILE         write the course of the first connection to this file, those of others to
                        FILE.1, FILE.2 and so on, and no secret
  --record-full FILE    the same with everything, secrets too: examples/replay runs it again

An HTTP request for a path that ends in /keyupdate changes keys both ways before the reply.";

/// How long a client may be silent.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest head of a request that is waited for.
const REQUEST_BYTES: usize = 16_384;

/// How long a ticket may be used.
const LIFETIME_SECONDS: u32 = 7_200;

/// For how many tickets there is room.
const TICKETS: usize = 10_000;

struct Server {
    port: u16,
    config: Arc<ServerConfig>,
    policy: ServerPolicy,
    psks: Vec<OfferedPsk>,
    /// How many each connection gives.
    tickets: u32,
    early_data: Option<u32>,
    deny: bool,
    echo: bool,
    key_log: Option<PathBuf>,
    recording: Option<Recording>,
}

/// A connection, and what it needs to be answered.
struct Session<'s> {
    server: &'s Server,
    stream: Stream,
    /// A request that is not complete yet.
    request: Vec<u8>,
    negotiated: String,
    client: String,
    recognition: Recognition,
    /// How many are still to be given.
    tickets: u32,
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
    let mut config = ServerConfig::new(ring::provider());
    let mut policy = ServerPolicy::default();
    let (mut port, mut echo, mut deny) = (0, false, false);
    let (mut key_log, mut recording) = (None, None);
    let mut identities: Vec<(PathBuf, Option<PathBuf>)> = Vec::new();
    let (mut suites, mut groups, mut psks) = (Vec::new(), Vec::new(), Vec::new());
    let (mut tickets, mut early_data) = (0, None);
    let mut parser = lexopt::Parser::from_env();
    while let Some(argument) = parser.next()? {
        match argument {
            Long("port") => port = parser.value()?.parse()?,
            Long("cert") => identities.push((parser.value()?.into(), None)),
            Long("key") => {
                let (_, key) = identities.last_mut().ok_or("--key comes behind its --cert")?;
                *key = Some(parser.value()?.into());
            }
            Long("client-auth") => {
                config.client_authentication = client_authentication(&parser.value()?.string()?)?;
            }
            Long("ca") => {
                policy.client_roots = Some(Roots::from_pem(&read(parser.value()?.into())?)?)
            }
            Long("deny") => deny = true,
            Long("require-known-name") => policy.require_known_name = true,
            Long("alpn") => {
                policy.application_layer_protocols.push(parser.value()?.string()?.into_bytes());
            }
            Long("group") => groups.push(names::group(&parser.value()?.string()?)?),
            Long("suite") => suites.push(names::suite(&parser.value()?.string()?)?),
            Long("psk") => psks.extend(external::imported(&parser.value()?.string()?)?),
            Long("raw-psk") => psks.push(external::raw(&parser.value()?.string()?)?),
            Long("tickets") => tickets = parser.value()?.parse()?,
            Long("early-data") => early_data = Some(parser.value()?.parse()?),
            Long("record-size-limit") => config.record_size_limit = Some(parser.value()?.parse()?),
            Long("compress") => config.certificate_compressions = names::compressions(),
            Long("echo") => echo = true,
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
    for (chain, key) in identities {
        let key = key.unwrap_or_else(|| chain.clone());
        policy.credentials.push(Credential::from_pem(&read(chain)?, &read(key)?)?);
    }
    if policy.credentials.is_empty() && psks.is_empty() {
        return Err(USAGE.into());
    }
    if tickets > 0 {
        policy.resumption = Some(resumption(early_data.is_some()));
    }
    let asks = config.client_authentication != ClientAuthentication::None;
    if asks && policy.client_roots.is_none() {
        return Err("--client-auth needs --ca".into());
    }
    let config = Arc::new(config);
    Ok(Server { port, config, policy, psks, tickets, early_data, deny, echo, key_log, recording })
}

fn resumption(takes_early_data: bool) -> Resumption {
    let issued = IssuedTickets::new(ring::provider().random, TICKETS);
    // No ticket is older than this process, so no early data was taken that is not remembered.
    let ever = UnixTime::since_unix_epoch(Duration::ZERO);
    let register = ReplayRegister::new(ever, TICKETS);
    Resumption {
        tickets: Tickets::Stored(Arc::new(Mutex::new(issued))),
        register: takes_early_data.then(|| Arc::new(Mutex::new(register))),
    }
}

fn client_authentication(name: &str) -> Result<ClientAuthentication, String> {
    match name {
        "none" => Ok(ClientAuthentication::None),
        "request" => Ok(ClientAuthentication::Request),
        "require" => Ok(ClientAuthentication::Require),
        _ => Err(format!("--client-auth {name}: none, request or require")),
    }
}

fn read(path: PathBuf) -> Result<Vec<u8>, Box<dyn Error>> {
    fs::read(&path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn serve(server: Server) -> Result<(), Box<dyn Error>> {
    let listener = TcpListener::bind(("127.0.0.1", server.port))?;
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
        let peer = socket.peer_addr()?;
        socket.set_nodelay(true)?;
        socket.set_read_timeout(Some(PATIENCE))?;
        socket.set_write_timeout(Some(PATIENCE))?;
        let key_log = self.key_log.as_ref().map(|path| KeyLog::open(path, Role::Server));
        let connection = match &self.recording {
            Some(Recording { detail, .. }) => {
                Recorder::server(&self.config, Padding::None, *detail)?
            }
            None => Connection::new(Handshake::server(Arc::clone(&self.config))?).into(),
        };
        let recording = self.recording.as_ref().map(Recording::open).transpose()?;
        let mut session = Session {
            server: self,
            stream: Stream::new(connection, Vec::new(), socket, key_log.transpose()?, recording),
            request: Vec::new(),
            negotiated: String::new(),
            client: String::from("nobody in particular"),
            recognition: Recognition::default(),
            tickets: self.tickets,
        };
        let end = session.run()?;
        let sentences = report(&end).join("; ");
        let fault = session.stream.fault().map(|fault| format!("; the transport failed: {fault}"));
        eprintln!("server: {peer}: {sentences}{}", fault.unwrap_or_default());
        session.stream.leave(end.closing());
        Ok(())
    }

    /// Goes on with the first key that both ends have and the suite can use.
    fn select_psk(&self, mut question: SelectCredential) -> Result<Answer, SelectCredential> {
        let offered: Vec<_> = question.psk_identities().map(|psk| psk.identity.to_vec()).collect();
        for (index, identity) in offered.iter().enumerate() {
            for own in self.psks.iter().filter(|own| own.identity() == identity) {
                match question.psk(index, own.key().clone(), None, false) {
                    Ok(answer) => return Ok(answer),
                    Err(unfit) => question = unfit.question,
                }
            }
        }
        Err(question)
    }
}

impl Session<'_> {
    fn run(&mut self) -> Result<End, Box<dyn Error>> {
        loop {
            match self.stream.next() {
                Event::Decide(question) => self.decide(question)?,
                Event::Learned(Fact::Negotiated(negotiated)) => {
                    self.negotiated = report::negotiated(&negotiated);
                }
                Event::Learned(Fact::EarlyDataAccepted) => eprintln!("server: takes early data"),
                Event::Learned(Fact::EarlyDataRejected) => eprintln!("server: no early data"),
                Event::Learned(Fact::Complete) => self.issue_ticket()?,
                Event::Learned(Fact::PeerClosed) => self.stream.connection().close()?,
                Event::Learned(_) => {}
                Event::Data(data) if self.server.echo => self.stream.write(&data)?,
                Event::Data(data) => self.http(&data)?,
                Event::Ended(end) => return Ok(end),
            }
        }
    }

    fn decide(&mut self, question: Decision) -> Result<(), Box<dyn Error>> {
        let Server { policy, deny, .. } = self.server;
        let now = UnixTime::now();
        if let Decision::VerifyCertificate(question) = &question {
            self.client = question.certificates().next().map(subject).unwrap_or_default();
        }
        let question = match (question, &policy.client_roots) {
            (Decision::VerifyCertificate(question), Some(roots))
                if *deny && verify(&question, roots, now).is_ok() =>
            {
                eprintln!("server: {} has no access", self.client);
                return Ok(self.stream.answer(question.deny())?);
            }
            (Decision::SelectCredential(question), _) => match self.server.select_psk(question) {
                Ok(answer) => return Ok(self.stream.answer(answer)?),
                Err(question) => Decision::SelectCredential(question),
            },
            (question, _) => question,
        };
        let gives_ticket = matches!(question, Decision::SealTicket(_));
        let answered = match self.recognition.answer(policy, question, now).map_err(|q| *q) {
            Ok(answered) => answered,
            // There are keys, and no certificate.
            Err(Decision::SelectCredential(question)) => {
                question.refuse(HelloRefusal::NoAcceptablePsk).into()
            }
            Err(question) => return Err(format!("nobody answers {question:?}").into()),
        };
        if let Some(rejection) = &answered.rejection {
            eprintln!("server: the client is not accepted: {rejection}");
        }
        // Known now, or known again by its ticket.
        if let Some(certificate) = self.recognition.certificates().first() {
            self.client = subject(certificate.clone());
        }
        self.stream.answer(answered.answer)?;
        if gives_ticket { Ok(self.issue_ticket()?) } else { Ok(()) }
    }

    /// Gives the next ticket, if there is one to give.
    fn issue_ticket(&mut self) -> Result<(), Misuse> {
        let Some(left) = self.tickets.checked_sub(1) else { return Ok(()) };
        self.tickets = left;
        let max_early_data_bytes = self.server.early_data;
        let order = NewTicket { lifetime_seconds: LIFETIME_SECONDS, max_early_data_bytes };
        match self.stream.connection().issue_ticket(order) {
            // The client has no use for it.
            Err(Misuse::NotOffered) => Ok(()),
            done => done,
        }
    }

    /// Replies to requests, each in one record; closes where the client wants that.
    fn http(&mut self, data: &[u8]) -> Result<(), Misuse> {
        self.request.extend_from_slice(data);
        let is_complete = self.request.windows(4).any(|window| window == b"\r\n\r\n");
        if !is_complete && self.request.len() < REQUEST_BYTES {
            return Ok(());
        }
        let request = String::from_utf8_lossy(&self.request).to_ascii_lowercase();
        self.request.clear();
        let path = request.split(' ').nth(1).unwrap_or_default();
        if path.ends_with("/keyupdate") {
            self.stream.connection().update_keys(true)?;
        }
        let body = format!("Hello, {}.\n{}\n", self.client, self.negotiated);
        let closes = request.lines().any(|line| line == "connection: close");
        let connection = if closes { "close" } else { "keep-alive" };
        let head = format!(
            "HTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: {}\r\nConnection: \
             {connection}\r\n\r\n",
            body.len()
        );
        self.stream.write([head, body].concat().as_bytes())?;
        if closes { self.stream.connection().close() } else { Ok(()) }
    }
}

fn subject(certificate: CertificateDer<'_>) -> String {
    Inspection::of(&certificate).map(|inspection| inspection.subject).unwrap_or_default()
}
