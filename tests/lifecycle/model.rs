//! The model: what each end knows, and the records on their way.

use std::collections::VecDeque;

use countersign::epoch::Role;
use countersign::failure::{Cause, Misuse};
use countersign::handshake::closure::Closure;
use proptest::prelude::*;
use proptest_state_machine::ReferenceStateMachine;

/// How many KeyUpdates without data between them are too many.
pub(crate) const KEY_UPDATES: u32 = 3;

/// What happens.
#[derive(Clone, Debug)]
pub(crate) enum Order {
    /// An end writes so many bytes.
    Write(Role, u8),
    /// An end changes its key, and asks the peer to.
    UpdateKeys(Role, bool),
    Close(Role),
    Cancel(Role),
    /// An end hears so many of the records on their way to it, and so much of the next, in pieces
    /// of so many bytes.
    Deliver {
        to: Role,
        records: usize,
        more: usize,
        piece: usize,
    },
    /// The end of the next record on its way to an end is changed.
    Corrupt(Role),
    /// The transport to an end ends, and what is on its way is lost.
    End(Role),
}

/// A record on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Record {
    Data(u8),
    KeyUpdate { requested: bool },
    CloseNotify,
    ErrorAlert,
    Corrupt,
}

/// How an end ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Closed,
    Failed(Cause),
    Refused,
    Truncated,
}

/// What one end knows.
#[derive(Clone, Debug, Default)]
pub(crate) struct EndModel {
    pub(crate) closure: Closure,
    pub(crate) ended: Option<Ended>,
    /// The number of bytes read.
    pub(crate) read: usize,
    /// The number of changes of the peer's key.
    pub(crate) updates: usize,
    pub(crate) peer_closed: bool,
    answer_owed: bool,
    answer_awaited: bool,
    updates_in_a_row: u32,
}

/// Two ends, and what is on its way to each.
#[derive(Clone, Debug)]
pub(crate) struct Model {
    client: EndModel,
    server: EndModel,
    to_client: VecDeque<Record>,
    to_server: VecDeque<Record>,
    /// What has come of the last order.
    pub(crate) outcome: Result<(), Misuse>,
}

impl EndModel {
    fn running(&self) -> Result<(), Misuse> {
        if self.ended.is_some() { Err(Misuse::Ended) } else { Ok(()) }
    }

    fn may_write(&self) -> Result<(), Misuse> {
        self.running()?;
        match self.closure {
            Closure::Open | Closure::ReadClosed => Ok(()),
            _ => Err(Misuse::WriteClosed),
        }
    }

    fn end(&mut self, closure: Closure, ended: Ended) {
        self.closure = closure;
        self.ended = Some(ended);
    }

    /// What it sends about a fault.
    fn fail(&mut self, cause: Cause) -> Option<Record> {
        let may_send = self.closure == Closure::Open;
        self.end(Closure::Failed, Ended::Failed(cause));
        may_send.then_some(Record::ErrorAlert)
    }

    /// Hears a record; returns what it sends at once.
    fn hear(&mut self, record: &Record) -> Option<Record> {
        if !matches!(self.closure, Closure::Open | Closure::WriteClosed) {
            return None;
        }
        match *record {
            Record::Data(bytes) => {
                self.read += usize::from(bytes);
                self.updates_in_a_row = 0;
            }
            Record::KeyUpdate { requested } => {
                self.updates_in_a_row += 1;
                if self.updates_in_a_row > KEY_UPDATES {
                    return self.fail(Cause::TooManyKeyUpdates);
                }
                self.updates += 1;
                self.answer_awaited = false;
                self.answer_owed |= requested;
            }
            Record::CloseNotify if self.closure == Closure::Open => {
                self.closure = Closure::ReadClosed;
                self.peer_closed = true;
            }
            Record::CloseNotify => self.end(Closure::Closed, Ended::Closed),
            Record::ErrorAlert => self.end(Closure::Refused, Ended::Refused),
            Record::Corrupt => return self.fail(Cause::RecordNotAuthentic),
        }
        None
    }

    fn update_keys(&mut self, requested: bool) -> Result<Record, Misuse> {
        self.may_write()?;
        if requested && self.answer_awaited {
            return Err(Misuse::UpdateAlreadyRequested);
        }
        self.answer_owed = false;
        self.answer_awaited |= requested;
        Ok(Record::KeyUpdate { requested })
    }
}

impl Model {
    pub(crate) const fn end(&self, role: Role) -> &EndModel {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }

