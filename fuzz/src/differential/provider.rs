//! The cryptography of [`insecure`](crate::insecure) in the shape that rustls wants it, so that both
//! implementations compute the same.

use std::sync::{Arc, LazyLock};

use countersign::crypto::aead::NONCE_BYTES;
use countersign::crypto::{Group, Provider, RunningHash, Suite};
use countersign::registry as ours;
use pki_types::PrivateKeyDer;
use rustls::crypto::cipher::{
    AeadKey, InboundOpaqueMessage, InboundPlainMessage, Iv, MessageDecrypter, MessageEncrypter,
    Nonce, OutboundOpaqueMessage, OutboundPlainMessage, PrefixedPayload, Tls13AeadAlgorithm,
    UnsupportedOperationError, make_tls13_aad,
};
use rustls::crypto::hash::{self, HashAlgorithm};
use rustls::crypto::tls13::HkdfUsingHmac;
use rustls::crypto::{
    ActiveKeyExchange, CryptoProvider, GetRandomFailed, KeyProvider, SecureRandom, SharedSecret,
    SupportedKxGroup, WebPkiSupportedAlgorithms, hmac,
};
use rustls::sign::SigningKey;
use rustls::{
    CipherSuite, CipherSuiteCommon, ConnectionTrafficSecrets, ContentType, Error, NamedGroup,
    PeerMisbehaved, ProtocolVersion, SignatureScheme, SupportedCipherSuite, Tls13CipherSuite,
};

use crate::cheap::{SUITE_OF_32_BYTES, SUITE_OF_48_BYTES};
use crate::differential::SEED;
use crate::insecure::{HashOfKeyAndMessage, insecure_provider};

/// A provider with these of our suites and groups.
pub(super) fn provider(
    suites: &[ours::CipherSuite],
    groups: &[ours::NamedGroup],
) -> CryptoProvider {
    let suites = suites.iter().map(|id| match *id {
        ours::CipherSuite::TLS_AES_128_GCM_SHA256 => SupportedCipherSuite::Tls13(&OF_32_BYTES),
        _ => SupportedCipherSuite::Tls13(&OF_48_BYTES),
    });
    let groups = groups.iter().map(|id| match *id {
        ours::NamedGroup::X25519 => &X25519 as &dyn SupportedKxGroup,
        _ => &SECP256R1,
    });
    CryptoProvider {
        cipher_suites: suites.collect(),
        kx_groups: groups.collect(),
        signature_verification_algorithms: ALGORITHMS,
        secure_random: &Repeated,
        key_provider: &NoKeys,
    }
}

/// Who verifies: one scheme, as the configurations of ours have it.
pub(super) const ALGORITHMS: WebPkiSupportedAlgorithms = WebPkiSupportedAlgorithms {
    all: &[&HashOfKeyAndMessage],
    mapping: &[(SignatureScheme::ED25519, &[&HashOfKeyAndMessage])],
};

static OF_32_BYTES: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_128_GCM_SHA256,
        hash_provider: &Bridge(&SUITE_OF_32_BYTES),
        confidentiality_limit: 1 << 24,
    },
    hkdf_provider: &HkdfUsingHmac(&Bridge(&SUITE_OF_32_BYTES)),
    aead_alg: &Bridge(&SUITE_OF_32_BYTES),
    quic: None,
};

static OF_48_BYTES: Tls13CipherSuite = Tls13CipherSuite {
    common: CipherSuiteCommon {
        suite: CipherSuite::TLS13_AES_256_GCM_SHA384,
        hash_provider: &Bridge(&SUITE_OF_48_BYTES),
        confidentiality_limit: 1 << 24,
    },
    hkdf_provider: &HkdfUsingHmac(&Bridge(&SUITE_OF_48_BYTES)),
    aead_alg: &Bridge(&SUITE_OF_48_BYTES),
    quic: None,
};

