//! Where each extension may appear, and blocks of extensions (RFC 9846 §4.3).

use super::Kind;
use crate::codec::{Decode, Encode, List, Reader, Writer};
use crate::failure::Cause;
use crate::limits::Limits;
use crate::registry::ExtensionType;

const CH: Kind = Kind::ClientHello;
const SH: Kind = Kind::ServerHello;
const HRR: Kind = Kind::HelloRetryRequest;
const EE: Kind = Kind::EncryptedExtensions;
const CR: Kind = Kind::CertificateRequest;
const CT: Kind = Kind::Certificate;
const NST: Kind = Kind::NewSessionTicket;

/// A row of the table: an extension, and the messages that may carry it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Placement {
    /// The extension.
    pub extension_type: ExtensionType,
    /// The messages.
    pub messages: &'static [Kind],
}

macro_rules! extensions {
    ($($name:ident in $($message:ident)+;)+) => {
        /// Every extension we recognize, with the messages it is specified for (RFC 9846 §4.3).
        pub const EXTENSIONS: &[Placement] = &[
            $(Placement { extension_type: ExtensionType::$name, messages: &[$($message),+] }),+
        ];

        /// The place of a type in [`EXTENSIONS`], looked for when this is compiled.
        const fn row(extension_type: ExtensionType) -> Option<usize> {
            match extension_type {
                $(ExtensionType::$name => const { position(EXTENSIONS, ExtensionType::$name) },)+
                _ => None,
            }
        }
    };
}

const fn position(mut rows: &[Placement], extension_type: ExtensionType) -> Option<usize> {
    let mut position = 0;
    while let [row, rest @ ..] = rows {
        if row.extension_type.0 == extension_type.0 {
            return Some(position);
        }
        position += 1;
        rows = rest;
    }
    None
}

extensions! {
    SERVER_NAME                            in CH EE CR;
    MAX_FRAGMENT_LENGTH                    in CH EE;
    STATUS_REQUEST                         in CH CR CT;
    SUPPORTED_GROUPS                       in CH EE;
    SIGNATURE_ALGORITHMS                   in CH CR;
    USE_SRTP                               in CH EE;
    HEARTBEAT                              in CH EE;
    APPLICATION_LAYER_PROTOCOL_NEGOTIATION in CH EE;
    SIGNED_CERTIFICATE_TIMESTAMP           in CH CR CT;
    CLIENT_CERTIFICATE_TYPE                in CH EE;
    SERVER_CERTIFICATE_TYPE                in CH EE;
    PADDING                                in CH;
    CACHED_INFO                            in CH EE;
    COMPRESS_CERTIFICATE                   in CH CR;
    RECORD_SIZE_LIMIT                      in CH EE;
    DELEGATED_CREDENTIAL                   in CH CR CT;
    SUPPORTED_EKT_CIPHERS                  in CH EE;
    PRE_SHARED_KEY                         in CH SH;
    EARLY_DATA                             in CH EE NST;
    SUPPORTED_VERSIONS                     in CH SH HRR;
    COOKIE                                 in CH HRR;
    PSK_KEY_EXCHANGE_MODES                 in CH;
    CERTIFICATE_AUTHORITIES                in CH CR;
    OID_FILTERS                            in CR;
    POST_HANDSHAKE_AUTH                    in CH;
    SIGNATURE_ALGORITHMS_CERT              in CH CR;
    KEY_SHARE                              in CH SH HRR;
    TRANSPARENCY_INFO                      in CH CR CT;
    EXTERNAL_ID_HASH                       in CH EE;
    EXTERNAL_SESSION_ID                    in CH EE;
    QUIC_TRANSPORT_PARAMETERS              in CH EE;
    TICKET_REQUEST                         in CH EE;
    TLS_FLAGS                              in CH SH HRR EE CR CT NST;
    ECH_OUTER_EXTENSIONS                   in CH;
    ENCRYPTED_CLIENT_HELLO                 in CH HRR EE;
}

/// A set of recognized extensions, one bit for each row of [`EXTENSIONS`].
///
/// A type that is not in the table cannot be a member: inserting it does nothing. So an unknown
/// type that was offered raw counts as not offered, and an answer to it is rejected as unasked for;
/// nobody here could have made use of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ExtensionSet(u64);

const _: () = assert!(EXTENSIONS.len() <= 64, "one bit for each row");

impl ExtensionSet {
    /// The set without members.
    #[must_use]
    pub const fn empty() -> Self {
        Self(0)
    }

    /// The set of these types, those that are not in the table left out.
    #[must_use]
    pub fn of(types: impl IntoIterator<Item = ExtensionType>) -> Self {
        let mut set = Self::empty();
        types.into_iter().for_each(|extension_type| set.insert(extension_type));
        set
    }

    /// Adds a type, if it is in the table.
    pub fn insert(&mut self, extension_type: ExtensionType) {
        self.0 |= Self::bit(extension_type);
    }

    /// Whether the type is a member.
    #[must_use]
    pub fn contains(self, extension_type: ExtensionType) -> bool {
        self.0 & Self::bit(extension_type) != 0
    }

    fn bit(extension_type: ExtensionType) -> u64 {
        let shift = row(extension_type).and_then(|row| u32::try_from(row).ok());
        shift.and_then(|shift| 1_u64.checked_shl(shift)).unwrap_or(0)
    }
}

