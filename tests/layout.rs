//! The order of a message's extensions, what a layout adds to them, and how long padding gets.

use countersign::codec::Vector;
use countersign::failure::Cause;
use countersign::limits::Limits;
use countersign::message::{
    self, ClientHello, ClientHelloExtensions, EXTENSIONS, EncryptedExtensions, ExtensionSet,
    HEADER_BYTES, Item, Layout, OfferedPsks, PskBinder, PskIdentity,
};
use countersign::registry::{
    CipherSuite, ExtensionType as Type, HandshakeType, NamedGroup, ProtocolVersion,
};

/// A ClientHello with these extensions, in this layout: its bytes, and the set that was written.
fn encode(
    extensions: ClientHelloExtensions<'_>,
    layout: &Layout,
) -> Result<(Vec<u8>, ExtensionSet), Cause> {
    let cipher_suites = Vector::from_iter([CipherSuite::TLS_AES_128_GCM_SHA256]);
    let hello = ClientHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &[9; 32],
        legacy_session_id: &[],
        cipher_suites: cipher_suites.list(),
        legacy_compression_methods: &[0],
        extensions,
    };
    let mut written = ExtensionSet::empty();
    // Something else stands in the buffer already, and must not count.
    let mut out = vec![0xff; 7];
    message::encode(HandshakeType::CLIENT_HELLO, &mut out, |writer| {
        written = hello.encode(writer, layout, 7);
    })?;
    Ok((out.split_off(7), written))
}

/// The types and bodies of the extensions in an encoded ClientHello.
fn sent(encoded: &[u8]) -> Vec<(Type, Vec<u8>)> {
    let hello = ClientHello::parse(&encoded[HEADER_BYTES..], &Limits::default()).unwrap();
    let received = hello.extensions.received;
    received.iter().map(|found| (found.extension_type, found.extension_data.to_vec())).collect()
}

fn types(encoded: &[u8]) -> Vec<Type> {
    sent(encoded).into_iter().map(|(extension_type, _)| extension_type).collect()
}

