//! Every course that two real machines can take, with so many deviations from the honest one.
//!
//! A network between them may drop, double, reorder and inject messages and alerts, and the
//! embedders may refuse, close and give orders, at each point where something can happen. What has
//! gone into an end determines it, so two courses that have put the same into both ends, with the
//! same still on its way, are the same point and walked from once.

use std::collections::{BTreeSet, HashSet, VecDeque};
use std::hash::{DefaultHasher, Hash, Hasher};

use countersign::alert::AlertDescription;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Disclosure};
use countersign::handshake::closure::{CLOSURE, Closure};
use countersign::handshake::event::NewTicket;
use countersign::message::{Kind, Message, NewSessionTicket};
use countersign::registry::HandshakeType;
use countersign_testing::{End, Pair};

use crate::build::encoded;
use crate::oracle::{judge_course, judge_end};
use crate::pair::believes_in;
use crate::script::Script;
use crate::setup::setup;
use crate::{answers, mutation};

/// What a walk has seen.
#[derive(Debug, Default)]
pub struct Walked {
    /// How many points there are.
    pub points: usize,
    /// The transitions that were taken: role, state, input, next state.
    pub transitions: BTreeSet<(&'static str, &'static str, &'static str, &'static str)>,
    /// The transitions of the closure: state, input, next state.
    pub closures: BTreeSet<(String, &'static str, String)>,
}

/// Walks every course of the two ends that `flags` set up, with at most `deviations`.
///
/// # Panics
/// If a course breaks a rule.
pub fn walk(flags: [u8; 3], deviations: usize, walked: &mut Walked) {
    let library = library();
    let mut seen = HashSet::new();
    // Points with fewer deviations come first, so that none is found again with more to spare.
    let mut ahead = VecDeque::from([(Vec::new(), deviations)]);
    while let Some((course, left)) = ahead.pop_front() {
        let mut world = World::new(flags);
        for step in &course {
            world.take(*step, &library);
        }
        // Other ways lead to the same end.
        walked.note(&world);
        if !seen.insert(world.fingerprint()) {
            continue;
        }
        walked.points += 1;
        let honest = world.honest_steps();
        for step in &honest {
            ahead.push_front(([&course[..], &[*step]].concat(), left));
        }
        if let Some(left) = left.checked_sub(1) {
            let steps = world.deviations(&library).into_iter();
            ahead.extend(steps.map(|step| ([&course[..], &[step]].concat(), left)));
        }
        if honest.is_empty() {
            world.judge(left == deviations);
        }
    }
}

impl Walked {
    fn note(&mut self, world: &World) {
        for (role, end) in [("client", &world.pair.client), ("server", &world.pair.server)] {
            let moves = end.observed.moves.iter();
            self.transitions.extend(moves.map(|(from, input, to)| (role, *from, *input, *to)));
        }
        self.closures.extend(world.closures.iter().cloned());
    }
}

/// One step of a course; what arrives, arrives at this role.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// The next thing on its way arrives.
    Deliver(Role),
    /// The open question is answered so that things go on.
    Answer(Role),
    /// It is answered otherwise.
    AnswerOtherwise(Role, u8),
    Drop(Role),
    Double(Role),
    Swap(Role),
    /// A message of the library arrives first, under the keys in use.
    Inject(Role, usize),
    /// An alert arrives first.
    Alert(Role, u8),
    Order(Role, Order),
}

#[derive(Clone, Copy, Debug)]
enum Order {
    Update,
    Ticket,
    /// The client is asked for a certificate.
    Request,
    Close,
    Cancel,
    EndTransport,
    /// A fault is found below, in a record.
    Fail,
}

const ORDERS: [Order; 7] = [
    Order::Update,
    Order::Ticket,
    Order::Request,
    Order::Close,
    Order::Cancel,
    Order::EndTransport,
    Order::Fail,
];

/// What is on its way to an end.
#[derive(Clone, Debug, Hash)]
enum Parcel {
    Message(Epoch, Vec<u8>),
    Alert(Epoch, [u8; 2]),
}

struct World {
    pair: Pair,
    /// What is on its way to the client, and to the server.
    on_their_way: [VecDeque<Parcel>; 2],
    /// What has gone into each end.
    histories: [DefaultHasher; 2],
    alerts_sent: [usize; 2],
    closures: Vec<(String, &'static str, String)>,
}

const ROLES: [Role; 2] = [Role::Client, Role::Server];

const fn index(role: Role) -> usize {
    match role {
        Role::Client => 0,
        Role::Server => 1,
    }
}

impl World {
    fn new(flags: [u8; 3]) -> Self {
        let mut world = Self {
            pair: setup(&mut Script::new(&flags)).pair(),
            on_their_way: Default::default(),
            histories: Default::default(),
            alerts_sent: [0; 2],
            closures: Vec::new(),
        };
        world.settle();
        world
    }

