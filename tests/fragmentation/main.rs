//! However a stream is cut or joined, the same comes out of it.

mod messages;
mod records;
mod streams;

use countersign::handshake::{Answer, Decision, Fact};
use countersign::registry::NamedGroup;
use countersign_testing::{Identity, Setup};
use proptest::prelude::*;

/// How bytes are cut on their way: into pieces of these lengths, over and over.
#[derive(Clone, Debug)]
struct Cuts(Vec<usize>);

impl Cuts {
    fn whole() -> Self {
        Self(vec![usize::MAX])
    }

    fn pieces<'a>(&'a self, mut bytes: &'a [u8]) -> impl Iterator<Item = &'a [u8]> {
        let mut lengths = self.0.iter().cycle();
        std::iter::from_fn(move || {
            let length = (*lengths.next()?).clamp(1, bytes.len().max(1)).min(bytes.len());
            let (piece, rest) = bytes.split_at(length);
            bytes = rest;
            (!piece.is_empty()).then_some(piece)
        })
    }
}

/// One byte at a time, everything at once, and all that lies between.
fn cuts() -> impl Strategy<Value = Cuts> {
    prop_oneof![
        Just(Cuts(vec![1])),
        Just(Cuts(vec![usize::MAX])),
        prop::collection::vec(1_usize..30, 1..12).prop_map(Cuts),
        prop::collection::vec(1_usize..3000, 1..12).prop_map(Cuts),
    ]
}

/// What a fact says, what is random in it left out.
fn said(fact: &Fact) -> String {
    match fact {
        Fact::Ticket(ticket) => format!("a ticket for {} seconds", ticket.lifetime_seconds),
        other => format!("{other:?}"),
    }
}

/// Two ends without hybrid groups: whether a changed key of ML-KEM is still one depends on what it
/// was before, which is random.
fn with_curves(mut setup: Setup) -> Setup {
    setup.client.groups = [NamedGroup::X25519, NamedGroup::SECP256R1].into_iter().collect();
    setup
}

fn answer(question: Decision) -> Result<Answer, Decision> {
    Ok(Identity::example().answer(question))
}

#[test]
fn cuts_lose_nothing() {
    let bytes: Vec<u8> = (0..=255).collect();
    for cuts in [Cuts::whole(), Cuts(vec![1]), Cuts(vec![7, 1, 100])] {
        assert_eq!(cuts.pieces(&bytes).collect::<Vec<_>>().concat(), bytes);
        assert_eq!(cuts.pieces(&[]).count(), 0);
    }
}