/// Hash, HMAC and AEAD of a suite of ours.
struct Bridge(&'static Suite);

impl hash::Hash for Bridge {
    fn start(&self) -> Box<dyn hash::Context> {
        Box::new(Running(self.0.hash.start()))
    }

    fn hash(&self, data: &[u8]) -> hash::Output {
        hash::Output::new(self.0.hash.digest(&[data]).as_bytes())
    }

    fn output_len(&self) -> usize {
        self.0.hash.output_bytes()
    }

    /// No known one: of those, rustls has the hash of nothing by heart.
    fn algorithm(&self) -> HashAlgorithm {
        HashAlgorithm::Unknown(u8::try_from(self.output_len()).unwrap_or(u8::MAX))
    }
}

struct Running(Box<dyn RunningHash>);

impl hash::Context for Running {
    fn fork_finish(&self) -> hash::Output {
        hash::Output::new(self.0.digest_with(&[]).as_bytes())
    }

    fn fork(&self) -> Box<dyn hash::Context> {
        Box::new(Self(self.0.fork()))
    }

    fn finish(self: Box<Self>) -> hash::Output {
        self.fork_finish()
    }

    fn update(&mut self, data: &[u8]) {
        self.0.update(data);
    }
}

impl hmac::Hmac for Bridge {
    fn with_key(&self, key: &[u8]) -> Box<dyn hmac::Key> {
        Box::new(HmacKey(self.0, key.to_vec()))
    }

    fn hash_output_len(&self) -> usize {
        self.0.hash.output_bytes()
    }
}

struct HmacKey(&'static Suite, Vec<u8>);

impl hmac::Key for HmacKey {
    fn sign_concat(&self, first: &[u8], middle: &[&[u8]], last: &[u8]) -> hmac::Tag {
        let mut tag = [0; hmac::Tag::MAX_LEN];
        let tag = &mut tag[..self.tag_len()];
        self.0.hash.hmac(&self.1, &[&[first], middle, &[last]].concat(), tag);
        hmac::Tag::new(tag)
    }

    fn tag_len(&self) -> usize {
        self.0.hash.output_bytes()
    }
}

impl Tls13AeadAlgorithm for Bridge {
    fn encrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageEncrypter> {
        Box::new(self.record_key(&key, iv))
    }

    fn decrypter(&self, key: AeadKey, iv: Iv) -> Box<dyn MessageDecrypter> {
        Box::new(self.record_key(&key, iv))
    }

    fn key_len(&self) -> usize {
        self.0.aead.key_bytes()
    }

    fn extract_keys(
        &self,
        _: AeadKey,
        _: Iv,
    ) -> Result<ConnectionTrafficSecrets, UnsupportedOperationError> {
        Err(UnsupportedOperationError)
    }
}

impl Bridge {
    fn record_key(&self, key: &AeadKey, iv: Iv) -> RecordKey {
        RecordKey { key: self.0.aead.key(key.as_ref()), iv }
    }
}

struct RecordKey {
    key: Box<dyn countersign::crypto::AeadKey>,
    iv: Iv,
}

impl RecordKey {
    fn nonce(&self, sequence_number: u64) -> [u8; NONCE_BYTES] {
        Nonce::new(&self.iv, sequence_number).0
    }
}

impl MessageEncrypter for RecordKey {
    fn encrypt(
        &mut self,
        message: OutboundPlainMessage<'_>,
        sequence_number: u64,
    ) -> Result<OutboundOpaqueMessage, Error> {
        let length = self.encrypted_payload_len(message.payload.len());
        let mut payload = PrefixedPayload::with_capacity(length);
        payload.extend_from_chunks(&message.payload);
        payload.extend_from_slice(&[u8::from(message.typ)]);
        let nonce = self.nonce(sequence_number);
        let tag = self.key.seal(nonce, &make_tls13_aad(length), payload.as_mut());
        payload.extend_from_slice(&tag.map_err(|_| Error::EncryptError)?);
        let (content_type, version) = (ContentType::ApplicationData, ProtocolVersion::TLSv1_2);
        Ok(OutboundOpaqueMessage::new(content_type, version, payload))
    }

    fn encrypted_payload_len(&self, payload_len: usize) -> usize {
        payload_len + 1 + countersign::crypto::aead::TAG_BYTES
    }
}

impl MessageDecrypter for RecordKey {
    fn decrypt<'a>(
        &mut self,
        mut message: InboundOpaqueMessage<'a>,
        sequence_number: u64,
    ) -> Result<InboundPlainMessage<'a>, Error> {
        let associated_data = make_tls13_aad(message.payload.len());
        let nonce = self.nonce(sequence_number);
        let content = self.key.open(nonce, &associated_data, &mut message.payload);
        let length = content.map_err(|_| Error::DecryptError)?.len();
        message.payload.truncate(length);
        message.into_tls13_unpadded_message()
    }
}

static X25519: Exchange = Exchange(ours::NamedGroup::X25519);
static SECP256R1: Exchange = Exchange(ours::NamedGroup::SECP256R1);

/// A group of ours.
#[derive(Debug)]
struct Exchange(ours::NamedGroup);

static PROVIDER: LazyLock<Provider> = LazyLock::new(|| insecure_provider(SEED));

impl Exchange {
    fn group(&self) -> &'static dyn Group {
        &**PROVIDER.group(self.0).expect("a group of ours")
    }
}

impl SupportedKxGroup for Exchange {
    fn start(&self) -> Result<Box<dyn ActiveKeyExchange>, Error> {
        let exchange = self.group().start(&*PROVIDER.random);
        let exchange = exchange.map_err(|_| Error::FailedToGetRandomBytes)?;
        Ok(Box::new(Started { name: self.name(), exchange }))
    }

    fn name(&self) -> NamedGroup {
        NamedGroup::from(self.0.0)
    }
}

struct Started {
    name: NamedGroup,
    exchange: Box<dyn countersign::crypto::KeyExchange>,
}

impl ActiveKeyExchange for Started {
    fn complete(self: Box<Self>, share: &[u8]) -> Result<SharedSecret, Error> {
        let secret = self.exchange.finish(share);
        let secret = secret.map_err(|_| Error::from(PeerMisbehaved::InvalidKeyShare))?;
        Ok(SharedSecret::from(secret.as_bytes()))
    }

    fn pub_key(&self) -> &[u8] {
        self.exchange.share()
    }

    fn group(&self) -> NamedGroup {
        self.name
    }
}

/// rustls does not say what randomness is for, so all of it is alike.
#[derive(Debug)]
struct Repeated;

impl SecureRandom for Repeated {
    fn fill(&self, buffer: &mut [u8]) -> Result<(), GetRandomFailed> {
        buffer.fill(SEED);
        Ok(())
    }
}

/// Keys are not loaded here.
#[derive(Debug)]
struct NoKeys;

impl KeyProvider for NoKeys {
    fn load_private_key(&self, _: PrivateKeyDer<'static>) -> Result<Arc<dyn SigningKey>, Error> {
        Err(Error::General(String::from("a key that nobody loads")))
    }
}
