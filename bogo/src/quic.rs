//! The transport that stands in for QUIC in the runner: records that say which keys protect them,
//! and show the keys.
//!
//! A record is its type, its level, the cipher suite and the length of the rest: the secret of the
//! level, none at the initial one, and the content.

use std::collections::VecDeque;

use countersign::epoch::{Direction, Epoch};
use countersign::failure::Misuse;
use countersign::handshake::event::TrafficSecret;
use countersign::handshake::{Handshake, Output};
use countersign::registry::ContentType;

use crate::socket::Socket;
use crate::stop::Stop;
use crate::stream::Event;

/// A handshake, and a socket for it.
#[derive(Debug)]
pub(crate) struct Quic {
    pub(crate) handshake: Handshake,
    socket: Socket,
    input: Vec<u8>,
    keys: Vec<(Direction, Epoch, TrafficSecret)>,
    turns: VecDeque<Event>,
    pub(crate) has_begun: bool,
}

/// A record that has arrived.
struct Record {
    content_type: ContentType,
    epoch: Epoch,
    content: Vec<u8>,
}

impl Quic {
    pub(crate) const fn new(handshake: Handshake, socket: Socket) -> Self {
        Self {
            handshake,
            socket,
            input: Vec::new(),
            keys: Vec::new(),
            turns: VecDeque::new(),
            has_begun: false,
        }
    }

    pub(crate) fn next(&mut self) -> Result<Event, Stop> {
        self.transmit();
        match self.turns.pop_front() {
            Some(turn) => Ok(turn),
            None if self.handshake.is_waiting() => Ok(Event::Waiting),
            None => self.receive(),
        }
    }

    /// Sends what the handshake wants sent, and queues what it wants told.
    fn transmit(&mut self) {
        while let Some(output) = self.handshake.poll() {
            let turn = match output {
                Output::Send { epoch, bytes } => {
                    self.send(ContentType::HANDSHAKE, epoch, &bytes);
                    continue;
                }
                Output::Alert { epoch, alert } => {
                    self.send(ContentType::ALERT, epoch, &alert.to_wire());
                    continue;
                }
                Output::Key { direction, epoch, secret } => {
                    self.keys.push((direction, epoch, secret));
                    continue;
                }
                Output::KeyDropped => continue,
                Output::Decide(decision) => Event::Decide(decision),
                Output::Learned(fact) => Event::Learned(fact),
                Output::Ended(end) => Event::Ended(end),
            };
            self.turns.push_back(turn);
        }
    }

    pub(crate) fn write(&mut self, data: &[u8]) -> Result<(), Misuse> {
        self.transmit();
        self.handshake.may_send_application_data()?;
        self.send(ContentType::APPLICATION_DATA, Epoch::Application, data);
        Ok(())
    }

    pub(crate) fn write_early(&mut self, data: &[u8]) -> Result<usize, Misuse> {
        self.transmit();
        self.handshake.early_data_permitted()?;
        self.send(ContentType::APPLICATION_DATA, Epoch::EarlyData, data);
        Ok(data.len())
    }

    pub(crate) fn keys(&mut self) -> Vec<(Direction, Epoch, TrafficSecret)> {
        self.keys.clone()
    }

    pub(crate) fn leave(self) {
        self.socket.leave();
    }

    fn key(&self, direction: Direction, epoch: Epoch) -> Option<&TrafficSecret> {
        let mut keys = self.keys.iter().rev();
        let found = keys.find(|(known, level, _)| (*known, *level) == (direction, epoch));
        found.map(|(_, _, secret)| secret)
    }

    fn send(&mut self, content_type: ContentType, epoch: Epoch, content: &[u8]) {
        let key = self.key(Direction::Send, epoch);
        let secret = key.map(|key| key.secret().as_bytes()).unwrap_or_default();
        let suite = key.map_or(0, |key| key.suite.id.0);
        let length = u32::try_from(secret.len() + content.len()).unwrap_or(u32::MAX);
        let mut record = vec![content_type.0, level(epoch)];
        record.extend_from_slice(&suite.to_be_bytes());
        record.extend_from_slice(&length.to_be_bytes());
        record.extend_from_slice(secret);
        record.extend_from_slice(content);
        self.has_begun = true;
        // Reading shows whether the runner is still there.
        let _sent = self.socket.send(&record);
    }

    fn receive(&mut self) -> Result<Event, Stop> {
        let Some(record) = self.record()? else {
            if let Ok(0) | Err(_) = self.socket.receive(&mut self.input) {
                self.handshake.transport_eof();
            }
            return Ok(Event::Moved);
        };
        match record.content_type {
            ContentType::HANDSHAKE => self.handshake.receive(record.epoch, &record.content)?,
            ContentType::APPLICATION_DATA => {
                self.handshake.application_data_received();
                return Ok(Event::Data(record.content));
            }
            other => return Err(Stop::broken(format!("a record of type {other:?}"))),
        }
        Ok(Event::Moved)
    }

    /// Takes a record off the input, if it is whole; early data without keys was rejected, and is
    /// passed over.
    fn record(&mut self) -> Result<Option<Record>, Stop> {
        let Some((header, rest)) = self.input.split_first_chunk::<HEADER_BYTES>() else {
            return Ok(None);
        };
        let [content_type, level, suite @ .., a, b, c, d] = *header;
        let length = usize::try_from(u32::from_be_bytes([a, b, c, d])).unwrap_or(usize::MAX);
        let Some((body, _)) = rest.split_at_checked(length) else { return Ok(None) };
        let (content_type, epoch) = (ContentType(content_type), epoch(level)?);
        let key = self.key(Direction::Receive, epoch);
        let is_skipped = epoch == Epoch::EarlyData && key.is_none();
        let secret = key.map(|key| key.secret().as_bytes()).unwrap_or_default();
        let expected = key.map_or(0, |key| key.suite.id.0);
        let content = body.strip_prefix(secret).map(<[u8]>::to_vec);
        let is_known = key.is_some() || epoch == Epoch::Initial;
        let is_right = is_known && u16::from_be_bytes(suite) == expected;
        self.input.drain(..HEADER_BYTES + length);
        match content {
            _ if is_skipped => self.record(),
            Some(content) if is_right => Ok(Some(Record { content_type, epoch, content })),
            _ => Err(Stop::broken(format!("a record under other keys than those of {epoch:?}"))),
        }
    }
}

const HEADER_BYTES: usize = 8;

const LEVELS: [Epoch; 4] = [Epoch::Initial, Epoch::EarlyData, Epoch::Handshake, Epoch::Application];

fn level(epoch: Epoch) -> u8 {
    let place = (0..).zip(LEVELS).find(|(_, known)| *known == epoch);
    place.map_or(0, |(level, _)| level)
}

fn epoch(level: u8) -> Result<Epoch, Stop> {
    let found = LEVELS.get(usize::from(level)).copied();
    found.ok_or_else(|| Stop::broken(format!("a record of level {level}")))
}
