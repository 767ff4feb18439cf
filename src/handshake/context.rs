//! What a handler may do besides moving on: send, change keys, ask, tell.

use std::collections::VecDeque;
use std::sync::Arc;

use crate::alert::Alert;
use crate::codec::Writer;
use crate::diagnosis::{self, Evidence};
use crate::epoch::{Direction, Epoch, Role};
use crate::failure::Cause;
use crate::handshake::client_authentication::{self, ClientAuthenticationState};
use crate::handshake::closure::Closure;
use crate::handshake::config::Profile;
use crate::handshake::decision::{Answer, Decision, Serial};
use crate::handshake::event::{End, Fact, Output};
use crate::handshake::key_update::UpdateLedger;
use crate::handshake::ticket::TicketScope;
use crate::key_schedule::{ExporterSecret, PskKind, TrafficSecret};
use crate::limits::Limits;
use crate::message;
use crate::message::{ExtensionSet, ParseContext};
use crate::registry::{CertificateType, HandshakeType};

/// The part of a handshake that is alive in every state.
#[derive(Debug)]
pub(crate) struct Context {
    pub(crate) role: Role,
    pub(crate) limits: Limits,
    /// The extensions of our ClientHello or CertificateRequest, to which the peer may reply.
    pub(crate) offered: ExtensionSet,
    /// Client: there was a HelloRetryRequest.
    pub(crate) after_retry: bool,
    /// The transport protects, ends and updates by itself (RFC 9001).
    pub(crate) is_quic: bool,
    /// `exporter_secret`, from the server's Finished on.
    pub(crate) exporter: Option<ExporterSecret>,
    /// `early_exporter_secret`, while early data may be sent or received.
    pub(crate) early_exporter: Option<ExporterSecret>,
    /// How many more bytes of early data may be sent, or received.
    pub(crate) early_data: Option<u32>,
    /// Server: early data was offered, and the answer that decides on it is outstanding.
    pub(crate) early_data_is_undecided: bool,
    /// What became of PSKs, for a diagnosis.
    pub(crate) psk: diagnosis::Psk,
    pub(crate) certificate_was_accepted: bool,
    behind_early_data: Option<(Epoch, TrafficSecret)>,
    pub(crate) updates: UpdateLedger,
    pub(crate) compatibility_mode: bool,
    /// Server: what tickets are bound to; `None` if the client can use none (RFC 9846 §4.7.1).
    pub(crate) ticket_scope: Option<Arc<TicketScope>>,
    /// What a Certificate of the peer's holds: X.509 unless something else is negotiated.
    pub(crate) peer_certificate_type: CertificateType,
    /// What a Certificate of ours holds.
    pub(crate) own_certificate_type: CertificateType,
    /// The client may be asked for certificates after the handshake (RFC 9846 §4.7.2).
    pub(crate) post_handshake_auth: bool,
    /// How many certificates the server has asked for after the handshake.
    pub(crate) certificate_requests: u64,
    /// The client's view of its own authentication.
    pub(crate) client_authentication: ClientAuthenticationState,
    /// It is about an answer to a request that came after the handshake.
    pub(crate) authenticates_after_handshake: bool,
    /// Application data has arrived since our last authentication messages.
    pub(crate) data_has_arrived: bool,
    /// Bytes written since then, as long as the server has not shown that it processed them.
    pub(crate) unconfirmed_bytes: u64,
    /// How far the connection is closed.
    pub(crate) closure: Closure,
    outputs: VecDeque<Output>,
    /// Messages of the flight under way; they leave together.
    flight: Vec<u8>,
    send_epoch: Epoch,
    receive_epoch: Epoch,
    receive_keys: u32,
    last_question: Serial,
    /// The open question, for whose answer everything waits.
    question: Option<Serial>,
    /// Open questions beside which everything goes on.
    questions_aside: Vec<Serial>,
}

impl Context {
    pub(crate) fn new(role: Role, limits: Limits, profile: &Profile) -> Self {
        Self {
            role,
            limits,
            offered: ExtensionSet::default(),
            after_retry: false,
            is_quic: matches!(profile, Profile::Quic(_)),
            exporter: None,
            early_exporter: None,
            early_data: None,
            early_data_is_undecided: false,
            psk: diagnosis::Psk::NotOffered,
            certificate_was_accepted: false,
            behind_early_data: None,
            updates: UpdateLedger::default(),
            compatibility_mode: false,
            ticket_scope: None,
            peer_certificate_type: CertificateType::X509,
            own_certificate_type: CertificateType::X509,
            post_handshake_auth: false,
            certificate_requests: 0,
            client_authentication: ClientAuthenticationState::default(),
            authenticates_after_handshake: false,
            data_has_arrived: false,
            unconfirmed_bytes: 0,
            closure: Closure::Open,
            outputs: VecDeque::with_capacity(OUTPUTS),
            flight: Vec::new(),
            send_epoch: Epoch::Initial,
            receive_epoch: Epoch::Initial,
            receive_keys: 0,
            last_question: Serial::first(),
            question: None,
            questions_aside: Vec::new(),
        }
    }

