//! The loop of every byte stream, and the ways in which tests disturb it.

use std::io;

use countersign::connection::{Connection, Polled, Step};
use countersign::failure::Misuse;
use countersign::handshake::{Decision, End, Fact};

use crate::socket::Socket;

/// A connection and its socket.
#[derive(Debug)]
pub(crate) struct Stream {
    pub(crate) tls: Connection,
    socket: Socket,
    input: Vec<u8>,
    output: Vec<u8>,
    /// What is to be sent is held back.
    withholding: bool,
    /// Something has been sent.
    pub(crate) has_begun: bool,
}

/// What a step came to.
#[derive(Debug)]
pub(crate) enum Event {
    /// Bytes went one way or the other.
    Moved,
    Data(Vec<u8>),
    Decide(Decision),
    Learned(Fact),
    /// Nothing goes on before the question is answered.
    Waiting,
    Ended(End),
}

impl Stream {
    pub(crate) const fn new(tls: Connection, socket: Socket) -> Self {
        Self {
            tls,
            socket,
            input: Vec::new(),
            output: Vec::new(),
            withholding: false,
            has_begun: false,
        }
    }

    pub(crate) fn next(&mut self) -> Event {
        let Polled { consumed, step } = self.tls.poll(&mut self.input, &mut self.output);
        let mut is_hungry = false;
        let event = match step {
            Step::Send => {
                // It is behind what was held back.
                self.withholding = false;
                Event::Moved
            }
            Step::Receive => {
                is_hungry = true;
                Event::Moved
            }
            Step::Waiting => Event::Waiting,
            Step::Data(data) | Step::EarlyData(data) => Event::Data(data.to_vec()),
            Step::Decide(decision) => Event::Decide(decision),
            Step::Learned(fact) => Event::Learned(fact),
            Step::Ended(end) => Event::Ended(end),
        };
        self.input.drain(..consumed);
        self.flush();
        if is_hungry {
            self.receive();
        }
        event
    }

    pub(crate) fn write(&mut self, data: &[u8]) -> Result<(), Misuse> {
        self.tls.write(data, &mut self.output)?;
        self.flush();
        Ok(())
    }

    /// Returns how much was taken.
    pub(crate) fn write_early(&mut self, data: &[u8]) -> Result<usize, Misuse> {
        let taken = self.tls.write_early_data(data, &mut self.output)?;
        self.flush();
        Ok(taken)
    }

    /// Writes, but lets a single byte of it out before there is something else to be sent.
    pub(crate) fn begin_to_write(&mut self, data: &[u8]) -> Result<(), Misuse> {
        self.withholding = true;
        if self.tls.write_early_data(data, &mut self.output).is_err() {
            self.tls.write(data, &mut self.output)?;
        }
        // That there is something to be sent is no news.
        let _step = self.tls.poll(&mut [], &mut self.output);
        let first: Vec<u8> = self.output.drain(..self.output.len().min(1)).collect();
        let sent = self.socket.send(&first);
        self.note(sent);
        Ok(())
    }

    /// Lets out what was held back.
    pub(crate) fn finish_writing(&mut self) {
        self.withholding = false;
        self.flush();
    }

    pub(crate) fn leave(self) {
        self.socket.leave();
    }

    fn flush(&mut self) {
        if !self.withholding && !self.output.is_empty() {
            let sent = self.socket.send(&self.output);
            self.output.clear();
            self.has_begun = true;
            self.note(sent);
        }
    }

    fn note(&mut self, sent: io::Result<()>) {
        if sent.is_err() {
            // Reading goes on: there may be an alert that says why.
            self.tls.transport_write_failed();
        }
    }

    fn receive(&mut self) {
        // A reset is an end too.
        if let Ok(0) | Err(_) = self.socket.receive(&mut self.input) {
            self.tls.transport_eof();
        }
    }
}
