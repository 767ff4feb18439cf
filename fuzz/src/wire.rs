//! An attacker between two honest connections, who changes records, and has no keys.

use std::io::Write;
use std::mem;
use std::num::NonZeroU16;

use countersign::connection::{Connection, Padding, Polled, Step};
use countersign::epoch::Role;
use countersign::failure::Misuse;
use countersign::handshake::config::Profile;
use countersign::handshake::event::NewTicket;
use countersign::handshake::{End, Fact};
use countersign::recording::{Detail, Recorder};
use countersign_testing::Setup;

use crate::answers;
use crate::pair::Recordings;
use crate::script::Script;

/// Lets the two ends of `setup` talk, through the attacks in the script.
pub(crate) fn check(script: &mut Script<'_>, mut setup: Setup, recordings: Option<Recordings>) {
    // QUIC has no records.
    setup.client.profile = Profile::Records;
    setup.server.profile = Profile::Records;
    // Whoever updates its keys as often as the script says is honest here.
    setup.client.limits.key_updates = u32::MAX;
    setup.server.limits.key_updates = u32::MAX;
    let multiple = NonZeroU16::new(u16::from(script.byte()));
    // Padded early data can be too long to skip.
    let multiple = multiple.filter(|_| !setup.destination.early_data);
    let padding = multiple.map_or(Padding::None, Padding::ToMultipleOf);
    let mut ends = parties(setup, padding, recordings);
    let mut attacker = Attacker::default();
    let mut nothing_more = Script::new(&[]);
    for round in 0..2 * ROUNDS {
        let script = if round < ROUNDS { &mut *script } else { &mut nothing_more };
        let mut silent = script.is_over();
        for from in 0..ends.len() {
            let [client, server] = &mut ends;
            let (from, to) = if from == 0 { (client, server) } else { (server, client) };
            attacker.interferes |= from.follow(script);
            from.work(to);
            silent &= from.output.is_empty() && from.delayed.is_empty();
            let stream = mem::take(&mut from.output);
            let passed = attacker.pass(script, from, stream);
            to.input.extend_from_slice(&passed);
        }
        if silent {
            break;
        }
    }
    let [client, server] = &mut ends;
    if !attacker.interferes {
        let complete = client.completes && server.completes;
        assert!(complete, "nobody interfered, and {:?} {:?}", client.end, server.end);
        assert_eq!(client.data, server.written, "not all that the server wrote");
        assert_eq!(server.data, client.written, "not all that the client wrote");
        assert_eq!(server.authentications, server.requests, "a request that nobody met");
    }
    client.judge(server);
    server.judge(client);
}

/// The two ends, whose courses are written down where somebody wants them.
fn parties(setup: Setup, padding: Padding, recordings: Option<Recordings>) -> [Party; 2] {
    let Some([to_client, to_server]) = recordings else {
        let (client, server) = setup.handshakes();
        return [client, server].map(|handshake| {
            Party::new(Connection::with_padding(handshake, padding).into(), None)
        });
    };
    let Setup { client, server, destination } = setup;
    let client = Recorder::client(&client, destination, padding, Detail::Full);
    let server = Recorder::server(&server, padding, Detail::Full);
    let party = |recorder: Result<_, _>, to| Party::new(recorder.expect("an end"), Some(to));
    [party(client, to_client), party(server, to_server)]
}

/// So often an end is given an order; then as often again it may finish what it has begun.
const ROUNDS: usize = 64;

/// One end, and what its embedder has seen of it.
struct Party {
    connection: Recorder,
    recording: Option<Box<dyn Write>>,
    input: Vec<u8>,
    output: Vec<u8>,
    /// What has left, and is on its way for longer.
    delayed: Vec<u8>,
    written: Vec<u8>,
    written_early: Vec<u8>,
    data: Vec<u8>,
    early_data: Vec<u8>,
    /// The peer's Finished has been verified.
    finished: bool,
    /// The peer's certificate has been accepted, or a key that both know.
    authenticated: bool,
    early_data_accepted: bool,
    completes: bool,
    /// How many certificates were asked for after the handshake, and how many were shown then.
    requests: usize,
    authentications: usize,
    end: Option<End>,
}

