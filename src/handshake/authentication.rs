//! Certificate, CertificateVerify and Finished, for either role (RFC 9846 §4.5).

use crate::codec::{List, Vector};
use crate::crypto::leaf::Leaf;
use crate::crypto::{Digest, Provider};
use crate::epoch::Role;
use crate::failure::Cause;
use crate::handshake::context::Context;
use crate::handshake::decision::{Decision, OwnCertificate, PeerChain, Serial, Sign};
use crate::handshake::event::Framed;
use crate::key_schedule::TrafficSecret;
use crate::limits::Limits;
use crate::message;
use crate::message::CertificateRequest;
use crate::message::HEADER_BYTES;
use crate::message::{Certificate, CertificateEntry, CertificateVerify, Finished};
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
    /// `None` for an empty list.
    pub(crate) fn from_message(
        cx: &Context,
        certificate: &Framed<'_, Certificate<'_>>,
    ) -> Result<Option<Self>, Cause> {
        let mut entries = certificate.message.certificate_list.iter();
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
        let body = certificate.encoded.get(HEADER_BYTES..).unwrap_or_default().to_vec();
        let context = cx.parse_context();
        Ok(Some(Self { chain: Some(PeerChain { body, context }), leaf }))
    }

    /// That `signer` holds the private key: the signature covers the transcript through
    /// Certificate.
    pub(crate) fn prove_possession(
        &self,
        provider: &Provider,
        offered: List<'_, SignatureScheme>,
        signer: Role,
        through_certificate: &Digest,
        proof: &CertificateVerify<'_>,
    ) -> Result<(), Cause> {
        if !offered.contains(proof.algorithm) {
            return Err(Cause::SignatureSchemeNotOffered);
        }
        if !proof.algorithm.signs_for(signer) {
            return Err(Cause::SignatureSchemeDoesNotFit);
        }
        let message = signed_content(signer, through_certificate);
        let algorithm = provider.signature(proof.algorithm);
        let algorithm = algorithm.ok_or(Cause::SignatureSchemeNotOffered)?;
        algorithm.verify(&self.leaf, &message, proof.signature)
    }
}

/// The content that CertificateVerify signs (RFC 9846 §4.5.2).
fn signed_content(signer: Role, through_certificate: &Digest) -> Vec<u8> {
    let context: &[u8] = match signer {
        Role::Client => b"TLS 1.3, client CertificateVerify\0",
        Role::Server => b"TLS 1.3, server CertificateVerify\0",
    };
    [&[0x20; 64], context, through_certificate.as_bytes()].concat()
}

/// The question that yields the CertificateVerify of `signer`.
pub(crate) fn to_sign(
    signer: Role,
    certificate: OwnCertificate,
    scheme: SignatureScheme,
    through_certificate: &Transcript,
) -> impl FnOnce(Serial) -> Decision + use<> {
    let message = signed_content(signer, &through_certificate.digest());
    move |serial| Decision::Sign(Sign { serial, scheme, certificate, message })
}

/// Sends Certificate; `staples` says which extensions the peer asked for.
pub(crate) fn send_certificate(
    cx: &mut Context,
    transcript: &mut Transcript,
    context: &[u8],
    certificate: &OwnCertificate,
    staples: Staples,
) -> Result<(), Cause> {
    with_certificate(context, certificate, staples, |certificate| {
        transcript.add(cx.send(HandshakeType::CERTIFICATE, |w| certificate.encode(w))?);
        Ok(())
    })
}

/// Certificate, header included, to be sent later.
pub(crate) fn encode_certificate(
    context: &[u8],
    certificate: &OwnCertificate,
    staples: Staples,
) -> Result<Vec<u8>, Cause> {
    with_certificate(context, certificate, staples, |certificate| {
        let mut message = Vec::new();
        message::encode(HandshakeType::CERTIFICATE, &mut message, |w| certificate.encode(w))?;
        Ok(message)
    })
}

fn with_certificate<T>(
    context: &[u8],
    certificate: &OwnCertificate,
    staples: Staples,
    then: impl FnOnce(&Certificate<'_>) -> Result<T, Cause>,
) -> Result<T, Cause> {
    let entries = entries(certificate, staples);
    then(&Certificate { certificate_request_context: context, certificate_list: entries.list() })
}

fn entries(certificate: &OwnCertificate, staples: Staples) -> Vector<CertificateEntry<'_>> {
    if let OwnCertificate::RawPublicKey(key) = certificate {
        return core::iter::once(CertificateEntry::bare(key)).collect();
    }
    let stapled = certificate.entries().iter().map(|entry| CertificateEntry {
        cert_data: &entry.certificate,
        ocsp_response: entry.ocsp_response.as_deref().filter(|_| staples.ocsp_response),
        signed_certificate_timestamps: entry
            .signed_certificate_timestamps
            .as_deref()
            .filter(|_| staples.signed_certificate_timestamps),
    });
    stapled.collect()
}

/// What the peer wants stapled to certificates.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Staples {
    pub(crate) ocsp_response: bool,
    pub(crate) signed_certificate_timestamps: bool,
}

impl Staples {
    /// What the body of a CertificateRequest asks for.
    pub(crate) fn requested_by(certificate_request: &[u8], limits: &Limits) -> Self {
        let request = CertificateRequest::parse(certificate_request, limits);
        request.map_or(Self::default(), |request| Self {
            ocsp_response: request.status_request,
            signed_certificate_timestamps: request.signed_certificate_timestamp,
        })
    }
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
