//! Faults of records, of alerts, and of messages in the wrong records.

use countersign::registry::ContentType;
use countersign_testing::{Item, Setup, Trial};

use crate::case::Attack::{Do, Send};
use crate::case::{cases, mutual};
use crate::edit::message;

const ALERT: ContentType = ContentType::ALERT;
const CHANGE_CIPHER_SPEC: ContentType = ContentType::CHANGE_CIPHER_SPEC;
const DATA: ContentType = ContentType::APPLICATION_DATA;
const HANDSHAKE: ContentType = ContentType::HANDSHAKE;

cases! {
    // Messages in records
    Client VerifyCertificate: TooMuchPending 10 Handshake, Do(send_endless_message);
    Client WaitServerHello: MessageSpansKeyChange 10 Initial, Do(|trial| join(trial, 2));
    Server WaitFinished: MessageSpansKeyChange 10 Application, Do(|trial| append(trial, &[0]));
    Server WaitClientHello: MessageSpansKeyChange 10 Initial, Do(|trial| append(trial, &[20]));
    Client Connected: MessageSpansKeyChange 10 Application,
        Send(|| vec![Item::Message([message(24, &[0]), message(24, &[0])].concat())]);
    Client WaitEncryptedExtensions: MessageInterleaved 10 Handshake,
        Send(|| vec![Item::Message(vec![8, 0]), Item::Record(DATA, vec![1], 0)]);
    Server WaitClientHello: MessageInterleaved 10 Initial,
        Send(|| vec![Item::Message(vec![1, 0]), Item::alert(1, 0)]);

    // Records
    Server WaitClientHello: UnexpectedRecordType 10 Initial,
        Send(|| vec![Item::Raw(b"GET / HTTP/1.1\r\n\r\n".to_vec())]);
    Client WaitEncryptedExtensions: UnexpectedRecordType 10 Handshake,
        Send(|| vec![Item::Plaintext(HANDSHAKE, message(8, &[0, 0]))]);
    Client Connected: UnexpectedRecordType 10 Application,
        Send(|| vec![Item::Record(ContentType(24), vec![1], 0)]);
    Server WaitClientHello: EmptyFragment 10 Initial,
        Send(|| vec![Item::Record(HANDSHAKE, vec![], 0)]);
    Server Connected: EmptyFragment 10 Application, Send(|| vec![Item::Record(ALERT, vec![], 9)]);
    Client WaitCertificate: RecordWithoutContentType 10 Handshake,
        Send(|| vec![Item::Record(ContentType(0), vec![0; 4], 4)]), with mutual;
    Server WaitClientHello: RecordTooLong 22 Initial,
        Send(|| vec![Item::Raw(vec![22, 3, 1, 0x40, 1])]);
    Server Connected: RecordTooLong 22 Application,
        Send(|| vec![Item::Raw(vec![23, 3, 3, 0x41, 1])]);
    Client Connected: RecordTooLong 22 Application,
        Send(|| vec![Item::Record(DATA, vec![0; 0x4001], 0)]);
    Client WaitEncryptedExtensions: RecordNotAuthentic 20 Handshake,
        Send(|| vec![Item::Forged(HANDSHAKE, message(8, &[0, 0]))]);
    Server WaitFinished: RecordNotAuthentic 20 Application,
        Send(|| vec![Item::Forged(DATA, vec![1])]);
    Server Connected: RecordNotAuthentic 20 Application,
        Send(|| vec![Item::Raw([&[23, 3, 3, 0, 20][..], &[7; 20]].concat())]);
    Server WaitClientHello: UnexpectedChangeCipherSpec 10 Initial,
        Send(|| vec![Item::Plaintext(CHANGE_CIPHER_SPEC, vec![1])]);
    Client WaitServerHello: UnexpectedChangeCipherSpec 10 Initial,
        Send(|| vec![Item::Plaintext(CHANGE_CIPHER_SPEC, vec![2])]);
    Client WaitFinished: UnexpectedChangeCipherSpec 10 Handshake,
        Send(|| vec![Item::Record(CHANGE_CIPHER_SPEC, vec![1], 0)]);
    Client Connected: UnexpectedChangeCipherSpec 10 Application,
        Send(|| vec![Item::Plaintext(CHANGE_CIPHER_SPEC, vec![1])]);
    Client Connected: UnexpectedChangeCipherSpec 10 Application, Send(|| vec![
        Item::Message(message(4, &[0, 0, 0, 60, 0, 0, 0, 0, 0, 0, 1, 7, 0, 0])),
        Item::Plaintext(CHANGE_CIPHER_SPEC, vec![1]),
    ]);
    Client WaitServerHello: TooManyChangeCipherSpecs 10 Initial,
        Send(|| vec![Item::Plaintext(CHANGE_CIPHER_SPEC, vec![1]); 33]);
    Client Connected: TooManyEmptyRecords 10 Application,
        Send(|| vec![Item::Record(DATA, vec![], 0); 33]);
    Server WaitClientHello: UnexpectedApplicationData 10 Initial,
        Send(|| vec![Item::Plaintext(DATA, vec![1])]);
    Server WaitFinished: UnexpectedApplicationData 10 Application,
        Send(|| vec![Item::Record(DATA, vec![1], 0)]);
    Server WaitFinished: EarlyDataTooLong 10 Application,
        Send(|| vec![Item::Forged(DATA, vec![1; 0x1000]); 5]),
        with |setup| setup.client.client_hello_layout.0.push(early_data());
    Server WaitEndOfEarlyData: EarlyDataTooLong 10 Application,
        Send(|| vec![Item::Record(DATA, vec![1; 1_001], 0)]), with with_early_data;
    Server WaitEndOfEarlyData: RecordNotAuthentic 20 Application,
        Send(|| vec![Item::Forged(DATA, vec![1])]), with with_early_data;
    Server WaitEndOfEarlyData: MessageOutOfOrder 10 Application,
        Send(|| vec![Item::Message(message(20, &[0; 32]))]), with with_early_data;
    Server WaitEndOfEarlyData: Malformed 50 Application,
        Send(|| vec![Item::Message(message(5, &[0]))]), with with_early_data;

    // Alerts
    Server WaitClientHello: AlertMalformed 50 Initial,
        Send(|| vec![Item::Record(ALERT, vec![2], 0)]);
    Client WaitFinished: AlertMalformed 50 Handshake,
        Send(|| vec![Item::Record(ALERT, vec![2, 40, 2, 40], 0)]);
    Client WaitServerHello: AlertLevelUnknown 47 Initial, Send(|| vec![Item::alert(3, 40)]);
    Server Connected: AlertLevelUnknown 47 Application, Send(|| vec![Item::alert(0, 0)]);
    Server WaitClientHello: TooManyUserCanceled 10 Initial, Send(|| vec![Item::alert(1, 90); 5]);
    Client Connected: TooManyUserCanceled 10 Application, Send(|| vec![Item::alert(1, 90); 5]);
}

