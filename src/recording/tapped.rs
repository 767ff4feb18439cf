//! Randomness and key exchange, noted in a full recording and taken from it in a replay.
//!
//! Libraries draw the private keys of key shares themselves. So what is noted of a key exchange is
//! what it comes to: the share, and the secret that is agreed with the peer's. A replay needs no
//! group for that.

use std::sync::Arc;

use super::journal::{Journal, Outcome};
use crate::crypto::group::GroupFailure;
use crate::crypto::{
    Draw, Group, KeyExchange, Provider, Random, RandomnessUnavailable, Secret, Share,
};
use crate::registry::NamedGroup;

/// Lets all that `provider` draws pass through `journal`.
pub(super) fn note(provider: &mut Provider, journal: &Journal) {
    let random = Arc::clone(&provider.random);
    for group in &mut provider.groups {
        let real = Some((Arc::clone(group), Arc::clone(&random)));
        *group = Arc::new(Tapped { id: group.id(), real, journal: journal.clone() });
    }
    provider.random = Arc::new(TappedRandom { real: Some(random), journal: journal.clone() });
}

/// Takes from `journal` all that `provider` would draw; these are its groups.
pub(super) fn script(
    provider: &mut Provider,
    groups: impl Iterator<Item = NamedGroup>,
    journal: &Journal,
) {
    provider.groups.clear();
    for id in groups {
        provider.groups.push(Arc::new(Tapped { id, real: None, journal: journal.clone() }));
    }
    provider.random = Arc::new(TappedRandom { real: None, journal: journal.clone() });
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

#[derive(Debug)]
struct Tapped {
    id: NamedGroup,
    real: Option<(Arc<dyn Group>, Arc<dyn Random>)>,
    journal: Journal,
}

impl Group for Tapped {
    fn id(&self) -> NamedGroup {
        self.id
    }

    fn start(&self, _random: &dyn Random) -> Result<Box<dyn KeyExchange>, GroupFailure> {
        let Self { id, real, journal } = self;
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
        Ok(Box::new(TappedExchange { id: *id, share, pair, journal: journal.clone() }))
    }

    fn respond(
        &self,
        _random: &dyn Random,
        client_share: &[u8],
    ) -> Result<(Share, Secret), GroupFailure> {
        let Self { id, real, journal } = self;
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
