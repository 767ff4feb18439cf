//! What a received alert means, in every context.

mod circumstances;
mod client;
mod document;
mod golden;
mod properties;
mod server;
mod space;
mod table;

use countersign::alert::AlertDescription;
use countersign::diagnosis::{
    Cause, Certainty, ClientAuthentication, ClientContext, ClientPhase, Context, Diagnosis,
    Endpoint, Psk, ServerContext, ServerPhase, Signal, diagnose,
};
use countersign::epoch::Epoch;

const fn alert(byte: u8) -> Signal {
    Signal::Alert(AlertDescription(byte))
}

/// A client, and how it fares.
fn client(protection: Epoch, psk: Psk, client: ClientContext) -> Context {
    let peer_finished_verified = protection == Epoch::Application;
    Context { protection, peer_finished_verified, psk, endpoint: Endpoint::Client(client) }
}

/// A client that has sent ClientHello.
fn greeting(psk: Psk, context: ClientContext) -> Context {
    client(Epoch::Initial, psk, context)
}

/// A client that has answered CertificateRequest and waits for the verdict.
fn judged(authentication: ClientAuthentication) -> ClientContext {
    let phase = ClientPhase::ClientAuthenticationPending;
    ClientContext { phase, authentication, ..ClientContext::default() }
}

/// A client without client authentication, after its Finished.
fn connected() -> ClientContext {
    ClientContext { phase: ClientPhase::Connected, ..ClientContext::default() }
}

/// A server, and how it fares.
fn server(protection: Epoch, psk: Psk, server: ServerContext) -> Context {
    let peer_finished_verified = protection == Epoch::Application;
    Context { protection, peer_finished_verified, psk, endpoint: Endpoint::Server(server) }
}

/// A server that has sent its flight, with a certificate.
fn introduced() -> ServerContext {
    let phase = ServerPhase::AwaitClientFlight;
    ServerContext { phase, certificate_sent: true, ..ServerContext::default() }
}

/// Diagnoses, and checks the part that every row has.
#[track_caller]
fn expect(signal: Signal, context: &Context, cause: Cause, certainty: Certainty) -> Diagnosis {
    let diagnosis = diagnose(signal, context);
    assert_eq!((diagnosis.cause, diagnosis.certainty), (cause, certainty));
    assert_eq!(diagnosis.class, cause.class());
    diagnosis
}

/// As `expect`, for several alerts.
#[track_caller]
fn expect_all(bytes: &[u8], context: &Context, cause: Cause, certainty: Certainty) {
    for byte in bytes {
        expect(alert(*byte), context, cause, certainty);
    }
}
