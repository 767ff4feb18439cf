//! Answers to the questions of either end, as a script says, and the keys that both know.

use std::collections::VecDeque;
use std::sync::LazyLock;

use countersign::crypto::Secret;
use countersign::crypto::leaf::Leaf;
use countersign::epoch::Role;
use countersign::failure::Misuse;
use countersign::handshake::decision::{
    Answer, CertificateFault, Decision, HelloRefusal, SelectCredential,
};
use countersign::handshake::psk::{EarlyDataTerms, ExternalKey, OfferedPsk, PreSharedKey};
use countersign::message::MAX_TICKET_LIFETIME_SECONDS;
use countersign::registry::{CertificateType, SignatureScheme};
use countersign_testing::{End, Flight};

use crate::insecure::{SUITE, certificate, sign};
use crate::script::Script;

/// Takes all that an end has to say; its questions join those that are open.
pub(crate) fn settle(end: &mut End, questions: &mut VecDeque<Decision>) -> Vec<Flight> {
    let flights = end.settle();
    questions.extend(end.question.take());
    flights
}

/// Answers the open question, if there is one, as zeros do. It may have come too late: an alert
/// that was taken before the question was looked at has ended the connection.
pub(crate) fn answer_honestly(end: &mut End) -> bool {
    let Some(question) = end.question.take() else { return false };
    let ended = end.observed.end.is_some();
    let result = end.handshake.answer(answer(question, &mut Script::new(&[])));
    assert_eq!(result, if ended { Err(Misuse::Ended) } else { Ok(()) });
    true
}

/// The answer that the script gives; zeros give the one that goes on.
pub(crate) fn answer(decision: Decision, script: &mut Script<'_>) -> Answer {
    look_at(&decision);
    match decision {
        Decision::VerifyCertificate(question) => match script.byte() % 10 {
            0 => question.accept(),
            1 => question.deny(),
            2 => question.unavailable(),
            fault => question.reject(CertificateFault::ALL[usize::from(fault - 3)]),
        },
        Decision::SelectCredential(question) => match script.byte() % 12 {
            0 => select(question, true),
            1 => select(question, false),
            refusal => question.refuse(HelloRefusal::ALL[usize::from(refusal - 2)]),
        },
        Decision::SelectClientCredential(question) => match script.byte() % 3 {
            1 => question.decline(),
            2 => question.unavailable(),
            _ => {
                let certificate = certificate(question.certificate_type());
                let answer = question.certificate(certificate, SignatureScheme::ED25519);
                answer.unwrap_or_else(|unfit| unfit.question.decline())
            }
        },
        Decision::Sign(question) => match script.byte() % 3 {
            1 => question.unavailable(),
            2 => question.signature(script.bytes().to_vec()),
            _ => {
                let signature = sign(question.message());
                question.signature(signature)
            }
        },
        Decision::SealTicket(question) => match script.byte() % 2 {
            1 => question.decline(),
            _ => question.sealed(b"a ticket".to_vec()).expect("a ticket of eight bytes"),
        },
        Decision::SealCookie(question) => match script.byte() % 2 {
            1 => question.unavailable(),
            _ => {
                let cookie = question.contents().to_vec();
                question.sealed(cookie).expect("a cookie of a hundred bytes")
            }
        },
        Decision::OpenCookie(question) => match script.byte() % 4 {
            1 => question.refuse(),
            2 => question.unavailable(),
            3 => question.opened(script.bytes().to_vec()),
            _ => {
                let contents = question.cookie().to_vec();
                question.opened(contents)
            }
        },
        other => panic!("a question without an answer: {other:?}"),
    }
}

