//! Faults of certificates that travel compressed (RFC 8879), and of the conditions that a server
//! sets for them (RFC 9846 §4.3.5).

use std::sync::Arc;

use countersign::codec::{List, Reader, Vector};
use countersign::handshake::config::OidFilter;
use countersign::limits::Limits;
use countersign::message::{Certificate, CompressedCertificate, HEADER_BYTES, ParseContext};
use countersign::registry::{CertificateCompressionAlgorithm, ExtensionType, HandshakeType};
use countersign_testing::{Reversed, Setup};

use crate::case::Attack::Next;
use crate::case::{cases, mutual, with_raw_public_keys};
use crate::edit::{add_to_client_hello, append, certificate_request, flip_last_bit, message};

cases! {
    // CompressedCertificate
    Client WaitCertificateOrRequest: MessageOutOfOrder 10 Handshake, Next(compress);
    Client WaitCertificate: MessageOutOfOrder 10 Handshake, Next(compress), with mutual;
    Server WaitCertificate: MessageOutOfOrder 10 Application, Next(compress), with mutual;
    // Offering it to the other end is no offer to take it.
    Client WaitCertificate: MessageOutOfOrder 10 Handshake, Next(compress),
        with |setup| {
            mutual(setup);
            setup.server.certificate_compressions = vec![Arc::new(Reversed)];
        };
    Server WaitCertificate: MessageOutOfOrder 10 Application, Next(compress),
        with |setup| {
            mutual(setup);
            setup.client.certificate_compressions = vec![Arc::new(Reversed)];
        };
    Client WaitFinished: MessageOutOfOrder 10 Handshake,
        Next(|m| *m = message(25, &[0xff, 0, 0, 0, 1, 0, 0, 1, 0])), with compressing;
    Client WaitCertificateOrRequest: Malformed 50 Handshake, Next(|m| append(m, &[0])),
        with compressing;
    Server WaitCertificate: Malformed 50 Application, Next(|m| append(m, &[0])), with both;
    Client WaitCertificateOrRequest: Malformed 50 Handshake,
        Next(|m| *m = message(25, &[0xff, 0, 0, 0, 1, 0, 0, 0])), with compressing;
    Client WaitCertificateOrRequest: CompressionNotOffered 47 Handshake,
        Next(|m| compressed(m, |c| c.algorithm = CertificateCompressionAlgorithm::ZSTD)),
        with compressing;
    Server WaitCertificate: CompressionNotOffered 47 Application,
        Next(|m| compressed(m, |c| c.algorithm = CertificateCompressionAlgorithm::ZSTD)),
        with both;
    Client WaitCertificate: CompressedCertificateTooLong 42 Handshake,
        Next(|m| compressed(m, |c| c.uncompressed_length = one_too_long())), with both;
    Server WaitCertificate: CompressedCertificateTooLong 42 Application,
        Next(|m| compressed(m, |c| c.uncompressed_length = 0x00ff_ffff)), with both;
    Client WaitCertificate: CompressedCertificateInvalid 42 Handshake,
        Next(|m| compressed(m, |c| c.uncompressed_length += 1)), with both;
    Client WaitCertificateOrRequest: CompressedCertificateInvalid 42 Handshake,
        Next(|m| compressed(m, |c| c.uncompressed_length -= 1)), with compressing;
    Server WaitCertificate: CompressedCertificateInvalid 42 Application,
        Next(|m| compressed(m, |c| c.uncompressed_length = 0)), with both;
    Server WaitCertificate: CompressedCertificateInvalid 42 Application,
        Next(|m| compressed(m, |c| {
            let (_, cut_off) = c.compressed_certificate_message.split_at(1);
            c.compressed_certificate_message = cut_off;
        })), with both;

    // What comes out of it is judged as if it had come so.
    Client WaitCertificateOrRequest: Malformed 50 Handshake,
        Next(|m| containing(m, &[0, 0, 0, 1])), with compressing;
    Server WaitCertificate: Malformed 50 Application, Next(|m| containing(m, &[0, 0, 0, 0, 9])),
        with both;
    Client WaitCertificate: ServerCertificateMissing 50 Handshake,
        Next(|m| containing(m, &[0, 0, 0, 0])), with both;
    Server WaitCertificate: ClientCertificateMissing 116 Application,
        Next(|m| containing(m, &[0, 0, 0, 0])), with both;
    Client WaitCertificateOrRequest: RequestContextUnexpected 47 Handshake,
        Next(|m| containing(m, &[1, 7, 0, 0, 0])), with compressing;
    Server WaitCertificate: RequestContextUnexpected 47 Application,
        Next(|m| containing(m, &[1, 7, 0, 0, 0])), with both;
    Client WaitCertificate: CertificateMalformed 42 Handshake,
        Next(|m| containing(m, &[0, 0, 0, 6, 0, 0, 1, 9, 0, 0])), with both;
    Server WaitCertificate: ExtensionNotOffered 110 Application,
        Next(|m| containing(m, &[0, 0, 0, 10, 0, 0, 1, 9, 0, 4, 0, 5, 0, 0])), with both;
    Client WaitCertificate: TooManyCertificates 42 Handshake,
        Next(|m| containing(m, &eleven_certificates())), with both;
    // So is a raw public key (RFC 8879 §4).
    Client WaitCertificate: RawPublicKeyMalformed 42 Handshake,
        Next(|m| containing(m, &[0, 0, 0, 6, 0, 0, 1, 9, 0, 0])), with both_with_raw_public_keys;
    Server WaitCertificate: RawPublicKeyMalformed 42 Application,
        Next(|m| containing(m, &[0, 0, 0, 6, 0, 0, 1, 9, 0, 0])), with both_with_raw_public_keys;
    // The proof covers the message as it was sent.
    Client WaitCertificateVerify: SignatureInvalid 51 Handshake, Next(|m| flip_last_bit(m)),
        with both;

    // oid_filters
    Client WaitCertificateOrRequest: OidFilterRepeated 47 Handshake,
        Next(|m| filters(m, &[(OTHER, b""), (KEY_USAGE, b""), (OTHER, b"1")])), with mutual;
    Client WaitCertificateOrRequest: OidFilterInvalid 47 Handshake,
        Next(|m| filters(m, &[(PURPOSES, ANY_PURPOSE)])), with mutual;
    Client WaitCertificateOrRequest: OidFilterInvalid 47 Handshake,
        Next(|m| filters(m, &[(KEY_USAGE, b"no DER")])), with mutual;
    Client WaitCertificateOrRequest: OidFilterInvalid 47 Handshake,
        Next(|m| filters(m, &[(PURPOSES, b"\x30\x05\x06\x03\x55\x04\x03\x00")])), with mutual;
    Client WaitEncryptedExtensions: ExtensionNotOffered 110 Handshake,
        Next(|m| *m = message(8, &[0, 6, 0, 48, 0, 2, 0, 0]));
    Client WaitEncryptedExtensions: ExtensionNotAllowedHere 47 Handshake,
        Next(|m| *m = message(8, &[0, 7, 0, 27, 0, 3, 2, 0, 1])), with compressing;
    Server WaitClientHello: ExtensionNotAllowedHere 47 Initial,
        Next(|m| add_to_client_hello(m, ExtensionType::OID_FILTERS, &[0, 0]));
    // The example's certificate says nothing of key usages.
    Server WaitCertificate: CertificateLacksUsage 43 Application, Next(|_| ()),
        with |setup| {
            mutual(setup);
            setup.server.oid_filters = [filter((KEY_USAGE, b""))].into_iter().collect();
        };
    Server WaitCertificate: CertificateLacksUsage 43 Application, Next(|_| ()),
        with |setup| {
            both(setup);
            setup.server.oid_filters = [filter((PURPOSES, CLIENTS))].into_iter().collect();
        };
}

