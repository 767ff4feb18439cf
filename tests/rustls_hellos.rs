//! Hellos exchanged with an independent implementation: we read what rustls writes, and rustls
//! reads what we write.

use std::sync::Arc;

use countersign::codec::Vector;
use countersign::message::{
    self, ClientHello, ClientHelloExtensions, ExtensionSet, HEADER_BYTES, Item, KeyShareEntry,
    Kind, Layout, Message, ParseContext, ProtocolName, ServerHello,
};
use countersign::registry::{
    CipherSuite, ExtensionType, HandshakeType, NamedGroup, ProtocolVersion, SignatureScheme,
};
use rustls::crypto::ring;
use rustls::pki_types::{PrivateKeyDer, ServerName};
use rustls::server::Acceptor;
use rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, ServerConnection};

/// The first handshake message in records: its type and its body.
fn first_message(records: &[u8]) -> (HandshakeType, Vec<u8>) {
    let length = usize::from(u16::from_be_bytes([records[3], records[4]]));
    let message = &records[5..5 + length];
    let body = usize::from(u16::from_be_bytes([message[2], message[3]]));
    (HandshakeType(message[0]), message[HEADER_BYTES..HEADER_BYTES + body].to_vec())
}

/// The ClientHello that these shares and this layout make, in a record, and what it offers.
fn our_hello(shares: &Vector<KeyShareEntry<'_>>, layout: &Layout) -> (Vec<u8>, ExtensionSet) {
    let cipher_suites = Vector::from_iter([
        CipherSuite::TLS_CHACHA20_POLY1305_SHA256,
        CipherSuite::TLS_AES_128_GCM_SHA256,
    ]);
    let groups = Vector::from_iter([NamedGroup::X25519, NamedGroup::SECP256R1]);
    let schemes = Vector::from_iter([SignatureScheme::ECDSA_SECP256R1_SHA256]);
    let versions = Vector::from_iter([ProtocolVersion::TLS13]);
    let mut protocols = Vector::new();
    assert!(protocols.push(&ProtocolName(b"h2")) && protocols.push(&ProtocolName(b"http/1.1")));
    let hello = ClientHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &[9; 32],
        legacy_session_id: &[7; 32],
        cipher_suites: cipher_suites.list(),
        legacy_compression_methods: &[0],
        extensions: ClientHelloExtensions {
            server_name: Some(b"example.org"),
            status_request: true,
            supported_groups: Some(groups.list()),
            signature_algorithms: Some(schemes.list()),
            application_layer_protocols: Some(protocols.list()),
            signed_certificate_timestamp: true,
            supported_versions: Some(versions.list()),
            key_share: Some(shares.list()),
            ..ClientHelloExtensions::default()
        },
    };
    let mut offered = ExtensionSet::empty();
    let mut message = Vec::new();
    message::encode(HandshakeType::CLIENT_HELLO, &mut message, |writer| {
        offered = hello.encode(writer, layout, 0);
    })
    .unwrap();
    let length = u16::try_from(message.len()).unwrap().to_be_bytes();
    ([&[22, 3, 1], &length[..], &message].concat(), offered)
}

/// What a rustls server answers to a record: its first message.
fn answer_of_rustls(record: &[u8]) -> (HandshakeType, Vec<u8>) {
    let certified = rcgen::generate_simple_self_signed(["example.org".into()]).unwrap();
    let key = PrivateKeyDer::try_from(certified.signing_key.serialize_der()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certified.cert.der().clone()], key)
        .unwrap();
    let mut server = ServerConnection::new(Arc::new(config)).unwrap();
    server.read_tls(&mut &record[..]).unwrap();
    server.process_new_packets().unwrap();
    let mut answer = Vec::new();
    server.write_tls(&mut answer).unwrap();
    first_message(&answer)
}

fn x25519_share() -> Vector<KeyShareEntry<'static>> {
    let mut shares = Vector::new();
    assert!(shares.push(&KeyShareEntry { group: NamedGroup::X25519, key_exchange: &[9; 32] }));
    shares
}

