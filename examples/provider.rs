//! A provider with a part of one's own, and a signing key that never leaves its thread.
//!
//! A provider is plain data, so its parts are chosen one by one. Here a cipher suite has the hash of
//! ring and an AEAD of ours: it counts, where an accelerator would encrypt. A group of one's own is
//! an object as well (`Group`). The key of the server's certificate lives in another thread, as it
//! could in a hardware module; the handshake waits for it, and nothing else has to.
//!
//! `cargo run --example provider`

use std::error::Error;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread;

use countersign::connection::{Connection, Polled, Step};
use countersign::crypto::aead::{AeadFailed, NONCE_BYTES, TAG_BYTES};
use countersign::crypto::{Aead, AeadKey, Provider, Suite, ring};
use countersign::handshake::config::Destination;
use countersign::handshake::decision::{CertificateChain, Sign};
use countersign::handshake::{Answer, ClientConfig, Decision, Fact, Handshake, ServerConfig};
use countersign::policy::{ClientPolicy, Credential, Roots, ServerPolicy, ServerTrust};
use countersign::registry::SignatureScheme;
use pki_types::{CertificateDer, ServerName, UnixTime};
use rcgen::{CertificateParams, KeyPair, SigningKey};

const NAME: &str = "example.com";

/// How many records were sealed.
static SEALED: AtomicU64 = AtomicU64::new(0);

static SUITE: Suite = Suite { aead: &Counting, ..ring::TLS_AES_128_GCM_SHA256 };

/// An AEAD of our own.
#[derive(Debug)]
struct Counting;

impl Aead for Counting {
    fn key_bytes(&self) -> usize {
        ring::TLS_AES_128_GCM_SHA256.aead.key_bytes()
    }

    fn confidentiality_limit(&self) -> u64 {
        ring::TLS_AES_128_GCM_SHA256.aead.confidentiality_limit()
    }

    fn key(&self, key: &[u8]) -> Box<dyn AeadKey> {
        Box::new(CountingKey(ring::TLS_AES_128_GCM_SHA256.aead.key(key)))
    }
}

struct CountingKey(Box<dyn AeadKey>);

impl AeadKey for CountingKey {
    fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        content: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], AeadFailed> {
        SEALED.fetch_add(1, Ordering::Relaxed);
        self.0.seal(nonce, associated_data, content)
    }

    fn open<'a>(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        protected: &'a mut [u8],
    ) -> Result<&'a mut [u8], AeadFailed> {
        self.0.open(nonce, associated_data, protected)
    }
}

/// Our AEAD, one group, and for the rest what ring has.
fn provider() -> Provider {
    Provider { suites: vec![&SUITE], groups: vec![Arc::new(&ring::X25519)], ..ring::provider() }
}

/// The other side of the channels to the thread that has the key.
struct KeyThread {
    certificate: CertificateDer<'static>,
    questions: Sender<Sign>,
    answers: Receiver<Answer>,
}

/// Starts a thread that makes a key, and signs with it for as long as it is asked.
fn start_key_thread() -> Result<KeyThread, Box<dyn Error>> {
    let (questions, asked) = channel::<Sign>();
    let (answered, answers) = channel();
    let (introduced, introduction) = channel();
    thread::spawn(move || {
        let Ok(key) = KeyPair::generate() else { return };
        if introduced.send(certificate(&key)).is_err() {
            return;
        }
        for question in asked {
            let answer = match key.sign(question.message()) {
                Ok(signature) => question.signature(signature),
                Err(_) => question.unavailable(),
            };
            if answered.send(answer).is_err() {
                return;
            }
        }
    });
    Ok(KeyThread { certificate: introduction.recv()??, questions, answers })
}

fn certificate(key: &KeyPair) -> Result<CertificateDer<'static>, rcgen::Error> {
    Ok(CertificateParams::new([String::from(NAME)])?.self_signed(key)?.der().clone())
}

/// One end of the connection, and the bytes on their way to it and from it.
struct End {
    name: &'static str,
    connection: Connection,
    input: Vec<u8>,
    output: Vec<u8>,
}

impl End {
    fn new(name: &'static str, handshake: Handshake) -> Self {
        let connection = Connection::new(handshake);
        Self { name, connection, input: Vec::new(), output: Vec::new() }
    }

    /// Goes on until it has to wait, and returns the question that `answer` hands back.
    fn work(
        &mut self,
        answer: impl Fn(Decision) -> Result<Answer, Box<Decision>>,
    ) -> Result<Option<Box<Decision>>, Box<dyn Error>> {
        let mut open = None;
        loop {
            let Polled { consumed, step } = self.connection.poll(&mut self.input, &mut self.output);
            let waits = matches!(step, Step::Receive | Step::Waiting);
            match step {
                Step::Decide(question) => match answer(question) {
                    Ok(answer) => self.connection.answer(answer)?,
                    Err(question) => open = Some(question),
                },
                Step::Data(data) => {
                    println!("{} receives: {}", self.name, String::from_utf8_lossy(data));
                }
                Step::Learned(Fact::Negotiated(agreed)) => {
                    println!("{} agrees: {:?}, {:?}", self.name, agreed.cipher_suite, agreed.group);
                }
                Step::Ended(end) => return Err(format!("{}: {end:?}", self.name).into()),
                _ => {}
            }
            self.input.drain(..consumed);
            if waits {
                return Ok(open);
            }
        }
    }

    fn is_complete(&self) -> bool {
        self.connection.handshake().is_complete()
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let key = start_key_thread()?;

    let mut roots = Roots::default();
    roots.add(&key.certificate)?;
    let trust = ClientPolicy { servers: ServerTrust::Roots(roots), credentials: Vec::new() };
    let destination = Destination::named(ServerName::try_from(NAME)?);
    let client = Handshake::client(Arc::new(ClientConfig::new(provider())), destination)?;
    let mut client = End::new("client", client);

    let chain: CertificateChain = std::iter::once(key.certificate.clone()).collect();
    let schemes = vec![SignatureScheme::ECDSA_SECP256R1_SHA256];
    let credential = Credential::with_key_elsewhere(chain, schemes)?;
    let identity = ServerPolicy { credentials: vec![credential], ..ServerPolicy::default() };
    let server = Handshake::server(Arc::new(ServerConfig::new(provider())))?;
    let mut server = End::new("server", server);

    let now = UnixTime::now();
    let of_client = |question| trust.answer(question, now).map(|answered| answered.answer);
    let of_server = |question| identity.answer(question, now).map(|answered| answered.answer);
    while !(client.is_complete() && server.is_complete()) {
        client.work(of_client)?;
        server.input.append(&mut client.output);
        if let Some(question) = server.work(of_server)? {
            let Decision::Sign(question) = *question else { return Err("an open question".into()) };
            println!("server asks for a signature, and waits");
            key.questions.send(question)?;
            // Other connections could be served now.
            server.connection.answer(key.answers.recv()?)?;
        }
        client.input.append(&mut server.output);
    }

    client.connection.write(b"hello", &mut client.output)?;
    server.input.append(&mut client.output);
    server.work(of_server)?;
    println!("{} records were sealed by our AEAD", SEALED.load(Ordering::Relaxed));
    Ok(())
}
