//! With which certificate do we answer the peer? (RFC 9846 §4.5.1.2)

use std::sync::Arc;

use super::{
    Answer, ClientCredentialSelected, CredentialSelected, OwnCertificate, Reply, Serial,
    ServerCredential, Unfit,
};
use crate::crypto::Suite;
use crate::epoch::Role;
use crate::failure::{Cause, Misuse};
use crate::handshake::config::ClientAuthentication;
use crate::handshake::oid_filters;
use crate::handshake::psk::{PreSharedKey, check_binder};
use crate::key_schedule::EarlySecret;
use crate::limits::Limits;
use crate::message::{
    CertificateRequest, ClientHello, ClientHelloExtensions, OfferedPsks, OidFilter, ProtocolName,
    PskBinder, PskIdentity, TicketRequest,
};
use crate::registry::{CertificateType, CipherSuite, ExtensionType, NamedGroup, SignatureScheme};
use crate::transcript::Transcript;

/// Who is the server to this client: which certificate, scheme and application protocol?
#[derive(Debug)]
#[must_use = "the handshake waits for the answer"]
pub struct SelectCredential {
    pub(crate) serial: Serial,
    pub(crate) client_hello: Arc<[u8]>,
    pub(crate) limits: Limits,
    pub(crate) suite: &'static Suite,
    pub(crate) group: Option<NamedGroup>,
    /// There is a PSK, and a way to use it that both ends have.
    pub(crate) psk_is_usable: bool,
    /// Early data was offered, and no retry has ended it.
    pub(crate) early_data: bool,
    pub(crate) client_authentication: ClientAuthentication,
    /// `None`: there is none in common, of ours or of the client's.
    pub(crate) certificate_type: Option<CertificateType>,
}

