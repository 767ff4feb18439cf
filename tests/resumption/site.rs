//! Servers with a policy, and clients that come back to them, at times that the test says.

use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use countersign::crypto::ring;
use countersign::epoch::Role;
use countersign::handshake::decision::{Answer, Decision};
use countersign::handshake::event::{Negotiated, NewTicket, Ticket};
use countersign::handshake::psk::OfferedPsk;
use countersign::handshake::{Destination, Fact, ServerConfig};
use countersign::key_schedule::PskKind;
use countersign::policy::{
    IssuedTickets, ReplayRegister, Resumption, ServerPolicy, TicketSealer, Tickets,
};
use countersign_testing::pki::{Authority, Issued, NAME};
use countersign_testing::{Identity, Setup, Socket, Wire};
use pki_types::UnixTime;

/// When it all begins.
pub(crate) const START: u64 = 1_900_000_000;

pub(crate) const ORDER: NewTicket =
    NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: Some(1_000) };

pub(crate) fn at(seconds: u64) -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(seconds))
}

/// A server, at a time.
pub(crate) struct Site {
    pub(crate) policy: ServerPolicy,
    pub(crate) config: ServerConfig,
    pub(crate) now: u64,
}

/// A key for tickets that begins with this byte.
pub(crate) fn key(first: u8) -> [u8; TicketSealer::KEY_BYTES] {
    std::array::from_fn(|index| if index == 0 { first } else { 0x55 })
}

pub(crate) fn sealer(keys: &[(u8, u64)]) -> TicketSealer {
    let mut sealer = TicketSealer::new(ring::provider());
    keys.iter().for_each(|(first, from)| sealer.add_key(&key(*first), at(*from)));
    sealer
}

/// A register that has been there long enough, with room for this many.
pub(crate) fn register(capacity: usize) -> Arc<Mutex<ReplayRegister>> {
    Arc::new(Mutex::new(ReplayRegister::new(at(START - 10_000), capacity)))
}

impl Site {
    pub(crate) fn new(tickets: Tickets) -> Self {
        static ISSUED: OnceLock<Issued> = OnceLock::new();
        let issued = ISSUED.get_or_init(|| Authority::root("root").issue(|_| {}));
        let policy = ServerPolicy {
            credentials: vec![issued.credential()],
            resumption: Some(Resumption { tickets, register: Some(register(100)) }),
            ..ServerPolicy::default()
        };
        Self { policy, config: ServerConfig::new(ring::provider()), now: START }
    }

    /// Seals tickets with one key.
    pub(crate) fn sealing() -> Self {
        Self::new(Tickets::Sealed(sealer(&[(1, START - 100)])))
    }

    /// Stores tickets.
    pub(crate) fn storing(capacity: usize) -> Self {
        let issued = IssuedTickets::new(ring::provider().random, capacity);
        Self::new(Tickets::Stored(Arc::new(Mutex::new(issued))))
    }

    pub(crate) fn resumption(&mut self) -> &mut Resumption {
        self.policy.resumption.as_mut().expect("this server's clients come back")
    }

    /// Answers for either end; clients trust anybody.
    pub(crate) fn answer(&self, role: Role, decision: Decision) -> Result<Answer, Decision> {
        match role {
            Role::Client => Ok(Identity::example().answer(decision)),
            Role::Server => {
                let answered = self.policy.answer(decision, at(self.now));
                answered.map(|answered| answered.answer).map_err(|question| *question)
            }
        }
    }

    /// A client that goes to [`NAME`] with these PSKs.
    pub(crate) fn setup(&self, psks: Vec<OfferedPsk>) -> Setup {
        let name = NAME.try_into().expect("a name");
        let destination = Destination { psks, early_data: true, ..Destination::named(name) };
        Setup { destination, server: self.config.clone(), ..Setup::default() }
    }

    pub(crate) fn run(&self, wire: &mut Wire) {
        wire.run_with(|_, _| (), |role, decision| self.answer(role, decision));
    }

    pub(crate) fn meet(&self, setup: Setup) -> Wire {
        let mut wire = Wire::new(setup);
        self.run(&mut wire);
        wire
    }

    /// Whether the first of these PSKs that this server takes is taken; the handshake goes well
    /// either way.
    pub(crate) fn resumes(&self, psks: Vec<OfferedPsk>) -> bool {
        resumed(&self.meet(self.setup(psks)))
    }

    /// A ticket, after a full handshake.
    pub(crate) fn ticket(&self) -> Ticket {
        self.ticket_after(self.setup(Vec::new()), ORDER).expect("a ticket")
    }

    pub(crate) fn ticket_after(&self, setup: Setup, order: NewTicket) -> Option<Ticket> {
        let mut wire = self.meet(setup);
        wire.server.connection.issue_ticket(order).expect("a connection");
        self.run(&mut wire);
        wire.client.facts.into_iter().find_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        })
    }

    /// What a client with this ticket sends first: ClientHello, `change_cipher_spec`, early data.
    pub(crate) fn first_flight(&self, psks: Vec<OfferedPsk>) -> Vec<u8> {
        let mut client = Wire::new(self.setup(psks)).client;
        let written = client.connection.write_early_data(b"early", &mut client.output);
        assert_eq!(written, Ok(5));
        client.output
    }

    /// The early data that this server takes out of a first flight.
    pub(crate) fn early_data_of(&self, first_flight: &[u8]) -> Vec<u8> {
        let mut server: Socket = Wire::new(self.setup(Vec::new())).server;
        server.input = first_flight.to_vec();
        server.work(&mut |decision| self.answer(Role::Server, decision));
        let known = |is_it: fn(&Fact) -> bool| server.facts.iter().any(is_it);
        assert_ne!(
            known(|fact| matches!(fact, Fact::EarlyDataAccepted)),
            known(|fact| matches!(fact, Fact::EarlyDataRejected)),
        );
        assert_eq!(server.end, None);
        server.early_data
    }
}

/// Another one like it: a ticket is for one use, and a test may need more.
pub(crate) fn copy(ticket: &Ticket) -> Ticket {
    let bytes = ticket.to_bytes().expect("a ticket");
    Ticket::from_bytes(&bytes, &ring::provider()).expect("the same")
}

/// Whether both ends have used a ticket; they have connected in any case.
pub(crate) fn resumed(wire: &Wire) -> bool {
    for socket in [&wire.client, &wire.server] {
        assert!(socket.connection.handshake().is_complete(), "{socket:?}");
        assert_eq!(socket.end, None);
    }
    assert_eq!(negotiated(&wire.client), negotiated(&wire.server));
    negotiated(&wire.client).psk.as_ref().is_some_and(|psk| psk.kind == PskKind::Resumption)
}

pub(crate) fn negotiated(socket: &Socket) -> &Negotiated {
    let found = socket.facts.iter().find_map(|fact| match fact {
        Fact::Negotiated(negotiated) => Some(negotiated),
        _ => None,
    });
    found.expect("parameters")
}
