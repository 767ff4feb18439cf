//! One end of a trace of RFC 8448, set up as NSS was, with the draws and the answers that make it
//! repeat itself.

use std::sync::Arc;

use countersign::codec::Vector;
use countersign::crypto::{Draw, Provider, Secret, Suite, ring};
use countersign::epoch::Role;
use countersign::handshake::config::{ClientAuthentication, Destination};
use countersign::handshake::decision::{
    Answer, CertificateChain, Decision, SealTicket, SelectCredential, Sign,
};
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::handshake::psk::{EarlyDataTerms, PreSharedKey};
use countersign::handshake::{ClientConfig, Handshake, ServerConfig};
use countersign::limits::Limits;
use countersign::message::{
    Certificate, CertificateVerify, ClientHello, HEADER_BYTES, Item, Layout, NewSessionTicket,
    ParseContext,
};
use countersign::registry::{
    CipherSuite, ExtensionType, HandshakeType, NamedGroup, SignatureScheme,
};
use countersign_testing::replay::{self, ScriptedRandom};
use countersign_testing::rfc8448::{Record, Trace};
use pki_types::CertificateDer;

const TRACES: [&str; 5] =
    ["simple_1rtt", "resumed_0rtt", "hello_retry", "client_auth", "compatibility"];

/// What every trace ends up with.
pub(crate) static SUITE: &Suite = &ring::TLS_AES_128_GCM_SHA256;

/// NSS's order of preference, which ends in finite fields (RFC 7919).
const GROUPS: [u16; 9] = [0x001d, 0x0017, 0x0018, 0x0019, 0x0100, 0x0101, 0x0102, 0x0103, 0x0104];

/// The same; it ends in PKCS #1 v1.5, SHA-1 and DSA.
const SIGNATURE_SCHEMES: [u16; 15] = [
    0x0403, 0x0503, 0x0603, 0x0203, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0201, 0x0402,
    0x0502, 0x0602, 0x0202,
];

/// What the server of section 3 promises with its ticket.
pub(crate) const TICKET: NewTicket =
    NewTicket { lifetime_seconds: 30, max_early_data_bytes: Some(1024) };

/// A trace and the end of it that we play.
pub(crate) struct Part {
    pub(crate) trace: Trace,
    pub(crate) role: Role,
    pub(crate) draws: Vec<(Draw, Vec<u8>)>,
}

impl Part {
    /// Both ends of every trace.
    pub(crate) fn all() -> impl Iterator<Item = Self> {
        TRACES.into_iter().flat_map(|name| {
            [Role::Client, Role::Server].map(|role| Self::new(Trace::load(name), role))
        })
    }

    fn new(trace: Trace, role: Role) -> Self {
        let mut part = Self { trace, role, draws: Vec::new() };
        part.draws = match role {
            Role::Client => part.client_draws(),
            Role::Server => part.server_draws(),
        };
        let private_keys = [
            (NamedGroup::X25519, "x25519.private_key"),
            (NamedGroup::SECP256R1, "secp256r1.private_key"),
        ];
        for (group, name) in private_keys {
            let key = part.trace.find(&part.own(name));
            part.draws.extend(key.map(|key| (Draw::KeyShare(group), key.to_vec())));
        }
        part
    }

    fn client_draws(&self) -> Vec<(Draw, Vec<u8>)> {
        let hello = self.messages(Role::Client, HandshakeType::CLIENT_HELLO)[0];
        let ClientHello { random, legacy_session_id, .. } = client_hello(hello);
        let mut draws = vec![(Draw::ClientRandom, random.to_vec())];
        if !legacy_session_id.is_empty() {
            draws.push((Draw::SessionId, legacy_session_id.to_vec()));
        }
        draws
    }

    fn server_draws(&self) -> Vec<(Draw, Vec<u8>)> {
        let hellos = self.messages(Role::Server, HandshakeType::SERVER_HELLO);
        let random = &hellos[hellos.len() - 1][HEADER_BYTES + 2..][..32];
        let mut draws = vec![(Draw::ServerRandom, random.to_vec())];
        let hellos = self.messages(Role::Client, HandshakeType::CLIENT_HELLO);
        let cookies = hellos.into_iter().filter_map(|hello| client_hello(hello).extensions.cookie);
        draws.extend(cookies.map(|cookie| (Draw::Cookie, cookie.to_vec())));
        draws.extend(
            self.tickets()
                .map(|ticket| (Draw::TicketAgeAdd, ticket.ticket_age_add.to_be_bytes().to_vec())),
        );
        draws
    }

    /// The end, about to begin, and its source of randomness.
    pub(crate) fn begin(&self) -> (Handshake, Arc<ScriptedRandom>) {
        let random = ScriptedRandom::new(self.draws.clone());
        let provider = replay::provider(Arc::clone(&random));
        let handshake = match self.role {
            Role::Client => Handshake::client(Arc::new(self.client(provider)), self.destination()),
            Role::Server => Handshake::server(Arc::new(self.server(provider))),
        };
        (handshake.expect("a configuration that offers something"), random)
    }

