//! What a client makes of EncryptedExtensions and CertificateRequest.

use countersign::codec::Vector;
use countersign::message::{Item as Extension, ProtocolName};
use countersign::registry::ExtensionType;
use countersign_testing::{Item, Setup};

use crate::case::Attack::{Bytes, Next, Nothing, Send};
use crate::case::{cases, mutual, with_psk};
use crate::draft::{KEY_SHARE, PRE_SHARED_KEY, SUPPORTED_VERSIONS, message, share};

cases! {
    // EncryptedExtensions
    client_refuses_what_does_not_belong_into_encrypted_extensions
        "tls13-4.4.1-02 tls13-4.3-05 tls13-4.3.9-05":
        Client WaitEncryptedExtensions, Next(6, |m, i| {
            let [key_share, psk, version] = [KEY_SHARE, PRE_SHARED_KEY, SUPPORTED_VERSIONS];
            m.set([key_share, psk, version, 5, 13, 45][i], [
                &share(0x1d, &[9; 32])[..], &[0, 0], &[3, 4], &[1, 0, 0, 1, 7], &[0, 2, 4, 3],
                &[1, 1],
            ][i]);
        }), with with_psk => illegal_parameter;
    client_refuses_what_it_has_not_asked_for_in_encrypted_extensions
        "tls13-4.3-04 tls13-4.3.6-02 tls13-4.3.10-25":
        Client WaitEncryptedExtensions, Next(4, |m, i| m.set([0x0a0a, 49, 42, 44][i], &[]))
        => unsupported_extension;
    client_wants_one_block_of_encrypted_extensions
        "tls13-4.4.1-03 tls13-4.3-15 tls13-4-05":
        Client WaitEncryptedExtensions, Bytes(5, |m, i| *m = message(8, [
            &[][..], &[0], &[0, 1], &[0, 0, 0], &[0, 6, 0, 10, 0, 4, 0, 2],
        ][i])) => decode_error;
    client_wants_one_protocol "tls13-4.4.1-04":
        Client WaitEncryptedExtensions, Next(3, |m, i| m.set(16, [
            &[0, 0][..], b"\x00\x06\x02h2\x02h3", b"\x00\x01\x00",
        ][i])), with with_protocol => decode_error;
    client_refuses_a_protocol_that_it_has_not_offered "tls13-4.4.1-04":
        Client WaitEncryptedExtensions, Next(1, |m, _| m.set(16, b"\x00\x03\x02h3")),
        with with_protocol => illegal_parameter;
    client_wants_an_empty_answer_to_its_server_name "tls13-4.4.1-06 tls13-4.3-02":
        Client WaitEncryptedExtensions, Next(1, |m, _| m.set(0, &[0])) => decode_error;
    client_tolerates_the_groups_of_a_server "tls13-4.3.7-07":
        Client WaitEncryptedExtensions, Next(1, |m, _| m.set(10, &[0, 4, 0x0a, 0x0a, 0, 0x17]))
        => accepted;
    client_wants_groups_that_parse "tls13-4.3.7-08":
        Client WaitEncryptedExtensions, Next(4, |m, i| m.set(10, [
            &[0, 0][..], &[0, 1, 0], &[0, 2, 0, 0x1d, 0], &[0, 4, 0, 0x1d],
        ][i])) => decode_error;
    client_takes_extensions_of_the_servers_in_any_order "tls13-4.3-09":
        Client WaitEncryptedExtensions, Next(1, |m, _| {
            m.set(10, &[0, 2, 0, 0x17]);
            m.extensions.as_mut().expect("a block").reverse();
        }) => accepted;
    client_takes_record_size_limits_above_the_maximum "rfc8449-4-04":
        Client WaitEncryptedExtensions,
        Next(2, |m, i| m.set(28, [&[0x40, 2], &[0xff, 0xff]][i])),
        with |setup| setup.client.record_size_limit = Some(512) => accepted;
    client_refuses_record_size_limits_below_64 "rfc8449-4-09":
        Client WaitEncryptedExtensions, Next(3, |m, i| m.set(28, &[0, [0, 1, 63][i]])),
        with |setup| setup.client.record_size_limit = Some(512) => illegal_parameter;
    client_wants_two_bytes_of_record_size_limit "rfc8449-4-12":
        Client WaitEncryptedExtensions,
        Next(3, |m, i| m.set(28, [&[][..], &[2], &[2, 0, 0]][i])),
        with |setup| setup.client.record_size_limit = Some(512) => decode_error;

    // CertificateRequest
    client_skips_extensions_of_a_request_that_it_does_not_know
        "tls13-4.4.2-06 tls13-9.3-01 tls13-9.3-03":
        Client WaitCertificateOrRequest, Nothing, with |setup| {
            mutual(setup);
            let unknown = [(0x0a0a, vec![]), (0xfafa, vec![7; 9])];
            let raw = unknown.map(|(code, data)| Extension::Raw(ExtensionType(code), data));
            setup.server.certificate_request_layout.0.extend(raw);
        } => connected;
    client_refuses_what_does_not_belong_into_a_request "tls13-4.3-07 tls13-4.3-05":
        Client WaitCertificateOrRequest, Next(3, |m, i| m.set([KEY_SHARE, 42, 16][i], [
            &share(0x1d, &[9; 32])[..], &[], b"\x00\x03\x02h2",
        ][i])), with mutual => illegal_parameter;
    client_takes_authorities_that_it_does_not_know "tls13-4.3.4-02":
        Client WaitCertificateOrRequest, Next(1, |m, _| m.set(47, b"\x00\x05\x00\x03who")),
        with mutual => accepted;
    client_takes_a_name_in_a_request "tls13-4.3-07":
        Client WaitCertificateOrRequest, Next(1, |m, _| m.set(0, b"\x00\x04\x00\x00\x01a")),
        with mutual => accepted;
    client_wants_schemes_in_a_request "tls13-4.4.2-05 tls13-4.4.2-11 tls13-6.2-09":
        Client WaitCertificateOrRequest, Next(2, |m, i| match i {
            0 => m.extensions = Some(Vec::new()),
            _ => m.remove(13),
        }), with mutual => missing_extension;
    client_wants_a_request_that_parses "tls13-4.4.2-11 tls13-4.3.3-22 tls13-4.3.4-03":
        Client WaitCertificateOrRequest, Bytes(7, |m, i| *m = message(13, [
            &[0][..],
            &[0, 0],
            &[1, 0, 0],
            &[0, 0, 6, 0, 13, 0, 2, 0, 0],
            &[0, 0, 7, 0, 13, 0, 3, 0, 1, 4],
            &[0, 0, 14, 0, 13, 0, 4, 0, 2, 4, 3, 0, 47, 0, 2, 0, 0],
            &[0, 0, 16, 0, 13, 0, 4, 0, 2, 4, 3, 0, 47, 0, 4, 0, 2, 0, 0],
        ][i])), with mutual => decode_error;
    client_refuses_a_context_in_a_request "tls13-4.4.2-03":
        Client WaitCertificateOrRequest, Next(1, |m, _| m.fields = vec![1, 7]), with mutual
        => illegal_parameter;
    client_with_a_psk_takes_neither_certificate_nor_request
        "tls13-4.4.2-07 tls13-4.4.2-09 tls13-4.2.1-05 tls13-F.1-01":
        Client WaitFinished, Send(2, |i| vec![Item::Message([
            message(11, &[0, 0, 0, 0]), message(13, &[0, 0, 8, 0, 13, 0, 4, 0, 2, 4, 3]),
        ][i].clone())]), with with_psk => unexpected_message;
}

fn with_protocol(setup: &mut Setup) {
    let protocols: Vector<_> = [ProtocolName(b"h2")].into_iter().collect();
    setup.client.application_layer_protocols = protocols;
}