/// Reads all that a question says, and holds it against what can be asked at all.
fn look_at(decision: &Decision) {
    match decision {
        Decision::VerifyCertificate(question) => {
            let is_raw = question.certificate_type() == CertificateType::RAW_PUBLIC_KEY;
            assert_eq!(is_raw, question.certificates().next().is_none());
            for leaf in question.certificates().take(1) {
                let leaf = Leaf::parse(&leaf).expect("it was read before");
                assert_eq!(leaf.subject_public_key_info(), question.subject_public_key_info());
            }
            assert!(question.request().is_none() || question.role() == Role::Server);
            assert!(question.scheme().signs_for(question.role().peer()), "{:?}", question.scheme());
            let asks_for_name = question.server_name().is_some();
            assert!(!asks_for_name || question.role() == Role::Client, "a client has no name");
            let stapled = [question.ocsp_response(), question.signed_certificate_timestamps()];
            assert!(stapled.into_iter().flatten().all(|stapled| !stapled.is_empty()));
        }
        Decision::SelectCredential(question) => {
            assert!(question.signature_schemes().all(|scheme| scheme.signs_for(Role::Server)));
            assert!(question.psk_identities().all(|offered| !offered.identity.is_empty()));
            let offered = question.certificate_signature_schemes().count();
            assert!(!question.accepts_certificate() || offered > 0, "no scheme for certificates");
            let _said = (question.server_name(), question.ticket_request(), question.group());
            let _asked = (question.client_authentication(), question.certificate_authorities());
            let early_data = question.replay_tag(&key(None)).is_some();
            assert!(!early_data || question.offers_early_data(), "a tag without early data");
        }
        Decision::SelectClientCredential(question) => {
            assert!(question.signature_schemes().all(|scheme| scheme.signs_for(Role::Server)));
            assert!(question.certificate_signature_schemes().count() > 0);
            let _named = question.certificate_authorities().count();
        }
        Decision::Sign(question) => {
            let selected = question.certificate();
            assert_eq!(selected, &certificate(selected.certificate_type()));
            assert!(question.message().starts_with(&[b' '; 64]), "not what is signed in TLS");
        }
        Decision::SealTicket(question) => {
            assert_eq!(question.psk().as_bytes().len(), question.suite().hash.output_bytes());
            assert!(question.order().lifetime_seconds <= MAX_TICKET_LIFETIME_SECONDS);
        }
        Decision::SealCookie(question) => assert!(!question.contents().is_empty()),
        Decision::OpenCookie(question) => assert!(!question.cookie().is_empty()),
        other => panic!("a question that nobody reads: {other:?}"),
    }
}

/// The key that the server knows by name, or else the certificate.
fn select(question: SelectCredential, early_data: bool) -> Answer {
    let protocol = question.application_layer_protocols().next().map(<[u8]>::to_vec);
    let known = question.psk_identities().enumerate().find_map(|(index, offered)| {
        known_key(offered.identity, protocol.as_deref()).map(|key| (index, key))
    });
    let question = match known {
        Some((index, key)) => match question.psk(index, key, protocol.as_deref(), early_data) {
            Ok(answer) => return answer,
            Err(unfit) => unfit.question,
        },
        None => question,
    };
    let fits = |scheme: &SignatureScheme| *scheme == SignatureScheme::ED25519;
    let scheme = question.signature_schemes().find(fits);
    let scheme = scheme.or_else(|| question.signature_schemes().next());
    match scheme.zip(question.certificate_type()) {
        Some((scheme, wanted)) => question
            .certificate(certificate(wanted), scheme, protocol.as_deref())
            .unwrap_or_else(|unfit| panic!("an offered scheme: {unfit:?}")),
        _ => question.refuse(HelloRefusal::NoSuitableCertificate),
    }
}

/// The key behind a name, if the server knows it.
fn known_key(identity: &[u8], protocol: Option<&[u8]>) -> Option<PreSharedKey> {
    if identity == KEY_NAME {
        return Some(key(protocol.map(<[u8]>::to_vec)));
    }
    (identity == IMPORTED.identity()).then(|| IMPORTED.key().clone())
}

const KEY_NAME: &[u8] = b"a key";

fn key(application_layer_protocol: Option<Vec<u8>>) -> PreSharedKey {
    let terms = EarlyDataTerms { max_bytes: 100, application_layer_protocol };
    PreSharedKey::resumption(&[7; 32], SUITE).expect("a key").with_early_data(terms)
}

/// A PSK that the server knows.
pub(crate) fn known_psk(application_layer_protocol: Option<Vec<u8>>) -> OfferedPsk {
    key(application_layer_protocol).offered_as(KEY_NAME.to_vec())
}

/// A PSK that no server takes.
pub(crate) fn unknown_psk() -> OfferedPsk {
    key(None).offered_as(b"another key".to_vec())
}

/// A key from outside of TLS that the server knows too.
pub(crate) fn imported_psk() -> OfferedPsk {
    IMPORTED.clone()
}

static IMPORTED: LazyLock<OfferedPsk> = LazyLock::new(|| {
    let key = ExternalKey {
        identity: b"an external key".to_vec(),
        context: b"here".to_vec(),
        secret: Secret::copied_from(&[9; 32]).expect("a key"),
        suite: SUITE,
    };
    key.import(SUITE).expect("a key that fits")
});
