//! Requirements that take both ends of a handshake.

use std::sync::Arc;

use countersign::alert::ErrorAlert;
use countersign::crypto::Secret;
use countersign::crypto::ring::TLS_AES_128_GCM_SHA256;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::decision::{Answer, CertificateChain, Decision};
use countersign::handshake::event::Ticket;
use countersign::handshake::psk::PreSharedKey;
use countersign::policy::ServerPolicy;
use countersign::registry::{ContentType, SignatureScheme};
use countersign_testing::pki::{Authority, noon};
use countersign_testing::{Identity, Setup, Socket, Trial, Wire, messages};

use crate::draft::{Draft, KEY_SHARE, PRE_SHARED_KEY, vector16};

// ClientHello and ServerHello

#[test]
fn server_echoes_session_ids_of_any_length() {
    for retry in [false, true] {
        for length in [0, 1, 31, 32] {
            let mut setup = Setup::default();
            setup.server.cookie_bytes = if retry { 8 } else { 0 };
            let (mut pair, mut echoed) = (setup.pair(), Vec::new());
            pair.run(|flight| match (flight.from, flight.bytes[0]) {
                (Role::Client, 1) => {
                    let mut draft = Draft::read(&flight.bytes);
                    draft.session_id(&[7; 32][..length]);
                    flight.bytes = draft.write();
                }
                (Role::Server, 2) => {
                    let fields = Draft::read(&flight.bytes).fields;
                    echoed.push(fields[35..35 + usize::from(fields[34])].to_vec());
                }
                _ => {}
            });
            assert_eq!(echoed, [vec![7; length]], "{length}");
        }
    }
}

/// The same ClientHello to so many servers: their randoms and shares.
fn answers_to_one_hello(count: usize) -> Vec<(Vec<u8>, Vec<u8>)> {
    let hello = Setup::default().pair().client.settle().remove(0);
    let mut answers = Vec::new();
    for _ in 0..count {
        let mut server = Setup::default().pair().server;
        server.handshake.receive(hello.epoch, &hello.bytes).expect("running");
        let flights = server.drain(&mut |question| Ok(Identity::example().answer(question)));
        let answer = Draft::read(messages(&flights[0].bytes)[0]);
        let share = answer.find(KEY_SHARE).expect("a share").to_vec();
        answers.push((answer.fields[2..34].to_vec(), share));
    }
    answers
}

#[test]
fn server_draws_its_own_random_and_takes_a_share_that_it_has_seen() {
    let answers = answers_to_one_hello(3);
    for (number, (random, share)) in answers.iter().enumerate() {
        assert!(!answers[..number].iter().any(|earlier| earlier.0 == *random));
        assert!(!answers[..number].iter().any(|earlier| earlier.1 == *share));
    }
}

#[test]
fn handshake_messages_larger_than_a_record_arrive() {
    for bytes in [20_000, 70_000] {
        let mut chain = CertificateChain::clone(&Identity::example().chain);
        let filler = pki_types::CertificateDer::from(vec![7; bytes]);
        chain.entries.extend(core::iter::once(filler).collect::<CertificateChain>().entries);
        let chain = Arc::new(chain);
        let mut wire = Wire::new(Setup::default());
        wire.run_with(
            |_, _| (),
            |_, question| match question {
                Decision::SelectCredential(question) => {
                    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
                    Ok(question.certificate(chain.clone(), scheme, None).expect("it is offered"))
                }
                other => Ok(Identity::example().answer(other)),
            },
        );
        assert!(wire.client.connection.handshake().is_complete(), "{:?}", wire.client.end);
    }
}

// Proofs

/// Signs what differs from the message in one point.
fn sign_otherwise(variant: usize, question: Decision) -> Answer {
    let Decision::Sign(question) = question else { return Identity::example().answer(question) };
    let content = question.message().to_vec();
    let (padding, rest) = content.split_at(64);
    assert_eq!(padding, [0x20; 64]);
    let text = String::from_utf8_lossy(&rest[..33]).into_owned();
    let other = match text.contains("server") {
        true => text.replace("server", "client"),
        false => text.replace("client", "server"),
    };
    let content = match variant {
        0 => [padding, other.as_bytes(), &rest[33..]].concat(),
        1 => rest.to_vec(),
        2 => [padding, &rest[..34], &[7; 32]].concat(),
        _ => [&[0; 64], rest].concat(),
    };
    let signature = Identity::example().sign(&content);
    question.signature(signature)
}

#[test]
fn signature_covers_padding_context_and_transcript() {
    for role in [Role::Client, Role::Server] {
        for variant in 0..4 {
            let mut setup = Setup::default();
            setup.server.client_authentication = ClientAuthentication::Require;
            let mut pair = setup.pair();
            pair.run_with(
                |_| (),
                |signer, question| {
                    Ok(match signer == role.peer() {
                        true => sign_otherwise(variant, question),
                        false => Identity::example().answer(question),
                    })
                },
            );
            let failure = pair.end(role).failure().expect("a wrong signature");
            assert_eq!(failure.cause, Cause::SignatureInvalid, "{role:?} {variant}");
            assert_eq!(failure.alert, ErrorAlert::DecryptError);
        }
    }
}