/// 2.5.29.15 in DER.
const KEY_USAGE: &[u8] = b"\x06\x03\x55\x1d\x0f";

/// 2.5.29.37 in DER.
pub(crate) const PURPOSES: &[u8] = b"\x06\x03\x55\x1d\x25";

/// An extension that nobody knows.
const OTHER: &[u8] = b"\x06\x03\x55\x1d\x7f";

/// A list of 2.5.29.37.0.
pub(crate) const ANY_PURPOSE: &[u8] = b"\x30\x06\x06\x04\x55\x1d\x25\x00";

/// A list of 1.3.6.1.5.5.7.3.2.
pub(crate) const CLIENTS: &[u8] = b"\x30\x0a\x06\x08\x2b\x06\x01\x05\x05\x07\x03\x02";

/// Both ends compress.
pub(crate) fn compressing(setup: &mut Setup) {
    setup.client.certificate_compressions = vec![Arc::new(Reversed)];
    setup.server.certificate_compressions = vec![Arc::new(Reversed)];
}

/// Both ends compress, and both have certificates.
fn both(setup: &mut Setup) {
    mutual(setup);
    compressing(setup);
}

fn both_with_raw_public_keys(setup: &mut Setup) {
    with_raw_public_keys(setup);
    compressing(setup);
}

