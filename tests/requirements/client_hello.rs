//! What a server makes of a first ClientHello.

use countersign::handshake::config::KeyShares;
use countersign::message::Item as Extension;
use countersign::registry::{ExtensionType, NamedGroup, PskKeyExchangeMode};
use countersign_testing::{Item, Setup};

use crate::case::Attack::{Bytes, Next, Nothing, Send};
use crate::case::{cases, with_psk};
use crate::draft::{Draft, KEY_SHARE, SUPPORTED_VERSIONS, share, vector16};

const P256: u16 = 0x17;
const X25519: u16 = 0x1d;

cases! {
    // Legacy fields and versions
    server_refuses_any_other_legacy_version "tls13-4.2.2-10 tls13-E.5-09":
        Server WaitClientHello,
        Next(5, |m, i| m.start([[3, 0], [3, 1], [3, 2], [3, 4], [3, 5]][i])) => protocol_version;
    server_refuses_legacy_version_0x0304_without_supported_versions "tls13-4.3.1-03":
        Server WaitClientHello,
        Next(1, |m, _| { m.start([3, 4]); m.remove(SUPPORTED_VERSIONS); }) => protocol_version;
    server_refuses_other_compression_methods "tls13-4.2.2-18":
        Server WaitClientHello,
        Next(3, |m, i| m.compression([&[1, 0][..], &[0, 1], &[1]][i])) => illegal_parameter;
    server_refuses_a_client_hello_of_tls_1_2 "tls13-4.2.2-22 tls13-E.2-03":
        Server WaitClientHello, Next(4, client_hello_of_tls_1_2) => protocol_version;
    server_goes_by_supported_versions_alone "tls13-4.3.1-04 tls13-4.3.1-06 tls13-E.2-01":
        Server WaitClientHello, Next(2, |m, i| m.set(SUPPORTED_VERSIONS, [
            &[4, 0x7f, 0x1c, 3, 4][..], &[8, 0x0a, 0x0a, 3, 5, 0x7f, 0x17, 3, 4],
        ][i])) => accepted;
    server_refuses_versions_without_tls_1_3
        "tls13-4.3.1-05 tls13-4.3.1-08 tls13-6.2-12 tls13-E.5-04 rfc9001-4.2-02":
        Server WaitClientHello, Next(3, |m, i| m.set(SUPPORTED_VERSIONS, [
            &[2, 3, 3][..], &[4, 3, 3, 3, 2], &[4, 3, 1, 3, 0],
        ][i])) => protocol_version;
    server_refuses_a_hello_in_the_format_of_ssl_2 "tls13-E.5-06":
        Server WaitClientHello, Send(1, |_| vec![Item::Raw([
            &[0x80, 0x2e, 1, 3, 3, 0, 3, 0, 0, 0, 0x20, 0, 0x13, 1][..], &[9; 32],
        ].concat())]) => unexpected_message;
    server_keeps_to_the_bounds_of_the_syntax "tls13-4.2.2-24 tls13-6-09":
        Server WaitClientHello, Next(4, |m, i| match i {
            0 => m.session_id(&[7; 33]),
            1 => m.suites(&[]),
            2 => m.suites(&[0x13, 1, 0x13]),
            _ => m.compression(&[]),
        }) => decode_error;
    server_wants_lengths_that_fit "tls13-4-05 tls13-4.2.2-24 tls13-4.3-15":
        Server WaitClientHello, Bytes(2, |m, i| match i {
            0 => { m.push(0); m[3] = m[3].wrapping_add(1); }
            _ => { m.pop(); m[3] = m[3].wrapping_sub(1); }
        }) => decode_error;

    // What is unknown
    server_skips_suites_that_it_does_not_know "tls13-4.2.2-15 tls13-9.3-01 tls13-9.3-03":
        Server WaitClientHello,
        Next(1, |m, _| m.suites(b"\x0a\x0a\x00\xff\x56\x00\xc0\x2f\x13\x01\x7a\x7a"))
        => accepted;
    server_skips_extensions_that_it_does_not_know
        "tls13-4.2.2-20 tls13-9.3-01 tls13-9.3-03 tls13-E.5-12 tls13-4.5.1.1-02 tls13-4.5.1.1-03":
        Server WaitClientHello, Nothing, with |setup| {
            let unknown: [(u16, &[u8]); 4] =
                [(0x0a0a, b""), (0xfafa, b"grease"), (4, b""), (17, b"\x00\x04\x02\x00\x00\x00")];
            let raw = unknown.map(|(code, data)| {
                Extension::Raw(ExtensionType(code), data.to_vec())
            });
            setup.client.client_hello_layout.0.extend(raw);
        } => connected;
    server_skips_groups_that_it_does_not_know "tls13-4.3.7-06 tls13-9.3-03":
        Server WaitClientHello, Next(1, with_unknown_group) => accepted;
    server_skips_schemes_that_it_does_not_know "tls13-4.3.3-21 tls13-9.3-03":
        Server WaitClientHello, Next(1, |m, _| {
            m.set(13, b"\x00\x06\x0a\x0a\x04\x03\xfe\x00");
            m.set(50, b"\x00\x06\x0a\x0a\x04\x03\xfe\x00");
        }) => accepted;
    server_skips_psk_modes_that_it_does_not_know "tls13-4.3.9-08 tls13-9.3-03":
        Server WaitClientHello, Nothing, with |setup| {
            with_psk(setup);
            let modes = [PskKeyExchangeMode(0x0b), PskKeyExchangeMode::PSK_DHE_KE];
            setup.client.psk_key_exchange_modes = modes.into_iter().collect();
        } => connected;
    server_ignores_a_cookie_that_it_has_not_sent "tls13-4.3.2-06":
        Server WaitClientHello, Next(1, |m, _| m.set(44, b"\x00\x03old")) => accepted;
    server_takes_extensions_in_any_order "tls13-4.3-09":
        Server WaitClientHello,
        Next(1, |m, _| m.extensions.as_mut().expect("a block").reverse()) => accepted;
    server_takes_authorities_that_it_does_not_know "tls13-4.3.4-02":
        Server WaitClientHello, Next(1, |m, _| m.set(47, b"\x00\x05\x00\x03who")) => accepted;

    // Suites, groups and shares
    server_refuses_suites_of_older_versions_alone
        "tls13-4.2.1-04 tls13-2.1-01 tls13-E.5-02 tls13-E.5-03":
        Server WaitClientHello, Next(5, |m, i| {
            m.suites(&[[0xc0, 0x2f], [0, 5], [0, 3], [0, 9], [0x0a, 0x0a]][i]);
        }) => handshake_failure;
    server_refuses_groups_of_older_versions_alone
        "tls13-B.3.1.4-01 tls13-4.2.1-01 tls13-2.1-01":
        Server WaitClientHello, Next(4, |m, i| {
            m.set(10, &[0, 2, [0, 0, 0, 0xff][i], [1, 0x16, 0x1a, 1][i]]);
            m.set_shares(&[]);
        }) => handshake_failure;
    server_tolerates_a_group_that_is_listed_twice "tls13-4.3.7-02":
        Server WaitClientHello,
        Next(1, |m, _| m.set(10, b"\x00\x06\x00\x1d\x00\x17\x00\x1d")),
        with |setup| {
            setup.client.groups = [X25519, P256].into_iter().map(NamedGroup).collect();
        } => accepted;
    server_tolerates_shares_in_another_order "tls13-4.3.8-08":
        Server WaitClientHello, Next(1, |m, _| {
            let mut shares = m.shares();
            shares.reverse();
            m.set_shares(&shares);
        }), with |setup| setup.client.key_shares = KeyShares::First(2) => accepted;
    server_refuses_shares_of_the_wrong_length "tls13-4.3.8-19":
        Server WaitClientHello, Next(4, |m, i| m.set_shares(&[[
            (X25519, vec![9; 31]), (X25519, vec![9; 33]), (P256, vec![4; 64]), (P256, vec![4; 66]),
        ][i].clone()])) => illegal_parameter;
    server_refuses_points_that_are_none "tls13-4.3.8.2-01":
        Server WaitClientHello, Next(4, |m, i| m.set_shares(&[(P256, [
            vec![4; 65], [&[4][..], &[0; 64]].concat(), [&[4][..], &[0xff; 64]].concat(), vec![0],
        ][i].clone())])) => illegal_parameter;
    server_refuses_points_in_another_form "tls13-4.3.8.2-02":
        Server WaitClientHello, Next(4, |m, i| m.set_shares(&[(P256, [
            vec![2; 33], vec![3; 33], vec![6; 65], vec![7; 65],
        ][i].clone())])) => illegal_parameter;
    server_refuses_an_agreement_on_zero "tls13-7.4.2-03":
        Server WaitClientHello, Next(2, |m, i| {
            let mut small = vec![0; 32];
            small[0] = [0, 1][i];
            m.set_shares(&[(X25519, small)]);
        }) => illegal_parameter;

    // Extensions that must be there
    server_wants_the_mandatory_extensions "tls13-9.2-11 tls13-6.2-09 tls13-4.3.3-03":
        Server WaitClientHello, Next(4, |m, i| match i {
            0 => m.remove(13),
            1 => m.remove(10),
            2 => m.remove(KEY_SHARE),
            _ => { m.remove(10); m.remove(KEY_SHARE); }
        }) => missing_extension;
    server_wants_groups_with_shares_beside_a_psk_too "tls13-9.2-11":
        Server WaitClientHello, Next(2, |m, i| m.remove([10, KEY_SHARE][i])), with with_psk
        => missing_extension;
    server_wants_an_empty_post_handshake_auth "tls13-4.3.6-03":
        Server WaitClientHello, Next(1, |m, _| m.set(49, &[0])) => decode_error;

    // record_size_limit
    server_takes_record_size_limits_above_the_maximum "rfc8449-4-03":
        Server WaitClientHello, Next(2, |m, i| m.set(28, [&[0x40, 2], &[0xff, 0xff]][i])),
        with |setup| setup.server.record_size_limit = Some(512) => accepted;
    server_refuses_record_size_limits_below_64 "rfc8449-4-09":
        Server WaitClientHello, Next(3, |m, i| m.set(28, &[0, [0, 1, 63][i]]))
        => illegal_parameter;
    server_wants_two_bytes_of_record_size_limit "rfc8449-4-12":
        Server WaitClientHello, Next(3, |m, i| m.set(28, [&[][..], &[2], &[2, 0, 0]][i]))
        => decode_error;
    server_ignores_max_fragment_length_beside_record_size_limit "rfc8449-5-01":
        Server WaitClientHello, Nothing, with with_both_limits => connected;
}

/// Without extensions; without `supported_versions`; and as it was in TLS 1.1 and 1.0.
fn client_hello_of_tls_1_2(draft: &mut Draft, variant: usize) {
    match variant {
        0 => draft.extensions = None,
        _ => draft.remove(SUPPORTED_VERSIONS),
    }
    draft.start([[3, 3], [3, 3], [3, 2], [3, 1]][variant]);
}

fn with_unknown_group(draft: &mut Draft, _: usize) {
    draft.set(10, b"\x00\x06\x0a\x0a\x12\x34\x00\x1d");
    let known: Vec<u8> = draft
        .shares()
        .iter()
        .filter(|(group, _)| *group == X25519)
        .flat_map(|(g, s)| share(*g, s))
        .collect();
    draft.set(KEY_SHARE, &vector16(&[share(0x0a0a, b"\0"), known].concat()));
}

fn with_both_limits(setup: &mut Setup) {
    setup.client.record_size_limit = Some(512);
    setup.server.record_size_limit = Some(512);
    let max_fragment_length = Extension::Raw(ExtensionType(1), vec![1]);
    setup.client.client_hello_layout.0.push(max_fragment_length);
}