/// Runs `test` with extensions that hold a name, groups and a PSK.
fn with_extensions(test: impl Fn(ClientHelloExtensions<'_>)) {
    let groups = Vector::from_iter([NamedGroup::X25519]);
    let (mut identities, mut binders) = (Vector::new(), Vector::new());
    assert!(identities.push(&PskIdentity { identity: b"psk", obfuscated_ticket_age: 0 }));
    assert!(binders.push(&PskBinder(&[0; 32])));
    let psks =
        OfferedPsks { identities: identities.list(), binders: binders.list(), binders_bytes: 35 };
    test(ClientHelloExtensions {
        server_name: Some(b"example.org"),
        supported_groups: Some(groups.list()),
        pre_shared_key: Some(psks),
        post_handshake_auth: true,
        ..ClientHelloExtensions::default()
    });
}

#[test]
fn layout_orders_what_it_lists_and_loses_nothing() {
    let layout = Layout(vec![
        Item::Extension(Type::PRE_SHARED_KEY),
        Item::Extension(Type::SUPPORTED_GROUPS),
        Item::Extension(Type::COOKIE),
        Item::Extension(Type::SUPPORTED_GROUPS),
    ]);
    with_extensions(|extensions| {
        let (encoded, written) = encode(extensions, &layout).unwrap();
        let expected = [
            Type::SUPPORTED_GROUPS,
            Type::SERVER_NAME,
            Type::POST_HANDSHAKE_AUTH,
            Type::PRE_SHARED_KEY,
        ];
        assert_eq!(types(&encoded), expected);
        assert_eq!(written, ExtensionSet::of(expected));
    });
}

#[test]
fn raw_extension_replaces_the_generated_one_and_counts_as_offered() {
    let name = b"\0\x04\0\0\x01x".to_vec();
    let layout = Layout(vec![
        Item::Extension(Type::SERVER_NAME),
        Item::Raw(Type(0x0a0a), b"unknown".to_vec()),
        Item::Raw(Type::SERVER_NAME, name.clone()),
        Item::Raw(Type::MAX_FRAGMENT_LENGTH, vec![1]),
    ]);
    with_extensions(|extensions| {
        let (encoded, written) = encode(extensions, &layout).unwrap();
        let first = [
            (Type(0x0a0a), b"unknown".to_vec()),
            (Type::SERVER_NAME, name.clone()),
            (Type::MAX_FRAGMENT_LENGTH, vec![1]),
        ];
        assert_eq!(sent(&encoded)[..3], first);
        assert_eq!(types(&encoded).iter().filter(|&&t| t == Type::SERVER_NAME).count(), 1);
        assert_eq!(written, ExtensionSet::of(types(&encoded)));
        assert!(written.contains(Type::MAX_FRAGMENT_LENGTH));
    });
}

#[test]
fn raw_extension_is_written_as_often_as_it_is_listed() {
    let layout = Layout(vec![
        Item::Raw(Type::SERVER_NAME, vec![]),
        Item::Raw(Type(0x0a0a), b"?".to_vec()),
        Item::Raw(Type::SERVER_NAME, vec![]),
    ]);
    let mut out = Vec::new();
    let answers = EncryptedExtensions { server_name: true, ..EncryptedExtensions::default() };
    message::encode(HandshakeType::ENCRYPTED_EXTENSIONS, &mut out, |writer| {
        let written = answers.encode(writer, &layout, 0);
        assert_eq!(written, ExtensionSet::of([Type::SERVER_NAME]));
    })
    .unwrap();
    assert_eq!(out[HEADER_BYTES + 2..], b"\0\0\0\0\x0a\x0a\0\x01?\0\0\0\0"[..]);
}

#[test]
fn raw_pre_shared_key_goes_last_too() {
    let raw = [b"\0\x07\0\x01p\0\0\0\0\0\x21\x20".as_slice(), &[7; 32]].concat();
    let layout = Layout(vec![Item::Raw(Type::PRE_SHARED_KEY, raw.clone())]);
    with_extensions(|extensions| {
        let (encoded, written) = encode(extensions, &layout).unwrap();
        assert_eq!(sent(&encoded).last(), Some(&(Type::PRE_SHARED_KEY, raw.clone())));
        assert_eq!(types(&encoded).iter().filter(|&&t| t == Type::PRE_SHARED_KEY).count(), 1);
        assert!(written.contains(Type::PRE_SHARED_KEY));
    });
}

#[test]
fn padding_fills_the_message_to_its_length_wherever_it_stands() {
    with_extensions(|extensions| {
        let (plain, written) = encode(extensions, &Layout::client_hello()).unwrap();
        assert!(!written.contains(Type::PADDING));
        for target in 0..plain.len() + 300 {
            let Layout(mut items) = Layout::client_hello();
            items.insert(target % 12, Item::Pad(0..target));
            let (padded, written) = encode(extensions, &Layout(items)).unwrap();
            let missing = target.saturating_sub(plain.len());
            let expected = if missing == 0 { plain.len() } else { plain.len() + missing.max(4) };
            assert_eq!(padded.len(), expected, "padded to {target}");
            assert_eq!(written.contains(Type::PADDING), missing > 0);
            let padding = sent(&padded).into_iter().find(|(t, _)| *t == Type::PADDING);
            assert!(padding.is_none_or(|(_, data)| data.iter().all(|&byte| byte == 0)));
            assert_eq!(types(&padded).last(), Some(&Type::PRE_SHARED_KEY));
        }
    });
}

#[test]
fn padding_spares_messages_of_other_lengths() {
    with_extensions(|extensions| {
        let (plain, _) = encode(extensions, &Layout::client_hello()).unwrap();
        let length = plain.len();
        for (lengths, expected) in [
            (length + 1..512, length),
            (0..length, length),
            (length..512, 512),
            (length..length + 10, length + 10),
        ] {
            let (padded, _) = encode(extensions, &Layout(vec![Item::Pad(lengths)])).unwrap();
            assert_eq!(padded.len(), expected);
        }
    });
}

#[test]
fn padding_stands_once_and_yields_to_a_raw_one() {
    with_extensions(|extensions| {
        let twice = Layout(vec![Item::Pad(0..300), Item::Pad(0..400)]);
        let (padded, _) = encode(extensions, &twice).unwrap();
        assert_eq!(padded.len(), 400);
        assert_eq!(types(&padded).iter().filter(|&&t| t == Type::PADDING).count(), 1);
        let raw = Layout(vec![Item::Pad(0..300), Item::Raw(Type::PADDING, vec![0; 5])]);
        let (padded, written) = encode(extensions, &raw).unwrap();
        assert!(written.contains(Type::PADDING));
        assert_eq!(types(&padded).iter().filter(|&&t| t == Type::PADDING).count(), 1);
    });
}

#[test]
fn padding_that_no_message_can_hold_is_unencodable() {
    for target in [1 << 17, usize::MAX] {
        let result = encode(ClientHelloExtensions::default(), &Layout(vec![Item::Pad(0..target)]));
        assert_eq!(result, Err(Cause::Unencodable));
    }
}

#[test]
fn default_layouts_list_nothing_twice() {
    let layouts =
        [Layout::client_hello(), Layout::encrypted_extensions(), Layout::certificate_request()];
    for Layout(items) in layouts {
        for (index, item) in items.iter().enumerate() {
            assert!(!items[..index].contains(item), "{item:?}");
            let known = EXTENSIONS.iter().map(|row| Item::Extension(row.extension_type));
            assert!(known.into_iter().any(|row| row == *item), "{item:?}");
        }
    }
}
