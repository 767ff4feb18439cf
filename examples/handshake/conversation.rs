//! Two handshakes that talk to each other, and a timeline of what they say.

use std::collections::VecDeque;
use std::error::Error;
use std::sync::Arc;

use countersign::alert::{Alert, AlertDescription};
use countersign::epoch::{Direction, Epoch, Role};
use countersign::handshake::client_authentication::ClientAuthenticationState;
use countersign::handshake::decision::Decision;
use countersign::handshake::{End, Fact, Handshake, Output};
use countersign::message::{HEADER_BYTES, Kind as MessageKind};
use countersign::policy::{Answered, Inspection, verify};
use countersign::registry::HandshakeType;
use pki_types::{CertificateDer, UnixTime};

use crate::report;
use crate::scene::{Act, Path, Scene};
use crate::timeline::{Fate, Kind, Timeline, protected};

/// Two ends and the path between them.
pub(crate) struct Conversation {
    scene: Scene,
    client: Party,
    server: Party,
    timeline: Timeline,
}

/// One end.
struct Party {
    handshake: Handshake,
    /// What it has said and we have not noted yet.
    said: VecDeque<Output>,
    end: Option<End>,
}

/// What came of it.
pub(crate) struct Outcome {
    pub(crate) timeline: Timeline,
    pub(crate) client: Ending,
    pub(crate) server: Ending,
}

/// Where one end stood at last, and how it ended, if it did.
pub(crate) struct Ending {
    pub(crate) state: &'static str,
    pub(crate) end: Option<End>,
}

impl Party {
    const fn new(handshake: Handshake) -> Self {
        Self { handshake, said: VecDeque::new(), end: None }
    }

    /// The next output, each transition ahead of what it brings about.
    fn next(&mut self) -> Option<Output> {
        if self.said.is_empty() {
            while let Some(output) = self.handshake.poll() {
                if matches!(output, Output::Learned(Fact::Moved { .. })) {
                    self.said.push_front(output);
                    break;
                }
                self.said.push_back(output);
            }
        }
        self.said.pop_front()
    }

    fn ending(self) -> Ending {
        Ending { state: self.handshake.state(), end: self.end }
    }
}

impl Conversation {
    pub(crate) fn new(scene: Scene) -> Result<Self, Box<dyn Error>> {
        let client = Handshake::client(Arc::new(scene.client.clone()), scene.destination.clone())?;
        let server = Handshake::server(Arc::new(scene.server.clone()))?;
        let mut timeline = Timeline::default();
        timeline.note(Role::Client, Kind::State, "Start");
        timeline.note(Role::Server, Kind::State, server.state());
        Ok(Self { scene, client: Party::new(client), server: Party::new(server), timeline })
    }

    /// Runs until nobody has anything left to say or to do.
    pub(crate) fn run(mut self) -> Result<Outcome, Box<dyn Error>> {
        let mut acts: VecDeque<(Role, Act)> = core::mem::take(&mut self.scene.acts).into();
        loop {
            let client_spoke = self.turn(Role::Client)?;
            // A client that is connected need not wait for anyone before it speaks.
            while let Some((Role::Client, Act::SpeakAtOnce(text))) = acts.front().copied()
                && self.client.handshake.is_complete()
            {
                acts.pop_front();
                self.speak(Role::Client, text);
            }
            let server_spoke = self.turn(Role::Server)?;
            if !client_spoke && !server_spoke {
                let Some((role, act)) = acts.pop_front() else { break };
                self.act(role, act)?;
            }
        }
        let (client, server) = (self.client.ending(), self.server.ending());
        Ok(Outcome { timeline: self.timeline, client, server })
    }

