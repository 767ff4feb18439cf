//! The order in which a message's extensions are sent (RFC 9846 §4.3).

use core::ops::Range;

use super::extension::{EXTENSIONS, ExtensionSet, encode_extension};
use crate::codec::Writer;
use crate::registry::ExtensionType;

/// One place in a [`Layout`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// The extension of this type, if the message has it.
    Extension(ExtensionType),
    /// An extension as it is, instead of the message's own of that type. Nothing about it is
    /// checked, and it is written as often as it is listed.
    Raw(ExtensionType, Vec<u8>),
    /// The padding extension, if the length of the whole message, header included, is in this
    /// range, and then as long as it takes to come to the range's end (RFC 7685). An extension has
    /// at least four bytes, so the message may come out up to three bytes longer.
    Pad(Range<usize>),
}

impl Item {
    const fn extension_type(&self) -> ExtensionType {
        match self {
            Self::Extension(extension_type) | Self::Raw(extension_type, _) => *extension_type,
            Self::Pad(_) => ExtensionType::PADDING,
        }
    }

    const fn raw_type(&self) -> Option<ExtensionType> {
        match self {
            Self::Raw(extension_type, _) => Some(*extension_type),
            Self::Extension(_) | Self::Pad(_) => None,
        }
    }

    /// RFC 9846 §4.3.11.
    fn is_last(&self) -> bool {
        self.extension_type() == ExtensionType::PRE_SHARED_KEY
    }
}

/// The order of a message's extensions, and what is sent beside them.
///
/// A layout moves and adds, and never removes: extensions of the message that it does not list
/// follow in the order of [`EXTENSIONS`]. `pre_shared_key` goes last whatever the layout says
/// (RFC 9846 §4.3.11).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Layout(pub Vec<Item>);

impl Layout {
    /// The default for ClientHello, close to what browsers send.
    #[must_use]
    pub fn client_hello() -> Self {
        let order = [
            ExtensionType::SERVER_NAME,
            ExtensionType::SUPPORTED_GROUPS,
            ExtensionType::APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
            ExtensionType::STATUS_REQUEST,
            ExtensionType::SIGNED_CERTIFICATE_TIMESTAMP,
            ExtensionType::KEY_SHARE,
            ExtensionType::EARLY_DATA,
            ExtensionType::SUPPORTED_VERSIONS,
            ExtensionType::SIGNATURE_ALGORITHMS,
            ExtensionType::SIGNATURE_ALGORITHMS_CERT,
            ExtensionType::COOKIE,
            ExtensionType::PSK_KEY_EXCHANGE_MODES,
        ];
        Self(order.map(Item::Extension).to_vec())
    }

    /// The default for EncryptedExtensions: the order of [`EXTENSIONS`].
    #[must_use]
    pub const fn encrypted_extensions() -> Self {
        Self(Vec::new())
    }

    /// The default for CertificateRequest: the order of [`EXTENSIONS`].
    #[must_use]
    pub const fn certificate_request() -> Self {
        Self(Vec::new())
    }

    /// Appends the block and returns what was written, raw extensions of known types included.
    ///
    /// `message_start` is the position of the message's header; `body` writes the body of a type
    /// and says whether the message has it. To measure padding, `body` is called a second time.
    pub fn encode(
        &self,
        writer: &mut Writer<'_>,
        message_start: usize,
        mut body: impl FnMut(ExtensionType, &mut Writer<'_>) -> bool,
    ) -> ExtensionSet {
        let block_start = writer.position();
        let written = self.encode_padded(writer, 0, &mut body);
        let length = writer.position().saturating_sub(message_start);
        let missing = self.padded_length(length).saturating_sub(length);
        if missing == 0 {
            return written;
        }
        writer.truncate(block_start);
        self.encode_padded(writer, missing, &mut body)
    }

    fn encode_padded(
        &self,
        writer: &mut Writer<'_>,
        padding: usize,
        body: &mut impl FnMut(ExtensionType, &mut Writer<'_>) -> bool,
    ) -> ExtensionSet {
        // A raw extension stands in for the message's own.
        let mut written = ExtensionSet::of(self.0.iter().filter_map(Item::raw_type));
        let mut write = |item: &Item, writer: &mut Writer<'_>| {
            let extension_type = item.extension_type();
            let present = match item {
                Item::Raw(_, data) => encode_extension(writer, extension_type, |_, writer| {
                    writer.raw(data);
                    true
                }),
                _ if written.contains(extension_type) => false,
                Item::Extension(_) => encode_extension(writer, extension_type, &mut *body),
                Item::Pad(_) => encode_extension(writer, extension_type, |_, writer| {
                    writer.raw(&vec![0; padding.saturating_sub(4).min(UNENCODABLE)]);
                    padding > 0
                }),
            };
            if present {
                written.insert(extension_type);
            }
        };
        writer.vector16(|writer| {
            for is_last in [false, true] {
                let here = |item: &&Item| item.is_last() == is_last;
                self.0.iter().filter(here).for_each(|item| write(item, writer));
                let unlisted = EXTENSIONS.iter().map(|row| Item::Extension(row.extension_type));
                unlisted.filter(|item| here(&item)).for_each(|item| write(&item, writer));
            }
        });
        written
    }

    fn padded_length(&self, length: usize) -> usize {
        let ends = self.0.iter().filter_map(|item| match item {
            Item::Pad(lengths) if lengths.contains(&length) => Some(lengths.end),
            _ => None,
        });
        ends.max().unwrap_or(length)
    }
}

/// More bytes than an extension can have; so much padding makes the message fail to encode.
const UNENCODABLE: usize = 0x1_0000;
