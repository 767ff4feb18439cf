//! EncryptedExtensions and CertificateRequest: what the server says about the connection before it
//! authenticates itself (RFC 9846 §4.4).

use super::extension::{ExtensionBlock, ExtensionSet};
use super::extension_data::{
    DistinguishedName, decode_any_list16, decode_flag, decode_list8, decode_list16, decode_opaque,
    decode_record_size_limit, decode_selected_protocol, decode_value, encode_list8, encode_list16,
    encode_opaque, encode_selected_protocol, encode_value,
};
use super::layout::Layout;
use super::oid_filter::OidFilter;
use super::{Kind, ParseContext};
use crate::codec::{List, Reader, Writer};
use crate::failure::Cause;
use crate::limits::Limits;
use crate::registry::{
    CertificateCompressionAlgorithm, CertificateType, ExtensionType, NamedGroup, SignatureScheme,
};

/// The server's answers to the client's extensions (RFC 9846 §4.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct EncryptedExtensions<'a> {
    /// Whether the server made use of the client's `server_name` (RFC 6066 §3).
    pub server_name: bool,
    /// The groups that the server would like better next time (RFC 9846 §4.3.7).
    pub supported_groups: Option<List<'a, NamedGroup>>,
    /// The application protocol (RFC 7301).
    pub application_layer_protocol: Option<&'a [u8]>,
    /// What the client is to show of itself (RFC 7250 §4.2).
    pub client_certificate_type: Option<CertificateType>,
    /// What the server shows of itself (RFC 7250 §4.2).
    pub server_certificate_type: Option<CertificateType>,
    /// Whether the server accepts early data (RFC 9846 §4.3.10).
    pub early_data: bool,
    /// The QUIC transport parameters (RFC 9001 §8.2).
    pub quic_transport_parameters: Option<&'a [u8]>,
    /// The largest record that the server takes (RFC 8449).
    pub record_size_limit: Option<u16>,
    /// How many tickets the server is going to issue (RFC 9149).
    pub expected_ticket_count: Option<u8>,
}

impl<'a> EncryptedExtensions<'a> {
    /// Parses the body of an EncryptedExtensions.
    ///
    /// # Errors
    /// [`Cause::Malformed`], the extension causes of [`ExtensionBlock::parse`] and
    /// [`Cause::RecordSizeLimitTooSmall`].
    pub fn parse(body: &'a [u8], context: &ParseContext) -> Result<Self, Cause> {
        let mut reader = Reader::new(body);
        let message = Kind::EncryptedExtensions;
        let offered = Some(context.offered);
        let block = ExtensionBlock::parse(&mut reader, message, offered, &context.limits)?;
        reader.end()?;
        let mut extensions = Self::default();
        for (extension_type, body) in block.iter() {
            extensions.decode_extension(extension_type, body)?;
        }
        Ok(extensions)
    }

    /// Appends the body, and returns the extensions that it really has. `message_start` is the
    /// position of the message's header.
    pub fn encode(
        &self,
        writer: &mut Writer<'_>,
        layout: &Layout,
        message_start: usize,
    ) -> ExtensionSet {
        layout.encode(writer, message_start, |extension_type, writer| {
            self.encode_extension(extension_type, writer)
        })
    }

    fn decode_extension(&mut self, of: ExtensionType, body: Reader<'a>) -> Result<(), Cause> {
        use ExtensionType as Type;
        match of {
            Type::SERVER_NAME => self.server_name = decode_flag(body)?,
            Type::SUPPORTED_GROUPS => self.supported_groups = decode_list16(body)?,
            Type::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => {
                self.application_layer_protocol = decode_selected_protocol(body)?;
            }
            Type::CLIENT_CERTIFICATE_TYPE => self.client_certificate_type = decode_value(body)?,
            Type::SERVER_CERTIFICATE_TYPE => self.server_certificate_type = decode_value(body)?,
            Type::RECORD_SIZE_LIMIT => self.record_size_limit = decode_record_size_limit(body)?,
            Type::EARLY_DATA => self.early_data = decode_flag(body)?,
            Type::TICKET_REQUEST => self.expected_ticket_count = decode_value(body)?,
            Type::QUIC_TRANSPORT_PARAMETERS => {
                self.quic_transport_parameters = decode_opaque(body);
            }
            _ => {}
        }
        Ok(())
    }

