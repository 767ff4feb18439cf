//! Counts what is allocated for a handshake, and what is left of it in an idle connection.

use std::alloc::System;

use countersign_benches::countersign::{Countersign, CountersignEnd};
use countersign_benches::identities::Identities;
use countersign_benches::meeting::{End, Library, Meter, Scenario, Side, Unwatched, meet};
use countersign_benches::rustls::Rustls;
use stats_alloc::{INSTRUMENTED_SYSTEM, Stats, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

const CONNECTIONS: usize = 10_000;

fn main() {
    let identities = Identities::new();
    let (countersign, rustls) = (Countersign::on_ring(&identities), Rustls::on_ring(&identities));
    println!("Allocations for one handshake, grown ones included, and their bytes.\n");
    println!("| | | countersign | bytes | rustls | bytes |");
    println!("|---|---|---:|---:|---:|---:|");
    for scenario in Scenario::ALL.into_iter().filter(|one| rustls.can(*one)) {
        let (ours, theirs) = (handshake(&countersign, scenario), handshake(&rustls, scenario));
        for (side, [made, bytes], [theirs, their_bytes]) in
            [("client", ours.client, theirs.client), ("server", ours.server, theirs.server)]
        {
            let name = scenario.name();
            println!("| {name} handshake | {side} | {made} | {bytes} | {theirs} | {their_bytes} |");
        }
    }
    println!("\nHeap of one of {CONNECTIONS} idle connections that have said one byte each way.\n");
    println!("| | | blocks | bytes | bytes of the value |");
    println!("|---|---|---:|---:|---:|");
    at_rest(&countersign, "countersign", |_| ());
    at_rest(&countersign, "countersign, parked", CountersignEnd::park);
    at_rest(&rustls, "rustls", |_| ());
}

/// How many allocations each side makes, and of how many bytes in all.
#[derive(Clone, Copy, Default)]
struct Allocations {
    client: [usize; 2],
    server: [usize; 2],
}

impl Meter for Allocations {
    fn watch<T>(&mut self, side: Side, work: impl FnOnce() -> T) -> T {
        let before = ALLOCATOR.stats();
        let result = work();
        let change = ALLOCATOR.stats() - before;
        let [made, bytes] = match side {
            Side::Client => &mut self.client,
            Side::Server => &mut self.server,
        };
        *made += change.allocations + change.reallocations;
        *bytes += change.bytes_allocated;
        result
    }
}

fn handshake(library: &impl Library, scenario: Scenario) -> Allocations {
    // What is made on first use is nobody's.
    meet(library, scenario, &mut Unwatched);
    let mut allocations = Allocations::default();
    meet(library, scenario, &mut allocations);
    allocations
}

/// What a connection holds is what is freed with it; what connections share stays.
fn at_rest<L: Library>(library: &L, name: &str, rest: fn(&mut L::End)) {
    let mut clients = Vec::with_capacity(CONNECTIONS);
    let mut servers = Vec::with_capacity(CONNECTIONS);
    for _ in 0..CONNECTIONS {
        let (mut client, mut server) = meet(library, Scenario::Full, &mut Unwatched);
        speak(&mut client, &mut server);
        speak(&mut server, &mut client);
        rest(&mut client);
        rest(&mut server);
        clients.push(client);
        servers.push(server);
    }
    let [client, server] = L::CONNECTION_BYTES;
    for (side, value, mut ends) in [("client", client, clients), ("server", server, servers)] {
        let before = ALLOCATOR.stats();
        ends.clear();
        let Stats { deallocations, bytes_deallocated, .. } = ALLOCATOR.stats() - before;
        let (blocks, bytes) = (deallocations / CONNECTIONS, bytes_deallocated / CONNECTIONS);
        println!("| {name} | {side} | {blocks} | {bytes} | {value} |");
    }
}

fn speak<E: End>(from: &mut E, to: &mut E) {
    let mut bytes = Vec::new();
    from.send(b"!", &mut bytes);
    assert_eq!(to.turn(&mut bytes, &mut Vec::new()), 1, "the byte arrives");
}
