//! The table: which signal, under which conditions, means what. The first row that applies decides.
//!
//! What is `Specified` an RFC says. Elsewhere the last column names who is known to use the alert
//! in this way, or why the guess is made.

use super::condition::*;
use super::signals::*;
use super::{Cause, Certainty, CertificateFault, Condition, Context, Denial, Signal, Signals};
use crate::epoch::Role;

/// One line of the table.
#[derive(Clone, Copy, Debug)]
pub struct Row {
    /// Our role; `None` for either.
    pub role: Option<Role>,
    /// The signals it speaks of.
    pub signals: Signals,
    /// What has to hold, all of it.
    pub when: &'static [Condition],
    cause: CauseOf,
    /// How firmly the cause stands.
    pub certainty: Certainty,
    /// RFC 9846 has no place for the signal here.
    pub anomalous: bool,
    /// Where it is written, or who does it.
    pub why: &'static str,
}

#[derive(Clone, Copy, Debug)]
enum CauseOf {
    Any(Cause),
    Fault(fn(CertificateFault) -> Cause),
}

impl Row {
    /// Whether the row speaks of `signal` in `context`.
    #[must_use]
    pub fn applies(&self, signal: Signal, context: &Context) -> bool {
        self.signals.contain(signal)
            && self.role.is_none_or(|role| role == context.role())
            && self.when.iter().all(|condition| condition.holds(context))
    }

    /// What the row says about `signal`.
    #[must_use]
    pub fn cause(&self, signal: Signal) -> Cause {
        let fault = match signal {
            Signal::Alert(alert) => CertificateFault::from_alert(alert),
            Signal::TransportLost => None,
        };
        match self.cause {
            CauseOf::Any(cause) => cause,
            CauseOf::Fault(cause) => fault.map_or(Cause::UnexpectedAlert, cause),
        }
    }
}

/// What no other row explains: an alert that has a meaning, but none here.
pub(super) const OTHERWISE: Row = Row {
    role: None,
    signals: ANY_ALERT,
    when: &[],
    cause: CauseOf::Any(Cause::UnexpectedAlert),
    certainty: Certainty::Specified,
    anomalous: true,
    why: "RFC 9846 §6: an error alert",
};

macro_rules! rows {
    (@role client) => { Some(Role::Client) };
    (@role server) => { Some(Role::Server) };
    (@role either) => { None };
    (@cause $cause:ident) => { CauseOf::Any(Cause::$cause) };
    (@cause $cause:ident fault) => { CauseOf::Fault(Cause::$cause) };
    (@cause $cause:ident [$($reading:ident),+]) => {
        CauseOf::Any(Cause::$cause(&[$(Denial::$reading),+]))
    };
    (@anomalous) => { false };
    (@anomalous anomalous) => { true };
    ($($role:ident $signals:ident [$($condition:ident),*] =>
        $cause:ident $(($detail:tt))?, $certainty:ident $($anomalous:ident)?, $why:literal;)+) => {
        /// The rows, in order.
        pub const ROWS: &[Row] = &[
            $(Row {
                role: rows!(@role $role),
                signals: $signals,
                when: &[$($condition),*],
                cause: rows!(@cause $cause $($detail)?),
                certainty: Certainty::$certainty,
                anomalous: rows!(@anomalous $($anomalous)?),
                why: $why,
            },)+
            OTHERWISE,
        ];
    };
}

