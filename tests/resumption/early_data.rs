//! Early data: taken, skipped, and too much of it (RFC 9846 §2.3, §4.3.10).

use countersign::alert::Alert;
use countersign::crypto::{Suite, ring};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::psk::{EarlyDataTerms, PreSharedKey};
use countersign::handshake::{End, Fact};
use countersign::message::ProtocolName;
use countersign::registry::NamedGroup;
use countersign_testing::{Setup, Wire};

use crate::kept::{Kept, resume, run, take_psk, tickets};

/// A client that sends `early` behind its ClientHello, and the server's answer.
fn early_wire(kept: &Kept, setup: Setup, early: &[u8], accept: bool) -> (Wire, usize) {
    let mut wire = Wire::new(setup);
    let taken = wire
        .client
        .connection
        .write_early_data(early, &mut wire.client.output)
        .expect("early data is possible");
    wire.run_with(|_, _| (), |_, decision| Ok(take_psk(kept, decision, accept)));
    wire.client.connection.write(b"later", &mut wire.client.output).expect("connected");
    wire.run_with(|_, _| (), |_, decision| Ok(take_psk(kept, decision, accept)));
    (wire, taken)
}

#[test]
fn accepted_early_data_arrives_before_the_handshake_is_complete() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let (wire, taken) = early_wire(&kept, resume(vec![ticket.offer(5)], true), b"early", true);
    assert_eq!(taken, 5);
    assert_eq!(
        (&wire.server.early_data[..], &wire.server.data[..]),
        (&b"early"[..], &b"later"[..])
    );
    for socket in [&wire.client, &wire.server] {
        assert!(socket.facts.iter().any(|fact| matches!(fact, Fact::EarlyDataAccepted)));
        assert!(socket.end.is_none(), "{socket:?}");
    }
}

#[test]
fn rejected_early_data_is_skipped_and_the_handshake_goes_on() {
    for retry in [false, true] {
        let kept = Kept::default();
        let ticket = tickets(&kept, 1).remove(0);
        let mut setup = resume(vec![ticket.offer(5)], true);
        if retry {
            setup.server.groups = core::iter::once(NamedGroup::SECP384R1).collect();
        }
        let (wire, _) = early_wire(&kept, setup, b"early", false);
        assert!(wire.server.early_data.is_empty());
        assert_eq!(wire.server.data, b"later", "{wire:?}");
        for socket in [&wire.client, &wire.server] {
            assert!(socket.facts.iter().any(|fact| matches!(fact, Fact::EarlyDataRejected)));
        }
    }
}

#[test]
fn client_writes_no_more_early_data_than_the_ticket_permits() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let setup = resume(vec![ticket.offer(5)], true);
    let (wire, taken) = early_wire(&kept, setup, &[1; 150], true);
    assert_eq!((taken, wire.server.early_data.len()), (100, 100));
    assert!(wire.server.end.is_none());
}

#[test]
fn early_exporters_are_equal_and_end_with_early_data() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let mut pair = resume(vec![ticket.offer(5)], true).pair();
    let mut client_key = [0; 32];
    pair.client.handshake.early_exporter("label", b"", &mut client_key).expect("early data");
    let mut flights = pair.client.drain(&mut |decision| Err(decision));
    let flight = flights.remove(0);
    pair.server.handshake.receive(flight.epoch, &flight.bytes).expect("a ClientHello");
    let flights = pair.server.drain(&mut |decision| Ok(take_psk(&kept, decision, true)));
    let mut server_key = [0; 32];
    pair.server.handshake.early_exporter("label", b"", &mut server_key).expect("early data");
    assert_eq!(client_key, server_key);
    for flight in flights {
        pair.client.handshake.receive(flight.epoch, &flight.bytes).expect("it goes on");
    }
    run(&mut pair, &kept, true);
    assert!(pair.agrees(), "{pair:?}");
    for end in [&pair.client, &pair.server] {
        let late = end.handshake.early_exporter("label", b"", &mut [0; 32]);
        assert_eq!(late, Err(Misuse::NotOffered));
    }
}

#[test]
fn server_takes_no_more_early_data_than_its_own_memory_of_the_key_permits() {
    for (max_bytes, records, taken, fails) in [
        (50, &[50][..], 50, false),
        (50, &[51], 0, true),
        (50, &[20, 30], 50, false),
        (50, &[20, 31], 20, true),
        (0, &[1], 0, true),
    ] {
        let kept = Kept::default();
        let ticket = tickets(&kept, 1).remove(0);
        let terms = EarlyDataTerms { max_bytes, application_layer_protocol: None };
        let (name, key) = kept.borrow_mut().remove(0);
        kept.borrow_mut().push((name, key.with_early_data(terms)));
        let mut wire = Wire::new(resume(vec![ticket.offer(5)], true));
        for record in records {
            let early = vec![7; *record];
            let written = wire.client.connection.write_early_data(&early, &mut wire.client.output);
            assert_eq!(written, Ok(*record));
        }
        wire.run_with(|_, _| (), |_, decision| Ok(take_psk(&kept, decision, true)));
        assert_eq!(wire.server.early_data.len(), taken, "{max_bytes} {records:?}");
        assert_eq!(failure(&wire), fails.then_some((Cause::EarlyDataTooLong, 10)));
    }
}

