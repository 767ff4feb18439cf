//! Two machines, the network between them and their embedders, for the walk of [`model`].
//!
//! [`model`]: crate::model

use std::collections::VecDeque;
use std::hash::{DefaultHasher, Hash, Hasher};

use countersign::alert::AlertDescription;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Disclosure, Misuse};
use countersign::handshake::closure::{CLOSURE, Closure};
use countersign::handshake::event::NewTicket;
use countersign::handshake::{Decision, Fact};
use countersign_testing::{End, Pair};

use crate::oracle::{judge_course, judge_end};
use crate::pair::believes_in;
use crate::script::Script;
use crate::setup::setup;
use crate::{answers, mutation};

/// One step of a course; what arrives, arrives at this role. A question is named by its place among
/// those that are open.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    /// The next thing on its way arrives.
    Deliver(Role),
    /// An open question is answered so that things go on.
    Answer(Role, usize),
    /// It is answered otherwise.
    AnswerOtherwise(Role, usize, u8),
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
pub(crate) enum Order {
    Update,
    Ticket,
    /// The client is asked for a certificate.
    Request,
    /// It is asked for one that it has to have.
    Require,
    Close,
    Cancel,
    EndTransport,
    /// A fault is found below, in a record.
    Fail,
}

/// Those that deviate from the honest course.
const ORDERS: [Order; 7] = [
    Order::Update,
    Order::Ticket,
    Order::Require,
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

pub(crate) struct World {
    pub(crate) pair: Pair,
    /// The open questions of the client, and of the server.
    questions: [VecDeque<Decision>; 2],
    /// What is on its way to the client, and to the server.
    on_their_way: [VecDeque<Parcel>; 2],
    /// What has gone into each end.
    histories: [DefaultHasher; 2],
    alerts_sent: [usize; 2],
    /// Whether the server asks for a certificate once it is connected, and has not done so yet.
    has_to_ask: bool,
    pub(crate) closures: Vec<(String, &'static str, String)>,
}

const ROLES: [Role; 2] = [Role::Client, Role::Server];

const fn index(role: Role) -> usize {
    match role {
        Role::Client => 0,
        Role::Server => 1,
    }
}

impl World {
    pub(crate) fn new(flags: [u8; 3]) -> Self {
        let setup = setup(&mut Script::new(&flags));
        let mut world = Self {
            has_to_ask: setup.client.post_handshake_auth,
            pair: setup.pair(),
            questions: Default::default(),
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
            let Self { pair, questions, .. } = self;
            for flight in answers::settle(pair.end(role), &mut questions[index(role)]) {
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

    pub(crate) fn honest_steps(&self) -> Vec<Step> {
        let mut steps = Vec::new();
        for role in ROLES.into_iter().filter(|role| !self.has_ended(*role)) {
            if !self.on_their_way[index(role)].is_empty() {
                steps.push(Step::Deliver(role));
            }
            let questions = 0..self.questions[index(role)].len();
            steps.extend(questions.map(|question| Step::Answer(role, question)));
        }
        let server = &self.pair.server.handshake;
        let can_ask = server.state() == "Connected" && server.may_send_application_data().is_ok();
        if self.has_to_ask && can_ask {
            steps.push(Step::Order(Role::Server, Order::Request));
        }
        steps
    }

    pub(crate) fn deviations(&self, library: &[Vec<u8>]) -> Vec<Step> {
        let mut steps = Vec::new();
        for role in ROLES.into_iter().filter(|role| !self.has_ended(*role)) {
            match self.on_their_way[index(role)].len() {
                0 => {}
                1 => steps.extend([Step::Drop(role), Step::Double(role)]),
                _ => steps.extend([Step::Drop(role), Step::Double(role), Step::Swap(role)]),
            }
            for question in 0..self.questions[index(role)].len() {
                steps.extend([1, 2].map(|answer| Step::AnswerOtherwise(role, question, answer)));
            }
            steps.extend((0..library.len()).map(|message| Step::Inject(role, message)));
            steps.extend([0, 90, 40].map(|description| Step::Alert(role, description)));
            steps.extend(ORDERS.map(|order| Step::Order(role, order)));
        }
        steps
    }

    pub(crate) fn take(&mut self, step: Step, library: &[Vec<u8>]) {
        match step {
            Step::Deliver(role) => {
                let parcel = self.on_their_way[index(role)].pop_front();
                self.arrive(role, parcel.expect("something on its way"));
            }
            Step::Answer(role, question) => self.answer(role, question, 0),
            Step::AnswerOtherwise(role, question, answer) => self.answer(role, question, answer),
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

    fn answer(&mut self, role: Role, question: usize, answer: u8) {
        ("answer", question, answer).hash(&mut self.histories[index(role)]);
        let question = self.questions[index(role)].remove(question).expect("an open question");
        let answer = answers::answer(question, &mut Script::new(&[answer]));
        self.close_by(role, "no answer", |end| {
            end.handshake.answer(answer).expect("an open question");
        });
    }

    fn order(&mut self, role: Role, order: Order) {
        let input = match order {
            Order::Close => "SendCloseNotify",
            Order::Cancel => "Cancel",
            Order::EndTransport => "TransportEnds",
            _ => "no order",
        };
        let before = format!("{:?}", self.end(role).handshake);
        let mut result = Ok(());
        self.close_by(role, input, |end| result = follow(end, order));
        if result.is_ok() {
            format!("{order:?}").hash(&mut self.histories[index(role)]);
            self.has_to_ask &= !matches!(order, Order::Request);
            return;
        }
        // It came at the wrong time, and nothing has moved: that is no other point.
        let end = self.end(role);
        assert_eq!(format!("{:?}", end.handshake), before, "a move for a misuse: {result:?}");
        assert!(end.handshake.poll().is_none(), "an output for a misuse: {result:?}");
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
    pub(crate) fn fingerprint(&self) -> u64 {
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
    pub(crate) fn judge(mut self, is_honest: bool) {
        let (client, server) = (&self.pair.client, &self.pair.server);
        let asked =
            server.observed.moves.iter().any(|(_, input, _)| *input == "RequestCertificate");
        assert!(!is_honest || !asked || server.knows(is_authentication), "asked in vain");
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

/// Gives an end an order.
fn follow(end: &mut End, order: Order) -> Result<(), Misuse> {
    let handshake = &mut end.handshake;
    match order {
        Order::Update => handshake.update_keys(true)?,
        Order::Ticket => handshake.issue_ticket(TICKET)?,
        Order::Request => drop(handshake.request_certificate(false)?),
        Order::Require => drop(handshake.request_certificate(true)?),
        Order::Close => handshake.close()?,
        Order::Cancel => handshake.cancel()?,
        Order::EndTransport => handshake.transport_eof(),
        Order::Fail => handshake.fail(Cause::RecordNotAuthentic),
    }
    Ok(())
}

/// The client has shown a certificate after the handshake.
const fn is_authentication(fact: &Fact) -> bool {
    matches!(fact, Fact::PostHandshakeAuthentication { certificate: Some(_), .. })
}
