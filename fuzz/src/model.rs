//! Every course that two real machines can take, with so many deviations from the honest one.
//!
//! A network between them may drop, double, reorder and inject messages and alerts, and the
//! embedders may refuse, close and give orders, at each point where something can happen. What has
//! gone into an end determines it, so two courses that have put the same into both ends, with the
//! same still on its way, are the same point and walked from once.

use std::collections::{BTreeSet, HashSet, VecDeque};

use countersign::epoch::{Epoch, Role};
use countersign::message::{Kind, Message, NewSessionTicket};
use countersign::registry::HandshakeType;

use crate::build::encoded;
use crate::script::Script;
use crate::setup::setup;
use crate::world::World;
use crate::{answers, mutation};

/// A setup whose server keeps nothing between two ClientHellos.
pub const STATELESS: [u8; 3] = [0, 0, 0x28];

/// What a walk has seen.
#[derive(Debug, Default)]
pub struct Walked {
    /// How many points there are.
    pub points: usize,
    /// The transitions that were taken: role, state, input, next state.
    pub transitions: BTreeSet<(&'static str, &'static str, &'static str, &'static str)>,
    /// The transitions of the closure: state, input, next state.
    pub closures: BTreeSet<(String, &'static str, String)>,
}

/// Walks every course of the two ends that `flags` set up, with at most `deviations`.
///
/// # Panics
/// If a course breaks a rule.
pub fn walk(flags: [u8; 3], deviations: usize, walked: &mut Walked) {
    let library = library();
    let mut seen = HashSet::new();
    // Points with fewer deviations come first, so that none is found again with more to spare.
    let mut ahead = VecDeque::from([(Vec::new(), deviations)]);
    while let Some((course, left)) = ahead.pop_front() {
        let mut world = World::new(flags);
        for step in &course {
            world.take(*step, &library);
        }
        // Other ways lead to the same end.
        walked.note(&world);
        if !seen.insert(world.fingerprint()) {
            continue;
        }
        walked.points += 1;
        let honest = world.honest_steps();
        for step in &honest {
            ahead.push_front(([&course[..], &[*step]].concat(), left));
        }
        if let Some(left) = left.checked_sub(1) {
            let steps = world.deviations(&library).into_iter();
            ahead.extend(steps.map(|step| ([&course[..], &[step]].concat(), left)));
        }
        if honest.is_empty() {
            world.judge(left == deviations);
        }
    }
}

impl Walked {
    fn note(&mut self, world: &World) {
        for (role, end) in [("client", &world.pair.client), ("server", &world.pair.server)] {
            let moves = end.observed.moves.iter();
            self.transitions.extend(moves.map(|(from, input, to)| (role, *from, *input, *to)));
        }
        self.closures.extend(world.closures.iter().cloned());
    }
}

/// A message of each kind, as an honest end has sent it in one handshake or another, and a second
/// ClientHello with a cookie in which all is that another server would have to remember.
fn library() -> Vec<Vec<u8>> {
    let ticket = NewSessionTicket {
        resumption_across_names: false,
        ticket_lifetime: 9,
        ticket_age_add: 0,
        ticket_nonce: &[0],
        ticket: &[1],
        max_early_data_size: None,
    };
    let mut library = vec![
        encoded(&Message::NewSessionTicket(ticket), &Default::default()),
        vec![HandshakeType::KEY_UPDATE.0, 0, 0, 1, 0],
        vec![HandshakeType::KEY_UPDATE.0, 0, 0, 1, 1],
    ];
    let mut kinds = vec![Kind::NewSessionTicket, Kind::KeyUpdate];
    for flags in [[0, 0, 0], [3, 0, 0], [0, 0, 6], [0, 3, 0]] {
        let mut pair = setup(&mut Script::new(&flags)).pair();
        pair.run_with(
            |flight| {
                for message in mutation::split(&flight.bytes) {
                    let kind = Kind::of(HandshakeType(message[0]), &message[4..]);
                    let kind = kind.expect("an honest message");
                    if !kinds.contains(&kind) {
                        kinds.push(kind);
                        library.push(message);
                    }
                }
            },
            |_, question| Ok(answers::answer(question, &mut Script::new(&[]))),
        );
    }
    assert_eq!(kinds.len(), Kind::ALL.len(), "a kind of message that nobody sends");
    let mut second = Vec::new();
    setup(&mut Script::new(&STATELESS)).pair().run_with(
        |flight| {
            if (flight.from, flight.epoch) == (Role::Client, Epoch::Initial) {
                second.clone_from(&flight.bytes);
            }
        },
        |_, question| Ok(answers::answer(question, &mut Script::new(&[]))),
    );
    library.push(second);
    library
}
