//! ServerHello and HelloRetryRequest: one type code, two messages, told apart by the random
//! (RFC 9846 §4.2.3, §4.2.4).

use super::extension::{ExtensionBlock, encode_in_order};
use super::extension_data::{
    KeyShareEntry, decode_cookie, decode_value, encode_cookie, encode_value,
};
use super::{Kind, ParseContext};
use crate::codec::{Decode, Encode, Reader, Writer};
use crate::failure::Cause;
use crate::registry::{CipherSuite, ExtensionType, NamedGroup, ProtocolVersion};

/// The random of every HelloRetryRequest: the SHA-256 of that word (RFC 9846 §4.2.3).
pub const HELLO_RETRY_REQUEST_RANDOM: [u8; 32] = [
    0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11, 0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91,
    0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e, 0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c,
];

/// The last bytes of the random of a server that could do better, and selects TLS 1.2
/// (RFC 9846 §4.2.3).
pub const DOWNGRADE_TO_TLS12: [u8; 8] = *b"DOWNGRD\x01";

/// The same for TLS 1.1 and older (RFC 9846 §4.2.3).
pub const DOWNGRADE_TO_TLS11: [u8; 8] = *b"DOWNGRD\x00";

/// Whether the body of a `server_hello` has the random of HelloRetryRequest.
pub(super) fn asks_for_retry(body: &[u8]) -> bool {
    let mut reader = Reader::new(body);
    let random = reader.u16().and_then(|_| reader.array());
    random == Ok(&HELLO_RETRY_REQUEST_RANDOM)
}

/// The server's choice (RFC 9846 §4.2.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHello<'a> {
    /// 0x0303 from every server of TLS 1.3.
    pub legacy_version: ProtocolVersion,
    /// Fresh randomness.
    pub random: &'a [u8; 32],
    /// The session id of ClientHello.
    pub legacy_session_id_echo: &'a [u8],
    /// The suite.
    pub cipher_suite: CipherSuite,
    /// Zero from every server of TLS 1.3.
    pub legacy_compression_method: u8,
    /// The extensions.
    pub extensions: ServerHelloExtensions<'a>,
}

/// The extensions of a ServerHello.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ServerHelloExtensions<'a> {
    /// The version (RFC 9846 §4.3.1).
    pub selected_version: ProtocolVersion,
    /// The server's key share (RFC 9846 §4.3.8).
    pub key_share: Option<KeyShareEntry<'a>>,
    /// The index of the PSK (RFC 9846 §4.3.11).
    pub pre_shared_key: Option<u16>,
}

/// The server's wish for another ClientHello (RFC 9846 §4.2.4). Its random is
/// [`HELLO_RETRY_REQUEST_RANDOM`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloRetryRequest<'a> {
    /// 0x0303 from every server of TLS 1.3.
    pub legacy_version: ProtocolVersion,
    /// The session id of ClientHello.
    pub legacy_session_id_echo: &'a [u8],
    /// The suite that ServerHello will select too.
    pub cipher_suite: CipherSuite,
    /// Zero from every server of TLS 1.3.
    pub legacy_compression_method: u8,
    /// The extensions.
    pub extensions: HelloRetryRequestExtensions<'a>,
}

/// The extensions of a HelloRetryRequest.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HelloRetryRequestExtensions<'a> {
    /// The version (RFC 9846 §4.3.1).
    pub selected_version: ProtocolVersion,
    /// What the second ClientHello has to bring back (RFC 9846 §4.3.2).
    pub cookie: Option<&'a [u8]>,
    /// The group to send a share for (RFC 9846 §4.3.8).
    pub selected_group: Option<NamedGroup>,
}

impl<'a> ServerHello<'a> {
    /// Parses the body of a ServerHello. Without `supported_versions` it is from a server of
    /// TLS 1.2 or older, and no other extension is looked at.
    ///
    /// # Errors
    /// [`Cause::Malformed`]; for an older version [`Cause::DowngradeDetected`] with the mark of
    /// RFC 9846 §4.2.3, and without it [`Cause::VersionChanged`] after a retry, or else
    /// [`Cause::SupportedVersionsMissing`]; and the extension causes of [`ExtensionBlock::parse`].
    pub fn parse(body: &'a [u8], context: &ParseContext) -> Result<Self, Cause> {
        let (fields, selected_version, block) = Fields::parse(Kind::ServerHello, body, context)?;
        let mut extensions =
            ServerHelloExtensions { selected_version, key_share: None, pre_shared_key: None };
        for (extension_type, body) in block.iter() {
            match extension_type {
                ExtensionType::KEY_SHARE => extensions.key_share = decode_value(body)?,
                ExtensionType::PRE_SHARED_KEY => extensions.pre_shared_key = decode_value(body)?,
                _ => {}
            }
        }
        Ok(Self {
            legacy_version: fields.legacy_version,
            random: fields.random,
            legacy_session_id_echo: fields.legacy_session_id_echo,
            cipher_suite: fields.cipher_suite,
            legacy_compression_method: fields.legacy_compression_method,
            extensions,
        })
    }

