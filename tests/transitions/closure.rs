//! Every row of the closure's table is walked, and a pair without a row changes nothing.

use countersign::alert::AlertDescription;
use countersign::epoch::Role;
use countersign::failure::{Cause, Misuse};
use countersign::handshake::closure::{CLOSURE, Closure, ClosureInput};
use countersign_testing::{End, Setup};

const INPUTS: [ClosureInput; 7] = [
    ClosureInput::SendCloseNotify,
    ClosureInput::Cancel,
    ClosureInput::ReceiveCloseNotify,
    ClosureInput::ReceiveCloseNotifyEarly,
    ClosureInput::ReceiveErrorAlert,
    ClosureInput::Fail,
    ClosureInput::TransportEnds,
];

const CLOSURES: [Closure; 7] = [
    Closure::Open,
    Closure::WriteClosed,
    Closure::ReadClosed,
    Closure::Closed,
    Closure::Failed,
    Closure::Refused,
    Closure::Truncated,
];

/// What the world does to bring each input about. `None`: the caller is told that it cannot.
fn apply(end: &mut End, input: ClosureInput) -> Result<(), Misuse> {
    let epoch = end.handshake.receive_epoch();
    let result = match input {
        ClosureInput::SendCloseNotify => end.handshake.close(),
        ClosureInput::Cancel => end.handshake.cancel(),
        ClosureInput::ReceiveCloseNotify | ClosureInput::ReceiveCloseNotifyEarly => {
            end.handshake.receive_alert(epoch, 1, AlertDescription::CLOSE_NOTIFY.0)
        }
        ClosureInput::ReceiveErrorAlert => end.handshake.receive_alert(epoch, 2, 80),
        ClosureInput::Fail => {
            end.handshake.fail(Cause::RecordNotAuthentic);
            Ok(())
        }
        ClosureInput::TransportEnds => {
            end.handshake.transport_eof();
            Ok(())
        }
    };
    end.settle();
    result
}

/// A server whose closure is `closure`: connected, or, where a client is to close early, with its
/// own flight just sent.
fn server(closure: Closure, early: bool) -> End {
    let state = if early { "WaitFinished" } else { "Connected" };
    let mut end = Setup::default().pair().stop(Role::Server, state);
    let input = match closure {
        Closure::Open => None,
        Closure::WriteClosed => Some(ClosureInput::SendCloseNotify),
        Closure::ReadClosed => Some(ClosureInput::ReceiveCloseNotify),
        Closure::Closed => Some(ClosureInput::Cancel),
        Closure::Failed => Some(ClosureInput::Fail),
        Closure::Refused => Some(ClosureInput::ReceiveErrorAlert),
        Closure::Truncated => Some(ClosureInput::TransportEnds),
    };
    if let Some(input) = input {
        apply(&mut end, input).expect("a row");
    }
    assert_eq!(end.handshake.closure(), closure);
    end
}

#[test]
fn every_pair_of_closure_and_input_moves_as_the_table_says() {
    let mut walked = 0;
    for closure in CLOSURES {
        for input in INPUTS {
            let early = input == ClosureInput::ReceiveCloseNotifyEarly;
            if early && closure == Closure::ReadClosed {
                // A peer that has closed after the handshake cannot close during it.
                assert_eq!(closure.after(input), None);
                continue;
            }
            let mut end = server(closure, early);
            let over = end.observed.end.is_some();
            let said = end.observed.alerts.len();
            let result = apply(&mut end, input);
            let name = format!("{closure:?} + {input:?}");
            assert_eq!(end.handshake.closure(), closure.after(input).unwrap_or(closure), "{name}");
            walked += usize::from(closure.after(input).is_some());
            let without_result = [ClosureInput::Fail, ClosureInput::TransportEnds];
            if over && !without_result.contains(&input) {
                assert_eq!(result, Err(Misuse::Ended), "{name}");
            }
            if closure.after(input).is_none() {
                assert_eq!(end.observed.alerts.len(), said, "{name} says something");
            }
        }
    }
    assert_eq!(walked, CLOSURE.len());
}

#[test]
fn the_table_of_edges_is_the_function() {
    for closure in CLOSURES {
        for input in INPUTS {
            let (from, on) = (format!("{closure:?}"), format!("{input:?}"));
            let row = CLOSURE.iter().find(|row| row.from == from && row.input == on);
            let to = closure.after(input).map(|to| format!("{to:?}"));
            assert_eq!(row.map(|row| row.to.concat()), to, "{from} + {on}");
        }
    }
}