impl SelectCredential {
    /// The extensions of the ClientHello, as far as they are `wanted`.
    fn extensions(&self, wanted: &[ExtensionType]) -> ClientHelloExtensions<'_> {
        let hello = ClientHello::parsed_for(self.client_hello(), wanted);
        hello.map(|hello| hello.extensions).unwrap_or_default()
    }

    /// The body of the ClientHello, for those who want all of it.
    #[must_use]
    pub fn client_hello(&self) -> &[u8] {
        self.client_hello.get(crate::message::HEADER_BYTES..).unwrap_or_default()
    }

    /// The `host_name` the client asks for, as it came: bytes that may not be a valid name.
    #[must_use]
    pub fn server_name(&self) -> Option<&[u8]> {
        self.extensions(&[ExtensionType::SERVER_NAME]).server_name
    }

    /// The application protocols the client offers, in its order of preference.
    pub fn application_layer_protocols(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let wanted = [ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION];
        let offered = self.extensions(&wanted).application_layer_protocols;
        offered.into_iter().flat_map(|list| list.iter()).map(|ProtocolName(name)| name)
    }

    /// The schemes in which the client can verify CertificateVerify, in its order of preference.
    pub fn signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + Clone {
        let offered = self.extensions(&[ExtensionType::SIGNATURE_ALGORITHMS]).signature_algorithms;
        let offered = offered.into_iter().flat_map(|list| list.iter());
        offered.filter(|scheme| scheme.signs_for(Role::Server))
    }

    /// The schemes the client can verify in certificates: `signature_algorithms_cert` if it sent
    /// that.
    pub fn certificate_signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + Clone {
        let wanted =
            [ExtensionType::SIGNATURE_ALGORITHMS, ExtensionType::SIGNATURE_ALGORITHMS_CERT];
        let extensions = self.extensions(&wanted);
        let offered = extensions.signature_algorithms_cert.or(extensions.signature_algorithms);
        offered.into_iter().flat_map(|list| list.iter())
    }

    /// The DER names of the authorities the client trusts, if it says.
    pub fn certificate_authorities(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let wanted = [ExtensionType::CERTIFICATE_AUTHORITIES];
        let offered = self.extensions(&wanted).certificate_authorities;
        offered.into_iter().flat_map(|list| list.iter()).map(|name| name.0)
    }

    /// The cipher suite that will be used.
    #[must_use]
    pub const fn cipher_suite(&self) -> CipherSuite {
        self.suite.id
    }

    /// The key exchange group that will be used; `None` if only a PSK alone is possible.
    #[must_use]
    pub const fn group(&self) -> Option<NamedGroup> {
        self.group
    }

    /// The PSKs the client offers, in its order of preference: identity and obfuscated ticket age.
    /// There are none here if none can be used.
    pub fn psk_identities(&self) -> impl Iterator<Item = PskIdentity<'_>> {
        let offered = self.offered_psks().filter(|_| self.psk_is_usable);
        let identities = offered.into_iter().flat_map(|psks| psks.identities.iter());
        identities.take(self.limits.psk_identities)
    }

    fn offered_psks(&self) -> Option<OfferedPsks<'_>> {
        self.extensions(&[ExtensionType::PRE_SHARED_KEY]).pre_shared_key
    }

    /// Whether the client offers early data, which goes with the first PSK only (RFC 9846 §4.3.10).
    #[must_use]
    pub const fn offers_early_data(&self) -> bool {
        self.early_data
    }

    /// What is different in every ClientHello that was not replayed: to be remembered by whoever
    /// accepts early data, for as long as ticket ages are tolerated (RFC 9846 §8.2).
    ///
    /// It is the binder of the first PSK, which is `key`. `None` if no early data is offered or the
    /// binder is not that key's: only who has the key can fill a memory with tags.
    #[must_use]
    pub fn replay_tag(&self, key: &PreSharedKey) -> Option<&[u8]> {
        let offered = self.offered_psks().filter(|_| self.early_data)?;
        let early = EarlySecret::new(self.suite, &key.secret);
        // Early data is not offered behind a retry, so nothing comes before this ClientHello.
        let nothing = Transcript::new(self.suite.hash);
        check_binder(&early, key.kind, &self.client_hello, &offered, 0, &nothing).ok()?;
        offered.binders.first().map(|PskBinder(binder)| binder)
    }

    /// How many tickets the client would like (RFC 9149), if it says.
    #[must_use]
    pub fn ticket_request(&self) -> Option<TicketRequest> {
        self.extensions(&[ExtensionType::TICKET_REQUEST]).ticket_request
    }

    /// Whether the server asks its clients for a certificate. It cannot ask one that goes on with a
    /// PSK (RFC 9846 §4.4.2).
    #[must_use]
    pub const fn client_authentication(&self) -> ClientAuthentication {
        self.client_authentication
    }

    /// The type that our certificate must have: X.509, or raw public key (RFC 7250); `None` if a
    /// PSK alone must do.
    #[must_use]
    pub fn certificate_type(&self) -> Option<CertificateType> {
        self.extensions(&[ExtensionType::SIGNATURE_ALGORITHMS]).signature_algorithms?;
        // Without a key exchange there would be no secret at all.
        self.group.and(self.certificate_type)
    }

    /// Whether a certificate can be sent at all: not to a client that offers PSKs alone.
    #[must_use]
    pub fn accepts_certificate(&self) -> bool {
        self.certificate_type().is_some()
    }

    /// Go on with the PSK at this index of [`psk_identities`](Self::psk_identities). Its binder is
    /// checked next; a wrong one ends the handshake.
    ///
    /// `early_data` accepts early data, if it was offered under this PSK, and this suite and
    /// `protocol` are the PSK's; otherwise it is skipped. Early data can be replayed: see
    /// [`replay_tag`](Self::replay_tag).
    ///
    /// # Errors
    /// [`Misuse::NotOffered`] if there is no such PSK, the key is for another hash than the
    /// suite's, or `protocol` is not offered; the question comes back.
    pub fn psk(
        self,
        index: usize,
        key: PreSharedKey,
        protocol: Option<&[u8]>,
        early_data: bool,
    ) -> Result<Answer, Box<Unfit<Self>>> {
        let offered = self.psk_identities().nth(index).is_some() && self.offers_protocol(protocol);
        let (true, Ok(wire_index)) = (offered && key.fits(self.suite), u16::try_from(index)) else {
            return Err(Box::new(Unfit { question: self, misuse: Misuse::NotOffered }));
        };
        let early_data = early_data
            && self.early_data
            && index == 0
            && key.permits_early_data(self.suite, protocol);
        let selected = CredentialSelected {
            credential: ServerCredential::Psk { index: wire_index, key, early_data },
            protocol: protocol.map(<[u8]>::to_vec),
        };
        Ok(Answer { serial: self.serial, reply: Reply::CredentialSelected(selected) })
    }

    fn offers_protocol(&self, protocol: Option<&[u8]>) -> bool {
        protocol.is_none_or(|name| self.application_layer_protocols().any(|own| own == name))
    }

    /// Go on with this certificate chain or raw public key, a scheme its key can sign with, and
    /// this application protocol.
    ///
    /// # Errors
    /// [`Misuse::NotOffered`] if the client did not offer `scheme` or `protocol`, or the
    /// certificate is not of the [type](Self::certificate_type) that can be sent, or empty; the
    /// question comes back.
    pub fn certificate(
        self,
        certificate: impl Into<OwnCertificate>,
        scheme: SignatureScheme,
        protocol: Option<&[u8]>,
    ) -> Result<Answer, Box<Unfit<Self>>> {
        let certificate = certificate.into();
        let offered = self.certificate_type().is_some_and(|wanted| certificate.is_of(wanted))
            && self.signature_schemes().any(|offered| offered == scheme)
            && self.offers_protocol(protocol);
        if !offered {
            return Err(Box::new(Unfit { question: self, misuse: Misuse::NotOffered }));
        }
        let selected = CredentialSelected {
            credential: ServerCredential::Certificate { certificate, scheme },
            protocol: protocol.map(<[u8]>::to_vec),
        };
        Ok(Answer { serial: self.serial, reply: Reply::CredentialSelected(selected) })
    }

    /// End the handshake.
    pub fn refuse(self, refusal: HelloRefusal) -> Answer {
        let cause = match refusal {
            HelloRefusal::NameNotServed => Cause::NameNotServed,
            HelloRefusal::NameMissing => Cause::ServerNameMissing,
            HelloRefusal::NoApplicationProtocol => Cause::NoCommonApplicationProtocol,
            HelloRefusal::NoSuitableCertificate => Cause::NoCommonSignatureScheme,
            HelloRefusal::NoAcceptablePsk => Cause::NoAcceptablePsk,
            HelloRefusal::InsufficientSecurity => Cause::SecurityInsufficient,
            HelloRefusal::Parameters => Cause::ParametersRefused,
            HelloRefusal::Overload => Cause::ConnectionOverload,
            HelloRefusal::Unavailable => Cause::SelectionUnavailable,
            HelloRefusal::Concealed => Cause::RefusedWithoutReason,
        };
        Answer { serial: self.serial, reply: Reply::Refused(cause) }
    }

    /// As [`refuse`](Self::refuse) with [`HelloRefusal::Concealed`]: `general_error`.
    #[deprecated(
        since = "0.1.0",
        note = "use `refuse` with the reason: `NameNotServed` for an unknown name, `Overload` for \
                want of capacity, `Concealed` for policy; the client has shown no credential yet \
                to which access could be denied, and in plaintext `access_denied` could come from \
                any filter on the way"
    )]
    pub fn access_denied(self) -> Answer {
        self.refuse(HelloRefusal::Concealed)
    }
}