    fn encode_extension(&self, of: ExtensionType, writer: &mut Writer<'_>) -> bool {
        use ExtensionType as Type;
        match of {
            Type::SERVER_NAME => self.server_name,
            Type::SUPPORTED_GROUPS => encode_list16(self.supported_groups, writer),
            Type::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => {
                encode_selected_protocol(self.application_layer_protocol, writer)
            }
            Type::CLIENT_CERTIFICATE_TYPE => encode_value(self.client_certificate_type, writer),
            Type::SERVER_CERTIFICATE_TYPE => encode_value(self.server_certificate_type, writer),
            Type::RECORD_SIZE_LIMIT => encode_value(self.record_size_limit, writer),
            Type::EARLY_DATA => self.early_data,
            Type::TICKET_REQUEST => encode_value(self.expected_ticket_count, writer),
            Type::QUIC_TRANSPORT_PARAMETERS => {
                encode_opaque(self.quic_transport_parameters, writer)
            }
            _ => false,
        }
    }
}

/// The server's wish for a certificate (RFC 9846 §4.4.2).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CertificateRequest<'a> {
    /// The name of the request; empty during the handshake.
    pub certificate_request_context: &'a [u8],
    /// The schemes for CertificateVerify; required, but not by the syntax (RFC 9846 §4.3.3).
    pub signature_algorithms: Option<List<'a, SignatureScheme>>,
    /// The schemes in certificates, where they differ (RFC 9846 §4.3.3).
    pub signature_algorithms_cert: Option<List<'a, SignatureScheme>>,
    /// The authorities that the server trusts (RFC 9846 §4.3.4).
    pub certificate_authorities: Option<List<'a, DistinguishedName<'a>>>,
    /// What the certificate has to have, possibly nothing (RFC 9846 §4.3.5).
    pub oid_filters: Option<List<'a, OidFilter<'a>>>,
    /// How the certificate may be compressed (RFC 8879 §3).
    pub compress_certificate: Option<List<'a, CertificateCompressionAlgorithm>>,
    /// Whether an OCSP response is wanted (RFC 9846 §4.5.1.1).
    pub status_request: bool,
    /// Whether certificate timestamps are wanted (RFC 6962 §3.3.1).
    pub signed_certificate_timestamp: bool,
}

impl<'a> CertificateRequest<'a> {
    /// Parses the body of a CertificateRequest.
    ///
    /// # Errors
    /// [`Cause::Malformed`] and the extension causes of [`ExtensionBlock::parse`].
    pub fn parse(body: &'a [u8], limits: &Limits) -> Result<Self, Cause> {
        let mut reader = Reader::new(body);
        let certificate_request_context = reader.vector8()?.remaining();
        let block = ExtensionBlock::parse(&mut reader, Kind::CertificateRequest, None, limits)?;
        reader.end()?;
        let mut request = Self { certificate_request_context, ..Self::default() };
        for (extension_type, body) in block.iter() {
            request.decode_extension(extension_type, body)?;
        }
        Ok(request)
    }

    /// Appends the body, and returns the extensions that it really has. `message_start` is the
    /// position of the message's header.
    pub fn encode(
        &self,
        writer: &mut Writer<'_>,
        layout: &Layout,
        message_start: usize,
    ) -> ExtensionSet {
        writer.vector8(|writer| writer.raw(self.certificate_request_context));
        layout.encode(writer, message_start, |extension_type, writer| {
            self.encode_extension(extension_type, writer)
        })
    }

    fn decode_extension(&mut self, of: ExtensionType, body: Reader<'a>) -> Result<(), Cause> {
        use ExtensionType as Type;
        match of {
            Type::STATUS_REQUEST => self.status_request = decode_flag(body)?,
            Type::SIGNATURE_ALGORITHMS => self.signature_algorithms = decode_list16(body)?,
            Type::SIGNED_CERTIFICATE_TIMESTAMP => {
                self.signed_certificate_timestamp = decode_flag(body)?;
            }
            Type::COMPRESS_CERTIFICATE => self.compress_certificate = decode_list8(body)?,
            Type::CERTIFICATE_AUTHORITIES => self.certificate_authorities = decode_list16(body)?,
            Type::OID_FILTERS => self.oid_filters = decode_any_list16(body)?,
            Type::SIGNATURE_ALGORITHMS_CERT => {
                self.signature_algorithms_cert = decode_list16(body)?;
            }
            _ => {}
        }
        Ok(())
    }

    fn encode_extension(&self, of: ExtensionType, writer: &mut Writer<'_>) -> bool {
        use ExtensionType as Type;
        match of {
            Type::STATUS_REQUEST => self.status_request,
            Type::SIGNATURE_ALGORITHMS => encode_list16(self.signature_algorithms, writer),
            Type::SIGNED_CERTIFICATE_TIMESTAMP => self.signed_certificate_timestamp,
            Type::COMPRESS_CERTIFICATE => encode_list8(self.compress_certificate, writer),
            Type::CERTIFICATE_AUTHORITIES => encode_list16(self.certificate_authorities, writer),
            Type::OID_FILTERS => encode_list16(self.oid_filters, writer),
            Type::SIGNATURE_ALGORITHMS_CERT => {
                encode_list16(self.signature_algorithms_cert, writer)
            }
            _ => false,
        }
    }
}
