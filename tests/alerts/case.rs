//! One way to make a connection fail, and what must then be seen from outside.

use std::collections::VecDeque;

use countersign::codec::Vector;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::decision::{Answer, CertificateFault, Decision};
use countersign::handshake::event::NewTicket;
use countersign::handshake::{End, config};
use countersign::registry::{CertificateType, ContentType};
use countersign_testing::{Item, Setup, Trial};

/// What is done to a connection that has come to a state.
#[derive(Clone, Copy)]
pub(crate) enum Attack {
    /// Nothing: the configuration does it.
    Nothing,
    /// The next message of the peer arrives changed.
    Next(fn(&mut Vec<u8>)),
    /// These arrive instead of what the peer wants to send.
    Send(fn() -> Vec<Item>),
    /// The open question is answered so.
    Answer(fn(Decision) -> Answer),
    /// Anything else.
    Do(fn(&mut Trial)),
}

/// A connection, what is done to it, and the alert that it must send.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    pub(crate) cause: Cause,
    /// The description byte of the alert.
    pub(crate) alert: u8,
    /// The keys that protect it.
    pub(crate) under: Epoch,
    pub(crate) victim: Role,
    /// The state in which it is attacked.
    pub(crate) at: &'static str,
    /// The state in which it notices.
    pub(crate) fails_in: &'static str,
    pub(crate) setup: fn(&mut Setup),
    pub(crate) attack: Attack,
}

/// The cases of a file, a row each: the role of the connection under test and the state in which it
/// is attacked; the cause for which it fails, the description byte of its alert and the keys that
/// protect it; the attack; and, where they are not the usual ones, the configurations (`with`) and
/// the state in which it fails (`then`).
macro_rules! cases {
    (@fails_in $at:ident) => { stringify!($at) };
    (@fails_in $at:ident $fails_in:ident) => { stringify!($fails_in) };
    (@setup) => { |_| () };
    (@setup $setup:expr) => { $setup };
    ($($role:ident $at:ident: $cause:ident $alert:literal $under:ident, $attack:expr
        $(, with $setup:expr)? $(, then $fails_in:ident)?;)+) => {
        pub(crate) const CASES: &[$crate::case::Case] = &[$($crate::case::Case {
            victim: countersign::epoch::Role::$role,
            at: stringify!($at),
            cause: countersign::failure::Cause::$cause,
            alert: $alert,
            under: countersign::epoch::Epoch::$under,
            attack: $attack,
            setup: cases!(@setup $($setup)?),
            fails_in: cases!(@fails_in $at $($fails_in)?),
        }),+];
    };
}
pub(crate) use cases;

impl Case {
    /// Attacks, and holds what follows against what must follow. `change` comes after the setup of
    /// the case; `alert` is what the alert becomes by it.
    pub(crate) fn check(&self, change: impl Fn(&mut Setup), alert: u8) {
        let name = format!("{:?} at {:?} in {}", self.cause, self.victim, self.at);
        let mut setup = Setup::default();
        (self.setup)(&mut setup);
        change(&mut setup);
        let mut trial = Trial::new(setup, self.victim);
        trial.reach(self.at);
        self.attack(&mut trial);

        let end = trial.victim.end.clone();
        let Some(End::Failed(failure)) = end else { panic!("{name}: {end:?}") };
        assert_eq!((failure.cause, failure.state), (self.cause, self.fails_in), "{name}");
        assert_eq!(failure.alert.description().0, alert, "{name}");
        // One alert, at level fatal, under the right keys, and nothing behind it.
        assert_eq!(trial.alerts(), [(self.under, 2, alert)], "{name}");
        let last = trial.forger.heard.last().expect("an alert");
        assert_eq!(last.content_type, ContentType::ALERT, "{name}: something follows the alert");
        let heard = trial.forger.end.clone();
        let Some(End::Refused(refusal)) = heard else { panic!("{name}: the peer hears {heard:?}") };
        assert_eq!((refusal.alert.0, refusal.level), (alert, 2), "{name}");
        assert_eq!(refusal.context.protection, self.under, "{name}");
        assert!(refusal.level_fits(), "{name}");
        assert_over(&mut trial, &name);
    }

