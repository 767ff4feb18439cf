//! Through a handshake: messages, keys and secrets.

use countersign::crypto::{Draw, Secret};
use countersign::epoch::{Direction, Epoch, Role};
use countersign::handshake::Fact;
use countersign::handshake::decision::Decision;
use countersign::message::{self, Layout, NewSessionTicket};
use countersign::registry::{ContentType, HandshakeType};
use countersign_testing::{End, Flight, messages};

use crate::part::{Part, SUITE, TICKET, is_ticket};

/// Plays `part` up to the closing alerts; returns the end, and what it sent.
fn play(part: &Part) -> (End, Vec<Flight>) {
    let (handshake, _) = part.begin();
    let mut end = End::new(handshake);
    let mut sent = Vec::new();
    let records = part.trace.records();
    for record in records.iter().filter(|r| r.content_type == ContentType::HANDSHAKE) {
        if record.sender != part.role {
            end.handshake.receive(record.epoch, record.payload).expect("it goes on");
        } else if is_ticket(record) {
            end.handshake.issue_ticket(TICKET).expect("the client takes tickets");
        }
        sent.extend(end.drain(&mut |decision| Ok(part.answer(decision))));
    }
    assert!(end.handshake.is_complete(), "{} {:?}", part.trace.name(), part.role);
    (end, sent)
}

#[test]
fn each_end_sends_every_message_of_the_trace_at_its_epoch() {
    for part in Part::all() {
        let (_, sent) = play(&part);
        let records = part.trace.records();
        let expected: Vec<Flight> = records
            .iter()
            .filter(|r| r.sender == part.role && r.content_type == ContentType::HANDSHAKE)
            .map(|r| Flight { from: r.sender, epoch: r.epoch, bytes: r.payload.to_vec() })
            .collect();
        assert_eq!(sent, expected, "{} {:?}", part.trace.name(), part.role);

        let sent: Vec<&[u8]> = sent.iter().flat_map(|flight| messages(&flight.bytes)).collect();
        let told = part
            .trace
            .iter()
            .filter(|(name, _)| name.starts_with(name_of(part.role)) && name.ends_with(".message"));
        let told: Vec<&[u8]> = told.map(|(_, message)| message).collect();
        assert_eq!(sent.len(), told.len());
        for (sent, told) in sent.iter().zip(told) {
            // A ClientHello with binders is told without them.
            assert!(sent.starts_with(told), "{} {:?}", part.trace.name(), part.role);
        }
    }
}

#[test]
fn each_end_installs_every_key_of_the_trace_in_order() {
    for part in Part::all() {
        let (end, _) = play(&part);
        for sender in [Role::Client, Role::Server] {
            let direction = if sender == part.role { Direction::Send } else { Direction::Receive };
            let keys = end.observed.keys.iter().filter(|(way, ..)| *way == direction);
            let installed: Vec<(Epoch, &[u8])> =
                keys.map(|(_, epoch, secret)| (*epoch, secret.as_slice())).collect();
            let expected = traffic_secrets(&part, sender);
            assert_eq!(installed, expected, "{} {:?}", part.trace.name(), part.role);
            for (epoch, secret) in expected {
                check_key_and_vector(&part, sender, epoch, secret);
            }
        }
    }
}

/// What `sender` sends under, one after the other.
fn traffic_secrets(part: &Part, sender: Role) -> Vec<(Epoch, &[u8])> {
    let names = match sender {
        Role::Client => &[
            (Epoch::EarlyData, "client.c_e_traffic.expanded"),
            (Epoch::Handshake, "server.c_hs_traffic.expanded"),
            (Epoch::Application, "server.c_ap_traffic.expanded"),
        ][..],
        Role::Server => &[
            (Epoch::Handshake, "server.s_hs_traffic.expanded"),
            (Epoch::Application, "server.s_ap_traffic.expanded"),
        ],
    };
    let secrets: Vec<(Epoch, &[u8])> =
        names.iter().filter_map(|(epoch, name)| Some((*epoch, part.trace.find(name)?))).collect();
    assert!(secrets.len() >= 2);
    secrets
}

/// RFC 9846 §7.3. The trace tells a key once, as what one end writes or the other reads under.
fn check_key_and_vector(part: &Part, sender: Role, epoch: Epoch, traffic_secret: &[u8]) {
    let secret = Secret::copied_from(traffic_secret).expect("a short secret");
    let epoch = match epoch {
        Epoch::EarlyData => "early",
        Epoch::Handshake => "handshake",
        _ => "application",
    };
    let steps = [
        format!("{}.write_{epoch}", name_of(sender)),
        format!("{}.read_{epoch}", name_of(sender.peer())),
    ];
    for (label, length) in [("key", 16), ("iv", 12)] {
        let mut made = vec![0; length];
        SUITE.hash.expand_label_into(secret.as_bytes(), label, &[], &mut made);
        let names = steps.iter().map(|step| format!("{step}.{label}"));
        let told: Vec<&[u8]> = names.filter_map(|name| part.trace.find(&name)).collect();
        assert!(!told.is_empty(), "{}: no {label} of {steps:?}", part.trace.name());
        assert!(told.iter().all(|told| *told == made), "{} {steps:?}", part.trace.name());
    }
}

