//! Reserved values among those that are offered, so that peers stay used to passing over what they
//! do not know (RFC 8701).
//!
//! They are offered, and never accepted: what a peer selects is held against the configuration,
//! which does not have them.

use crate::crypto::{Draw, Random};
use crate::failure::Cause;
use crate::handshake::config::{ClientConfig, Item, Layout};
use crate::message::ProtocolName;
use crate::registry::{
    CipherSuite, ExtensionType, NamedGroup, ProtocolVersion, PskKeyExchangeMode, SignatureScheme,
};

/// The reserved values of one connection, or of one message.
#[derive(Clone, Copy, Debug)]
pub(super) struct Grease {
    cipher_suite: CipherSuite,
    pub(super) group: NamedGroup,
    pub(super) version: ProtocolVersion,
    pub(super) signature_scheme: SignatureScheme,
    mode: PskKeyExchangeMode,
    protocol: [u8; 2],
    extension: ExtensionType,
    /// Another one.
    last_extension: ExtensionType,
}

impl Grease {
    /// None if it is not `wanted`.
    pub(super) fn draw(wanted: bool, random: &dyn Random) -> Result<Option<Self>, Cause> {
        if !wanted {
            return Ok(None);
        }
        let mut bytes = [0; 8];
        random.fill(Draw::Grease, &mut bytes)?;
        let [suite, group, version, scheme, mode, protocol, extension, last] = bytes;
        let (extension, last) = (reserved(extension), reserved(last));
        Ok(Some(Self {
            cipher_suite: CipherSuite(reserved(suite)),
            group: NamedGroup(reserved(group)),
            version: ProtocolVersion(reserved(version)),
            signature_scheme: SignatureScheme(reserved(scheme)),
            mode: PskKeyExchangeMode(reserved_mode(mode)),
            protocol: reserved(protocol).to_be_bytes(),
            extension: ExtensionType(extension),
            last_extension: ExtensionType(if last == extension { last ^ ONE_APART } else { last }),
        }))
    }

    /// What a client with this configuration offers. Lists that are not sent stay empty.
    pub(super) fn among_offers(&self, config: &ClientConfig) -> ClientConfig {
        ClientConfig {
            cipher_suites: config.cipher_suites.preceded_by(&self.cipher_suite),
            groups: config.groups.preceded_by(&self.group),
            signature_schemes: config.signature_schemes.preceded_by(&self.signature_scheme),
            application_layer_protocols: config
                .application_layer_protocols
                .preceded_by(&ProtocolName(&self.protocol)),
            psk_key_exchange_modes: config.psk_key_exchange_modes.preceded_by(&self.mode),
            client_hello_layout: self.around(&config.client_hello_layout),
            ..config.clone()
        }
    }

    /// The extensions of `layout` between an empty one and one with a byte.
    pub(super) fn around(&self, layout: &Layout) -> Layout {
        let mut items = vec![Item::Raw(self.extension, Vec::new())];
        items.extend_from_slice(&layout.0);
        items.push(Item::Raw(self.last_extension, vec![0]));
        Layout(items)
    }
}

/// 0x0a0a, 0x1a1a and so on (RFC 8701 §2).
const fn reserved(drawn: u8) -> u16 {
    let byte = drawn & 0xf0 | 0x0a;
    u16::from_be_bytes([byte, byte])
}

/// What turns a reserved value into another one.
const ONE_APART: u16 = 0x1010;

/// 0x0b, 0x2a, 0x49 and so on, for the one registry with codes of one byte (RFC 8701 §2).
const fn reserved_mode(drawn: u8) -> u8 {
    0x0b + 0x1f * (drawn >> 5)
}