/// Why a server does not go on with a ClientHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum HelloRefusal {
    /// No server of that name is here: `unrecognized_name`.
    NameNotServed,
    /// The client asks for no name, and there is nothing to serve without one: `missing_extension`
    /// (RFC 9846 §9.2).
    NameMissing,
    /// None of the application protocols is spoken: `no_application_protocol`.
    NoApplicationProtocol,
    /// No certificate fits the client's signature schemes: `handshake_failure`.
    NoSuitableCertificate,
    /// None of the PSKs is acceptable, known or not, and there is no way without:
    /// `unknown_psk_identity`.
    NoAcceptablePsk,
    /// The server wants stronger parameters: `insufficient_security`.
    InsufficientSecurity,
    /// The offer is not acceptable for another reason: `handshake_failure`.
    Parameters,
    /// There is no capacity: `internal_error`.
    Overload,
    /// The question could not be answered: `internal_error`.
    Unavailable,
    /// The reason is withheld: `general_error`.
    Concealed,
}

impl HelloRefusal {
    /// All of them.
    pub const ALL: [Self; 10] = [
        Self::NameNotServed,
        Self::NameMissing,
        Self::NoApplicationProtocol,
        Self::NoSuitableCertificate,
        Self::NoAcceptablePsk,
        Self::InsufficientSecurity,
        Self::Parameters,
        Self::Overload,
        Self::Unavailable,
        Self::Concealed,
    ];
}

