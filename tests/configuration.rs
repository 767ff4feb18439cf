//! Configurations that no handshake can be started with, and what callers are told.

use countersign::crypto::Provider;
use countersign::failure::Misuse;
use countersign::handshake::config::Destination;
use countersign::handshake::{ClientConfig, Handshake, ServerConfig};
use countersign::message::ProtocolName;
use countersign::registry::{CipherSuite, NamedGroup, SignatureScheme};

/// What client and server say in common, and a change of it.
macro_rules! refused_of_both {
    ($($what:literal: |$config:ident| $change:expr;)*) => {
        #[test]
        fn neither_end_starts_with_what_it_could_not_say() {
            $({
                let mut $config = ClientConfig::new(provider());
                $change;
                let client = Handshake::client($config.into(), Destination::default());
                let mut $config = ServerConfig::new(provider());
                $change;
                let server = Handshake::server($config.into());
                for misuse in [client.err(), server.err()] {
                    assert!(matches!(misuse, Some(Misuse::Configuration(_))), "{}", $what);
                }
            })*
        }
    };
}

refused_of_both! {
    "no suite": |config| config.cipher_suites = [CipherSuite(0x1305)].into_iter().collect();
    "no group": |config| config.groups = [NamedGroup(0x0100)].into_iter().collect();
    "a group twice": |config| config.groups = [NamedGroup::X25519; 2].into_iter().collect();
    "no scheme": |config| config.signature_schemes = [SignatureScheme(0)].into_iter().collect();
    "a limit of 63 bytes": |config| config.record_size_limit = Some(63);
    "a limit of 16,386 bytes": |config| config.record_size_limit = Some(16_386);
}

#[test]
fn no_client_offers_an_application_protocol_without_a_name() {
    let started = |names: [&'static [u8]; 2]| {
        let mut config = ClientConfig::new(provider());
        config.application_layer_protocols = names.into_iter().map(ProtocolName).collect();
        Handshake::client(config.into(), Destination::default()).err()
    };
    assert_eq!(started([b"h2", b"http/1.1"]), None);
    assert!(matches!(started([b"h2", b""]), Some(Misuse::Configuration(_))));
}

fn provider() -> Provider {
    countersign_testing::provider()
}

#[test]
fn each_misuse_is_told_in_words_of_its_own() {
    let all = [
        Misuse::NotAsked,
        Misuse::Ended,
        Misuse::NotConnected,
        Misuse::WriteClosed,
        Misuse::Unfinished,
        Misuse::UpdateAlreadyRequested,
        Misuse::NotInThisProfile,
        Misuse::TooManyRequests,
        Misuse::WrongRole,
        Misuse::NoCertificate,
        Misuse::NotOffered,
        Misuse::OutOfRange,
        Misuse::Configuration("of a protocol"),
    ];
    let mut told: Vec<String> = all.iter().map(ToString::to_string).collect();
    assert_eq!(told.last().map(String::as_str), Some("configuration: of a protocol"));
    assert!(told.iter().all(|text| text.len() > 10), "{told:?}");
    told.sort();
    told.dedup();
    assert_eq!(told.len(), all.len(), "{told:?}");
}
