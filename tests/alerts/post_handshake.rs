//! Faults of authentication after the handshake (RFC 9846 §4.7.2).

use std::sync::Arc;

use countersign::crypto::Draw;
use countersign::handshake::decision::{Answer, CertificateFault, Decision, VerifyCertificate};
use countersign::message::HEADER_BYTES;
use countersign::registry::{CertificateCompressionAlgorithm, ContentType, SignatureScheme};
use countersign_testing::{Item, Setup, Trial};

use crate::case::Attack::Do;
use crate::case::cases;
use crate::compression::{
    self, ANY_PURPOSE, CLIENTS, PURPOSES, compressed, containing, filter, filters,
};
use crate::edit::{append, certificate_request, certificate_verify, flip_last_bit, message};
use crate::own::Nowhere;

cases! {
    // Requests
    Client Connected: RequestWithoutSignatureAlgorithms 109 Application,
        Do(|trial| {
            let mut request = asked_for(trial);
            certificate_request(&mut request, |request| request.signature_algorithms = None);
            trial.deliver(Item::Message(request));
        }),
        with offering;
    Client Connected: Malformed 50 Application,
        Do(|trial| trial.deliver(Item::Message(message(13, &[])))), with offering;
    Client Connected: OidFilterRepeated 47 Application,
        Do(|trial| {
            let mut request = asked_for(trial);
            filters(&mut request, &[(PURPOSES, b""), (PURPOSES, CLIENTS)]);
            trial.deliver(Item::Message(request));
        }),
        with offering;
    Client Connected: OidFilterInvalid 47 Application,
        Do(|trial| {
            let mut request = asked_for(trial);
            filters(&mut request, &[(PURPOSES, ANY_PURPOSE)]);
            trial.deliver(Item::Message(request));
        }),
        with offering;
    Client Connected: RequestContextRepeated 47 Application,
        Do(|trial| {
            let request = asked_for(trial);
            trial.deliver(Item::Message(request.clone()));
            trial.deliver(Item::Message(request));
        }),
        with offering;
    Client Connected: RequestContextRepeated 47 Application,
        Do(|trial| {
            let request = asked_for(trial);
            trial.deliver(Item::Message(request.clone()));
            trial.run();
            trial.deliver(Item::Message(request));
        }),
        with offering;
    Client Connected: TooManyCertificateRequests 10 Application,
        Do(|trial| {
            for _ in 0..2 {
                let request = asked_for(trial);
                trial.deliver(Item::Message(request));
            }
        }),
        with |setup| {
            offering(setup);
            setup.client.limits.certificate_requests = 1;
        };
    Client Connected: SelectionUnavailable 80 Application,
        Do(|trial| {
            let request = asked_for(trial);
            trial.deliver(Item::Message(request));
            trial.forger.items.clear();
            match trial.victim.question.take() {
                Some(Decision::SelectClientCredential(it)) => trial.answer(it.unavailable()),
                other => panic!("{other:?}"),
            }
        }),
        with offering;
    Client Connected: SigningFailed 80 Application,
        Do(|trial| {
            let request = asked_for(trial);
            trial.deliver(Item::Message(request));
            trial.step();
            match trial.victim.question.take() {
                Some(Decision::Sign(it)) => trial.answer(it.unavailable()),
                other => panic!("{other:?}"),
            }
        }),
        with offering;
    Client Connected: MessageOutOfOrder 10 Application,
        Do(|trial| trial.deliver(Item::Message(message(11, &[0, 0, 0, 0])))), with offering;

    // Answers
    Server Connected: MessageOutOfOrder 10 Application,
        Do(|trial| trial.deliver(Item::Message(message(11, &[0, 0, 0, 0]))));
    Server Connected: MessageOutOfOrder 10 Application,
        Do(|trial| trial.deliver(Item::Message(message(11, &[0, 0, 0, 0])))), with offering;
    Server Connected: RequestContextUnknown 47 Application,
        Do(|trial| {
            ask(trial);
            trial.deliver(Item::Message(message(11, &[1, 7, 0, 0, 0])));
        }),
        with offering;
    Server Connected: MessageOutOfOrder 10 Application,
        Do(|trial| {
            ask(trial);
            let again = trial.forger.items.front().expect("an answer").clone();
            trial.run();
            trial.deliver(again);
        }),
        with offering;
    Server Connected: RequestContextUnknown 47 Application,
        Do(|trial| {
            ask(trial);
            change(trial, 0, |m| containing(m, &[1, 7, 0, 0, 0]));
        }),
        with compressing;
    Server Connected: CompressionNotOffered 47 Application,
        Do(|trial| {
            ask(trial);
            change(trial, 0, |m| {
                compressed(m, |c| c.algorithm = CertificateCompressionAlgorithm::ZSTD);
            });
        }),
        with compressing;
    Server Connected: CompressedCertificateInvalid 42 Application,
        Do(|trial| {
            ask(trial);
            change(trial, 0, |m| compressed(m, |c| c.uncompressed_length += 1));
        }),
        with compressing;
    Server Connected: CertificateLacksUsage 43 Application, Do(ask),
        with |setup| {
            offering(setup);
            setup.server.oid_filters = [filter((PURPOSES, CLIENTS))].into_iter().collect();
        };
    Server Connected: ClientCertificateMissing 116 Application,
        Do(|trial| {
            ask(trial);
            change(trial, 0, |m| *m = without_certificates(m));
        }),
        with offering;
    Server Connected: MessageOutOfOrder 10 Application,
        Do(|trial| {
            ask(trial);
            trial.forger.items.swap(0, 1);
        }),
        with offering;
    Server Connected: MessageOutOfOrder 10 Application,
        Do(|trial| {
            ask(trial);
            trial.forger.items.swap(1, 2);
        }),
        with offering, then WaitPostHandshakeCertificateVerify;
    Server Connected: MessageOutOfOrder 10 Application,
        Do(|trial| {
            ask(trial);
            trial.forger.items.insert(1, Item::Message(message(24, &[0])));
        }),
        with offering, then WaitPostHandshakeCertificateVerify;
    Server Connected: MessageOutOfOrder 10 Application,
        Do(|trial| {
            ask(trial);
            trial.forger.items.insert(2, Item::Message(message(24, &[0])));
        }),
        with offering, then WaitPostHandshakeFinished;
    Server Connected: AnswerInterrupted 10 Application,
        Do(|trial| {
            ask(trial);
            trial.forger.items.insert(1, data());
        }),
        with offering, then WaitPostHandshakeCertificateVerify;
    Server Connected: AnswerInterrupted 10 Application,
        Do(|trial| {
            ask(trial);
            for _ in 0..2 {
                let next = trial.forger.items.pop_front().expect("an answer");
                trial.deliver(next);
            }
            trial.deliver(data());
        }),
        with offering, then VerifyPostHandshakeCertificate;
    Server Connected: AnswerInterrupted 10 Application,
        Do(|trial| {
            ask(trial);
            trial.forger.items.insert(2, data());
        }),
        with offering, then WaitPostHandshakeFinished;
    Server Connected: SignatureInvalid 51 Application,
        Do(|trial| {
            ask(trial);
            change(trial, 1, |m| flip_last_bit(m));
        }),
        with offering, then WaitPostHandshakeCertificateVerify;
    Server Connected: SignatureSchemeDoesNotFit 47 Application,
        Do(|trial| {
            ask(trial);
            change(trial, 1, |m| {
                certificate_verify(m, |proof| proof.algorithm = SignatureScheme::ED25519);
            });
        }),
        with offering, then WaitPostHandshakeCertificateVerify;
    Server Connected: FinishedMismatch 51 Application,
        Do(|trial| {
            ask(trial);
            change(trial, 2, |m| flip_last_bit(m));
        }),
        with offering, then WaitPostHandshakeFinished;
    Server Connected: Malformed 50 Application,
        Do(|trial| {
            ask(trial);
            change(trial, 2, |m| append(m, &[0]));
        }),
        with offering, then WaitPostHandshakeFinished;

    // Verdicts
    Server Connected: CertificateExpired 45 Application,
        Do(|trial| judge(trial, |question| question.reject(CertificateFault::Expired))),
        with offering, then VerifyPostHandshakeCertificate;
    Server Connected: ClientDenied 49 Application,
        Do(|trial| judge(trial, VerifyCertificate::deny)),
        with offering, then VerifyPostHandshakeCertificate;
    Server Connected: VerificationUnavailable 80 Application,
        Do(|trial| judge(trial, VerifyCertificate::unavailable)),
        with offering, then VerifyPostHandshakeCertificate;

    // Faults of our own
    Server Connected: RandomnessFailed 80 Application, Do(ask),
        with |setup| {
            offering(setup);
            setup.server.provider.random = Arc::new(Nowhere(Some(Draw::RequestContext)));
        };
}

