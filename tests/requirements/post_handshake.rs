//! What either end makes of authentication after the handshake (RFC 9846 §4.7.2).

use countersign::registry::ContentType;
use countersign_testing::{Item, Setup, Trial};

use crate::case::Attack::Do;
use crate::case::cases;
use crate::draft::{Draft, message, share, vector8};

cases! {
    // Requests
    client_wants_schemes_in_every_request "tls13-4.7.2-11 tls13-4.4.2-05":
        Client Connected, Do(2, |trial, i| request(trial, |m| match i {
            0 => m.extensions = Some(Vec::new()),
            _ => m.remove(13),
        })), with offering => missing_extension;
    client_wants_every_request_to_parse "tls13-4.4.2-11":
        Client Connected, Do(3, |trial, i| trial.deliver(Item::Message(message(13, [
            &[][..], &[1, 0, 0], &[1, 7, 0, 6, 0, 13, 0, 2, 0, 0],
        ][i])))), with offering => decode_error;
    client_skips_extensions_of_every_request_that_it_does_not_know "tls13-4.4.2-06":
        Client Connected, Do(2, |trial, i| request(trial, |m| m.set([0x0a0a, 0xfafa][i], &[7; 9]))),
        with offering => accepted;
    client_refuses_what_does_not_belong_into_any_request "tls13-4.3-07 tls13-4.3-05":
        Client Connected, Do(2, |trial, i| request(trial, |m| m.set([51, 42][i], [
            &share(0x1d, &[9; 32])[..], &[],
        ][i]))), with offering => illegal_parameter;
    client_refuses_a_context_that_it_has_seen "tls13-4.4.2-02":
        Client Connected, Do(2, |trial, i| {
            let request = asked(trial);
            trial.deliver(Item::Message(request.clone()));
            if i == 1 {
                trial.run();
            }
            trial.deliver(Item::Message(request));
        }), with offering => illegal_parameter;

    // Answers
    server_refuses_answers_to_no_request "tls13-4.7.2-08 tls13-4.5.1-05":
        Server Connected, Do(5, other_context), with offering => illegal_parameter;
    server_that_waits_for_no_answer_takes_none "tls13-4.7.2-08":
        Server Connected, Do(2, unasked_answer), with offering => unexpected_message;
    server_that_may_not_ask_takes_no_answers "tls13-4.7.2-08 tls13-4.3.6-01":
        Server Connected,
        Do(1, |trial, _| trial.deliver(Item::Message(message(11, &[0, 0, 0, 0]))))
        => unexpected_message;
    server_refuses_a_proof_over_anything_else "tls13-4.7.2-09 tls13-4.1-03":
        Server Connected, Do(2, |trial, i| match i {
            0 => change(trial, 1, |m| m.fields[20] ^= 1),
            _ => exchange_between_answers(trial, 1),
        }), with offering => decrypt_error;
    server_refuses_a_finished_over_anything_else "tls13-4.7.2-09 tls13-4.1-03":
        Server Connected, Do(2, |trial, i| match i {
            0 => change(trial, 2, |m| m.fields[20] ^= 1),
            _ => exchange_between_answers(trial, 2),
        }), with offering => decrypt_error;
    server_refuses_a_finished_under_an_old_key "tls13-4.7.2-10":
        Server Connected, Do(1, update_before_the_answer), with offering => decrypt_error;
    server_takes_a_finished_under_the_key_in_force "tls13-4.7.2-10":
        Server Connected, Do(1, |trial, _| {
            update(trial);
            trial.run();
            ask(trial, 1);
        }), with offering => connected;
    server_wants_the_messages_of_an_answer_together "tls13-4.7.2-04":
        Server Connected, Do(6, |trial, i| {
            ask(trial, 2);
            let between = match i / 2 {
                0 => data(),
                1 => Item::Message(message(24, &[0])),
                _ => trial.forger.items.remove(3).expect("another answer"),
            };
            trial.forger.items.insert(1 + i % 2, between);
        }), with offering => unexpected_message;
    server_wants_all_messages_of_an_answer "tls13-4.7.2-02":
        Server Connected, Do(3, |trial, i| {
            ask(trial, 2);
            trial.forger.items.remove(i).expect("an answer");
        }), with offering => unexpected_message;
    server_takes_answers_in_another_order "tls13-4.7.2-07":
        Server Connected, Do(1, |trial, _| {
            ask(trial, 2);
            trial.forger.items.rotate_left(3);
        }), with offering => connected;
    server_takes_data_before_an_answer "tls13-4.7.2-06":
        Server Connected, Do(1, |trial, _| {
            ask(trial, 1);
            (0..3).for_each(|_| trial.deliver(data()));
        }), with offering => connected;
}