    /// Section 4 resumes section 3, six milliseconds after its ticket arrived.
    fn destination(&self) -> Destination {
        let mut destination = Destination::named("server".try_into().expect("a DNS name"));
        if self.resumes() {
            destination.psks.push(ticket_of_section_3().offer(6));
            destination.early_data = true;
        }
        destination
    }

    fn resumes(&self) -> bool {
        self.trace.name() == "resumed_0rtt"
    }

    fn client(&self, provider: Provider) -> ClientConfig {
        let mut config = ClientConfig::new(provider);
        config.certificate_signature_schemes = Vector::new();
        config.cipher_suites = [
            CipherSuite::TLS_AES_128_GCM_SHA256,
            CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
            CipherSuite::TLS_AES_256_GCM_SHA384,
        ]
        .into_iter()
        .collect();
        config.groups = match self.trace.name() {
            "hello_retry" => groups(&GROUPS[..3]),
            _ => groups(&GROUPS),
        };
        config.signature_schemes = signature_schemes();
        config.request_ocsp_response = false;
        config.compatibility_mode = self.trace.name() == "compatibility";
        config.client_hello_layout = self.client_hello_layout();
        config
    }

    fn client_hello_layout(&self) -> Layout {
        let mut items = vec![
            Item::Extension(ExtensionType::SERVER_NAME),
            Item::Raw(RENEGOTIATION_INFO, vec![0]),
            Item::Extension(ExtensionType::SUPPORTED_GROUPS),
            Item::Extension(ExtensionType::KEY_SHARE),
            Item::Extension(ExtensionType::EARLY_DATA),
            Item::Extension(ExtensionType::SUPPORTED_VERSIONS),
            Item::Extension(ExtensionType::SIGNATURE_ALGORITHMS),
            Item::Extension(ExtensionType::COOKIE),
            Item::Extension(ExtensionType::PSK_KEY_EXCHANGE_MODES),
            Item::Raw(ExtensionType::RECORD_SIZE_LIMIT, RECORD_SIZE_LIMIT.to_vec()),
            Item::Pad(256..512),
        ];
        if self.trace.name() == "simple_1rtt" {
            items.insert(3, Item::Raw(SESSION_TICKET, Vec::new()));
        }
        Layout(items)
    }

    fn server(&self, provider: Provider) -> ServerConfig {
        let mut config = ServerConfig::new(provider);
        config.certificate_signature_schemes = Vector::new();
        config.signature_schemes = signature_schemes();
        config.encrypted_extensions_layout = Layout(vec![
            Item::Extension(ExtensionType::SUPPORTED_GROUPS),
            Item::Raw(ExtensionType::RECORD_SIZE_LIMIT, RECORD_SIZE_LIMIT.to_vec()),
            // It acknowledges the name in a resumption too.
            Item::Raw(ExtensionType::SERVER_NAME, Vec::new()),
        ]);
        config.groups = groups(&GROUPS);
        config.announce_groups = true;
        match self.trace.name() {
            // It wants P-256 although it has a share of X25519, which it announces all the same.
            "hello_retry" => {
                config.groups = groups(&[0x0017]);
                config.cookie_bytes = 114;
                let announced = vec![0, 6, 0, 0x17, 0, 0x18, 0, 0x1d];
                let Layout(items) = &mut config.encrypted_extensions_layout;
                items[0] = Item::Raw(ExtensionType::SUPPORTED_GROUPS, announced);
            }
            "client_auth" => config.client_authentication = ClientAuthentication::Require,
            _ => {}
        }
        config
    }

    /// The answer that leads to what comes next in the trace.
    pub(crate) fn answer(&self, decision: Decision) -> Answer {
        let (chain, scheme) = (self.chain(self.role), self.proof().map(|proof| proof.algorithm));
        match decision {
            Decision::VerifyCertificate(question) => {
                let peer: CertificateChain =
                    question.certificates().map(CertificateDer::into_owned).collect();
                assert_eq!(peer, self.chain(self.role.peer()));
                question.accept()
            }
            Decision::SelectCredential(question) if self.resumes() => resume(question),
            Decision::SelectCredential(question) => {
                assert_eq!(question.server_name(), Some(&b"server"[..]));
                let scheme = scheme.expect("a server signs");
                question.certificate(Arc::new(chain), scheme, None).expect("the scheme is offered")
            }
            Decision::SelectClientCredential(question) => {
                let scheme = scheme.expect("the client signs in section 6");
                question.certificate(Arc::new(chain), scheme).expect("the scheme is offered")
            }
            Decision::Sign(question) => self.sign(question),
            Decision::SealTicket(question) => self.seal(question),
            other => panic!("a question without an answer: {other:?}"),
        }
    }

    /// Signs where RFC 8448 §2 has the private key; else says the signature of the trace again.
    fn sign(&self, question: Sign) -> Answer {
        let points = self.trace.points(SUITE.hash);
        let mut points = points.iter().filter(|point| point.sender == self.role);
        let point = points.find(|point| point.kind == HandshakeType::CERTIFICATE_VERIFY);
        let content = point.expect("a CertificateVerify").signed_content();
        assert_eq!(question.message(), content);
        let signature = match self.trace.find(&self.own("CertificateVerify.salt")) {
            Some(salt) => replay::sign_rsa_pss(&Trace::load("private_keys"), salt, &content),
            None => self.proof().expect("a CertificateVerify").signature.to_vec(),
        };
        question.signature(signature)
    }

