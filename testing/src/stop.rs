//! A pair that stops on its way, so that one end is in a state of the test's choice.

use std::collections::VecDeque;
use std::sync::Arc;

use countersign::epoch::{Epoch, Role};
use countersign::handshake::config::{ClientAuthentication, StatelessRetry};
use countersign::handshake::event::NewTicket;
use countersign::handshake::machine::Edge;
use countersign::handshake::{CLIENT, SERVER};
use countersign::message::HEADER_BYTES;

use crate::compression::Reversed;
use crate::identity::Identity;
use crate::pair::{End, Flight, Pair, Setup};

/// The transition table of a role.
#[must_use]
pub const fn table(role: Role) -> &'static [Edge] {
    match role {
        Role::Client => CLIENT,
        Role::Server => SERVER,
    }
}

/// The states of a role, `Start` left out: a client is never seen there.
#[must_use]
pub fn states(role: Role) -> Vec<&'static str> {
    let mut states = Vec::new();
    for edge in table(role) {
        for state in [edge.from].iter().chain(edge.to) {
            if *state != "Start" && !states.contains(state) {
                states.push(*state);
            }
        }
    }
    states
}

impl Setup {
    /// Two ends that pass through every state that a single handshake has: a cookie makes the hello
    /// a second one, and the client has to authenticate. It can be asked to do so again.
    #[must_use]
    pub fn longest() -> Self {
        let mut setup = Self::default();
        setup.server.client_authentication = ClientAuthentication::Require;
        setup.server.cookie_bytes = 8;
        setup.client.post_handshake_auth = true;
        setup
    }

    /// As [`longest`](Self::longest), with certificates that travel compressed.
    #[must_use]
    pub fn compressing() -> Self {
        let mut setup = Self::longest();
        setup.client.certificate_compressions = vec![Arc::new(Reversed)];
        setup.server.certificate_compressions = vec![Arc::new(Reversed)];
        setup
    }

    /// The same, with all that the server would have to remember of the hello in the cookie.
    #[must_use]
    pub fn stateless() -> Self {
        let mut setup = Self::longest();
        setup.server.cookie_bytes = 0;
        setup.server.stateless_retry = Some(StatelessRetry::Always);
        setup
    }

    /// Two ends that share a key, which the client offers, and under it early data if `early_data`.
    #[must_use]
    pub fn sharing_a_key(early_data: bool) -> Self {
        let mut setup = Self::default();
        setup.destination.psks = vec![Identity::key().offered_as(Identity::KEY_NAME.to_vec())];
        setup.destination.early_data = early_data;
        setup
    }
}

impl End {
    /// The end of [`Setup::longest`] that plays `role`, in `state`; where that waits for an answer,
    /// the question is open.
    ///
    /// # Panics
    /// If the state is not on the way.
    #[must_use]
    pub fn reached(role: Role, state: &str) -> Self {
        if state == "SealTicket" {
            let mut end = Self::reached(role, "Connected");
            let order = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
            end.handshake.issue_ticket(order).expect("a ticket can be issued");
            end.settle();
            return end;
        }
        if state == "OpenCookie" {
            return Self::without_memory();
        }
        if state.contains("PostHandshake") {
            let mut pair = Setup::longest().pair();
            pair.run(|_| ());
            pair.server.handshake.request_certificate(true).expect("it is offered");
            return pair.stop(role, state);
        }
        let setup = match state {
            "WaitEndOfEarlyData" => Setup::sharing_a_key(true),
            "SealCookie" => Setup::stateless(),
            _ => Setup::longest(),
        };
        setup.pair().stop(role, state)
    }
}

impl End {
    /// A server that gets the second ClientHello of a client whom another server has sent away.
    fn without_memory() -> Self {
        let (mut pair, mut second) = (Setup::stateless().pair(), Vec::new());
        pair.run(|flight| {
            if (flight.from, flight.epoch) == (Role::Client, Epoch::Initial) {
                second.clone_from(&flight.bytes);
            }
        });
        let mut end = Setup::stateless().pair().server;
        end.handshake.receive(Epoch::Initial, &second).expect("a server that waits");
        end.settle();
        end
    }
}

/// The messages of a flight, headers included.
///
/// # Panics
/// If the last message is not whole.
#[must_use]
pub fn messages(mut flight: &[u8]) -> Vec<&[u8]> {
    let mut messages = Vec::new();
    while let [_, high, middle, low, ..] = *flight {
        let length = u32::from_be_bytes([0, high, middle, low]);
        let length = usize::try_from(length).expect("a length of three bytes");
        let (message, rest) = flight.split_at(HEADER_BYTES + length);
        messages.push(message);
        flight = rest;
    }
    assert!(flight.is_empty(), "half a message");
    messages
}

impl Pair {
    /// The end that plays this role.
    pub const fn end(&mut self, role: Role) -> &mut End {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    /// Runs until `role` is in `state`; what is then on its way is lost. Messages arrive one at a
    /// time. If the state waits for an answer, its question is left open.
    ///
    /// # Panics
    /// If the state is not on the way.
    #[must_use]
    pub fn stop(mut self, role: Role, state: &str) -> End {
        let mut on_their_way = VecDeque::new();
        loop {
            let arrived = self.speak(role, state, &mut on_their_way);
            if arrived {
                break;
            }
            let flight: Option<Flight> = on_their_way.pop_front();
            let Flight { from, epoch, bytes } =
                flight.unwrap_or_else(|| panic!("{role:?} does not come to {state}"));
            let to = &mut self.end(from.peer()).handshake;
            to.receive(epoch, &bytes).expect("the peer goes on");
        }
        let mut end = match role {
            Role::Client => self.client,
            Role::Server => self.server,
        };
        end.settle();
        end
    }

    /// Lets each end say what it has to say, unless `role` comes to `state`.
    fn speak(&mut self, role: Role, state: &str, on_their_way: &mut VecDeque<Flight>) -> bool {
        for from in [Role::Client, Role::Server] {
            while self.end(role).handshake.state() != state {
                let Some(output) = self.end(from).handshake.poll() else { break };
                let answer = &mut |question| Ok(Identity::example().answer(question));
                let Some(flight) = self.end(from).note(output, answer) else { continue };
                on_their_way.extend(
                    messages(&flight.bytes)
                        .into_iter()
                        .map(|message| Flight { bytes: message.to_vec(), ..flight }),
                );
            }
        }
        self.end(role).handshake.state() == state
    }
}