#[test]
fn each_end_exports_from_the_exporter_secret_of_the_trace() {
    for part in Part::all() {
        let (end, _) = play(&part);
        let mut exported = [0; 48];
        end.handshake.exporter("label", b"context", &mut exported).expect("it is complete");
        let expected = export(part.trace.get("server.exp_master.expanded"));
        assert_eq!(exported, expected, "{} {:?}", part.trace.name(), part.role);
    }
}

#[test]
fn each_end_exports_early_from_the_early_exporter_secret_of_the_trace() {
    for part in Part::all() {
        let (handshake, _) = part.begin();
        let mut end = End::new(handshake);
        let records = part.trace.records();
        if part.role == Role::Server {
            end.handshake.receive(Epoch::Initial, records[0].payload).expect("it goes on");
        }
        let _answered = end.drain(&mut |decision| Ok(part.answer(decision)));
        let mut exported = [0; 48];
        let early = end.handshake.early_exporter("label", b"context", &mut exported);
        let expected = part.trace.find("client.e_exp_master.expanded").map(export);
        let exported = early.ok().map(|()| exported);
        assert_eq!(exported, expected, "{} {:?}", part.trace.name(), part.role);
    }
}

/// RFC 9846 §7.5, written out.
fn export(exporter_secret: &[u8]) -> [u8; 48] {
    let hash = SUITE.hash;
    let secret = Secret::copied_from(exporter_secret).expect("a short secret");
    let of_label = hash.expand_label(&secret, "label", hash.of_empty().as_bytes());
    let mut exported = [0; 48];
    let context = hash.digest(&[b"context"]);
    hash.expand_label_into(of_label.as_bytes(), "exporter", context.as_bytes(), &mut exported);
    exported
}

#[test]
fn client_takes_the_ticket_and_its_psk_from_the_trace() {
    let parts = Part::all().filter(|part| part.role == Role::Client);
    for part in parts.filter(|part| part.tickets().count() > 0) {
        let (end, _) = play(&part);
        let facts = end.observed.facts.iter();
        let mut learned = facts.filter_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        });
        let (ticket, issued) = (learned.next().expect("a ticket"), part.tickets().next());
        let issued = issued.expect("a ticket");
        assert_eq!(ticket.ticket, issued.ticket);
        assert_eq!(ticket.psk.as_bytes(), part.trace.get("server.resumption.expanded"));
        assert_eq!((ticket.age_add, ticket.lifetime_seconds), (issued.ticket_age_add, 30));
        assert_eq!(ticket.max_early_data_bytes, Some(1024));
        assert_eq!(ticket.suite.id, SUITE.id);
        assert!(learned.next().is_none());
    }
}

#[test]
fn each_end_makes_psks_from_the_resumption_secret_of_the_trace() {
    for mut part in Part::all() {
        part.draws.push((Draw::TicketAgeAdd, vec![0; 4]));
        let (mut end, _) = play(&part);
        let (nonce, psk) = match part.role {
            Role::Client => (b"nonce".to_vec(), client_psk(&mut end, b"nonce")),
            Role::Server => {
                let number = u16::try_from(part.tickets().count()).expect("a few");
                (number.to_be_bytes().to_vec(), server_psk(&mut end))
            }
        };
        let resumption_secret = Secret::copied_from(part.trace.get("client.res_master.expanded"));
        let resumption_secret = resumption_secret.expect("a short secret");
        let expected = SUITE.hash.expand_label(&resumption_secret, "resumption", &nonce);
        assert_eq!(psk, expected.as_bytes(), "{} {:?}", part.trace.name(), part.role);
    }
}

/// The PSK of one more ticket.
fn client_psk(end: &mut End, ticket_nonce: &[u8]) -> Vec<u8> {
    let ticket = NewSessionTicket {
        ticket_lifetime: 1,
        ticket_age_add: 0,
        ticket_nonce,
        ticket: b"ticket",
        max_early_data_size: None,
        resumption_across_names: false,
    };
    let mut bytes = Vec::new();
    message::encode(HandshakeType::NEW_SESSION_TICKET, &mut bytes, |w| {
        ticket.encode(w, &Layout::default(), 0);
    })
    .expect("a small message");
    end.handshake.receive(Epoch::Application, &bytes).expect("it goes on");
    assert!(end.drain(&mut Err).is_empty());
    match end.observed.facts.last() {
        Some(Fact::Ticket(ticket)) => ticket.psk.as_bytes().to_vec(),
        other => panic!("no ticket but {other:?}"),
    }
}

/// The PSK of one more ticket.
fn server_psk(end: &mut End) -> Vec<u8> {
    end.handshake.issue_ticket(TICKET).expect("the client takes tickets");
    assert!(end.drain(&mut Err).is_empty());
    match &end.question {
        Some(Decision::SealTicket(question)) => question.psk().as_bytes().to_vec(),
        other => panic!("no ticket but {other:?}"),
    }
}

const fn name_of(role: Role) -> &'static str {
    match role {
        Role::Client => "client",
        Role::Server => "server",
    }
}
