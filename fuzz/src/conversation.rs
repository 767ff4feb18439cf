//! One end that is put to the test, an honest peer, and a script of what happens between them.

use std::collections::VecDeque;
use std::sync::Arc;

use countersign::alert::Alert;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Disclosure, Misuse};
use countersign::handshake::config::{ClientAuthentication, CompatibilityMode, Profile};
use countersign::handshake::event::NewTicket;
use countersign::handshake::{self, ClientConfig, Destination, Handshake, ServerConfig};
use countersign::message::ProtocolName;
use countersign::registry::{NamedGroup, PskKeyExchangeMode};
use countersign_testing::{End, Flight, Setup};

use crate::insecure::{self, insecure_provider};
use crate::script::Script;
use crate::{build, mutation};

const EPOCHS: &[Epoch] = &[Epoch::Initial, Epoch::EarlyData, Epoch::Handshake, Epoch::Application];

/// Two configurations, from three bytes of the script: zeros give the plainest.
pub(crate) fn setup(script: &mut Script<'_>) -> Setup {
    let mut client = ClientConfig::new(insecure_provider(1));
    let mut server = ServerConfig::new(insecure_provider(2));
    let flags = script.byte();
    let on = |bit: u8| flags >> bit & 1 == 1;
    if on(0) {
        // The client sends a share of another group.
        server.groups = [NamedGroup::SECP256R1].into_iter().collect();
    }
    if on(1) {
        server.client_authentication = ClientAuthentication::Request;
    }
    if on(2) {
        server.client_authentication = ClientAuthentication::Require;
    }
    if on(3) {
        server.cookie_bytes = 8;
    }
    if on(4) || on(5) {
        client.application_layer_protocols = [ProtocolName(b"a protocol")].into_iter().collect();
    }
    if on(5) {
        client.profile = Profile::Quic(vec![1, 2, 3]);
        server.profile = Profile::Quic(vec![4, 5]);
    }
    if on(6) {
        client.compatibility_mode = false;
        server.compatibility_mode = CompatibilityMode::Always;
    }
    if on(7) {
        client.strict_legacy_version = false;
        server.strict_legacy_version = false;
    }
    let disclosures = [Disclosure::Exact, Disclosure::CertificateGeneric, Disclosure::Concealed];
    client.disclosure = script.choose(&disclosures);
    server.disclosure = client.disclosure;
    client.report_transitions = true;
    server.report_transitions = true;
    let mut destination = Destination::named("example.com".try_into().expect("a DNS name"));
    offer_psks(script.byte(), &mut client, &mut server, &mut destination);
    Setup { client, server, destination }
}

fn offer_psks(
    flags: u8,
    client: &mut ClientConfig,
    server: &mut ServerConfig,
    destination: &mut Destination,
) {
    let on = |bit: u8| flags >> bit & 1 == 1;
    let protocol = client.application_layer_protocols.list().first().map(|name| name.0.to_vec());
    if on(0) {
        destination.psks.push(insecure::unknown_psk());
    }
    if on(1) {
        destination.psks.push(insecure::known_psk(protocol));
    }
    destination.early_data = on(2);
    if on(3) {
        let alone = || [PskKeyExchangeMode::PSK_KE].into_iter().collect();
        (client.psk_key_exchange_modes, server.psk_key_exchange_modes) = (alone(), alone());
    }
}

/// What the honest peer has sent and the subject not yet seen.
enum Incoming {
    Message(Epoch, Vec<u8>),
    Alert(Epoch, Alert),
}

pub(crate) struct Conversation {
    subject: End,
    peer: End,
    incoming: VecDeque<Incoming>,
    peer_alerts_seen: usize,
    subject_alerts_seen: usize,
}