    /// Appends the body.
    pub fn encode(&self, writer: &mut Writer<'_>) {
        let fields = Fields {
            legacy_version: self.legacy_version,
            random: self.random,
            legacy_session_id_echo: self.legacy_session_id_echo,
            cipher_suite: self.cipher_suite,
            legacy_compression_method: self.legacy_compression_method,
        };
        fields.encode(writer);
        let order = [
            ExtensionType::PRE_SHARED_KEY,
            ExtensionType::KEY_SHARE,
            ExtensionType::SUPPORTED_VERSIONS,
        ];
        let extensions = &self.extensions;
        encode_in_order(writer, &order, |extension_type, writer| match extension_type {
            ExtensionType::PRE_SHARED_KEY => encode_value(extensions.pre_shared_key, writer),
            ExtensionType::KEY_SHARE => encode_value(extensions.key_share, writer),
            _ => encode_value(Some(extensions.selected_version), writer),
        });
    }
}

impl<'a> HelloRetryRequest<'a> {
    /// Parses the body of a HelloRetryRequest.
    ///
    /// # Errors
    /// [`Cause::Malformed`], [`Cause::RetryVersionMissing`] before any other extension is looked
    /// at, and the extension causes of [`ExtensionBlock::parse`].
    pub fn parse(body: &'a [u8], context: &ParseContext) -> Result<Self, Cause> {
        let (fields, selected_version, block) =
            Fields::parse(Kind::HelloRetryRequest, body, context)?;
        let mut extensions =
            HelloRetryRequestExtensions { selected_version, cookie: None, selected_group: None };
        for (extension_type, body) in block.iter() {
            match extension_type {
                ExtensionType::COOKIE => extensions.cookie = decode_cookie(body)?,
                ExtensionType::KEY_SHARE => extensions.selected_group = decode_value(body)?,
                _ => {}
            }
        }
        Ok(Self {
            legacy_version: fields.legacy_version,
            legacy_session_id_echo: fields.legacy_session_id_echo,
            cipher_suite: fields.cipher_suite,
            legacy_compression_method: fields.legacy_compression_method,
            extensions,
        })
    }

    /// Appends the body.
    pub fn encode(&self, writer: &mut Writer<'_>) {
        let fields = Fields {
            legacy_version: self.legacy_version,
            random: &HELLO_RETRY_REQUEST_RANDOM,
            legacy_session_id_echo: self.legacy_session_id_echo,
            cipher_suite: self.cipher_suite,
            legacy_compression_method: self.legacy_compression_method,
        };
        fields.encode(writer);
        let order =
            [ExtensionType::KEY_SHARE, ExtensionType::COOKIE, ExtensionType::SUPPORTED_VERSIONS];
        let extensions = &self.extensions;
        encode_in_order(writer, &order, |extension_type, writer| match extension_type {
            ExtensionType::KEY_SHARE => encode_value(extensions.selected_group, writer),
            ExtensionType::COOKIE => encode_cookie(extensions.cookie, writer),
            _ => encode_value(Some(extensions.selected_version), writer),
        });
    }
}

/// What the two messages have in common on the wire.
struct Fields<'a> {
    legacy_version: ProtocolVersion,
    random: &'a [u8; 32],
    legacy_session_id_echo: &'a [u8],
    cipher_suite: CipherSuite,
    legacy_compression_method: u8,
}

impl<'a> Fields<'a> {
    /// The fields, the version, and the extensions, whose right to be there is judged once the
    /// version is known to be given (RFC 9846 §4.3.1).
    fn parse(
        message: Kind,
        body: &'a [u8],
        context: &ParseContext,
    ) -> Result<(Self, ProtocolVersion, ExtensionBlock<'a>), Cause> {
        let mut reader = Reader::new(body);
        let fields = Self {
            legacy_version: Decode::decode(&mut reader)?,
            random: reader.array()?,
            legacy_session_id_echo: reader.vector8()?.remaining(),
            cipher_suite: Decode::decode(&mut reader)?,
            legacy_compression_method: reader.u8()?,
        };
        if fields.legacy_session_id_echo.len() > 32 {
            return Err(Cause::Malformed);
        }
        if reader.is_empty() {
            return Err(fields.version_missing(message, context));
        }
        let block = ExtensionBlock::read(&mut reader)?;
        reader.end()?;
        let version = block.find(ExtensionType::SUPPORTED_VERSIONS);
        let version = version.ok_or_else(|| fields.version_missing(message, context))?.only()?;
        block.judge(message, Some(context.offered), &context.limits)?;
        Ok((fields, version, block))
    }

    fn encode(&self, writer: &mut Writer<'_>) {
        self.legacy_version.encode(writer);
        writer.raw(self.random);
        writer.vector8(|writer| writer.raw(self.legacy_session_id_echo));
        self.cipher_suite.encode(writer);
        writer.u8(self.legacy_compression_method);
    }

    fn version_missing(&self, message: Kind, context: &ParseContext) -> Cause {
        let marks = [DOWNGRADE_TO_TLS12, DOWNGRADE_TO_TLS11];
        if message == Kind::HelloRetryRequest {
            Cause::RetryVersionMissing
        } else if marks.iter().any(|mark| self.random.ends_with(mark)) {
            Cause::DowngradeDetected
        } else if context.after_retry {
            Cause::VersionChanged
        } else {
            Cause::SupportedVersionsMissing
        }
    }
}