    fn attack(&self, trial: &mut Trial) {
        match self.attack {
            Attack::Nothing => {}
            Attack::Next(change) => {
                let next = trial.forger.items.iter_mut().find_map(|item| match item {
                    Item::Message(message) => Some(message),
                    _ => None,
                });
                change(next.expect("a message to change"));
            }
            Attack::Send(items) => {
                trial.forger.items = VecDeque::from(items());
            }
            Attack::Answer(answer) => {
                let question = trial.victim.question.take().expect("an open question");
                trial.answer(answer(question));
            }
            Attack::Do(what) => what(trial),
        }
        trial.run();
    }
}

/// That nothing can bring a connection that is over to say one byte more.
pub(crate) fn assert_over(trial: &mut Trial, name: &str) {
    let end = trial.victim.end.clone();
    assert!(end.is_some(), "{name}: not over");
    let victim = &mut trial.victim;
    let mut out = Vec::new();
    let ticket = NewTicket { lifetime_seconds: 1, max_early_data_bytes: None };
    let ended = Err(Misuse::Ended);
    assert_eq!(victim.connection.write(b"data", &mut out), ended, "{name}");
    assert_eq!(victim.connection.update_keys(false), ended, "{name}");
    assert_eq!(victim.connection.close(), ended, "{name}");
    assert_eq!(victim.connection.cancel(), ended, "{name}");
    assert_eq!(victim.connection.reject(CertificateFault::Revoked), ended, "{name}");
    assert!(victim.connection.issue_ticket(ticket).is_err(), "{name}");
    assert!(victim.connection.exporter("label", &[], &mut [0; 8]).is_err(), "{name}");
    if let Some(Decision::VerifyCertificate(question)) = victim.question.take() {
        assert_eq!(victim.connection.answer(question.accept()), ended, "{name}");
    }
    victim.connection.transport_write_failed();
    victim.connection.transport_eof();
    let honest = trial.forger.items.drain(..).collect::<Vec<_>>();
    for item in honest.into_iter().chain([Item::alert(2, 80), Item::Raw(vec![0xff; 32])]) {
        trial.deliver(item);
        assert!(trial.victim.input.is_empty(), "{name}: bytes are left");
    }
    assert!(out.is_empty(), "{name}: bytes behind the end");
    assert_eq!(trial.victim.end, end, "{name}: another end");
    let errors = trial.alerts().iter().filter(|(_, level, _)| *level == 2).count();
    assert!(errors <= 1, "{name}: {errors} error alerts");
    // Neither states nor keys are left to print, but for those kept aside for a key log.
    drop(trial.victim.connection.take_installed_keys());
    let remains = format!("{:?}", trial.victim.connection);
    for secret in ["Secret", "Sealer", "Opener"] {
        assert!(!remains.contains(secret), "{name}: {secret} in {remains}");
    }
}

/// Servers ask for certificates, and insist.
pub(crate) fn mutual(setup: &mut Setup) {
    setup.server.client_authentication = config::ClientAuthentication::Require;
}

/// Servers seal what they would have to remember of a first hello in a cookie.
pub(crate) fn stateless(setup: &mut Setup) {
    setup.server.stateless_retry = Some(config::StatelessRetry::Always);
}

/// Nothing but raw public keys.
pub(crate) fn raw_public_keys() -> Vector<CertificateType> {
    std::iter::once(CertificateType::RAW_PUBLIC_KEY).collect()
}

/// Servers authenticate with raw public keys, if clients take them, and ask for such, if clients
/// have them; these have and take both.
pub(crate) fn with_raw_public_keys(setup: &mut Setup) {
    let both = || [CertificateType::X509, CertificateType::RAW_PUBLIC_KEY].into_iter().collect();
    mutual(setup);
    setup.client.server_certificate_types = both();
    setup.client.client_certificate_types = both();
    setup.server.server_certificate_types = raw_public_keys();
    setup.server.client_certificate_types = raw_public_keys();
}

/// Clients send no share at first, so servers have to ask.
pub(crate) fn with_retry(setup: &mut Setup) {
    setup.client.key_shares = config::KeyShares::First(0);
}
