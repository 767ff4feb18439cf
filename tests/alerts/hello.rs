//! Faults of the hellos and their extensions.

use countersign::codec::{Vector, Writer};
use countersign::message::{self, Item};
use countersign::registry::{
    CipherSuite, ExtensionType, NamedGroup, ProtocolVersion, PskKeyExchangeMode, SignatureScheme,
};
use countersign_testing::Setup;

use crate::case::Attack::{Next, Nothing};
use crate::case::{cases, mutual, raw_public_keys, stateless, with_retry};
use crate::edit::{
    add_to_client_hello, append, client_hello, flip_last_bit, list, message, offered_psks, retry,
    server_hello, share, without_extensions,
};

cases! {
    // Every message
    Server WaitClientHello: Malformed 50 Initial, Next(|m| append(m, &[0]));
    Client WaitServerHello: Malformed 50 Initial, Next(|m| append(m, &[0]));
    Server WaitClientHello: MessageOutOfOrder 10 Initial, Next(|m| *m = message(20, &[0; 32]));
    Client WaitServerHello: MessageOutOfOrder 10 Initial, Next(|m| *m = message(8, &[0, 0]));
    Client WaitSecondServerHello: MessageOutOfOrder 10 Initial, Next(|m| *m = another_retry()),
        with with_retry;
    Server WaitClientHello: UnknownMessageType 10 Initial, Next(|m| *m = message(99, &[]));
    Client WaitServerHello: UnknownMessageType 10 Initial, Next(|m| *m = message(254, &[0; 32]));
    Server WaitClientHello: MessageTooLong 47 Initial, Next(|m| *m = vec![1, 0, 0x40, 1]);

    // Every hello
    Server WaitClientHello: LegacyVersionUnexpected 70 Initial,
        Next(|m| client_hello(m, |hello, _| hello.legacy_version = ProtocolVersion(0x0304)));
    Client WaitServerHello: LegacyVersionUnexpected 70 Initial,
        Next(|m| server_hello(m, |hello| hello.legacy_version = ProtocolVersion(0x0301)));
    Server WaitClientHello: LegacyCompressionUnexpected 47 Initial,
        Next(|m| client_hello(m, |hello, _| hello.legacy_compression_methods = &[1, 0]));
    Client WaitServerHello: LegacyCompressionUnexpected 47 Initial,
        Next(|m| server_hello(m, |hello| hello.legacy_compression_method = 1));

    // Extensions
    Server WaitClientHello: ExtensionNotAllowedHere 47 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::OID_FILTERS, &[]));
    Client WaitServerHello: ExtensionNotOffered 110 Initial,
        Next(|m| server_hello(m, |hello| hello.extensions.pre_shared_key = Some(0)));
    Server WaitClientHello: ExtensionRepeated 47 Initial, Next(|m| add_unknown(m, 7, 2));
    Server WaitClientHello: TooManyExtensions 47 Initial, Next(add_129_unknown);
    Server WaitClientHello: ExtensionAfterPreSharedKey 47 Initial, Next(add_behind_psks);
    Server WaitClientHello: RecordSizeLimitTooSmall 47 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::RECORD_SIZE_LIMIT, &[0, 63]));

    // Types of certificate
    Server WaitClientHello: NoCommonCertificateType 43 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::SERVER_CERTIFICATE_TYPE, &[1, 2]));
    Server WaitClientHello: NoCommonCertificateType 43 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::CLIENT_CERTIFICATE_TYPE, &[2, 2, 1])),
        with mutual;
    Server WaitClientHello: NoCommonCertificateType 43 Initial, Nothing,
        with |setup| setup.server.server_certificate_types = raw_public_keys();
    Server WaitClientHello: CertificateTypesRedundant 47 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::SERVER_CERTIFICATE_TYPE, &[1, 0]));
    Server WaitClientHello: CertificateTypesRedundant 47 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::CLIENT_CERTIFICATE_TYPE, &[2, 0, 0]));
    Server WaitClientHello: Malformed 50 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::SERVER_CERTIFICATE_TYPE, &[0]));
    Server WaitClientHello: Malformed 50 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::CLIENT_CERTIFICATE_TYPE, &[0]));

    // ClientHello
    Server WaitClientHello: VersionNotOffered 70 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.supported_versions = None));
    Server WaitClientHello: VersionNotOffered 70 Initial, Next(offer_only_tls12);
    Server WaitClientHello: SignatureAlgorithmsMissing 109 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.signature_algorithms = None));
    Server WaitClientHello: SupportedGroupsMissing 109 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.supported_groups = None));
    Server WaitClientHello: KeyShareMissing 109 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.key_share = None));
    Server WaitClientHello: PskKeyExchangeModesMissing 109 Initial, Next(offer_psk_without_modes);
    Server WaitClientHello: TransportParametersForbidden 110 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::QUIC_TRANSPORT_PARAMETERS, &[]));
    Server WaitClientHello: NoCommonCipherSuite 40 Initial, Nothing, with |setup| {
        setup.client.cipher_suites = [CipherSuite::TLS_AES_128_GCM_SHA256].into_iter().collect();
        setup.server.cipher_suites = [CipherSuite::TLS_AES_256_GCM_SHA384].into_iter().collect();
    };
    Server WaitClientHello: NoCommonGroup 40 Initial, Nothing, with |setup| {
        setup.client.groups = [NamedGroup::X25519].into_iter().collect();
        setup.server.groups = [NamedGroup::SECP384R1].into_iter().collect();
    };
    Server WaitClientHello: KeyShareRepeated 47 Initial,
        Next(|m| share(m, &[(NamedGroup::X25519, &[9; 32]), (NamedGroup::X25519, &[9; 32])]));
    Server WaitClientHello: KeyShareNotListed 47 Initial,
        Next(|m| share(m, &[(NamedGroup::X448, &[9; 56])]));
    // Too short, and a point of small order.
    Server WaitClientHello: KeyShareInvalid 47 Initial,
        Next(|m| share(m, &[(NamedGroup::X25519, &[9; 31])])), then SelectCredential;
    Server WaitClientHello: KeyShareInvalid 47 Initial,
        Next(|m| share(m, &[(NamedGroup::X25519, &[0; 32])])), then SelectCredential;
    Server WaitClientHello: BinderCountDiffers 47 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::PRE_SHARED_KEY, &offered_psks(2, 1)));
    Server WaitClientHello: SignatureAlgorithmsMissing 109 Initial, Next(offer_nothing_but_psks),
        with |setup| setup.server.psk_key_exchange_modes = Vector::new();
    // Either is sent with the other, also by who may do without both.
    Server WaitClientHello: SupportedGroupsMissing 109 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.supported_groups = None)),
        with without_key_exchange;
    Server WaitClientHello: KeyShareMissing 109 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.key_share = None)),
        with without_key_exchange;
    Server WaitClientHello: BinderMismatch 51 Initial, Next(|m| flip_last_bit(m)),
        with |setup| *setup = Setup::sharing_a_key(false), then SelectCredential;

    // Second ClientHello
    Server WaitSecondClientHello: SecondHelloChanged 47 Initial, Next(offer_other_schemes),
        with with_retry;
    Server WaitSecondClientHello: SecondHelloKeyShare 47 Initial, Next(|m| share(m, &[])),
        with with_retry;
    Server WaitSecondClientHello: SecondHelloKeyShare 47 Initial,
        Next(|m| share(m, &[(NamedGroup::X25519, &[9; 32]), (NamedGroup::SECP256R1, &[4; 65])])),
        with with_retry;
    Server WaitSecondClientHello: SecondHelloEarlyData 47 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.early_data = true)),
        with with_retry;
    Server WaitClientHello: CookieRefused 47 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.cookie = Some(b"made up"))),
        with stateless, then OpenCookie;
    Server WaitSecondClientHello: CookieMismatch 47 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.cookie = Some(b"another"))),
        with |setup| setup.server.cookie_bytes = 16;
    Server WaitSecondClientHello: CookieMismatch 47 Initial,
        Next(|m| client_hello(m, |hello, _| hello.extensions.cookie = Some(b"unasked"))),
        with with_retry;

    // ServerHello and HelloRetryRequest
    Client WaitServerHello: SupportedVersionsMissing 70 Initial,
        Next(|m| without_extensions(m, &[]));
    Client WaitServerHello: DowngradeDetected 47 Initial,
        Next(|m| without_extensions(m, b"DOWNGRD\x01"));
    Client WaitServerHello: RetryVersionMissing 109 Initial, Next(|m| without_extensions(m, &[])),
        with with_retry;
    Client WaitServerHello: VersionNotSelectable 47 Initial, Next(|m| {
        server_hello(m, |hello| hello.extensions.selected_version = ProtocolVersion::TLS12);
    });
    Client WaitServerHello: SessionIdNotEchoed 47 Initial,
        Next(|m| server_hello(m, |hello| hello.legacy_session_id_echo = &[7; 32]));
    Client WaitServerHello: CipherSuiteNotOffered 47 Initial,
        Next(|m| server_hello(m, |hello| hello.cipher_suite = CipherSuite(0x1304)));
    Client WaitSecondServerHello: VersionChanged 47 Initial, Next(|m| without_extensions(m, &[])),
        with with_retry;
    Client WaitSecondServerHello: DowngradeDetected 47 Initial,
        Next(|m| without_extensions(m, b"DOWNGRD\x01")), with with_retry;
    Client WaitSecondServerHello: VersionNotSelectable 47 Initial, Next(|m| {
        server_hello(m, |hello| hello.extensions.selected_version = ProtocolVersion::TLS12);
    }), with with_retry;
    Client WaitSecondServerHello: CipherSuiteChanged 47 Initial,
        Next(|m| {
            server_hello(m, |hello| hello.cipher_suite = CipherSuite::TLS_AES_256_GCM_SHA384);
        }),
        with with_retry;
    Client WaitServerHello: ServerKeyShareMissing 109 Initial,
        Next(|m| server_hello(m, |hello| hello.extensions.key_share = None));
    Client WaitServerHello: GroupNotOffered 47 Initial, Next(answer_in_another_group);
    Client WaitServerHello: GroupNotOffered 47 Initial,
        Next(|m| retry(m, |retry| retry.extensions.selected_group = Some(NamedGroup::X448))),
        with with_retry;
    Client WaitServerHello: RetryWithoutChange 47 Initial,
        Next(|m| retry(m, |retry| retry.extensions.selected_group = None)), with with_retry;
    Client WaitServerHello: PskNotOffered 47 Initial,
        Next(|m| server_hello(m, |hello| hello.extensions.pre_shared_key = Some(0))),
        with |setup| {
            let psks = Item::Raw(ExtensionType::PRE_SHARED_KEY, offered_psks(1, 1));
            setup.client.client_hello_layout.0.push(psks);
        };
    Client WaitServerHello: PskNotOffered 47 Initial,
        Next(|m| server_hello(m, |hello| hello.extensions.pre_shared_key = Some(1))),
        with |setup| *setup = Setup::sharing_a_key(false);
    Client WaitServerHello: PskModeNotOffered 47 Initial,
        Next(|m| server_hello(m, |hello| hello.extensions.key_share = None)),
        with |setup| *setup = Setup::sharing_a_key(false);
}

