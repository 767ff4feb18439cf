//! How many bytes of the heap something holds.

use std::alloc::System;

use stats_alloc::{INSTRUMENTED_SYSTEM, StatsAlloc};

#[global_allocator]
static ALLOCATOR: &StatsAlloc<System> = &INSTRUMENTED_SYSTEM;

/// What is freed with `owner`. Another thread that allocates meanwhile spoils the count.
pub(crate) fn held_by(owner: impl Sized) -> usize {
    let before = ALLOCATOR.stats();
    drop(owner);
    let change = ALLOCATOR.stats() - before;
    change.bytes_deallocated.saturating_sub(change.bytes_allocated)
}
