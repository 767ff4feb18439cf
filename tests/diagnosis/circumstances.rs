//! What an end that is refused knows of its circumstances: the state says how far it had come.

use countersign::diagnosis::{ClientPhase, Endpoint, Evidence, Psk, ServerPhase};
use countersign::epoch::{Epoch, Role};
use countersign::handshake::End as Ended;
use countersign::handshake::event::NewTicket;
use countersign_testing::{End, Pair, Setup};

/// `internal_error` arrives where the end has stopped.
fn refused(mut end: End) -> countersign::diagnosis::Context {
    let epoch = end.handshake.receive_epoch();
    end.handshake.receive_alert(epoch, 2, 80).expect("a running end");
    end.settle();
    let Some(Ended::Refused(refusal)) = end.observed.end else { panic!("{:?}", end.observed) };
    refusal.context
}

#[test]
fn a_refused_client_knows_how_far_it_had_come() {
    use ClientPhase::{
        AwaitServerFlight, AwaitServerHello, AwaitServerHelloAfterRetry,
        ClientAuthenticationPending, Connected,
    };
    let longest = |state| End::reached(Role::Client, state);
    let anonymous = Setup::default().pair().stop(Role::Client, "Connected");
    for (end, phase, verified) in [
        (longest("WaitServerHello"), AwaitServerHello, false),
        (longest("WaitSecondServerHello"), AwaitServerHelloAfterRetry, false),
        (longest("WaitEncryptedExtensions"), AwaitServerFlight, false),
        (longest("VerifyCertificate"), AwaitServerFlight, false),
        (longest("WaitFinished"), AwaitServerFlight, false),
        (longest("SelectCredential"), ClientAuthenticationPending, true),
        (longest("SignCertificateVerify"), ClientAuthenticationPending, true),
        (longest("Connected"), ClientAuthenticationPending, true),
        (anonymous, Connected, true),
    ] {
        let state = end.handshake.state();
        let context = refused(end);
        let Endpoint::Client(client) = context.endpoint else { panic!("{context:?}") };
        assert_eq!((client.phase, context.peer_finished_verified), (phase, verified), "{state}");
    }
}

#[test]
fn a_refused_server_knows_how_far_it_had_come() {
    use ServerPhase::{AwaitClientFlight, AwaitClientHello, AwaitClientHelloAfterRetry, Connected};
    for (state, phase, certificate_sent) in [
        ("WaitClientHello", AwaitClientHello, false),
        ("SelectCredential", AwaitClientHello, false),
        ("WaitSecondClientHello", AwaitClientHelloAfterRetry, false),
        ("WaitCertificate", AwaitClientFlight, true),
        ("VerifyCertificate", AwaitClientFlight, true),
        ("WaitFinished", AwaitClientFlight, true),
        ("Connected", Connected, true),
        ("SealTicket", Connected, true),
    ] {
        let context = refused(End::reached(Role::Server, state));
        let Endpoint::Server(server) = context.endpoint else { panic!("{context:?}") };
        assert_eq!((server.phase, server.certificate_sent), (phase, certificate_sent), "{state}");
        assert_eq!(context.peer_finished_verified, phase == Connected, "{state}");
    }
}

#[test]
fn a_client_that_is_refused_at_once_knows_whether_it_offered_a_psk() {
    for (setup, offered) in [(Setup::sharing_a_key(false), true), (Setup::default(), false)] {
        let context = refused(setup.pair().stop(Role::Client, "WaitServerHello"));
        assert_eq!(context.protection, Epoch::Initial);
        assert_eq!(matches!(context.psk, Psk::Offered(_)), offered, "{context:?}");
    }
}

/// What a client hears from its server.
type Hear = fn(&mut Pair);

#[test]
fn a_refused_client_knows_what_shows_that_its_certificate_was_processed() {
    let hear_data: Hear = |pair| pair.client.handshake.application_data_received();
    let hear_of_a_ticket: Hear = |pair| {
        let order = NewTicket { lifetime_seconds: 1, max_early_data_bytes: None };
        pair.server.handshake.issue_ticket(order).expect("it is connected");
        pair.run(|_| ());
    };
    let hear_nothing: Hear = |_| ();
    for (hear, evidence) in [
        (hear_nothing, Evidence::None),
        (hear_data, Evidence::Weak),
        (hear_of_a_ticket, Evidence::Strong),
    ] {
        let mut pair = Setup::longest().pair();
        pair.run(|_| ());
        hear(&mut pair);
        let Endpoint::Client(client) = refused(pair.client).endpoint else { panic!("a client") };
        assert_eq!(client.evidence, evidence);
    }
}
