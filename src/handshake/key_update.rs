//! KeyUpdate, for either role (RFC 9846 §4.7.3, §7.2).

use crate::epoch::{Direction, Epoch};
use crate::failure::Cause;
use crate::handshake::context::Context;
use crate::handshake::event::Fact;
use crate::key_schedule::TrafficSecret;
use crate::message::KeyUpdate;
use crate::registry::{HandshakeType, KeyUpdateRequest};

/// RFC 9846 §4.7.3: no more than this many updates of one's own.
const MAX_UPDATES: u64 = (1 << 48) - 1;

/// Who owes whom an update.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct UpdateLedger {
    /// The peer has asked, and we have not updated since. One update answers any number of
    /// requests.
    pub(crate) answer_owed: bool,
    /// We have asked, and the peer has not updated since.
    pub(crate) answer_awaited: bool,
    /// We have asked behind the last of our authentication messages: an answer shows that the peer
    /// has processed them.
    pub(crate) answer_is_evidence: bool,
    pub(super) received_in_a_row: u32,
    pub(super) sent: u64,
}

impl UpdateLedger {
    /// Application data has arrived: updates are no longer "in a row".
    pub(crate) fn data_received(&mut self) {
        self.received_in_a_row = 0;
    }
}

/// The traffic secrets of an established connection, of whichever generation.
#[derive(Clone, Debug)]
pub(crate) struct TrafficSecrets {
    pub(crate) send: TrafficSecret,
    pub(crate) receive: TrafficSecret,
}

impl TrafficSecrets {
    /// The peer has updated the key it sends with.
    pub(crate) fn peer_updated(self, cx: &mut Context, message: &KeyUpdate) -> Result<Self, Cause> {
        cx.updates.received_in_a_row = cx.updates.received_in_a_row.saturating_add(1);
        if cx.updates.received_in_a_row > cx.limits.key_updates {
            return Err(Cause::TooManyKeyUpdates);
        }
        let receive = self.receive.next();
        cx.install(Direction::Receive, Epoch::Application, &receive);
        cx.updates.answer_awaited = false;
        cx.updates.answer_is_evidence = false;
        if message.request_update == KeyUpdateRequest::UPDATE_REQUESTED {
            cx.updates.answer_owed = cx.updates.sent < MAX_UPDATES;
        }
        cx.learn(Fact::PeerUpdatedKeys);
        Ok(Self { receive, ..self })
    }

    /// Updates the key we send with: the message goes out under the old one.
    pub(crate) fn update(self, cx: &mut Context, message: &KeyUpdate) -> Result<Self, Cause> {
        if cx.updates.sent >= MAX_UPDATES {
            return Err(Cause::KeyUsageExhausted);
        }
        cx.send(HandshakeType::KEY_UPDATE, |w| message.encode(w))?;
        let send = self.send.next();
        cx.install(Direction::Send, Epoch::Application, &send);
        cx.updates.sent += 1;
        cx.updates.answer_owed = false;
        if message.request_update == KeyUpdateRequest::UPDATE_REQUESTED {
            cx.updates.answer_awaited = true;
            cx.updates.answer_is_evidence = true;
        }
        Ok(Self { send, ..self })
    }
}
