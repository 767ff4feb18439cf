//! Certificate, CertificateVerify and Finished, for either role (RFC 9846 §4.5).

use std::sync::Arc;

use pki_types::ServerName;

use crate::codec::{List, Writer};
use crate::compression::CertificateCompression;
use crate::crypto::hash::MAX_DIGEST_BYTES;
use crate::crypto::leaf::Leaf;
use crate::crypto::secret::copy;
use crate::crypto::{Digest, Provider};
use crate::epoch::Role;
use crate::failure::Cause;
use crate::handshake::certificate_compression::{self, Compressions};
use crate::handshake::context::Context;
use crate::handshake::decision::{
    Decision, OwnCertificate, PeerChain, Serial, Sign, VerifyCertificate,
};
use crate::handshake::event::{CertificateRequestId, EndEntity, Framed};
use crate::handshake::oid_filters;
use crate::key_schedule::TrafficSecret;
use crate::message::{self, Certificate, CertificateEntry, CertificateVerify};
use crate::message::{CertificateRequest, ClientHello, Finished, OidFilter};
use crate::registry::{CertificateType, HandshakeType, SignatureScheme};
use crate::transcript::Transcript;

/// A peer's chain as it arrived, and its end-entity certificate as far as we read it.
#[derive(Debug)]
pub(crate) struct PeerCertificate {
    /// `None`: the key came without any.
    pub(crate) chain: Option<PeerChain>,
    pub(crate) leaf: Leaf,
}

impl PeerCertificate {
    /// `None` for an empty list. `request_context` is that of the request, empty in the handshake
    /// (RFC 9846 §4.5.1).
    pub(crate) fn from_message(
        cx: &Context,
        request_context: &[u8],
        certificate: &Certificate<'_>,
    ) -> Result<Option<Self>, Cause> {
        if certificate.certificate_request_context != request_context {
            return Err(Cause::RequestContextUnexpected);
        }
        let mut entries = certificate.certificate_list.iter();
        let Some(first) = entries.next() else { return Ok(None) };
        if cx.peer_certificate_type == CertificateType::RAW_PUBLIC_KEY {
            let leaf = Leaf::parse_raw_public_key(first.cert_data)?;
            // RFC 9846 §4.5.1: "no more than one CertificateEntry".
            return match entries.next() {
                None => Ok(Some(Self { chain: None, leaf })),
                Some(_) => Err(Cause::TooManyRawPublicKeys),
            };
        }
        let leaf = Leaf::parse(first.cert_data)?;
        Ok(Some(Self { chain: Some(PeerChain::from(certificate.certificate_list)), leaf }))
    }

    /// What the peer is known by.
    pub(crate) fn end_entity(&self) -> EndEntity {
        match self.chain.iter().flat_map(PeerChain::entries).next() {
            Some(entry) => EndEntity::Certificate(entry.cert_data.to_vec().into()),
            None => EndEntity::RawPublicKey(self.leaf.subject_public_key_info().to_vec().into()),
        }
    }

    /// RFC 9846 §4.3.5: that the end entity has what the request asked for. A raw public key has no
    /// extensions to look into.
    pub(crate) fn check_filters(&self, filters: List<'_, OidFilter<'_>>) -> Result<(), Cause> {
        let mut end_entity = self.chain.iter().flat_map(PeerChain::entries).take(1);
        match end_entity.all(|entry| oid_filters::are_met(filters, entry.cert_data)) {
            true => Ok(()),
            false => Err(Cause::CertificateLacksUsage),
        }
    }