impl Party {
    fn new(connection: Recorder, recording: Option<Box<dyn Write>>) -> Self {
        Self {
            connection,
            recording,
            input: Vec::new(),
            output: Vec::new(),
            delayed: Vec::new(),
            written: Vec::new(),
            written_early: Vec::new(),
            data: Vec::new(),
            early_data: Vec::new(),
            finished: false,
            authenticated: false,
            early_data_accepted: false,
            completes: false,
            requests: 0,
            authentications: 0,
            end: None,
        }
    }

    /// Does what the script orders; whether the other end can notice that something was cut short.
    fn follow(&mut self, script: &mut Script<'_>) -> bool {
        let connection = &mut self.connection;
        let order = script.byte() % 11;
        // Each of these may come at the wrong time, and says so.
        let _misuse = match order {
            1 => {
                let data = script.bytes();
                let written = connection.write(data, &mut self.output);
                if written.is_ok() {
                    self.written.extend_from_slice(data);
                }
                written
            }
            2 => {
                let data = script.bytes();
                connection.write_early_data(data, &mut self.output).map(|taken| {
                    self.written_early.extend_from_slice(&data[..taken]);
                })
            }
            3 => connection.update_keys(script.flag()),
            4 => connection
                .issue_ticket(NewTicket { lifetime_seconds: 60, max_early_data_bytes: None }),
            5 => connection.exporter("a label", &[], &mut [0; 16]),
            6 => connection.close(),
            7 => connection.cancel(),
            8 => {
                connection.transport_write_failed();
                Ok(())
            }
            9 => {
                connection.transport_eof();
                Ok(())
            }
            10 => connection.request_certificate(script.flag()).map(|_| self.requests += 1),
            _ => Ok(()),
        };
        (6..=9).contains(&order)
    }

    /// Polls until there is nothing to do but receive.
    fn work(&mut self, peer: &Self) {
        loop {
            let mut input = mem::take(&mut self.input);
            let Polled { consumed, step } = self.connection.poll(&mut input, &mut self.output);
            let mut idle = false;
            match step {
                Step::Send => assert!(!self.output.is_empty(), "nothing to send"),
                Step::Receive | Step::Waiting => idle = true,
                Step::Data(data) => {
                    assert!(self.finished && self.authenticated, "data of nobody knows whom");
                    self.data.extend_from_slice(data);
                }
                Step::EarlyData(data) => {
                    assert!(self.early_data_accepted && !self.finished, "early data: not now");
                    self.early_data.extend_from_slice(data);
                }
                Step::Decide(question) => {
                    let answer = answers::answer(question, &mut Script::new(&[]));
                    self.connection.answer(answer).expect("the open question");
                }
                Step::Learned(fact) => self.learn(&fact),
                Step::Ended(end) => {
                    self.end = Some(end);
                    idle = true;
                }
            }
            input.drain(..consumed);
            self.input = input;
            if idle {
                break;
            }
        }
        assert!(peer.written.starts_with(&self.data), "data that nobody wrote");
        assert!(peer.written_early.starts_with(&self.early_data), "early data that nobody wrote");
    }

    fn learn(&mut self, fact: &Fact) {
        match fact {
            Fact::Moved { input: "Finished", .. } => self.finished = true,
            Fact::Moved { input: "CertificateAccepted", .. } => self.authenticated = true,
            Fact::Negotiated(negotiated) => {
                // A server need not know its clients.
                let server = self.connection.handshake().role() == Role::Server;
                self.authenticated |= server || negotiated.psk.is_some();
            }
            Fact::EarlyDataAccepted => self.early_data_accepted = true,
            Fact::Complete => self.completes = true,
            Fact::PostHandshakeAuthentication { certificate: Some(_), .. } => {
                self.authentications += 1;
            }
            _ => {}
        }
    }

