//! What either end makes of Certificate, CertificateVerify and Finished.

use countersign::registry::SignatureScheme;
use countersign_testing::{Identity, Setup, pki};

use crate::case::Attack::{Bytes, Next};
use crate::case::{cases, mutual};
use crate::draft::{Draft, message, vector24};

cases! {
    // Certificate
    client_refuses_staples_that_it_has_not_asked_for "tls13-4.5.1-07 tls13-4.3-04":
        Client WaitCertificateOrRequest,
        Next(3, |m, i| m.set([18, 0x0a0a, 5][i], [&[0, 3, 0, 1, 9][..], &[], &[1, 0, 0, 1, 7]][i])),
        with |setup| setup.client.request_ocsp_response = false => unsupported_extension;
    server_refuses_staples_that_it_has_not_asked_for "tls13-4.5.1-07 tls13-4.3-04":
        Server WaitCertificate,
        Next(3, |m, i| m.set([18, 0x0a0a, 5][i], [&[0, 3, 0, 1, 9][..], &[], &[1, 0, 0, 1, 7]][i])),
        with mutual => unsupported_extension;
    client_refuses_what_does_not_belong_to_a_certificate "tls13-4.3-05":
        Client WaitCertificateOrRequest, Next(2, |m, i| m.set([51, 10][i], &[0, 2, 0, 0x1d]))
        => illegal_parameter;
    client_takes_the_first_certificate_for_the_end_entitys "tls13-4.5.1-09 tls13-4.5.1-13":
        Client WaitCertificateOrRequest, Bytes(1, put_another_first) => decrypt_error;
    server_takes_the_first_certificate_for_the_end_entitys "tls13-4.5.1-09 tls13-4.5.1-13":
        Server WaitCertificate, Bytes(1, put_another_first), with mutual => decrypt_error;
    client_refuses_a_certificate_that_is_none "tls13-4.5.1-18":
        Client WaitCertificateOrRequest, Bytes(2, |m, i| *m = chain(&[[&b"?"[..], &[0x30; 99]][i]]))
        => bad_certificate;
    server_refuses_a_certificate_that_is_none "tls13-4.5.1-18":
        Server WaitCertificate, Bytes(2, |m, i| *m = chain(&[[&b"?"[..], &[0x30; 99]][i]])),
        with mutual => bad_certificate;
    client_refuses_an_empty_chain "tls13-4.5.1.3-01 tls13-4.5.1-16":
        Client WaitCertificateOrRequest, Bytes(1, |m, _| *m = chain(&[])) => decode_error;
    server_that_insists_refuses_an_empty_chain "tls13-4.5.1.3-02":
        Server WaitCertificate, Bytes(1, |m, _| *m = chain(&[])), with mutual
        => certificate_required;
    client_refuses_a_context_in_a_servers_certificate "tls13-4.5.1-06":
        Client WaitCertificateOrRequest, Bytes(1, |m, _| *m = message(11, &[1, 7, 0, 0, 0]))
        => illegal_parameter;
    server_refuses_another_context_than_its_own "tls13-4.5.1-05":
        Server WaitCertificate, Bytes(1, |m, _| *m = message(11, &[1, 7, 0, 0, 0])), with mutual
        => illegal_parameter;
    client_wants_a_certificate_that_parses "tls13-4.5.1-17 tls13-4-05":
        Client WaitCertificateOrRequest, Bytes(5, malformed_chain) => decode_error;
    server_wants_a_certificate_that_parses "tls13-4.5.1-17 tls13-4-05":
        Server WaitCertificate, Bytes(5, malformed_chain), with mutual => decode_error;

    // CertificateVerify
    client_refuses_schemes_that_sign_no_messages "tls13-4.3.3-12 tls13-4.5.2-08 tls13-4.3.3-18":
        Client WaitCertificateVerify, Next(7, sign_with), with offering_everything
        => illegal_parameter;
    server_refuses_schemes_that_sign_no_messages "tls13-4.3.3-12 tls13-4.5.2-08 tls13-4.3.3-18":
        Server WaitCertificateVerify, Next(7, sign_with),
        with |setup| { offering_everything(setup); mutual(setup); } => illegal_parameter;
    client_refuses_schemes_that_it_has_not_offered
        "tls13-4.5.2-05 tls13-4.3.3-12 tls13-4.5.2-08 tls13-4.3.3-18":
        Client WaitCertificateVerify, Next(7, sign_with) => illegal_parameter;
    server_refuses_schemes_that_it_has_not_offered
        "tls13-4.5.2-06 tls13-4.3.3-12 tls13-4.5.2-08 tls13-4.3.3-18":
        Server WaitCertificateVerify, Next(7, sign_with), with mutual => illegal_parameter;
    client_refuses_schemes_that_do_not_fit_the_key "tls13-4.5.2-07 tls13-4.3.3-01":
        Client WaitCertificateVerify,
        Next(3, |m, i| m.start([[8, 4], [8, 7], [5, 3]][i])) => illegal_parameter;
    server_refuses_schemes_that_do_not_fit_the_key "tls13-4.5.2-07 tls13-4.3.3-01":
        Server WaitCertificateVerify,
        Next(3, |m, i| m.start([[8, 4], [8, 7], [5, 3]][i])), with mutual => illegal_parameter;
    client_verifies_the_signature "tls13-4.5.2-09 tls13-4.5.2-10 tls13-4.3.3-07":
        Client WaitCertificateVerify, Next(4, spoil_signature) => decrypt_error;
    server_verifies_the_signature "tls13-4.5.2-09 tls13-4.5.2-10 tls13-4.3.3-07":
        Server WaitCertificateVerify, Next(4, spoil_signature), with mutual => decrypt_error;
    client_wants_a_certificate_verify_that_parses "tls13-4.5.2-11 tls13-4-05":
        Client WaitCertificateVerify, Next(3, malformed_proof) => decode_error;
    server_wants_a_certificate_verify_that_parses "tls13-4.5.2-11 tls13-4-05":
        Server WaitCertificateVerify, Next(3, malformed_proof), with mutual => decode_error;

    // Finished
    client_compares_every_bit_of_verify_data "tls13-4.5.3-01":
        Client WaitFinished, Next(256, |m, i| m.fields[i / 8] ^= 1 << (i % 8)) => decrypt_error;
    server_compares_every_bit_of_verify_data "tls13-4.5.3-01":
        Server WaitFinished, Next(256, |m, i| m.fields[i / 8] ^= 1 << (i % 8)) => decrypt_error;
    client_wants_a_finished_of_the_length_of_the_hash "tls13-4.5.3-02 tls13-4-05":
        Client WaitFinished, Next(4, |m, i| m.fields.resize([0, 12, 31, 33][i], 7)) => decode_error;
    server_wants_a_finished_of_the_length_of_the_hash "tls13-4.5.3-02 tls13-4-05":
        Server WaitFinished, Next(4, |m, i| m.fields.resize([0, 12, 31, 33][i], 7)) => decode_error;
    client_wants_the_servers_finished "tls13-4.5-02":
        Client WaitFinished, Bytes(1, |m, _| *m = message(4, &[0; 13])) => unexpected_message;
    server_wants_the_clients_finished "tls13-4.5-02 tls13-4.5.1-02":
        Server WaitFinished, Bytes(2, |m, i| *m = [message(24, &[0]), chain(&[])][i].clone())
        => unexpected_message;
}

