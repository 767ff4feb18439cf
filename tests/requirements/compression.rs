//! What either end makes of compressed certificates (RFC 8879) and of conditions on a client's
//! (RFC 9846 §4.3.5).

use std::sync::Arc;

use countersign_testing::{Reversed, Setup};

use crate::case::Attack::{Bytes, Next};
use crate::case::{cases, mutual};
use crate::draft::{message, vector24};

const COMPRESS_CERTIFICATE: u16 = 27;
const OID_FILTERS: u16 = 48;

/// Lists of algorithms: no list, an empty one, half an algorithm, one cut off, something behind it.
const NO_LISTS: [&[u8]; 5] = [&[], &[0], &[1, 0], &[4, 0, 1, 0], &[2, 0, 1, 0]];

/// Lists of conditions: no list, one cut off, an empty OID, half a condition, something behind it.
const NO_FILTERS: [&[u8]; 5] =
    [&[], &[0], &[0, 3, 0, 0, 0], &[0, 3, 2, 0x2a, 3], &[0, 5, 2, 0x2a, 3, 0, 0, 9]];

cases! {
    // compress_certificate
    server_wants_algorithms_that_parse "rfc8879-3-02":
        Server WaitClientHello, Next(5, |m, i| m.set(COMPRESS_CERTIFICATE, NO_LISTS[i])),
        with compressing => decode_error;
    client_wants_algorithms_that_parse "rfc8879-3-02":
        Client WaitCertificateOrRequest, Next(5, |m, i| m.set(COMPRESS_CERTIFICATE, NO_LISTS[i])),
        with compressing => decode_error;
    server_passes_over_algorithms_that_it_does_not_know "rfc8879-3-03":
        Server WaitClientHello, Next(2, |m, i| m.set(COMPRESS_CERTIFICATE, [
            &[4, 0x0a, 0x0a, 0, 9][..], &[6, 0x0a, 0x0a, 0xff, 0, 0, 9],
        ][i])), with compressing => accepted;
    client_passes_over_algorithms_that_it_does_not_know "rfc8879-3-03":
        Client WaitCertificateOrRequest, Next(2, |m, i| m.set(COMPRESS_CERTIFICATE, [
            &[4, 0x0a, 0x0a, 0, 9][..], &[6, 0x0a, 0x0a, 0xff, 0, 0, 9],
        ][i])), with compressing => accepted;

    // CompressedCertificate
    client_wants_a_compressed_certificate_that_parses "rfc8879-4-09":
        Client WaitCertificate, Bytes(5, malformed), with compressing => decode_error;
    server_wants_a_compressed_certificate_that_parses "rfc8879-4-09":
        Server WaitCertificate, Bytes(5, malformed), with compressing => decode_error;
    client_wants_the_announced_length "rfc8879-4-04 rfc8879-5-04":
        Client WaitCertificate, Bytes(3, |m, i| other_length(m, i)), with compressing => bad_certificate;
    server_wants_the_announced_length "rfc8879-4-04 rfc8879-5-04":
        Server WaitCertificate, Bytes(3, |m, i| other_length(m, i)), with compressing => bad_certificate;
    client_takes_no_algorithm_that_it_has_not_offered "rfc8879-4-02":
        Client WaitCertificate, Bytes(4, |m, i| m[4..6].copy_from_slice(&[0, [0, 1, 2, 3][i]])),
        with compressing => illegal_parameter;
    server_takes_no_algorithm_that_it_has_not_offered "rfc8879-4-02":
        Server WaitCertificate, Bytes(4, |m, i| m[4..6].copy_from_slice(&[0, [0, 1, 2, 3][i]])),
        with compressing => illegal_parameter;
    client_holds_the_proof_against_what_was_sent "rfc8879-4-08":
        Client WaitCertificate, Bytes(1, |m, _| {
            let body: Vec<u8> = m[12..].iter().rev().copied().collect();
            *m = message(11, &body);
        }), with compressing => decrypt_error;
    client_reads_what_comes_out_like_any_other "rfc8879-5-01":
        Client WaitCertificate, Bytes(3, |m, i| *m = reversed([
            &[][..], &[0, 0, 0, 5, 0, 0, 0, 0, 0], &[0, 0, 0, 0, 9],
        ][i])), with compressing => decode_error;
    server_reads_what_comes_out_like_any_other "rfc8879-5-01":
        Server WaitCertificate, Bytes(3, |m, i| *m = reversed([
            &[0][..], &[0, 0, 0, 5, 0, 0, 0, 0, 0], &[0, 0, 0, 0, 9],
        ][i])), with compressing => decode_error;

    // oid_filters
    client_wants_conditions_that_parse "tls13-4.3.5-07":
        Client WaitCertificateOrRequest, Next(5, |m, i| m.set(OID_FILTERS, NO_FILTERS[i])),
        with mutual => decode_error;
    client_passes_over_conditions_that_it_does_not_know "tls13-4.3.5-03":
        Client WaitCertificateOrRequest,
        Next(2, |m, i| m.set(OID_FILTERS, [
            &[0, 8, 3, 0x06, 1, 0x2a, 0, 2, 5, 0][..], &[0, 0],
        ][i])), with mutual => accepted;
}

/// Both ends have certificates, and compress them.
fn compressing(setup: &mut Setup) {
    mutual(setup);
    setup.client.certificate_compressions = vec![Arc::new(Reversed)];
    setup.server.certificate_compressions = vec![Arc::new(Reversed)];
}

/// A CompressedCertificate with this body in it.
fn reversed(body: &[u8]) -> Vec<u8> {
    let turned: Vec<u8> = body.iter().rev().copied().collect();
    let length = &vector24(body)[..3];
    message(25, &[&Reversed::ALGORITHM.0.to_be_bytes(), length, &vector24(&turned)].concat())
}

/// Nothing; an algorithm alone; no bytes of certificate; a byte too few, or too many.
fn malformed(bytes: &mut Vec<u8>, variant: usize) {
    let body = bytes[4..].to_vec();
    *bytes = match variant {
        0 => message(25, &[]),
        1 => message(25, &body[..2]),
        2 => message(25, &[&body[..5], &[0, 0, 0]].concat()),
        3 => message(25, &body[..body.len() - 1]),
        _ => message(25, &[&body[..], &[0]].concat()),
    };
}

/// Less than there is, more, and nothing.
fn other_length(bytes: &mut [u8], variant: usize) {
    bytes[8] = [bytes[8] - 1, bytes[8] + 1, 0][variant];
    if variant == 2 {
        bytes[7] = 0;
    }
}
