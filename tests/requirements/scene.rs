//! Handshakes of every kind between our own ends, and everything that is said in them.

use std::sync::Arc;

use countersign::epoch::{Epoch, Role};
use countersign::handshake::config::{ClientAuthentication, KeyShares, Profile};
use countersign::handshake::decision::{Answer, Decision};
use countersign::message::ProtocolName;
use countersign::registry::{CertificateType, CipherSuite, PskKeyExchangeMode, SignatureScheme};
use countersign_testing::{Identity, Reversed, Setup, messages};

use crate::draft::Draft;

pub(crate) const CLIENT_HELLO: u8 = 1;
pub(crate) const SERVER_HELLO: u8 = 2;
pub(crate) const END_OF_EARLY_DATA: u8 = 5;
pub(crate) const ENCRYPTED_EXTENSIONS: u8 = 8;
pub(crate) const CERTIFICATE: u8 = 11;
pub(crate) const CERTIFICATE_REQUEST: u8 = 13;

/// The random of a HelloRetryRequest (RFC 9846 §4.2.3).
pub(crate) const RETRY: [u8; 8] = [0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11];

/// A message that was sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) from: Role,
    pub(crate) epoch: Epoch,
    pub(crate) bytes: Vec<u8>,
}

impl Sent {
    pub(crate) fn draft(&self) -> Draft {
        Draft::read(&self.bytes)
    }

    pub(crate) fn is(&self, handshake_type: u8) -> bool {
        self.bytes[0] == handshake_type
    }

    pub(crate) fn is_retry(&self) -> bool {
        self.is(SERVER_HELLO) && self.bytes[6..14] == RETRY
    }
}

/// A handshake of some kind, and everything that was said in it.
pub(crate) struct Scene {
    pub(crate) name: &'static str,
    pub(crate) quic: bool,
    pub(crate) sent: Vec<Sent>,
}

impl Scene {
    pub(crate) fn of(&self, handshake_type: u8) -> impl Iterator<Item = Draft> {
        self.sent.iter().filter(move |sent| sent.is(handshake_type)).map(Sent::draft)
    }

    /// The types of the messages, a retry as 0.
    pub(crate) fn types(&self) -> Vec<u8> {
        let kind = |sent: &Sent| if sent.is_retry() { 0 } else { sent.bytes[0] };
        self.sent.iter().map(kind).collect()
    }
}

pub(crate) type Change = fn(&mut Setup);

