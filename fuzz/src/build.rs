//! Messages as a script describes them, written by the library's own encoders.

use countersign::codec::{Encode, Vector};
use countersign::message::{
    Certificate, CertificateEntry, CertificateRequest, CertificateVerify, ClientHello,
    ClientHelloExtensions, EncryptedExtensions, EndOfEarlyData, Finished, HelloRetryRequest,
    HelloRetryRequestExtensions, Item, KeyShareEntry, KeyUpdate, Kind, Layout, Message,
    NewSessionTicket, ProtocolName, ServerHello, ServerHelloExtensions, encode,
};
use countersign::registry::{
    CipherSuite, ExtensionType, KeyUpdateRequest, NamedGroup, ProtocolVersion, PskKeyExchangeMode,
    SignatureScheme,
};

use crate::script::Script;

const SUITES: &[CipherSuite] = &[
    CipherSuite::TLS_AES_128_GCM_SHA256,
    CipherSuite::TLS_AES_256_GCM_SHA384,
    CipherSuite(0x1304),
];
const GROUPS: &[NamedGroup] =
    &[NamedGroup::X25519, NamedGroup::SECP256R1, NamedGroup::SECP384R1, NamedGroup(0x0a0a)];
const SCHEMES: &[SignatureScheme] = &[
    SignatureScheme::ED25519,
    SignatureScheme::ECDSA_SECP256R1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA256,
];
const VERSIONS: &[ProtocolVersion] =
    &[ProtocolVersion::TLS13, ProtocolVersion::TLS12, ProtocolVersion(0x0301)];
const EXTENSIONS: &[u16] = &[0, 10, 13, 16, 21, 41, 42, 43, 44, 45, 47, 49, 51, 57, 0x0a0a];

/// Writes a message, header included; one that does not fit its lengths comes out empty.
pub(crate) fn message(script: &mut Script<'_>) -> Vec<u8> {
    let layout = layout(script);
    match script.choose(Kind::ALL) {
        Kind::ClientHello => client_hello(script, &layout),
        Kind::ServerHello => server_hello(script, &layout),
        Kind::HelloRetryRequest => hello_retry_request(script, &layout),
        Kind::NewSessionTicket => new_session_ticket(script, &layout),
        Kind::EndOfEarlyData => encoded(&Message::EndOfEarlyData(EndOfEarlyData), &layout),
        Kind::EncryptedExtensions => encrypted_extensions(script, &layout),
        Kind::CertificateRequest => certificate_request(script, &layout),
        Kind::Certificate => certificate(script, &layout),
        Kind::CertificateVerify => {
            let algorithm = script.choose(SCHEMES);
            let proof = CertificateVerify { algorithm, signature: script.bytes() };
            encoded(&Message::CertificateVerify(proof), &layout)
        }
        Kind::Finished => {
            encoded(&Message::Finished(Finished { verify_data: script.bytes() }), &layout)
        }
        Kind::KeyUpdate => {
            let request_update = KeyUpdateRequest(script.byte() % 3);
            encoded(&Message::KeyUpdate(KeyUpdate { request_update }), &layout)
        }
    }
}

/// Writes `message` under its header.
pub(crate) fn encoded(message: &Message<'_>, layout: &Layout) -> Vec<u8> {
    let mut out = Vec::new();
    let kind = kind(message);
    let _empty_if_too_long = encode(kind.handshake_type(), &mut out, |writer| match message {
        Message::ClientHello(message) => drop(message.encode(writer, layout, 0)),
        Message::ServerHello(message) => message.encode(writer),
        Message::HelloRetryRequest(message) => message.encode(writer),
        Message::NewSessionTicket(message) => drop(message.encode(writer, layout, 0)),
        Message::EndOfEarlyData(message) => message.encode(writer),
        Message::EncryptedExtensions(message) => drop(message.encode(writer, layout, 0)),
        Message::CertificateRequest(message) => drop(message.encode(writer, layout, 0)),
        Message::Certificate(message) => message.encode(writer),
        Message::CertificateVerify(message) => message.encode(writer),
        Message::Finished(message) => message.encode(writer),
        Message::KeyUpdate(message) => message.encode(writer),
    });
    out
}

const fn kind(message: &Message<'_>) -> Kind {
    match message {
        Message::ClientHello(_) => Kind::ClientHello,
        Message::ServerHello(_) => Kind::ServerHello,
        Message::HelloRetryRequest(_) => Kind::HelloRetryRequest,
        Message::NewSessionTicket(_) => Kind::NewSessionTicket,
        Message::EndOfEarlyData(_) => Kind::EndOfEarlyData,
        Message::EncryptedExtensions(_) => Kind::EncryptedExtensions,
        Message::CertificateRequest(_) => Kind::CertificateRequest,
        Message::Certificate(_) => Kind::Certificate,
        Message::CertificateVerify(_) => Kind::CertificateVerify,
        Message::Finished(_) => Kind::Finished,
        Message::KeyUpdate(_) => Kind::KeyUpdate,
    }
}

fn layout(script: &mut Script<'_>) -> Layout {
    let raw = (0..script.byte() % 3)
        .map(|_| Item::Raw(ExtensionType(script.choose(EXTENSIONS)), script.bytes().to_vec()));
    Layout(raw.collect())
}

fn list<T: Copy + Encode>(script: &mut Script<'_>, choices: &[T]) -> Vector<T> {
    (0..script.byte() % 4).map(|_| script.choose(choices)).collect()
}

fn random(script: &mut Script<'_>) -> [u8; 32] {
    [script.byte(); 32]
}

