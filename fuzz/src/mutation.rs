//! Messages of an honest end, changed as a script says.

use countersign::message::HEADER_BYTES;

use crate::build;
use crate::script::Script;

/// Takes whole messages apart; what is no whole message stays with the last.
pub(crate) fn split(bytes: &[u8]) -> Vec<Vec<u8>> {
    let mut messages = Vec::new();
    let mut rest = bytes;
    while let Some([_, a, b, c]) = rest.first_chunk() {
        let body = usize::from(*a) << 16 | usize::from(*b) << 8 | usize::from(*c);
        let Some((message, behind)) = rest.split_at_checked(HEADER_BYTES + body) else { break };
        messages.push(message.to_vec());
        rest = behind;
    }
    if !rest.is_empty() {
        messages.push(rest.to_vec());
    }
    messages
}

/// Changes one message.
pub(crate) fn message(script: &mut Script<'_>, message: &mut Vec<u8>) {
    let at = |script: &mut Script<'_>, message: &[u8]| script.position(message.len());
    match script.byte() % 8 {
        0 => {
            let position = at(script, message);
            let difference = script.byte();
            if let Some(byte) = message.get_mut(position) {
                *byte ^= difference;
            }
        }
        1 => {
            let position = at(script, message);
            message.truncate(position);
        }
        2 => {
            let position = at(script, message);
            message.splice(position..position, script.bytes().iter().copied());
        }
        3 => {
            let position = at(script, message);
            let end = position + at(script, &message[position..]);
            message.drain(position..end);
        }
        4 => message.extend_from_slice(script.bytes()),
        5 => *message = build::message(script),
        6 => {
            let position = at(script, message);
            message.truncate(position);
            message.extend_from_slice(script.bytes());
        }
        _ => message.clear(),
    }
    if script.flag() {
        set_length(message);
    }
}

/// Makes the header tell the truth about the body's length.
fn set_length(message: &mut [u8]) {
    let Some(body) = message.len().checked_sub(HEADER_BYTES) else { return };
    let [.., a, b, c] = body.to_be_bytes();
    message[1..HEADER_BYTES].copy_from_slice(&[a, b, c]);
}

/// Changes a flight of whole messages: one of them, their number or their order. What has passed
/// before, in either direction, can come again.
pub(crate) fn flight(script: &mut Script<'_>, flight: &mut Vec<u8>, passed: &[Vec<u8>]) {
    let mut messages = split(flight);
    let position = script.position(messages.len());
    match script.byte() % 6 {
        0 => self::message(script, &mut messages[position]),
        1 => messages.insert(position, messages[position].clone()),
        2 => drop(messages.remove(position)),
        3 => {
            let other = script.position(messages.len());
            messages.swap(position, other);
        }
        4 => messages.insert(position, build::message(script)),
        _ => {
            let replayed = script.position(passed.len());
            if let Some(replayed) = passed.get(replayed) {
                messages.insert(position, replayed.clone());
            }
        }
    }
    *flight = messages.concat();
}
