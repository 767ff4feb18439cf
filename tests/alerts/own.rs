//! Refusals and faults of one's own, and faults of an established connection.

use std::sync::Arc;

use countersign::crypto::aead::{Aead, AeadKey};
use countersign::crypto::group::GroupFailure;
use countersign::crypto::ring::{TLS_AES_128_GCM_SHA256, X25519};
use countersign::crypto::{
    Draw, Group, KeyExchange, Random, RandomnessUnavailable, Secret, Share, Suite,
};
use countersign::handshake::decision::{CertificateFault, Decision, HelloRefusal};
use countersign::handshake::event::NewTicket;
use countersign::registry::NamedGroup;
use countersign_testing::{Setup, Trial};

use crate::case::Attack::{Answer, Do, Nothing};
use crate::case::{cases, mutual, stateless};
use crate::edit::message;

cases! {
    // Refusals of an offer
    Server SelectCredential: NameNotServed 112 Initial,
        Answer(|question| refuse(question, HelloRefusal::NameNotServed));
    Server SelectCredential: ServerNameMissing 109 Initial,
        Answer(|question| refuse(question, HelloRefusal::NameMissing));
    Server SelectCredential: NoCommonApplicationProtocol 120 Initial,
        Answer(|question| refuse(question, HelloRefusal::NoApplicationProtocol));
    Server SelectCredential: NoCommonSignatureScheme 40 Initial,
        Answer(|question| refuse(question, HelloRefusal::NoSuitableCertificate));
    Server SelectCredential: NoAcceptablePsk 115 Initial,
        Answer(|question| refuse(question, HelloRefusal::NoAcceptablePsk));
    Server SelectCredential: SecurityInsufficient 71 Initial,
        Answer(|question| refuse(question, HelloRefusal::InsufficientSecurity));
    Server SelectCredential: ParametersRefused 40 Initial,
        Answer(|question| refuse(question, HelloRefusal::Parameters));
    Server SelectCredential: ConnectionOverload 80 Initial,
        Answer(|question| refuse(question, HelloRefusal::Overload));
    Server SelectCredential: RefusedWithoutReason 117 Initial,
        Answer(|question| refuse(question, HelloRefusal::Concealed));
    Server SelectCredential: SelectionUnavailable 80 Initial,
        Answer(|question| refuse(question, HelloRefusal::Unavailable));

    // KeyUpdate and after
    Client Connected: KeyUpdateRequestUnknown 47 Application,
        Do(|trial| trial.deliver(countersign_testing::Item::Message(message(24, &[2]))));
    Server Connected: KeyUpdateRequestUnknown 47 Application,
        Do(|trial| trial.deliver(countersign_testing::Item::Message(message(24, &[2]))));
    Client Connected: FlagsNotMinimal 47 Application,
        Do(|trial| {
            let flags = [0, 62, 0, 2, 1, 0];
            let ticket = [&[0; 9][..], &[0, 1, 9, 0, 6], &flags].concat();
            trial.deliver(countersign_testing::Item::Message(message(4, &ticket)));
        });
    Client Connected: TooManyKeyUpdates 10 Application, Do(update_too_often);
    Server Connected: TooManyKeyUpdates 10 Application, Do(update_too_often);
    Server Connected: MessageOutOfOrder 10 Application,
        Do(|trial| trial.deliver(countersign_testing::Item::Message(message(4, &[]))));
    Client Connected: MessageOutOfOrder 10 Application,
        Do(|trial| trial.deliver(countersign_testing::Item::Message(message(13, &[]))));

    // A certificate that was accepted, and is acceptable no longer
    Client Connected: CertificateExpired 45 Application,
        Do(|trial| reject(trial, CertificateFault::Expired));
    Client Connected: CertificateStatusBad 113 Application,
        Do(|trial| reject(trial, CertificateFault::Status));
    Server Connected: CertificateRevoked 44 Application,
        Do(|trial| reject(trial, CertificateFault::Revoked)), with mutual;
    Server Connected: CertificateUnacceptable 46 Application,
        Do(|trial| reject(trial, CertificateFault::Status)), with mutual;

    // Faults of our own
    Server SealCookie: CookieUnavailable 80 Initial, Answer(cannot_seal), with stateless;
    Client SelectCredential: SelectionUnavailable 80 Handshake, Answer(cannot_select),
        with mutual;
    Client SignCertificateVerify: SigningFailed 80 Handshake, Answer(cannot_sign), with mutual;
    Server SignCertificateVerify: SigningFailed 80 Handshake, Answer(cannot_sign);
    Client SignCertificateVerify: Unencodable 80 Handshake, Answer(sign_at_length), with mutual;
    Server SignCertificateVerify: Unencodable 80 Handshake, Answer(sign_at_length);
    Client Start: RandomnessFailed 80 Initial, Nothing,
        with |setup| setup.client.provider.random = Arc::new(Nowhere(None));
    Server SelectCredential: RandomnessFailed 80 Initial, Nothing,
        with |setup| setup.server.provider.random = Arc::new(Nowhere(None));
    Server WaitClientHello: RandomnessFailed 80 Initial, Nothing, with |setup| {
        setup.server.cookie_bytes = 16;
        setup.server.provider.random = Arc::new(Nowhere(Some(Draw::Cookie)));
    };
    Server Connected: RandomnessFailed 80 Application,
        Do(|trial| {
            let ticket = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };
            trial.victim.connection.issue_ticket(ticket).expect("a connected server");
            trial.exchange();
        }),
        with |setup| {
            setup.server.provider.random = Arc::new(Nowhere(Some(Draw::TicketAgeAdd)));
        };
    Client Start: CryptographyFailed 80 Initial, Nothing,
        with |setup| setup.client.provider.groups = vec![Arc::new(Broken)];
    Server SelectCredential: CryptographyFailed 80 Initial, Nothing,
        with |setup| setup.server.provider.groups = vec![Arc::new(Broken)];
    // The key of a server cannot be updated before the client's Finished.
    Server WaitFinished: KeyUsageExhausted 80 Application, Do(write_until_it_fails),
        with with_short_lived_keys;
}

