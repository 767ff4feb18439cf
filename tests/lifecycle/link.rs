//! Two real connections, and the records on their way between them.

use std::collections::VecDeque;
use std::mem;

use countersign::epoch::Role;
use countersign::failure::{Failure, Misuse};
use countersign::handshake::{End, Fact};
use countersign::record::{HEADER_BYTES, peek};
use countersign_testing::{Setup, Socket, Wire};

use crate::model::{EndModel, Ended, KEY_UPDATES, Order};

/// One direction.
#[derive(Debug, Default)]
struct Way {
    /// Whole records, the first of which may have arrived in part.
    records: VecDeque<Vec<u8>>,
    /// How much of the first has arrived.
    arrived: usize,
}

/// Two connections, and both directions.
#[derive(Debug)]
pub(crate) struct Link {
    wire: Wire,
    to_client: Way,
    to_server: Way,
}

impl Way {
    /// Cuts what was sent into records.
    fn send(&mut self, mut bytes: &[u8]) {
        while let Some(header) = peek(bytes) {
            let (record, rest) = bytes.split_at(HEADER_BYTES + usize::from(header.length));
            self.records.push_back(record.to_vec());
            bytes = rest;
        }
        assert!(bytes.is_empty(), "half a record");
    }

    /// The next records, and so much of the one behind them; never the whole of that.
    fn take(&mut self, records: usize, more: usize) -> Vec<u8> {
        let mut bytes = Vec::new();
        for record in self.records.drain(..records.min(self.records.len())) {
            bytes.extend_from_slice(&record[mem::take(&mut self.arrived)..]);
        }
        if let Some(next) = self.records.front() {
            let until = (self.arrived + more).min(next.len() - 1);
            bytes.extend_from_slice(&next[self.arrived..until]);
            self.arrived = until;
        }
        bytes
    }
}

impl Link {
    pub(crate) fn new() -> Self {
        let mut setup = Setup::default();
        setup.client.limits.key_updates = KEY_UPDATES;
        setup.server.limits.key_updates = KEY_UPDATES;
        let mut wire = Wire::new(setup);
        wire.run(|_, _| ());
        assert!(wire.client.connection.handshake().is_complete());
        Self { wire, to_client: Way::default(), to_server: Way::default() }
    }

    fn parts(&mut self, role: Role) -> (&mut Socket, &mut Way, &mut Way) {
        let Self { wire, to_client, to_server } = self;
        match role {
            Role::Client => (&mut wire.client, to_client, to_server),
            Role::Server => (&mut wire.server, to_server, to_client),
        }
    }

    pub(crate) fn carry_out(&mut self, order: &Order) -> Result<(), Misuse> {
        let (Order::Write(role, _)
        | Order::UpdateKeys(role, _)
        | Order::Close(role)
        | Order::Cancel(role)
        | Order::Corrupt(role)
        | Order::End(role)
        | Order::Deliver { to: role, .. }) = *order;
        let (socket, incoming, outgoing) = self.parts(role);
        let outcome = match *order {
            Order::Write(_, bytes) => {
                let data = vec![bytes; usize::from(bytes)];
                socket.connection.write(&data, &mut socket.output)
            }
            Order::UpdateKeys(_, requested) => socket.connection.update_keys(requested),
            Order::Close(_) => socket.connection.close(),
            Order::Cancel(_) => socket.connection.cancel(),
            Order::Corrupt(_) => {
                if let Some(record) = incoming.records.front_mut() {
                    let last = record.last_mut().expect("a record has a tag");
                    *last = !*last;
                }
                Ok(())
            }
            Order::Deliver { records, more, piece, .. } => {
                for piece in incoming.take(records, more).chunks(piece) {
                    socket.input.extend_from_slice(piece);
                    socket.work(&mut Err);
                }
                Ok(())
            }
            Order::End(_) => {
                *incoming = Way::default();
                socket.connection.transport_eof();
                Ok(())
            }
        };
        socket.work(&mut Err);
        outgoing.send(&mem::take(&mut socket.output));
        outcome
    }

    /// That an end knows what the model knows, and as much is on its way to it.
    pub(crate) fn check(&self, role: Role, model: &EndModel, on_their_way: usize) {
        let (socket, way) = match role {
            Role::Client => (&self.wire.client, &self.to_client),
            Role::Server => (&self.wire.server, &self.to_server),
        };
        let ended = socket.end.as_ref().map(|end| match end {
            End::Closed => Ended::Closed,
            End::Failed(Failure { cause, .. }) => Ended::Failed(*cause),
            End::Refused(_) => Ended::Refused,
            End::Truncated(_) => Ended::Truncated,
        });
        let count = |is_it: fn(&Fact) -> bool| socket.facts.iter().filter(|at| is_it(at)).count();
        assert_eq!(socket.connection.handshake().closure(), model.closure);
        assert_eq!(ended, model.ended);
        assert_eq!(socket.data.len(), model.read);
        assert_eq!(count(|fact| matches!(fact, Fact::PeerUpdatedKeys)), model.updates);
        assert_eq!(count(|fact| matches!(fact, Fact::PeerClosed)), usize::from(model.peer_closed));
        assert_eq!(way.records.len(), on_their_way);
    }
}