    fn seal(&self, question: SealTicket) -> Answer {
        let ticket = self.tickets().next().expect("section 3 has a ticket");
        assert_eq!(question.psk().as_bytes(), self.trace.get("server.resumption.expanded"));
        assert_eq!(question.age_add(), ticket.ticket_age_add);
        assert_eq!(question.order(), TICKET);
        question.sealed(ticket.ticket.to_vec()).expect("a ticket of 178 bytes")
    }

    /// The certificates that `role` sends, none if it sends no such message.
    fn chain(&self, role: Role) -> CertificateChain {
        let messages = self.messages(role, HandshakeType::CERTIFICATE);
        let certificates = messages.into_iter().flat_map(|message| {
            let context = ParseContext::default();
            let parsed = Certificate::parse(&message[HEADER_BYTES..], &context);
            parsed.expect("a Certificate message").certificate_list.iter()
        });
        certificates.map(|entry| CertificateDer::from(entry.cert_data.to_vec())).collect()
    }

    /// Our CertificateVerify, if there is one.
    fn proof(&self) -> Option<CertificateVerify<'_>> {
        let messages = self.messages(self.role, HandshakeType::CERTIFICATE_VERIFY);
        let parsed = CertificateVerify::parse(&messages.first()?[HEADER_BYTES..]);
        Some(parsed.expect("a CertificateVerify message"))
    }

    /// The tickets that the server issues.
    pub(crate) fn tickets(&self) -> impl Iterator<Item = NewSessionTicket<'_>> {
        let messages = self.messages(Role::Server, HandshakeType::NEW_SESSION_TICKET);
        messages.into_iter().map(|message| {
            let parsed = NewSessionTicket::parse(&message[HEADER_BYTES..], &Limits::default());
            parsed.expect("a NewSessionTicket message")
        })
    }

    fn messages(&self, sender: Role, handshake_type: HandshakeType) -> Vec<&[u8]> {
        let records = self.trace.records().into_iter().filter(|record| record.sender == sender);
        let messages = records.flat_map(|record| record.messages());
        messages.filter(|message| message[0] == handshake_type.0).collect()
    }

    fn own(&self, name: &str) -> String {
        match self.role {
            Role::Client => format!("client.{name}"),
            Role::Server => format!("server.{name}"),
        }
    }
}

/// The ticket of section 3 as its client keeps it.
fn ticket_of_section_3() -> Ticket {
    let part = Part::new(Trace::load("simple_1rtt"), Role::Client);
    let issued = part.tickets().next().expect("section 3 has a ticket");
    let psk = Secret::copied_from(part.trace.get("server.resumption.expanded"));
    Ticket {
        ticket: issued.ticket.to_vec(),
        psk: psk.expect("a short secret"),
        suite: SUITE,
        lifetime_seconds: issued.ticket_lifetime,
        age_add: issued.ticket_age_add,
        max_early_data_bytes: issued.max_early_data_size,
        application_layer_protocol: None,
        resumption_across_names: issued.resumption_across_names,
    }
}

/// Accepts that ticket, and the early data.
fn resume(question: SelectCredential) -> Answer {
    let ticket = ticket_of_section_3();
    let offered: Vec<(&[u8], u32)> = question
        .psk_identities()
        .map(|psk| (psk.identity, psk.obfuscated_ticket_age.wrapping_sub(ticket.age_add)))
        .collect();
    assert_eq!(offered, [(ticket.ticket.as_slice(), 6)]);
    let terms = EarlyDataTerms { max_bytes: 1024, application_layer_protocol: None };
    let key = PreSharedKey::resumption(ticket.psk.as_bytes(), SUITE).expect("a short secret");
    question.psk(0, key.with_early_data(terms), None, true).expect("it is offered")
}

/// Whether the server sends this record because it was told to issue a ticket.
pub(crate) fn is_ticket(record: &Record<'_>) -> bool {
    record.messages().iter().any(|message| message[0] == HandshakeType::NEW_SESSION_TICKET.0)
}

fn client_hello(message: &[u8]) -> ClientHello<'_> {
    ClientHello::parse(&message[HEADER_BYTES..], &Limits::default()).expect("a ClientHello")
}

fn groups(codes: &[u16]) -> Vector<NamedGroup> {
    codes.iter().copied().map(NamedGroup).collect()
}

fn signature_schemes() -> Vector<SignatureScheme> {
    SIGNATURE_SCHEMES.into_iter().map(SignatureScheme).collect()
}

/// RFC 5746.
const RENEGOTIATION_INFO: ExtensionType = ExtensionType(0xff01);

/// RFC 5077.
const SESSION_TICKET: ExtensionType = ExtensionType(35);

/// The largest that there is.
const RECORD_SIZE_LIMIT: [u8; 2] = [0x40, 0x01];
