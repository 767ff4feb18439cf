//! Secrets are gone from the heap when they are no longer needed, whatever has come to its end.
//!
//! Every secret that is made is noted, behind a mask, and then looked for in the memory of the
//! process. Nothing that is freed is used again here, so what is left in it stays to be found. Stacks
//! are left out: the library that computes leaves copies there, which nobody here can reach. All is
//! one test, for memory belongs to the process.

use static_alloc::Bump;

#[global_allocator]
static HEAP: Bump<[u8; 1 << 27]> = Bump::uninit();

#[cfg(target_os = "linux")]
mod ends;
#[cfg(target_os = "linux")]
mod memory;
#[cfg(target_os = "linux")]
mod search;
#[cfg(target_os = "linux")]
mod watched;

#[test]
fn no_secret_outlives_its_use() {
    #[cfg(target_os = "linux")]
    search::search();
    #[cfg(not(target_os = "linux"))]
    eprintln!("skipped: only Linux shows a process its memory");
}
