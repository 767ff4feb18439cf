//! The differences that are accepted, and why.

/// A difference between the two that is no fault of countersign's.
#[derive(Clone, Copy, Debug)]
pub struct Difference {
    /// The causes that countersign finds, `Told` where an alert has ended it, or `goes on` where it
    /// finds no fault; none: any cause.
    pub ours: &'static [&'static str],
    /// How the errors of rustls begin that it finds in the same record, `Told`, or `goes on`. One
    /// that it finds and sends no alert for begins with `silent`.
    pub theirs: &'static [&'static str],
    /// The section of RFC 9846 that decides, or leaves the choice.
    pub section: &'static str,
    /// Why it is accepted.
    pub reason: &'static str,
}

const fn row(
    ours: &'static [&'static str],
    theirs: &'static [&'static str],
    section: &'static str,
    reason: &'static str,
) -> Difference {
    Difference { ours, theirs, section, reason }
}

/// All of them; the first that fits counts.
pub const ACCEPTED: &[Difference] = &[
    // What one of them lets pass.
    row(
        &["ExtensionNotAllowedHere"],
        &["goes on"],
        "4.3",
        "an extension that is known and may not stand in this message ends the handshake; rustls \
         passes over those that it does not read there",
    ),
    row(
        &["Malformed"],
        &["goes on"],
        "6.2",
        "a message that does not conform to the syntax is decode_error; rustls does not read the \
         values of extensions that it has no use for",
    ),
    row(
        &["CertificateMalformed", "CertificateTypeUnsupported", "ServerCertificateMissing"],
        &["goes on"],
        "4.5.1",
        "found in Certificate; rustls looks at the certificate when CertificateVerify has come",
    ),
    row(
        &["SessionIdNotEchoed"],
        &["goes on"],
        "4.2.3",
        "a client has to check the echo in ServerHello too; rustls does so in HelloRetryRequest",
    ),
    row(
        &["LegacyVersionUnexpected", "TransportParametersForbidden"],
        &["goes on"],
        "4.2.2",
        "rustls does not look at legacy_version, nor at parameters of QUIC outside of it (RFC 9001 \
         8.2)",
    ),
    row(
        &["goes on"],
        &["InvalidMessage("],
        "4.2.2",
        "servers ignore extensions that they do not recognize; rustls knows some of older \
         versions and drafts, and parses them",
    ),
    row(
        &["KeyShareNotListed"],
        &["goes on"],
        "4.3.8",
        "servers may check that shares are for groups that are listed; rustls does not",
    ),
    row(
        &["SecondHelloChanged"],
        &["goes on"],
        "4.2.2",
        "a client may not change anything else in its second ClientHello; rustls compares the \
         server_name and the suite",
    ),
    row(
        &["MessageOutOfOrder", "UnknownMessageType", "MessageTooLong"],
        &["goes on"],
        "4",
        "type and length are judged as soon as they are there, and the limits on length are ours; \
         rustls waits for the whole message",
    ),
    row(
        &["EmptyFragment"],
        &["goes on"],
        "5.1",
        "a handshake record without a byte must not be sent; rustls takes a few",
    ),
    row(
        &["Told"],
        &["goes on"],
        "6",
        "the level of an alert decides nothing; rustls passes over warnings before it knows the \
         version",
    ),
    row(
        &["goes on"],
        &["PeerMisbehaved(ServerNameMustContainOneHostName)"],
        "4.2.2",
        "servers ignore what they do not recognize, kinds of names among it (RFC 6066 3); rustls \
         wants a host_name",
    ),
    row(
        &["NoCommonCertificateType", "RecordSizeLimitTooSmall"],
        &["goes on"],
        "4.3",
        "without a type in common the handshake ends (RFC 7250 4.2), and a limit below 64 is \
         illegal_parameter (RFC 8449 4); rustls passes over what it has no use for",
    ),
    row(
        &["goes on"],
        &["InappropriateMessage { expect_types: [Handshake], got_type: ChangeCipherSpec }"],
        "5",
        "change_cipher_spec is dropped from the first ClientHello on; rustls begins with ServerHello",
    ),
    row(
        &["goes on"],
        &["InvalidCertificate("],
        "4.5.1.3",
        "whether a certificate is valid is for the policy to say, and the one here takes all; \
         rustls asks webpki for the key and so has it parsed in full",
    ),
    row(
        &["goes on"],
        &["PeerIncompatible(NoCertificateRequestSignatureSchemesInCommon)"],
        "4.5.1",
        "a client without a certificate that fits sends none and goes on",
    ),
    row(
        &["goes on"],
        &[
            "silent: InvalidMessage(HandshakePayloadTooLarge)",
            "silent: PeerMisbehaved(IllegalMiddleboxChangeCipherSpec)",
        ],
        "5",
        "the limits on the length of messages and on change_cipher_spec are everybody's own",
    ),
    // The alert.
    row(
        &["Told"],
        &["Told"],
        "6.2",
        "nothing is sent to a peer that has sent an error alert; rustls answers warnings with \
         decode_error",
    ),
    row(&[], &["silent: "], "6.2", "a fault is told by an alert; rustls ends without one"),
    row(
        &["UnexpectedRecordType", "UnexpectedChangeCipherSpec", "EmptyFragment"],
        &["InvalidMessage(", "DecryptError"],
        "5",
        "a record that may not come is unexpected_message, whatever is in it; rustls parses and \
         opens it first",
    ),
    row(
        &["MessageOutOfOrder", "UnknownMessageType", "MessageSpansKeyChange"],
        &["InvalidMessage(", "DecryptError", "PeerIncompatible(", "PeerMisbehaved("],
        "5.1",
        "what may not come, or not in one record with the end of a flight, is refused before it is \
         parsed; rustls parses first",
    ),
    row(
        &["RequestContextUnknown", "Malformed"],
        &["InappropriateHandshakeMessage { expect_types: [KeyUpdate], got_type: Certificate }"],
        "4.7.2",
        "the peer has offered authentication after the handshake, which rustls does not have",
    ),
    row(
        &["Malformed"],
        &["DecryptError"],
        "4.5.3",
        "a Finished of another length breaks the syntax; to rustls it is a wrong one",
    ),
    row(
        &[
            "ExtensionNotAllowedHere",
            "ExtensionNotOffered",
            "ExtensionRepeated",
            "ExtensionAfterPreSharedKey",
        ],
        &["InvalidMessage("],
        "4.3",
        "whether an extension may come is settled before its value is read; rustls reads first, \
         and says decode_error of those that it does not know in a Certificate",
    ),
    row(
        &["ExtensionNotAllowedHere"],
        &[
            "PeerMisbehaved(MissingKeyShare)",
            "PeerMisbehaved(UnexpectedCleartextExtension)",
            "PeerIncompatible(",
        ],
        "4.3",
        "an extension that is known and in the wrong message is illegal_parameter; rustls takes it \
         for one that was not asked for, or misses the one in whose place it came",
    ),
    row(
        &["LegacyVersionUnexpected", "SessionIdNotEchoed", "SupportedVersionsMissing"],
        &["InvalidMessage(", "PeerMisbehaved("],
        "4.2.3",
        "one ServerHello or HelloRetryRequest with two faults, found in another order; rustls does \
         not look at legacy_version",
    ),
    row(
        &["RetryVersionMissing"],
        &["InvalidMessage(", "PeerMisbehaved(IllegalHelloRetryRequestWithUnsupportedVersion)"],
        "4.2.4",
        "HelloRetryRequest has to have supported_versions, and what is absent is missing_extension",
    ),
    row(
        &["VersionNotSelectable", "VersionChanged"],
        &["InvalidMessage(", "PeerIncompatible(Server"],
        "4.3.1",
        "a version that was not offered is illegal_parameter; rustls says protocol_version",
    ),
    row(
        &["CipherSuiteNotOffered"],
        &["PeerMisbehaved(SelectedUnofferedCipherSuite)"],
        "4.2.3",
        "a suite that was not offered is illegal_parameter; rustls says handshake_failure",
    ),
    row(
        &["LegacyCompressionUnexpected"],
        &["InvalidMessage(UnsupportedCompression)"],
        "4.2.2",
        "methods other than the one of old are illegal_parameter; rustls says decode_error",
    ),
    row(
        &["RequestContextUnexpected"],
        &["InvalidMessage(InvalidCertRequest)"],
        "4.4.2",
        "the context is empty during the handshake, which is a rule about its value",
    ),
    row(
        &["RequestWithoutSignatureAlgorithms", "Malformed"],
        &["PeerIncompatible(NoCertificateRequestSignatureSchemesInCommon)"],
        "4.4.2",
        "signature_algorithms has to be there; rustls has no scheme in common with none",
    ),
    row(
        &["SignatureAlgorithmsMissing", "SupportedGroupsMissing", "KeyShareMissing"],
        &["PeerIncompatible(", "InvalidMessage("],
        "9.2",
        "what a ClientHello has to have and lacks is missing_extension; rustls says \
         handshake_failure",
    ),
    row(
        &["SecondHelloChanged", "CookieMismatch"],
        &["PeerIncompatible(", "InvalidMessage(", "NoApplicationProtocol"],
        "4.2.2",
        "the second ClientHello is held against the first before it is judged by itself",
    ),
    row(
        &["Malformed"],
        &["PeerIncompatible(", "NoApplicationProtocol", "PeerMisbehaved(ServerName"],
        "6.2",
        "a ClientHello with a broken value and another fault, found in another order; rustls does \
         not read all values, and names without a host_name are illegal_parameter to it",
    ),
    row(
        &[
            "NoCommonCertificateType",
            "TransportParametersForbidden",
            "ExtensionNotAllowedHere",
            "KeyShareNotListed",
            "NoCommonApplicationProtocol",
            "VersionNotOffered",
            "LegacyVersionUnexpected",
        ],
        &[
            "NoApplicationProtocol",
            "InvalidMessage(",
            "PeerIncompatible(",
            "PeerMisbehaved(ServerNameMust",
        ],
        "4.2.2",
        "a ClientHello with two faults, found in another order",
    ),
    row(
        &["SignatureInvalid"],
        &["InvalidCertificate("],
        "4.5.2",
        "a certificate that webpki does not read, and a signature that is not its key's",
    ),
];

/// The first row that covers what countersign and rustls have come to.
pub(super) fn find([ours, theirs]: &[String; 2]) -> Option<usize> {
    ACCEPTED.iter().position(|row| {
        let any_cause = row.ours.is_empty() && ours != "goes on" && ours != "Told";
        let theirs_fits = row.theirs.iter().any(|wanted| theirs.starts_with(wanted));
        theirs_fits && (any_cause || row.ours.contains(&ours.as_str()))
    })
}