/// Early data is sent and accepted.
fn with_early_data(setup: &mut Setup) {
    *setup = Setup::sharing_a_key(true);
}

/// Early data is offered, though there is none.
fn early_data() -> countersign::message::Item {
    countersign::message::Item::Raw(countersign::registry::ExtensionType::EARLY_DATA, Vec::new())
}

/// A message that goes on and on, while nobody can look at it.
fn send_endless_message(trial: &mut Trial) {
    trial.deliver(Item::Message(vec![20, 0xff, 0xff, 0xff]));
    for _ in 0..9 {
        trial.deliver(Item::Message(vec![0xff; 0x4000]));
    }
}

/// Puts the next so many messages of the peer into one record.
fn join(trial: &mut Trial, count: usize) {
    let items = std::mem::take(&mut trial.forger.items);
    let messages = items.into_iter().filter_map(|item| match item {
        Item::Message(message) => Some(message),
        _ => None,
    });
    let joined = messages.take(count).collect::<Vec<_>>().concat();
    trial.deliver(Item::Message(joined));
}

/// Puts bytes behind the next message of the peer, into the same record.
fn append(trial: &mut Trial, more: &[u8]) {
    let Some(Item::Message(message)) = trial.forger.items.pop_front() else {
        panic!("no message waits to be sent");
    };
    trial.deliver(Item::Message([&message[..], more].concat()));
}