fn client_hello(script: &mut Script<'_>, layout: &Layout) -> Vec<u8> {
    let (suites, groups, schemes) =
        (list(script, SUITES), list(script, GROUPS), list(script, SCHEMES));
    let versions = list(script, VERSIONS);
    let modes = list(script, &[PskKeyExchangeMode::PSK_DHE_KE, PskKeyExchangeMode::PSK_KE]);
    let shares: Vector<KeyShareEntry<'_>> = (0..script.byte() % 3)
        .map(|_| KeyShareEntry { group: script.choose(GROUPS), key_exchange: script.bytes() })
        .collect();
    let protocols: Vector<ProtocolName<'_>> =
        (0..script.byte() % 3).map(|_| ProtocolName(script.bytes())).collect();
    let random = random(script);
    let present = script.number();
    let has = |bit: u16| present >> bit & 1 == 0;
    let extensions = ClientHelloExtensions {
        server_name: has(0).then(|| script.bytes()),
        status_request: has(1),
        supported_groups: has(2).then(|| groups.list()),
        signature_algorithms: has(3).then(|| schemes.list()),
        supported_versions: has(4).then(|| versions.list()),
        key_share: has(5).then(|| shares.list()),
        application_layer_protocols: has(6).then(|| protocols.list()),
        psk_key_exchange_modes: has(7).then(|| modes.list()),
        cookie: (!has(8)).then(|| script.bytes()),
        early_data: !has(9),
        post_handshake_auth: !has(10),
        quic_transport_parameters: (!has(11)).then(|| script.bytes()),
        record_size_limit: (!has(12)).then(|| script.number()),
        ..ClientHelloExtensions::default()
    };
    let hello = ClientHello {
        legacy_version: script.choose(&[ProtocolVersion::TLS12, ProtocolVersion(0x0301)]),
        random: &random,
        legacy_session_id: script.bytes(),
        cipher_suites: suites.list(),
        legacy_compression_methods: if script.flag() { &[1, 0] } else { &[0] },
        extensions,
    };
    encoded(&Message::ClientHello(hello), layout)
}

fn server_hello(script: &mut Script<'_>, layout: &Layout) -> Vec<u8> {
    let random = random(script);
    let share = KeyShareEntry { group: script.choose(GROUPS), key_exchange: script.bytes() };
    let hello = ServerHello {
        legacy_version: script.choose(&[ProtocolVersion::TLS12, ProtocolVersion::TLS13]),
        random: &random,
        legacy_session_id_echo: script.bytes(),
        cipher_suite: script.choose(SUITES),
        legacy_compression_method: script.byte() & 1,
        extensions: ServerHelloExtensions {
            selected_version: script.choose(VERSIONS),
            key_share: (!script.flag()).then_some(share),
            pre_shared_key: script.flag().then_some(0),
        },
    };
    encoded(&Message::ServerHello(hello), layout)
}

fn hello_retry_request(script: &mut Script<'_>, layout: &Layout) -> Vec<u8> {
    let request = HelloRetryRequest {
        legacy_version: script.choose(&[ProtocolVersion::TLS12, ProtocolVersion::TLS13]),
        legacy_session_id_echo: script.bytes(),
        cipher_suite: script.choose(SUITES),
        legacy_compression_method: script.byte() & 1,
        extensions: HelloRetryRequestExtensions {
            selected_version: script.choose(VERSIONS),
            cookie: script.flag().then(|| script.bytes()),
            selected_group: script.flag().then(|| script.choose(GROUPS)),
        },
    };
    encoded(&Message::HelloRetryRequest(request), layout)
}

fn encrypted_extensions(script: &mut Script<'_>, layout: &Layout) -> Vec<u8> {
    let groups = list(script, GROUPS);
    let extensions = EncryptedExtensions {
        server_name: script.flag(),
        supported_groups: script.flag().then(|| groups.list()),
        application_layer_protocol: script.flag().then(|| script.bytes()),
        early_data: script.flag(),
        quic_transport_parameters: script.flag().then(|| script.bytes()),
        record_size_limit: script.flag().then(|| script.number()),
        ..EncryptedExtensions::default()
    };
    encoded(&Message::EncryptedExtensions(extensions), layout)
}

fn certificate_request(script: &mut Script<'_>, layout: &Layout) -> Vec<u8> {
    let schemes = list(script, SCHEMES);
    let request = CertificateRequest {
        certificate_request_context: script.bytes(),
        signature_algorithms: (!script.flag()).then(|| schemes.list()),
        signature_algorithms_cert: script.flag().then(|| schemes.list()),
        certificate_authorities: None,
        status_request: script.flag(),
        signed_certificate_timestamp: script.flag(),
    };
    encoded(&Message::CertificateRequest(request), layout)
}

fn certificate(script: &mut Script<'_>, layout: &Layout) -> Vec<u8> {
    let context = script.bytes();
    let entries: Vector<CertificateEntry<'_>> = (0..script.byte() % 3)
        .map(|_| CertificateEntry {
            cert_data: if script.flag() { script.bytes() } else { crate::insecure::CERTIFICATE },
            ocsp_response: script.flag().then(|| script.bytes()),
            signed_certificate_timestamps: script.flag().then(|| script.bytes()),
        })
        .collect();
    let list = entries.list();
    let message = Certificate { certificate_request_context: context, certificate_list: list };
    encoded(&Message::Certificate(message), layout)
}

fn new_session_ticket(script: &mut Script<'_>, layout: &Layout) -> Vec<u8> {
    let ticket = NewSessionTicket {
        ticket_lifetime: u32::from(script.number()),
        ticket_age_add: 0,
        ticket_nonce: script.bytes(),
        ticket: script.bytes(),
        max_early_data_size: script.flag().then_some(1),
        resumption_across_names: false,
    };
    encoded(&Message::NewSessionTicket(ticket), layout)
}
