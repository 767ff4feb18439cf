//! What a connection says, as lines.

use super::line::Line;
use crate::connection::Step;
use crate::handshake::event::{EndEntity, Negotiated, NegotiatedPsk, Ticket};
use crate::handshake::{Decision, End, Fact};

/// Appends a step.
pub(super) fn step(line: Line, step: &Step<'_>) -> Line {
    match step {
        Step::Send => line.word("Send"),
        Step::Receive => line.word("Receive"),
        Step::Waiting => line.word("Waiting"),
        Step::Data(data) => line.word("Data").private(data),
        Step::EarlyData(data) => line.word("EarlyData").private(data),
        Step::Decide(question) => decide(line.word("Decide"), question),
        Step::Learned(learned) => fact(line.word("Learned"), learned),
        Step::Ended(over) => end(line.word("Ended"), over),
    }
}

fn decide(line: Line, question: &Decision) -> Line {
    match question {
        Decision::VerifyCertificate(question) => {
            line.word("VerifyCertificate").private(question.subject_public_key_info())
        }
        Decision::SelectCredential(question) => {
            line.word("SelectCredential").private(question.client_hello())
        }
        Decision::SelectClientCredential(question) => {
            line.word("SelectClientCredential").private(question.certificate_request_context())
        }
        Decision::Sign(question) => line.word("Sign").private(question.message()),
        Decision::SealTicket(question) => {
            line.word("SealTicket").private(question.psk().as_bytes())
        }
        Decision::SealCookie(question) => line.word("SealCookie").private(question.contents()),
        Decision::OpenCookie(question) => line.word("OpenCookie").private(question.cookie()),
    }
}

fn fact(line: Line, fact: &Fact) -> Line {
    match fact {
        Fact::Retried
        | Fact::EarlyDataAccepted
        | Fact::EarlyDataRejected
        | Fact::Complete
        | Fact::PeerUpdatedKeys
        | Fact::ClientAuthentication(_)
        | Fact::AlertReceived(_)
        | Fact::PeerClosed => line.word(format_args!("{fact:?}")),
        Fact::Negotiated(parameters) => negotiated(line.word("Negotiated"), parameters),
        Fact::TransportParameters(parameters) => {
            line.word("TransportParameters").private(parameters)
        }
        Fact::Ticket(received) => ticket(line.word("Ticket"), received),
        Fact::PostHandshakeAuthentication { request, certificate } => {
            let shown: Option<&[u8]> = certificate.as_ref().map(|certificate| match certificate {
                EndEntity::Certificate(certificate) => &**certificate,
                EndEntity::RawPublicKey(key) => &**key,
            });
            let line = line.word(format_args!("PostHandshakeAuthentication {}", request.0));
            line.private_if_any(shown)
        }
        Fact::Moved { from, input, to } => {
            line.word(format_args!("Moved {from} + {input} -> {to}"))
        }
    }
}

fn negotiated(line: Line, negotiated: &Negotiated) -> Line {
    let Negotiated {
        cipher_suite,
        group,
        application_layer_protocol,
        certificate_types,
        record_size_limits,
        psk,
    } = negotiated;
    let line = line
        .word(format_args!("{cipher_suite:?} {group:?} {certificate_types:?}"))
        .word(format_args!("{record_size_limits:?} protocol"))
        .private_if_any(application_layer_protocol.as_deref());
    match psk {
        Some(NegotiatedPsk { kind, identity }) => {
            line.word(format_args!("{kind:?} PSK")).private(identity)
        }
        None => line,
    }
}

fn ticket(line: Line, ticket: &Ticket) -> Line {
    let Ticket {
        ticket,
        psk,
        suite,
        lifetime_seconds,
        age_add,
        max_early_data_bytes,
        application_layer_protocol,
        resumption_across_names,
    } = ticket;
    line.word(format_args!("{:?} for {lifetime_seconds} s", suite.id))
        .word(format_args!("{max_early_data_bytes:?} {resumption_across_names}"))
        .private(&age_add.to_be_bytes())
        .private(ticket)
        .private(psk.as_bytes())
        .private_if_any(application_layer_protocol.as_deref())
}

fn end(line: Line, end: &End) -> Line {
    match end {
        End::Closed => line.word("Closed"),
        End::Failed(failure) => line.word(format_args!("Failed {:?} {failure}", failure.cause)),
        End::Refused(refusal) => {
            let (alert, level, state) = (refusal.alert, refusal.level, refusal.state);
            line.word(format_args!("Refused {alert} of level {level} in {state}"))
                .word(format_args!("with {} bytes unconfirmed:", refusal.unconfirmed_bytes))
                .word(refusal.diagnose())
        }
        End::Truncated(truncation) => line
            .word(format_args!("Truncated in {}", truncation.state))
            .word(format_args!("with {} bytes unconfirmed:", truncation.unconfirmed_bytes))
            .word(truncation.diagnose()),
    }
}