type Reply = countersign::handshake::Answer;

fn refuse(question: Decision, refusal: HelloRefusal) -> Reply {
    let Decision::SelectCredential(question) = question else { panic!("{question:?}") };
    question.refuse(refusal)
}

fn cannot_seal(question: Decision) -> Reply {
    let Decision::SealCookie(question) = question else { panic!("{question:?}") };
    question.unavailable()
}

fn cannot_select(question: Decision) -> Reply {
    let Decision::SelectClientCredential(question) = question else { panic!("{question:?}") };
    question.unavailable()
}

fn cannot_sign(question: Decision) -> Reply {
    let Decision::Sign(question) = question else { panic!("{question:?}") };
    question.unavailable()
}

/// A signature longer than its length field can say.
fn sign_at_length(question: Decision) -> Reply {
    let Decision::Sign(question) = question else { panic!("{question:?}") };
    question.signature(vec![0; 0x1_0000])
}

fn reject(trial: &mut Trial, fault: CertificateFault) {
    trial.victim.connection.reject(fault).expect("a peer with a certificate");
    trial.exchange();
}

fn update_too_often(trial: &mut Trial) {
    for _ in 0..33 {
        trial.forger.handshake.update_keys(false).expect("a connected peer");
        trial.forger.speak();
        trial.run();
    }
}

fn write_until_it_fails(trial: &mut Trial) {
    for _ in 0..16 {
        if trial.victim.connection.handshake().closure().may_send() {
            let victim = &mut trial.victim;
            victim.connection.write(b"data", &mut victim.output).expect("keys for data");
            trial.exchange();
        }
    }
}

/// A source that never has any randomness; or none for one purpose.
#[derive(Debug)]
pub(crate) struct Nowhere(pub(crate) Option<Draw>);

impl Random for Nowhere {
    fn fill(&self, draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        if self.0.is_none_or(|without| without == draw) {
            return Err(RandomnessUnavailable);
        }
        bytes.fill(7);
        Ok(())
    }
}

/// A group whose library fails.
#[derive(Debug)]
struct Broken;

impl Group for Broken {
    fn id(&self) -> NamedGroup {
        X25519.id()
    }

    fn start(&self, _: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        Err(GroupFailure::Failed)
    }

    fn respond(&self, _: &dyn Random, _: &[u8]) -> Result<(Share, Secret), GroupFailure> {
        Err(GroupFailure::Failed)
    }
}

fn with_short_lived_keys(setup: &mut Setup) {
    setup.client.provider.suites = vec![&SHORT_LIVED];
    setup.server.provider.suites = vec![&SHORT_LIVED];
}

/// A suite whose keys protect but ten records.
static SHORT_LIVED: Suite =
    Suite { id: TLS_AES_128_GCM_SHA256.id, hash: TLS_AES_128_GCM_SHA256.hash, aead: &TenRecords };

#[derive(Debug)]
struct TenRecords;

impl Aead for TenRecords {
    fn key_bytes(&self) -> usize {
        TLS_AES_128_GCM_SHA256.aead.key_bytes()
    }

    fn confidentiality_limit(&self) -> u64 {
        10
    }

    fn key(&self, key: &[u8]) -> Box<dyn AeadKey> {
        TLS_AES_128_GCM_SHA256.aead.key(key)
    }
}
