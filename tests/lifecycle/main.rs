//! An established connection, whatever happens to it in whatever order, does what a small model of
//! it does: data, KeyUpdates, `close_notify` either way, cancelling, faults, and transports that
//! end, with bytes that arrive in pieces of any size and at any time.

mod link;
mod model;

use proptest::prelude::ProptestConfig;
use proptest_state_machine::{StateMachineTest, prop_state_machine};

use countersign::epoch::Role;

use link::Link;
use model::{Model, Order};

/// Two connections, and the link between them.
struct TwoConnections;

impl StateMachineTest for TwoConnections {
    type SystemUnderTest = Link;
    type Reference = Model;

    fn init_test(_: &Model) -> Link {
        Link::new()
    }

    fn apply(mut link: Link, model: &Model, order: Order) -> Link {
        let outcome = link.carry_out(&order);
        assert_eq!(outcome, model.outcome, "{order:?}");
        link
    }

    fn check_invariants(link: &Link, model: &Model) {
        for role in [Role::Client, Role::Server] {
            link.check(role, model.end(role), model.on_their_way_to(role));
        }
    }
}

prop_state_machine! {
    #![proptest_config(ProptestConfig::with_cases(256))]
    #[test]
    fn two_connections_do_what_the_model_does(sequential 1..48 => TwoConnections);
}
