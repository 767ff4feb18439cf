//! One end that is put to the test, an honest peer, and a script of what happens between them.

use std::collections::VecDeque;
use std::sync::Arc;

use countersign::alert::Alert;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Disclosure, Misuse};
use countersign::handshake::event::NewTicket;
use countersign::handshake::{ClientConfig, Destination, Handshake, ServerConfig};
use countersign::limits::Limits;
use countersign_testing::{End, Flight, Setup};

use crate::insecure::insecure_provider;
use crate::oracle::judge_end;
use crate::script::Script;
use crate::setup::setup;
use crate::{answers, build, memory, mutation};

const EPOCHS: &[Epoch] = &[Epoch::Initial, Epoch::EarlyData, Epoch::Handshake, Epoch::Application];

/// What an end needs for itself: keys, transcript, configuration of its own.
const OWN_BYTES: usize = 8_192;

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
    disclosure: Disclosure,
    limits: Limits,
    /// Kept, so that an end never is the last to hold its configuration.
    _configurations: (Arc<ClientConfig>, Arc<ServerConfig>),
}

impl Conversation {
    /// Runs a script against an end of this role, twice: it comes to the same.
    pub(crate) fn check(role: Role, bytes: &[u8]) {
        let (first, second) = (Self::run(role, bytes), Self::run(role, bytes));
        let (one, other) = (&first.subject.observed, &second.subject.observed);
        assert_eq!(one.moves, other.moves, "the same script, and other steps");
        assert_eq!(one.alerts, other.alerts, "the same script, and other alerts");
        assert_eq!(one.keys, other.keys, "the same script, and other keys");
        assert_eq!(one.end, other.end, "the same script, and another end");
        assert_eq!(one.facts.len(), other.facts.len(), "the same script, and other facts");
        second.measure();
        first.judge();
    }

    fn run(role: Role, bytes: &[u8]) -> Self {
        let mut script = Script::new(bytes);
        let Setup { client, server, destination } = setup(&mut script);
        let (disclosure, limits) = (client.disclosure, client.limits);
        let (client_config, server_config) = (Arc::new(client), Arc::new(server));
        let client = Handshake::client(Arc::clone(&client_config), destination);
        let server = Handshake::server(Arc::clone(&server_config));
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
            disclosure,
            limits,
            _configurations: (client_config, server_config),
        };
        conversation.settle();
        while !script.is_over() {
            conversation.act(&mut script);
            conversation.settle();
        }
        conversation
    }

    /// What the subject holds at this moment is bounded by its limits, whoever has sent what.
    fn measure(self) {
        let held = memory::held_by((self.subject.handshake, self.subject.question));
        let Limits { message_bytes, certificate_message_bytes, pending_bytes, .. } = self.limits;
        // A ClientHello or a chain that is being judged, the next message in part, and what waits;
        // a buffer that grows can be twice as large as what is in it.
        let bound = 2 * (2 * message_bytes + 2 * certificate_message_bytes + pending_bytes);
        assert!(held <= bound + OWN_BYTES, "{held} bytes are held");
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
            let result = self.subject.handshake.answer(answers::answer(question, script));
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
        let result = self.subject.handshake.answer(answers::answer(question, script));
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
            if !answers::answer_honestly(&mut self.peer) {
                break;
            }
        }
        for (epoch, alert) in self.peer.observed.alerts.iter().skip(self.peer_alerts_seen) {
            self.incoming.push_back(Incoming::Alert(*epoch, *alert));
        }
        self.peer_alerts_seen = self.peer.observed.alerts.len();
    }

    fn judge(mut self) {
        self.subject.handshake.transport_eof();
        self.settle();
        judge_end(&mut self.subject, self.disclosure);
    }
}

fn order(handshake: &mut Handshake, script: &mut Script<'_>) {
    let mut out = [0; 16];
    // Each of these may come at the wrong time, and says so.
    let _misuse = match script.byte() % 14 {
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
        12 => handshake.request_certificate(script.flag()).map(drop),
        _ => {
            handshake.early_data_received(usize::from(script.number()));
            Ok(())
        }
    };
}
