//! Streams of records, honest and not, in one piece and in many: the outcome is the same.

use countersign::alert::{Alert, ClosureAlert};
use countersign::crypto::{Digest, Secret};
use countersign::epoch::Role;
use countersign::failure::Cause;
use countersign::key_schedule::{HandshakeSecret, TrafficSecret};
use countersign::limits::Limits;
use countersign::record::{Content, Inbound, Outbound, Padding};

use crate::insecure::SUITE;
use crate::script::Script;

/// Receives the stream that `bytes` describes, twice.
///
/// # Panics
/// On a finding.
pub fn check(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    let plan = Plan {
        role: script.choose(&[Role::Client, Role::Server]),
        keyed: !script.flag(),
        window: !script.flag(),
        skip: script.flag(),
        chunk: usize::from(script.byte()).max(1),
    };
    let stream = plan.stream(&mut script);
    let whole = plan.receive(&stream, stream.len().max(1));
    let pieces = plan.receive(&stream, plan.chunk);
    assert_eq!(whole, pieces, "in pieces of {} bytes", plan.chunk);
}

struct Plan {
    role: Role,
    keyed: bool,
    window: bool,
    skip: bool,
    chunk: usize,
}

/// The content of a record, owned.
#[derive(Debug, PartialEq, Eq)]
enum Taken {
    Handshake(Vec<u8>),
    Alert(u8, u8, bool),
    Data(Vec<u8>),
    Dropped,
    Failed(Cause),
}

impl Plan {
    /// What a peer sends, with bytes of the script between and over its records.
    fn stream(&self, script: &mut Script<'_>) -> Vec<u8> {
        let mut outbound = Outbound::new(self.role.peer(), Padding::None);
        if self.keyed {
            outbound.set_key(&secret());
        }
        let mut stream = Vec::new();
        while !script.is_over() && stream.len() < STREAM_BYTES {
            let start = stream.len();
            let sent = match script.byte() % 10 {
                0 => outbound.handshake(script.bytes(), &mut stream),
                1 if self.keyed => outbound.application_data(script.bytes(), &mut stream),
                2 => outbound.alert(Alert::Closure(ClosureAlert::UserCanceled), &mut stream),
                3 => {
                    outbound.change_cipher_spec(&mut stream);
                    Ok(())
                }
                4 => outbound.handshake(&vec![0; script.position(18_000)], &mut stream),
                5 => {
                    let fragment = usize::from(script.number());
                    outbound.limit_fragments(fragment);
                    Ok(())
                }
                7 => {
                    outbound.park();
                    Ok(())
                }
                8 if self.keyed => {
                    let count = script.position(18_000);
                    outbound.application_data_with(count, &mut stream, |room| room.fill(1))
                }
                _ => {
                    stream.extend_from_slice(script.bytes());
                    Ok(())
                }
            };
            sent.expect("a key that is hardly used");
            if script.byte() == 1 {
                let position = start + script.position(stream.len() - start);
                if let Some(byte) = stream.get_mut(position) {
                    *byte ^= script.byte();
                }
            }
        }
        stream
    }

    fn receive(&self, stream: &[u8], chunk: usize) -> Vec<Taken> {
        let mut inbound = Inbound::new(self.role, Limits::default());
        if self.keyed {
            inbound.set_key(&secret());
        }
        if self.window {
            inbound.open_change_cipher_spec_window();
        }
        if self.skip {
            inbound.skip_early_data();
        }
        let (mut input, mut taken) = (stream.to_vec(), Vec::new());
        let mut message_is_partial = false;
        let (mut start, mut end) = (0, 0);
        while end < input.len() {
            end = input.len().min(end + chunk);
            inbound.park();
            loop {
                match inbound.next(&mut input[start..end], message_is_partial) {
                    Ok(None) => break,
                    Ok(Some(record)) => {
                        if let Content::Handshake(bytes) = &record.content {
                            // Any rule will do that depends on the content alone.
                            message_is_partial = bytes.last().is_some_and(|byte| byte & 1 == 1);
                        }
                        start += record.consumed;
                        taken.push(own(record.content));
                    }
                    Err(cause) => {
                        taken.push(Taken::Failed(cause));
                        return taken;
                    }
                }
            }
        }
        taken
    }
}

/// Enough for two full records; more only takes time.
const STREAM_BYTES: usize = 40_000;

fn own(content: Content<'_>) -> Taken {
    match content {
        Content::Handshake(bytes) => {
            assert!(!bytes.is_empty(), "handshake bytes without a byte");
            Taken::Handshake(bytes.to_vec())
        }
        Content::Alert { level, description, protected } => {
            Taken::Alert(level, description, protected)
        }
        Content::ApplicationData(bytes) => Taken::Data(bytes.to_vec()),
        Content::Dropped => Taken::Dropped,
    }
}

fn secret() -> TrafficSecret {
    let shared = Secret::filled(32, |bytes| bytes.fill(7));
    let stage = HandshakeSecret::without_psk(SUITE, shared);
    stage.traffic(Role::Server, &Digest::zeros(SUITE.hash))
}
