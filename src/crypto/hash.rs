//! Hash and HMAC as a provider supplies them; HKDF on top, our own (RFC 5869, RFC 9846 §7.1).

use core::fmt;

use crate::crypto::secret::{Passing, Secret, copy, passing};

/// The longest hash, in bytes (SHA-384).
pub const MAX_DIGEST_BYTES: usize = 48;

/// The output of a hash.
#[derive(Clone, Copy)]
pub struct Digest {
    bytes: [u8; MAX_DIGEST_BYTES],
    length: usize,
}

impl Digest {
    /// A digest of `length` bytes, at most [`MAX_DIGEST_BYTES`], written in place by `fill`.
    #[must_use]
    pub fn filled(length: usize, fill: impl FnOnce(&mut [u8])) -> Self {
        let mut digest =
            Self { bytes: [0; MAX_DIGEST_BYTES], length: length.min(MAX_DIGEST_BYTES) };
        fill(digest.bytes.get_mut(..digest.length).unwrap_or_default());
        digest
    }

    /// As many zeros as `hash` is long: what stands for an absent secret (RFC 9846 §7.1).
    #[must_use]
    pub fn zeros(hash: &'static dyn Hash) -> Self {
        Self::filled(hash.output_bytes(), |_| ())
    }

    /// The digest's bytes.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        self.bytes.get(..self.length).unwrap_or_default()
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Digest(")?;
        self.as_bytes().iter().try_for_each(|byte| write!(f, "{byte:02x}"))?;
        f.write_str(")")
    }
}

/// A hash function and the HMAC over it.
pub trait Hash: Send + Sync + fmt::Debug {
    /// The output length in bytes, at most [`MAX_DIGEST_BYTES`].
    fn output_bytes(&self) -> usize;

    /// A computation that has seen nothing yet.
    fn start(&self) -> Box<dyn RunningHash>;

    /// The hash of the concatenation of `parts`.
    fn digest(&self, parts: &[&[u8]]) -> Digest;

    /// HMAC over the concatenation of `parts`, written to `out`, which is
    /// [`output_bytes`](Self::output_bytes) long.
    fn hmac(&self, key: &[u8], parts: &[&[u8]], out: &mut [u8]);

    /// Whether `tag` is the HMAC of `message`, in constant time.
    fn hmac_verify(&self, key: &[u8], message: &[u8], tag: &[u8]) -> bool;

    /// The hash of nothing, for those who know it without computing it.
    fn of_empty(&self) -> Digest {
        self.digest(&[])
    }

    /// What the (EC)DHE secret is extracted with in a handshake without a PSK (RFC 9846 §7.1): it
    /// is the same in each, for those who know it without computing it.
    fn salt_without_psk(&self) -> Option<Digest> {
        None
    }
}

/// A hash computation under way.
pub trait RunningHash: Send + Sync {
    /// Appends `bytes` to what is hashed.
    fn update(&mut self, bytes: &[u8]);

    /// The hash of everything so far and then `more`; the computation goes on without `more`.
    fn digest_with(&self, more: &[u8]) -> Digest;

    /// Another computation that has seen the same.
    fn fork(&self) -> Box<dyn RunningHash>;
}

impl dyn Hash {
    /// HKDF-Extract (RFC 5869 §2.2).
    #[must_use]
    pub fn extract(&self, salt: &[u8], input_key_material: &[u8]) -> Secret {
        Secret::filled(self.output_bytes(), |out| self.hmac(salt, &[input_key_material], out))
    }

    /// HKDF-Extract of a secret that nobody keeps: `passing` is filled and returned.
    pub(crate) fn extract_passing<'a>(
        &self,
        salt: &[u8],
        input_key_material: &[u8],
        passing: &'a mut Passing,
    ) -> &'a [u8] {
        let out = passing.get_mut(..self.output_bytes()).unwrap_or_default();
        self.hmac(salt, &[input_key_material], out);
        out
    }

    /// HKDF-Expand (RFC 5869 §2.3), which fills `out`.
    ///
    /// It can make 255 blocks; what lies beyond stays as it was. Callers that take a length from
    /// outside check it first.
    pub fn expand(&self, secret: &[u8], info: &[u8], out: &mut [u8]) {
        let mut previous: &[u8] = &[];
        for (counter, block) in (1..=u8::MAX).zip(out.chunks_mut(self.output_bytes())) {
            let parts = [previous, info, &[counter]];
            if block.len() == self.output_bytes() {
                self.hmac(secret, &parts, block);
            } else {
                let mut last = passing();
                let last = last.get_mut(..self.output_bytes()).unwrap_or_default();
                self.hmac(secret, &parts, last);
                copy(last, block);
            }
            previous = block;
        }
    }

    /// HKDF-Expand-Label with the hash's own length as the output length (RFC 9846 §7.1).
    #[must_use]
    pub fn expand_label(&self, secret: &Secret, label: &str, context: &[u8]) -> Secret {
        Secret::filled(self.output_bytes(), |out| {
            self.expand_label_into(secret.as_bytes(), label, context, out);
        })
    }

    /// HKDF-Expand-Label of a secret that nobody keeps: `passing` is filled and returned.
    pub(crate) fn expand_label_passing<'a>(
        &self,
        secret: &[u8],
        label: &str,
        context: &[u8],
        passing: &'a mut Passing,
    ) -> &'a [u8] {
        let out = passing.get_mut(..self.output_bytes()).unwrap_or_default();
        self.expand_label_into(secret, label, context, out);
        out
    }

    /// HKDF-Expand-Label that fills `out` (RFC 9846 §7.1), as far as `expand` can.
    pub fn expand_label_into(&self, secret: &[u8], label: &str, context: &[u8], out: &mut [u8]) {
        // HkdfLabel: the length of the output, the label and the context, each behind its length.
        let length = u16::try_from(out.len()).unwrap_or(u16::MAX).to_be_bytes();
        let label_bytes = [u8::try_from(LABEL_PREFIX.len() + label.len()).unwrap_or(u8::MAX)];
        let context_bytes = [u8::try_from(context.len()).unwrap_or(u8::MAX)];
        let parts =
            [&length[..], &label_bytes, LABEL_PREFIX, label.as_bytes(), &context_bytes, context];
        let (mut info, mut used) = ([0; MAX_LABEL_BYTES], 0);
        for part in parts {
            copy(part, info.get_mut(used..).unwrap_or_default());
            used += part.len();
        }
        self.expand(secret, info.get(..used).unwrap_or(&info), out);
    }
}

/// The longest HkdfLabel: a label and a context of 255 bytes each, and three lengths.
const MAX_LABEL_BYTES: usize = 2 + 256 + 256;

const LABEL_PREFIX: &[u8] = b"tls13 ";