    const fn end(&mut self, role: Role) -> &mut End {
        self.pair.end(role)
    }

    fn has_ended(&self, role: Role) -> bool {
        match role {
            Role::Client => self.pair.client.observed.end.is_some(),
            Role::Server => self.pair.server.observed.end.is_some(),
        }
    }

    /// What both ends have to say goes on its way.
    fn settle(&mut self) {
        for role in ROLES {
            let to = index(role.peer());
            for flight in self.end(role).settle() {
                let messages = mutation::split(&flight.bytes).into_iter();
                let parcels = messages.map(|message| Parcel::Message(flight.epoch, message));
                self.on_their_way[to].extend(parcels);
            }
            let sent = self.alerts_sent[index(role)];
            let alerts = self.end(role).observed.alerts[sent..].to_vec();
            self.alerts_sent[index(role)] += alerts.len();
            let parcels =
                alerts.iter().map(|(epoch, alert)| Parcel::Alert(*epoch, alert.to_wire()));
            self.on_their_way[to].extend(parcels);
        }
        for role in ROLES {
            if self.has_ended(role) {
                self.on_their_way[index(role)].clear();
            }
        }
    }

    fn honest_steps(&self) -> Vec<Step> {
        let questions = [&self.pair.client.question, &self.pair.server.question];
        let mut steps = Vec::new();
        for role in ROLES.into_iter().filter(|role| !self.has_ended(*role)) {
            if !self.on_their_way[index(role)].is_empty() {
                steps.push(Step::Deliver(role));
            }
            if questions[index(role)].is_some() {
                steps.push(Step::Answer(role));
            }
        }
        steps
    }

    fn deviations(&self, library: &[Vec<u8>]) -> Vec<Step> {
        let questions = [&self.pair.client.question, &self.pair.server.question];
        let mut steps = Vec::new();
        for role in ROLES.into_iter().filter(|role| !self.has_ended(*role)) {
            match self.on_their_way[index(role)].len() {
                0 => {}
                1 => steps.extend([Step::Drop(role), Step::Double(role)]),
                _ => steps.extend([Step::Drop(role), Step::Double(role), Step::Swap(role)]),
            }
            if questions[index(role)].is_some() {
                steps.extend([1, 2].map(|answer| Step::AnswerOtherwise(role, answer)));
            }
            steps.extend((0..library.len()).map(|message| Step::Inject(role, message)));
            steps.extend([0, 90, 40].map(|description| Step::Alert(role, description)));
            steps.extend(ORDERS.map(|order| Step::Order(role, order)));
        }
        steps
    }

    fn take(&mut self, step: Step, library: &[Vec<u8>]) {
        match step {
            Step::Deliver(role) => {
                let parcel = self.on_their_way[index(role)].pop_front();
                self.arrive(role, parcel.expect("something on its way"));
            }
            Step::Answer(role) => self.answer(role, 0),
            Step::AnswerOtherwise(role, answer) => self.answer(role, answer),
            Step::Drop(role) => drop(self.on_their_way[index(role)].pop_front()),
            Step::Double(role) => {
                let parcels = &mut self.on_their_way[index(role)];
                parcels.extend(parcels.front().cloned());
                parcels.rotate_right(1);
            }
            Step::Swap(role) => self.on_their_way[index(role)].swap(0, 1),
            Step::Inject(role, message) => {
                let epoch = self.end(role).handshake.receive_epoch();
                self.arrive(role, Parcel::Message(epoch, library[message].clone()));
            }
            Step::Alert(role, description) => {
                let epoch = self.end(role).handshake.receive_epoch();
                self.arrive(role, Parcel::Alert(epoch, [2, description]));
            }
            Step::Order(role, order) => self.order(role, order),
        }
        self.settle();
        judge_course(&self.pair.client);
        judge_course(&self.pair.server);
    }

    fn arrive(&mut self, role: Role, parcel: Parcel) {
        parcel.hash(&mut self.histories[index(role)]);
        let complete = self.end(role).handshake.is_complete();
        match parcel {
            Parcel::Message(epoch, bytes) => self.close_by(role, "no message", |end| {
                end.handshake.receive(epoch, &bytes).expect("an end that goes on");
            }),
            Parcel::Alert(epoch, [level, description]) => {
                let input = match AlertDescription(description) {
                    AlertDescription::CLOSE_NOTIFY if complete => "ReceiveCloseNotify",
                    AlertDescription::CLOSE_NOTIFY => "ReceiveCloseNotifyEarly",
                    _ => "ReceiveErrorAlert",
                };
                self.close_by(role, input, |end| {
                    let taken = end.handshake.receive_alert(epoch, level, description);
                    taken.expect("an end that goes on");
                });
            }
        }
    }

