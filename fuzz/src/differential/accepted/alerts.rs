//! Where both find a fault in what is changed in one place, and the alerts differ.

use countersign::epoch::Role::{Client, Server};
use countersign::registry::{ExtensionType, HandshakeType};

use super::Place::{AnyMessage, Message, NoMessage, Warning};
use super::{Difference, row};

const CLIENT_HELLO: &[HandshakeType] = &[HandshakeType::CLIENT_HELLO];
const SERVER_HELLO: &[HandshakeType] = &[HandshakeType::SERVER_HELLO];
const CERTIFICATE_VERIFY: &[HandshakeType] = &[HandshakeType::CERTIFICATE_VERIFY];

pub(super) const ALERTS: &[Difference] = &[
    row(
        Warning,
        &["Told"],
        &["Told"],
        "6.2",
        "nothing is sent to a peer that has sent an error alert; rustls answers warnings with \
         decode_error",
    ),
    row(
        NoMessage,
        &["RecordWithoutContentType"],
        &["silent: PeerMisbehaved(IllegalTlsInnerPlaintext)"],
        "5.4",
        "a record that is all padding is unexpected_message; rustls ends without an alert",
    ),
    row(
        Message(CLIENT_HELLO),
        &["SecondHelloChanged", "Malformed"],
        &["silent: PeerMisbehaved(ServerNameDifferedOnRetry)"],
        "4.2.2",
        "a server_name that has changed is illegal_parameter; rustls ends without an alert",
    )
    .of(Server),
    row(
        NoMessage,
        &["UnexpectedRecordType", "UnexpectedChangeCipherSpec", "EmptyFragment"],
        &["InvalidMessage(", "DecryptError"],
        "5",
        "a record that may not come is unexpected_message, whatever is in it; rustls parses and \
         opens it first",
    ),
    row(
        NoMessage,
        &["UnexpectedRecordType"],
        &["Told"],
        "5",
        "behind ServerHello all is protected, alerts too; rustls takes one in plaintext",
    )
    .of(Client),
    row(
        AnyMessage,
        &["MessageOutOfOrder", "UnknownMessageType"],
        &["InvalidMessage("],
        "4",
        "what may not come is refused before it is parsed; rustls parses first",
    ),
    row(
        Message(&[HandshakeType::FINISHED]),
        &["Malformed"],
        &["DecryptError"],
        "4.5.3",
        "a Finished of another length breaks the syntax; to rustls it is a wrong one",
    ),
    row(
        Message(&[
            HandshakeType::CLIENT_HELLO,
            HandshakeType::SERVER_HELLO,
            HandshakeType::ENCRYPTED_EXTENSIONS,
            HandshakeType::CERTIFICATE_REQUEST,
            HandshakeType::CERTIFICATE,
            HandshakeType::NEW_SESSION_TICKET,
        ]),
        &[
            "ExtensionNotAllowedHere",
            "ExtensionNotOffered",
            "ExtensionRepeated",
            "ExtensionAfterPreSharedKey",
        ],
        &["InvalidMessage("],
        "4.3",
        "whether an extension may come, and where, is settled before its value is read; rustls \
         reads first, and says decode_error of those that it does not know in a Certificate",
    ),
    row(
        Message(SERVER_HELLO),
        &["ExtensionNotAllowedHere"],
        &["PeerMisbehaved(UnexpectedCleartextExtension)"],
        "4.3",
        "an extension that is known and in the wrong message is illegal_parameter; rustls takes it \
         for one that was not asked for",
    )
    .of(Client),
    row(
        Message(&[HandshakeType::ENCRYPTED_EXTENSIONS]),
        &["ExtensionNotAllowedHere"],
        &["PeerMisbehaved(DisallowedEncryptedExtension)"],
        "4.3",
        "as in ServerHello",
    )
    .of(Client),
    row(
        Message(&[HandshakeType::CERTIFICATE_REQUEST]),
        &["RequestWithoutSignatureAlgorithms"],
        &["PeerIncompatible(NoCertificateRequestSignatureSchemesInCommon)"],
        "4.4.2",
        "signature_algorithms has to be there; rustls has no scheme in common",
    )
    .of(Client)
    .with(&[ExtensionType::SIGNATURE_ALGORITHMS]),
    row(
        Message(SERVER_HELLO),
        &["RetryVersionMissing"],
        &["InvalidMessage(", "PeerMisbehaved(IllegalHelloRetryRequestWithUnsupportedVersion)"],
        "4.2.4",
        "HelloRetryRequest has to have supported_versions, and what is absent is missing_extension",
    )
    .of(Client)
    .with(&[ExtensionType::SUPPORTED_VERSIONS]),
    row(
        Message(SERVER_HELLO),
        &["VersionNotSelectable", "VersionChanged"],
        &["PeerIncompatible(Server"],
        "4.3.1",
        "a version that was not offered is illegal_parameter; rustls says protocol_version",
    )
    .of(Client)
    .with(&[ExtensionType::SUPPORTED_VERSIONS]),
    row(
        Message(SERVER_HELLO),
        &["CipherSuiteNotOffered"],
        &["PeerMisbehaved(SelectedUnofferedCipherSuite)"],
        "4.2.3",
        "a suite that was not offered is illegal_parameter; rustls says handshake_failure",
    )
    .of(Client),
    row(
        Message(SERVER_HELLO),
        &["LegacyCompressionUnexpected"],
        &["InvalidMessage(UnsupportedCompression)"],
        "4.2.3",
        "a method other than the one of old is illegal_parameter; rustls says decode_error",
    )
    .of(Client),
    row(
        Message(SERVER_HELLO),
        &["ExtensionNotOffered"],
        &["PeerMisbehaved(ServerHelloMustOfferUncompressedEcPoints)"],
        "4.3",
        "an answer that was not asked for is unsupported_extension, whatever is in it; rustls \
         reads ec_point_formats",
    )
    .of(Client)
    .with(&[ExtensionType(11)]),
    row(
        Message(CLIENT_HELLO),
        &["SignatureAlgorithmsMissing", "SupportedGroupsMissing", "KeyShareMissing"],
        &[
            "PeerIncompatible(SignatureAlgorithmsExtensionRequired)",
            "PeerIncompatible(NoKxGroupsInCommon)",
            "PeerIncompatible(KeyShareExtensionRequired)",
        ],
        "9.2",
        "what a ClientHello has to have and lacks is missing_extension; rustls says \
         handshake_failure",
    )
    .of(Server),
    row(
        Message(CLIENT_HELLO),
        &["VersionNotOffered"],
        &["PeerIncompatible(SignatureAlgorithmsExtensionRequired)"],
        "4.3.1",
        "a ClientHello without extensions is of TLS 1.2 or before, which is protocol_version; rustls \
         misses an extension first",
    )
    .of(Server),
    row(
        Message(CLIENT_HELLO),
        &["SecondHelloChanged"],
        &["PeerIncompatible(", "InvalidMessage(", "NoApplicationProtocol"],
        "4.2.2",
        "the second ClientHello is held against the first before it is judged by itself",
    )
    .of(Server),
    row(
        Message(CLIENT_HELLO),
        &["Malformed"],
        &["PeerMisbehaved(ServerNameMustContainOneHostName)"],
        "6.2",
        "a value that does not parse is decode_error; names without a host_name are \
         illegal_parameter to rustls",
    )
    .of(Server)
    .with(&[ExtensionType::SERVER_NAME]),
    row(
        Message(CLIENT_HELLO),
        &["NoCommonCertificateType"],
        &["PeerIncompatible(IncorrectCertificateTypeExtension)"],
        "4.3",
        "without a type in common it is unsupported_certificate (RFC 7250 4.2); rustls says \
         handshake_failure",
    )
    .of(Server)
    .with(&[ExtensionType::CLIENT_CERTIFICATE_TYPE, ExtensionType::SERVER_CERTIFICATE_TYPE]),
    row(
        Message(CLIENT_HELLO),
        &["KeyShareNotListed"],
        &["PeerIncompatible(NoKxGroupsInCommon)"],
        "4.3.8",
        "shares for groups that are not listed, and none of those that are; rustls looks at the \
         list alone",
    )
    .of(Server)
    .with(&[ExtensionType::SUPPORTED_GROUPS]),
    row(
        Message(&[HandshakeType::KEY_UPDATE]),
        &["TooManyKeyUpdates"],
        &["silent: PeerMisbehaved(TooManyKeyUpdateRequests)"],
        "4.7.3",
        "both put up with 32 updates in a row; rustls ends without an alert",
    ),
    row(
        Message(CERTIFICATE_VERIFY),
        &["SignatureSchemeDoesNotFit"],
        &["InvalidCertificate(UnsupportedSignatureAlgorithmForPublicKey"],
        "4.5.2",
        "a scheme that is not for this key is illegal_parameter; rustls leaves it to webpki",
    ),
    row(
        Message(CERTIFICATE_VERIFY),
        &["SignatureInvalid"],
        &["InvalidCertificate(BadEncoding", "InvalidCertificate(Other("],
        "4.5.2",
        "a certificate that webpki does not read, and a signature that is not its key's",
    ),
];
