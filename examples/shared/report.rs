//! A connection in words: what was negotiated; how it ended, where, and what an alert means.

use countersign::diagnosis::{Advice, Diagnosis};
use countersign::handshake::End;
use countersign::handshake::event::Negotiated;

/// Suite, group and protocol in one line, and what else is not as usual.
pub(crate) fn negotiated(negotiated: &Negotiated) -> String {
    let Negotiated { cipher_suite, group, .. } = negotiated;
    let group = group.map_or("no key exchange", |group| group.name().unwrap_or("unnamed group"));
    let protocol = negotiated.application_layer_protocol.as_deref().map(<[u8]>::escape_ascii);
    let protocol = protocol.map(|name| format!(", {name}")).unwrap_or_default();
    let psk = negotiated.psk.as_ref().map(|psk| format!(", {:?} PSK", psk.kind));
    let limits = negotiated
        .record_size_limits
        .map(|limits| format!(", records up to {} out and {} in", limits.send, limits.receive));
    let [psk, limits] = [psk, limits].map(Option::unwrap_or_default);
    format!("{cipher_suite:?}, {group}{protocol}{psk}{limits}")
}

/// The end, in sentences; the first says it all in short.
pub(crate) fn report(end: &End) -> Vec<String> {
    match end {
        End::Closed => vec![String::from("closed, both ways and in order")],
        End::Failed(failure) => vec![format!("failed {failure}")],
        End::Refused(refusal) => {
            let short = format!("refused in {}: {}", refusal.state, refusal.alert);
            explained(short, &refusal.diagnose(), refusal.unconfirmed_bytes)
        }
        End::Truncated(truncation) => {
            let short = format!("cut off in {}", truncation.state);
            explained(short, &truncation.diagnose(), truncation.unconfirmed_bytes)
        }
    }
}

fn explained(short: String, diagnosis: &Diagnosis, unconfirmed_bytes: u64) -> Vec<String> {
    let advice = match diagnosis.advice {
        Advice::None => String::from("none"),
        advice => format!("{advice:?}"),
    };
    let class = format!("class {:?}, advice {advice}", diagnosis.class);
    let mut sentences = vec![short, diagnosis.to_string(), class];
    if unconfirmed_bytes > 0 {
        sentences.push(format!(
            "{unconfirmed_bytes} bytes were written that the server has probably not read"
        ));
    }
    sentences
}
