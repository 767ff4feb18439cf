//! Faults of the server's parameters, of certificates and of the proofs that go with them.

use countersign::codec::Vector;
use countersign::handshake::decision::{CertificateFault, Decision};
use countersign::message::{Item, ProtocolName};
use countersign::registry::{CertificateType, ExtensionType, SignatureScheme};
use countersign_testing::{Identity, Setup, Trial};
use pki_types::alg_id;

use crate::case::Attack::{Answer, Do, Next};
use crate::case::{cases, mutual, raw_public_keys, with_raw_public_keys};
use crate::der::{self, element};
use crate::edit::{
    append, certificate_request, certificate_verify, certificates, encrypted_extensions,
    flip_last_bit, message,
};

cases! {
    // EncryptedExtensions
    Client WaitEncryptedExtensions: Malformed 50 Handshake, Next(|m| append(m, &[0]));
    Client WaitEncryptedExtensions: MessageOutOfOrder 10 Handshake,
        Next(|m| *m = message(20, &[0; 32]));
    Client WaitEncryptedExtensions: ExtensionNotOffered 110 Handshake,
        Next(|m| encrypted_extensions(m, |extensions, _| extensions.early_data = true));
    Client WaitEncryptedExtensions: ExtensionNotAllowedHere 47 Handshake,
        Next(|m| encrypted_extensions(m, |_, items| items.push(supported_versions())));
    Client WaitEncryptedExtensions: EarlyDataNotAcceptable 47 Handshake,
        Next(|m| encrypted_extensions(m, |extensions, _| extensions.early_data = true)),
        with |setup| {
            let early_data = Item::Raw(ExtensionType::EARLY_DATA, Vec::new());
            setup.client.client_hello_layout.0.push(early_data);
        };
    Client WaitEncryptedExtensions: ProtocolNotOffered 47 Handshake,
        Next(|m| {
            encrypted_extensions(m, |extensions, _| {
                extensions.application_layer_protocol = Some(b"h3");
            });
        }),
        with |setup| {
            let offered: Vector<_> = [ProtocolName(b"h2")].into_iter().collect();
            setup.client.application_layer_protocols = offered;
        };

    Client WaitEncryptedExtensions: ExtensionNotOffered 110 Handshake,
        Next(|m| server_certificate_type(m, Some(RAW_PUBLIC_KEY)));
    Client WaitEncryptedExtensions: ExtensionNotOffered 110 Handshake,
        Next(|m| client_certificate_type(m, Some(RAW_PUBLIC_KEY)));
    Client WaitEncryptedExtensions: CertificateTypeNotOffered 47 Handshake,
        Next(|m| server_certificate_type(m, Some(CertificateType(1)))), with with_raw_public_keys;
    Client WaitEncryptedExtensions: CertificateTypeNotOffered 47 Handshake,
        Next(|m| client_certificate_type(m, Some(CertificateType(1)))), with with_raw_public_keys;
    Client WaitEncryptedExtensions: CertificateTypeNotOffered 47 Handshake,
        Next(|m| server_certificate_type(m, Some(CertificateType::X509))),
        with only_raw_public_keys;
    Client WaitEncryptedExtensions: CertificateTypeNotOffered 47 Handshake,
        Next(|m| client_certificate_type(m, Some(CertificateType::X509))),
        with only_raw_public_keys;
    Client WaitEncryptedExtensions: NoCommonCertificateType 43 Handshake,
        Next(|m| server_certificate_type(m, None)), with only_raw_public_keys;

    // CertificateRequest and Certificate
    Client WaitCertificateOrRequest: RequestContextUnexpected 47 Handshake,
        Next(|m| certificate_request(m, |request| request.certificate_request_context = b"1")),
        with mutual;
    Client WaitCertificateOrRequest: RequestWithoutSignatureAlgorithms 109 Handshake,
        Next(|m| certificate_request(m, |request| request.signature_algorithms = None)),
        with mutual;
    Client WaitCertificateOrRequest: RequestContextUnexpected 47 Handshake,
        Next(|m| *m = message(11, &[1, 7, 0, 0, 0]));
    Client WaitCertificate: ServerCertificateMissing 50 Handshake, Next(|m| certificates(m, &[])),
        with mutual;
    Server WaitCertificate: RequestContextUnexpected 47 Application,
        Next(|m| *m = message(11, &[1, 7, 0, 0, 0])), with mutual;
    Server WaitCertificate: ClientCertificateMissing 116 Application,
        Next(|m| certificates(m, &[])), with mutual;
    Client WaitCertificate: TooManyCertificates 42 Handshake,
        Next(|m| certificates(m, &[&b"one"[..]; 11])), with mutual;
    Server WaitCertificate: TooManyCertificates 42 Application,
        Next(|m| certificates(m, &[&b"one"[..]; 11])), with mutual;
    Client WaitCertificateOrRequest: CertificateMalformed 42 Handshake,
        Next(|m| certificates(m, &[b"no DER"]));
    Server WaitCertificate: CertificateMalformed 42 Application,
        Next(|m| certificates(m, &[b"no DER"])), with mutual;
    Client WaitCertificateOrRequest: CertificateTypeUnsupported 43 Handshake,
        Next(|m| certificates(m, &[&key_that_cannot_sign()]));
    Server WaitCertificate: CertificateTypeUnsupported 43 Application,
        Next(|m| certificates(m, &[&key_that_cannot_sign()])), with mutual;
    Client WaitCertificateOrRequest: CertificateCannotSign 43 Handshake,
        Next(|m| certificates(m, &[&key_that_may_not_sign()]));
    Server WaitCertificate: CertificateCannotSign 43 Application,
        Next(|m| certificates(m, &[&key_that_may_not_sign()])), with mutual;

    // Raw public keys, and what comes in their place
    Client WaitCertificate: ServerCertificateMissing 50 Handshake, Next(|m| certificates(m, &[])),
        with with_raw_public_keys;
    Server WaitCertificate: ClientCertificateMissing 116 Application,
        Next(|m| certificates(m, &[])), with with_raw_public_keys;
    Client WaitCertificate: Malformed 50 Handshake, Next(|m| *m = message(11, NO_BYTES_OF_KEY)),
        with with_raw_public_keys;
    Server WaitCertificate: Malformed 50 Application, Next(|m| *m = message(11, NO_BYTES_OF_KEY)),
        with with_raw_public_keys;
    Client WaitCertificate: RawPublicKeyMalformed 42 Handshake,
        Next(|m| certificates(m, &[&certificate()])), with with_raw_public_keys;
    Server WaitCertificate: RawPublicKeyMalformed 42 Application,
        Next(|m| certificates(m, &[&certificate()])), with with_raw_public_keys;
    Client WaitCertificate: TooManyRawPublicKeys 47 Handshake,
        Next(|m| certificates(m, &[&raw_public_key(), &raw_public_key()])),
        with with_raw_public_keys;
    Server WaitCertificate: TooManyRawPublicKeys 47 Application,
        Next(|m| certificates(m, &[&raw_public_key(), &raw_public_key()])),
        with with_raw_public_keys;
    Client WaitCertificate: CertificateTypeUnsupported 43 Handshake,
        Next(|m| certificates(m, &[&raw_key_that_cannot_sign()])), with with_raw_public_keys;
    Server WaitCertificate: CertificateTypeUnsupported 43 Application,
        Next(|m| certificates(m, &[&raw_key_that_cannot_sign()])), with with_raw_public_keys;
    Client WaitCertificateOrRequest: CertificateMalformed 42 Handshake,
        Next(|m| certificates(m, &[&raw_public_key()]));
    Server WaitCertificate: CertificateMalformed 42 Application,
        Next(|m| certificates(m, &[&raw_public_key()])), with mutual;
    Client WaitCertificateVerify: SignatureInvalid 51 Handshake, Next(|m| flip_last_bit(m)),
        with with_raw_public_keys;
    Server WaitCertificateVerify: SignatureInvalid 51 Application, Next(|m| flip_last_bit(m)),
        with with_raw_public_keys;
    Client WaitCertificateVerify: SignatureSchemeDoesNotFit 47 Handshake,
        Next(|m| sign_with(m, SignatureScheme::ED25519)), with with_raw_public_keys;
    Client WaitCertificateVerify: MessageOutOfOrder 10 Handshake,
        Next(|m| *m = message(20, &[0; 32])), with with_raw_public_keys;
    Server WaitCertificateVerify: MessageOutOfOrder 10 Application,
        Next(|m| *m = message(20, &[0; 32])), with with_raw_public_keys;

    // CertificateVerify and Finished
    Client WaitCertificateVerify: SignatureSchemeNotOffered 47 Handshake,
        Next(|m| sign_with(m, SignatureScheme::RSA_PKCS1_SHA256));
    Server WaitCertificateVerify: SignatureSchemeNotOffered 47 Application,
        Next(|m| sign_with(m, SignatureScheme::RSA_PKCS1_SHA256)), with mutual;
    Client WaitCertificateVerify: SignatureSchemeDoesNotFit 47 Handshake,
        Next(|m| sign_with(m, SignatureScheme::ED25519));
    Server WaitCertificateVerify: SignatureSchemeDoesNotFit 47 Application,
        Next(|m| sign_with(m, SignatureScheme::ED25519)), with mutual;
    // RFC 9963: only a client signs with it, whatever a client offers.
    Client WaitCertificateVerify: SignatureSchemeDoesNotFit 47 Handshake,
        Next(|m| sign_with(m, SignatureScheme::RSA_PKCS1_SHA256_LEGACY)),
        with |setup| {
            let legacy = SignatureScheme::RSA_PKCS1_SHA256_LEGACY;
            let offered = setup.client.signature_schemes.list().iter().chain([legacy]);
            setup.client.signature_schemes = offered.collect();
        };
    Client WaitCertificateVerify: SignatureInvalid 51 Handshake, Next(|m| flip_last_bit(m));
    Server WaitCertificateVerify: SignatureInvalid 51 Application, Next(|m| flip_last_bit(m)),
        with mutual;
    Client WaitFinished: FinishedMismatch 51 Handshake, Next(|m| flip_last_bit(m));
    Server WaitFinished: FinishedMismatch 51 Application, Next(|m| flip_last_bit(m));
    Server WaitFinished: FinishedMismatch 51 Application, Next(|m| flip_last_bit(m)), with mutual;

    // Verdicts
    Client VerifyCertificate: CertificateBad 42 Handshake,
        Answer(|question| reject(question, CertificateFault::Bad));
    Server VerifyCertificate: CertificateBad 42 Application,
        Answer(|question| reject(question, CertificateFault::Bad)), with mutual;
    Client VerifyCertificate: CertificateUnsupported 43 Handshake,
        Answer(|question| reject(question, CertificateFault::Unsupported));
    Server VerifyCertificate: CertificateUnsupported 43 Application,
        Answer(|question| reject(question, CertificateFault::Unsupported)), with mutual;
    Client VerifyCertificate: CertificateRevoked 44 Handshake,
        Answer(|question| reject(question, CertificateFault::Revoked));
    Server VerifyCertificate: CertificateRevoked 44 Application,
        Answer(|question| reject(question, CertificateFault::Revoked)), with mutual;
    Client VerifyCertificate: CertificateExpired 45 Handshake,
        Answer(|question| reject(question, CertificateFault::Expired));
    Server VerifyCertificate: CertificateExpired 45 Application,
        Answer(|question| reject(question, CertificateFault::Expired)), with mutual;
    Client VerifyCertificate: CertificateUnacceptable 46 Handshake,
        Answer(|question| reject(question, CertificateFault::Unspecified));
    Server VerifyCertificate: CertificateUnacceptable 46 Application,
        Answer(|question| reject(question, CertificateFault::Unspecified)), with mutual;
    Client VerifyCertificate: CertificateAuthorityUnknown 48 Handshake,
        Answer(|question| reject(question, CertificateFault::UnknownAuthority));
    Server VerifyCertificate: CertificateAuthorityUnknown 48 Application,
        Answer(|question| reject(question, CertificateFault::UnknownAuthority)), with mutual;
    Client VerifyCertificate: CertificateStatusBad 113 Handshake,
        Answer(|question| reject(question, CertificateFault::Status));
    // Only clients send bad_certificate_status_response.
    Server VerifyCertificate: CertificateUnacceptable 46 Application,
        Answer(|question| reject(question, CertificateFault::Status)), with mutual;
    Client VerifyCertificate: ServerDenied 46 Handshake, Answer(deny);
    Server VerifyCertificate: ClientDenied 49 Application, Answer(deny), with mutual;
    Client VerifyCertificate: VerificationUnavailable 80 Handshake, Answer(cannot_judge);
    Server VerifyCertificate: VerificationUnavailable 80 Application, Answer(cannot_judge),
        with mutual;
    // What waits behind a question counts once it is answered.
    Client VerifyCertificate: FinishedMismatch 51 Handshake, Do(wrong_finished_meanwhile),
        then WaitFinished;
}

