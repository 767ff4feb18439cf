//! Encoding any message, and comparing what was parsed with what was encoded.

use countersign::codec::List;
use countersign::failure::Cause;
use countersign::message::{self, EXTENSIONS, ExtensionSet, Kind, Layout, Message, ParseContext};

/// A context in which every extension of the table was offered.
pub(crate) fn everything_offered() -> ParseContext {
    let offered = ExtensionSet::of(EXTENSIONS.iter().map(|row| row.extension_type));
    ParseContext { offered, ..ParseContext::default() }
}

/// Encodes a message under its header.
pub(crate) fn encode(message: &Message<'_>, layout: &Layout) -> (Kind, Result<Vec<u8>, Cause>) {
    let kind = match message {
        Message::ClientHello(_) => Kind::ClientHello,
        Message::ServerHello(_) => Kind::ServerHello,
        Message::HelloRetryRequest(_) => Kind::HelloRetryRequest,
        Message::NewSessionTicket(_) => Kind::NewSessionTicket,
        Message::EndOfEarlyData(_) => Kind::EndOfEarlyData,
        Message::EncryptedExtensions(_) => Kind::EncryptedExtensions,
        Message::CertificateRequest(_) => Kind::CertificateRequest,
        Message::Certificate(_) => Kind::Certificate,
        Message::CompressedCertificate(_) => Kind::CompressedCertificate,
        Message::CertificateVerify(_) => Kind::CertificateVerify,
        Message::Finished(_) => Kind::Finished,
        Message::KeyUpdate(_) => Kind::KeyUpdate,
    };
    let mut out = Vec::new();
    let result = message::encode(kind.handshake_type(), &mut out, |writer| match message {
        Message::ClientHello(hello) => drop(hello.encode(writer, layout, 0)),
        Message::ServerHello(hello) => hello.encode(writer),
        Message::HelloRetryRequest(request) => request.encode(writer),
        Message::NewSessionTicket(ticket) => drop(ticket.encode(writer, layout, 0)),
        Message::EndOfEarlyData(end) => end.encode(writer),
        Message::EncryptedExtensions(answers) => drop(answers.encode(writer, layout, 0)),
        Message::CertificateRequest(request) => drop(request.encode(writer, layout, 0)),
        Message::Certificate(certificate) => certificate.encode(writer),
        Message::CompressedCertificate(compressed) => compressed.encode(writer),
        Message::CertificateVerify(verify) => verify.encode(writer),
        Message::Finished(finished) => finished.encode(writer),
        Message::KeyUpdate(update) => update.encode(writer),
    });
    (kind, result.map(|()| out))
}

/// Takes a parsed message as if it were one of our own, and so comparable with one.
pub(crate) fn as_ours(message: Message<'_>) -> Message<'_> {
    match message {
        Message::ClientHello(mut hello) => {
            hello.extensions.received = List::default();
            Message::ClientHello(hello)
        }
        other => other,
    }
}