fn one_too_long() -> u32 {
    u32::try_from(Limits::default().certificate_message_bytes).expect("a sane limit") + 1
}

fn eleven_certificates() -> Vec<u8> {
    [&[0, 0, 0, 66][..], &[0, 0, 1, 9, 0, 0].repeat(11)].concat()
}

/// Changes what is around a compressed certificate.
pub(crate) fn compressed(bytes: &mut Vec<u8>, change: impl FnOnce(&mut CompressedCertificate<'_>)) {
    let body = bytes[HEADER_BYTES..].to_vec();
    let mut certificate = CompressedCertificate::parse(&body).expect("compressed");
    change(&mut certificate);
    write(bytes, &certificate);
}

/// Replaces what is in a compressed certificate.
pub(crate) fn containing(bytes: &mut Vec<u8>, body: &[u8]) {
    let reversed: Vec<u8> = body.iter().rev().copied().collect();
    compressed(bytes, |certificate| {
        assert_eq!(certificate.algorithm, Reversed::ALGORITHM);
    });
    let certificate = CompressedCertificate {
        algorithm: Reversed::ALGORITHM,
        uncompressed_length: u32::try_from(body.len()).expect("short"),
        compressed_certificate_message: &reversed,
    };
    write(bytes, &certificate);
}

/// Compresses a Certificate that came as it is.
fn compress(bytes: &mut Vec<u8>) {
    let body = bytes[HEADER_BYTES..].to_vec();
    Certificate::parse(&body, &ParseContext::default()).expect("not compressed");
    let reversed: Vec<u8> = body.iter().rev().copied().collect();
    let certificate = CompressedCertificate {
        algorithm: Reversed::ALGORITHM,
        uncompressed_length: u32::try_from(body.len()).expect("short"),
        compressed_certificate_message: &reversed,
    };
    write(bytes, &certificate);
}

fn write(bytes: &mut Vec<u8>, certificate: &CompressedCertificate<'_>) {
    bytes.clear();
    let handshake_type = HandshakeType::COMPRESSED_CERTIFICATE;
    countersign::message::encode(handshake_type, bytes, |w| certificate.encode(w)).expect("short");
}

type Filter<'a> = (&'a [u8], &'a [u8]);

pub(crate) fn filter<'a>((oid, values): Filter<'a>) -> OidFilter<'a> {
    OidFilter { certificate_extension_oid: oid, certificate_extension_values: values }
}

pub(crate) fn filters(bytes: &mut Vec<u8>, filters: &[Filter<'static>]) {
    let filters: Vector<OidFilter<'_>> = filters.iter().map(|&of| filter(of)).collect();
    let encoded: &'static [u8] = filters.list().as_bytes().to_vec().leak();
    let filters = List::parse(Reader::new(encoded)).expect("filters");
    certificate_request(bytes, |request| request.oid_filters = Some(filters));
}
