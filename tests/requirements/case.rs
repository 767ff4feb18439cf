//! A requirement brought to the test: what a peer does to a connection in some state, and what must
//! come of it.

use std::collections::VecDeque;

use countersign::alert::AlertDescription;
use countersign::epoch::Role;
use countersign::handshake::End;
use countersign::handshake::config::{ClientAuthentication, KeyShares, StatelessRetry};
use countersign_testing::{Identity, Item, Setup, Trial};

use crate::draft::Draft;

/// What the peer does, in so many variants; each gets its number.
#[derive(Clone, Copy)]
pub(crate) enum Attack {
    /// Nothing unusual: the configuration does it.
    Nothing,
    /// Its next message is another.
    Next(usize, fn(&mut Draft, usize)),
    /// So are the bytes of its next message, header included.
    Bytes(usize, fn(&mut Vec<u8>, usize)),
    /// It sends these instead of what it wants to send.
    Send(usize, fn(usize) -> Vec<Item>),
    /// Anything else.
    Do(usize, fn(&mut Trial, usize)),
}

/// One row of a table.
#[derive(Clone, Copy)]
pub(crate) struct Case {
    /// What is required, as a sentence.
    pub(crate) name: &'static str,
    /// The requirements that this shows to be kept.
    pub(crate) ids: &'static str,
    pub(crate) victim: Role,
    /// The state in which it is attacked.
    pub(crate) at: &'static str,
    pub(crate) setup: fn(&mut Setup),
    pub(crate) attack: Attack,
    /// The alert that it sends; or `accepted`, if it goes on; or `connected`, if the handshake is
    /// completed.
    pub(crate) outcome: &'static str,
}

/// A table, a row each: the name; the requirements; the role under test and its state; the attack;
/// the configurations, if they are not the usual ones; the outcome.
macro_rules! cases {
    (@setup) => { |_| () };
    (@setup $setup:expr) => { $setup };
    ($($name:ident $ids:literal: $role:ident $at:ident, $attack:expr
        $(, with $setup:expr)? => $outcome:ident;)+) => {
        pub(crate) const CASES: &[$crate::case::Case] = &[$($crate::case::Case {
            name: stringify!($name),
            ids: $ids,
            victim: countersign::epoch::Role::$role,
            at: stringify!($at),
            setup: $crate::case::cases!(@setup $($setup)?),
            attack: $attack,
            outcome: stringify!($outcome),
        }),+];
    };
}
pub(crate) use cases;

impl Case {
    /// The identifiers, one by one.
    pub(crate) fn requirements(&self) -> impl Iterator<Item = &'static str> {
        self.ids.split(' ')
    }

    /// The alert of the outcome, if it is one.
    pub(crate) fn alert(&self) -> Option<&'static str> {
        Some(self.outcome).filter(|outcome| !["accepted", "connected"].contains(outcome))
    }

    /// Plays every variant.
    pub(crate) fn check(&self) {
        let variants = match self.attack {
            Attack::Nothing => 1,
            Attack::Next(count, _)
            | Attack::Bytes(count, _)
            | Attack::Send(count, _)
            | Attack::Do(count, _) => count,
        };
        for variant in 0..variants {
            let name = format!("{} (variant {variant})", self.name);
            let mut setup = Setup::default();
            (self.setup)(&mut setup);
            let mut trial = Trial::new(setup, self.victim);
            trial.reach(self.at);
            let items = self.attack(&mut trial, variant);
            match self.outcome {
                "accepted" => assert_accepted(&mut trial, items, &name),
                "connected" => {
                    trial.run();
                    assert_eq!((trial.state(), &trial.victim.end), ("Connected", &None), "{name}");
                    assert_eq!(trial.forger.end, None, "{name}");
                    assert!(trial.forger.handshake.is_complete(), "{name}");
                }
                alert => {
                    trial.run();
                    assert_refused(&trial, alert, &name);
                }
            }
        }
    }

    /// Changes what the peer is about to send; returns how many items of that are the attack.
    fn attack(&self, trial: &mut Trial, variant: usize) -> usize {
        match self.attack {
            Attack::Nothing => 0,
            Attack::Next(_, change) => {
                let message = next_message(trial);
                let mut draft = Draft::read(message);
                change(&mut draft, variant);
                *message = draft.write();
                1
            }
            Attack::Bytes(_, change) => {
                change(next_message(trial), variant);
                1
            }
            Attack::Send(_, items) => {
                trial.forger.items = VecDeque::from(items(variant));
                trial.forger.items.len()
            }
            Attack::Do(_, what) => {
                what(trial, variant);
                0
            }
        }
    }
}

/// The next message that the peer wants to send.
pub(crate) fn next_message(trial: &mut Trial) -> &mut Vec<u8> {
    let mut items = trial.forger.items.iter_mut();
    let message = items.find_map(|item| match item {
        Item::Message(message) => Some(message),
        _ => None,
    });
    message.expect("a message waits to be sent")
}

/// That the connection takes the next so many items, and answers to its questions, and goes on. What
/// it says is not heard: its peer has sent something else, and so has other keys.
fn assert_accepted(trial: &mut Trial, items: usize, name: &str) {
    for _ in 0..items {
        let item = trial.forger.items.pop_front().expect("an item");
        let bytes = trial.forger.seal(item);
        trial.victim.input.extend_from_slice(&bytes);
        trial.victim.work(&mut |question| Ok(Identity::example().answer(question)));
    }
    assert_eq!(trial.victim.end, None, "{name}");
    assert!(trial.victim.input.is_empty(), "{name}");
}

/// That the connection has failed and sent this alert, once, at level fatal, and nothing behind it.
fn assert_refused(trial: &Trial, alert: &str, name: &str) {
    let end = &trial.victim.end;
    assert!(matches!(end, Some(End::Failed(_))), "{name}: {end:?}");
    let [(_, level, description)] = trial.alerts()[..] else {
        panic!("{name}: {:?}", trial.alerts())
    };
    let found = AlertDescription(description).name();
    assert_eq!((level, found), (2, Some(alert)), "{name}: {end:?}");
}

/// Clients send no share at first, so servers have to ask.
pub(crate) fn with_retry(setup: &mut Setup) {
    setup.client.key_shares = KeyShares::First(0);
}

/// Servers send a HelloRetryRequest for nothing but a cookie.
pub(crate) fn with_cookie(setup: &mut Setup) {
    setup.server.cookie_bytes = 16;
}

/// Servers send a HelloRetryRequest for nothing but a cookie, from which any of them can go on.
pub(crate) fn stateless(setup: &mut Setup) {
    setup.server.stateless_retry = Some(StatelessRetry::Always);
}

/// Servers ask for certificates, and insist.
pub(crate) fn mutual(setup: &mut Setup) {
    setup.server.client_authentication = ClientAuthentication::Require;
}

/// Both ends know a key, and use it.
pub(crate) fn with_psk(setup: &mut Setup) {
    *setup = Setup::sharing_a_key(false);
}

/// As [`with_psk`], and early data is sent and accepted.
pub(crate) fn with_early_data(setup: &mut Setup) {
    *setup = Setup::sharing_a_key(true);
}
