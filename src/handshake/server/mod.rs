//! The server (RFC 9846 Appendix A.2, made exact).
//!
//! `SealCookie`, `OpenCookie`, `SelectCredential`, `SignCertificateVerify`, `VerifyCertificate`,
//! `SealTicket` and `VerifyPostHandshakeCertificate` wait for the embedder; an answer that refuses
//! needs no row. A client that has begun to authenticate after the handshake has to finish first.
//! A third ClientHello has no row, hence no second retry.

mod client_flight;
mod connected;
mod hello;
mod own_flight;
mod parameters;
mod post_handshake_authentication;
mod retry;

pub(super) use self::client_flight::{
    VerifyCertificate, WaitCertificate, WaitCertificateVerify, WaitEndOfEarlyData, WaitFinished,
};
pub(super) use self::connected::{Connected, SealTicket};
pub(super) use self::hello::WaitClientHello;
pub(super) use self::own_flight::{SelectCredential, SignCertificateVerify};
pub(super) use self::post_handshake_authentication::{
    VerifyPostHandshakeCertificate, WaitPostHandshakeCertificateVerify, WaitPostHandshakeFinished,
};
pub(super) use self::retry::{OpenCookie, SealCookie, WaitSecondClientHello};
use crate::diagnosis::ServerPhase;
use crate::handshake::context::Context;
use crate::handshake::event::{Input, on};
use crate::handshake::machine::transitions;

impl ServerState {
    /// What a diagnosis calls this state.
    pub(super) const fn phase(&self) -> ServerPhase {
        match self {
            Self::WaitClientHello(_) | Self::SealCookie(_) | Self::SelectCredential(_) => {
                ServerPhase::AwaitClientHello
            }
            Self::WaitSecondClientHello(_) | Self::OpenCookie(_) => {
                ServerPhase::AwaitClientHelloAfterRetry
            }
            Self::SignCertificateVerify(_)
            | Self::WaitEndOfEarlyData(_)
            | Self::WaitCertificate(_)
            | Self::WaitCertificateVerify(_)
            | Self::VerifyCertificate(_)
            | Self::WaitFinished(_) => ServerPhase::AwaitClientFlight,
            Self::Connected(_)
            | Self::SealTicket(_)
            | Self::WaitPostHandshakeCertificateVerify(_)
            | Self::VerifyPostHandshakeCertificate(_)
            | Self::WaitPostHandshakeFinished(_) => ServerPhase::Connected,
        }
    }

    /// Between Certificate and Finished of an authentication after the handshake.
    pub(super) const fn is_amid_authentication(&self) -> bool {
        matches!(
            self,
            Self::WaitPostHandshakeCertificateVerify(_)
                | Self::VerifyPostHandshakeCertificate(_)
                | Self::WaitPostHandshakeFinished(_)
        )
    }
}

transitions! {
    /// The transitions of a server (RFC 9846 Appendix A.2).
    SERVER for ServerState {
        WaitClientHello, SealCookie, WaitSecondClientHello, OpenCookie, SelectCredential,
        SignCertificateVerify,
        WaitEndOfEarlyData, WaitCertificate, WaitCertificateVerify, VerifyCertificate,
        WaitFinished, Connected, SealTicket, WaitPostHandshakeCertificateVerify,
        VerifyPostHandshakeCertificate, WaitPostHandshakeFinished,
    }
    // state                           + input                 => handler              -> next
    WaitClientHello                    + ClientHello           => client_hello         -> SealCookie | WaitSecondClientHello | OpenCookie | SelectCredential;
    SealCookie                         + CookieSealed          => cookie_sealed        -> WaitSecondClientHello;
    WaitSecondClientHello              + ClientHello           => second_client_hello  -> SelectCredential;
    OpenCookie                         + CookieOpened          => cookie_opened        -> SelectCredential;
    SelectCredential                   + CredentialSelected    => credential_selected  -> SignCertificateVerify | WaitEndOfEarlyData | WaitFinished;
    SignCertificateVerify              + Signed                => signed               -> WaitCertificate | WaitFinished;
    WaitEndOfEarlyData                 + EndOfEarlyData        => end_of_early_data    -> WaitFinished;
    WaitCertificate                    + Certificate           => certificate          -> WaitCertificateVerify | WaitFinished;
    WaitCertificate                    + CompressedCertificate => decompress           -> WaitCertificateVerify | WaitFinished;
    WaitCertificateVerify              + CertificateVerify     => certificate_verify   -> VerifyCertificate;
    VerifyCertificate                  + CertificateAccepted   => certificate_accepted -> WaitFinished;
    WaitFinished                       + Finished              => finished             -> Connected;
    Connected                          + IssueTicket           => issue_ticket         -> SealTicket;
    SealTicket                         + TicketSealed          => ticket_sealed        -> Connected;
    SealTicket                         + UpdateKeys            => update_keys          -> SealTicket;
    Connected                          + KeyUpdate             => key_update           -> Connected;
    Connected                          + UpdateKeys            => update_keys          -> Connected;
    // After the handshake (RFC 9846 §4.7.2)
    Connected                          + RequestCertificate    => request_certificate  -> Connected;
    Connected                          + Certificate           => certificate          -> WaitPostHandshakeCertificateVerify | WaitPostHandshakeFinished;
    Connected                          + CompressedCertificate => decompress           -> WaitPostHandshakeCertificateVerify | WaitPostHandshakeFinished;
    WaitPostHandshakeCertificateVerify + CertificateVerify     => certificate_verify   -> VerifyPostHandshakeCertificate;
    WaitPostHandshakeCertificateVerify + UpdateKeys            => update_keys          -> WaitPostHandshakeCertificateVerify;
    VerifyPostHandshakeCertificate     + CertificateAccepted   => certificate_accepted -> WaitPostHandshakeFinished;
    VerifyPostHandshakeCertificate     + UpdateKeys            => update_keys          -> VerifyPostHandshakeCertificate;
    WaitPostHandshakeFinished          + Finished              => finished             -> Connected;
    WaitPostHandshakeFinished          + UpdateKeys            => update_keys          -> WaitPostHandshakeFinished;
}
