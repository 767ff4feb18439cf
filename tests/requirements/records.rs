//! What either end makes of records.

use countersign::registry::ContentType;
use countersign_testing::{Item, Setup, Trial};

use crate::case::Attack::{Do, Send};
use crate::case::{cases, mutual, next_message, with_early_data, with_retry};
use crate::draft::message;

const CHANGE_CIPHER_SPEC: ContentType = ContentType::CHANGE_CIPHER_SPEC;
const DATA: ContentType = ContentType::APPLICATION_DATA;
const HANDSHAKE: ContentType = ContentType::HANDSHAKE;

cases! {
    // Application data
    client_takes_no_data_without_keys "tls13-5-07 tls13-2-02 tls13-5.1-16":
        Client WaitServerHello, Send(1, |_| vec![Item::Plaintext(DATA, vec![1])])
        => unexpected_message;
    server_takes_no_data_without_keys "tls13-5-07 tls13-2-02 tls13-5.1-16":
        Server WaitClientHello, Send(1, |_| vec![Item::Plaintext(DATA, vec![1])])
        => unexpected_message;
    client_takes_no_data_after_a_retry "tls13-2-02":
        Client WaitSecondServerHello, Send(1, |_| vec![Item::Plaintext(DATA, vec![1])]),
        with with_retry => unexpected_message;
    client_takes_no_data_before_encrypted_extensions "tls13-2-02":
        Client WaitEncryptedExtensions, Send(1, data) => unexpected_message;
    client_takes_no_data_before_the_servers_certificate "tls13-2-02":
        Client WaitCertificateOrRequest, Send(1, data) => unexpected_message;
    client_takes_no_data_before_certificate_verify "tls13-2-02":
        Client WaitCertificateVerify, Send(1, data) => unexpected_message;
    client_takes_no_data_before_finished "tls13-2-02":
        Client WaitFinished, Send(1, data) => unexpected_message;
    server_takes_no_data_before_a_certificate "tls13-2-02 tls13-4.5.3-06":
        Server WaitCertificate, Send(1, data), with mutual => unexpected_message;
    server_takes_no_data_before_finished "tls13-2-02 tls13-4.5.3-06":
        Server WaitFinished, Send(1, data) => unexpected_message;

    // Early data that was accepted
    server_refuses_early_data_that_is_too_long "tls13-4.3.10-20":
        Server WaitEndOfEarlyData, Send(1, |_| vec![Item::Record(DATA, vec![7; 0x4001], 0)]),
        with with_early_data => record_overflow;
    server_refuses_early_data_of_another_type "tls13-4.3.10-20":
        Server WaitEndOfEarlyData, Send(3, |i| vec![match i {
            0 => Item::Record(ContentType(0), vec![0; 8], 8),
            1 => Item::Record(ContentType(24), vec![7], 0),
            _ => Item::Record(CHANGE_CIPHER_SPEC, vec![1], 0),
        }]), with with_early_data => unexpected_message;
    server_refuses_early_data_that_does_not_open "tls13-4.3.10-21":
        Server WaitEndOfEarlyData, Send(1, |_| vec![Item::Forged(DATA, vec![7])]),
        with with_early_data => bad_record_mac;
    server_takes_nothing_else_under_the_early_key "tls13-4.6-05":
        Server WaitEndOfEarlyData, Send(3, |i| vec![Item::Message(match i {
            0 => message(20, &[7; 32]),
            1 => message(11, &[0, 0, 0, 0]),
            _ => message(24, &[0]),
        })]), with with_early_data => unexpected_message;
    server_wants_an_empty_end_of_early_data "tls13-4.6-06":
        Server WaitEndOfEarlyData, Send(1, |_| vec![Item::Message(message(5, &[0]))]),
        with with_early_data => decode_error;
    server_refuses_an_end_of_early_data_that_there_was_not "tls13-4.6-02":
        Server WaitFinished, Send(1, |_| vec![Item::Message(message(5, &[]))])
        => unexpected_message;

    // The ends of flights
    server_takes_nothing_behind_end_of_early_data "tls13-5.1-04":
        Server WaitEndOfEarlyData,
        Send(2, |i| vec![Item::Message([&message(5, &[])[..], &[20, 0, 0, 32][..1 + 3 * i]].concat())]),
        with with_early_data => unexpected_message;
    server_takes_nothing_behind_a_client_hello "tls13-5.1-04":
        Server WaitClientHello, Do(2, append_to_the_next) => unexpected_message;
    server_takes_nothing_behind_finished "tls13-5.1-04":
        Server WaitFinished, Do(2, append_to_the_next) => unexpected_message;
    client_takes_nothing_behind_finished "tls13-5.1-04":
        Client WaitFinished, Do(2, append_to_the_next) => unexpected_message;

    // change_cipher_spec
    server_takes_no_change_cipher_spec_first "tls13-5-03":
        Server WaitClientHello, Send(1, |_| vec![Item::Plaintext(CHANGE_CIPHER_SPEC, vec![1])])
        => unexpected_message;
    server_takes_no_change_cipher_spec_after_finished "tls13-5-03":
        Server Connected, Send(1, |_| vec![Item::Plaintext(CHANGE_CIPHER_SPEC, vec![1])])
        => unexpected_message;
    client_takes_no_change_cipher_spec_after_finished "tls13-5-03":
        Client Connected, Send(1, |_| vec![Item::Plaintext(CHANGE_CIPHER_SPEC, vec![1])])
        => unexpected_message;
    client_drops_change_cipher_spec_before_finished "tls13-5-01 tls13-5-09 tls13-E.4-03":
        Client WaitFinished, Send(1, |_| vec![Item::Plaintext(CHANGE_CIPHER_SPEC, vec![1]); 3])
        => accepted;
    server_drops_change_cipher_spec_before_finished "tls13-5-01 tls13-5-09 tls13-E.4-03":
        Server WaitFinished, Send(1, |_| vec![Item::Plaintext(CHANGE_CIPHER_SPEC, vec![1]); 3])
        => accepted;
    client_refuses_any_other_change_cipher_spec "tls13-5-02":
        Client WaitServerHello, Send(4, |i| vec![Item::Plaintext(
            CHANGE_CIPHER_SPEC, [&[0][..], &[2], &[1, 1], &[]][i].to_vec(),
        )]) => unexpected_message;
    client_refuses_a_protected_change_cipher_spec "tls13-5-02":
        Client WaitFinished, Send(1, |_| vec![Item::Record(CHANGE_CIPHER_SPEC, vec![1], 0)])
        => unexpected_message;

    // Lengths and padding
    client_counts_padding_against_its_record_size_limit "rfc8449-4-06":
        Client Connected,
        Send(2, |i| vec![Item::Record(DATA, vec![7; [500, 1_000][i]], [500, 0][i])]),
        with with_limits => record_overflow;
    server_counts_padding_against_its_record_size_limit "rfc8449-4-06":
        Server Connected,
        Send(2, |i| vec![Item::Record(DATA, vec![7; [500, 1_000][i]], [500, 0][i])]),
        with with_limits => record_overflow;
    server_takes_a_record_as_long_as_its_limit "rfc8449-4-06":
        Server Connected,
        Send(2, |i| vec![Item::Record(DATA, vec![7; [500, 999][i]], [499, 0][i])]),
        with with_limits => accepted;
    client_takes_no_plaintext_message_once_there_are_keys "tls13-5-06":
        Client WaitEncryptedExtensions,
        Send(1, |_| vec![Item::Plaintext(HANDSHAKE, message(8, &[0, 0]))]) => unexpected_message;
    server_takes_no_plaintext_message_once_there_are_keys "tls13-5-06":
        Server WaitFinished,
        Send(1, |_| vec![Item::Plaintext(HANDSHAKE, message(20, &[7; 32]))]) => unexpected_message;
}

fn data(_: usize) -> Vec<Item> {
    vec![Item::Record(DATA, vec![1], 0)]
}

/// The first byte of another message, or a whole one, in the same record.
fn append_to_the_next(trial: &mut Trial, variant: usize) {
    let more: &[u8] = [&[24][..], &[24, 0, 0, 1, 0]][variant];
    next_message(trial).extend_from_slice(more);
}

fn with_limits(setup: &mut Setup) {
    setup.client.record_size_limit = Some(1_000);
    setup.server.record_size_limit = Some(1_000);
}
