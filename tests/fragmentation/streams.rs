//! A byte stream of records cut anywhere.

use countersign::epoch::Role;
use countersign::handshake;
use countersign::handshake::event::NewTicket;
use countersign_testing::{Setup, Socket, Wire};
use proptest::prelude::*;

use crate::{Cuts, answer, cuts, said, with_curves};

const BOTH: [Role; 2] = [Role::Client, Role::Server];

/// What happens to one record of one end.
#[derive(Clone, Debug)]
struct Fault {
    sender: Role,
    record: usize,
    kind: FaultKind,
}

#[derive(Clone, Copy, Debug)]
enum FaultKind {
    /// A bit of the body is turned, so many eighths into it.
    Turn(usize),
    /// The stream ends before the record.
    End,
    /// The record is lost.
    Lose,
    /// The record comes twice.
    Repeat,
    /// A record like this comes before it.
    Insert(&'static [u8]),
}

fn faults() -> impl Strategy<Value = Option<Fault>> {
    let inserted = prop::sample::select(vec![
        // change_cipher_spec, legal and not
        &[20, 3, 3, 0, 1, 1][..],
        &[20, 3, 3, 0, 1, 2],
        &[20, 3, 3, 0, 0],
        // alerts: user_canceled, close_notify, one that is too short
        &[21, 3, 3, 0, 2, 1, 90],
        &[21, 3, 3, 0, 2, 1, 0],
        &[21, 3, 3, 0, 2, 2, 80],
        &[21, 3, 3, 0, 1, 1],
        // an empty fragment, a message of an unknown type, application data, an unknown type
        &[22, 3, 3, 0, 0],
        &[22, 3, 3, 0, 4, 99, 0, 0, 0],
        &[23, 3, 3, 0, 20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20],
        &[24, 3, 3, 0, 1, 1],
        &[255, 255, 255, 0, 0],
        // a length that no record has
        &[22, 3, 3, 255, 255],
    ]);
    let kind = prop_oneof![
        (0_usize..8).prop_map(FaultKind::Turn),
        Just(FaultKind::End),
        Just(FaultKind::Lose),
        Just(FaultKind::Repeat),
        inserted.prop_map(FaultKind::Insert),
    ];
    let senders = prop_oneof![Just(Role::Client), Just(Role::Server)];
    let fault = (senders, 0_usize..8, kind);
    prop::option::weighted(
        0.8,
        fault.prop_map(|(sender, record, kind)| Fault { sender, record, kind }),
    )
}

/// The records in `bytes`, headers included.
fn records(mut bytes: &[u8]) -> Vec<&[u8]> {
    let mut records = Vec::new();
    while let [_, _, _, high, low, ..] = *bytes {
        let (record, rest) = bytes.split_at(5 + usize::from(u16::from_be_bytes([high, low])));
        records.push(record);
        bytes = rest;
    }
    assert!(bytes.is_empty(), "half a record");
    records
}

/// All that an end says, in comparable form.
#[derive(Debug, PartialEq, Eq)]
struct Said {
    facts: Vec<String>,
    early_data: Vec<u8>,
    data: Vec<u8>,
    end: Option<handshake::End>,
    state: &'static str,
    /// The outer content types of the records it sent.
    records: Vec<u8>,
}

struct Run<'a> {
    wire: Wire,
    cuts: &'a Cuts,
    fault: Option<&'a Fault>,
    sent: [Vec<u8>; 2],
    cut_off: [bool; 2],
}

