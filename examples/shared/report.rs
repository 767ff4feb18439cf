//! How a connection ended, in words: what failed, where, and what the alert means.

use countersign::diagnosis::{Advice, Diagnosis};
use countersign::handshake::End;

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