fn supported_versions() -> Item {
    Item::Raw(ExtensionType::SUPPORTED_VERSIONS, vec![3, 4])
}

fn server_certificate_type(bytes: &mut Vec<u8>, of: Option<CertificateType>) {
    encrypted_extensions(bytes, |extensions, _| extensions.server_certificate_type = of);
}

fn client_certificate_type(bytes: &mut Vec<u8>, of: Option<CertificateType>) {
    encrypted_extensions(bytes, |extensions, _| extensions.client_certificate_type = of);
}

const RAW_PUBLIC_KEY: CertificateType = CertificateType::RAW_PUBLIC_KEY;

/// Nobody has, or takes, anything else.
fn only_raw_public_keys(setup: &mut Setup) {
    with_raw_public_keys(setup);
    setup.client.server_certificate_types = raw_public_keys();
    setup.client.client_certificate_types = raw_public_keys();
}

/// One entry, with a key of no bytes and no extensions.
const NO_BYTES_OF_KEY: &[u8] = &[0, 0, 0, 5, 0, 0, 0, 0, 0];

fn certificate() -> Vec<u8> {
    Identity::example().chain.entries[0].certificate.to_vec()
}

fn raw_public_key() -> Vec<u8> {
    Identity::example().raw_public_key().to_vec()
}

