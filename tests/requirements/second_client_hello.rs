//! What a server makes of the ClientHello that follows its HelloRetryRequest.

use countersign::connection::Connection;
use countersign::handshake::config::KeyShares;
use countersign::handshake::decision::Decision;
use countersign::message::Item as Extension;
use countersign::registry::{CipherSuite, ContentType, ExtensionType, NamedGroup};
use countersign_testing::{Identity, Item, Setup, Socket, Trial};

use crate::case::Attack::{Do, Next, Send};
use crate::case::{cases, next_message, stateless, with_cookie, with_retry};
use crate::draft::{Draft, PRE_SHARED_KEY, vector8, vector16};

const DATA: ContentType = ContentType::APPLICATION_DATA;
const P256: u16 = 0x17;
const X25519: u16 = 0x1d;

cases! {
    server_wants_just_the_share_that_it_has_asked_for "tls13-4.3.8-17":
        Server WaitSecondClientHello, Next(4, |m, i| {
            let asked = m.shares();
            m.set_shares(&match i {
                0 => vec![],
                1 => vec![(P256, vec![4; 65])],
                2 => [&asked[..], &[(P256, vec![4; 65])]].concat(),
                _ => [&[(P256, vec![4; 65])], &asked[..]].concat(),
            });
        }), with with_x25519_asked_for => illegal_parameter;
    server_wants_no_share_of_another_group_that_it_has "tls13-4.3.8-17":
        Server WaitSecondClientHello, Next(1, |m, _| m.set_shares(&[(X25519, vec![9; 32])])),
        with with_one_of_two_asked_for => illegal_parameter;
    server_wants_its_cookie_back "tls13-4.3.2-07":
        Server WaitSecondClientHello, Next(1, |m, _| m.remove(44)), with with_cookie
        => illegal_parameter;
    server_refuses_a_second_hello_with_other_fields "tls13-4.2.2-06":
        Server WaitSecondClientHello, Next(5, |m, i| match i {
            0 => m.fields[20] ^= 1,
            1 => m.suites(&[0x13, 1]),
            2 => m.session_id(&[]),
            3 => m.set(0x0a0a, &[]),
            _ => m.remove(0),
        }), with with_retry => illegal_parameter;
    server_refuses_other_shares_where_it_asked_for_none "tls13-4.2.2-06":
        Server WaitSecondClientHello, Next(3, offer_other_shares), with with_cookie
        => illegal_parameter;
    server_refuses_a_second_hello_that_drops_a_psk_of_the_right_hash "tls13-4.2.2-06":
        Server WaitSecondClientHello, Next(1, |m, _| m.remove(PRE_SHARED_KEY)),
        with |setup| { *setup = Setup::sharing_a_key(false); with_cookie(setup); }
        => illegal_parameter;
    server_refuses_a_second_hello_with_psks_that_the_first_had_not "tls13-4.2.2-06":
        Server WaitSecondClientHello,
        Next(1, |m, _| m.set(PRE_SHARED_KEY, &psks(&[b"another"]))), with with_retry
        => illegal_parameter;
    server_that_forgets_refuses_other_shares_too "tls13-4.2.2-06":
        Server WaitSecondClientHello, Do(3, |trial, i| {
            forget(trial);
            change(trial, |m| offer_other_shares(m, i));
        }), with stateless => illegal_parameter;
    server_that_forgets_refuses_other_psks_too "tls13-4.2.2-06":
        Server WaitSecondClientHello, Do(4, |trial, i| {
            forget(trial);
            change(trial, |m| match i {
                0 => m.remove(PRE_SHARED_KEY),
                1 => m.set(PRE_SHARED_KEY, &psks(&[b"one"])),
                2 => m.set(PRE_SHARED_KEY, &psks(&[b"another", b"one"])),
                _ => m.set(PRE_SHARED_KEY, &psks(&[b"one", b"another", b"a third"])),
            });
        }), with |setup| {
            let key = |name: &[u8]| Identity::key().offered_as(name.to_vec());
            setup.destination.psks = vec![key(b"one"), key(b"another")];
            stateless(setup);
        } => illegal_parameter;
    server_that_forgets_refuses_a_cookie_that_it_cannot_open "tls13-4.3.2-05":
        Server WaitSecondClientHello, Do(2, |trial, i| {
            forget(trial);
            if i == 0 {
                trial.reach("OpenCookie");
                match trial.victim.question.take() {
                    Some(Decision::OpenCookie(question)) => trial.answer(question.refuse()),
                    other => panic!("{other:?}"),
                }
                return;
            }
            change(trial, |m| m.set(44, &vector16(b"no cookie of ours")));
        }), with stateless => illegal_parameter;
    server_that_forgets_drops_change_cipher_spec_before_its_first_message "tls13-4.3.2-04":
        Server WaitSecondClientHello, Do(1, |trial, _| {
            forget(trial);
            trial.deliver(Item::Plaintext(ContentType::CHANGE_CIPHER_SPEC, vec![1]));
        }), with stateless => connected;
    server_that_forgets_lets_a_psk_of_another_hash_go "tls13-4.2.2-25":
        Server WaitSecondClientHello, Do(1, |trial, _| {
            forget(trial);
            change(trial, |m| assert!(m.find(PRE_SHARED_KEY).is_none(), "our own client drops it"));
        }), with |setup| {
            with_a_psk_of_another_hash(setup);
            stateless(setup);
        } => connected;
    server_accepts_other_padding "tls13-4.2.2-25":
        Server WaitSecondClientHello, Next(2, |m, i| match i {
            0 => m.set(21, &[0; 40]),
            _ => m.remove(21),
        }), with |setup| {
            with_retry(setup);
            setup.client.client_hello_layout.0.push(Extension::Raw(ExtensionType::PADDING, vec![0]));
        } => accepted;
    server_accepts_that_a_psk_of_another_hash_is_dropped_or_kept
        "tls13-4.2.2-25 tls13-4.3.11.2-04":
        Server WaitSecondClientHello, Next(2, |m, i| match i {
            0 => assert!(m.find(PRE_SHARED_KEY).is_none(), "our own client drops it"),
            _ => m.set(PRE_SHARED_KEY, &psks(&[b"of SHA-256"])),
        }), with |setup| {
            with_a_psk_of_another_hash(setup);
            with_cookie(setup);
        } => accepted;
    server_refuses_early_data_in_a_second_hello "tls13-4.3.10-14":
        Server WaitSecondClientHello, Next(1, |m, _| m.set(42, &[])), with with_retry
        => illegal_parameter;
    server_skips_no_data_that_nobody_has_promised "tls13-4.3.10-15":
        Server WaitSecondClientHello, Send(1, |_| vec![Item::Plaintext(DATA, vec![7; 40])]),
        with with_retry => unexpected_message;
    server_skips_nothing_between_the_halves_of_a_hello "tls13-4.3.10-29 tls13-5.1-03":
        Server WaitSecondClientHello, Do(1, send_data_between_the_halves), with |setup| {
            with_retry(setup);
            let early_data = Extension::Raw(ExtensionType::EARLY_DATA, Vec::new());
            setup.client.client_hello_layout.0.push(early_data);
        } => unexpected_message;
}

