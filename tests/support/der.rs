//! Certificates in DER, each part of them open to be wrong. Nobody signed them.

/// An element with `tag` around `parts`.
pub(crate) fn element(tag: u8, parts: &[&[u8]]) -> Vec<u8> {
    let content = parts.concat();
    let length = u16::try_from(content.len()).expect("a short element").to_be_bytes();
    let header: &[u8] = match length {
        [0, short @ ..=0x7f] => &[tag, short],
        [0, long] => &[tag, 0x81, long],
        [high, low] => &[tag, 0x82, high, low],
    };
    [header, &content].concat()
}

/// A SEQUENCE of `parts`.
pub(crate) fn sequence(parts: &[&[u8]]) -> Vec<u8> {
    element(0x30, parts)
}

/// A certificate with one key in it.
#[derive(Clone)]
pub(crate) struct Certificate {
    /// The content of the AlgorithmIdentifier of the key.
    pub(crate) algorithm: Vec<u8>,
    /// How many bits at the end of the key do not count.
    pub(crate) unused_bits: u8,
    /// The key.
    pub(crate) public_key: Vec<u8>,
    /// What comes behind the key, still inside SubjectPublicKeyInfo.
    pub(crate) after_public_key: Vec<u8>,
    /// The values of as many KeyUsage extensions.
    pub(crate) key_usages: Vec<Vec<u8>>,
}

impl Certificate {
    /// A certificate without KeyUsage for `public_key`.
    pub(crate) fn new(algorithm: &[u8], public_key: &[u8]) -> Self {
        Self {
            algorithm: algorithm.to_vec(),
            unused_bits: 0,
            public_key: public_key.to_vec(),
            after_public_key: Vec::new(),
            key_usages: Vec::new(),
        }
    }

    /// The SubjectPublicKeyInfo.
    pub(crate) fn subject_public_key_info(&self) -> Vec<u8> {
        sequence(&[
            &sequence(&[&self.algorithm]),
            &element(0x03, &[&[self.unused_bits], &self.public_key]),
            &self.after_public_key,
        ])
    }

    /// The whole certificate.
    pub(crate) fn der(&self) -> Vec<u8> {
        let version = element(0xa0, &[&element(0x02, &[&[2]])]);
        let serial = element(0x02, &[&[1]]);
        let ed25519 = sequence(&[&element(0x06, &[&[0x2b, 0x65, 0x70]])]);
        let name = sequence(&[]);
        let date = element(0x17, &[b"260101000000Z"]);
        let validity = sequence(&[&date, &date]);
        let key_usages: Vec<_> = self.key_usages.iter().map(|value| key_usage(value)).collect();
        let extensions = element(0xa3, &[&sequence(&[&key_usages.concat()])]);
        let to_be_signed = sequence(&[
            &version,
            &serial,
            &ed25519,
            &name,
            &validity,
            &name,
            &self.subject_public_key_info(),
            if key_usages.is_empty() { &[] } else { &extensions },
        ]);
        sequence(&[&to_be_signed, &ed25519, &element(0x03, &[&[0; 65]])])
    }
}

fn key_usage(value: &[u8]) -> Vec<u8> {
    let critical = element(0x01, &[&[0xff]]);
    sequence(&[&element(0x06, &[&[0x55, 0x1d, 0x0f]]), &critical, &element(0x04, &[value])])
}
