//! A hash and a protection of records that cost next to nothing and protect nothing.
//!
//! Lengths and framing are those of real ones, and a changed byte changes the result: enough for a
//! machine to tell right from wrong, as long as nobody tries to deceive it.

use countersign::crypto::aead::{AeadFailed, NONCE_BYTES, TAG_BYTES};
use countersign::crypto::{Aead, AeadKey, Digest, Hash, RunningHash, Suite};
use countersign::registry::CipherSuite;

/// In place of SHA-256 and AES-128-GCM.
pub(crate) static SUITE_OF_32_BYTES: Suite = Suite {
    id: CipherSuite::TLS_AES_128_GCM_SHA256,
    hash: &Mixture { output_bytes: 32 },
    aead: &Mask { key_bytes: 16 },
};

/// In place of SHA-384 and AES-256-GCM.
pub(crate) static SUITE_OF_48_BYTES: Suite = Suite {
    id: CipherSuite::TLS_AES_256_GCM_SHA384,
    hash: &Mixture { output_bytes: 48 },
    aead: &Mask { key_bytes: 32 },
};

#[derive(Debug)]
struct Mixture {
    output_bytes: usize,
}

/// Bytes are gathered into words, and each word is multiplied into two lanes.
#[derive(Clone, Copy)]
struct Mixing {
    lanes: [u64; 2],
    word: u64,
    count: u64,
    output_bytes: usize,
}

const FACTORS: [u64; 2] = [0x9e37_79b9_7f4a_7c15, 0xc2b2_ae3d_27d4_eb4f];

impl Mixing {
    const fn new(output_bytes: usize) -> Self {
        Self { lanes: FACTORS, word: 0, count: 0, output_bytes }
    }

    fn absorb(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.word = self.word << 8 | u64::from(*byte);
            self.count += 1;
            if self.count.is_multiple_of(8) {
                self.mix(self.word);
            }
        }
    }

    const fn mix(&mut self, word: u64) {
        let [a, b] = self.lanes;
        let a = (a ^ word).wrapping_mul(FACTORS[0]);
        let b = (b.rotate_left(23) ^ word).wrapping_mul(FACTORS[1]);
        self.lanes = [a ^ b >> 31, b ^ a >> 29];
    }

    /// What is left of a word, the number of bytes, and then as many words as are asked for.
    fn squeeze(mut self, out: &mut [u8]) {
        self.mix(self.word);
        self.mix(self.count);
        for chunk in out.chunks_mut(8) {
            self.mix(self.lanes[1]);
            chunk.copy_from_slice(&self.lanes[0].to_be_bytes()[..chunk.len()]);
        }
    }
}

impl RunningHash for Mixing {
    fn update(&mut self, bytes: &[u8]) {
        self.absorb(bytes);
    }

    fn digest_with(&self, more: &[u8]) -> Digest {
        let mut running = *self;
        running.absorb(more);
        Digest::filled(self.output_bytes, |out| running.squeeze(out))
    }

    fn fork(&self) -> Box<dyn RunningHash> {
        Box::new(*self)
    }
}

impl Hash for Mixture {
    fn output_bytes(&self) -> usize {
        self.output_bytes
    }

    fn start(&self) -> Box<dyn RunningHash> {
        Box::new(Mixing::new(self.output_bytes))
    }

    fn digest(&self, parts: &[&[u8]]) -> Digest {
        let mut running = Mixing::new(self.output_bytes);
        parts.iter().for_each(|part| running.absorb(part));
        Digest::filled(self.output_bytes, |out| running.squeeze(out))
    }

    fn hmac(&self, key: &[u8], parts: &[&[u8]], out: &mut [u8]) {
        let mut running = Mixing::new(self.output_bytes);
        running.absorb(key);
        // Keys of zeros differ from none, and a key from the front of a message.
        running.mix(!running.count);
        parts.iter().for_each(|part| running.absorb(part));
        running.squeeze(out);
    }

    fn hmac_verify(&self, key: &[u8], message: &[u8], tag: &[u8]) -> bool {
        let mut expected = [0; 48];
        let expected = &mut expected[..self.output_bytes];
        self.hmac(key, &[message], expected);
        expected == tag
    }
}

#[derive(Debug)]
struct Mask {
    key_bytes: usize,
}

/// The key, already absorbed.
struct MaskKey(Mixing);

impl Aead for Mask {
    fn key_bytes(&self) -> usize {
        self.key_bytes
    }

    fn confidentiality_limit(&self) -> u64 {
        1 << 24
    }

    fn key(&self, key: &[u8]) -> Box<dyn AeadKey> {
        let mut mixing = Mixing::new(TAG_BYTES);
        mixing.absorb(key);
        Box::new(MaskKey(mixing))
    }
}

impl MaskKey {
    /// The byte that hides each byte of a record, and its tag over the ciphertext.
    fn mask(&self, nonce: [u8; NONCE_BYTES]) -> (Mixing, u8) {
        let mut mixing = self.0;
        mixing.absorb(&nonce);
        let mut mask = [0];
        mixing.squeeze(&mut mask);
        (mixing, mask[0])
    }

    fn tag(mut mixing: Mixing, associated_data: &[u8], ciphertext: &[u8]) -> [u8; TAG_BYTES] {
        mixing.absorb(associated_data);
        mixing.absorb(ciphertext);
        let mut tag = [0; TAG_BYTES];
        mixing.squeeze(&mut tag);
        tag
    }
}

impl AeadKey for MaskKey {
    fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        content: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], AeadFailed> {
        let (mixing, mask) = self.mask(nonce);
        content.iter_mut().for_each(|byte| *byte ^= mask);
        Ok(Self::tag(mixing, associated_data, content))
    }

    fn open<'a>(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        protected: &'a mut [u8],
    ) -> Result<&'a mut [u8], AeadFailed> {
        let length = protected.len().checked_sub(TAG_BYTES).ok_or(AeadFailed)?;
        let (content, tag) = protected.split_at_mut(length);
        let (mixing, mask) = self.mask(nonce);
        if tag != Self::tag(mixing, associated_data, content) {
            return Err(AeadFailed);
        }
        content.iter_mut().for_each(|byte| *byte ^= mask);
        Ok(content)
    }
}
