//! Two connections that exchange records.

use std::mem;

use countersign::connection::{Connection, Polled, Step};
use countersign::epoch::Role;
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::{End, Fact};

use crate::identity::Identity;
use crate::pair::Setup;

/// One end: a connection, its buffers, and what it has said.
#[derive(Debug)]
pub struct Socket {
    /// The connection.
    pub connection: Connection,
    /// Bytes that have arrived and are not used up.
    pub input: Vec<u8>,
    /// Bytes to be sent.
    pub output: Vec<u8>,
    /// Application data received.
    pub data: Vec<u8>,
    /// Early data received.
    pub early_data: Vec<u8>,
    /// Facts learned.
    pub facts: Vec<Fact>,
    /// The end.
    pub end: Option<End>,
    /// A question that nobody has answered yet.
    pub question: Option<Decision>,
}

impl Socket {
    /// A socket on which nothing has happened.
    #[must_use]
    pub fn new(connection: Connection) -> Self {
        Self {
            connection,
            input: Vec::new(),
            output: Vec::new(),
            data: Vec::new(),
            early_data: Vec::new(),
            facts: Vec::new(),
            end: None,
            question: None,
        }
    }

    /// Polls until there is nothing to do but receive or answer; what is to be sent collects in
    /// `output`.
    ///
    /// # Panics
    /// If the connection misbehaves.
    pub fn work(&mut self, answer: &mut dyn FnMut(Decision) -> Result<Answer, Decision>) {
        loop {
            let mut input = mem::take(&mut self.input);
            let Polled { consumed, step } = self.connection.poll(&mut input, &mut self.output);
            let mut idle = false;
            match step {
                Step::Send => assert!(!self.output.is_empty(), "nothing to send"),
                Step::Receive | Step::Waiting => idle = true,
                Step::Data(data) => {
                    assert!(!data.is_empty(), "data without a byte");
                    self.data.extend_from_slice(data);
                }
                Step::EarlyData(data) => self.early_data.extend_from_slice(data),
                Step::Learned(fact) => self.facts.push(fact),
                Step::Decide(decision) => match answer(decision) {
                    Ok(answer) => self.connection.answer(answer).expect("the open question"),
                    Err(decision) => self.question = Some(decision),
                },
                Step::Ended(end) => {
                    self.end = Some(end);
                    idle = true;
                }
            }
            input.drain(..consumed);
            self.input = input;
            if idle {
                return;
            }
        }
    }
}

/// Two sockets.
#[derive(Debug)]
pub struct Wire {
    /// The client's.
    pub client: Socket,
    /// The server's.
    pub server: Socket,
}

impl Wire {
    /// The two ends of `setup`.
    #[must_use]
    pub fn new(setup: Setup) -> Self {
        let (client, server) = setup.handshakes();
        Self {
            client: Socket::new(Connection::new(client)),
            server: Socket::new(Connection::new(server)),
        }
    }

    /// Runs until nobody has anything to say; bytes pass through `tamper` on their way.
    pub fn run(&mut self, tamper: impl FnMut(Role, &mut Vec<u8>)) {
        self.run_with(tamper, |_, decision| Ok(Identity::example().answer(decision)));
    }

    /// As [`run`](Self::run), with answers of one's own; a question that comes back stays open.
    ///
    /// # Panics
    /// If a connection misbehaves, or the two never fall silent.
    pub fn run_with(
        &mut self,
        mut tamper: impl FnMut(Role, &mut Vec<u8>),
        mut answer: impl FnMut(Role, Decision) -> Result<Answer, Decision>,
    ) {
        for _ in 0..64 {
            let mut silent = true;
            for role in [Role::Client, Role::Server] {
                let (from, to) = match role {
                    Role::Client => (&mut self.client, &mut self.server),
                    Role::Server => (&mut self.server, &mut self.client),
                };
                from.work(&mut |decision| answer(role, decision));
                let mut bytes = mem::take(&mut from.output);
                if !bytes.is_empty() {
                    silent = false;
                    tamper(role, &mut bytes);
                    to.input.append(&mut bytes);
                }
            }
            if silent {
                return;
            }
        }
        panic!("the two ends never fall silent");
    }
}
