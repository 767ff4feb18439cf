//! What a client makes of ServerHello and HelloRetryRequest.

use countersign::codec::Vector;
use countersign::handshake::config::KeyShares;
use countersign::message::{Item as Extension, ProtocolName};
use countersign::registry::{CipherSuite, ExtensionType, NamedGroup, PskKeyExchangeMode};
use countersign_testing::{Item, Setup, Trial};

use crate::case::Attack::{Bytes, Do, Next};
use crate::case::{cases, next_message, with_cookie, with_early_data, with_psk, with_retry};
use crate::draft::{Draft, KEY_SHARE, PRE_SHARED_KEY, SUPPORTED_VERSIONS, share};

const X25519: u16 = 0x1d;

cases! {
    // Legacy fields
    client_refuses_any_other_legacy_version "tls13-4.2.3-02 tls13-E.5-09":
        Client WaitServerHello,
        Next(5, |m, i| m.start([[3, 0], [3, 1], [3, 2], [3, 4], [3, 5]][i])) => protocol_version;
    client_refuses_any_other_legacy_version_in_a_retry "tls13-4.2.4-05 tls13-E.5-09":
        Client WaitServerHello,
        Next(5, |m, i| m.start([[3, 0], [3, 1], [3, 2], [3, 4], [3, 5]][i])),
        with with_retry => protocol_version;
    client_wants_its_session_id_back "tls13-4.2.3-05":
        Client WaitServerHello, Next(3, other_session_id) => illegal_parameter;
    client_wants_its_session_id_back_in_a_retry "tls13-4.2.3-05 tls13-4.2.4-05":
        Client WaitServerHello, Next(3, other_session_id), with with_retry => illegal_parameter;
    client_refuses_suites_that_it_has_not_offered "tls13-4.2.3-07":
        Client WaitServerHello, Next(4, other_suite), with without_chacha => illegal_parameter;
    client_refuses_suites_that_it_has_not_offered_in_a_retry
        "tls13-4.2.3-07 tls13-4.2.4-09 tls13-4.2.4-05":
        Client WaitServerHello, Next(4, other_suite),
        with |setup| { without_chacha(setup); with_retry(setup); } => illegal_parameter;
    client_refuses_suites_of_older_versions_even_if_offered "tls13-B.4-01":
        Client WaitServerHello, Next(1, |m, _| m.suite([0xc0, 0x2f])), with |setup| {
            let suites = [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite(0xc02f)];
            setup.client.cipher_suites = suites.into_iter().collect();
        } => illegal_parameter;
    client_refuses_compression "tls13-4.2.3-09":
        Client WaitServerHello, Next(2, |m, i| m.method([1, 0xff][i])) => illegal_parameter;
    client_refuses_compression_in_a_retry "tls13-4.2.3-09 tls13-4.2.4-05":
        Client WaitServerHello, Next(2, |m, i| m.method([1, 0xff][i])), with with_retry
        => illegal_parameter;
    client_wants_lengths_that_fit "tls13-4-05 tls13-4.2.3-19":
        Client WaitServerHello, Bytes(2, |m, i| match i {
            0 => { m.push(0); m[3] = m[3].wrapping_add(1); }
            _ => { m.pop(); m[3] = m[3].wrapping_sub(1); }
        }) => decode_error;

    // Versions
    client_refuses_versions_that_it_has_not_offered "tls13-4.3.1-13":
        Client WaitServerHello, Next(5, other_version) => illegal_parameter;
    client_refuses_versions_that_it_has_not_offered_in_a_retry "tls13-4.3.1-13":
        Client WaitServerHello, Next(5, other_version), with with_retry => illegal_parameter;
    client_refuses_another_version_behind_a_retry "tls13-4.2.4-13":
        Client WaitSecondServerHello, Next(5, other_version), with with_retry
        => illegal_parameter;
    client_refuses_an_older_version_behind_a_retry "tls13-4.2.4-13":
        Client WaitSecondServerHello, Next(4, server_hello_of_tls_1_2), with with_retry
        => illegal_parameter;
    client_refuses_older_versions "tls13-E.1-03 tls13-4.3.1-14 tls13-E.5-04 rfc9001-4.2-02":
        Client WaitServerHello, Next(4, server_hello_of_tls_1_2) => protocol_version;
    client_that_sends_early_data_refuses_older_versions "tls13-E.3-01":
        Client WaitServerHello, Next(4, server_hello_of_tls_1_2), with with_early_data
        => protocol_version;
    client_looks_at_the_version_before_anything_else "tls13-4.3.1-11":
        Client WaitServerHello, Next(1, |m, _| {
            server_hello_of_tls_1_2(m, 1);
            m.suite([0xc0, 0x2f]);
            m.method(1);
            m.session_id(&[7; 32]);
            m.set(0xff01, &[0]);
        }) => protocol_version;
    client_refuses_a_downgrade "tls13-4.2.3-15":
        Client WaitServerHello, Next(2, |m, i| {
            server_hello_of_tls_1_2(m, 1);
            m.fields[26..34].copy_from_slice([b"DOWNGRD\x01", b"DOWNGRD\x00"][i]);
        }) => illegal_parameter;
    client_does_not_take_a_random_that_differs_by_a_bit_for_a_retry "tls13-4.2.3-12":
        Client WaitServerHello, Next(1, |m, _| m.fields[33] ^= 1), with with_retry
        => decode_error;

    // Extensions
    client_refuses_what_does_not_belong_into_server_hello
        "tls13-4.2.3-10 tls13-4.3-05 rfc8449-4-10":
        Client WaitServerHello, Next(3, |m, i| m.set([16, 28, 10][i], [
            &b"\x00\x03\x02h2"[..], b"\x02\x00", b"\x00\x02\x00\x1d",
        ][i])), with with_much_offered => illegal_parameter;
    client_refuses_what_it_has_not_asked_for_in_server_hello "tls13-4.3-04":
        Client WaitServerHello, Next(2, |m, i| m.set([0x0a0a, PRE_SHARED_KEY][i], &[0, 0]))
        => unsupported_extension;
    client_refuses_what_it_has_not_asked_for_in_a_retry "tls13-4.3-04 tls13-4.2.4-04":
        Client WaitServerHello, Next(2, |m, i| m.set([0x0a0a, 16][i], b"\x00\x03\x02h2")),
        with with_retry => unsupported_extension;
    client_refuses_what_does_not_belong_into_a_retry "tls13-4.2.4-14 tls13-4.3-05":
        Client WaitServerHello, Next(3, |m, i| m.set([PRE_SHARED_KEY, 42, 16][i], [
            &[0, 0][..], &[], b"\x00\x03\x02h2",
        ][i])), with |setup| {
            with_psk(setup);
            with_much_offered(setup);
            with_retry(setup);
            let early_data = Extension::Raw(ExtensionType::EARLY_DATA, Vec::new());
            setup.client.client_hello_layout.0.push(early_data);
        } => illegal_parameter;
    client_takes_extensions_in_any_order "tls13-4.3-09 tls13-4.3-08":
        Client WaitServerHello,
        Next(3, |m, i| m.extensions.as_mut().expect("a block").rotate_left(i)), with with_psk
        => accepted;
    client_wants_extensions_that_parse "tls13-4.3.8-18 tls13-4.3.1-15":
        Client WaitServerHello, Next(6, |m, i| m.set([51, 51, 51, 51, 43, 43][i], [
            &share(X25519, &[])[..],
            &[share(X25519, &[9; 32]), share(0x17, &[4; 65])].concat(),
            &share(X25519, &[9; 32])[..35],
            &[0],
            &[3],
            &[3, 4, 0],
        ][i])) => decode_error;
    client_wants_a_retry_that_parses "tls13-4.3.8-18 tls13-4.3.2-08":
        Client WaitServerHello, Next(5, |m, i| m.set([51, 51, 44, 44, 44][i], [
            &[0][..], &[0, 0x1d, 0], &[0, 0], &[0, 2, 7], &[0, 1, 7, 7],
        ][i])), with with_retry => decode_error;

    // Groups and shares
    client_refuses_a_share_of_a_group_that_it_has_not_listed
        "tls13-4.3.8-14 tls13-4.3.8-13 tls13-2-01":
        Client WaitServerHello,
        Next(2, |m, i| m.set(KEY_SHARE, &share([0x1e, 0x17][i], &[9; 56]))) => illegal_parameter;
    client_refuses_shares_of_the_wrong_length "tls13-4.3.8-19":
        Client WaitServerHello,
        Next(2, |m, i| m.set(KEY_SHARE, &share(X25519, &[9; 33][..31 + 2 * i])))
        => illegal_parameter;
    client_refuses_an_agreement_on_zero "tls13-7.4.2-03":
        Client WaitServerHello, Next(2, |m, i| {
            let mut small = [0; 32];
            small[0] = [0, 1][i];
            m.set(KEY_SHARE, &share(X25519, &small));
        }) => illegal_parameter;
    client_that_offers_a_psk_alone_takes_no_key_share "tls13-4.3.8-15":
        Client WaitServerHello, Next(1, |m, _| m.set(KEY_SHARE, &share(X25519, &[9; 32]))),
        with with_psk_alone => illegal_parameter;
    client_that_wants_a_key_exchange_with_its_psk_insists
        "tls13-4.3.9-07 tls13-4.3.11-15":
        Client WaitServerHello, Next(1, |m, _| m.remove(KEY_SHARE)), with with_psk
        => illegal_parameter;
    client_wants_a_share_without_psk "tls13-4.2.3-18 tls13-6.2-09":
        Client WaitServerHello, Next(1, |m, _| m.remove(KEY_SHARE)) => missing_extension;
    client_refuses_a_retry_for_a_group_that_it_has_not_listed "tls13-4.3.8-11":
        Client WaitServerHello, Next(1, |m, _| m.set(KEY_SHARE, &[0, 0x1e])), with with_retry
        => illegal_parameter;
    client_refuses_a_retry_for_a_group_that_it_has_sent "tls13-4.3.8-11 tls13-4.2.4-06":
        Client WaitServerHello, Next(1, |m, _| m.set(KEY_SHARE, &[0, 0x1d])), with with_cookie
        => illegal_parameter;
    client_refuses_a_retry_that_changes_nothing "tls13-4.2.4-06":
        Client WaitServerHello, Next(1, |m, _| m.remove(KEY_SHARE)), with with_retry
        => illegal_parameter;
    client_wants_a_version_in_a_retry "tls13-4.2.4-02 tls13-6.2-09":
        Client WaitServerHello, Next(1, |m, _| m.remove(SUPPORTED_VERSIONS)), with with_retry
        => missing_extension;
    client_refuses_another_group_than_that_of_the_retry "tls13-4.3.8-16":
        Client WaitSecondServerHello,
        Next(1, |m, _| m.set(KEY_SHARE, &share(0x17, &[4; 65]))), with with_retry
        => illegal_parameter;
    client_refuses_another_suite_than_that_of_the_retry "tls13-4.2.4-11":
        Client WaitSecondServerHello, Next(2, |m, i| m.suite([0x13, [2, 3][i]])),
        with with_retry => illegal_parameter;
    client_takes_nothing_behind_a_retry "tls13-5.1-17":
        Client WaitServerHello, Do(2, append_to_the_next), with with_retry
        => unexpected_message;
    client_takes_nothing_behind_server_hello "tls13-5.1-04 rfc9001-4.1.3-05":
        Client WaitServerHello, Do(2, append_to_the_next) => unexpected_message;
}