    pub(crate) const fn send_epoch(&self) -> Epoch {
        self.send_epoch
    }

    pub(crate) const fn receive_epoch(&self) -> Epoch {
        self.receive_epoch
    }

    /// How many keys to receive with have been installed.
    pub(crate) const fn receive_keys(&self) -> u32 {
        self.receive_keys
    }

    /// What parsing a message needs to know.
    pub(crate) const fn parse_context(&self) -> ParseContext {
        ParseContext { offered: self.offered, limits: self.limits, after_retry: self.after_retry }
    }

    /// Adds a message that is already encoded, header included, to the flight.
    pub(crate) fn send_encoded(&mut self, message: &[u8]) {
        self.flight.extend_from_slice(message);
    }

    /// Adds a message to the flight and returns it, header included, for the transcript.
    pub(crate) fn send(
        &mut self,
        handshake_type: HandshakeType,
        body: impl FnOnce(&mut Writer<'_>),
    ) -> Result<&[u8], Cause> {
        let start = self.flight.len();
        if start == 0 {
            self.flight.reserve(FLIGHT_BYTES);
        }
        message::encode(handshake_type, &mut self.flight, body)?;
        Ok(self.flight.get(start..).unwrap_or_default())
    }

    /// Lets the flight leave. What was ready too late, behind `close_notify`, stays.
    pub(crate) fn flush(&mut self) {
        let bytes = core::mem::take(&mut self.flight);
        if !bytes.is_empty() && self.closure.may_send() {
            self.outputs.push_back(Output::Send { epoch: self.send_epoch, bytes });
        }
    }

    /// Installs a key. The driver has seen to it that no message spans the change.
    pub(crate) fn install(&mut self, direction: Direction, epoch: Epoch, secret: &TrafficSecret) {
        match direction {
            Direction::Send => {
                self.flush();
                self.send_epoch = epoch;
            }
            Direction::Receive => {
                self.receive_epoch = epoch;
                self.receive_keys = self.receive_keys.wrapping_add(1);
            }
        }
        self.outputs.push_back(Output::Key { direction, epoch, secret: secret.clone() });
    }

    /// Installs a key to send with, or keeps it back for as long as early data is being sent.
    pub(crate) fn install_behind_early_data(&mut self, epoch: Epoch, secret: &TrafficSecret) {
        if self.send_epoch == Epoch::EarlyData {
            self.behind_early_data = Some((epoch, secret.clone()));
        } else {
            self.install(Direction::Send, epoch, secret);
        }
    }

    /// RFC 9846 §A.1: an alert goes out under the handshake key if there is one.
    pub(crate) fn prepare_to_fail(&mut self) {
        self.flight = Vec::new();
        if self.behind_early_data.is_some() {
            self.end_early_data();
        }
    }

    /// Early data is over: the key behind it comes into use, or none.
    pub(crate) fn end_early_data(&mut self) {
        if self.send_epoch != Epoch::EarlyData {
            return;
        }
        match self.behind_early_data.take() {
            Some((epoch, secret)) => self.install(Direction::Send, epoch, &secret),
            None => {
                self.flush();
                self.send_epoch = Epoch::Initial;
                self.outputs.push_back(Output::KeyDropped);
            }
        }
    }

    /// Whether so many more bytes of early data are within what was agreed.
    pub(crate) fn spend_early_data(&mut self, bytes: usize) -> bool {
        let left = self.early_data.zip(u32::try_from(bytes).ok());
        self.early_data = left.and_then(|(left, bytes)| left.checked_sub(bytes));
        self.early_data.is_some()
    }

    /// Whether the client may be asked for certificates after the handshake, now that it is known
    /// what both ends use: not with a key from outside (RFC 9846 §4.4.2), and not in QUIC (RFC 9001
    /// §4.4).
    pub(crate) fn settle_post_handshake_auth(&mut self, offered: bool, psk: Option<PskKind>) {
        let psk_permits = psk.is_none_or(|kind| kind == PskKind::Resumption);
        self.post_handshake_auth = offered && psk_permits && !self.is_quic;
    }

    /// The server does not take early data.
    pub(crate) fn reject_early_data(&mut self) {
        self.early_data = None;
        self.early_exporter = None;
        self.end_early_data();
        self.learn(Fact::EarlyDataRejected);
    }

    /// Asks; the machine takes no message until the answer is there.
    pub(crate) fn ask(&mut self, question: impl FnOnce(Serial) -> Decision) {
        self.question = Some(self.put(question));
    }

    /// Asks, and everything goes on meanwhile; the answer will have this serial.
    pub(crate) fn ask_aside(&mut self, question: impl FnOnce(Serial) -> Decision) -> Serial {
        let serial = self.put(question);
        self.questions_aside.push(serial.clone());
        serial
    }

    fn put(&mut self, question: impl FnOnce(Serial) -> Decision) -> Serial {
        self.last_question = self.last_question.next();
        self.outputs.push_back(Output::Decide(question(self.last_question.clone())));
        self.last_question.clone()
    }

    /// Whether there is a question for whose answer everything waits.
    pub(crate) const fn question_is_open(&self) -> bool {
        self.question.is_some()
    }

    /// Whether this answers an open question, which is then closed.
    pub(crate) fn close_question(&mut self, answer: &Answer) -> bool {
        let fits = |open: &mut Serial| *open == answer.serial;
        self.question.take_if(fits).is_some()
            || self.questions_aside.extract_if(.., fits).next().is_some()
    }

    pub(crate) fn learn(&mut self, fact: Fact) {
        self.outputs.push_back(Output::Learned(fact));
    }

    /// The client knows more about what became of its authentication.
    pub(crate) fn client_authentication_is(&mut self, state: ClientAuthenticationState) {
        if self.client_authentication != state {
            self.client_authentication = state;
            self.learn(Fact::ClientAuthentication(state));
        }
    }

    /// We have answered a request that came after the handshake. What the server has sent so far
    /// says nothing about that.
    pub(crate) fn authenticated_after_handshake(&mut self, reply: client_authentication::Reply) {
        if self.client_authentication.unsettled().is_none() {
            self.unconfirmed_bytes = 0;
        }
        self.authenticates_after_handshake = true;
        self.data_has_arrived = false;
        self.updates.answer_is_evidence = false;
        self.client_authentication_is(ClientAuthenticationState::Pending(reply));
    }

    /// The server has shown that it processed the Finished with which we ended the handshake.
    pub(crate) fn handshake_processed(&mut self) {
        if !self.authenticates_after_handshake {
            self.authentication_processed(Evidence::Strong);
        }
    }

    /// The server has shown that it processed our last Finished.
    pub(crate) fn authentication_processed(&mut self, evidence: Evidence) {
        if let ClientAuthenticationState::Pending(reply) = self.client_authentication {
            self.client_authentication_is(ClientAuthenticationState::Processed(reply, evidence));
        }
    }

    /// The server can show nothing any more.
    pub(crate) fn authentication_unresolved(&mut self) {
        if let ClientAuthenticationState::Pending(reply) = self.client_authentication {
            self.client_authentication_is(ClientAuthenticationState::Unresolved(reply));
        }
    }

    pub(crate) fn alert(&mut self, alert: Alert) {
        self.flush();
        self.outputs.push_back(Output::Alert { epoch: self.send_epoch, alert });
    }

    /// The last output. What is secret goes; so does a flight that was under way, and a question
    /// that nobody has taken yet: there is no answering it any more.
    pub(crate) fn end(&mut self, end: End) {
        self.flight = Vec::new();
        self.exporter = None;
        self.early_exporter = None;
        self.behind_early_data = None;
        self.question = None;
        self.questions_aside = Vec::new();
        self.outputs.retain(|output| !matches!(output, Output::Decide(_)));
        self.outputs.push_back(Output::Ended(end));
    }

    /// Whether everything has been said.
    pub(crate) fn is_silent(&self) -> bool {
        self.outputs.is_empty() && self.flight.is_empty()
    }

    /// Application keys are in use both ways, and whoever carries the records has them.
    pub(crate) const fn carry_on(&mut self) {
        self.send_epoch = Epoch::Application;
        self.receive_epoch = Epoch::Application;
    }

    pub(crate) fn poll(&mut self) -> Option<Output> {
        self.outputs.pop_front()
    }

    /// Gives back the room of what has been said.
    pub(crate) fn rest(&mut self) {
        if self.outputs.is_empty() && self.outputs.capacity() > 0 {
            self.outputs = VecDeque::new();
        }
    }
}

/// Room for a flight: enough for most, without growing.
const FLIGHT_BYTES: usize = 1024;

/// Room for what one turn of a handshake brings forth, likewise.
const OUTPUTS: usize = 8;