rows! {
    // A client that was asked for a certificate. RFC 9846 §4.5.3 puts the server's verdict under
    // application keys, so an alert under others is none. By the definition in RFC 9846 §6.2,
    // certificate_required and the certificate alerts keep their meaning after a first verdict.
    client CERTIFICATE_REQUIRED [UNDER_APPLICATION_KEYS, DECLINED]
        => ClientCertificateRequired, Specified, "RFC 9846 §4.5.1.3, §6.2";
    client NO_CERTIFICATE [UNDER_APPLICATION_KEYS, DECLINED, UNDECIDED]
        => ClientCertificateRequired, Inferred anomalous, "Mbed TLS servers";
    client CERTIFICATE_REQUIRED [UNDER_APPLICATION_KEYS, SENT]
        => ClientCertificateRequiredAlthoughSent, Inferred anomalous, "servers that drop what they \
           cannot use";
    client CERTIFICATE_REQUIRED [NOT_REQUESTED, RESUMING]
        => ClientCertificateRequiredToResume, Heuristic anomalous, "a ticket judged once more";
    client CERTIFICATE_REQUIRED []
        => UnexpectedAlert, Specified anomalous, "RFC 9846 §6.2: no certificate was asked for";
    client CERTIFICATE_ALERTS [UNDER_APPLICATION_KEYS, SENT]
        => ClientCertificateUnacceptable(fault), Specified, "RFC 9846 §4.5.1.3, §6.2";
    client BAD_OR_UNKNOWN_CERTIFICATE [UNDER_APPLICATION_KEYS, DECLINED, UNDECIDED]
        => ClientCertificateRequired, Heuristic anomalous, "Go servers to 1.19, as in TLS 1.2";
    client CERTIFICATE_ALERTS [NOT_REQUESTED, RESUMING]
        => ResumedIdentityRejected(fault), Heuristic anomalous, "a ticket judged once more";
    client CERTIFICATE_ALERTS []
        => UnexpectedAlert, Specified anomalous, "RFC 9846 §6.2: no certificate was sent";

    // access_denied: RFC 9846 §6.2 defines it for "a valid certificate or PSK". A ticket is a PSK.
    client ACCESS_DENIED [UNDER_APPLICATION_KEYS, SENT]
        => ClientCertificateDenied, Specified, "RFC 9846 §6.2; for any refusal of a certificate: \
           gnutls-serv, in part NSS and Mbed TLS servers";
    client ACCESS_DENIED [UNDER_APPLICATION_KEYS, DECLINED, UNDECIDED]
        => AnonymousClientDenied, Heuristic anomalous, "nothing else is being judged";
    client ACCESS_DENIED [PROTECTED, NOT_REQUESTED, EXTERNAL_PSK_ACCEPTED]
        => PskDenied, Specified, "RFC 9846 §6.2; only a holder of the PSK has these keys";
    client ACCESS_DENIED [PROTECTED, NOT_REQUESTED, TICKET_ACCEPTED]
        => ResumedIdentityDenied, Specified, "RFC 9846 §6.2";
    client ACCESS_DENIED [AUTHENTICATED]
        => ConnectionDenied, Inferred anomalous, "the server itself sent it: no filter can";
    client ACCESS_DENIED [AWAITING_SERVER_HELLO, PSK_OFFERED, SERVER_NAME_SENT]
        => GenericDenial([PskDenied, ServerNameRefused, NetworkFiltering]), Heuristic,
           "RFC 9846 §6.2; rustls 0.23 servers for an unknown name; network filters";
    client ACCESS_DENIED [AWAITING_SERVER_HELLO, PSK_OFFERED]
        => GenericDenial([PskDenied, NetworkFiltering]), Heuristic,
           "RFC 9846 §6.2; network filters";
    client ACCESS_DENIED [SERVER_NAME_SENT]
        => GenericDenial([ServerNameRefused, NetworkFiltering]), Heuristic anomalous,
           "rustls 0.23 servers for an unknown name; network filters";
    client ACCESS_DENIED []
        => GenericDenial([NetworkFiltering]), Heuristic anomalous, "network filters";

    // handshake_failure
    client HANDSHAKE_FAILURE [AWAITING_SERVER_HELLO, PSK_NOT_OFFERED]
        => NoCommonParameters, Inferred, "RFC 9846 §4.2.1, and many other refusals";
    client HANDSHAKE_FAILURE [AWAITING_SERVER_HELLO, PSK_OFFERED_ALONE]
        => NoAcceptablePsk, Inferred, "BoringSSL, Mbed TLS, wolfSSL servers";
    client HANDSHAKE_FAILURE [BEFORE_PEER_FINISHED]
        => NoCommonParameters, Heuristic, "RFC 9846 §4.2.1; a PSK may have been expected";
    client HANDSHAKE_FAILURE [UNDER_APPLICATION_KEYS, DECLINED, UNDECIDED]
        => HandshakeFailureAfterDecliningCertificate, Heuristic anomalous, "as in TLS 1.2";
    client HANDSHAKE_FAILURE [UNDER_APPLICATION_KEYS, SENT, UNDECIDED]
        => ClientAuthenticationRefusedUnspecified, Heuristic anomalous,
           "OpenSSL, BoringSSL, rustls 0.23 servers when the application refuses";

    // Proofs and PSKs
    client DECRYPT_ERROR [AWAITING_SERVER_HELLO, PSK_OFFERED]
        => PskBinderRejected, Specified, "RFC 9846 §4.3.11, §6.2";
    client ILLEGAL_PARAMETER_OR_BAD_RECORD_MAC [AWAITING_SERVER_HELLO, PSK_OFFERED]
        => ProtocolErrorOrPskBinderRejected, Heuristic,
           "OpenSSL to 3.x, GnuTLS, tlslite-ng (47) and Fizz (20) servers";
    client DECRYPT_ERROR [UNDER_APPLICATION_KEYS, SENT, UNDECIDED]
        => ClientProofRejected, Inferred, "RFC 9846 §4.5.2, §4.5.3; OpenSSL servers for a wrong \
           signature in the chain too";
    client DECRYPT_ERROR [UNDER_APPLICATION_KEYS, NO_STRONG_EVIDENCE]
        => PeerSaysProtocolError, Specified, "RFC 9846 §4.5.3: our Finished does not verify";
    client UNKNOWN_PSK_IDENTITY [AWAITING_SERVER_HELLO, PSK_OFFERED]
        => PskNotAcceptable, Specified, "RFC 9846 §6.2";
    // "No acceptable PSK identity is provided" (RFC 9846 §6.2) holds when none is provided at all.
    client UNKNOWN_PSK_IDENTITY [AWAITING_SERVER_HELLO]
        => PskRequired, Specified, "RFC 9846 §6.2";

    // A verdict that is due and does not come in words
    client GENERAL_ERROR [UNDER_APPLICATION_KEYS, SENT, UNDECIDED]
        => ClientAuthenticationRefusalConcealed, Heuristic, "RFC 9846 §6.2; the verdict is due";
    client CLOSE_NOTIFY [UNDER_APPLICATION_KEYS, UNDECIDED, NO_EVIDENCE]
        => ClosedDuringClientAuthentication, Heuristic, "s2n-tls servers refuse so";
    client TRANSPORT_LOST [UNDECIDED, NO_EVIDENCE]
        => LostDuringClientAuthentication, Heuristic, "a reset overtakes the alert";

    // Negotiation. HelloRetryRequest has settled the version already.
    client PROTOCOL_VERSION [AWAITING_FIRST_SERVER_HELLO]
        => VersionRefused, Specified, "RFC 9846 §4.2.2, §6.2";
    client INSUFFICIENT_SECURITY [AWAITING_SERVER_HELLO]
        => StrongerParametersWanted, Specified, "RFC 9846 §4.2.1, §6.2";
    client INAPPROPRIATE_FALLBACK [AWAITING_FIRST_SERVER_HELLO]
        => FallbackRefused, Specified, "RFC 7507";
    client UNRECOGNIZED_NAME [AWAITING_SERVER_HELLO, SERVER_NAME_SENT]
        => ServerNameUnknown, Specified, "RFC 9846 §6.2, RFC 6066";
    // A server answers the offer of protocols in EncryptedExtensions, and may refuse it there.
    client NO_APPLICATION_PROTOCOL [BEFORE_PEER_FINISHED, PROTOCOLS_OFFERED]
        => NoCommonApplicationProtocol, Specified, "RFC 9846 §6.2, RFC 7301";
    client MISSING_EXTENSION [AWAITING_SERVER_HELLO, SERVER_NAME_NOT_SENT]
        => ServerNameRequired, Inferred, "RFC 9846 §9.2";
    client MISSING_EXTENSION [AWAITING_SERVER_HELLO]
        => ExtensionMissing, Specified, "RFC 9846 §6.2, §9.2";
    client UNEXPECTED_MESSAGE_OR_BAD_RECORD_MAC
        [UNDER_APPLICATION_KEYS, EARLY_DATA_SENT, NO_STRONG_EVIDENCE]
        => EarlyDataRefused, Heuristic, "RFC 9846 §4.3.10 (20), §4.7.1 (10)";
    client ALERTS_OF_CLIENTS []
        => UnexpectedAlert, Specified anomalous, "RFC 9846 §6.2, RFC 9849: clients send it";

    // What a server hears
    server CERTIFICATE_OR_STATUS_ALERTS [CERTIFICATE_SENT]
        => ServerCertificateUnacceptable(fault), Specified, "RFC 9846 §6.2";
    server ACCESS_DENIED [CERTIFICATE_SENT]
        => ServerCertificateDenied, Inferred, "rustls, Mbed TLS, NSS, Schannel clients";
    server ACCESS_DENIED [PSK_ACCEPTED]
        => UnexpectedAlert, Specified anomalous, "RFC 9846 §6.2: a client receives no PSK";
    server DECRYPT_ERROR [AWAITING_CLIENT_FLIGHT]
        => ServerProofRejected, Specified, "RFC 9846 §4.5.2, §4.5.3";
    server CERTIFICATE_REQUIRED []
        => ClientHasNoCertificate, Inferred anomalous, "wolfSSL clients";
    server ECH_REQUIRED [ENCRYPTED_CLIENT_HELLO_REFUSED]
        => EncryptedClientHelloRetryExpected, Specified, "RFC 9849: no fault of anyone";
    server NEGOTIATION_ALERTS_OF_CLIENTS [AFTER_OUR_HELLO]
        => ClientCannotContinue, Specified, "RFC 9846 §4.2.3, §6.2; RFC 9001 §8.1 (120)";
    // Ahead of ClientGaveUp, which would hide it.
    server CLOSE_NOTIFY [AWAITING_CLIENT_FLIGHT, CERTIFICATE_SENT]
        => ClientGaveUpAfterServerCertificate, Heuristic, "clients that refuse without a word";
    server TRANSPORT_LOST [AWAITING_CLIENT_FLIGHT, CERTIFICATE_SENT]
        => ClientGaveUpAfterServerCertificate, Heuristic, "clients that refuse without a word";
    server CLOSURE_ALERTS [BEFORE_PEER_FINISHED]
        => ClientGaveUp, Specified, "RFC 9846 §6.1";

    // Either role. By RFC 9846 §6.2 bad_record_mac and missing_extension speak of our fault too.
    either PROTOCOL_ERRORS [] => PeerSaysProtocolError, Specified, "RFC 9846 §6.2";
    either INTERNAL_ERROR [] => PeerInternalError, Specified, "RFC 9846 §6.2";
    either GENERAL_ERROR [] => PeerConcealed, Specified, "RFC 9846 §6.2";
    either USER_CANCELED [] => CancelAnnounced, Specified, "RFC 9846 §6.1: close_notify follows";
    either CLOSE_NOTIFY [BEFORE_PEER_FINISHED] => ClosedDuringHandshake, Specified, "RFC 9846 §6.1";
    either CLOSE_NOTIFY [] => Closed, Specified, "RFC 9846 §6.1";
    either TRANSPORT_LOST [BEFORE_PEER_FINISHED] => LostDuringHandshake, Specified, "RFC 9846 §6.1";
    either TRANSPORT_LOST [] => Truncated, Specified, "RFC 9846 §6.1";
    either RESERVED [] => ObsoleteAlert, Specified anomalous, "RFC 9846 §6, §B.2: an error alert";
    either UNASSIGNED [] => UnknownAlert, Specified anomalous, "RFC 9846 §6: an error alert";
}
