//! What a policy answers to each question, and what it hands back.

mod answers;
mod chains;
mod choice;
mod credentials;
mod handshakes;
mod raw_public_keys;
mod verified;

use countersign::registry::{CertificateType, SignatureScheme as Scheme};

const X509: CertificateType = CertificateType::X509;
const RAW: CertificateType = CertificateType::RAW_PUBLIC_KEY;
const P256: Scheme = Scheme::ECDSA_SECP256R1_SHA256;
const P384: Scheme = Scheme::ECDSA_SECP384R1_SHA384;
const ED25519: Scheme = Scheme::ED25519;
