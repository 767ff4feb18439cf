//! ClientHello: what the client offers (RFC 9846 §4.2.2).

use super::Kind;
use super::extension::{Extension, ExtensionBlock, ExtensionSet};
use super::extension_data::{
    DistinguishedName, KeyShareEntry, OfferedPsks, ProtocolName, TicketRequest, decode_any_list16,
    decode_cookie, decode_flag, decode_list8, decode_list16, decode_offered_psks, decode_opaque,
    decode_record_size_limit, decode_server_name, decode_status_request, decode_value,
    encode_cookie, encode_list8, encode_list16, encode_offered_psks, encode_opaque,
    encode_server_name, encode_status_request, encode_value,
};
use super::layout::Layout;
use crate::codec::{Encode, List, Reader, Writer};
use crate::failure::Cause;
use crate::limits::Limits;
use crate::registry::{
    CertificateCompressionAlgorithm, CertificateType, CipherSuite, ExtensionType, NamedGroup,
    ProtocolVersion, PskKeyExchangeMode, SignatureScheme,
};

/// The client's offer (RFC 9846 §4.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ClientHello<'a> {
    /// 0x0303 from every client of TLS 1.3.
    pub legacy_version: ProtocolVersion,
    /// Fresh randomness.
    pub random: &'a [u8; 32],
    /// Up to 32 bytes for the server to echo.
    pub legacy_session_id: &'a [u8],
    /// The suites, in the client's order of preference.
    pub cipher_suites: List<'a, CipherSuite>,
    /// A single zero from every client of TLS 1.3.
    pub legacy_compression_methods: &'a [u8],
    /// The extensions.
    pub extensions: ClientHelloExtensions<'a>,
}

/// The extensions of a ClientHello, those we implement decoded (RFC 9846 §4.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ClientHelloExtensions<'a> {
    /// The `host_name` of the server (RFC 6066 §3).
    pub server_name: Option<&'a [u8]>,
    /// Whether an OCSP response is wanted (RFC 6066 §8).
    pub status_request: bool,
    /// The groups for the key exchange (RFC 9846 §4.3.7).
    pub supported_groups: Option<List<'a, NamedGroup>>,
    /// The schemes for CertificateVerify (RFC 9846 §4.3.3).
    pub signature_algorithms: Option<List<'a, SignatureScheme>>,
    /// The schemes in certificates, where they differ (RFC 9846 §4.3.3).
    pub signature_algorithms_cert: Option<List<'a, SignatureScheme>>,
    /// The application protocols (RFC 7301).
    pub application_layer_protocols: Option<List<'a, ProtocolName<'a>>>,
    /// Whether certificate timestamps are wanted (RFC 6962 §3.3.1).
    pub signed_certificate_timestamp: bool,
    /// What the client can show of itself (RFC 7250 §4.1).
    pub client_certificate_types: Option<List<'a, CertificateType>>,
    /// What the client can take from the server (RFC 7250 §4.1).
    pub server_certificate_types: Option<List<'a, CertificateType>>,
    /// How certificates may be compressed for the client (RFC 8879 §3).
    pub compress_certificate: Option<List<'a, CertificateCompressionAlgorithm>>,
    /// The PSKs (RFC 9846 §4.3.11).
    pub pre_shared_key: Option<OfferedPsks<'a>>,
    /// Whether early data follows (RFC 9846 §4.3.10).
    pub early_data: bool,
    /// The versions (RFC 9846 §4.3.1).
    pub supported_versions: Option<List<'a, ProtocolVersion>>,
    /// The cookie of HelloRetryRequest (RFC 9846 §4.3.2).
    pub cookie: Option<&'a [u8]>,
    /// How PSKs may be used (RFC 9846 §4.3.9).
    pub psk_key_exchange_modes: Option<List<'a, PskKeyExchangeMode>>,
    /// The authorities that the client trusts (RFC 9846 §4.3.4).
    pub certificate_authorities: Option<List<'a, DistinguishedName<'a>>>,
    /// Whether the client lets itself be authenticated later (RFC 9846 §4.3.6).
    pub post_handshake_auth: bool,
    /// The key shares, possibly none (RFC 9846 §4.3.8).
    pub key_share: Option<List<'a, KeyShareEntry<'a>>>,
    /// The QUIC transport parameters (RFC 9001 §8.2).
    pub quic_transport_parameters: Option<&'a [u8]>,
    /// The largest record that the client takes (RFC 8449).
    pub record_size_limit: Option<u16>,
    /// How many tickets the client would like (RFC 9149).
    pub ticket_request: Option<TicketRequest>,
    /// The block as it arrived, unknown extensions included; empty in a message of our own.
    pub received: List<'a, Extension<'a>>,
}

