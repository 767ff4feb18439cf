//! Certificate, CertificateVerify and Finished, for either role (RFC 9846 §4.5).

use std::sync::Arc;

use crate::codec::{List, Vector};
use crate::compression::CertificateCompression;
use crate::crypto::leaf::Leaf;
use crate::crypto::{Digest, Provider};
use crate::epoch::Role;
use crate::failure::Cause;
use crate::handshake::certificate_compression::{self, Compressions};
use crate::handshake::context::Context;
use crate::handshake::decision::{CertificateChain, Decision, PeerChain, Serial, Sign};
use crate::handshake::event::Framed;
use crate::handshake::oid_filters;
use crate::key_schedule::TrafficSecret;
use crate::limits::Limits;
use crate::message::{Certificate, CertificateEntry, CertificateVerify, CompressedCertificate};
use crate::message::{CertificateRequest, ClientHello, Finished, OidFilter};
use crate::registry::{HandshakeType, SignatureScheme};
use crate::transcript::Transcript;

/// A peer's chain as it arrived, and its end-entity certificate as far as we read it.
#[derive(Debug)]
pub(crate) struct PeerCertificate {
    pub(crate) chain: PeerChain,
    pub(crate) leaf: Leaf,
}

impl PeerCertificate {
    /// `None` for an empty list. `request_context` is that of the request, empty in the handshake
    /// (RFC 9846 §4.5.1).
    pub(crate) fn from_message(
        cx: &Context,
        request_context: &[u8],
        certificate: &Framed<'_, Certificate<'_>>,
    ) -> Result<Option<Self>, Cause> {
        let leaf = end_entity(request_context, &certificate.message)?;
        let context = cx.parse_context();
        Ok(leaf.map(|leaf| {
            let chain = PeerChain { body: certificate.body().to_vec(), context };
            Self { chain, leaf }
        }))
    }

    /// The same, out of a CompressedCertificate (RFC 8879 §5: with the same checks).
    pub(crate) fn from_compressed(
        cx: &Context,
        request_context: &[u8],
        ours: &Compressions,
        compressed: &CompressedCertificate<'_>,
    ) -> Result<Option<Self>, Cause> {
        let body = certificate_compression::decompress(ours, compressed, &cx.limits)?;
        let context = cx.parse_context();
        let leaf = end_entity(request_context, &Certificate::parse(&body, &context)?)?;
        Ok(leaf.map(|leaf| Self { chain: PeerChain { body, context }, leaf }))
    }

    /// RFC 9846 §4.3.5: that the end entity has what the request asked for.
    pub(crate) fn check_filters(&self, filters: List<'_, OidFilter<'_>>) -> Result<(), Cause> {
        let mut end_entity = self.chain.entries().take(1);
        match end_entity.all(|entry| oid_filters::are_met(filters, entry.cert_data)) {
            true => Ok(()),
            false => Err(Cause::CertificateLacksUsage),
        }
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
        let message = signed_content(signer, through_certificate);
        let algorithm = provider.signature(proof.algorithm);
        let algorithm = algorithm.ok_or(Cause::SignatureSchemeNotOffered)?;
        algorithm.verify(&self.leaf, &message, proof.signature)
    }
}

fn end_entity(
    request_context: &[u8],
    certificate: &Certificate<'_>,
) -> Result<Option<Leaf>, Cause> {
    if certificate.certificate_request_context != request_context {
        return Err(Cause::RequestContextUnexpected);
    }
    let end_entity = certificate.certificate_list.first();
    end_entity.map(|entry| Leaf::parse(entry.cert_data)).transpose()
}

/// The content that CertificateVerify signs (RFC 9846 §4.5.2).
fn signed_content(signer: Role, through_certificate: &Digest) -> Vec<u8> {
    let context: &[u8] = match signer {
        Role::Client => b"TLS 1.3, client CertificateVerify\0",
        Role::Server => b"TLS 1.3, server CertificateVerify\0",
    };
    [&[0x20; 64], context, through_certificate.as_bytes()].concat()
}

/// The question that yields our CertificateVerify.
pub(crate) fn ask_to_sign(
    cx: &mut Context,
    chain: Arc<CertificateChain>,
    scheme: SignatureScheme,
    transcript: &Transcript,
) {
    let message = signed_content(cx.role, &transcript.digest());
    cx.ask(|serial: Serial| Decision::Sign(Sign { serial, scheme, chain, message }));
}

/// Sends Certificate, or CompressedCertificate in its place.
pub(crate) fn send_certificate(
    cx: &mut Context,
    transcript: &mut Transcript,
    context: &[u8],
    chain: &CertificateChain,
    form: &CertificateForm,
) -> Result<(), Cause> {
    let entries: Vector<CertificateEntry<'_>> = chain
        .entries
        .iter()
        .map(|entry| CertificateEntry {
            cert_data: &entry.certificate,
            ocsp_response: entry.ocsp_response.as_deref().filter(|_| form.ocsp_response),
            signed_certificate_timestamps: entry
                .signed_certificate_timestamps
                .as_deref()
                .filter(|_| form.signed_certificate_timestamps),
        })
        .collect();
    let certificate =
        Certificate { certificate_request_context: context, certificate_list: entries.list() };
    let compressed = match &form.compression {
        Some(compression) => certificate_compression::compress(&**compression, &certificate)?,
        None => None,
    };
    transcript.add(match &compressed {
        Some(compressed) => {
            cx.send(HandshakeType::COMPRESSED_CERTIFICATE, |w| compressed.message().encode(w))?
        }
        None => cx.send(HandshakeType::CERTIFICATE, |w| certificate.encode(w))?,
    });
    Ok(())
}

/// In which form the peer takes our Certificate.
#[derive(Clone, Debug, Default)]
pub(crate) struct CertificateForm {
    ocsp_response: bool,
    signed_certificate_timestamps: bool,
    compression: Option<Arc<dyn CertificateCompression>>,
}

impl CertificateForm {
    /// What a ClientHello asks for.
    pub(crate) fn for_client(hello: &ClientHello<'_>, ours: &Compressions) -> Self {
        let asked = &hello.extensions;
        Self {
            ocsp_response: asked.status_request,
            signed_certificate_timestamps: asked.signed_certificate_timestamp,
            compression: certificate_compression::in_common(ours, asked.compress_certificate),
        }
    }

    /// What the body of a CertificateRequest asks for.
    pub(crate) fn requested_by(
        certificate_request: &[u8],
        ours: &Compressions,
        limits: &Limits,
    ) -> Self {
        let request = CertificateRequest::parse(certificate_request, limits);
        request.map_or_else(
            |_| Self::default(),
            |asked| Self {
                ocsp_response: asked.status_request,
                signed_certificate_timestamps: asked.signed_certificate_timestamp,
                compression: certificate_compression::in_common(ours, asked.compress_certificate),
            },
        )
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
