//! Through a connection: the peer's records go in as published, and ours come out as published.

use std::mem;

use countersign::connection::Connection;
use countersign::epoch::Epoch;
use countersign::handshake::End;
use countersign::registry::ContentType;
use countersign_testing::Socket;
use countersign_testing::rfc8448::Record;

use crate::part::{Part, TICKET, is_ticket};

#[test]
fn each_end_writes_every_record_of_the_trace_byte_for_byte() {
    for part in Part::all() {
        play(&part, usize::MAX);
    }
}

#[test]
fn records_that_arrive_byte_by_byte_change_nothing() {
    for part in Part::all() {
        play(&part, 1);
    }
}

/// Plays `part`; the peer's records arrive in pieces of `piece_bytes` bytes. What we write may come
/// earlier than in the trace: a server need not wait for early data to answer a hello.
fn play(part: &Part, piece_bytes: usize) {
    let (handshake, random) = part.begin();
    let mut socket = Socket::new(Connection::new(handshake));
    for record in part.trace.records() {
        let context = format!("{} {:?} {record:?}", part.trace.name(), part.role);
        if record.sender == part.role {
            order(&mut socket, &record);
            work(&mut socket, part);
            let rest = socket.output.split_off(record.complete.len().min(socket.output.len()));
            let written = mem::replace(&mut socket.output, rest);
            assert_eq!(written, record.complete, "{context}");
        } else {
            for piece in record.complete.chunks(piece_bytes) {
                socket.input.extend_from_slice(piece);
                work(&mut socket, part);
            }
            assert!(socket.input.is_empty(), "{context}");
            let received = [mem::take(&mut socket.early_data), mem::take(&mut socket.data)];
            let sent = match (record.content_type, record.epoch) {
                (ContentType::APPLICATION_DATA, Epoch::EarlyData) => [record.payload, &[]],
                (ContentType::APPLICATION_DATA, _) => [&[], record.payload],
                _ => [&[][..]; 2],
            };
            assert_eq!(received, sent, "{context}");
        }
    }
    assert!(socket.output.is_empty(), "more than the trace has: {:?}", socket.output);
    assert_eq!(socket.end, Some(End::Closed), "{} {:?}", part.trace.name(), part.role);
    assert!(random.is_spent());
}

fn work(socket: &mut Socket, part: &Part) {
    socket.work(&mut |decision| Ok(part.answer(decision)));
}

/// Orders what an end does not do by itself.
fn order(socket: &mut Socket, record: &Record<'_>) {
    let connection = &mut socket.connection;
    let ordered = match record.content_type {
        ContentType::APPLICATION_DATA if record.epoch == Epoch::EarlyData => {
            let taken = connection.write_early_data(record.payload, &mut socket.output);
            taken.map(|bytes| assert_eq!(bytes, record.payload.len()))
        }
        ContentType::APPLICATION_DATA => connection.write(record.payload, &mut socket.output),
        ContentType::ALERT => connection.close(),
        _ if is_ticket(record) => connection.issue_ticket(TICKET),
        _ => Ok(()),
    };
    ordered.expect("a connection that is open");
}
