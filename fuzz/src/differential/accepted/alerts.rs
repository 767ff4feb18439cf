//! Where both find a fault, and the alerts differ.

use countersign::epoch::Role::{Client, Server};
use countersign::registry::{ExtensionType, HandshakeType};

use super::Place::{AnyMessage, Message, NoMessage, Several};
use super::passed::FOREIGN;
use super::{Difference, row};

const CLIENT_HELLO: &[HandshakeType] = &[HandshakeType::CLIENT_HELLO];
const SERVER_HELLO: &[HandshakeType] = &[HandshakeType::SERVER_HELLO];
const CERTIFICATE: &[HandshakeType] = &[HandshakeType::CERTIFICATE];
const CERTIFICATE_REQUEST: &[HandshakeType] = &[HandshakeType::CERTIFICATE_REQUEST];
const CERTIFICATE_VERIFY: &[HandshakeType] = &[HandshakeType::CERTIFICATE_VERIFY];

pub(super) const ALERTS: &[Difference] = &[
    row(
        NoMessage,
        &["Told"],
        &["Told"],
        "6.2",
        "nothing is sent to a peer that has sent an error alert; rustls answers warnings with \
         decode_error",
    ),
    row(
        NoMessage,
        &[
            "MessageInterleaved",
            "AlertLevelUnknown",
            "UnexpectedChangeCipherSpec",
            "UnexpectedRecordType",
        ],
        &["silent: PeerMisbehaved(MessageInterleavedWithHandshakeMessage)"],
        "5.1",
        "a fault is told by an alert; rustls ends without one when another record comes between \
         the fragments of a message",
    ),
    row(
        NoMessage,
        &["RecordWithoutContentType"],
        &["silent: PeerMisbehaved(IllegalTlsInnerPlaintext)"],
        "5.4",
        "a record that is all padding is unexpected_message; rustls ends without an alert",
    ),
    row(
        AnyMessage,
        &["MessageOutOfOrder", "UnknownMessageType", "MessageTooLong", "MessageSpansKeyChange"],
        &["silent: InvalidMessage(HandshakePayloadTooLarge)"],
        "4",
        "what is out of place or too long is told by an alert; rustls ends without one above its \
         limit on length",
    ),
    row(
        Several,
        &[
            "Malformed",
            "CertificateMalformed",
            "ClientCertificateMissing",
            "ExtensionNotAllowedHere",
            "ExtensionNotOffered",
            "ProtocolNotOffered",
            "RequestWithoutSignatureAlgorithms",
            "SignatureInvalid",
        ],
        &["silent: InvalidMessage(HandshakePayloadTooLarge)"],
        "6.2",
        "the message that comes first is judged first; rustls reads the header of the next before, \
         and ends without an alert above its limit on length",
    ),
    row(
        Several,
        &["Malformed", "CertificateMalformed", "ExtensionNotAllowedHere"],
        &["InappropriateHandshakeMessage {"],
        "6.2",
        "rustls does not read, or not yet, what is broken, and the next message may not come",
    ),
    row(
        Several,
        &["MessageSpansKeyChange"],
        &["silent: PeerMisbehaved(KeyEpochWithPendingFragment)"],
        "5.1",
        "what follows in the record of a Finished is unexpected_message; rustls ends without an \
         alert",
    ),
    row(
        Message(CLIENT_HELLO),
        &["SecondHelloChanged", "CookieMismatch", "Malformed", "ExtensionNotAllowedHere"],
        &["silent: PeerMisbehaved(ServerNameDifferedOnRetry)"],
        "4.2.2",
        "a server_name that has changed is illegal_parameter; rustls ends without an alert",
    )
    .of(Server),
    row(
        Message(CERTIFICATE),
        &["ExtensionNotOffered", "Malformed"],
        &["silent: PeerMisbehaved(UnsolicitedCertExtension)"],
        "4.5.1",
        "an extension that was not asked for is unsupported_extension; rustls ends without an alert",
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
        Several,
        &["UnknownMessageType"],
        &[
            "PeerIncompatible(NoCertificateRequestSignatureSchemesInCommon)",
            "InvalidCertificate(BadSignature)",
        ],
        "4",
        "a type is judged as soon as it is there, before what the message in front of it says",
    )
    .of(Client),
    row(
        Several,
        &["MessageSpansKeyChange"],
        &["InvalidMessage(", "DecryptError", "PeerIncompatible("],
        "5.1",
        "what ends a flight may not be in one record with more, and is refused before it is parsed; \
         rustls parses first",
    ),
    row(
        Message(CERTIFICATE),
        &["RequestContextUnknown", "Malformed"],
        &["InappropriateHandshakeMessage { expect_types: [KeyUpdate], got_type: Certificate }"],
        "4.7.2",
        "the peer has offered authentication after the handshake, which rustls does not have",
    )
    .of(Server),
    row(
        Message(&[HandshakeType::FINISHED]),
        &["Malformed"],
        &["DecryptError"],
        "4.5.3",
        "a Finished of another length breaks the syntax; to rustls it is a wrong one",
    ),
    row(
        Message(&[
            HandshakeType::SERVER_HELLO,
            HandshakeType::ENCRYPTED_EXTENSIONS,
            HandshakeType::CERTIFICATE_REQUEST,
            HandshakeType::CERTIFICATE,
        ]),
        &["ExtensionNotAllowedHere", "ExtensionNotOffered"],
        &["InvalidMessage("],
        "4.3",
        "whether an extension may come is settled before its value is read; rustls reads first, \
         and says decode_error of those that it does not know in a Certificate",
    ),
    row(
        Message(CLIENT_HELLO),
        &["ExtensionNotAllowedHere", "ExtensionAfterPreSharedKey"],
        &["InvalidMessage("],
        "4.3",
        "whether an extension may come, and where, is settled before its value is read",
    )
    .of(Server),
    row(
        Message(&[
            HandshakeType::CLIENT_HELLO,
            HandshakeType::SERVER_HELLO,
            HandshakeType::ENCRYPTED_EXTENSIONS,
            HandshakeType::CERTIFICATE_REQUEST,
            HandshakeType::CERTIFICATE,
        ]),
        &["ExtensionRepeated"],
        &[
            "InvalidMessage(MissingData(",
            "InvalidMessage(TrailingData(",
            "InvalidMessage(IllegalEmpty",
            "InvalidMessage(MessageTooShort",
            "InvalidMessage(NoSignatureSchemes",
            "InvalidMessage(InvalidC",
            "InvalidMessage(UnknownCertificateExtension",
        ],
        "4.3",
        "an extension that is repeated beside a value that does not parse, found in another order",
    ),
    row(
        Message(&[
            HandshakeType::CLIENT_HELLO,
            HandshakeType::SERVER_HELLO,
            HandshakeType::ENCRYPTED_EXTENSIONS,
            HandshakeType::CERTIFICATE_REQUEST,
        ]),
        &["Malformed"],
        &["InvalidMessage(DuplicateExtension"],
        "6.2",
        "a value that does not parse beside an extension that is repeated, found in another order",
    ),
    row(
        Message(SERVER_HELLO),
        &["ExtensionNotAllowedHere"],
        &["PeerMisbehaved(MissingKeyShare)", "PeerMisbehaved(UnexpectedCleartextExtension)"],
        "4.3",
        "an extension that is known and in the wrong message is illegal_parameter; rustls takes it \
         for one that was not asked for, or misses the one in whose place it came",
    )
    .of(Client),
    row(
        Message(&[HandshakeType::ENCRYPTED_EXTENSIONS]),
        &["ExtensionNotAllowedHere"],
        &[
            "PeerMisbehaved(DisallowedEncryptedExtension)",
            "PeerMisbehaved(UnsolicitedEncryptedExtension)",
        ],
        "4.3",
        "one that may not be here and one that was not asked for, found in another order",
    )
    .of(Client),
    row(
        Message(CERTIFICATE_REQUEST),
        &["ExtensionNotAllowedHere", "RequestWithoutSignatureAlgorithms", "Malformed"],
        &["PeerIncompatible(NoCertificateRequestSignatureSchemesInCommon)"],
        "4.4.2",
        "signature_algorithms has to be there, and all that is there has to be well-formed and in \
         its place; rustls has no scheme in common",
    )
    .of(Client),
    row(
        Message(SERVER_HELLO),
        &["LegacyVersionUnexpected"],
        &["InvalidMessage(", "PeerMisbehaved("],
        "4.2.3",
        "legacy_version is judged before what follows it; rustls does not look at it",
    )
    .of(Client),
    row(
        Message(SERVER_HELLO),
        &["SessionIdNotEchoed"],
        &["InvalidMessage(", "PeerMisbehaved(MissingKeyShare)"],
        "4.2.3",
        "the echo is judged before what follows it; rustls does not look at it in ServerHello",
    )
    .of(Client),
    row(
        Message(SERVER_HELLO),
        &["SupportedVersionsMissing"],
        &["InvalidMessage("],
        "4.2.3",
        "a ServerHello of another version is protocol_version, whatever else is in it",
    )
    .of(Client),
    row(
        Message(SERVER_HELLO),
        &["RetryVersionMissing"],
        &["InvalidMessage(", "PeerMisbehaved(IllegalHelloRetryRequestWithUnsupportedVersion)"],
        "4.2.4",
        "HelloRetryRequest has to have supported_versions, and what is absent is missing_extension",
    )
    .of(Client),
    row(
        Message(SERVER_HELLO),
        &["VersionNotSelectable", "VersionChanged"],
        &["InvalidMessage(", "PeerIncompatible(Server", "PeerMisbehaved(MissingKeyShare)"],
        "4.3.1",
        "a version that was not offered is illegal_parameter; rustls says protocol_version",
    )
    .of(Client),
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
        &[
            "PeerMisbehaved(ServerHelloMustOfferUncompressedEcPoints)",
            "PeerMisbehaved(IllegalHelloRetryRequestWithNoChanges)",
            "PeerMisbehaved(SelectedUnofferedCompression)",
            "PeerIncompatible(Server",
        ],
        "4.3",
        "an answer that was not asked for is unsupported_extension, whatever else is wrong; rustls \
         reads it first, or misses the one in whose place it came",
    )
    .of(Client),
    row(
        Message(&[HandshakeType::ENCRYPTED_EXTENSIONS]),
        &["Malformed"],
        &["PeerMisbehaved(SelectedUnofferedApplicationProtocol)"],
        "6.2",
        "a value that does not parse, which rustls does not read, and a protocol not offered",
    )
    .of(Client),
    row(
        Message(&[HandshakeType::CERTIFICATE_REQUEST, HandshakeType::CERTIFICATE]),
        &["RequestContextUnexpected"],
        &["InvalidMessage("],
        "4.4.2",
        "the context is empty during the handshake, which is a rule about its value",
    ),
    row(
        Message(CLIENT_HELLO),
        &["SignatureAlgorithmsMissing", "SupportedGroupsMissing", "KeyShareMissing"],
        &["PeerIncompatible("],
        "9.2",
        "what a ClientHello has to have and lacks is missing_extension; rustls says \
         handshake_failure",
    )
    .of(Server),
    row(
        Message(CLIENT_HELLO),
        &["SecondHelloChanged", "CookieMismatch"],
        &["PeerIncompatible(", "InvalidMessage(", "NoApplicationProtocol"],
        "4.2.2",
        "the second ClientHello is held against the first before it is judged by itself",
    )
    .of(Server),
    row(
        Message(CLIENT_HELLO),
        &["Malformed"],
        &[
            "NoApplicationProtocol",
            "PeerIncompatible(",
            "PeerMisbehaved(RefusedToFollowHelloRetryRequest)",
            "PeerMisbehaved(ServerName",
        ],
        "6.2",
        "a ClientHello with a broken value and another fault, found in another order; rustls does \
         not read all values, and names without a host_name are illegal_parameter to it",
    )
    .of(Server),
    row(
        Message(CLIENT_HELLO),
        &[
            "CertificateTypesRedundant",
            "ExtensionNotAllowedHere",
            "KeyShareNotListed",
            "LegacyCompressionUnexpected",
            "LegacyVersionUnexpected",
            "NoCommonCertificateType",
            "RecordSizeLimitTooSmall",
            "TransportParametersForbidden",
            "VersionNotOffered",
        ],
        &["NoApplicationProtocol", "PeerIncompatible("],
        "4.2.2",
        "a ClientHello that offers nothing in common, and has another fault besides",
    )
    .of(Server),
    row(
        Message(CLIENT_HELLO),
        &[
            "CertificateTypesRedundant",
            "KeyShareMissing",
            "KeyShareNotListed",
            "LegacyCompressionUnexpected",
            "LegacyVersionUnexpected",
            "NoCommonApplicationProtocol",
            "NoCommonCertificateType",
            "RecordSizeLimitTooSmall",
            "SignatureAlgorithmsMissing",
            "SupportedGroupsMissing",
            "TransportParametersForbidden",
            "VersionNotOffered",
        ],
        &["InvalidMessage("],
        "4.2.2",
        "a ClientHello with a fault, and a value that rustls alone parses",
    )
    .of(Server)
    .with(FOREIGN),
    row(
        Message(CLIENT_HELLO),
        &["RecordSizeLimitTooSmall"],
        &["InvalidMessage("],
        "4.2.2",
        "a limit below 64 in front of a value that does not parse; rustls does not know the limit",
    )
    .of(Server)
    .with(&[ExtensionType::RECORD_SIZE_LIMIT]),
    row(
        Message(CLIENT_HELLO),
        &["NoCommonApplicationProtocol"],
        &["PeerMisbehaved(ServerNameMustContainOneHostName)"],
        "4.2.2",
        "rustls wants a host_name, before it looks at the protocols",
    )
    .of(Server)
    .with(&[ExtensionType::SERVER_NAME]),
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