/// A HelloRetryRequest that a client could follow, if it were the first.
fn another_retry() -> Vec<u8> {
    let request = message::HelloRetryRequest {
        legacy_version: ProtocolVersion::TLS12,
        legacy_session_id_echo: &[],
        cipher_suite: CipherSuite::TLS_AES_128_GCM_SHA256,
        legacy_compression_method: 0,
        extensions: message::HelloRetryRequestExtensions {
            selected_version: ProtocolVersion::TLS13,
            cookie: Some(b"again"),
            selected_group: None,
        },
    };
    let mut body = Vec::new();
    request.encode(&mut Writer::new(&mut body));
    message(2, &body)
}

/// Adds an extension that nobody knows so many times.
fn add_unknown(bytes: &mut Vec<u8>, code: u16, times: usize) {
    let unknown = Item::Raw(ExtensionType(0xff00 | code), Vec::new());
    client_hello(bytes, |_, items| items.extend(vec![unknown; times]));
}

fn add_129_unknown(bytes: &mut Vec<u8>) {
    let unknown = (0..129).map(|code| Item::Raw(ExtensionType(0xff00 | code), Vec::new()));
    client_hello(bytes, |_, items| items.extend(unknown));
}

/// Adds PSKs, and an empty extension behind them, at the very end.
fn add_behind_psks(bytes: &mut Vec<u8>) {
    add_to_client_hello(bytes, ExtensionType::PRE_SHARED_KEY, &offered_psks(1, 1));
    let mut block_bytes = 0;
    client_hello(&mut bytes.clone(), |hello, _| {
        block_bytes = hello.extensions.received.as_bytes().len();
    });
    let at = bytes.len() - block_bytes - 2;
    let length = u16::try_from(block_bytes + 4).expect("a short block");
    bytes[at..at + 2].copy_from_slice(&length.to_be_bytes());
    append(bytes, &[0xff, 0, 0, 0]);
}

