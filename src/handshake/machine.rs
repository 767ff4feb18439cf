//! One table for each role: states, inputs, handlers and successors.
//!
//! From a table the macro makes the state enum, the dispatch, the gate that is asked before a
//! message is parsed, the edges (for diagrams and tests), and the rule, kept by the compiler, that
//! a handler can only move where its row says.

/// One row of a transition table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Edge {
    /// The state that takes the input.
    pub from: &'static str,
    /// The message, answer or order.
    pub input: &'static str,
    /// Where it may lead, failure aside.
    pub to: &'static [&'static str],
}

macro_rules! transitions {
    (
        $(#[$doc:meta])* $table:ident for $machine:ident { $($state:ident),+ $(,)? }
        $($from:ident + $input:ident => $handler:ident -> $($to:ident)|+;)+
    ) => {
        $(#[$doc])*
        pub const $table: &[$crate::handshake::machine::Edge] = &[$(
            $crate::handshake::machine::Edge {
                from: stringify!($from),
                input: stringify!($input),
                to: &[$(stringify!($to)),+],
            }
        ),+];

        /// The states of this role; each owns exactly what is alive in it.
        #[derive(Debug)]
        pub(crate) enum $machine { $($state($state)),+ }

        /// Where the handler of state `From` for input `On` leads.
        pub(crate) struct Next<From, On>($machine, core::marker::PhantomData<fn(From, On)>);

        pub(crate) type Step<From, On> = Result<Next<From, On>, $crate::failure::Cause>;

        /// Implemented by the successors that the table gives for `From` on `On`.
        #[diagnostic::on_unimplemented(
            message = "the table has no transition from `{From}` on `{On}` to `{Self}`"
        )]
        pub(crate) trait After<From, On>: Into<$machine> {}

        impl<From, On> Next<From, On> {
            pub(crate) fn to(state: impl After<From, On>) -> Self {
                Self(state.into(), core::marker::PhantomData)
            }
        }

        $(impl From<$state> for $machine {
            fn from(state: $state) -> Self { Self::$state(state) }
        })+
        $($(impl After<$from, on::$input> for $to {})+)+

        impl $machine {
            pub(crate) const fn name(&self) -> &'static str {
                match self { $(Self::$state(_) => stringify!($state)),+ }
            }

            /// Whether the table has a row for this input here.
            pub(crate) const fn accepts(&self, input: on::Kind) -> bool {
                matches!((self, input), $((Self::$from(_), on::Kind::$input))|+)
            }

            pub(crate) fn step(
                self,
                cx: &mut Context,
                input: Input<'_>,
            ) -> Result<Self, $crate::failure::Cause> {
                match (self, input) {
                    $((Self::$from(state), Input::$input(input)) => {
                        Ok(state.$handler(cx, input)?.0)
                    })+
                    (_, _) => Err($crate::failure::Cause::MessageOutOfOrder),
                }
            }
        }
    };
}
pub(crate) use transitions;

/// Renders a table as a Mermaid state diagram; identical in the README and in the tests.
#[must_use]
pub fn to_mermaid(table: &[Edge]) -> String {
    let mut diagram = String::from("stateDiagram-v2\n    direction TB\n");
    if let Some(first) = table.first() {
        diagram.push_str(&["    [*] --> ", first.from, "\n"].concat());
    }
    for edge in table {
        for to in edge.to {
            diagram.push_str(&["    ", edge.from, " --> ", to, ": ", edge.input, "\n"].concat());
        }
    }
    diagram
}
