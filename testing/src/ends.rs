//! A client and a server with policies, to meet other implementations.

use std::sync::Arc;

use countersign::connection::Connection;
use countersign::handshake::config::{ClientAuthentication, Destination};
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::{ClientConfig, Handshake, ServerConfig};
use countersign::policy::{ClientPolicy, Credential, ServerPolicy, ServerTrust};
use pki_types::UnixTime;

use crate::pki::{Authority, NAME, trusting};
use crate::provider::provider;

/// A client of ours, to be changed before it connects.
#[derive(Debug)]
pub struct Client {
    /// What it offers.
    pub config: ClientConfig,
    /// Where it goes.
    pub destination: Destination,
    /// How it decides.
    pub policy: ClientPolicy,
}

impl Client {
    /// Trusts `root`, wants to reach [`NAME`], and has no certificate.
    ///
    /// # Panics
    /// If the authority cannot be trusted.
    #[must_use]
    pub fn trusting(root: &Authority) -> Self {
        Self {
            config: ClientConfig::new(provider()),
            destination: Destination::named(NAME.try_into().unwrap()),
            policy: ClientPolicy {
                servers: ServerTrust::Roots(trusting(root)),
                credentials: Vec::new(),
            },
        }
    }

    /// As it is, with a certificate.
    #[must_use]
    pub fn with(mut self, credential: Credential) -> Self {
        self.policy.credentials.push(credential);
        self
    }

    /// A connection.
    ///
    /// # Panics
    /// If the configuration is refused.
    #[must_use]
    pub fn connection(&self) -> Connection {
        let config = Arc::new(self.config.clone());
        Connection::new(Handshake::client(config, self.destination.clone()).unwrap())
    }

    /// Answers as the policy does.
    ///
    /// # Errors
    /// The question, if the policy hands it back.
    pub fn answer(&self, question: Decision) -> Result<Answer, Decision> {
        let answered = self.policy.answer(question, UnixTime::now());
        answered.map(|answered| answered.answer).map_err(|question| *question)
    }
}

/// A server of ours, to be changed before anyone connects.
#[derive(Debug)]
pub struct Server {
    /// What it accepts.
    pub config: ServerConfig,
    /// How it decides. Where it hands back the verdict on a client, that client is denied access.
    pub policy: ServerPolicy,
}

impl Server {
    /// Has this certificate, and asks for none.
    #[must_use]
    pub fn known_by(credential: Credential) -> Self {
        Self {
            config: ServerConfig::new(provider()),
            policy: ServerPolicy { credentials: vec![credential], ..ServerPolicy::default() },
        }
    }

    /// As it is, asking for certificates that `root` has issued.
    ///
    /// # Panics
    /// If the authority cannot be trusted.
    #[must_use]
    pub fn asking(mut self, root: &Authority, how: ClientAuthentication) -> Self {
        self.config.client_authentication = how;
        self.policy.client_roots = Some(trusting(root));
        self
    }

    /// A connection.
    ///
    /// # Panics
    /// If the configuration is refused.
    #[must_use]
    pub fn connection(&self) -> Connection {
        Connection::new(Handshake::server(Arc::new(self.config.clone())).unwrap())
    }

    /// Answers as the policy does, seals tickets as eight bytes, and denies access to clients whom
    /// the policy does not judge.
    ///
    /// # Errors
    /// The question, if there is no answer to it.
    ///
    /// # Panics
    /// If eight bytes are no ticket.
    pub fn answer(&self, question: Decision) -> Result<Answer, Decision> {
        match self.policy.answer(question, UnixTime::now()).map_err(|question| *question) {
            Ok(answered) => Ok(answered.answer),
            Err(Decision::SealTicket(question)) => Ok(question.sealed(b"a ticket".into()).unwrap()),
            Err(Decision::VerifyCertificate(question)) => Ok(question.deny()),
            Err(other) => Err(other),
        }
    }
}