/// An extension as it is on the wire (RFC 9846 §4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Extension<'a> {
    /// Which extension.
    pub extension_type: ExtensionType,
    /// Its body.
    pub extension_data: &'a [u8],
}

impl<'a> Decode<'a> for Extension<'a> {
    fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        Ok(Self {
            extension_type: ExtensionType::decode(reader)?,
            extension_data: reader.vector16()?.remaining(),
        })
    }
}

impl Encode for Extension<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        self.extension_type.encode(writer);
        writer.vector16(|writer| writer.raw(self.extension_data));
    }
}

/// The extensions of one message, or of one certificate in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionBlock<'a>(List<'a, Extension<'a>>);

impl<'a> ExtensionBlock<'a> {
    /// Reads a block and judges each extension's right to be there (RFC 9846 §4.3). `offered` is
    /// what the message answers; `None` for a message that asks (ClientHello, CertificateRequest,
    /// NewSessionTicket), where unknown types are ignored.
    ///
    /// # Errors
    /// [`Cause::Malformed`], [`Cause::TooManyExtensions`], [`Cause::ExtensionNotOffered`],
    /// [`Cause::ExtensionNotAllowedHere`], [`Cause::ExtensionRepeated`] and
    /// [`Cause::ExtensionAfterPreSharedKey`].
    pub fn parse(
        reader: &mut Reader<'a>,
        message: Kind,
        offered: Option<ExtensionSet>,
        limits: &Limits,
    ) -> Result<Self, Cause> {
        let block = Self::read(reader)?;
        block.judge(message, offered, limits)?;
        Ok(block)
    }

    /// Reads a block and leaves its judgement to the caller.
    pub(super) fn read(reader: &mut Reader<'a>) -> Result<Self, Cause> {
        List::parse(reader.vector16()?).map(Self)
    }

    /// What [`ExtensionBlock::parse`] does after reading.
    pub(super) fn judge(
        &self,
        message: Kind,
        offered: Option<ExtensionSet>,
        limits: &Limits,
    ) -> Result<(), Cause> {
        if self.0.iter().nth(limits.extensions).is_some() {
            return Err(Cause::TooManyExtensions);
        }
        let mut after_pre_shared_key = false;
        let mut seen = ExtensionSet::empty();
        for (index, Extension { extension_type, .. }) in self.0.iter().enumerate() {
            placed(extension_type, message, offered)?;
            let repeated = match row(extension_type) {
                Some(_) => seen.contains(extension_type),
                // Quadratic, but only within the limit, and without memory for types that nobody
                // knows.
                None => {
                    let mut earlier = self.0.iter().take(index);
                    earlier.any(|earlier| earlier.extension_type == extension_type)
                }
            };
            if repeated {
                return Err(Cause::ExtensionRepeated);
            }
            seen.insert(extension_type);
            if after_pre_shared_key {
                return Err(Cause::ExtensionAfterPreSharedKey);
            }
            after_pre_shared_key = message == CH && extension_type == ExtensionType::PRE_SHARED_KEY;
        }
        Ok(())
    }

    /// The types and their bodies, in order.
    pub fn iter(&self) -> impl Iterator<Item = (ExtensionType, Reader<'a>)> + use<'a> {
        let extensions = self.0.iter();
        extensions.map(|found| (found.extension_type, Reader::new(found.extension_data)))
    }

    /// The body of the first extension of this type.
    #[must_use]
    pub fn find(&self, extension_type: ExtensionType) -> Option<Reader<'a>> {
        self.iter().find(|&(found, _)| found == extension_type).map(|(_, body)| body)
    }

    /// The block as a list.
    #[must_use]
    pub const fn list(&self) -> List<'a, Extension<'a>> {
        self.0
    }
}

/// That `message` may carry the extension, given what it answers.
///
/// RFC 9846 names two alerts for an extension that is neither offered nor allowed here; not having
/// been offered weighs more.
fn placed(
    extension_type: ExtensionType,
    message: Kind,
    offered: Option<ExtensionSet>,
) -> Result<(), Cause> {
    let unasked = message == HRR && extension_type == ExtensionType::COOKIE;
    if !unasked && offered.is_some_and(|offered| !offered.contains(extension_type)) {
        return Err(Cause::ExtensionNotOffered);
    }
    let row = row(extension_type).and_then(|row| EXTENSIONS.get(row));
    if row.is_some_and(|row| !row.messages.contains(&message)) {
        return Err(Cause::ExtensionNotAllowedHere);
    }
    Ok(())
}

/// Appends a block in a fixed order. `body` writes the body of a type and says whether it has one.
pub(super) fn encode_in_order(
    writer: &mut Writer<'_>,
    order: &[ExtensionType],
    mut body: impl FnMut(ExtensionType, &mut Writer<'_>) -> bool,
) {
    writer.vector16(|writer| {
        for &extension_type in order {
            encode_extension(writer, extension_type, &mut body);
        }
    });
}

/// Appends an extension, or nothing at all if `body` says that there is none.
pub(super) fn encode_extension(
    writer: &mut Writer<'_>,
    extension_type: ExtensionType,
    mut body: impl FnMut(ExtensionType, &mut Writer<'_>) -> bool,
) -> bool {
    let start = writer.position();
    extension_type.encode(writer);
    let present = writer.vector16_if_any(|writer| body(extension_type, writer));
    if !present {
        writer.truncate(start);
    }
    present
}
