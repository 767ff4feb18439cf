//! What carries the connection of a test: records over a stream, or what the runner has for QUIC.

use countersign::connection::Connection;
use countersign::epoch::{Direction, Epoch};
use countersign::failure::Misuse;
use countersign::handshake::decision::CertificateFault;
use countersign::handshake::event::{NewTicket, TrafficSecret};
use countersign::handshake::{Answer, Handshake};

use crate::quic::Quic;
use crate::socket::Socket;
use crate::stop::Stop;
use crate::stream::{Event, Stream};

/// One of the two.
#[derive(Debug)]
pub(crate) enum Transport {
    Stream(Stream),
    Quic(Quic),
}

impl Transport {
    pub(crate) fn new(handshake: Handshake, socket: Socket, is_quic: bool) -> Self {
        match is_quic {
            true => Self::Quic(Quic::new(handshake, socket)),
            false => Self::Stream(Stream::new(Connection::new(handshake), socket)),
        }
    }

    /// QUIC has no records.
    pub(crate) fn limit_fragments(&mut self, bytes: usize) {
        if let Self::Stream(stream) = self {
            stream.tls.limit_fragments(bytes);
        }
    }

    pub(crate) fn next(&mut self) -> Result<Event, Stop> {
        match self {
            Self::Stream(stream) => Ok(stream.next()),
            Self::Quic(quic) => quic.next(),
        }
    }

    pub(crate) const fn handshake(&self) -> &Handshake {
        match self {
            Self::Stream(stream) => stream.tls.handshake(),
            Self::Quic(quic) => &quic.handshake,
        }
    }

    /// Whether something has been sent.
    pub(crate) const fn has_begun(&self) -> bool {
        match self {
            Self::Stream(stream) => stream.has_begun,
            Self::Quic(quic) => quic.has_begun,
        }
    }

    pub(crate) fn answer(&mut self, answer: Answer) -> Result<(), Misuse> {
        match self {
            Self::Stream(stream) => stream.tls.answer(answer),
            Self::Quic(quic) => quic.handshake.answer(answer),
        }
    }

    pub(crate) fn issue_ticket(&mut self, order: NewTicket) -> Result<(), Misuse> {
        match self {
            Self::Stream(stream) => stream.tls.issue_ticket(order),
            Self::Quic(quic) => quic.handshake.issue_ticket(order),
        }
    }

    pub(crate) fn update_keys(&mut self) -> Result<(), Misuse> {
        match self {
            Self::Stream(stream) => stream.tls.update_keys(false),
            Self::Quic(quic) => quic.handshake.update_keys(false),
        }
    }

    pub(crate) fn write(&mut self, data: &[u8]) -> Result<(), Misuse> {
        match self {
            Self::Stream(stream) => stream.write(data),
            Self::Quic(quic) => quic.write(data),
        }
    }

    /// Returns how much was taken.
    pub(crate) fn write_early(&mut self, data: &[u8]) -> Result<usize, Misuse> {
        match self {
            Self::Stream(stream) => stream.write_early(data),
            Self::Quic(quic) => quic.write_early(data),
        }
    }

    /// Writes, but lets a single byte of it out before there is something else to be sent.
    pub(crate) fn begin_to_write(&mut self, data: &[u8]) -> Result<(), Misuse> {
        match self {
            Self::Stream(stream) => stream.begin_to_write(data),
            Self::Quic(quic) => quic.write(data),
        }
    }

    /// Lets out what was held back.
    pub(crate) fn finish_writing(&mut self) {
        match self {
            Self::Stream(stream) => stream.finish_writing(),
            Self::Quic(_) => {}
        }
    }

    /// The keys that were installed, in order.
    pub(crate) fn keys(&mut self) -> Vec<(Direction, Epoch, TrafficSecret)> {
        match self {
            Self::Stream(stream) => stream.tls.take_installed_keys(),
            Self::Quic(quic) => quic.keys(),
        }
    }

    /// Closes in order; QUIC has ways of its own for that.
    pub(crate) fn close(&mut self) -> Result<(), Misuse> {
        match self {
            Self::Stream(stream) => stream.tls.close(),
            Self::Quic(quic) => quic.handshake.cancel(),
        }
    }

    pub(crate) fn cancel(&mut self) -> Result<(), Misuse> {
        match self {
            Self::Stream(stream) => stream.tls.cancel(),
            Self::Quic(quic) => quic.handshake.cancel(),
        }
    }

    pub(crate) fn reject(&mut self, fault: CertificateFault) -> Result<(), Misuse> {
        match self {
            Self::Stream(stream) => stream.tls.reject(fault),
            Self::Quic(quic) => quic.handshake.reject(fault),
        }
    }

    pub(crate) fn leave(self) {
        match self {
            Self::Stream(stream) => stream.leave(),
            Self::Quic(quic) => quic.leave(),
        }
    }
}