    /// An end, and what is on its way from it.
    fn from(&mut self, role: Role) -> (&mut EndModel, &mut VecDeque<Record>) {
        match role {
            Role::Client => (&mut self.client, &mut self.to_server),
            Role::Server => (&mut self.server, &mut self.to_client),
        }
    }

    fn on_its_way_to(&mut self, role: Role) -> &mut VecDeque<Record> {
        match role {
            Role::Client => &mut self.to_client,
            Role::Server => &mut self.to_server,
        }
    }

    /// How many records are on their way to an end.
    pub(crate) fn on_their_way_to(&self, role: Role) -> usize {
        match role {
            Role::Client => self.to_client.len(),
            Role::Server => self.to_server.len(),
        }
    }

    fn write(&mut self, role: Role, bytes: u8) -> Result<(), Misuse> {
        let (end, sent) = self.from(role);
        end.may_write()?;
        if end.answer_owed {
            sent.push_back(end.update_keys(false)?);
        }
        sent.push_back(Record::Data(bytes));
        Ok(())
    }

    fn close(&mut self, role: Role) -> Result<(), Misuse> {
        let (end, sent) = self.from(role);
        end.may_write()?;
        sent.push_back(Record::CloseNotify);
        match end.closure {
            Closure::ReadClosed => end.end(Closure::Closed, Ended::Closed),
            _ => end.closure = Closure::WriteClosed,
        }
        Ok(())
    }

    fn cancel(&mut self, role: Role) -> Result<(), Misuse> {
        let (end, sent) = self.from(role);
        end.running()?;
        if end.may_write().is_ok() {
            sent.push_back(Record::CloseNotify);
        }
        end.end(Closure::Closed, Ended::Closed);
        Ok(())
    }

    fn deliver(&mut self, to: Role, records: usize) {
        for _ in 0..records {
            let Some(record) = self.on_its_way_to(to).pop_front() else { return };
            let (end, sent) = self.from(to);
            let said = end.hear(&record);
            sent.extend(said);
        }
    }

    fn transport_ends(&mut self, role: Role) {
        self.on_its_way_to(role).clear();
        let (end, _) = self.from(role);
        match end.closure {
            _ if end.ended.is_some() => {}
            Closure::ReadClosed => end.end(Closure::Closed, Ended::Closed),
            _ => end.end(Closure::Truncated, Ended::Truncated),
        }
    }
}

impl ReferenceStateMachine for Model {
    type State = Self;
    type Transition = Order;

    fn init_state() -> BoxedStrategy<Self> {
        Just(Self {
            client: EndModel::default(),
            server: EndModel::default(),
            to_client: VecDeque::new(),
            to_server: VecDeque::new(),
            outcome: Ok(()),
        })
        .boxed()
    }

    fn transitions(_: &Self) -> BoxedStrategy<Order> {
        let role = || prop_oneof![Just(Role::Client), Just(Role::Server)];
        prop_oneof![
            8 => (role(), 1..=u8::MAX).prop_map(|(role, bytes)| Order::Write(role, bytes)),
            6 => (role(), any::<bool>()).prop_map(|(role, ask)| Order::UpdateKeys(role, ask)),
            12 => (role(), 0..5_usize, 0..400_usize, 1..300_usize).prop_map(
                |(to, records, more, piece)| Order::Deliver { to, records, more, piece }
            ),
            2 => role().prop_map(Order::Close),
            1 => role().prop_map(Order::Cancel),
            1 => role().prop_map(Order::Corrupt),
            1 => role().prop_map(Order::End),
        ]
        .boxed()
    }

    /// What is changed twice would be as it was.
    fn preconditions(model: &Self, order: &Order) -> bool {
        let next = match order {
            Order::Corrupt(Role::Client) => model.to_client.front(),
            Order::Corrupt(Role::Server) => model.to_server.front(),
            _ => return true,
        };
        next.is_some_and(|record| *record != Record::Corrupt)
    }

    fn apply(mut model: Self, order: &Order) -> Self {
        model.outcome = match *order {
            Order::Write(role, bytes) => model.write(role, bytes),
            Order::Close(role) => model.close(role),
            Order::Cancel(role) => model.cancel(role),
            Order::UpdateKeys(role, requested) => {
                let (end, sent) = model.from(role);
                end.update_keys(requested).map(|record| sent.push_back(record))
            }
            Order::Deliver { to, records, .. } => {
                model.deliver(to, records);
                Ok(())
            }
            Order::Corrupt(role) => {
                model.on_its_way_to(role).iter_mut().take(1).for_each(|at| *at = Record::Corrupt);
                Ok(())
            }
            Order::End(role) => {
                model.transport_ends(role);
                Ok(())
            }
        };
        model
    }
}
