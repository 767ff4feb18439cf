//! Certificate, CertificateVerify and Finished: the messages of authentication (RFC 9846 §4.5), and
//! Certificate compressed (RFC 8879).

use super::extension::{ExtensionBlock, encode_in_order};
use super::extension_data::{
    decode_certificate_status, decode_timestamps, encode_certificate_status, encode_opaque,
};
use super::{Kind, ParseContext};
use crate::codec::{Decode, Encode, List, Reader, Writer};
use crate::failure::Cause;
use crate::registry::{CertificateCompressionAlgorithm, ExtensionType, SignatureScheme};

/// A certificate chain (RFC 9846 §4.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Certificate<'a> {
    /// The name of the request that it answers; empty during the handshake.
    pub certificate_request_context: &'a [u8],
    /// The chain, the sender's own certificate first; empty from a client that has none.
    pub certificate_list: List<'a, CertificateEntry<'a>>,
}

/// A certificate of a chain, and what is said about it (RFC 9846 §4.5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateEntry<'a> {
    /// The certificate in DER, or the SubjectPublicKeyInfo that stands for one; not empty.
    pub cert_data: &'a [u8],
    /// The OCSPResponse in DER (`status_request`, RFC 9846 §4.5.1.1).
    pub ocsp_response: Option<&'a [u8]>,
    /// The SignedCertificateTimestampList, its length included (RFC 6962 §3.3).
    pub signed_certificate_timestamps: Option<&'a [u8]>,
}

impl<'a> Certificate<'a> {
    /// Parses the body of a Certificate, the extensions of every entry included.
    ///
    /// # Errors
    /// [`Cause::Malformed`], [`Cause::TooManyCertificates`] and the extension causes of
    /// [`ExtensionBlock::parse`].
    pub fn parse(body: &'a [u8], context: &ParseContext) -> Result<Self, Cause> {
        let ParseContext { offered, limits, .. } = context;
        let mut reader = Reader::new(body);
        let certificate_request_context = reader.vector8()?.remaining();
        let entries = reader.vector24()?;
        reader.end()?;
        let mut unjudged = entries;
        let mut judged = 0;
        while !unjudged.is_empty() {
            if judged == limits.certificates {
                return Err(Cause::TooManyCertificates);
            }
            judged += 1;
            let (_, block) = CertificateEntry::fields(&mut unjudged)?;
            block.judge(Kind::Certificate, Some(*offered), limits)?;
        }
        Ok(Self { certificate_request_context, certificate_list: List::parse(entries)? })
    }

    /// Appends the body.
    pub fn encode(&self, writer: &mut Writer<'_>) {
        writer.vector8(|writer| writer.raw(self.certificate_request_context));
        writer.vector24(|writer| writer.raw(self.certificate_list.as_bytes()));
    }

    /// Appends the body of a Certificate with these `entries`.
    pub fn encode_entries(
        certificate_request_context: &[u8],
        entries: impl Iterator<Item = CertificateEntry<'a>>,
        writer: &mut Writer<'_>,
    ) {
        writer.vector8(|writer| writer.raw(certificate_request_context));
        writer.vector24(|writer| entries.for_each(|entry| entry.encode(writer)));
    }
}

impl<'a> CertificateEntry<'a> {
    /// A certificate, or a raw public key, about which nothing is said.
    #[must_use]
    pub const fn bare(cert_data: &'a [u8]) -> Self {
        Self { cert_data, ocsp_response: None, signed_certificate_timestamps: None }
    }

    fn fields(reader: &mut Reader<'a>) -> Result<(&'a [u8], ExtensionBlock<'a>), Cause> {
        let cert_data = reader.vector24()?.non_empty()?.remaining();
        Ok((cert_data, ExtensionBlock::read(reader)?))
    }
}

