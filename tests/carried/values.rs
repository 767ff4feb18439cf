//! The value itself: strict bytes, and no secret for anyone to see.

use countersign::connection::{Carried, Connection};
use countersign::crypto::{Provider, Secret};
use countersign::epoch::{Epoch, Role};
use countersign::handshake::closure::Closure;
use countersign::handshake::config::ClientAuthentication;
use countersign::message::ProtocolName;
use countersign::registry::CipherSuite;
use countersign_testing::{Identity, Setup, Wire, provider};

use crate::{BOTH, connected, end, import, through_bytes};

/// Connections of both roles in which as much as possible is known.
fn carried() -> Vec<(Setup, Carried)> {
    let mut setups = vec![Setup::default(), Setup::sharing_a_key(false)];
    let mut longest = Setup::default();
    longest.server.client_authentication = ClientAuthentication::Require;
    longest.client.record_size_limit = Some(1_000);
    longest.server.record_size_limit = Some(2_000);
    longest.client.cipher_suites = [CipherSuite::TLS_AES_256_GCM_SHA384].into_iter().collect();
    setups.push(longest);
    let exported = |setup: Setup| {
        let Wire { client, server } = connected(setup.clone());
        [client, server].map(|socket| {
            (setup.clone(), socket.connection.export().expect("a connection at rest"))
        })
    };
    setups.into_iter().flat_map(exported).collect()
}

fn bytes(carried: &Carried) -> Vec<u8> {
    carried.to_bytes().expect("short names")
}

#[test]
fn bytes_and_value_are_the_same() {
    for (_, carried) in carried() {
        let bytes = bytes(&carried);
        let again = Carried::from_bytes(&bytes, &provider()).expect("the same");
        assert_eq!(self::bytes(&again), bytes);
        assert_eq!(again.role(), carried.role());
        assert_eq!(again.cipher_suite(), carried.cipher_suite());
        assert_eq!(again.closure(), Closure::Open);
        assert_eq!(format!("{again:?}"), format!("{carried:?}"));
    }
}

#[test]
fn cut_and_lengthened_bytes_are_refused() {
    for (_, carried) in carried() {
        let bytes = bytes(&carried);
        for length in 0..bytes.len() {
            assert!(Carried::from_bytes(&bytes[..length], &provider()).is_none(), "{length}");
        }
        for more in [&[0][..], &[1; 32], &[0xff; 48]] {
            assert!(Carried::from_bytes(&[&bytes, more].concat(), &provider()).is_none());
        }
    }
}

#[test]
fn values_of_another_form_are_refused() {
    for (_, carried) in carried() {
        let mut bytes = bytes(&carried);
        for format in (0..=u8::MAX).filter(|format| *format != 1) {
            bytes[0] = format;
            assert!(Carried::from_bytes(&bytes, &provider()).is_none(), "form {format}");
        }
    }
}

#[test]
fn changed_bytes_are_refused_or_mean_what_they_say_and_never_do_harm() {
    let (mut refused, mut read) = (0, 0);
    for (setup, carried) in carried() {
        let bytes = bytes(&carried);
        for index in 0..bytes.len() {
            for change in [0x01, 0x80, 0xff] {
                let mut changed = bytes.clone();
                changed[index] ^= change;
                let Some(value) = Carried::from_bytes(&changed, &provider()) else {
                    refused += 1;
                    continue;
                };
                read += 1;
                assert_eq!(self::bytes(&value), changed, "byte {index}");
                // Nobody is harmed by what is carried on with wrong numbers.
                let mut connection = import(&setup, value);
                let mut output = Vec::new();
                let _closed = connection.write(b"data", &mut output);
                let mut input = [&[23, 3, 3, 0, 40][..], &[7; 40]].concat();
                for _ in 0..4 {
                    let consumed = connection.poll(&mut input, &mut output).consumed;
                    input.drain(..consumed);
                }
                let _closed = connection.update_keys(true);
            }
        }
    }
    assert!(refused > 100 && read > 1_000, "{refused} {read}");
}

#[test]
fn arbitrary_bytes_are_no_value() {
    for length in 0..300 {
        for byte in [0, 1, 0x13, 0xff] {
            let mut bytes = vec![byte; length];
            assert!(Carried::from_bytes(&bytes, &provider()).is_none());
            if let Some(first) = bytes.first_mut() {
                *first = 1;
            }
            assert!(Carried::from_bytes(&bytes, &provider()).is_none());
        }
    }
}

#[test]
fn a_provider_without_the_suite_cannot_read_it() {
    for (_, carried) in carried() {
        let bytes = bytes(&carried);
        let mut suites = provider().suites;
        suites.retain(|suite| suite.id != carried.cipher_suite());
        let lesser = Provider { suites, ..provider() };
        assert!(Carried::from_bytes(&bytes, &lesser).is_none());
    }
}

#[test]
fn the_application_protocol_is_carried() {
    for role in BOTH {
        let mut setup = Setup::default();
        setup.client.application_layer_protocols = [ProtocolName(b"h2")].into_iter().collect();
        let mut wire = Wire::new(setup);
        wire.run_with(
            |_, _| (),
            |_, question| match question {
                countersign::handshake::Decision::SelectCredential(question) => {
                    let scheme = countersign::registry::SignatureScheme::ECDSA_SECP256R1_SHA256;
                    let chain = Identity::example().chain.clone();
                    Ok(question.certificate(chain, scheme, Some(b"h2")).expect("it is offered"))
                }
                other => Ok(Identity::example().answer(other)),
            },
        );
        let socket = if role == Role::Client { wire.client } else { wire.server };
        let carried = through_bytes(&socket.connection.export().expect("a connection at rest"));
        assert!(bytes(&carried).windows(4).any(|window| window == b"\x00\x02h2"));
    }
}

/// The application secrets of a connection.
fn secrets(connection: &mut Connection) -> Vec<Secret> {
    let installed = connection.take_installed_keys().into_iter();
    let of_application = installed.filter(|(_, epoch, _)| *epoch == Epoch::Application);
    of_application.map(|(_, _, secret)| secret.secret().clone()).collect()
}

#[test]
fn secrets_are_in_the_value_alone_and_go_with_it() {
    for role in BOTH {
        let mut wire = connected(Setup::default());
        let secrets = secrets(&mut end(&mut wire, role).connection);
        assert_eq!(secrets.len(), 2);
        let socket = if role == Role::Client { wire.client } else { wire.server };
        let carried = socket.connection.export().expect("a connection at rest");
        // The value's, and the test's.
        assert!(secrets.iter().all(|secret| secret.owners() == 2));
        let written = bytes(&carried);
        for secret in &secrets {
            let secret = secret.as_bytes();
            assert!(written.windows(secret.len()).any(|window| window == secret));
        }
        drop(carried);
        assert!(secrets.iter().all(|secret| secret.owners() == 1), "a secret is left");
    }
}

#[test]
fn no_secret_is_printed() {
    for (_, carried) in carried() {
        let printed = format!("{carried:?}");
        assert!(printed.contains("Secret(..)"), "{printed}");
        let bytes = bytes(&carried);
        let secrets = &bytes[bytes.len() - 128..];
        for eight in secrets.chunks(8) {
            let decimal = format!("{eight:?}");
            let decimal = decimal.trim_matches(['[', ']']);
            let hexadecimal: String = eight.iter().map(|byte| format!("{byte:02x}")).collect();
            assert!(!printed.contains(decimal) && !printed.contains(&hexadecimal), "{printed}");
        }
    }
}