impl<'a> ClientHello<'a> {
    /// Parses the body of a ClientHello. A client older than extensions has none, which is no fault
    /// of syntax. The same goes for a block shorter than any that holds `supported_versions`.
    ///
    /// # Errors
    /// [`Cause::Malformed`], the extension causes of [`ExtensionBlock::parse`],
    /// [`Cause::BinderCountDiffers`] and [`Cause::RecordSizeLimitTooSmall`].
    pub fn parse(body: &'a [u8], limits: &Limits) -> Result<Self, Cause> {
        let judge = |block: &ExtensionBlock<'a>| block.judge(Kind::ClientHello, None, limits);
        Self::read(body, judge, |_| true)
    }

    /// Reads once more what [`parse`](Self::parse) has taken.
    pub(crate) fn parsed(body: &'a [u8]) -> Result<Self, Cause> {
        Self::read(body, |_| Ok(()), |_| true)
    }

    /// As [`parsed`](Self::parsed), with no other extensions than these.
    pub(crate) fn parsed_for(body: &'a [u8], wanted: &[ExtensionType]) -> Result<Self, Cause> {
        Self::read(body, |_| Ok(()), |extension_type| wanted.contains(&extension_type))
    }

    fn read(
        body: &'a [u8],
        judge: impl FnOnce(&ExtensionBlock<'a>) -> Result<(), Cause>,
        is_wanted: impl Fn(ExtensionType) -> bool,
    ) -> Result<Self, Cause> {
        let mut reader = Reader::new(body);
        let legacy_version = ProtocolVersion(reader.u16()?);
        let random = reader.array()?;
        let legacy_session_id = reader.vector8()?.remaining();
        if legacy_session_id.len() > 32 {
            return Err(Cause::Malformed);
        }
        let cipher_suites = List::parse(reader.vector16()?.non_empty()?)?;
        let legacy_compression_methods = reader.vector8()?.non_empty()?.remaining();
        let extensions = if reader.is_empty() {
            ClientHelloExtensions::default()
        } else {
            let block = ExtensionBlock::read(&mut reader)?;
            judge(&block)?;
            reader.end()?;
            ClientHelloExtensions::decode(&block, is_wanted)?
        };
        Ok(Self {
            legacy_version,
            random,
            legacy_session_id,
            cipher_suites,
            legacy_compression_methods,
            extensions,
        })
    }

    /// Appends the body, and returns the extensions that it really has. `message_start` is the
    /// position of the message's header, from which padding is measured.
    pub fn encode(
        &self,
        writer: &mut Writer<'_>,
        layout: &Layout,
        message_start: usize,
    ) -> ExtensionSet {
        self.encode_fields(writer);
        layout.encode(writer, message_start, |extension_type, writer| {
            self.extensions.encode(extension_type, writer)
        })
    }

    /// What a second ClientHello has to repeat of a first, byte for byte (RFC 9846 §4.2.2).
    ///
    /// What HelloRetryRequest changes is left out: `key_share`, `early_data`, `cookie`,
    /// `pre_shared_key` and padding. All other extensions, unknown ones too, must be the same in
    /// the same order. The message must be a received one.
    #[must_use]
    pub fn unchangeable(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        self.encode_fields(&mut writer);
        self.extensions.unchangeable().for_each(|extension| extension.encode(&mut writer));
        bytes
    }

    fn encode_fields(&self, writer: &mut Writer<'_>) {
        self.legacy_version.encode(writer);
        writer.raw(self.random);
        writer.vector8(|writer| writer.raw(self.legacy_session_id));
        writer.vector16(|writer| writer.raw(self.cipher_suites.as_bytes()));
        writer.vector8(|writer| writer.raw(self.legacy_compression_methods));
    }
}

impl<'a> ClientHelloExtensions<'a> {
    fn decode(
        block: &ExtensionBlock<'a>,
        is_wanted: impl Fn(ExtensionType) -> bool,
    ) -> Result<Self, Cause> {
        let mut extensions = Self { received: block.list(), ..Self::default() };
        for (extension_type, body) in block.iter().filter(|(of, _)| is_wanted(*of)) {
            extensions.decode_extension(extension_type, body)?;
        }
        Ok(extensions)
    }