fn x25519() -> der::Certificate {
    der::Certificate::new(&element(0x06, &[b"\x2b\x65\x6e"]), &[9; 32])
}

fn key_that_cannot_sign() -> Vec<u8> {
    x25519().der()
}

fn raw_key_that_cannot_sign() -> Vec<u8> {
    x25519().subject_public_key_info()
}

fn key_that_may_not_sign() -> Vec<u8> {
    let mut certificate = der::Certificate::new(&alg_id::ED25519, &[9; 32]);
    let only_key_agreement = element(0x03, &[b"\x03\x08"]);
    certificate.key_usages.push(only_key_agreement);
    certificate.der()
}

fn sign_with(bytes: &mut Vec<u8>, scheme: SignatureScheme) {
    certificate_verify(bytes, |proof| proof.algorithm = scheme);
}

type Reply = countersign::handshake::Answer;

fn reject(question: Decision, fault: CertificateFault) -> Reply {
    let Decision::VerifyCertificate(question) = question else { panic!("{question:?}") };
    question.reject(fault)
}

fn deny(question: Decision) -> Reply {
    let Decision::VerifyCertificate(question) = question else { panic!("{question:?}") };
    question.deny()
}

fn cannot_judge(question: Decision) -> Reply {
    let Decision::VerifyCertificate(question) = question else { panic!("{question:?}") };
    question.unavailable()
}

/// The server's Finished arrives, with an error in it, before the certificate is accepted.
fn wrong_finished_meanwhile(trial: &mut Trial) {
    let Some(countersign_testing::Item::Message(mut finished)) = trial.forger.items.pop_front()
    else {
        panic!("no Finished waits to be sent");
    };
    flip_last_bit(&mut finished);
    trial.deliver(countersign_testing::Item::Message(finished));
    assert!(trial.victim.end.is_none(), "the question is still open");
}