    fn answer(&mut self, role: Role, answer: u8) {
        ("answer", answer).hash(&mut self.histories[index(role)]);
        self.close_by(role, "no answer", |end| {
            let question = end.question.take().expect("an open question");
            let answer = answers::answer(question, &mut Script::new(&[answer]));
            end.handshake.answer(answer).expect("the open question");
        });
    }

    fn order(&mut self, role: Role, order: Order) {
        format!("{order:?}").hash(&mut self.histories[index(role)]);
        let input = match order {
            Order::Update | Order::Ticket | Order::Request | Order::Fail => "no order",
            Order::Close => "SendCloseNotify",
            Order::Cancel => "Cancel",
            Order::EndTransport => "TransportEnds",
        };
        self.close_by(role, input, |end| {
            // Each of these may come at the wrong time, and says so.
            let _misuse = match order {
                Order::Update => end.handshake.update_keys(true),
                Order::Ticket => end.handshake.issue_ticket(TICKET),
                Order::Request => end.handshake.request_certificate(false).map(drop),
                Order::Close => end.handshake.close(),
                Order::Cancel => end.handshake.cancel(),
                Order::EndTransport => {
                    end.handshake.transport_eof();
                    Ok(())
                }
                Order::Fail => {
                    end.handshake.fail(Cause::RecordNotAuthentic);
                    Ok(())
                }
            };
        });
    }

    /// Does something that can close the connection by `input`, and holds it against the table.
    fn close_by(&mut self, role: Role, input: &'static str, act: impl FnOnce(&mut End)) {
        let end = self.end(role);
        let before = end.handshake.closure();
        act(end);
        let after = end.handshake.closure();
        if after == before {
            return;
        }
        let input = if after == Closure::Failed { "Fail" } else { input };
        let (from, to) = (format!("{before:?}"), format!("{after:?}"));
        let mut rows = CLOSURE.iter();
        let row = rows.any(|row| row.from == from && row.input == input && row.to == [&*to]);
        assert!(row, "no row: {from} + {input} -> {to}");
        self.closures.push((from, input, to));
    }

    /// What determines all that can follow.
    fn fingerprint(&self) -> u64 {
        let mut hasher = DefaultHasher::new();
        for (role, end) in [(Role::Client, &self.pair.client), (Role::Server, &self.pair.server)] {
            match &end.observed.end {
                // Whatever has led to it.
                Some(over) => format!("{over:?}").hash(&mut hasher),
                None => self.histories[index(role)].finish().hash(&mut hasher),
            }
            self.on_their_way[index(role)].hash(&mut hasher);
        }
        hasher.finish()
    }

    /// Nothing is on its way and no question is open: nobody may be left in between for good.
    fn judge(mut self, is_honest: bool) {
        let (client, server) = (&self.pair.client, &self.pair.server);
        for (end, peer) in [(client, server), (server, client)] {
            if end.handshake.is_complete() {
                believes_in(end, peer);
            }
            let complete = end.handshake.is_complete();
            assert!(!is_honest || complete, "nobody deviates: {}", end.handshake.state());
        }
        for role in ROLES {
            let end = self.end(role);
            end.handshake.transport_eof();
            end.settle();
            judge_end(end, Disclosure::Exact);
        }
    }
}

const TICKET: NewTicket = NewTicket { lifetime_seconds: 9, max_early_data_bytes: None };

/// A message of each kind, as an honest end has sent it in one handshake or another.
fn library() -> Vec<Vec<u8>> {
    let ticket = NewSessionTicket {
        resumption_across_names: false,
        ticket_lifetime: 9,
        ticket_age_add: 0,
        ticket_nonce: &[0],
        ticket: &[1],
        max_early_data_size: None,
    };
    let mut library = vec![
        encoded(&Message::NewSessionTicket(ticket), &Default::default()),
        vec![HandshakeType::KEY_UPDATE.0, 0, 0, 1, 0],
        vec![HandshakeType::KEY_UPDATE.0, 0, 0, 1, 1],
    ];
    let mut kinds = vec![Kind::NewSessionTicket, Kind::KeyUpdate];
    for flags in [[0, 0, 0], [3, 0, 0], [0, 0, 6], [0, 8, 0]] {
        let mut pair = setup(&mut Script::new(&flags)).pair();
        pair.run_with(
            |flight| {
                for message in mutation::split(&flight.bytes) {
                    let kind = Kind::of(HandshakeType(message[0]), &message[4..]);
                    let kind = kind.expect("an honest message");
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                        library.push(message);
                    }
                }
            },
            |_, question| Ok(answers::answer(question, &mut Script::new(&[]))),
        );
    }
    assert_eq!(kinds.len(), Kind::ALL.len(), "a kind of message that nobody sends");
    library
}