#[test]
fn client_hello_of_rustls_is_read() {
    let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(RootCertStore::empty())
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let name = ServerName::try_from("example.org").unwrap();
    let mut client = ClientConnection::new(Arc::new(config), name).unwrap();
    let mut records = Vec::new();
    client.write_tls(&mut records).unwrap();
    let (handshake_type, body) = first_message(&records);
    assert_eq!(Kind::of(handshake_type, &body), Ok(Kind::ClientHello));

    let context = ParseContext::default();
    let Ok(Message::ClientHello(hello)) = Message::parse(Kind::ClientHello, &body, &context) else {
        panic!("not a ClientHello");
    };
    assert!(hello.cipher_suites.contains(CipherSuite::TLS_AES_128_GCM_SHA256));
    let extensions = hello.extensions;
    assert_eq!(extensions.server_name, Some(b"example.org".as_slice()));
    let protocols = extensions.application_layer_protocols.unwrap();
    assert_eq!(protocols.first(), Some(ProtocolName(b"h2")));
    assert!(extensions.supported_versions.unwrap().contains(ProtocolVersion::TLS13));
    let groups = extensions.supported_groups.unwrap();
    assert!(extensions.key_share.unwrap().iter().all(|share| groups.contains(share.group)));
    assert!(extensions.signature_algorithms.is_some());
    assert!(extensions.status_request);
}

#[test]
fn client_hello_of_ours_is_read_by_rustls() {
    let Layout(mut items) = Layout::client_hello();
    items.insert(0, Item::Raw(ExtensionType(0x0a0a), vec![]));
    items.push(Item::Pad(0..512));
    let (record, offered) = our_hello(&x25519_share(), &Layout(items));
    assert_eq!(record.len(), 5 + 512);
    assert!(offered.contains(ExtensionType::PADDING));

    let mut acceptor = Acceptor::default();
    acceptor.read_tls(&mut &record[..]).unwrap();
    let accepted = acceptor.accept().map_err(|(error, _)| error).unwrap().expect("a whole hello");
    let hello = accepted.client_hello();
    assert_eq!(hello.server_name(), Some("example.org"));
    let protocols: Vec<_> = hello.alpn().unwrap().collect();
    assert_eq!(protocols, [b"h2".as_slice(), b"http/1.1"]);
    let suites: Vec<_> = hello.cipher_suites().iter().map(|&suite| u16::from(suite)).collect();
    assert_eq!(suites, [0x1303, 0x1301]);
    let schemes = hello.signature_schemes();
    assert_eq!(schemes, [rustls::SignatureScheme::ECDSA_NISTP256_SHA256]);
}

#[test]
fn server_hello_of_rustls_is_read() {
    let (record, offered) = our_hello(&x25519_share(), &Layout::client_hello());
    let (handshake_type, body) = answer_of_rustls(&record);
    assert_eq!(Kind::of(handshake_type, &body), Ok(Kind::ServerHello));
    let context = ParseContext { offered, ..ParseContext::default() };
    let hello = ServerHello::parse(&body, &context).unwrap();
    assert_eq!(hello.legacy_session_id_echo, [7; 32]);
    assert_eq!(hello.extensions.selected_version, ProtocolVersion::TLS13);
    let share = hello.extensions.key_share.unwrap();
    assert_eq!((share.group, share.key_exchange.len()), (NamedGroup::X25519, 32));
}

#[test]
fn hello_retry_request_of_rustls_is_read() {
    let (record, offered) = our_hello(&Vector::new(), &Layout::client_hello());
    let (handshake_type, body) = answer_of_rustls(&record);
    assert_eq!(Kind::of(handshake_type, &body), Ok(Kind::HelloRetryRequest));
    let context = ParseContext { offered, ..ParseContext::default() };
    let parsed = Message::parse(Kind::HelloRetryRequest, &body, &context);
    let Ok(Message::HelloRetryRequest(request)) = parsed else { panic!("{parsed:?}") };
    assert_eq!(request.extensions.selected_version, ProtocolVersion::TLS13);
    assert_eq!(request.extensions.selected_group, Some(NamedGroup::X25519));
}
