//! What the ends of an established connection make of messages.

use countersign_testing::{Item, Trial};

use crate::case::Attack::{Do, Send};
use crate::case::cases;
use crate::draft::{message, share, vector8, vector16};

cases! {
    // NewSessionTicket
    client_refuses_what_does_not_belong_into_a_ticket "tls13-4.3-07 tls13-4.3-05":
        Client Connected, Send(3, |i| vec![Item::Message(ticket(b"t", &[(
            [51, 43, 41][i], [&share(0x1d, &[9; 32])[..], &[3, 4], &[0, 0]][i],
        )]))]) => illegal_parameter;
    client_skips_extensions_of_a_ticket_that_it_does_not_know
        "tls13-4.7.1-16 tls13-9.3-01 tls13-9.3-03":
        Client Connected, Send(1, |_| vec![Item::Message(ticket(
            b"t", &[(0x0a0a, &[]), (0xfafa, &[7; 9])],
        ))]) => accepted;
    client_takes_a_ticket_with_early_data_that_it_has_not_asked_for "tls13-4.3-14":
        Client Connected,
        Send(1, |_| vec![Item::Message(ticket(b"t", &[(42, &[0, 0, 1, 0])]))]) => accepted;
    client_wants_four_bytes_of_early_data_in_a_ticket "tls13-4.7.1-25 tls13-4.3.10-27":
        Client Connected,
        Send(3, |i| vec![Item::Message(ticket(b"t", &[(42, &[0; 5][..[0, 3, 5][i]])]))])
        => decode_error;
    client_wants_a_ticket_that_parses "tls13-4.7.1-24 tls13-4-05":
        Client Connected, Send(4, |i| vec![Item::Message(match i {
            0 => ticket(b"", &[]),
            1 => message(4, &[0, 0, 0, 60, 1, 2, 3, 4, 9, 9]),
            2 => message(4, &[&ticket(b"t", &[])[4..], &[0]].concat()),
            _ => message(4, &[]),
        })]) => decode_error;
    client_takes_any_number_of_tickets "tls13-4.7.1-04 tls13-4.7.1-01":
        Client Connected, Send(1, |_| vec![
            Item::Message([ticket(b"1", &[]), ticket(b"2", &[]), ticket(b"3", &[])].concat()),
            Item::Message(ticket(b"4", &[])),
        ]) => accepted;
    server_takes_no_ticket "tls13-4.7.1-23":
        Server Connected, Send(1, |_| vec![Item::Message(ticket(b"t", &[]))])
        => unexpected_message;

    // KeyUpdate
    client_wants_one_byte_of_key_update "tls13-4.7.3-18 tls13-4-05":
        Client Connected, Send(2, |i| vec![Item::Message(message(24, &[0, 0][..2 * i]))])
        => decode_error;
    server_wants_one_byte_of_key_update "tls13-4.7.3-18 tls13-4-05":
        Server Connected, Send(2, |i| vec![Item::Message(message(24, &[0, 0][..2 * i]))])
        => decode_error;
    client_refuses_requests_other_than_0_and_1 "tls13-4.7.3-04":
        Client Connected, Send(2, |i| vec![Item::Message(message(24, &[[2, 255][i]]))])
        => illegal_parameter;
    server_refuses_requests_other_than_0_and_1 "tls13-4.7.3-04":
        Server Connected, Send(2, |i| vec![Item::Message(message(24, &[[2, 255][i]]))])
        => illegal_parameter;
    client_opens_a_key_update_with_the_key_that_it_ends "tls13-4.7.3-11":
        Client Connected, Do(1, update_under_the_next_key) => bad_record_mac;
    server_opens_a_key_update_with_the_key_that_it_ends "tls13-4.7.3-11":
        Server Connected, Do(1, update_under_the_next_key) => bad_record_mac;
    client_changes_keys_only_behind_a_key_update "tls13-4.7.3-12":
        Client Connected, Do(1, next_key_without_update) => bad_record_mac;
    server_changes_keys_only_behind_a_key_update "tls13-4.7.3-12":
        Server Connected, Do(1, next_key_without_update) => bad_record_mac;
    client_no_longer_opens_what_is_under_an_old_key "tls13-4.7.3-03":
        Client Connected, Do(1, data_under_the_old_key) => bad_record_mac;
    server_no_longer_opens_what_is_under_an_old_key "tls13-4.7.3-03":
        Server Connected, Do(1, data_under_the_old_key) => bad_record_mac;
    client_takes_nothing_behind_a_key_update "tls13-5.1-04":
        Client Connected, Send(2, |i| vec![Item::Message(
            [&message(24, &[0])[..], [&[24][..], &message(24, &[0])][i]].concat(),
        )]) => unexpected_message;

    // What has no place there
    client_that_has_not_offered_it_takes_no_request_behind_the_handshake "tls13-4.7.2-05":
        Client Connected, Send(1, |_| vec![Item::Message(
            message(13, &[&[1, 7], &vector16(&[0, 13, 0, 4, 0, 2, 4, 3])[..]].concat()),
        )]) => unexpected_message;
    client_takes_no_retired_or_unknown_type "tls13-4-03 tls13-4-04":
        Client Connected, Send(11, |i| vec![Item::Message(message(
            [0, 3, 6, 12, 14, 16, 21, 22, 23, 254, 255][i], &[],
        ))]) => unexpected_message;
    server_takes_no_retired_or_unknown_type "tls13-4-03 tls13-4-04":
        Server WaitClientHello, Send(11, |i| vec![Item::Message(message(
            [0, 3, 6, 12, 14, 16, 21, 22, 23, 254, 255][i], &[],
        ))]) => unexpected_message;
    server_takes_no_client_hello_behind_the_handshake "tls13-4.2.2-07":
        Server Connected, Send(1, |_| vec![Item::Message(message(1, &[3, 3]))])
        => unexpected_message;
}

/// A NewSessionTicket for a minute.
fn ticket(ticket: &[u8], extensions: &[(u16, &[u8])]) -> Vec<u8> {
    let extension = |(code, data): &(u16, &[u8])| share(*code, data);
    let block: Vec<u8> = extensions.iter().flat_map(extension).collect();
    let fields = [&[0, 0, 0, 60, 1, 2, 3, 4][..], &vector8(b"nonce"), &vector16(ticket)].concat();
    message(4, &[fields, vector16(&block)].concat())
}

/// The peer updates its keys; its KeyUpdate and its next key are the next items.
fn update(trial: &mut Trial) -> [Item; 2] {
    trial.run();
    trial.forger.handshake.update_keys(false).expect("connected");
    trial.forger.speak();
    let items: Vec<_> = trial.forger.items.drain(..).collect();
    let [message @ Item::Message(_), key @ Item::Key(_)] = &items[..] else { panic!("{items:?}") };
    [message.clone(), key.clone()]
}

const DATA: Item =
    Item::Record(countersign::registry::ContentType::APPLICATION_DATA, Vec::new(), 3);

fn update_under_the_next_key(trial: &mut Trial, _: usize) {
    let [message, key] = update(trial);
    trial.forger.items.extend([key, message]);
}

fn next_key_without_update(trial: &mut Trial, _: usize) {
    let [_, key] = update(trial);
    trial.forger.items.extend([key, DATA]);
}

fn data_under_the_old_key(trial: &mut Trial, _: usize) {
    let [message, _] = update(trial);
    trial.forger.items.extend([message, DATA]);
}