/// Clients offer to be asked.
fn offering(setup: &mut Setup) {
    setup.client.post_handshake_auth = true;
}

/// They take and send certificates compressed, too.
fn compressing(setup: &mut Setup) {
    offering(setup);
    compression::compressing(setup);
}

/// The next request of the peer, a server.
fn asked_for(trial: &mut Trial) -> Vec<u8> {
    trial.forger.handshake.request_certificate(true).expect("it is offered");
    trial.forger.speak();
    match trial.forger.items.pop_back() {
        Some(Item::Message(message)) => message,
        other => panic!("{other:?}"),
    }
}

/// Asks the peer, a client, whose answer then waits to be sent.
fn ask(trial: &mut Trial) {
    trial.victim.connection.request_certificate(true).expect("it is offered");
    trial.exchange();
}

/// Changes one message of those that wait to be sent.
fn change(trial: &mut Trial, at: usize, change: impl FnOnce(&mut Vec<u8>)) {
    match trial.forger.items.get_mut(at) {
        Some(Item::Message(message)) => change(message),
        other => panic!("{other:?}"),
    }
}

/// A Certificate of the same context, and nothing else.
fn without_certificates(message: &[u8]) -> Vec<u8> {
    let context = &message[HEADER_BYTES..][..=usize::from(message[HEADER_BYTES])];
    self::message(11, &[context, &[0, 0, 0]].concat())
}

fn data() -> Item {
    Item::Record(ContentType::APPLICATION_DATA, b"data".to_vec(), 0)
}

/// Asks, and answers so when the client has proved that it holds the key.
fn judge(trial: &mut Trial, verdict: impl FnOnce(VerifyCertificate) -> Answer) {
    ask(trial);
    trial.reach("VerifyPostHandshakeCertificate");
    match trial.victim.question.take() {
        Some(Decision::VerifyCertificate(question)) => trial.answer(verdict(question)),
        other => panic!("{other:?}"),
    }
}
