//! Names, application protocols, and what else is said in EncryptedExtensions (RFC 6066, RFC 7301).

use countersign::handshake::Destination;
use countersign::handshake::decision::Decision;
use countersign::limits::Limits;
use countersign::message::{ClientHello, EncryptedExtensions, Kind, ParseContext, ProtocolName};
use countersign::message::{EXTENSIONS, ExtensionSet, Item, Layout};
use countersign::registry::{ExtensionType, NamedGroup};
use countersign_testing::Setup;
use pki_types::ServerName;

use crate::{bodies, by_default, connect_with, negotiated, with_protocol};

#[test]
fn the_protocol_that_the_server_selects_is_negotiated() {
    for protocol in [&b"h2"[..], b"http/1.1"] {
        let mut setup = Setup::default();
        setup.client.application_layer_protocols =
            [&b"h2"[..], b"http/1.1"].map(ProtocolName).into_iter().collect();
        let pair = connect_with(setup, |_, question| match question {
            Decision::SelectCredential(question) => {
                assert!(question.application_layer_protocols().eq([&b"h2"[..], b"http/1.1"]));
                with_protocol(question, protocol)
            }
            other => by_default(other),
        });
        let negotiated = negotiated(&pair).application_layer_protocol;
        assert_eq!(negotiated.as_deref(), Some(protocol));
    }
}

#[test]
fn a_server_may_ignore_the_protocols_on_offer() {
    let mut setup = Setup::default();
    setup.client.application_layer_protocols = [ProtocolName(b"h2")].into_iter().collect();
    let pair = connect_with(setup, |_, question| by_default(question));
    assert_eq!(negotiated(&pair).application_layer_protocol, None);
}

#[test]
fn only_a_dns_name_is_sent_and_only_a_name_that_was_sent_is_acknowledged() {
    let named = |name: &str| Destination::named(name.to_owned().try_into().expect("a name"));
    let rows: [(_, Option<&[u8]>, _); 4] = [
        (named("example.com"), Some(b"example.com"), Some("example.com")),
        (named("192.0.2.1"), None, Some("192.0.2.1")),
        (named("2001:db8::1"), None, Some("2001:db8::1")),
        (Destination::default(), None, None),
    ];
    for (destination, sent, verified) in rows {
        let setup = || Setup { destination: destination.clone(), ..Setup::default() };
        let hellos = bodies(setup(), Kind::ClientHello);
        let hello = ClientHello::parse(&hellos[0], &Limits::default()).expect("our own");
        assert_eq!(hello.extensions.server_name, sent);

        let answers = bodies(setup(), Kind::EncryptedExtensions);
        assert_eq!(encrypted_extensions(&answers[0]).server_name, sent.is_some());

        connect_with(setup(), |_, question| {
            match &question {
                Decision::SelectCredential(question) => assert_eq!(question.server_name(), sent),
                Decision::VerifyCertificate(question) => {
                    assert_eq!(
                        question.server_name().map(|name| name.to_str().into_owned()).as_deref(),
                        verified
                    );
                }
                _ => {}
            }
            by_default(question)
        });
    }
}

#[test]
fn a_server_announces_its_groups_only_when_told_to() {
    let groups: Vec<NamedGroup> = Setup::default().server.groups.list().iter().collect();
    for (announce_groups, expected) in [(false, None), (true, Some(groups))] {
        let mut setup = Setup::default();
        setup.server.announce_groups = announce_groups;
        let answers = bodies(setup, Kind::EncryptedExtensions);
        let announced = encrypted_extensions(&answers[0]).supported_groups;
        assert_eq!(announced.map(|groups| groups.iter().collect::<Vec<_>>()), expected);
    }
}

#[test]
fn a_server_that_does_not_go_by_the_name_need_not_acknowledge_it() {
    for acknowledge_server_name in [true, false] {
        let mut setup = Setup::default();
        let name = ServerName::try_from("a.example").expect("a name");
        setup.destination = Destination::named(name);
        setup.server.acknowledge_server_name = acknowledge_server_name;
        let answers = bodies(setup, Kind::EncryptedExtensions);
        let acknowledged = encrypted_extensions(&answers[0]).server_name;
        assert_eq!(acknowledged, acknowledge_server_name);
    }
}

#[test]
fn a_client_ignores_the_answer_to_a_record_size_limit_that_it_offered_raw() {
    let limit = |bytes: [u8; 2]| Item::Raw(ExtensionType::RECORD_SIZE_LIMIT, bytes.to_vec());
    let mut setup = Setup::default();
    setup.client.client_hello_layout = Layout(vec![limit([0x40, 0x01])]);
    setup.server.encrypted_extensions_layout = Layout(vec![limit([0, 64])]);
    connect_with(setup, |_, question| by_default(question));
}

/// Parsed as if all had been offered.
fn encrypted_extensions(body: &[u8]) -> EncryptedExtensions<'_> {
    let offered = ExtensionSet::of(EXTENSIONS.iter().map(|row| row.extension_type));
    let context = ParseContext { offered, ..ParseContext::default() };
    EncryptedExtensions::parse(body, &context).expect("our own")
}
