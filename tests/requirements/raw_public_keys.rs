//! What either end makes of types of certificate, and of raw public keys (RFC 7250).

use countersign::codec::Vector;
use countersign::registry::CertificateType;
use countersign_testing::{Identity, Setup};

use crate::authentication::chain;
use crate::case::Attack::{Bytes, Next};
use crate::case::{cases, mutual};

/// The code points of `client_certificate_type` and `server_certificate_type`.
const TYPES: [u16; 2] = [19, 20];

cases! {
    // ClientHello
    server_wants_lists_of_types_that_parse "rfc7250-3-02":
        Server WaitClientHello, Next(10, |m, i| m.set(TYPES[i % 2], [
            &[][..], &[0], &[2, 2], &[1, 2, 2], &[0, 2],
        ][i / 2])), with with_raw_public_keys => decode_error;
    server_refuses_a_list_of_x509_alone "rfc7250-4.1-02 rfc7250-4.1-04":
        Server WaitClientHello, Next(2, |m, i| m.set(TYPES[i], &[1, 0])),
        with with_raw_public_keys => illegal_parameter;
    server_ends_the_handshake_without_a_type_in_common "rfc7250-4.2-01":
        Server WaitClientHello, Next(4, |m, i| match i {
            0 | 1 => m.remove(TYPES[i]),
            _ => m.set(TYPES[i - 2], &[2, 0, 3]),
        }), with with_raw_public_keys => unsupported_certificate;
    server_selects_neither_openpgp_nor_what_it_does_not_know "tls13-4.5.1-15":
        Server WaitClientHello, Next(4, |m, i| m.set(TYPES[i % 2], &[2, 1, [0, 255][i / 2]])),
        with with_raw_public_keys => unsupported_certificate;
    server_skips_types_that_it_does_not_know "tls13-4.5.1-15 rfc7250-4.2-03 rfc7250-4.2-04":
        Server WaitClientHello, Next(2, |m, i| m.set(TYPES[i], &[4, 1, 255, 2, 0])),
        with with_raw_public_keys => accepted;

    // EncryptedExtensions
    client_wants_one_type_as_an_answer "rfc7250-3-02":
        Client WaitEncryptedExtensions, Next(6, |m, i| m.set(TYPES[i % 2], [
            &[][..], &[1, 2], &[2, 2],
        ][i / 2])), with with_raw_public_keys => decode_error;
    client_refuses_types_that_it_has_not_listed
        "rfc7250-4.2-03 rfc7250-4.2-04 tls13-4.5.1-15":
        Client WaitEncryptedExtensions, Next(6, |m, i| m.set(TYPES[i % 2], &[[0, 1, 255][i / 2]])),
        with only_raw_public_keys => illegal_parameter;
    client_that_takes_nothing_else_insists_on_an_answer "rfc7250-4.2-08":
        Client WaitEncryptedExtensions, Next(1, |m, _| m.remove(20)), with only_raw_public_keys
        => unsupported_certificate;
    client_reads_x509_where_the_server_has_not_answered "rfc7250-4.2-08":
        Client WaitEncryptedExtensions, Next(1, |m, _| m.remove(20)), with with_raw_public_keys
        => bad_certificate;

    // Certificate
    client_refuses_raw_public_keys_that_are_none "rfc7250-3-01 rfc7250-4.2-08":
        Client WaitCertificate, Bytes(5, |m, i| *m = chain(&[&no_key(i)])),
        with with_raw_public_keys => bad_certificate;
    server_refuses_raw_public_keys_that_are_none "rfc7250-3-01 rfc7250-4.2-08":
        Server WaitCertificate, Bytes(5, |m, i| *m = chain(&[&no_key(i)])),
        with with_raw_public_keys => bad_certificate;
    client_refuses_more_raw_public_keys_than_one "tls13-4.5.1-14":
        Client WaitCertificate, Bytes(2, |m, i| *m = chain(&vec![&key()[..]; i + 2])),
        with with_raw_public_keys => illegal_parameter;
    server_refuses_more_raw_public_keys_than_one "tls13-4.5.1-14":
        Server WaitCertificate, Bytes(2, |m, i| *m = chain(&vec![&key()[..]; i + 2])),
        with with_raw_public_keys => illegal_parameter;
    client_wants_a_raw_public_key_of_some_bytes "tls13-4.5.1-14 rfc7250-4.2-08":
        Client WaitCertificate, Bytes(1, |m, _| *m = chain(&[&[]])), with with_raw_public_keys
        => decode_error;
    server_wants_a_raw_public_key_of_some_bytes "tls13-4.5.1-14 rfc7250-4.2-08":
        Server WaitCertificate, Bytes(1, |m, _| *m = chain(&[&[]])), with with_raw_public_keys
        => decode_error;
}

fn raw_public_keys() -> Vector<CertificateType> {
    std::iter::once(CertificateType::RAW_PUBLIC_KEY).collect()
}

/// Servers have raw public keys and insist on such; clients have and take both.
fn with_raw_public_keys(setup: &mut Setup) {
    let both = || [CertificateType::X509, CertificateType::RAW_PUBLIC_KEY].into_iter().collect();
    mutual(setup);
    setup.client.server_certificate_types = both();
    setup.client.client_certificate_types = both();
    setup.server.server_certificate_types = raw_public_keys();
    setup.server.client_certificate_types = raw_public_keys();
}

/// Clients have and take nothing else either.
fn only_raw_public_keys(setup: &mut Setup) {
    with_raw_public_keys(setup);
    setup.client.server_certificate_types = raw_public_keys();
    setup.client.client_certificate_types = raw_public_keys();
}

fn key() -> Vec<u8> {
    Identity::example().raw_public_key().to_vec()
}

/// A certificate; no DER; a byte too few; a byte too many; a length in BER.
fn no_key(variant: usize) -> Vec<u8> {
    let key = key();
    match variant {
        0 => Identity::example().chain.entries[0].certificate.to_vec(),
        1 => b"a key".to_vec(),
        2 => key[..key.len() - 1].to_vec(),
        3 => [&key[..], &[0]].concat(),
        _ => [&[0x30, 0x81], &key[1..]].concat(),
    }
}