impl<'a> Decode<'a> for CertificateEntry<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        let (cert_data, block) = Self::fields(reader)?;
        let mut entry = Self::bare(cert_data);
        for (extension_type, body) in block.iter() {
            match extension_type {
                ExtensionType::STATUS_REQUEST => {
                    entry.ocsp_response = decode_certificate_status(body)?;
                }
                ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP => {
                    entry.signed_certificate_timestamps = decode_timestamps(body)?;
                }
                _ => {}
            }
        }
        Ok(entry)
    }
}

impl Encode for CertificateEntry<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.vector24(|writer| writer.raw(self.cert_data));
        let order = [ExtensionType::STATUS_REQUEST, ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP];
        encode_in_order(writer, &order, |extension_type, writer| match extension_type {
            ExtensionType::STATUS_REQUEST => encode_certificate_status(self.ocsp_response, writer),
            _ => encode_opaque(self.signed_certificate_timestamps, writer),
        });
    }
}

/// A Certificate, compressed (RFC 8879 §4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CompressedCertificate<'a> {
    /// The algorithm.
    pub algorithm: CertificateCompressionAlgorithm,
    /// How long the body of the Certificate is; below 2^24.
    pub uncompressed_length: u32,
    /// The body of the Certificate, compressed; not empty.
    pub compressed_certificate_message: &'a [u8],
}

impl<'a> CompressedCertificate<'a> {
    /// Parses the body of a CompressedCertificate, and leaves what is compressed in it alone.
    ///
    /// # Errors
    /// [`Cause::Malformed`].
    pub fn parse(body: &'a [u8]) -> Result<Self, Cause> {
        let mut reader = Reader::new(body);
        let algorithm = CertificateCompressionAlgorithm::decode(&mut reader)?;
        let uncompressed_length = reader.u24()?;
        let compressed_certificate_message = reader.vector24()?.non_empty()?.remaining();
        reader.end()?;
        Ok(Self { algorithm, uncompressed_length, compressed_certificate_message })
    }

    /// Appends the body.
    pub fn encode(&self, writer: &mut Writer<'_>) {
        let [_, uncompressed_length @ ..] = self.uncompressed_length.to_be_bytes();
        self.algorithm.encode(writer);
        writer.raw(&uncompressed_length);
        writer.vector24(|writer| writer.raw(self.compressed_certificate_message));
    }
}

/// The proof of possession of the certificate's key (RFC 9846 §4.5.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CertificateVerify<'a> {
    /// The scheme of the signature.
    pub algorithm: SignatureScheme,
    /// The signature over the transcript.
    pub signature: &'a [u8],
}

impl<'a> CertificateVerify<'a> {
    /// Parses the body of a CertificateVerify.
    ///
    /// # Errors
    /// [`Cause::Malformed`].
    pub fn parse(body: &'a [u8]) -> Result<Self, Cause> {
        let mut reader = Reader::new(body);
        let algorithm = SignatureScheme::decode(&mut reader)?;
        let signature = reader.vector16()?.remaining();
        reader.end()?;
        Ok(Self { algorithm, signature })
    }

    /// Appends the body.
    pub fn encode(&self, writer: &mut Writer<'_>) {
        self.algorithm.encode(writer);
        writer.vector16(|writer| writer.raw(self.signature));
    }
}

/// The proof that the handshake was not changed on its way (RFC 9846 §4.5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Finished<'a> {
    /// A MAC over the transcript, as long as the handshake's hash; the parser does not know which.
    pub verify_data: &'a [u8],
}

impl<'a> Finished<'a> {
    /// Parses the body of a Finished.
    ///
    /// # Errors
    /// [`Cause::Malformed`] when it is empty, as no hash is.
    pub fn parse(body: &'a [u8]) -> Result<Self, Cause> {
        Ok(Self { verify_data: Reader::new(body).non_empty()?.remaining() })
    }

    /// Appends the body.
    pub fn encode(&self, writer: &mut Writer<'_>) {
        writer.raw(self.verify_data);
    }
}
