//! Answers, as lines.

use std::sync::Arc;

use super::line::{Line, NONE, Words};
use crate::crypto::Provider;
use crate::failure::Cause;
use crate::handshake::decision::{
    CertificateAccepted, CertificateChain, ChainEntry, ClientCredentialSelected, CookieOpened,
    CookieSealed, CredentialSelected, OwnCertificate, Reply, ServerCredential, Signed,
    TicketSealed,
};
use crate::handshake::psk::{EarlyDataTerms, PreSharedKey};
use crate::key_schedule::PskKind;
use crate::registry::{CipherSuite, SignatureScheme};

/// Appends an answer.
pub(super) fn tell(line: Line, reply: &Reply) -> Line {
    match reply {
        Reply::CookieSealed(CookieSealed(cookie)) => line.word("CookieSealed").private(cookie),
        Reply::CookieOpened(CookieOpened(contents)) => line.word("CookieOpened").private(contents),
        Reply::CertificateAccepted(CertificateAccepted) => line.word("CertificateAccepted"),
        Reply::CredentialSelected(CredentialSelected { credential, protocol }) => {
            let line = line.word("CredentialSelected").private_if_any(protocol.as_deref());
            match credential {
                ServerCredential::Certificate { certificate, scheme } => {
                    tell_certificate(line.word("certificate"), certificate, *scheme)
                }
                ServerCredential::Psk { index, key, early_data } => {
                    let line = line.word(format_args!("psk {index} {early_data}"));
                    tell_key(line, key)
                }
            }
        }
        Reply::ClientCredentialSelected(ClientCredentialSelected(selected)) => {
            let line = line.word("ClientCredentialSelected");
            match selected {
                Some((certificate, scheme)) => {
                    tell_certificate(line.word("certificate"), certificate, *scheme)
                }
                None => line.word(NONE),
            }
        }
        Reply::Signed(Signed(signature)) => line.word("Signed").private(signature),
        Reply::TicketSealed(TicketSealed(ticket)) => {
            line.word("TicketSealed").private_if_any(ticket.as_deref())
        }
        Reply::Refused(cause) => line.word(format_args!("Refused {cause:?}")),
    }
}

/// Reads an answer.
pub(super) fn read(words: &mut Words<'_>, provider: &Provider) -> Option<Reply> {
    Some(match words.word()? {
        "CookieSealed" => Reply::CookieSealed(CookieSealed(words.bytes()?)),
        "CookieOpened" => Reply::CookieOpened(CookieOpened(words.bytes()?)),
        "CertificateAccepted" => Reply::CertificateAccepted(CertificateAccepted),
        "CredentialSelected" => {
            let protocol = words.bytes_if_any()?;
            let credential = match words.word()? {
                "certificate" => {
                    let (certificate, scheme) = read_certificate(words)?;
                    ServerCredential::Certificate { certificate, scheme }
                }
                "psk" => {
                    let (index, early_data) = (words.number()?, words.number()?);
                    ServerCredential::Psk { index, key: read_key(words, provider)?, early_data }
                }
                _ => return None,
            };
            Reply::CredentialSelected(CredentialSelected { credential, protocol })
        }
        "ClientCredentialSelected" => {
            let selected = match words.word()? {
                "certificate" => Some(read_certificate(words)?),
                NONE => None,
                _ => return None,
            };
            Reply::ClientCredentialSelected(ClientCredentialSelected(selected))
        }
        "Signed" => Reply::Signed(Signed(words.bytes()?)),
        "TicketSealed" => Reply::TicketSealed(TicketSealed(words.bytes_if_any()?)),
        "Refused" => {
            let name = words.word()?;
            Reply::Refused(*Cause::ALL.iter().find(|cause| format!("{cause:?}") == name)?)
        }
        _ => return None,
    })
}

fn tell_certificate(line: Line, certificate: &OwnCertificate, scheme: SignatureScheme) -> Line {
    let line = line.word(scheme.0);
    match certificate {
        OwnCertificate::RawPublicKey(key) => line.word("raw-public-key").private(key),
        OwnCertificate::Chain(chain) => {
            let line = line.word(format_args!("chain {}", chain.entries.len()));
            chain.entries.iter().fold(line, |line, entry| {
                line.private(&entry.certificate)
                    .private_if_any(entry.ocsp_response.as_deref())
                    .private_if_any(entry.signed_certificate_timestamps.as_deref())
            })
        }
    }
}

fn read_certificate(words: &mut Words<'_>) -> Option<(OwnCertificate, SignatureScheme)> {
    let scheme = SignatureScheme(words.number()?);
    let certificate = match words.word()? {
        "raw-public-key" => OwnCertificate::RawPublicKey(words.bytes()?.into()),
        "chain" => {
            let count: usize = words.number()?;
            let mut entry = || {
                Some(ChainEntry {
                    certificate: words.bytes()?.into(),
                    ocsp_response: words.bytes_if_any()?,
                    signed_certificate_timestamps: words.bytes_if_any()?,
                })
            };
            let entries = (0..count).map(|_| entry()).collect::<Option<_>>()?;
            OwnCertificate::Chain(Arc::new(CertificateChain { entries }))
        }
        _ => return None,
    };
    Some((certificate, scheme))
}

/// Appends a PSK.
pub(super) fn tell_key(line: Line, key: &PreSharedKey) -> Line {
    let PreSharedKey { kind, secret, suite, early_data } = key;
    let line = line.word(format_args!("{kind:?} {}", suite.id.0)).private(secret.as_bytes());
    match early_data {
        Some(EarlyDataTerms { max_bytes, application_layer_protocol }) => {
            line.word(max_bytes).private_if_any(application_layer_protocol.as_deref())
        }
        None => line.word(NONE),
    }
}

/// Reads a PSK.
pub(super) fn read_key(words: &mut Words<'_>, provider: &Provider) -> Option<PreSharedKey> {
    let kind = match words.word()? {
        "External" => PskKind::External,
        "Resumption" => PskKind::Resumption,
        "Imported" => PskKind::Imported,
        _ => return None,
    };
    let suite = provider.suite(CipherSuite(words.number()?))?;
    let secret = words.bytes()?;
    let early_data = match words.word()? {
        NONE => None,
        max_bytes => Some(EarlyDataTerms {
            max_bytes: max_bytes.parse().ok()?,
            application_layer_protocol: words.bytes_if_any()?,
        }),
    };
    let key = PreSharedKey::resumption(&secret, suite).ok()?;
    Some(PreSharedKey { kind, early_data, ..key })
}
