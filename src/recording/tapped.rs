//! Randomness and key exchange, noted in a full recording and taken from it in a replay.
//!
//! Libraries draw the private keys of key shares themselves. So what is noted of a key exchange is
//! what it comes to: the share, and the secret that is agreed with the peer's. A replay needs no
//! group for that.

use core::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::journal::{Journal, Outcome};
use crate::crypto::group::GroupFailure;
use crate::crypto::{
    Draw, Group, KeyExchange, Provider, Random, RandomnessUnavailable, Secret, Share,
};
use crate::registry::NamedGroup;

/// Lets all that `provider` draws pass through `journal`.
pub(super) fn note(provider: &mut Provider, journal: &Journal) -> Loans {
    let random = &provider.random;
    let groups = provider.groups.iter().map(|&real| {
        let real_and_random = Some((real, Arc::clone(random)));
        lend(Loan { id: real.id(), real: real_and_random, journal: journal.clone() })
    });
    let (groups, random) = (Loans(groups.collect()), Some(Arc::clone(random)));
    tap(provider, &groups, random, journal);
    groups
}

/// Takes from `journal` all that `provider` would draw; these are its groups.
pub(super) fn script(
    provider: &mut Provider,
    groups: impl Iterator<Item = NamedGroup>,
    journal: &Journal,
) -> Loans {
    let groups = groups.map(|id| lend(Loan { id, real: None, journal: journal.clone() }));
    let groups = Loans(groups.collect());
    tap(provider, &groups, None, journal);
    groups
}

fn tap(
    provider: &mut Provider,
    Loans(groups): &Loans,
    real: Option<Arc<dyn Random>>,
    journal: &Journal,
) {
    provider.groups.clear();
    for &group in groups {
        provider.groups.push(group);
    }
    provider.random = Arc::new(TappedRandom { real, journal: journal.clone() });
}

#[derive(Debug)]
struct TappedRandom {
    real: Option<Arc<dyn Random>>,
    journal: Journal,
}

impl Random for TappedRandom {
    fn fill(&self, draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        let count = bytes.len();
        let outcome = self.journal.outcome(
            "draw",
            |line| line.word(format_args!("{draw:?} {count}")),
            || {
                let mut drawn = vec![0; count];
                self.real.as_ref().ok_or(RandomnessUnavailable)?.fill(draw, &mut drawn)?;
                Ok(vec![drawn])
            },
        );
        let [drawn] = parts(outcome).map_err(|_| RandomnessUnavailable)?;
        if drawn.len() != count {
            return Err(RandomnessUnavailable);
        }
        bytes.iter_mut().zip(drawn).for_each(|(byte, drawn)| *byte = drawn);
        Ok(())
    }
}

/// A group on loan to one recording or replay. A provider holds its groups for ever, so those that
/// come back are lent out again: there are as many as were ever in use at one time.
#[derive(Debug)]
struct Tapped(Mutex<Option<Loan>>);

#[derive(Clone)]
struct Loan {
    id: NamedGroup,
    real: Option<(&'static dyn Group, Arc<dyn Random>)>,
    journal: Journal,
}

impl fmt::Debug for Loan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.id, f)
    }
}

static IDLE: Mutex<Vec<&'static Tapped>> = Mutex::new(Vec::new());

/// Groups that go back when this is dropped.
#[derive(Debug)]
pub(super) struct Loans(Vec<&'static Tapped>);

fn lend(loan: Loan) -> &'static Tapped {
    let idle = locked(&IDLE).pop();
    let group = idle.unwrap_or_else(|| Box::leak(Box::new(Tapped(Mutex::new(None)))));
    *locked(&group.0) = Some(loan);
    group
}

impl Drop for Loans {
    fn drop(&mut self) {
        self.0.iter().for_each(|group| *locked(&group.0) = None);
        locked(&IDLE).append(&mut self.0);
    }
}

fn locked<Value>(value: &Mutex<Value>) -> MutexGuard<'_, Value> {
    value.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Tapped {
    fn loan(&self) -> Result<Loan, GroupFailure> {
        locked(&self.0).clone().ok_or(GroupFailure::Failed)
    }
}

impl Group for Tapped {
    fn id(&self) -> NamedGroup {
        self.loan().map_or(NamedGroup(0), |loan| loan.id)
    }

    fn start(&self, _random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        let Loan { id, real, journal } = self.loan()?;
        let mut pair = None;
        let outcome = journal.outcome(
            "share",
            |line| line.word(format_args!("{id:?}")),
            || {
                let (group, random) = real.as_ref().ok_or(GroupFailure::Failed)?;
                let started = pair.insert(group.start(&**random)?);
                Ok(vec![started.share().to_vec()])
            },
        );
        let [share] = parts(outcome)?;
        Ok(Box::new(TappedExchange { id, share, pair, journal }))
    }

    fn respond(
        &self,
        _random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure> {
        let Loan { id, real, journal } = self.loan()?;
        let outcome = journal.outcome(
            "respond",
            |line| line.word(format_args!("{id:?}")).private(client_share),
            || {
                let (group, random) = real.as_ref().ok_or(GroupFailure::Failed)?;
                let (share, secret) = group.respond(&**random, client_share)?;
                Ok(vec![share, secret.as_bytes().to_vec()])
            },
        );
        let [share, secret] = parts(outcome)?;
        Ok((share, secret_of(&secret)?))
    }
}

struct TappedExchange {
    id: NamedGroup,
    share: Share,
    pair: Option<Box<dyn KeyExchange>>,
    journal: Journal,
}

impl KeyExchange for TappedExchange {
    fn share(&self) -> &[u8] {
        &self.share
    }

    fn finish(self: Box<Self>, server_share: &[u8]) -> Result<Secret, GroupFailure> {
        let Self { id, pair, journal, .. } = *self;
        let outcome = journal.outcome(
            "agree",
            |line| line.word(format_args!("{id:?}")).private(server_share),
            || {
                let secret = pair.ok_or(GroupFailure::Failed)?.finish(server_share)?;
                Ok(vec![secret.as_bytes().to_vec()])
            },
        );
        let [secret] = parts(outcome)?;
        secret_of(&secret)
    }
}

fn parts<const N: usize>(outcome: Outcome) -> Result<[Vec<u8>; N], GroupFailure> {
    outcome?.try_into().map_err(|_| GroupFailure::Failed)
}

fn secret_of(bytes: &[u8]) -> Result<Secret, GroupFailure> {
    Secret::copied_from(bytes).ok_or(GroupFailure::Failed)
}
