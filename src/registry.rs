//! IANA code points as open newtypes: every value can be held, the known ones have names.

use core::fmt;

use crate::codec::{Decode, Encode, Reader, Writer};
use crate::epoch::Role;
use crate::failure::Cause;

macro_rules! registry {
    ($(
        $(#[$doc:meta])*
        $name:ident($int:ident $read:ident) {
            $($(#[$value_doc:meta])* $value:ident = $code:literal,)*
        }
    )+) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(pub $int);

        impl $name {
            $($(#[$value_doc])* pub const $value: Self = Self($code);)*

            /// The registered name; `None` for a value not listed here.
            #[must_use]
            pub const fn name(self) -> Option<&'static str> {
                match self.0 { $($code => Some(stringify!($value)),)* _ => None }
            }
        }

        impl Encode for $name {
            fn encode(&self, writer: &mut Writer<'_>) { writer.$read(self.0); }
        }

        impl<'a> Decode<'a> for $name {
            fn decode(reader: &mut Reader<'a>) -> Result<Self, Cause> { reader.$read().map(Self) }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self.name() {
                    Some(name) => f.write_str(name),
                    None => write!(f, concat!(stringify!($name), "({:#06x})"), self.0),
                }
            }
        }
    )+};
}

registry! {
    /// A protocol version (RFC 9846 §4.2.2).
    ProtocolVersion(u16 u16) {
        /// The value of every legacy version field.
        TLS12 = 0x0303,
        /// The only version this crate speaks.
        TLS13 = 0x0304,
    }

    /// The type of a record (RFC 9846 §5.1).
    ContentType(u8 u8) {
        /// The compatibility record of RFC 9846 §5.
        CHANGE_CIPHER_SPEC = 20,
        /// Alerts.
        ALERT = 21,
        /// Handshake messages.
        HANDSHAKE = 22,
        /// Application data, and the outer type of every protected record.
        APPLICATION_DATA = 23,
    }

    /// The type of a handshake message (RFC 9846 §4).
    HandshakeType(u8 u8) {
        /// ClientHello.
        CLIENT_HELLO = 1,
        /// ServerHello, and HelloRetryRequest.
        SERVER_HELLO = 2,
        /// NewSessionTicket.
        NEW_SESSION_TICKET = 4,
        /// EndOfEarlyData.
        END_OF_EARLY_DATA = 5,
        /// EncryptedExtensions.
        ENCRYPTED_EXTENSIONS = 8,
        /// Certificate.
        CERTIFICATE = 11,
        /// CertificateRequest.
        CERTIFICATE_REQUEST = 13,
        /// CertificateVerify.
        CERTIFICATE_VERIFY = 15,
        /// Finished.
        FINISHED = 20,
        /// KeyUpdate.
        KEY_UPDATE = 24,
        /// CompressedCertificate (RFC 8879).
        COMPRESSED_CERTIFICATE = 25,
        /// The synthetic message of RFC 9846 §4.1; never on the wire.
        MESSAGE_HASH = 254,
    }

    /// A cipher suite (RFC 9846 §B.4).
    CipherSuite(u16 u16) {
        /// AES-128-GCM with SHA-256.
        TLS_AES_128_GCM_SHA256 = 0x1301,
        /// AES-256-GCM with SHA-384.
        TLS_AES_256_GCM_SHA384 = 0x1302,
        /// ChaCha20-Poly1305 with SHA-256.
        TLS_CHACHA20_POLY1305_SHA256 = 0x1303,
    }

    /// A key exchange group (RFC 9846 §4.3.7).
    NamedGroup(u16 u16) {
        /// NIST P-256.
        SECP256R1 = 0x0017,
        /// NIST P-384.
        SECP384R1 = 0x0018,
        /// NIST P-521.
        SECP521R1 = 0x0019,
        /// Curve25519.
        X25519 = 0x001d,
        /// Curve448.
        X448 = 0x001e,
        /// ML-KEM-768 alone.
        MLKEM768 = 0x0201,
        /// ML-KEM-1024 alone.
        MLKEM1024 = 0x0202,
        /// P-256 with ML-KEM-768.
        SECP256R1MLKEM768 = 0x11eb,
        /// X25519 with ML-KEM-768.
        X25519MLKEM768 = 0x11ec,
    }

    /// A signature scheme (RFC 9846 §4.3.3).
    SignatureScheme(u16 u16) {
        /// RSASSA-PKCS1-v1_5 with SHA-1: in certificates only, and in none if it can be helped.
        RSA_PKCS1_SHA1 = 0x0201,
        /// ECDSA with SHA-1: in certificates only, and in none if it can be helped.
        ECDSA_SHA1 = 0x0203,
        /// RSASSA-PKCS1-v1_5 with SHA-256: in certificates only.
        RSA_PKCS1_SHA256 = 0x0401,
        /// RSASSA-PKCS1-v1_5 with SHA-384: in certificates only.
        RSA_PKCS1_SHA384 = 0x0501,
        /// RSASSA-PKCS1-v1_5 with SHA-512: in certificates only.
        RSA_PKCS1_SHA512 = 0x0601,
        /// RSASSA-PKCS1-v1_5 with SHA-256: for clients whose keys can do no better (RFC 9963).
        RSA_PKCS1_SHA256_LEGACY = 0x0420,
        /// RSASSA-PKCS1-v1_5 with SHA-384: for clients whose keys can do no better (RFC 9963).
        RSA_PKCS1_SHA384_LEGACY = 0x0520,
        /// RSASSA-PKCS1-v1_5 with SHA-512: for clients whose keys can do no better (RFC 9963).
        RSA_PKCS1_SHA512_LEGACY = 0x0620,
        /// ECDSA on P-256 with SHA-256.
        ECDSA_SECP256R1_SHA256 = 0x0403,
        /// ECDSA on P-384 with SHA-384.
        ECDSA_SECP384R1_SHA384 = 0x0503,
        /// ECDSA on P-521 with SHA-512.
        ECDSA_SECP521R1_SHA512 = 0x0603,
        /// RSASSA-PSS with SHA-256, key of type rsaEncryption.
        RSA_PSS_RSAE_SHA256 = 0x0804,
        /// RSASSA-PSS with SHA-384, key of type rsaEncryption.
        RSA_PSS_RSAE_SHA384 = 0x0805,
        /// RSASSA-PSS with SHA-512, key of type rsaEncryption.
        RSA_PSS_RSAE_SHA512 = 0x0806,
        /// Ed25519.
        ED25519 = 0x0807,
        /// Ed448.
        ED448 = 0x0808,
        /// RSASSA-PSS with SHA-256, key of type RSASSA-PSS.
        RSA_PSS_PSS_SHA256 = 0x0809,
        /// RSASSA-PSS with SHA-384, key of type RSASSA-PSS.
        RSA_PSS_PSS_SHA384 = 0x080a,
        /// RSASSA-PSS with SHA-512, key of type RSASSA-PSS.
        RSA_PSS_PSS_SHA512 = 0x080b,
    }

    /// How a PSK is used (RFC 9846 §4.3.9).
    PskKeyExchangeMode(u8 u8) {
        /// PSK only.
        PSK_KE = 0,
        /// PSK with (EC)DHE.
        PSK_DHE_KE = 1,
    }

    /// What a Certificate message holds (RFC 7250 §3, RFC 9846 §4.5.1).
    CertificateType(u8 u8) {
        /// A chain of certificates; what is not agreed on is this.
        X509 = 0,
        /// A SubjectPublicKeyInfo, and nobody who vouches for it.
        RAW_PUBLIC_KEY = 2,
    }

    /// Whether a KeyUpdate asks for one in return (RFC 9846 §4.7.3).
    KeyUpdateRequest(u8 u8) {
        /// No answer is wanted.
        UPDATE_NOT_REQUESTED = 0,
        /// The receiver should update its sending keys too.
        UPDATE_REQUESTED = 1,
    }

    /// The type of an extension (RFC 9846 §4.3).
    ExtensionType(u16 u16) {
        /// RFC 6066.
        SERVER_NAME = 0,
        /// RFC 6066.
        MAX_FRAGMENT_LENGTH = 1,
        /// RFC 6066.
        STATUS_REQUEST = 5,
        /// RFC 9846 §4.3.7.
        SUPPORTED_GROUPS = 10,
        /// RFC 9846 §4.3.3.
        SIGNATURE_ALGORITHMS = 13,
        /// RFC 5764.
        USE_SRTP = 14,
        /// RFC 6520.
        HEARTBEAT = 15,
        /// RFC 7301.
        APPLICATION_LAYER_PROTOCOL_NEGOTIATION = 16,
        /// RFC 6962.
        SIGNED_CERTIFICATE_TIMESTAMP = 18,
        /// RFC 7250.
        CLIENT_CERTIFICATE_TYPE = 19,
        /// RFC 7250.
        SERVER_CERTIFICATE_TYPE = 20,
        /// RFC 7685.
        PADDING = 21,
        /// RFC 7924.
        CACHED_INFO = 25,
        /// RFC 8879.
        COMPRESS_CERTIFICATE = 27,
        /// RFC 8449.
        RECORD_SIZE_LIMIT = 28,
        /// RFC 9345.
        DELEGATED_CREDENTIAL = 34,
        /// RFC 8870.
        SUPPORTED_EKT_CIPHERS = 39,
        /// RFC 9846 §4.3.11.
        PRE_SHARED_KEY = 41,
        /// RFC 9846 §4.3.10.
        EARLY_DATA = 42,
        /// RFC 9846 §4.3.1.
        SUPPORTED_VERSIONS = 43,
        /// RFC 9846 §4.3.2.
        COOKIE = 44,
        /// RFC 9846 §4.3.9.
        PSK_KEY_EXCHANGE_MODES = 45,
        /// RFC 9846 §4.3.4.
        CERTIFICATE_AUTHORITIES = 47,
        /// RFC 9846 §4.3.5.
        OID_FILTERS = 48,
        /// RFC 9846 §4.3.6.
        POST_HANDSHAKE_AUTH = 49,
        /// RFC 9846 §4.3.3.
        SIGNATURE_ALGORITHMS_CERT = 50,
        /// RFC 9846 §4.3.8.
        KEY_SHARE = 51,
        /// RFC 9162.
        TRANSPARENCY_INFO = 52,
        /// RFC 8844.
        EXTERNAL_ID_HASH = 55,
        /// RFC 8844.
        EXTERNAL_SESSION_ID = 56,
        /// RFC 9001 §8.2.
        QUIC_TRANSPORT_PARAMETERS = 57,
        /// RFC 9149.
        TICKET_REQUEST = 58,
        /// draft-ietf-tls-tlsflags.
        TLS_FLAGS = 62,
        /// RFC 9849.
        ECH_OUTER_EXTENSIONS = 0xfd00,
        /// RFC 9849.
        ENCRYPTED_CLIENT_HELLO = 0xfe0d,
        /// RFC 5746; not of TLS 1.3.
        RENEGOTIATION_INFO = 0xff01,
    }
}

impl NamedGroup {
    /// Whether it joins a curve with a post-quantum KEM.
    #[must_use]
    pub const fn is_hybrid(self) -> bool {
        matches!(self, Self::X25519MLKEM768 | Self::SECP256R1MLKEM768)
    }
}

impl SignatureScheme {
    /// Whether a CertificateVerify of `signer`'s may use it: RSASSA-PKCS1-v1_5 and SHA-1 are for
    /// certificates only (RFC 9846 §4.3.3), but for clients with schemes of their own (RFC 9963).
    #[must_use]
    pub const fn signs_for(self, signer: Role) -> bool {
        match self {
            Self::RSA_PKCS1_SHA256
            | Self::RSA_PKCS1_SHA384
            | Self::RSA_PKCS1_SHA512
            | Self::RSA_PKCS1_SHA1
            | Self::ECDSA_SHA1 => false,
            Self::RSA_PKCS1_SHA256_LEGACY
            | Self::RSA_PKCS1_SHA384_LEGACY
            | Self::RSA_PKCS1_SHA512_LEGACY => matches!(signer, Role::Client),
            _ => true,
        }
    }
}