fn other_session_id(draft: &mut Draft, variant: usize) {
    draft.session_id(&[7; 32][..[32, 31, 0][variant]]);
}

fn other_suite(draft: &mut Draft, variant: usize) {
    draft.suite([[0x13, 3], [0x13, 4], [0xc0, 0x2f], [0x0a, 0x0a]][variant]);
}

fn other_version(draft: &mut Draft, variant: usize) {
    let versions = [[3, 3], [3, 2], [3, 5], [0x7f, 0x1c], [0x0a, 0x0a]];
    draft.set(SUPPORTED_VERSIONS, &versions[variant]);
}

/// Without extensions; without `supported_versions`; and as it was in TLS 1.1 and 1.0.
fn server_hello_of_tls_1_2(draft: &mut Draft, variant: usize) {
    match variant {
        0 => draft.extensions = None,
        _ => draft.extensions = Some(Vec::new()),
    }
    draft.start([[3, 3], [3, 3], [3, 2], [3, 1]][variant]);
    draft.suite([0xc0, 0x2f]);
}

/// The first byte of another message, or a whole one, in the same record.
fn append_to_the_next(trial: &mut Trial, variant: usize) {
    let more: &[u8] = [&[8][..], &[8, 0, 0, 2, 0, 0]][variant];
    next_message(trial).extend_from_slice(more);
    let Some(item) = trial.forger.items.pop_front() else { panic!("nothing to deliver") };
    assert!(matches!(item, Item::Message(_)), "{item:?}");
    trial.deliver(item);
}

fn without_chacha(setup: &mut Setup) {
    let suites = [CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_AES_256_GCM_SHA384];
    setup.client.cipher_suites = suites.into_iter().collect();
}

fn with_much_offered(setup: &mut Setup) {
    let protocols: Vector<_> = [ProtocolName(b"h2")].into_iter().collect();
    setup.client.application_layer_protocols = protocols;
    setup.client.record_size_limit = Some(512);
}

fn with_psk_alone(setup: &mut Setup) {
    with_psk(setup);
    let alone = || core::iter::once(PskKeyExchangeMode::PSK_KE).collect();
    setup.client.psk_key_exchange_modes = alone();
    setup.server.psk_key_exchange_modes = alone();
    // So that the share that the server must not send is of a group that the client has sent.
    setup.client.key_shares = KeyShares::Of([NamedGroup::X25519].into_iter().collect());
}