/// With which certificate, if any, is the server's CertificateRequest met?
#[derive(Debug)]
#[must_use = "the handshake waits for the answer"]
pub struct SelectClientCredential {
    pub(crate) serial: Serial,
    pub(crate) certificate_request: Vec<u8>,
    pub(crate) limits: Limits,
    pub(crate) certificate_type: CertificateType,
}

impl SelectClientCredential {
    fn request(&self) -> Option<CertificateRequest<'_>> {
        CertificateRequest::parse(&self.certificate_request, &self.limits).ok()
    }

    /// The type that our certificate must have: X.509, or raw public key (RFC 7250).
    #[must_use]
    pub const fn certificate_type(&self) -> CertificateType {
        self.certificate_type
    }

    /// The name of the request; empty during the handshake. After it nothing waits for the answer,
    /// and several requests may be open at one time (RFC 9846 §4.7.2).
    #[must_use]
    pub fn certificate_request_context(&self) -> &[u8] {
        self.request().map_or(&[], |request| request.certificate_request_context)
    }

    /// The schemes in which the server can verify CertificateVerify, in its order of preference.
    pub fn signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + Clone {
        let offered = self.request().and_then(|request| request.signature_algorithms);
        let offered = offered.into_iter().flat_map(|list| list.iter());
        offered.filter(|scheme| scheme.signs_for(Role::Client))
    }

    /// The schemes the server can verify in certificates: `signature_algorithms_cert` if it sent
    /// that.
    pub fn certificate_signature_schemes(&self) -> impl Iterator<Item = SignatureScheme> + Clone {
        let offered =
            self.request().and_then(|r| r.signature_algorithms_cert.or(r.signature_algorithms));
        offered.into_iter().flat_map(|list| list.iter())
    }

    /// The DER names of the authorities the server trusts, if it says (RFC 9846 §4.3.4).
    pub fn certificate_authorities(&self) -> impl Iterator<Item = &[u8]> + Clone {
        let offered = self.request().and_then(|request| request.certificate_authorities);
        offered.into_iter().flat_map(|list| list.iter()).map(|name| name.0)
    }

    /// What the server wants the certificate to have (RFC 9846 §4.3.5). Filters of extensions that
    /// one does not know are ignored, and all of them with a raw public key.
    pub fn oid_filters(&self) -> impl Iterator<Item = OidFilter<'_>> {
        let filters = self.request().and_then(|request| request.oid_filters);
        filters.into_iter().flat_map(|list| list.iter())
    }

    /// Whether a certificate, in DER, has the key usages and the purposes that these filters ask
    /// for; others are not looked at. The server refuses one that has not.
    #[must_use]
    pub fn oid_filters_are_met_by(&self, certificate: &[u8]) -> bool {
        let filters = self.request().and_then(|request| request.oid_filters);
        oid_filters::are_met(filters.unwrap_or_default(), certificate)
    }

    /// Send this chain or raw public key and sign with `scheme`.
    ///
    /// # Errors
    /// [`Misuse::NotOffered`] if the server did not offer `scheme`, or the certificate is not of
    /// the [type](Self::certificate_type) that it takes, or empty; the question comes back.
    pub fn certificate(
        self,
        certificate: impl Into<OwnCertificate>,
        scheme: SignatureScheme,
    ) -> Result<Answer, Box<Unfit<Self>>> {
        let certificate = certificate.into();
        let offered = self.signature_schemes().any(|offered| offered == scheme);
        if !offered || !certificate.is_of(self.certificate_type) {
            return Err(Box::new(Unfit { question: self, misuse: Misuse::NotOffered }));
        }
        let selected = ClientCredentialSelected(Some((certificate, scheme)));
        Ok(Answer { serial: self.serial, reply: Reply::ClientCredentialSelected(selected) })
    }

    /// Send an empty Certificate message: the server decides whether it goes on without.
    pub fn decline(self) -> Answer {
        Answer {
            serial: self.serial,
            reply: Reply::ClientCredentialSelected(ClientCredentialSelected(None)),
        }
    }

    /// The question could not be answered: `internal_error`.
    pub fn unavailable(self) -> Answer {
        Answer { serial: self.serial, reply: Reply::Refused(Cause::SelectionUnavailable) }
    }
}