    /// That the peer holds the private key: the signature covers the transcript, to which the proof
    /// is then added.
    pub(crate) fn prove_possession(
        &self,
        signer: Role,
        provider: &Provider,
        offered: List<'_, SignatureScheme>,
        transcript: &mut Transcript,
        Framed { message: proof, encoded }: &Framed<'_, CertificateVerify<'_>>,
    ) -> Result<(), Cause> {
        if !offered.contains(proof.algorithm) {
            return Err(Cause::SignatureSchemeNotOffered);
        }
        if !proof.algorithm.signs_for(signer) {
            return Err(Cause::SignatureSchemeDoesNotFit);
        }
        let mut room = [0; MAX_SIGNED_CONTENT_BYTES];
        let message = signed_content(signer, &transcript.digest(), &mut room);
        let algorithm = provider.signature(proof.algorithm);
        let algorithm = algorithm.ok_or(Cause::SignatureSchemeNotOffered)?;
        algorithm.verify(&self.leaf, message, proof.signature)?;
        transcript.add(encoded);
        Ok(())
    }

    /// Asks whether the certificate is accepted, now that the peer has proved that it is its own.
    pub(crate) fn ask_for_verdict(
        self,
        cx: &mut Context,
        scheme: SignatureScheme,
        request: Option<CertificateRequestId>,
        server_name: Option<ServerName<'static>>,
    ) {
        let (role, Self { chain, leaf }) = (cx.role, self);
        cx.ask(|serial| {
            Decision::VerifyCertificate(VerifyCertificate {
                serial,
                role,
                request,
                chain,
                server_name,
                scheme,
                leaf,
            })
        });
    }
}

/// The content that CertificateVerify signs (RFC 9846 §4.5.2), written into `room`.
fn signed_content<'r>(
    signer: Role,
    through_certificate: &Digest,
    room: &'r mut [u8; MAX_SIGNED_CONTENT_BYTES],
) -> &'r [u8] {
    let context: &[u8; CONTEXT_BYTES] = match signer {
        Role::Client => b"TLS 1.3, client CertificateVerify\0",
        Role::Server => b"TLS 1.3, server CertificateVerify\0",
    };
    let mut length = 0;
    for part in [&[0x20; SPACES], &context[..], through_certificate.as_bytes()] {
        copy(part, room.get_mut(length..).unwrap_or_default());
        length += part.len();
    }
    room.get(..length).unwrap_or_default()
}

/// The spaces in front of the context string, which has a zero at its end.
const SPACES: usize = 64;
const CONTEXT_BYTES: usize = 34;

/// What is signed, with the longest hash.
const MAX_SIGNED_CONTENT_BYTES: usize = SPACES + CONTEXT_BYTES + MAX_DIGEST_BYTES;

/// The question that yields the CertificateVerify of `signer`.
pub(crate) fn to_sign(
    signer: Role,
    certificate: OwnCertificate,
    scheme: SignatureScheme,
    through_certificate: &Transcript,
) -> impl FnOnce(Serial) -> Decision + use<> {
    let mut room = [0; MAX_SIGNED_CONTENT_BYTES];
    let message = signed_content(signer, &through_certificate.digest(), &mut room).to_vec();
    move |serial| Decision::Sign(Sign { serial, scheme, certificate, message })
}

/// Sends Certificate, or CompressedCertificate in its place.
pub(crate) fn send_certificate(
    cx: &mut Context,
    transcript: &mut Transcript,
    context: &[u8],
    certificate: &OwnCertificate,
    form: &CertificateForm,
) -> Result<(), Cause> {
    with_certificate(context, certificate, form, |handshake_type, body| {
        transcript.add(cx.send(handshake_type, body)?);
        Ok(())
    })
}

/// The same message, header included, to be sent later.
pub(crate) fn encode_certificate(
    context: &[u8],
    certificate: &OwnCertificate,
    form: &CertificateForm,
) -> Result<Vec<u8>, Cause> {
    with_certificate(context, certificate, form, |handshake_type, body| {
        let mut message = Vec::new();
        message::encode(handshake_type, &mut message, body)?;
        Ok(message)
    })
}