impl Conversation {
    /// Runs a script against an end of this role.
    pub(crate) fn check(role: Role, bytes: &[u8]) {
        let mut script = Script::new(bytes);
        let setup = setup(&mut script);
        let client = Handshake::client(Arc::new(setup.client), setup.destination);
        let server = Handshake::server(Arc::new(setup.server));
        let (client, server) = (client.expect("a client"), server.expect("a server"));
        let (subject, peer) = match role {
            Role::Client => (client, server),
            Role::Server => (server, client),
        };
        let mut conversation = Self {
            subject: End::new(subject),
            peer: End::new(peer),
            incoming: VecDeque::new(),
            peer_alerts_seen: 0,
            subject_alerts_seen: 0,
        };
        conversation.settle();
        while !script.is_over() {
            conversation.act(&mut script);
            conversation.settle();
        }
        conversation.judge();
    }

    /// One act of the script; the first is what an honest world would do.
    fn act(&mut self, script: &mut Script<'_>) {
        let epoch = self.subject.handshake.receive_epoch();
        match script.byte() % 12 {
            0 if self.subject.question.is_some() => self.answer(script),
            0 => self.deliver_next(usize::MAX, |_| ()),
            1 => self.deliver_next(usize::MAX, |bytes| mutation::message(script, bytes)),
            2 => {
                let size = usize::from(script.byte()).max(1);
                self.deliver_next(size, |_| ());
            }
            3 => self.receive(epoch, &build::message(script)),
            4 => self.receive(epoch, script.bytes()),
            5 => {
                let epoch = script.choose(EPOCHS);
                self.receive(epoch, script.bytes());
            }
            6 => drop(self.incoming.pop_front()),
            7 => self.answer(script),
            8 => {
                let (level, description) = (script.byte(), script.byte());
                let before = self.subject.observed.end.is_some();
                let result = self.subject.handshake.receive_alert(epoch, level, description);
                assert_eq!(result.is_err(), before, "only an end refuses alerts: {result:?}");
            }
            9 => order(&mut self.subject.handshake, script),
            10 => order(&mut self.peer.handshake, script),
            _ => self.misdirect(script),
        }
    }

    fn receive(&mut self, epoch: Epoch, bytes: &[u8]) {
        let ended = self.subject.observed.end.is_some();
        let result = self.subject.handshake.receive(epoch, bytes);
        assert_eq!(result, if ended { Err(Misuse::Ended) } else { Ok(()) });
    }

    /// Delivers the next thing the peer has said, a message changed by `change` and in pieces.
    fn deliver_next(&mut self, piece_bytes: usize, change: impl FnOnce(&mut Vec<u8>)) {
        match self.incoming.pop_front() {
            Some(Incoming::Message(epoch, mut bytes)) => {
                change(&mut bytes);
                for piece in bytes.chunks(piece_bytes) {
                    let _ended = self.subject.handshake.receive(epoch, piece);
                    self.settle();
                }
            }
            Some(Incoming::Alert(epoch, alert)) => {
                let [level, description] = alert.to_wire();
                let _ended = self.subject.handshake.receive_alert(epoch, level, description);
            }
            None => {}
        }
    }

    fn answer(&mut self, script: &mut Script<'_>) {
        if let Some(question) = self.subject.question.take() {
            let ended = self.subject.observed.end.is_some();
            let result = self.subject.handshake.answer(insecure::answer(question, script));
            assert_eq!(result, if ended { Err(Misuse::Ended) } else { Ok(()) });
        }
    }

    /// Gives the subject the answer to a question of somebody else's: nothing may move.
    fn misdirect(&mut self, script: &mut Script<'_>) {
        if self.subject.handshake.role() == Role::Server {
            return;
        }
        let mut foreign = Handshake::server(Arc::new(ServerConfig::new(insecure_provider(3))))
            .map(End::new)
            .expect("a server");
        let mut client = Handshake::client(
            Arc::new(ClientConfig::new(insecure_provider(4))),
            Destination::default(),
        )
        .map(End::new)
        .expect("a client");
        for flight in client.settle() {
            foreign.handshake.receive(flight.epoch, &flight.bytes).expect("a server that waits");
        }
        foreign.settle();
        let question = foreign.question.take().expect("a question");
        let state = self.subject.handshake.state();
        let result = self.subject.handshake.answer(insecure::answer(question, script));
        assert!(result.is_err(), "an answer to nobody's question");
        assert_eq!(self.subject.handshake.state(), state);
        assert!(self.subject.handshake.poll().is_none(), "an output for a misuse");
    }

