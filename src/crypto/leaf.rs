//! The end-entity certificate, as far as the handshake itself must read it.

/// The kind of public key in a certificate, by its SubjectPublicKeyInfo algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum KeyKind {
    /// rsaEncryption.
    Rsa,
    /// id-RSASSA-PSS. (helper: carry the hash restriction if the parameters have one)
    RsaPss,
    /// id-ecPublicKey on P-256.
    EcdsaSecp256r1,
    /// id-ecPublicKey on P-384.
    EcdsaSecp384r1,
    /// id-ecPublicKey on P-521.
    EcdsaSecp521r1,
    /// Ed25519.
    Ed25519,
    /// Ed448.
    Ed448,
}