impl Run<'_> {
    fn socket(&mut self, role: Role) -> &mut Socket {
        match role {
            Role::Client => &mut self.wire.client,
            Role::Server => &mut self.wire.server,
        }
    }

    /// Delivers all that both have to say.
    fn deliver(&mut self) {
        let mut silent = 0;
        while silent < 2 {
            silent = 0;
            for from in BOTH {
                let sender = self.socket(from);
                sender.work(&mut answer);
                let bytes = std::mem::take(&mut sender.output);
                silent += usize::from(bytes.is_empty());
                let bytes = self.spoil(from, &bytes);
                let cuts = self.cuts;
                let to = self.socket(from.peer());
                for piece in cuts.pieces(&bytes) {
                    to.input.extend_from_slice(piece);
                    to.work(&mut answer);
                }
                if self.cut_off[usize::from(from == Role::Server)] {
                    let to = self.socket(from.peer());
                    to.connection.transport_eof();
                    to.work(&mut answer);
                }
            }
        }
    }

    fn spoil(&mut self, from: Role, bytes: &[u8]) -> Vec<u8> {
        let side = usize::from(from == Role::Server);
        let mut spoiled = Vec::new();
        for record in records(bytes) {
            let position = self.sent[side].len();
            self.sent[side].push(record[0]);
            let fault = self.fault.filter(|f| f.sender == from && f.record == position);
            let start = spoiled.len();
            spoiled.extend_from_slice(record);
            match fault.map(|fault| fault.kind) {
                None => {}
                Some(FaultKind::Turn(eighths)) => {
                    spoiled[start + 5 + (record.len() - 5) * eighths / 8] ^= 1;
                }
                Some(FaultKind::End) => self.cut_off[side] = true,
                Some(FaultKind::Lose) => spoiled.truncate(start),
                Some(FaultKind::Repeat) => spoiled.extend_from_slice(record),
                Some(FaultKind::Insert(other)) => {
                    spoiled.splice(start..start, other.iter().copied());
                }
            }
            if self.cut_off[side] {
                spoiled.truncate(start);
            }
        }
        spoiled
    }

    fn summary(&mut self, role: Role) -> Said {
        let records = self.sent[usize::from(role == Role::Server)].clone();
        let socket = self.socket(role);
        Said {
            facts: socket.facts.iter().map(said).collect(),
            early_data: socket.early_data.clone(),
            data: socket.data.clone(),
            end: socket.end.clone(),
            state: socket.connection.handshake().state(),
            records,
        }
    }
}

/// A handshake, data both ways with a ticket and new keys between, and the end; with early data, a
/// handshake by PSK.
fn run(cuts: &Cuts, fault: Option<&Fault>, early_data: bool) -> [Said; 2] {
    let setup = if early_data { Setup::sharing_a_key(true) } else { Setup::longest() };
    let mut wire = Wire::new(with_curves(setup));
    if early_data {
        let client = &mut wire.client;
        client.work(&mut answer);
        for words in [&b"early"[..], b" and earlier"] {
            let written = client.connection.write_early_data(words, &mut client.output);
            assert_eq!(written, Ok(words.len()));
        }
    }
    let mut run = Run { wire, cuts, fault, sent: [Vec::new(), Vec::new()], cut_off: [false; 2] };
    run.deliver();
    // After a fault some of these cannot be done; that is then the same however bytes are cut.
    for role in BOTH {
        let socket = run.socket(role);
        let _over = socket.connection.write(&[7; 20_000], &mut socket.output);
        let _over = socket.connection.update_keys(true);
        let _over = socket.connection.write(b"under new keys", &mut socket.output);
    }
    let order = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
    let _over = run.socket(Role::Server).connection.issue_ticket(order);
    run.deliver();
    for role in BOTH {
        let socket = run.socket(role);
        let _over = socket.connection.write(b"the end", &mut socket.output);
        let _over = socket.connection.close();
        run.deliver();
    }
    BOTH.map(|role| run.summary(role))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, ..ProptestConfig::default() })]

    #[test]
    fn streams_give_the_same_however_they_are_cut(
        cuts in cuts(),
        fault in faults(),
        early_data in any::<bool>(),
    ) {
        let whole = run(&Cuts::whole(), fault.as_ref(), early_data);
        let cut = run(&cuts, fault.as_ref(), early_data);
        prop_assert_eq!(whole, cut);
    }
}

#[test]
fn an_honest_stream_closes_in_order_in_every_way_of_cutting() {
    for (length, early_data) in [(1, false), (1, true), (5, true), (6, false), (1000, true)] {
        let [client, server] = run(&Cuts(vec![length]), None, early_data);
        let early: &[u8] = if early_data { b"early and earlier" } else { b"" };
        assert_eq!((&server.early_data[..], &client.early_data[..]), (early, &b""[..]));
        for said in [client, server] {
            assert_eq!(said.end, Some(handshake::End::Closed));
            assert!(said.data.starts_with(&[7; 20_000]));
            assert!(said.data.ends_with(b"under new keysthe end"));
            assert_eq!(said.facts.iter().filter(|fact| *fact == "PeerUpdatedKeys").count(), 2);
        }
    }
}