/// A Certificate with these certificates, and nothing stapled to them.
pub(crate) fn chain(certificates: &[&[u8]]) -> Vec<u8> {
    let entry = |der: &&[u8]| [vector24(der), vec![0, 0]].concat();
    let entries: Vec<u8> = certificates.iter().flat_map(entry).collect();
    message(11, &[&[0], &vector24(&entries)[..]].concat())
}

/// The right certificate, but second.
fn put_another_first(message: &mut Vec<u8>, _: usize) {
    let own = &Identity::example().chain.entries[0].certificate;
    *message = chain(&[pki::self_signed().leaf(), own]);
}

fn malformed_chain(bytes: &mut Vec<u8>, variant: usize) {
    let body: [&[u8]; 5] = [
        &[],
        &[0, 0, 0, 5, 0, 0, 0, 0, 0],
        &[0, 0, 0, 6, 0, 0, 1, 7, 0],
        &[0, 0, 0, 6, 0, 0, 1, 7, 0, 0, 0],
        &[0, 0, 0, 7, 0, 0, 1, 7, 0, 1, 0],
    ];
    *bytes = message(11, body[variant]);
}

/// RSASSA-PKCS1-v1_5, SHA-1, MD5, SHA-224 and DSA.
fn sign_with(draft: &mut Draft, variant: usize) {
    draft.start([[4, 1], [5, 1], [2, 1], [2, 3], [1, 1], [3, 1], [4, 2]][variant]);
}

fn offering_everything(setup: &mut Setup) {
    let unfit = [0x0401, 0x0501, 0x0201, 0x0203, 0x0101, 0x0301, 0x0402].map(SignatureScheme);
    let schemes = || unfit.into_iter().chain([SignatureScheme::ECDSA_SECP256R1_SHA256]).collect();
    setup.client.signature_schemes = schemes();
    setup.server.signature_schemes = schemes();
}

/// A bit turned; nothing; a byte behind the DER; r and s without DER.
fn spoil_signature(draft: &mut Draft, variant: usize) {
    let signature = draft.fields.split_off(4);
    let spoilt = match variant {
        0 => [&signature[..20], &[signature[20] ^ 1], &signature[21..]].concat(),
        1 => Vec::new(),
        2 => [&signature[..], &[0]].concat(),
        _ => vec![7; 64],
    };
    draft.fields.truncate(2);
    draft.fields.extend(crate::draft::vector16(&spoilt));
}

fn malformed_proof(draft: &mut Draft, variant: usize) {
    match variant {
        0 => draft.fields.truncate(20),
        1 => draft.fields.push(0),
        _ => draft.fields.truncate(1),
    }
}
