//! The client (RFC 9846 Appendix A.1, made exact).
//!
//! A message without a row is `unexpected_message`, so a second HelloRetryRequest needs no rule of
//! its own. The states named by an order (`VerifyCertificate`, `SelectCredential`,
//! `SignCertificateVerify`) wait for the embedder; an answer that refuses needs no row. A client
//! that is asked for a certificate once `Connected` stays there: nothing waits for that answer.

mod connected;
mod hello;
mod offer;
mod own_flight;
mod post_handshake_authentication;
mod server_flight;

pub(super) use self::connected::Connected;
pub(super) use self::hello::{Start, WaitSecondServerHello, WaitServerHello};
pub(super) use self::own_flight::{SelectCredential, SignCertificateVerify};
pub(super) use self::server_flight::{
    VerifyCertificate, WaitCertificate, WaitCertificateOrRequest, WaitCertificateVerify,
    WaitEncryptedExtensions, WaitFinished,
};
use crate::diagnosis::ClientPhase;
use crate::handshake::context::Context;
use crate::handshake::event::{Input, on};
use crate::handshake::machine::transitions;

impl ClientState {
    /// What a diagnosis calls this state.
    pub(super) const fn phase(&self, authentication_is_pending: bool) -> ClientPhase {
        match self {
            Self::Start(_) | Self::WaitServerHello(_) => ClientPhase::AwaitServerHello,
            Self::WaitSecondServerHello(_) => ClientPhase::AwaitServerHelloAfterRetry,
            Self::WaitEncryptedExtensions(_)
            | Self::WaitCertificateOrRequest(_)
            | Self::WaitCertificate(_)
            | Self::WaitCertificateVerify(_)
            | Self::VerifyCertificate(_)
            | Self::WaitFinished(_) => ClientPhase::AwaitServerFlight,
            Self::SelectCredential(_) | Self::SignCertificateVerify(_) => {
                ClientPhase::ClientAuthenticationPending
            }
            Self::Connected(_) if authentication_is_pending => {
                ClientPhase::ClientAuthenticationPending
            }
            Self::Connected(_) => ClientPhase::Connected,
        }
    }
}

transitions! {
    /// The transitions of a client (RFC 9846 Appendix A.1).
    CLIENT for ClientState {
        Start, WaitServerHello, WaitSecondServerHello, WaitEncryptedExtensions,
        WaitCertificateOrRequest, WaitCertificate, WaitCertificateVerify, VerifyCertificate,
        WaitFinished, SelectCredential, SignCertificateVerify, Connected,
    }
    // state                 + input                    => handler              -> next
    Start                    + Begin                    => begin                -> WaitServerHello;
    WaitServerHello          + HelloRetryRequest        => hello_retry_request  -> WaitSecondServerHello;
    WaitServerHello          + ServerHello              => server_hello         -> WaitEncryptedExtensions;
    WaitSecondServerHello    + ServerHello              => server_hello         -> WaitEncryptedExtensions;
    WaitEncryptedExtensions  + EncryptedExtensions      => encrypted_extensions -> WaitCertificateOrRequest | WaitFinished;
    WaitCertificateOrRequest + CertificateRequest       => certificate_request  -> WaitCertificate;
    WaitCertificateOrRequest + Certificate              => certificate          -> WaitCertificateVerify;
    WaitCertificateOrRequest + CompressedCertificate    => decompress           -> WaitCertificateVerify;
    WaitCertificate          + Certificate              => certificate          -> WaitCertificateVerify;
    WaitCertificate          + CompressedCertificate    => decompress           -> WaitCertificateVerify;
    WaitCertificateVerify    + CertificateVerify        => certificate_verify   -> VerifyCertificate;
    VerifyCertificate        + CertificateAccepted      => certificate_accepted -> WaitFinished;
    WaitFinished             + Finished                 => finished             -> SelectCredential | Connected;
    SelectCredential         + ClientCredentialSelected => credential_selected  -> SignCertificateVerify | Connected;
    SignCertificateVerify    + Signed                   => signed               -> Connected;
    Connected                + NewSessionTicket         => new_session_ticket   -> Connected;
    Connected                + KeyUpdate                => key_update           -> Connected;
    Connected                + UpdateKeys               => update_keys          -> Connected;
    // After the handshake (RFC 9846 §4.7.2)
    Connected                + CertificateRequest       => certificate_request  -> Connected;
    Connected                + ClientCredentialSelected => credential_selected  -> Connected;
    Connected                + Signed                   => signed               -> Connected;
}