#[test]
fn server_skips_no_more_early_data_than_its_limit() {
    // Five bytes, their content type, and a tag.
    for (limit, fails) in [(22, false), (21, true), (0, true)] {
        for retry in [false, true] {
            let kept = Kept::default();
            let ticket = tickets(&kept, 1).remove(0);
            let mut setup = resume(vec![ticket.offer(5)], true);
            setup.server.limits.skipped_early_data_bytes = limit;
            if retry {
                setup.server.groups = core::iter::once(NamedGroup::SECP384R1).collect();
            }
            let mut wire = Wire::new(setup);
            let written =
                wire.client.connection.write_early_data(b"early", &mut wire.client.output);
            assert_eq!(written, Ok(5));
            wire.run_with(|_, _| (), |_, decision| Ok(take_psk(&kept, decision, false)));
            assert_eq!(failure(&wire), fails.then_some((Cause::EarlyDataTooLong, 10)));
            assert_eq!(wire.server.connection.handshake().is_complete(), !fails, "{limit} {retry}");
        }
    }
}

/// How the server failed, and the alert that it sent.
fn failure(wire: &Wire) -> Option<(Cause, u8)> {
    match wire.server.end {
        Some(End::Failed(failure)) => {
            Some((failure.cause, Alert::Error(failure.alert).to_wire()[1]))
        }
        _ => None,
    }
}

#[test]
fn early_data_that_was_taken_must_be_authentic() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let mut wire = Wire::new(resume(vec![ticket.offer(5)], true));
    let written = wire.client.connection.write_early_data(b"early", &mut wire.client.output);
    assert_eq!(written, Ok(5));
    *wire.client.output.last_mut().expect("a record") ^= 1;
    wire.run_with(|_, _| (), |_, decision| Ok(take_psk(&kept, decision, true)));
    assert_eq!(failure(&wire), Some((Cause::RecordNotAuthentic, 20)));
    assert!(wire.server.early_data.is_empty());
}

#[test]
fn early_data_is_not_possible_where_the_server_could_not_take_it() {
    let h2 = || EarlyDataTerms { max_bytes: 100, application_layer_protocol: Some(b"h2".into()) };
    let any = || EarlyDataTerms { max_bytes: 100, application_layer_protocol: None };
    let key = |suite: &'static Suite| {
        PreSharedKey::raw_external(&[9; 32], suite).expect("a key of 32 bytes")
    };
    let (aes, chacha) = (&ring::TLS_AES_128_GCM_SHA256, &ring::TLS_CHACHA20_POLY1305_SHA256);
    let rows: [(PreSharedKey, &[&'static [u8]], bool); 6] = [
        (key(aes).with_early_data(any()), &[], true),
        (key(aes).with_early_data(any()), &[b"h2"], true),
        (key(aes).with_early_data(h2()), &[b"http/1.1", b"h2"], true),
        (key(aes).with_early_data(h2()), &[b"http/1.1"], false),
        (key(aes), &[], false),
        (key(chacha).with_early_data(any()), &[], false),
    ];
    for (key, protocols, possible) in rows {
        let context = format!("{key:?} {protocols:?}");
        let mut setup = resume(vec![key.offered_as(b"key".into())], true);
        setup.client.cipher_suites = core::iter::once(aes.id).collect();
        setup.client.application_layer_protocols =
            protocols.iter().map(|name| ProtocolName(name)).collect();
        let (client, _) = setup.handshakes();
        assert_eq!(client.early_data_permitted().is_ok(), possible, "{context}");
    }
}

#[test]
fn early_data_is_over_with_the_handshake_and_with_the_connection() {
    let kept = Kept::default();
    let mut tickets = tickets(&kept, 2);
    let (wire, _) = early_wire(&kept, resume(vec![tickets.remove(0).offer(5)], true), b"e", true);
    let connected = wire.client.connection.handshake();
    assert_eq!(connected.early_data_permitted(), Err(Misuse::NotOffered));

    let (mut client, _) = resume(vec![tickets.remove(0).offer(5)], true).handshakes();
    assert!(client.early_data_permitted().is_ok());
    client.transport_eof();
    assert_eq!(client.early_data_permitted(), Err(Misuse::NotOffered));
}

#[test]
fn client_counts_all_the_early_data_that_it_has_written() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let mut wire = Wire::new(resume(vec![ticket.offer(5)], true));
    for taken in [60, 40, 0] {
        let client = &mut wire.client;
        let written = client.connection.write_early_data(&[1; 60], &mut client.output);
        assert_eq!(written, Ok(taken));
    }
}

#[test]
fn server_leaves_early_data_where_it_is_until_it_has_decided_about_it() {
    let kept = Kept::default();
    let ticket = tickets(&kept, 1).remove(0);
    let mut wire = Wire::new(resume(vec![ticket.offer(5)], true));
    let Wire { client, server } = &mut wire;
    client.connection.write_early_data(b"early", &mut client.output).expect("it is possible");
    server.input.append(&mut client.output);
    for _ in 0..2 {
        server.work(&mut Err);
        assert!(server.end.is_none() && !server.input.is_empty(), "{server:?}");
    }
    let answer = take_psk(&kept, server.question.take().expect("a question"), true);
    server.connection.answer(answer).expect("it is open");
    server.work(&mut Err);
    assert_eq!(server.early_data, b"early");
}