    fn decode_extension(&mut self, of: ExtensionType, body: Reader<'a>) -> Result<(), Cause> {
        use ExtensionType as Type;
        match of {
            Type::SERVER_NAME => self.server_name = decode_server_name(body)?,
            Type::STATUS_REQUEST => self.status_request = decode_status_request(body)?,
            Type::SUPPORTED_GROUPS => self.supported_groups = decode_list16(body)?,
            Type::SIGNATURE_ALGORITHMS => self.signature_algorithms = decode_list16(body)?,
            Type::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => {
                self.application_layer_protocols = decode_list16(body)?;
            }
            Type::SIGNED_CERTIFICATE_TIMESTAMP => {
                self.signed_certificate_timestamp = decode_flag(body)?;
            }
            Type::CLIENT_CERTIFICATE_TYPE => self.client_certificate_types = decode_list8(body)?,
            Type::SERVER_CERTIFICATE_TYPE => self.server_certificate_types = decode_list8(body)?,
            Type::COMPRESS_CERTIFICATE => self.compress_certificate = decode_list8(body)?,
            Type::RECORD_SIZE_LIMIT => self.record_size_limit = decode_record_size_limit(body)?,
            Type::PRE_SHARED_KEY => self.pre_shared_key = decode_offered_psks(body)?,
            Type::EARLY_DATA => self.early_data = decode_flag(body)?,
            Type::SUPPORTED_VERSIONS => self.supported_versions = decode_list8(body)?,
            Type::COOKIE => self.cookie = decode_cookie(body)?,
            Type::PSK_KEY_EXCHANGE_MODES => self.psk_key_exchange_modes = decode_list8(body)?,
            Type::CERTIFICATE_AUTHORITIES => self.certificate_authorities = decode_list16(body)?,
            Type::POST_HANDSHAKE_AUTH => self.post_handshake_auth = decode_flag(body)?,
            Type::SIGNATURE_ALGORITHMS_CERT => {
                self.signature_algorithms_cert = decode_list16(body)?;
            }
            Type::KEY_SHARE => self.key_share = decode_any_list16(body)?,
            Type::TICKET_REQUEST => self.ticket_request = decode_value(body)?,
            Type::QUIC_TRANSPORT_PARAMETERS => {
                self.quic_transport_parameters = decode_opaque(body);
            }
            _ => {}
        }
        Ok(())
    }

    fn encode(&self, of: ExtensionType, writer: &mut Writer<'_>) -> bool {
        use ExtensionType as Type;
        match of {
            Type::SERVER_NAME => encode_server_name(self.server_name, writer),
            Type::STATUS_REQUEST => encode_status_request(self.status_request, writer),
            Type::SUPPORTED_GROUPS => encode_list16(self.supported_groups, writer),
            Type::SIGNATURE_ALGORITHMS => encode_list16(self.signature_algorithms, writer),
            Type::APPLICATION_LAYER_PROTOCOL_NEGOTIATION => {
                encode_list16(self.application_layer_protocols, writer)
            }
            Type::SIGNED_CERTIFICATE_TIMESTAMP => self.signed_certificate_timestamp,
            Type::CLIENT_CERTIFICATE_TYPE => encode_list8(self.client_certificate_types, writer),
            Type::SERVER_CERTIFICATE_TYPE => encode_list8(self.server_certificate_types, writer),
            Type::COMPRESS_CERTIFICATE => encode_list8(self.compress_certificate, writer),
            Type::RECORD_SIZE_LIMIT => encode_value(self.record_size_limit, writer),
            Type::PRE_SHARED_KEY => encode_offered_psks(self.pre_shared_key, writer),
            Type::EARLY_DATA => self.early_data,
            Type::SUPPORTED_VERSIONS => encode_list8(self.supported_versions, writer),
            Type::COOKIE => encode_cookie(self.cookie, writer),
            Type::PSK_KEY_EXCHANGE_MODES => encode_list8(self.psk_key_exchange_modes, writer),
            Type::CERTIFICATE_AUTHORITIES => encode_list16(self.certificate_authorities, writer),
            Type::POST_HANDSHAKE_AUTH => self.post_handshake_auth,
            Type::SIGNATURE_ALGORITHMS_CERT => {
                encode_list16(self.signature_algorithms_cert, writer)
            }
            Type::KEY_SHARE => encode_list16(self.key_share, writer),
            Type::TICKET_REQUEST => encode_value(self.ticket_request, writer),
            Type::QUIC_TRANSPORT_PARAMETERS => {
                encode_opaque(self.quic_transport_parameters, writer)
            }
            _ => false,
        }
    }

    fn unchangeable(&self) -> impl Iterator<Item = Extension<'a>> + use<'a> {
        self.received.iter().filter(|extension| {
            !matches!(
                extension.extension_type,
                ExtensionType::KEY_SHARE
                    | ExtensionType::EARLY_DATA
                    | ExtensionType::COOKIE
                    | ExtensionType::PRE_SHARED_KEY
                    | ExtensionType::PADDING
            )
        })
    }
}