/// Each kind of handshake, and the order of its messages (RFC 9846 §2, §4.1): a retry is 0.
pub(crate) const KINDS: &[(&str, Change, &[u8])] = &[
    ("full", |_| (), &[1, 2, 8, 11, 15, 20, 20]),
    ("retry", |s| s.client.key_shares = KeyShares::First(0), &[1, 0, 1, 2, 8, 11, 15, 20, 20]),
    ("cookie", |s| s.server.cookie_bytes = 32, &[1, 0, 1, 2, 8, 11, 15, 20, 20]),
    ("many shares", |s| s.client.key_shares = KeyShares::First(9), &[1, 2, 8, 11, 15, 20, 20]),
    (
        "outside compatibility mode",
        |s| s.client.compatibility_mode = false,
        &[1, 2, 8, 11, 15, 20, 20],
    ),
    (
        "mutual",
        |s| s.server.client_authentication = ClientAuthentication::Require,
        &[1, 2, 8, 13, 11, 15, 20, 11, 15, 20],
    ),
    (
        "declined",
        |s| s.server.client_authentication = ClientAuthentication::Request,
        &[1, 2, 8, 13, 11, 15, 20, 11, 20],
    ),
    (
        "mutual, by raw public keys",
        |s| {
            let types = || core::iter::once(CertificateType::RAW_PUBLIC_KEY).collect();
            s.server.client_authentication = ClientAuthentication::Require;
            (s.client.client_certificate_types, s.client.server_certificate_types) =
                (types(), types());
            (s.server.client_certificate_types, s.server.server_certificate_types) =
                (types(), types());
        },
        &[1, 2, 8, 13, 11, 15, 20, 11, 15, 20],
    ),
    (
        "mutual and compressed",
        |s| {
            s.server.client_authentication = ClientAuthentication::Require;
            s.client.certificate_compressions = vec![Arc::new(Reversed)];
            s.server.certificate_compressions = vec![Arc::new(Reversed)];
        },
        &[1, 2, 8, 13, 25, 15, 20, 25, 15, 20],
    ),
    ("everything offered", with_everything, &[1, 2, 8, 11, 15, 20, 20]),
    ("psk", |s| *s = Setup::sharing_a_key(false), &[1, 2, 8, 20, 20]),
    (
        "psk where certificates are wanted",
        |s| {
            *s = Setup::sharing_a_key(false);
            s.server.client_authentication = ClientAuthentication::Require;
        },
        &[1, 2, 8, 20, 20],
    ),
    (
        "psk alone",
        |s| {
            *s = Setup::sharing_a_key(false);
            let alone = || core::iter::once(PskKeyExchangeMode::PSK_KE).collect();
            (s.client.psk_key_exchange_modes, s.server.psk_key_exchange_modes) = (alone(), alone());
        },
        &[1, 2, 8, 20, 20],
    ),
    (
        "psk and retry",
        |s| {
            *s = Setup::sharing_a_key(true);
            s.server.cookie_bytes = 8;
        },
        &[1, 0, 1, 2, 8, 20, 20],
    ),
    ("early data", |s| *s = Setup::sharing_a_key(true), &[1, 2, 8, 20, 5, 20]),
    (
        "early data refused",
        |s| {
            *s = Setup::sharing_a_key(true);
            let suite = CipherSuite::TLS_CHACHA20_POLY1305_SHA256;
            s.server.cipher_suites = [suite].into_iter().collect();
        },
        &[1, 2, 8, 20, 20],
    ),
    (
        "quic",
        |s| {
            s.client.profile = Profile::Quic(b"client".to_vec());
            s.client.application_layer_protocols = [ProtocolName(b"h3")].into_iter().collect();
            s.server.profile = Profile::Quic(b"server".to_vec());
        },
        &[1, 2, 8, 11, 15, 20, 20],
    ),
];

pub(crate) fn with_everything(setup: &mut Setup) {
    let client = &mut setup.client;
    client.application_layer_protocols = [ProtocolName(b"h3")].into_iter().collect();
    client.request_signed_certificate_timestamps = true;
    client.record_size_limit = Some(512);
    setup.server.record_size_limit = Some(512);
    setup.server.announce_groups = true;
}

pub(crate) fn answer(kind: &str, question: Decision) -> Answer {
    match question {
        Decision::SelectClientCredential(question) if kind == "declined" => question.decline(),
        Decision::SelectCredential(question)
            if question.application_layer_protocols().next().is_some() =>
        {
            let chain = Identity::example().chain.clone();
            let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
            question.certificate(chain, scheme, Some(b"h3")).expect("it is offered")
        }
        other => Identity::example().answer(other),
    }
}

/// Plays a handshake of each kind, and a ticket behind it.
pub(crate) fn scenes() -> Vec<Scene> {
    let scene = |&(name, change, _): &(&'static str, Change, _)| {
        let mut setup = Setup::default();
        change(&mut setup);
        let quic = setup.client.profile != Profile::Records;
        let (mut pair, mut sent) = (setup.pair(), Vec::new());
        pair.run_with(
            |flight| {
                sent.extend(messages(&flight.bytes).into_iter().map(|message| Sent {
                    from: flight.from,
                    epoch: flight.epoch,
                    bytes: message.to_vec(),
                }));
            },
            |_, question| Ok(answer(name, question)),
        );
        assert!(pair.agrees(), "{name}: {pair:?}");
        Scene { name, quic, sent }
    };
    KINDS.iter().map(scene).collect()
}
