//! What is written down by one connection and read by another.

use std::time::Duration;

use countersign::connection::{Carried, Connection};
use countersign::crypto::aead::NONCE_BYTES;
use countersign::crypto::ring::TLS_AES_256_GCM_SHA384;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Disclosure};
use countersign::handshake::config::StatelessRetry;
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::handshake::psk::{OfferedPsk, PreSharedKey};
use countersign::handshake::{Answer, Decision, End, Fact};
use countersign::policy::{Resumption, TicketSealer, Tickets};
use countersign_testing::{Pair, Setup, Socket, Wire};
use pki_types::UnixTime;

use crate::answers;
use crate::insecure::{SUITE, insecure_provider};
use crate::oracle::judge_end;
use crate::script::Script;
use crate::setup::setup;

/// What can be written down; the first byte says which of these the others are read as.
const FORMS: &[fn(&mut Script<'_>)] =
    &[kept_ticket, sealed_ticket, foreign_ticket, carried_connection, cookie];

/// Reads `bytes` as what an earlier connection has left.
///
/// # Panics
/// On a finding.
pub fn check(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    let form = script.choose(FORMS);
    form(&mut script);
}

/// A client's ticket: what can be read can be written and read again, and offered.
fn kept_ticket(script: &mut Script<'_>) {
    let early_data = script.flag();
    let provider = insecure_provider(1);
    let Some(ticket) = Ticket::from_bytes(script.rest(), &provider) else { return };
    let written = ticket.to_bytes().expect("it came in this form");
    let again = Ticket::from_bytes(&written, &provider).expect("it was just written");
    assert_eq!(again.to_bytes().as_ref(), Ok(&written), "it comes back as another one");
    let mut pair = meet(again.offer(1_000), early_data, &mut |_, question| Err(question));
    for end in [&mut pair.client, &mut pair.server] {
        assert!(end.handshake.is_complete(), "a ticket that is not taken stops nobody");
        end.handshake.transport_eof();
        end.settle();
        judge_end(end, Disclosure::Exact);
    }
}

/// A server's ticket, whose contents somebody with the key has made up.
fn sealed_ticket(script: &mut Script<'_>) {
    let early_data = script.flag();
    let ticket = seal(script.rest());
    offer_to_sealer(ticket, early_data);
}

/// A ticket that nobody has sealed.
fn foreign_ticket(script: &mut Script<'_>) {
    let early_data = script.flag();
    let mut ticket = script.rest().to_vec();
    ticket.push(0);
    let opened = offer_to_sealer(ticket, early_data);
    assert!(!opened, "a ticket of nobody's is taken");
}

/// An established connection: there is one way to write it, and what is read can be used.
fn carried_connection(script: &mut Script<'_>) {
    let bytes = script.rest();
    let setup = setup(&mut Script::new(&[]));
    let Some(carried) = Carried::from_bytes(bytes, &setup.client.provider) else { return };
    assert_eq!(carried.to_bytes().as_deref(), Ok(bytes), "it comes back as another one");
    let imported = match carried.role() {
        Role::Client => Connection::import_client(&setup.client, carried),
        Role::Server => Connection::import_server(&setup.server, carried),
    };
    let mut socket = Socket::new(imported.expect("a connection of that role"));
    let _closed = socket.connection.write(b"a word", &mut socket.output);
    let _closed = socket.connection.update_keys(false);
    socket.work(&mut Err);
    if let Ok(carried) = socket.connection.export() {
        let bytes = carried.to_bytes().expect("it came in this form");
        let again = Carried::from_bytes(&bytes, &setup.client.provider);
        drop(again.expect("it was just written"));
    }
}

/// What a cookie holds, if somebody with the key has made it up.
fn cookie(script: &mut Script<'_>) {
    let (_, second) = sent_away();
    let mut server = without_memory().pair().server;
    server.handshake.receive(Epoch::Initial, &second).expect("it waits");
    server.settle();
    let Some(Decision::OpenCookie(question)) = server.question.take() else {
        panic!("nobody asks: {server:?}")
    };
    server.handshake.answer(question.opened(script.rest().to_vec())).expect("it is open");
    server.settle();
    match &server.observed.end {
        None => assert_eq!(server.handshake.state(), "SelectCredential"),
        Some(End::Failed(failure)) => assert!(REFUSALS.contains(&failure.cause), "{failure}"),
        Some(end) => panic!("{end:?}"),
    }
    server.handshake.transport_eof();
    server.settle();
    judge_end(&mut server, Disclosure::Exact);
}

/// How a server may refuse an honest hello whose cookie holds something else.
const REFUSALS: [Cause; 3] =
    [Cause::CookieRefused, Cause::SecondHelloChanged, Cause::SecondHelloKeyShare];

/// The plainest pair, whose server remembers no retry.
fn without_memory() -> Setup {
    let mut setup = setup(&mut Script::new(&[]));
    setup.server.stateless_retry = Some(StatelessRetry::Always);
    setup
}

/// What an honest cookie holds, and the hello that brings it back.
fn sent_away() -> (Vec<u8>, Vec<u8>) {
    let (mut contents, mut hello) = (Vec::new(), Vec::new());
    without_memory().pair().run_with(
        |flight| {
            if (flight.from, flight.epoch) == (Role::Client, Epoch::Initial) {
                hello.clone_from(&flight.bytes);
            }
        },
        |_, question| match question {
            Decision::SealCookie(question) => {
                contents = question.contents().to_vec();
                Ok(question.sealed(b"a cookie".to_vec()).expect("a cookie of eight bytes"))
            }
            other => Ok(answers::answer(other, &mut Script::new(&[]))),
        },
    );
    (contents, hello)
}

/// Whether the server opens the ticket and goes on with it, so far as it gets.
fn offer_to_sealer(ticket: Vec<u8>, early_data: bool) -> bool {
    let resumption = resumption();
    let mut opened = false;
    let key = PreSharedKey::resumption(&[7; 32], SUITE).expect("a key");
    let answer = &mut |_, question| match question {
        Decision::SelectCredential(question) => match resumption.open(&question, now()) {
            Some(resumable) => {
                opened = true;
                let _application = resumable.contents().application();
                let accepted = resumption.accept(question, resumable, None, now());
                accepted.map_err(|unfit| Decision::SelectCredential(unfit.question))
            }
            None => Err(Decision::SelectCredential(question)),
        },
        other => Err(other),
    };
    let mut pair = meet(key.offered_as(ticket), early_data, answer);
    for end in [&mut pair.client, &mut pair.server] {
        end.handshake.transport_eof();
        end.settle();
        judge_end(end, Disclosure::Exact);
    }
    opened
}

/// The plainest pair, whose client offers this key. Where `answer` gives the question back, it is
/// answered as zeros do.
fn meet(
    psk: OfferedPsk,
    early_data: bool,
    answer: &mut dyn FnMut(Role, Decision) -> Result<Answer, Decision>,
) -> Pair {
    let mut setup = setup(&mut Script::new(&[]));
    setup.destination.psks = vec![psk];
    setup.destination.early_data = early_data;
    let mut pair = setup.pair();
    pair.run_with(
        |_| (),
        |role, question| {
            let honest = |question| answers::answer(question, &mut Script::new(&[]));
            Ok(answer(role, question).unwrap_or_else(honest))
        },
    );
    pair
}

/// A name of 16 bytes and a key of 32.
const SEALING_KEY: [u8; TicketSealer::KEY_BYTES] = [5; TicketSealer::KEY_BYTES];
const NAME_BYTES: usize = 16;

fn resumption() -> Resumption {
    let mut sealer = TicketSealer::new(insecure_provider(2));
    sealer.add_key(&SEALING_KEY, UnixTime::since_unix_epoch(Duration::ZERO));
    Resumption { tickets: Tickets::Sealed(sealer), register: None }
}

fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(1_000))
}

