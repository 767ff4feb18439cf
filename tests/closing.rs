//! What is done with a stream after the end, so that the last alert arrives.

use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use countersign::connection::{Connection, Step};
use countersign::failure::Cause;
use countersign::handshake::closing::ClosingPlan;
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::{Answer, Decision, End, Fact};
use countersign_testing::{Identity, Setup};

/// Less than a server drains, and more than one record.
static REQUEST: [u8; 40_000] = [b'x'; 40_000];

/// Carries a connection over a socket until it ends. Once the handshake is complete, `say` is
/// written.
fn carry(
    mut connection: Connection,
    mut stream: &TcpStream,
    say: &[u8],
    answer: fn(Decision) -> Answer,
) -> End {
    let (mut input, mut output) = (Vec::new(), Vec::new());
    loop {
        let polled = connection.poll(&mut input, &mut output);
        let consumed = polled.consumed;
        let mut receive = false;
        match polled.step {
            Step::Send => {
                if stream.write_all(&output).is_err() {
                    connection.transport_write_failed();
                }
                output.clear();
            }
            Step::Receive => receive = true,
            Step::Learned(Fact::Complete) => {
                connection.write(say, &mut output).expect("a connected end");
            }
            Step::Decide(question) => {
                connection.answer(answer(question)).expect("the open question");
            }
            Step::Ended(end) => return end,
            Step::Data(_) | Step::EarlyData(_) | Step::Learned(_) | Step::Waiting => {}
        }
        input.drain(..consumed);
        if receive {
            let mut buffer = [0; 4096];
            match stream.read(&mut buffer) {
                Ok(0) | Err(_) => connection.transport_eof(),
                Ok(count) => input.extend_from_slice(&buffer[..count]),
            }
        }
    }
}

/// The loop that [`ClosingPlan`] describes.
fn close(mut stream: TcpStream, plan: ClosingPlan) -> io::Result<()> {
    if plan.shut_down_write {
        stream.shutdown(Shutdown::Write)?;
    }
    let deadline = Instant::now() + Duration::from_millis(plan.drain_milliseconds.into());
    let (mut drained, mut buffer) = (0, [0; 4096]);
    while drained < plan.drain_bytes {
        let left = deadline.saturating_duration_since(Instant::now());
        if left.is_zero() {
            break;
        }
        stream.set_read_timeout(Some(left))?;
        match stream.read(&mut buffer)? {
            0 => break,
            count => drained += count,
        }
    }
    Ok(())
}

fn deny(question: Decision) -> Answer {
    match question {
        Decision::VerifyCertificate(question) => question.deny(),
        question => Identity::example().answer(question),
    }
}

#[test]
fn client_that_writes_before_the_verdict_hears_it_from_a_server_that_follows_the_plan() {
    let mut setup = Setup::default();
    setup.server.client_authentication = ClientAuthentication::Require;
    let (client, server) = setup.handshakes();
    let listener = TcpListener::bind("127.0.0.1:0").expect("a loopback address");
    let address = listener.local_addr().expect("a bound address");

    let server = thread::spawn(move || {
        let (stream, _) = listener.accept().expect("a client");
        let end = carry(Connection::new(server), &stream, &[], deny);
        // The client may be gone before the loop is.
        let _reset = close(stream, end.closing());
        end
    });
    let stream = TcpStream::connect(address).expect("a server");
    let accept = |question| Identity::example().answer(question);
    let end = carry(Connection::new(client), &stream, &REQUEST, accept);
    drop(stream);

    let End::Refused(refusal) = end else { panic!("the client hears {end:?}") };
    assert_eq!((refusal.alert.0, refusal.unconfirmed_bytes), (49, 40_000));
    assert_eq!(end.closing(), ClosingPlan::AT_ONCE);
    let end = server.join().expect("a server that ends");
    let End::Failed(failure) = end else { panic!("the server ends with {end:?}") };
    assert_eq!(failure.cause, Cause::ClientDenied);
}

#[test]
fn end_that_has_something_to_say_is_followed_by_a_drain_and_no_other_is() {
    let mut pair = Setup::default().pair();
    pair.run(|_| ());
    pair.client.handshake.fail(Cause::RecordNotAuthentic);
    pair.run(|_| ());
    let failed = pair.client.observed.end.expect("an end").closing();
    assert_eq!(failed, ClosingPlan::DRAIN);
    let ClosingPlan { shut_down_write, drain_bytes, drain_milliseconds } = failed;
    assert_eq!((shut_down_write, drain_bytes, drain_milliseconds), (true, 65_536, 1_000));
    let refused = pair.server.observed.end.expect("an end").closing();
    assert_eq!(refused, ClosingPlan::AT_ONCE);
    assert_eq!(End::Closed.closing(), ClosingPlan::DRAIN);

    let mut pair = Setup::default().pair();
    pair.run(|_| ());
    pair.client.handshake.transport_eof();
    pair.run(|_| ());
    let truncated = pair.client.observed.end.expect("an end").closing();
    assert_eq!(truncated, ClosingPlan::AT_ONCE);
}