    /// The transport ends, and with it the connection; nothing comes behind it.
    fn judge(&mut self, peer: &Self) {
        self.connection.transport_eof();
        self.work(peer);
        let end = self.end.clone().expect("the transport has ended, and so has the connection");
        assert!(self.input.is_empty(), "bytes are left: {:?}", self.input);
        self.output.clear();
        let connection = &mut self.connection;
        assert_eq!(connection.write(b"data", &mut self.output), Err(Misuse::Ended));
        assert_eq!(connection.close(), Err(Misuse::Ended));
        connection.transport_write_failed();
        self.input.extend_from_slice(&[21, 3, 3, 0, 2, 2, 40]);
        self.work(peer);
        assert_eq!(self.end, Some(end), "another end");
        assert!(self.output.is_empty(), "output behind the end");
    }
}

/// Also when a finding ends the run.
impl Drop for Party {
    fn drop(&mut self) {
        if let Some(recording) = &mut self.recording {
            let text = self.connection.take_text();
            recording.write_all(text.as_bytes()).expect("a place to write to");
        }
    }
}

/// What lies between the two.
#[derive(Default)]
struct Attacker {
    /// Records that have passed, of either end.
    passed: Vec<Vec<u8>>,
    /// Whether anything was done that an end can notice.
    interferes: bool,
}

impl Attacker {
    /// What arrives of `stream`, which `from` has sent.
    fn pass(&mut self, script: &mut Script<'_>, from: &mut Party, stream: Vec<u8>) -> Vec<u8> {
        let mut records = records(&stream);
        for _ in 0..script.byte() % 4 {
            self.attack(script, &mut records);
        }
        self.passed.extend(records.iter().take(KEPT_RECORDS).cloned());
        let mut stream = mem::take(&mut from.delayed);
        stream.extend(records.concat());
        if script.byte() % 4 == 1 {
            let position = script.position(stream.len() + 1);
            from.delayed = stream.split_off(position);
        }
        stream
    }

    fn attack(&mut self, script: &mut Script<'_>, records: &mut Vec<Vec<u8>>) {
        self.interferes = true;
        let position = script.position(records.len());
        let replayed = script.position(self.passed.len());
        match (script.byte() % 7, records.get_mut(position)) {
            (0, Some(record)) => {
                let at = script.position(record.len());
                let difference = script.byte();
                record.get_mut(at).into_iter().for_each(|byte| *byte ^= difference);
            }
            (1, Some(record)) => {
                let again = record.clone();
                records.insert(position, again);
            }
            (2, Some(_)) => drop(records.remove(position)),
            (3, Some(_)) => {
                let other = script.position(records.len());
                records.swap(position, other);
            }
            (4, Some(record)) => {
                let length = script.position(record.len());
                record.truncate(length);
            }
            (5, _) => {
                let replayed = self.passed.get(replayed).cloned();
                records.splice(position..position, replayed);
            }
            _ => records.insert(position, made_up(script)),
        }
    }
}

/// Enough to replay any record of a handshake.
const KEPT_RECORDS: usize = 8;

/// A record as anyone can make it.
fn made_up(script: &mut Script<'_>) -> Vec<u8> {
    match script.byte() % 4 {
        0 => vec![20, 3, 3, 0, 1, 1],
        1 => vec![21, 3, 3, 0, 2, script.byte(), script.byte()],
        2 => {
            let content_type = script.byte();
            let content = script.bytes();
            let length = u8::try_from(content.len()).unwrap_or(u8::MAX);
            [&[content_type, 3, 3, 0, length], content].concat()
        }
        _ => script.bytes().to_vec(),
    }
}

/// Takes whole records apart; what is no whole record stays with the last.
fn records(mut stream: &[u8]) -> Vec<Vec<u8>> {
    let mut records = Vec::new();
    while let Some([_, _, _, high, low]) = stream.first_chunk() {
        let length = 5 + usize::from(u16::from_be_bytes([*high, *low]));
        let Some((record, rest)) = stream.split_at_checked(length) else { break };
        records.push(record.to_vec());
        stream = rest;
    }
    if !stream.is_empty() {
        records.push(stream.to_vec());
    }
    records
}