    fn party(&mut self, role: Role) -> &mut Party {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    /// Lets one end say all that it has to say.
    fn turn(&mut self, role: Role) -> Result<bool, Box<dyn Error>> {
        let mut spoke = false;
        while let Some(output) = self.party(role).next() {
            spoke = true;
            match output {
                Output::Send { epoch, bytes } => self.carry(role, epoch, &bytes)?,
                Output::Alert { epoch, alert } => self.carry_alert(role, epoch, alert)?,
                other => self.note(role, other)?,
            }
        }
        Ok(spoke)
    }

    /// Notes what an end says to us, up to the next thing that it says to its peer.
    fn listen(&mut self, role: Role) -> Result<(), Box<dyn Error>> {
        while let Some(output) = self.party(role).next() {
            if matches!(output, Output::Send { .. } | Output::Alert { .. }) {
                self.party(role).said.push_front(output);
                break;
            }
            self.note(role, output)?;
        }
        Ok(())
    }

    /// Carries messages over, one by one, so that each is seen with what it brings about.
    fn carry(&mut self, from: Role, epoch: Epoch, flight: &[u8]) -> Result<(), Box<dyn Error>> {
        let mut rest = flight;
        while let Some((message, behind)) = first_message(rest) {
            rest = behind;
            let label = protected(epoch, &name_of(message));
            let fate = self.fate(from);
            self.timeline.arrow(from, Kind::Message, &label, fate);
            if fate == Fate::Arrives {
                self.party(from.peer()).handshake.receive(epoch, message)?;
                self.listen(from.peer())?;
            }
        }
        if self.scene.path == Path::Filtered && from == Role::Client {
            self.forge(AlertDescription(49))?;
        }
        Ok(())
    }

    fn carry_alert(
        &mut self,
        from: Role,
        epoch: Epoch,
        alert: Alert,
    ) -> Result<(), Box<dyn Error>> {
        let label = protected(epoch, &alert.description().to_string());
        let fate = self.fate(from);
        self.timeline.arrow(from, Kind::Alert, &label, fate);
        let peer = self.party(from.peer());
        if fate == Fate::Arrives {
            let [level, description] = alert.to_wire();
            peer.handshake.receive_alert(epoch, level, description)?;
            self.listen(from.peer())?;
        }
        Ok(())
    }

    /// An alert in plaintext from someone on the way.
    fn forge(&mut self, alert: AlertDescription) -> Result<(), Box<dyn Error>> {
        self.timeline.arrow(Role::Server, Kind::Alert, &alert.to_string(), Fate::IsForged);
        self.client.handshake.receive_alert(Epoch::Initial, 2, alert.0)?;
        self.listen(Role::Client)
    }

    /// What becomes of the next thing that `from` sends.
    fn fate(&mut self, from: Role) -> Fate {
        let path_is_cut = match self.scene.path {
            Path::Honest => false,
            Path::Filtered => true,
            Path::CutWhenClientIsConnected => {
                from == Role::Client && self.client.handshake.is_complete()
            }
        };
        let peer_listens = self.party(from.peer()).handshake.closure().may_receive();
        if path_is_cut || !peer_listens { Fate::IsLost } else { Fate::Arrives }
    }

    fn act(&mut self, role: Role, act: Act) -> Result<(), Box<dyn Error>> {
        if self.party(role).end.is_some() {
            return Ok(());
        }
        match act {
            Act::Speak(text) | Act::SpeakAtOnce(text) => self.speak(role, text),
            Act::UpdateKeys => self.party(role).handshake.update_keys(true)?,
            Act::Close => self.party(role).handshake.close()?,
            Act::LoseTransport => {
                self.timeline.note(role, Kind::Note, "the transport ends");
                self.party(role).handshake.transport_eof();
            }
        }
        Ok(())
    }

    /// Sends application data, as whoever carries the records would: a KeyUpdate that is owed goes
    /// first, and the machine is told of the data at either end.
    fn speak(&mut self, role: Role, text: &'static str) {
        if self.party(role).handshake.may_send_application_data().is_err() {
            return;
        }
        self.party(role).handshake.answer_key_update();
        // What the update makes of it is the turn's to say, and it goes ahead of the data.
        let _spoke = self.turn(role);
        self.party(role).handshake.application_data_sent(text.len());
        let fate = self.fate(role);
        let label = protected(Epoch::Application, &format!("\"{text}\""));
        self.timeline.arrow(role, Kind::Message, &label, fate);
        match fate {
            Fate::Arrives => self.party(role.peer()).handshake.application_data_received(),
            _ => self.timeline.note(role, Kind::Note, "writing fails; reading goes on"),
        }
    }

    fn note(&mut self, role: Role, output: Output) -> Result<(), Box<dyn Error>> {
        match output {
            Output::Key { direction, epoch, .. } => {
                self.timeline.note(role, Kind::Note, key_text(direction, epoch));
            }
            Output::Decide(decision) => self.decide(role, decision)?,
            Output::Learned(Fact::Moved { to, .. }) => self.timeline.note(role, Kind::State, to),
            Output::Learned(fact) => {
                if let Some(text) = fact_text(&fact) {
                    self.timeline.note(role, Kind::Note, text);
                }
            }
            Output::Ended(end) => self.party(role).end = Some(end),
            Output::Send { .. } | Output::Alert { .. } | Output::KeyDropped => {}
        }
        Ok(())
    }

    fn decide(&mut self, role: Role, decision: Decision) -> Result<(), Box<dyn Error>> {
        self.timeline.note(role, Kind::Question, question_text(&decision));
        let is_verdict = matches!(decision, Decision::VerifyCertificate(_));
        let now = UnixTime::now();
        let answered = match role {
            Role::Client => self.scene.client_policy.answer(decision, now),
            Role::Server => self.scene.server_policy.answer(decision, now),
        };
        let answered = match answered.map_err(|question| *question) {
            Ok(answered) => answered,
            // The verdict is the application's: the certificate is valid, and its holder stays out.
            Err(Decision::VerifyCertificate(question)) => {
                verify(&question, &self.scene.authority.roots()?, now)?;
                Answered::from(question.deny())
            }
            Err(other) => return Err(format!("nobody answers {other:?}").into()),
        };
        match &answered.rejection {
            Some(rejection) => {
                let text = format!("! no: {}", rejection.reason);
                self.timeline.note(role, Kind::Question, text);
            }
            None if is_verdict && self.scene.denies(role) => {
                self.timeline.note(role, Kind::Question, "! valid, but no access");
            }
            None if is_verdict => self.timeline.note(role, Kind::Question, "! yes"),
            None => {}
        }
        Ok(self.party(role).handshake.answer(answered.answer)?)
    }
}

/// The first message of a flight, and what is behind it.
fn first_message(flight: &[u8]) -> Option<(&[u8], &[u8])> {
    let [_, high, middle, low] = flight.first_chunk::<HEADER_BYTES>()?;
    let length = u32::from_be_bytes([0, *high, *middle, *low]);
    flight.split_at_checked(HEADER_BYTES + usize::try_from(length).ok()?)
}

fn name_of(message: &[u8]) -> String {
    let Some(([handshake_type, ..], body)) = message.split_first_chunk::<HEADER_BYTES>() else {
        return String::from("nothing");
    };
    let kind = MessageKind::of(HandshakeType(*handshake_type), body);
    match kind {
        // An empty context and an empty list.
        Ok(MessageKind::Certificate) if body == [0; 4] => String::from("Certificate, empty"),
        Ok(kind) => String::from(kind.name()),
        Err(cause) => cause.text().into(),
    }
}

fn key_text(direction: Direction, epoch: Epoch) -> String {
    let verb = match direction {
        Direction::Send => "to send",
        Direction::Receive => "to receive",
    };
    format!("+ {} key {verb}", format!("{epoch:?}").to_lowercase())
}

fn question_text(decision: &Decision) -> String {
    match decision {
        Decision::VerifyCertificate(question) => {
            format!("? is {} welcome", subject(question.certificates().next()))
        }
        Decision::SelectCredential(question) => match question.server_name() {
            Some(name) => format!("? who is {}", String::from_utf8_lossy(name).escape_debug()),
            None => String::from("? who are we"),
        },
        Decision::SelectClientCredential(_) => String::from("? which certificate, if any"),
        Decision::Sign(question) => {
            let leaf = question.certificate().entries().first();
            format!("? sign as {}", subject(leaf.map(|leaf| leaf.certificate.clone())))
        }
        other => format!("? {other:?}"),
    }
}

fn subject(certificate: Option<CertificateDer<'_>>) -> String {
    let inspection = certificate.and_then(|der| Inspection::of(&der));
    inspection.map_or_else(|| String::from("nobody"), |inspection| inspection.subject)
}

fn fact_text(fact: &Fact) -> Option<String> {
    Some(match fact {
        Fact::Negotiated(negotiated) => report::negotiated(negotiated),
        Fact::ClientAuthentication(state) => format!("authentication {}", verdict_text(*state)?),
        Fact::Complete => String::from("handshake complete"),
        Fact::PeerUpdatedKeys => String::from("the peer has new keys"),
        Fact::PeerClosed => String::from("the peer will send no more"),
        _ => return None,
    })
}

const fn verdict_text(state: ClientAuthenticationState) -> Option<&'static str> {
    match state {
        ClientAuthenticationState::Pending(_) => Some("pending"),
        ClientAuthenticationState::Processed(..) => Some("processed"),
        ClientAuthenticationState::Rejected(..) => Some("rejected"),
        ClientAuthenticationState::Unresolved(_) => Some("unresolved"),
        _ => None,
    }
}