/// Clients offer to be asked.
fn offering(setup: &mut Setup) {
    setup.client.post_handshake_auth = true;
}

fn data() -> Item {
    Item::Record(ContentType::APPLICATION_DATA, b"data".to_vec(), 0)
}

/// The next request of the peer, a server.
fn asked(trial: &mut Trial) -> Vec<u8> {
    trial.forger.handshake.request_certificate(true).expect("it is offered");
    trial.forger.speak();
    match trial.forger.items.pop_back() {
        Some(Item::Message(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// Delivers a request that is another than the peer wants to send.
fn request(trial: &mut Trial, change: impl FnOnce(&mut Draft)) {
    let mut draft = Draft::read(&asked(trial));
    change(&mut draft);
    trial.deliver(Item::Message(draft.write()));
}

/// Asks the peer, a client, so many times; each answer, of three messages, then waits to be sent.
fn ask(trial: &mut Trial, times: usize) {
    for _ in 0..times {
        trial.victim.connection.request_certificate(true).expect("it is offered");
        trial.exchange();
    }
    assert_eq!(trial.forger.items.len(), 3 * times, "{:?}", trial.forger.items);
}

fn change_bytes(trial: &mut Trial, at: usize, change: impl FnOnce(&mut Vec<u8>)) {
    match trial.forger.items.get_mut(at) {
        Some(Item::Message(message)) => change(message),
        other => panic!("{other:?}"),
    }
}

/// Asks, and changes one message of the answer.
fn change(trial: &mut Trial, at: usize, change: impl FnOnce(&mut Draft)) {
    ask(trial, 1);
    change_bytes(trial, at, |message| {
        let mut draft = Draft::read(message);
        change(&mut draft);
        *message = draft.write();
    });
}

/// Asks twice, and the answers exchange a message.
fn exchange_between_answers(trial: &mut Trial, at: usize) {
    ask(trial, 2);
    trial.forger.items.swap(at, 3 + at);
}

/// Answers with no context, with contexts that are nearly right, with one that was answered before,
/// and with one where nobody has asked.
fn other_context(trial: &mut Trial, variant: usize) {
    ask(trial, 1);
    change_bytes(trial, 0, |message| {
        let (context, rest) = message[5..].split_at(usize::from(message[4]));
        let mut other = context.to_vec();
        match variant {
            0 => other.clear(),
            1 => other[0] ^= 0x80,
            2 => *other.last_mut().expect("a context") ^= 1,
            3 => other.truncate(other.len() - 1),
            _ => other.push(0),
        }
        *message = self::message(11, &[vector8(&other), rest.to_vec()].concat());
    });
}

/// Before there was a request, or when it has been answered.
fn unasked_answer(trial: &mut Trial, variant: usize) {
    if variant == 0 {
        trial.deliver(Item::Message(message(11, &[1, 7, 0, 0, 0])));
        return;
    }
    ask(trial, 1);
    let answer = trial.forger.items[0].clone();
    trial.run();
    trial.deliver(answer);
}

/// The peer updates its keys; its KeyUpdate and its next key are the last items.
fn update(trial: &mut Trial) {
    trial.forger.handshake.update_keys(false).expect("connected");
    trial.forger.speak();
}

/// The answer was made before the update, and comes behind it.
fn update_before_the_answer(trial: &mut Trial, _: usize) {
    ask(trial, 1);
    update(trial);
    trial.forger.items.rotate_left(3);
}