fn with_certificate<T>(
    context: &[u8],
    certificate: &OwnCertificate,
    form: &CertificateForm,
    then: impl FnOnce(HandshakeType, &dyn Fn(&mut Writer<'_>)) -> Result<T, Cause>,
) -> Result<T, Cause> {
    let plain = |writer: &mut Writer<'_>| {
        Certificate::encode_entries(context, form.entries(certificate), writer);
    };
    let compressed = match &form.compression {
        Some(compression) => certificate_compression::compress(&**compression, plain)?,
        None => None,
    };
    match compressed {
        Some(compressed) => {
            then(HandshakeType::COMPRESSED_CERTIFICATE, &|w| compressed.message().encode(w))
        }
        None => then(HandshakeType::CERTIFICATE, &plain),
    }
}

/// In which form the peer takes our Certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct CertificateForm {
    ocsp_response: bool,
    signed_certificate_timestamps: bool,
    compression: Option<Arc<dyn CertificateCompression>>,
}

impl CertificateForm {
    fn entries<'c>(
        &self,
        certificate: &'c OwnCertificate,
    ) -> impl Iterator<Item = CertificateEntry<'c>> {
        let raw_public_key = certificate.raw_public_key().map(CertificateEntry::bare);
        let stapled = certificate.entries().iter().map(|entry| CertificateEntry {
            cert_data: &entry.certificate,
            ocsp_response: entry.ocsp_response.as_deref().filter(|_| self.ocsp_response),
            signed_certificate_timestamps: entry
                .signed_certificate_timestamps
                .as_deref()
                .filter(|_| self.signed_certificate_timestamps),
        });
        raw_public_key.into_iter().chain(stapled)
    }

    /// What a ClientHello asks for.
    pub(crate) fn for_client(hello: &ClientHello<'_>, ours: &Compressions) -> Self {
        let asked = &hello.extensions;
        Self {
            ocsp_response: asked.status_request,
            signed_certificate_timestamps: asked.signed_certificate_timestamp,
            compression: certificate_compression::in_common(ours, asked.compress_certificate),
        }
    }

    /// What a CertificateRequest asks for.
    pub(crate) fn for_server(request: &CertificateRequest<'_>, ours: &Compressions) -> Self {
        Self {
            ocsp_response: request.status_request,
            signed_certificate_timestamps: request.signed_certificate_timestamp,
            compression: certificate_compression::in_common(ours, request.compress_certificate),
        }
    }
}

/// What holds for a CertificateRequest whenever it comes (RFC 9846 §4.4.2).
pub(crate) fn check_request(request: &CertificateRequest<'_>) -> Result<(), Cause> {
    request.signature_algorithms.ok_or(Cause::RequestWithoutSignatureAlgorithms)?;
    oid_filters::check(request.oid_filters.unwrap_or_default())
}

/// Sends CertificateVerify.
pub(crate) fn send_certificate_verify(
    cx: &mut Context,
    transcript: &mut Transcript,
    algorithm: SignatureScheme,
    signature: &[u8],
) -> Result<(), Cause> {
    let proof = CertificateVerify { algorithm, signature };
    transcript.add(cx.send(HandshakeType::CERTIFICATE_VERIFY, |w| proof.encode(w))?);
    Ok(())
}

/// Sends Finished.
pub(crate) fn send_finished(
    cx: &mut Context,
    transcript: &mut Transcript,
    secret: &TrafficSecret,
) -> Result<(), Cause> {
    let verify_data = secret.verify_data(&transcript.digest());
    let finished = Finished { verify_data: verify_data.as_bytes() };
    transcript.add(cx.send(HandshakeType::FINISHED, |w| finished.encode(w))?);
    Ok(())
}

/// Checks the peer's Finished and adds it to the transcript.
pub(crate) fn check_finished(
    transcript: &mut Transcript,
    secret: &TrafficSecret,
    finished: &Framed<'_, Finished<'_>>,
) -> Result<(), Cause> {
    let digest = transcript.digest();
    let verify_data = finished.message.verify_data;
    if verify_data.len() != digest.as_bytes().len() {
        return Err(Cause::Malformed);
    }
    if !secret.is_verify_data(&digest, verify_data) {
        return Err(Cause::FinishedMismatch);
    }
    transcript.add(finished.encoded);
    Ok(())
}
