//! Tickets over time, against a model: issued, used again and again, outlived, sealed under keys
//! that come and go, or stored for one use.

use std::sync::{Arc, Mutex};

use countersign::crypto::ring;
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::policy::{IssuedTickets, Tickets};
use proptest::prelude::*;
use proptest_state_machine::{ReferenceStateMachine, StateMachineTest, prop_state_machine};

use crate::site::{START, Site, at, copy, key, sealer};

/// How long a key opens tickets behind its successor.
const OVERLAP: u64 = 1_000;

/// How many tickets a server stores.
const CAPACITY: usize = 3;

/// What happens.
#[derive(Clone, Debug)]
enum Order {
    /// A client connects and gets a ticket for so many seconds.
    Issue(u32),
    /// A client comes back with one of the tickets.
    Resume(prop::sample::Index),
    /// So many seconds pass.
    Wait(u64),
    /// A key comes into force in so many seconds.
    AddKey(u64),
    RetireKeys,
}

/// A ticket at a client, and what the server needs for it.
#[derive(Clone, Debug)]
struct TicketModel {
    expires: u64,
    /// The key it is sealed under; `None`: it is stored.
    key: Option<u8>,
    /// The server has issued so many up to this one, and keeps the latest.
    number: usize,
    /// What is taken out of the store does not come back.
    is_used: bool,
}

#[derive(Clone, Debug)]
struct Model {
    stores: bool,
    now: u64,
    /// Name and beginning, in the order of their beginnings.
    keys: Vec<(u8, u64)>,
    added: u8,
    issued: usize,
    tickets: Vec<TicketModel>,
    /// What came of the last order: whether there was a ticket, or whether it resumed.
    outcome: bool,
}

impl Model {
    /// The keys that open: not those whose successor has been in force for long enough.
    fn opening(&self) -> &[(u8, u64)] {
        let successors = self.keys.iter().skip(1);
        let outlived = successors.take_while(|(_, from)| from + OVERLAP <= self.now).count();
        &self.keys[outlived.min(self.keys.len())..]
    }

    fn issue(&mut self, lifetime_seconds: u32) -> bool {
        let in_force = self.keys.iter().rev().find(|(_, from)| *from <= self.now);
        let key = in_force.map(|(name, _)| *name).filter(|_| !self.stores);
        let is_issued = self.stores || key.is_some();
        self.issued += usize::from(is_issued);
        // RFC 9846 §4.7.1: a lifetime of zero is to be discarded at once.
        let is_kept = is_issued && lifetime_seconds > 0;
        if is_kept {
            let expires = self.now + u64::from(lifetime_seconds);
            self.tickets.push(TicketModel { expires, key, number: self.issued, is_used: false });
        }
        is_kept
    }

    fn resume(&mut self, index: usize) -> bool {
        let opens = |key: u8| self.opening().iter().any(|(name, _)| *name == key);
        let is_known = match self.tickets[index].key {
            Some(key) => opens(key),
            None => {
                let TicketModel { number, is_used, .. } = self.tickets[index];
                !is_used && number + CAPACITY > self.issued
            }
        };
        self.tickets[index].is_used = true;
        is_known && self.now < self.tickets[index].expires
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Order;

    fn init_state() -> BoxedStrategy<Self> {
        let model = |stores| Self {
            stores,
            now: START,
            keys: vec![(0, START)],
            added: 0,
            issued: 0,
            tickets: Vec::new(),
            outcome: true,
        };
        any::<bool>().prop_map(model).boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Order> {
        prop_oneof![
            4 => prop_oneof![Just(0), Just(700), 1..3_000_u32].prop_map(Order::Issue),
            6 => any::<prop::sample::Index>().prop_map(Order::Resume),
            4 => prop_oneof![Just(700), 1..1_500_u64].prop_map(Order::Wait),
            2 => (0..800_u64).prop_map(Order::AddKey),
            1 => Just(Order::RetireKeys),
        ]
        .boxed()
    }

    fn preconditions(model: &Self, order: &Order) -> bool {
        match order {
            Order::Resume(_) => !model.tickets.is_empty(),
            Order::AddKey(_) | Order::RetireKeys => !model.stores,
            _ => true,
        }
    }

    fn apply(mut model: Self, order: &Order) -> Self {
        model.outcome = true;
        match order {
            Order::Issue(lifetime_seconds) => model.outcome = model.issue(*lifetime_seconds),
            Order::Resume(index) => {
                let index = index.index(model.tickets.len());
                model.outcome = model.resume(index);
            }
            Order::Wait(seconds) => model.now += seconds,
            Order::AddKey(seconds) => {
                model.added += 1;
                let from = model.now + seconds;
                let place = model.keys.partition_point(|(_, other)| *other <= from);
                model.keys.insert(place, (model.added, from));
            }
            Order::RetireKeys => model.keys = model.opening().to_vec(),
        }
        model
    }
}

/// A server, and the tickets of its clients, which keep what they should use once.
struct Course {
    site: Site,
    tickets: Vec<Ticket>,
}

impl StateMachineTest for Course {
    type SystemUnderTest = Self;
    type Reference = Model;

    fn init_test(model: &Model) -> Self {
        let tickets = if model.stores {
            let issued = IssuedTickets::new(ring::provider().random, CAPACITY);
            Tickets::Stored(Arc::new(Mutex::new(issued)))
        } else {
            let mut sealer = sealer(&[(0, START)]);
            sealer.overlap_seconds = OVERLAP;
            Tickets::Sealed(sealer)
        };
        Self { site: Site::new(tickets), tickets: Vec::new() }
    }

    fn apply(mut course: Self, model: &Model, order: Order) -> Self {
        let Self { site, tickets } = &mut course;
        site.now = model.now;
        let outcome = match &order {
            Order::Issue(lifetime_seconds) => {
                let order =
                    NewTicket { lifetime_seconds: *lifetime_seconds, max_early_data_bytes: None };
                let ticket = site.ticket_after(site.setup(Vec::new()), order);
                let is_there = ticket.is_some();
                tickets.extend(ticket);
                is_there
            }
            Order::Resume(index) => {
                let ticket = copy(index.get(tickets));
                site.resumes(vec![ticket.offer(0)])
            }
            Order::Wait(_) => true,
            Order::AddKey(seconds) => {
                if let Tickets::Sealed(sealer) = &mut site.resumption().tickets {
                    sealer.add_key(&key(model.added), at(model.now + seconds));
                }
                true
            }
            Order::RetireKeys => {
                if let Tickets::Sealed(sealer) = &mut site.resumption().tickets {
                    sealer.retire_keys(at(model.now));
                }
                true
            }
        };
        assert_eq!(outcome, model.outcome, "{order:?} of {model:?}");
        course
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig::with_cases(32))]
    #[test]
    fn tickets_resume_as_often_and_as_long_as_the_model_says(sequential 4..24 => Course);
}
