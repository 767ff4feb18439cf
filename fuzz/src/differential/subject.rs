//! The end under test, of one implementation or the other: records go in and come out.

use std::mem;
use std::sync::Arc;

use countersign::connection::Connection;
use countersign::epoch::Role;
use countersign::handshake::decision::{
    Answer, CertificateChain, ChainEntry, Decision, HelloRefusal,
};
use countersign::handshake::{End, Fact};
use countersign::registry::SignatureScheme;
use countersign_testing::Socket;
use pki_types::CertificateDer;

use crate::answers;
use crate::differential::options::Options;
use crate::differential::theirs::Theirs;
use crate::insecure::{CERTIFICATE, sign};
use crate::script::Script;

/// What an end has negotiated.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Values {
    pub(super) cipher_suite: u16,
    pub(super) group: Option<u16>,
    pub(super) application_layer_protocol: Option<Vec<u8>>,
    pub(super) retried: bool,
    pub(super) peer_certificates: Vec<Vec<u8>>,
}

/// Where an end stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// It waits for more.
    Waiting,
    /// Its handshake is complete.
    Complete(Values),
    /// An alert of the peer's has ended it, or closed the peer's side.
    Told,
    /// It has found fault with its peer, for this reason in its own words.
    Failed(String),
}

pub(super) enum Subject {
    Ours(Box<Ours>),
    Theirs(Box<Theirs>),
}

impl Subject {
    /// Takes whole records and returns what it sends.
    pub(super) fn exchange(&mut self, records: &[u8]) -> Vec<u8> {
        match self {
            Self::Ours(ours) => ours.exchange(records),
            Self::Theirs(theirs) => theirs.exchange(records),
        }
    }

    pub(super) fn standing(&self) -> Standing {
        match self {
            Self::Ours(ours) => ours.standing(),
            Self::Theirs(theirs) => theirs.standing(),
        }
    }

    pub(super) fn is_over(&self) -> bool {
        matches!(self.standing(), Standing::Told | Standing::Failed(_))
    }
}

/// countersign.
pub(super) struct Ours {
    socket: Socket,
    options: Options,
    peer_certificates: Vec<Vec<u8>>,
}

impl Ours {
    pub(super) fn new(options: Options) -> Self {
        let socket = Socket::new(Connection::new(options.ours()));
        Self { socket, options, peer_certificates: Vec::new() }
    }

    fn exchange(&mut self, records: &[u8]) -> Vec<u8> {
        let Self { socket, options, peer_certificates } = self;
        socket.input.extend_from_slice(records);
        socket.work(&mut |question| {
            if let Decision::VerifyCertificate(question) = &question {
                *peer_certificates = question.certificates().map(|der| der.to_vec()).collect();
            }
            Ok(answer(question, options))
        });
        mem::take(&mut socket.output)
    }

    fn standing(&self) -> Standing {
        let Socket { connection, facts, end, .. } = &self.socket;
        let closed = facts.iter().any(|fact| matches!(fact, Fact::PeerClosed));
        match end {
            Some(End::Failed(failure)) => Standing::Failed(format!("{:?}", failure.cause)),
            Some(_) => Standing::Told,
            None if closed => Standing::Told,
            None if connection.handshake().is_complete() => Standing::Complete(self.values()),
            None => Standing::Waiting,
        }
    }

    fn values(&self) -> Values {
        let mut values =
            Values { peer_certificates: self.peer_certificates.clone(), ..Values::default() };
        for fact in &self.socket.facts {
            match fact {
                Fact::Retried => values.retried = true,
                Fact::Negotiated(negotiated) => {
                    values.cipher_suite = negotiated.cipher_suite.0;
                    values.group = negotiated.group.map(|group| group.0);
                    let protocol = &negotiated.application_layer_protocol;
                    values.application_layer_protocol.clone_from(protocol);
                }
                _ => {}
            }
        }
        values
    }
}

/// What rustls answers without asking anybody.
pub(super) fn answer(question: Decision, options: &Options) -> Answer {
    match question {
        Decision::SelectCredential(question) => {
            let offers = question.application_layer_protocols().next().is_some();
            let is_offered = |name: &&[u8]| {
                question.application_layer_protocols().any(|offered| offered == *name)
            };
            let mut served = options.protocols.iter().map(|name| name.as_bytes());
            let serves = options.role == Role::Server && served.len() > 0;
            let protocol = served.find(is_offered);
            if offers && serves && protocol.is_none() {
                return question.refuse(HelloRefusal::NoApplicationProtocol);
            }
            let scheme = SignatureScheme::ED25519;
            question
                .certificate(chain(), scheme, protocol)
                .unwrap_or_else(|unfit| unfit.question.refuse(HelloRefusal::NoSuitableCertificate))
        }
        Decision::SelectClientCredential(question) if options.has_credential => question
            .certificate(chain(), SignatureScheme::ED25519)
            .unwrap_or_else(|unfit| unfit.question.decline()),
        Decision::SelectClientCredential(question) => question.decline(),
        Decision::Sign(question) => {
            let signature = sign(question.message());
            question.signature(signature)
        }
        other => answers::answer(other, &mut Script::new(&[])),
    }
}

/// The certificate with what rustls can staple to it.
fn chain() -> Arc<CertificateChain> {
    let entry = ChainEntry {
        certificate: CertificateDer::from(CERTIFICATE),
        ocsp_response: Some(b"a response".to_vec()),
        signed_certificate_timestamps: None,
    };
    Arc::new(CertificateChain { entries: vec![entry] })
}
