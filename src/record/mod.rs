//! The record protocol (RFC 9846 §5): bytes in, contents out, and back.
//!
//! [`Inbound`] and [`Outbound`] are the two directions; they share nothing but these constants.
//! They know keys, limits and content types. They know no handshake message and hold no buffer:
//! records are opened where they were received and sealed where they will be sent from.

pub mod header;
pub mod inbound;
pub mod outbound;

pub use self::header::{HEADER_BYTES, Header, peek};
pub use self::inbound::{Content, Inbound, Record};
pub use self::outbound::{Outbound, Padding};

use crate::crypto::aead::TAG_BYTES;

/// The most content bytes in one record (RFC 9846 §5.1).
pub const MAXIMUM_PLAINTEXT_BYTES: usize = 1 << 14;

/// The most bytes of content, content type and padding in one protected record (RFC 9846 §5.4).
pub const MAXIMUM_INNER_PLAINTEXT_BYTES: usize = MAXIMUM_PLAINTEXT_BYTES + CONTENT_TYPE_BYTES;

/// The largest length in the header of a protected record (RFC 9846 §5.2).
pub const MAXIMUM_CIPHERTEXT_BYTES: usize = MAXIMUM_PLAINTEXT_BYTES + 256;

/// What a protected record is longer than its content, header included and padding excluded.
pub const PROTECTION_OVERHEAD_BYTES: usize = HEADER_BYTES + CONTENT_TYPE_BYTES + TAG_BYTES;

const CONTENT_TYPE_BYTES: usize = 1;

/// The one body that a compatibility `change_cipher_spec` record may have (RFC 9846 §5).
const CHANGE_CIPHER_SPEC_BODY: [u8; 1] = [1];