/// A ticket with these contents.
fn seal(contents: &[u8]) -> Vec<u8> {
    let (name, key) = SEALING_KEY.split_at(NAME_BYTES);
    let mut sealed = contents.to_vec();
    let nonce = [0; NONCE_BYTES];
    let tag = TLS_AES_256_GCM_SHA384.aead.key(key).seal(nonce, name, &mut sealed);
    [name, &nonce, &sealed, &tag.expect("a short ticket")].concat()
}

/// What is in a ticket of our own.
fn open(ticket: &[u8]) -> Vec<u8> {
    let (name, key) = SEALING_KEY.split_at(NAME_BYTES);
    let (head, sealed) = ticket.split_at(NAME_BYTES + NONCE_BYTES);
    let nonce = head[NAME_BYTES..].try_into().expect("a nonce");
    let mut sealed = sealed.to_vec();
    let contents = TLS_AES_256_GCM_SHA384.aead.key(key).open(nonce, name, &mut sealed);
    contents.expect("our own ticket").to_vec()
}

/// Inputs as honest connections leave them.
pub(crate) fn seeds() -> Vec<(String, Vec<u8>)> {
    let resumption = resumption();
    let mut seeds = Vec::new();
    for (name, flags, early_data) in [
        ("plain", [0, 0, 0], None),
        ("early", [0x10, 0, 0], Some(100)),
        ("other", [0, 32, 0], None),
    ] {
        let mut pair = setup(&mut Script::new(&flags)).pair();
        pair.run_with(|_| (), |_, q| Ok(answers::answer(q, &mut Script::new(&[]))));
        let order = NewTicket { lifetime_seconds: 3_600, max_early_data_bytes: early_data };
        pair.server.handshake.issue_ticket(order).expect("a server that is connected");
        pair.run_with(
            |_| (),
            |_, question| match question {
                Decision::SealTicket(question) => {
                    Ok(resumption.seal(question, b"who it is", now()))
                }
                other => Err(other),
            },
        );
        let tickets = pair.client.observed.facts.iter().filter_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        });
        for ticket in tickets {
            let kept = ticket.to_bytes().expect("a ticket");
            seeds.push((format!("kept-{name}"), [&[0, 1][..], &kept].concat()));
            let contents = open(&ticket.ticket);
            seeds.push((format!("sealed-{name}"), [&[1, 1][..], &contents].concat()));
            seeds.push((format!("foreign-{name}"), [&[2, 0][..], &ticket.ticket[1..]].concat()));
        }
    }
    seeds.extend(connections());
    seeds.push((String::from("cookie"), [&[4][..], &sent_away().0].concat()));
    seeds
}

/// Both ends of a connection, as they are carried elsewhere.
fn connections() -> Vec<(String, Vec<u8>)> {
    let mut wire = Wire::new(setup(&mut Script::new(&[])));
    wire.run_with(|_, _| (), |_, q| Ok(answers::answer(q, &mut Script::new(&[]))));
    let Wire { client, server } = wire;
    let carried = [("client", client), ("server", server)].map(|(name, socket)| {
        let carried = socket.connection.export().expect("a connection at rest");
        let bytes = carried.to_bytes().expect("short names");
        (format!("carried-{name}"), [&[3][..], &bytes].concat())
    });
    carried.into()
}