    /// Lets both ends say what they have to say; the peer hears everything at once.
    fn settle(&mut self) {
        for flight in self.subject.settle() {
            let _ended = self.peer.handshake.receive(flight.epoch, &flight.bytes);
        }
        for (epoch, alert) in self.subject.observed.alerts.iter().skip(self.subject_alerts_seen) {
            let [level, description] = alert.to_wire();
            let _ended = self.peer.handshake.receive_alert(*epoch, level, description);
        }
        self.subject_alerts_seen = self.subject.observed.alerts.len();
        loop {
            for Flight { epoch, bytes, .. } in self.peer.settle() {
                let messages = mutation::split(&bytes).into_iter();
                self.incoming.extend(messages.map(|message| Incoming::Message(epoch, message)));
            }
            if !insecure::answer_honestly(&mut self.peer) {
                break;
            }
        }
        for (epoch, alert) in self.peer.observed.alerts.iter().skip(self.peer_alerts_seen) {
            self.incoming.push_back(Incoming::Alert(*epoch, *alert));
        }
        self.peer_alerts_seen = self.peer.observed.alerts.len();
    }

    fn judge(&mut self) {
        self.subject.handshake.transport_eof();
        self.settle();
        judge_end(&mut self.subject);
    }
}

/// What holds of every end that is over. `End::drain` has held each output against the tables and
/// the order in which outputs come.
pub(crate) fn judge_end(end: &mut End) {
    let over =
        end.observed.end.as_ref().expect("the transport has ended, and so has the connection");
    let errors: Vec<Alert> = end
        .observed
        .alerts
        .iter()
        .map(|(_, alert)| *alert)
        .filter(|alert| matches!(alert, Alert::Error(_)))
        .collect();
    match over {
        handshake::End::Failed(failure) => {
            let closed = end.observed.alerts.iter().any(|(_, a)| matches!(a, Alert::Closure(_)));
            let told = errors == [Alert::Error(failure.alert)];
            assert!(told || (closed && errors.is_empty()), "{failure}, and sent {errors:?}");
        }
        other => assert!(errors.is_empty(), "an error alert before {other:?}"),
    }
    let handshake = &mut end.handshake;
    assert_eq!(handshake.receive(Epoch::Initial, &[1]), Err(Misuse::Ended));
    assert_eq!(handshake.receive_alert(Epoch::Initial, 2, 40), Err(Misuse::Ended));
    assert_eq!(handshake.close(), Err(Misuse::Ended));
    assert_eq!(handshake.cancel(), Err(Misuse::Ended));
    assert_eq!(handshake.update_keys(true), Err(Misuse::Ended));
    handshake.answer_key_update();
    handshake.transport_eof();
    handshake.fail(Cause::Malformed);
    assert!(handshake.poll().is_none(), "an output behind the end");
}

fn order(handshake: &mut Handshake, script: &mut Script<'_>) {
    let mut out = [0; 16];
    // Each of these may come at the wrong time, and says so.
    let _misuse = match script.byte() % 13 {
        0 => handshake.update_keys(false),
        1 => handshake.update_keys(true),
        2 => handshake.close(),
        3 => handshake.cancel(),
        4 => handshake.issue_ticket(NewTicket {
            lifetime_seconds: u32::from(script.number()) << 5,
            max_early_data_bytes: script.flag().then_some(1),
        }),
        5 => {
            handshake.transport_eof();
            Ok(())
        }
        6 => {
            handshake.fail(script.choose(Cause::ALL));
            Ok(())
        }
        7 => handshake.exporter("a label", script.bytes(), &mut out),
        8 => {
            handshake.application_data_received();
            Ok(())
        }
        9 => {
            handshake.application_data_sent(usize::from(script.number()));
            Ok(())
        }
        10 => {
            handshake.answer_key_update();
            Ok(())
        }
        11 => handshake.early_data_permitted().map(|permitted| {
            handshake.early_data_sent(usize::from(script.number()).min(permitted));
        }),
        _ => {
            handshake.early_data_received(usize::from(script.number()));
            Ok(())
        }
    };
}