fn offer_only_tls12(bytes: &mut Vec<u8>) {
    client_hello(bytes, |hello, _| {
        hello.extensions.supported_versions = Some(list([ProtocolVersion::TLS12]));
    });
}

fn offer_other_schemes(bytes: &mut Vec<u8>) {
    client_hello(bytes, |hello, _| {
        hello.extensions.signature_algorithms = Some(list([SignatureScheme::ED25519]));
    });
}

fn offer_psk_without_modes(bytes: &mut Vec<u8>) {
    client_hello(bytes, |hello, items| {
        hello.extensions.psk_key_exchange_modes = None;
        items.push(Item::Raw(ExtensionType::PRE_SHARED_KEY, offered_psks(1, 1)));
    });
}

fn without_key_exchange(setup: &mut Setup) {
    *setup = Setup::sharing_a_key(false);
    for modes in
        [&mut setup.client.psk_key_exchange_modes, &mut setup.server.psk_key_exchange_modes]
    {
        *modes = [PskKeyExchangeMode::PSK_KE].into_iter().collect();
    }
}

fn offer_nothing_but_psks(bytes: &mut Vec<u8>) {
    client_hello(bytes, |hello, items| {
        hello.extensions.signature_algorithms = None;
        items.push(Item::Raw(ExtensionType::PRE_SHARED_KEY, offered_psks(1, 1)));
    });
}

fn answer_in_another_group(bytes: &mut Vec<u8>) {
    server_hello(bytes, |hello| {
        let share = message::KeyShareEntry { group: NamedGroup::SECP256R1, key_exchange: &[4; 65] };
        hello.extensions.key_share = Some(share);
    });
}
