//! What a server says in EncryptedExtensions, and what a client makes of it.

use countersign::epoch::Epoch;
use countersign::message::{
    EncryptedExtensions, ExtensionSet, HEADER_BYTES, Item, Layout, ParseContext,
};
use countersign::registry::{ExtensionType, NamedGroup};
use countersign_testing::Setup;

/// The groups that the server of `setup` announces to a client it gets along with.
fn announced(setup: Setup) -> Option<Vec<NamedGroup>> {
    let mut pair = setup.pair();
    let mut flight = Vec::new();
    pair.run(|sent| {
        if sent.epoch == Epoch::Handshake && flight.is_empty() {
            flight.clone_from(&sent.bytes);
        }
    });
    assert!(pair.agrees(), "{pair:?}");
    let length = usize::from(u16::from_be_bytes([flight[2], flight[3]]));
    let offered = ExtensionSet::of([ExtensionType::SERVER_NAME, ExtensionType::SUPPORTED_GROUPS]);
    let context = ParseContext { offered, ..ParseContext::default() };
    let extensions = EncryptedExtensions::parse(&flight[HEADER_BYTES..][..length], &context);
    let groups = extensions.expect("EncryptedExtensions").supported_groups;
    groups.map(|groups| groups.iter().collect())
}

#[test]
fn server_announces_its_groups_only_when_told_to() {
    assert_eq!(announced(Setup::default()), None);
    let mut setup = Setup::default();
    setup.server.announce_groups = true;
    let groups = setup.server.groups.list().iter().collect();
    assert_eq!(announced(setup), Some(groups));
}

#[test]
fn client_ignores_the_answer_to_a_record_size_limit_offered_raw() {
    let limit =
        |bytes: u16| Item::Raw(ExtensionType::RECORD_SIZE_LIMIT, bytes.to_be_bytes().into());
    let mut setup = Setup::default();
    setup.client.client_hello_layout = Layout(vec![limit(0x4001)]);
    setup.server.encrypted_extensions_layout = Layout(vec![limit(64)]);
    let mut pair = setup.pair();
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
}
