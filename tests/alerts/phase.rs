//! Every state in which a connection can wait, and how it gets there.

use countersign::connection::Connection;
use countersign::epoch::Epoch::{self, Application, EarlyData, Handshake, Initial};
use countersign::epoch::Role::{self, Client, Server};
use countersign::handshake::event::NewTicket;
use countersign_testing::{Setup, Socket, Trial};

/// A state, and the keys that are in use there.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Phase {
    pub(crate) victim: Role,
    pub(crate) state: &'static str,
    /// What the peer sends under.
    pub(crate) receive: Epoch,
    /// What an alert of ours is sent under.
    pub(crate) send: Epoch,
}

const fn phase(victim: Role, state: &'static str, receive: Epoch, send: Epoch) -> Phase {
    Phase { victim, state, receive, send }
}

pub(crate) const PHASES: &[Phase] = &[
    phase(Client, "WaitServerHello", Initial, Initial),
    phase(Client, "WaitSecondServerHello", Initial, Initial),
    phase(Client, "WaitEncryptedExtensions", Handshake, Handshake),
    phase(Client, "WaitCertificateOrRequest", Handshake, Handshake),
    phase(Client, "WaitCertificate", Handshake, Handshake),
    phase(Client, "WaitCertificateVerify", Handshake, Handshake),
    phase(Client, "VerifyCertificate", Handshake, Handshake),
    phase(Client, "WaitFinished", Handshake, Handshake),
    phase(Client, "SelectCredential", Application, Handshake),
    phase(Client, "SignCertificateVerify", Application, Handshake),
    phase(Client, "Connected", Application, Application),
    phase(Server, "WaitClientHello", Initial, Initial),
    phase(Server, "SealCookie", Initial, Initial),
    phase(Server, "OpenCookie", Initial, Initial),
    phase(Server, "WaitSecondClientHello", Initial, Initial),
    phase(Server, "SelectCredential", Initial, Initial),
    phase(Server, "SignCertificateVerify", Handshake, Handshake),
    phase(Server, "WaitEndOfEarlyData", EarlyData, Application),
    phase(Server, "WaitCertificate", Handshake, Application),
    phase(Server, "WaitCertificateVerify", Handshake, Application),
    phase(Server, "VerifyCertificate", Handshake, Application),
    phase(Server, "WaitFinished", Handshake, Application),
    phase(Server, "Connected", Application, Application),
    phase(Server, "SealTicket", Application, Application),
    phase(Server, "WaitPostHandshakeCertificateVerify", Application, Application),
    phase(Server, "VerifyPostHandshakeCertificate", Application, Application),
    phase(Server, "WaitPostHandshakeFinished", Application, Application),
];

impl Phase {
    /// A connection in this state, and its peer.
    pub(crate) fn trial(self) -> Trial {
        self.trial_with(|_| ())
    }

    /// As [`trial`](Self::trial), with other configurations.
    pub(crate) fn trial_with(self, change: impl FnOnce(&mut Setup)) -> Trial {
        let mut setup = match self.state {
            "WaitEndOfEarlyData" => Setup::sharing_a_key(true),
            "SealCookie" | "OpenCookie" => Setup::stateless(),
            _ => Setup::longest(),
        };
        change(&mut setup);
        let mut trial = Trial::new(setup.clone(), self.victim);
        if self.state == "OpenCookie" {
            // The second hello comes to a server that has not seen the first.
            trial.reach("WaitSecondClientHello");
            trial.victim = Socket::new(Connection::new(setup.handshakes().1));
        }
        if self.state == "SealTicket" {
            trial.reach("Connected");
            let ticket = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
            trial.victim.connection.issue_ticket(ticket).expect("a connected server");
            trial.exchange();
        }
        if self.state.contains("PostHandshake") {
            trial.reach("Connected");
            trial.victim.connection.request_certificate(true).expect("it is offered");
            trial.exchange();
        }
        trial.reach(self.state);
        trial
    }

    /// Whether `close_notify` of the peer is an orderly end here.
    pub(crate) fn is_complete(self) -> bool {
        matches!(self.state, "Connected" | "SealTicket") || self.state.contains("PostHandshake")
    }
}