#[test]
fn key_of_a_ticket_is_no_external_key_nor_the_reverse() {
    let suite = &TLS_AES_128_GCM_SHA256;
    let resumption = || PreSharedKey::resumption(&[7; 32], suite).expect("a key");
    let external = || PreSharedKey::raw_external(&[7; 32], suite).expect("a key");
    for (client, server, fits) in [
        (resumption(), external(), false),
        (external(), resumption(), false),
        (external(), external(), true),
        (resumption(), resumption(), true),
    ] {
        let mut setup = Setup::default();
        setup.destination.psks = vec![client.offered_as(b"key".to_vec())];
        let mut pair = setup.pair();
        pair.run_with(
            |_| (),
            |_, question| match question {
                Decision::SelectCredential(question) => {
                    Ok(question.psk(0, server.clone(), None, false).expect("it is offered"))
                }
                other => Ok(Identity::example().answer(other)),
            },
        );
        assert_eq!(pair.agrees(), fits);
        let alert = pair.server.failure().map(|failure| failure.alert);
        assert_eq!(alert, (!fits).then_some(ErrorAlert::DecryptError));
    }
}

#[test]
fn obfuscated_ticket_age_is_the_age_and_what_is_added_to_it() {
    for (age_add, age, sent) in [(0, 5_u32, 5_u32), (u32::MAX, 1, 0), (u32::MAX - 9, 1000, 990)] {
        let ticket = Ticket {
            ticket: b"a ticket".to_vec(),
            psk: Secret::copied_from(&[7; 32]).expect("32 bytes"),
            suite: &TLS_AES_128_GCM_SHA256,
            lifetime_seconds: 60,
            age_add,
            max_early_data_bytes: None,
            resumption_across_names: false,
            application_layer_protocol: None,
        };
        let mut setup = Setup::default();
        setup.destination.psks = vec![ticket.offer(age)];
        let hello = setup.pair().client.settle().remove(0);
        let hello = Draft::read(&hello.bytes);
        let offered = hello.find(PRE_SHARED_KEY).expect("a PSK");
        assert_eq!(offered[12..16], sent.to_be_bytes(), "{age_add} {age}");
    }
}

#[test]
fn server_reports_the_name_of_the_new_hello() {
    let key = || PreSharedKey::resumption(&[7; 32], &TLS_AES_128_GCM_SHA256).expect("a key");
    for name in ["a.example", "b.example"] {
        let mut setup = Setup::default();
        setup.destination.server_name = Some(name.try_into().expect("a name"));
        setup.destination.psks = vec![key().offered_as(b"from a.example".to_vec())];
        let mut pair = setup.pair();
        pair.run_with(
            |_| (),
            |_, question| match question {
                Decision::SelectCredential(question) => {
                    assert_eq!(question.server_name(), Some(name.as_bytes()));
                    Ok(question.psk(0, key(), None, false).expect("it is offered"))
                }
                other => Ok(Identity::example().answer(other)),
            },
        );
        assert!(pair.agrees(), "{pair:?}");
    }
}

// Early data

#[test]
fn server_sends_its_whole_flight_before_early_data_ends() {
    let mut trial = Trial::new(Setup::sharing_a_key(true), Role::Server);
    trial.reach("WaitEndOfEarlyData");
    let heard: Vec<u8> = trial
        .forger
        .heard
        .iter()
        .filter(|heard| heard.content_type == ContentType::HANDSHAKE)
        .flat_map(|heard| messages(&heard.content).into_iter().map(|m| m[0]).collect::<Vec<_>>())
        .collect();
    assert_eq!(heard, [2, 8, 20]);
}

#[test]
fn client_may_send_early_data_until_the_servers_finished() {
    let mut trial = Trial::new(Setup::sharing_a_key(true), Role::Client);
    let write = |trial: &mut Trial| {
        let Socket { connection, output, .. } = &mut trial.victim;
        let written = connection.write_early_data(b"early", output);
        trial.exchange();
        written
    };
    assert_eq!(write(&mut trial), Ok(5));
    for state in ["WaitEncryptedExtensions", "WaitFinished"] {
        trial.reach(state);
        assert_eq!(write(&mut trial), Ok(5), "{state}");
    }
    trial.run();
    assert_eq!(trial.state(), "Connected");
    assert_eq!(write(&mut trial), Err(Misuse::NotOffered));
    let early = trial.forger.heard.iter().filter(|heard| heard.epoch == Epoch::EarlyData);
    let types: Vec<_> = early.map(|heard| (heard.content_type.0, heard.content.len())).collect();
    assert_eq!(types, [(23, 5), (23, 5), (23, 5), (22, 4)], "EndOfEarlyData is the last");
}

#[test]
fn server_signs_with_no_obsolete_scheme() {
    let credential = Authority::root("root").issue(|_| {}).credential();
    let policy = ServerPolicy { credentials: vec![credential], ..ServerPolicy::default() };
    let obsolete: [&[u8]; 3] = [&[2, 1, 2, 3], &[1, 1, 2, 2, 4, 2, 6, 2], &[4, 1, 5, 1]];
    for schemes in obsolete {
        let mut pair = Setup::default().pair();
        pair.run_with(
            |flight| {
                if flight.from == Role::Client && flight.bytes[0] == 1 {
                    let mut draft = Draft::read(&flight.bytes);
                    draft.set(13, &vector16(schemes));
                    flight.bytes = draft.write();
                }
            },
            |_, question| Ok(policy.answer(question, noon(2030)).expect("an answer").answer),
        );
        let alert = pair.server.failure().map(|failure| failure.alert);
        assert_eq!(alert, Some(ErrorAlert::HandshakeFailure), "{schemes:?}");
    }
}