/// A server that takes X25519 only, of which the client has sent no share.
fn with_x25519_asked_for(setup: &mut Setup) {
    let groups = [NamedGroup::SECP256R1, NamedGroup::X25519];
    setup.client.groups = groups.into_iter().collect();
    setup.client.key_shares = KeyShares::First(1);
    setup.server.groups = [NamedGroup::X25519].into_iter().collect();
}

/// A server that takes two groups, of none of which the client has sent a share.
fn with_one_of_two_asked_for(setup: &mut Setup) {
    let groups = [NamedGroup::SECP384R1, NamedGroup::SECP256R1, NamedGroup::X25519];
    setup.client.groups = groups.into_iter().collect();
    setup.client.key_shares = KeyShares::First(1);
    setup.server.groups = groups.into_iter().skip(1).collect();
}

/// A client that offers a key that the suite of the server rules out.
fn with_a_psk_of_another_hash(setup: &mut Setup) {
    setup.destination.psks = vec![Identity::key().offered_as(b"of SHA-256".to_vec())];
    let suite = CipherSuite::TLS_AES_256_GCM_SHA384;
    setup.server.cipher_suites = [suite].into_iter().collect();
}

/// Another server takes the place of the one that has sent the retry.
fn forget(trial: &mut Trial) {
    let mut setup = Setup::default();
    stateless(&mut setup);
    let (_, server) = setup.handshakes();
    trial.victim = Socket::new(Connection::new(server));
}

/// Changes the hello that the peer is about to send.
fn change(trial: &mut Trial, change: impl FnOnce(&mut Draft)) {
    let message = next_message(trial);
    let mut draft = Draft::read(message);
    change(&mut draft);
    *message = draft.write();
}

fn offer_other_shares(hello: &mut Draft, variant: usize) {
    let shares = hello.shares();
    hello.set_shares(&match variant {
        0 => vec![(X25519, vec![9; 32])],
        1 => [&shares[..], &[(P256, vec![4; 65])]].concat(),
        _ => vec![],
    });
}

/// `pre_shared_key` with these identities, and binders that prove nothing.
fn psks(identities: &[&[u8]]) -> Vec<u8> {
    let identity = |name: &&[u8]| [&vector16(name)[..], &[0; 4]].concat();
    let names: Vec<u8> = identities.iter().flat_map(identity).collect();
    let binders: Vec<u8> = identities.iter().flat_map(|_| vector8(&[7; 32])).collect();
    [vector16(&names), vector16(&binders)].concat()
}

fn send_data_between_the_halves(trial: &mut Trial, _: usize) {
    let Some(Item::Message(hello)) = trial.forger.items.pop_front() else {
        panic!("no hello waits to be sent")
    };
    let (first, second) = hello.split_at(50);
    trial.forger.items.clear();
    for item in [
        Item::Message(first.to_vec()),
        Item::Plaintext(DATA, vec![7; 40]),
        Item::Message(second.to_vec()),
    ] {
        trial.forger.items.push_back(item);
    }
}
