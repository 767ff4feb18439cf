//! What one of the two lets pass.

use countersign::epoch::Role::{Client, Server};
use countersign::registry::{ExtensionType, HandshakeType};

use super::Place::{Beginning, Message, NoMessage, UserCanceled, Warning};
use super::{Difference, row};

/// Extensions of TLS 1.2 and of drafts, which rustls parses and countersign does not know or use.
const FOREIGN: &[ExtensionType] = &[
    // ec_point_formats, extended_master_secret, session_ticket
    ExtensionType(11),
    ExtensionType(23),
    ExtensionType(35),
    ExtensionType::RENEGOTIATION_INFO,
    ExtensionType::ENCRYPTED_CLIENT_HELLO,
];

const CERTIFICATE_TYPES: &[ExtensionType] =
    &[ExtensionType::CLIENT_CERTIFICATE_TYPE, ExtensionType::SERVER_CERTIFICATE_TYPE];

const CLIENT_HELLO: &[HandshakeType] = &[HandshakeType::CLIENT_HELLO];
const SERVER_HELLO: &[HandshakeType] = &[HandshakeType::SERVER_HELLO];
const CERTIFICATE: &[HandshakeType] = &[HandshakeType::CERTIFICATE];

pub(super) const PASSED: &[Difference] = &[
    row(
        Message(&[
            HandshakeType::SERVER_HELLO,
            HandshakeType::ENCRYPTED_EXTENSIONS,
            HandshakeType::CERTIFICATE_REQUEST,
            HandshakeType::NEW_SESSION_TICKET,
        ]),
        &["ExtensionNotAllowedHere"],
        &["goes on"],
        "4.3",
        "an extension that is known and may not stand in this message ends the handshake; rustls \
         passes over those that it does not read there",
    )
    .of(Client),
    row(
        Message(CLIENT_HELLO),
        &["ExtensionNotAllowedHere"],
        &["goes on"],
        "4.3",
        "as at a client: what is known and may not stand in ClientHello ends the handshake",
    )
    .of(Server)
    .with(&[ExtensionType::OID_FILTERS]),
    row(
        Message(&[HandshakeType::ENCRYPTED_EXTENSIONS, HandshakeType::CERTIFICATE_REQUEST]),
        &["Malformed"],
        &["goes on"],
        "6.2",
        "a message that does not conform to the syntax is decode_error; rustls does not read the \
         values of extensions that it has no use for",
    )
    .of(Client)
    .with(&[
        ExtensionType::CERTIFICATE_AUTHORITIES,
        ExtensionType::OID_FILTERS,
        ExtensionType::SIGNATURE_ALGORITHMS_CERT,
        ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
        ExtensionType::STATUS_REQUEST,
        ExtensionType::SUPPORTED_GROUPS,
    ]),
    row(
        Message(CLIENT_HELLO),
        &["Malformed"],
        &["goes on"],
        "6.2",
        "as at a client: a value that does not parse is decode_error",
    )
    .of(Server)
    .with(&[
        ExtensionType::CERTIFICATE_AUTHORITIES,
        ExtensionType::POST_HANDSHAKE_AUTH,
        ExtensionType::RECORD_SIZE_LIMIT,
        ExtensionType::SERVER_NAME,
        ExtensionType::SIGNATURE_ALGORITHMS_CERT,
        ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
    ]),
    row(
        Message(CERTIFICATE),
        &["Malformed"],
        &["goes on"],
        "4.5.1",
        "a certificate has a byte at least; rustls reads one that has none",
    ),
    row(
        Message(CERTIFICATE),
        &["CertificateMalformed", "CertificateTypeUnsupported"],
        &["goes on"],
        "4.5.1",
        "found in Certificate; rustls looks at the certificate when CertificateVerify has come",
    ),
    row(
        Message(CERTIFICATE),
        &["ServerCertificateMissing"],
        &["goes on"],
        "4.5.1.3",
        "found in Certificate; rustls misses a certificate when CertificateVerify has come",
    )
    .of(Client),
    row(
        Message(SERVER_HELLO),
        &["SessionIdNotEchoed"],
        &["goes on"],
        "4.2.3",
        "a client has to check the echo in ServerHello too; rustls does so in HelloRetryRequest",
    )
    .of(Client),
    row(
        Message(SERVER_HELLO),
        &["LegacyVersionUnexpected"],
        &["goes on"],
        "4.2.3",
        "a client has to abort unless legacy_version is 0x0303; rustls does not look at it",
    )
    .of(Client),
    row(
        Message(CLIENT_HELLO),
        &["LegacyVersionUnexpected"],
        &["goes on"],
        "4.2.2",
        "a server has to abort unless legacy_version is 0x0303; rustls does not look at it",
    )
    .of(Server),
    row(
        Message(SERVER_HELLO),
        &["RetryWithoutChange"],
        &["goes on"],
        "4.3.8",
        "the group asked for may not be one with a share already, whatever else the retry is for; \
         rustls lets it pass beside a cookie",
    )
    .of(Client)
    .with(&[ExtensionType::KEY_SHARE]),
    row(
        Message(CLIENT_HELLO),
        &["TransportParametersForbidden"],
        &["goes on"],
        "4.3",
        "parameters of QUIC outside of it are unsupported_extension (RFC 9001 8.2); rustls passes \
         over them",
    )
    .of(Server)
    .with(&[ExtensionType::QUIC_TRANSPORT_PARAMETERS]),
    row(
        Message(CLIENT_HELLO),
        &["goes on"],
        &["InvalidMessage("],
        "4.2.2",
        "servers ignore extensions that they do not recognize; rustls parses these for TLS 1.2 and \
         for ECH",
    )
    .of(Server)
    .with(FOREIGN),
    row(
        Message(CLIENT_HELLO),
        &["goes on"],
        &["PeerMisbehaved(ServerNameMustContainOneHostName)"],
        "4.2.2",
        "servers ignore what they do not recognize, kinds of names among it (RFC 6066 3); rustls \
         wants a host_name",
    )
    .of(Server)
    .with(&[ExtensionType::SERVER_NAME]),
    row(
        Message(CLIENT_HELLO),
        &["KeyShareNotListed"],
        &["goes on"],
        "4.3.8",
        "servers may check that shares are for groups that are listed; rustls does not",
    )
    .of(Server)
    .with(&[ExtensionType::KEY_SHARE, ExtensionType::SUPPORTED_GROUPS]),
    row(
        Message(CLIENT_HELLO),
        &["SecondHelloChanged"],
        &["goes on"],
        "4.2.2",
        "a client may not change anything else in its second ClientHello; rustls compares the \
         server_name and the suite",
    )
    .of(Server),
    row(
        Message(CLIENT_HELLO),
        &["CookieMismatch"],
        &["goes on"],
        "4.3.2",
        "a second ClientHello has the cookie of the retry or none; rustls does not look at it",
    )
    .of(Server)
    .with(&[ExtensionType::COOKIE]),
    row(
        Message(CLIENT_HELLO),
        &["NoCommonCertificateType", "CertificateTypesRedundant"],
        &["goes on"],
        "4.3",
        "without a type in common the handshake ends (RFC 7250 4.2), and a list of X.509 alone has \
         to be left out (RFC 7250 4.1); rustls does not look at the lists of a client",
    )
    .of(Server)
    .with(CERTIFICATE_TYPES),
    row(
        Message(CLIENT_HELLO),
        &["goes on"],
        &["PeerIncompatible(IncorrectCertificateTypeExtension)"],
        "4.3",
        "a client that has no type in common is not asked for a certificate that it may do without \
         (RFC 7250 4.2); rustls refuses one that has raw public keys alone",
    )
    .of(Server)
    .with(&[ExtensionType::CLIENT_CERTIFICATE_TYPE]),
    row(
        Message(CLIENT_HELLO),
        &["says [SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE, CERTIFICATE_VERIFY, FINISHED]"],
        &["says [SERVER_HELLO, ENCRYPTED_EXTENSIONS, CERTIFICATE_REQUEST, CERTIFICATE, \
           CERTIFICATE_VERIFY, FINISHED]"],
        "4.3",
        "as above; rustls asks one that has neither raw public keys nor X.509",
    )
    .of(Server)
    .with(&[ExtensionType::CLIENT_CERTIFICATE_TYPE]),
    row(
        Message(CLIENT_HELLO),
        &["RecordSizeLimitTooSmall"],
        &["goes on"],
        "4.3",
        "a limit below 64 is illegal_parameter (RFC 8449 4); rustls does not know the extension",
    )
    .of(Server)
    .with(&[ExtensionType::RECORD_SIZE_LIMIT]),
    row(
        Message(CLIENT_HELLO),
        &["goes on"],
        &["PeerMisbehaved(OfferedDuplicateCertificateCompressions)"],
        "4.3",
        "RFC 8879 does not forbid to list an algorithm twice; rustls does",
    )
    .of(Server)
    .with(&[ExtensionType::COMPRESS_CERTIFICATE]),
    row(
        Beginning,
        &["MessageOutOfOrder", "UnknownMessageType", "MessageTooLong"],
        &["goes on"],
        "4",
        "type and length are judged as soon as they are there, and the limits on length are ours; \
         rustls waits for the whole message",
    ),
    row(
        Beginning,
        &["goes on"],
        &["silent: InvalidMessage(HandshakePayloadTooLarge)"],
        "4",
        "the limits on the length of messages are everybody's own",
    ),
    row(
        NoMessage,
        &["EmptyFragment"],
        &["goes on"],
        "5.1",
        "a handshake record without a byte must not be sent; rustls takes a few",
    ),
    row(
        NoMessage,
        &["goes on"],
        &["InappropriateMessage { expect_types: [Handshake], got_type: ChangeCipherSpec }"],
        "5",
        "change_cipher_spec is dropped from the first ClientHello on; rustls begins with ServerHello",
    )
    .of(Client),
    row(
        NoMessage,
        &["goes on"],
        &["silent: PeerMisbehaved(IllegalMiddleboxChangeCipherSpec)"],
        "5",
        "the limit on the number of change_cipher_spec is everybody's own",
    ),
    row(
        Message(&[HandshakeType::KEY_UPDATE]),
        &["TooManyKeyUpdates"],
        &["goes on"],
        "4.7.3",
        "the limit on the number of updates is everybody's own; rustls has one for those that ask \
         for an answer",
    ),
    row(
        Warning,
        &["Told"],
        &["goes on"],
        "6",
        "the level of an alert decides nothing; rustls passes over warnings before it knows the \
         version",
    ),
    row(
        UserCanceled,
        &["goes on"],
        &["Told"],
        "6.1",
        "user_canceled is followed by close_notify and ends nothing by itself, whatever its level; \
         rustls goes by the level",
    ),
    row(
        Message(&[HandshakeType::CERTIFICATE_VERIFY]),
        &["goes on"],
        &["InvalidCertificate(BadEncoding", "InvalidCertificate(Other("],
        "4.5.1.3",
        "whether a certificate is valid is for the policy to say, and the one here takes all; \
         rustls asks webpki for the key and so has it parsed in full",
    ),
    row(
        Message(&[HandshakeType::CERTIFICATE_REQUEST]),
        &["goes on"],
        &["PeerIncompatible(NoCertificateRequestSignatureSchemesInCommon)"],
        "4.5.1",
        "a client without a certificate that fits sends none and goes on",
    )
    .of(Client)
    .with(&[ExtensionType::SIGNATURE_ALGORITHMS]),
];
