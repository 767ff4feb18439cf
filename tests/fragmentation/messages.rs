//! Handshake messages cut anywhere, for machines without records.

use countersign::alert::Alert;
use countersign::epoch::{Epoch, Role};
use countersign::handshake;
use countersign::handshake::event::NewTicket;
use countersign_testing::{End, Pair, Setup, messages};
use proptest::prelude::*;

use crate::{Cuts, answer, cuts, said, with_curves};

const BOTH: [Role; 2] = [Role::Client, Role::Server];
const CERTIFICATE_VERIFY: u8 = 15;

/// One change of one message: whose, which one, which byte, and what it is combined with.
///
/// The length of a message stays as it is: where a message ends decides on what else is in its
/// fragment, and behind a change of keys nothing may be.
#[derive(Clone, Debug)]
struct Fault {
    sender: Role,
    message: usize,
    byte: usize,
    with: u8,
}

fn faults() -> impl Strategy<Value = Option<Fault>> {
    let senders = prop_oneof![Just(Role::Client), Just(Role::Server)];
    let fault = (senders, 0_usize..8, prop_oneof![Just(0), 4_usize..600], 1_u8..=255);
    prop::option::weighted(
        0.8,
        fault.prop_map(|(sender, message, byte, with)| Fault { sender, message, byte, with }),
    )
}

/// All that an end says, in comparable form.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    facts: Vec<String>,
    moves: Vec<(&'static str, &'static str, &'static str)>,
    alerts: Vec<(Epoch, Alert)>,
    keys: usize,
    end: Option<handshake::End>,
    state: &'static str,
}

fn summary(end: &End) -> Said {
    Said {
        facts: end.observed.facts.iter().map(said).collect(),
        moves: end.observed.moves.clone(),
        alerts: end.observed.alerts.clone(),
        keys: end.observed.keys.len(),
        end: end.observed.end.clone(),
        state: end.handshake.state(),
    }
}

struct Run {
    pair: Pair,
    sent: [usize; 2],
}

impl Run {
    /// Delivers all that both have to say, cut, and with the fault in it.
    fn deliver(&mut self, cuts: &Cuts, fault: Option<&Fault>) {
        let mut silent = 0;
        while silent < 2 {
            silent = 0;
            for from in BOTH {
                let sender = self.pair.end(from);
                let alerts = sender.observed.alerts.len();
                let flights = sender.drain(&mut answer);
                let alerts = sender.observed.alerts[alerts..].to_vec();
                silent += usize::from(flights.is_empty() && alerts.is_empty());
                for flight in flights {
                    let bytes = self.spoil(from, &flight.bytes, fault);
                    for piece in cuts.pieces(&bytes) {
                        let to = self.pair.end(from.peer());
                        // An end that is over takes nothing any more.
                        let _ended = to.handshake.receive(flight.epoch, piece);
                    }
                }
                for (epoch, alert) in alerts {
                    let [level, description] = alert.to_wire();
                    let to = &mut self.pair.end(from.peer()).handshake;
                    let _ended = to.receive_alert(epoch, level, description);
                }
            }
        }
    }

    fn spoil(&mut self, from: Role, flight: &[u8], fault: Option<&Fault>) -> Vec<u8> {
        let sent = &mut self.sent[usize::from(from == Role::Server)];
        let mut spoiled = Vec::new();
        for message in messages(flight) {
            let start = spoiled.len();
            spoiled.extend_from_slice(message);
            if let Some(fault) = fault.filter(|f| f.sender == from && f.message == *sent) {
                // An ECDSA signature is not always of one length; its end is left alone.
                let fixed = if message[0] == CERTIFICATE_VERIFY { 60 } else { message.len() };
                if let Some(byte) = spoiled[start..][..fixed].get_mut(fault.byte) {
                    *byte ^= fault.with;
                }
            }
            *sent += 1;
        }
        spoiled
    }
}

/// A handshake, and then what connected ends do, with everything cut.
fn run(cuts: &Cuts, fault: Option<&Fault>) -> [Said; 2] {
    let mut run = Run { pair: with_curves(Setup::longest()).pair(), sent: [0; 2] };
    run.deliver(cuts, fault);
    if run.pair.agrees() {
        let (client, server) = (&mut run.pair.client.handshake, &mut run.pair.server.handshake);
        let order = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
        // After a fault some of these cannot be done; that is then the same however bytes are cut.
        let _over = server.issue_ticket(order);
        let _over = client.update_keys(true);
        run.deliver(cuts, fault);
        run.pair.server.handshake.answer_key_update();
        let _over = run.pair.client.handshake.close();
        run.deliver(cuts, fault);
    }
    [summary(&run.pair.client), summary(&run.pair.server)]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn messages_give_the_same_however_they_are_cut(cuts in cuts(), fault in faults()) {
        let whole = run(&Cuts::whole(), fault.as_ref());
        let cut = run(&cuts, fault.as_ref());
        prop_assert_eq!(whole, cut);
    }
}

#[test]
fn an_honest_run_comes_to_its_end_in_every_way_of_cutting() {
    for lengths in [1, 2, 3, 4, 5, 100] {
        let [client, server] = run(&Cuts(vec![lengths]), None);
        assert_eq!((client.state, server.state), ("Connected", "Connected"));
        assert!(server.facts.contains(&String::from("PeerClosed")), "{server:?}");
        assert!(client.facts.contains(&String::from("a ticket for 60 seconds")), "{client:?}");
        assert!(client.facts.contains(&String::from("PeerUpdatedKeys")), "{client:?}");
    }
}
