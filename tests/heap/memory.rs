//! The writable memory of this process, as Linux shows it to the process itself.
//!
//! What is looked for is kept behind a mask, so that looking for it does not put it there.

use std::collections::HashMap;
use std::fs::{self, File};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Mutex;

/// As much of a secret as is looked for in one place: of a copy that is written over in part, what is
/// left is found.
pub(crate) const PIECE_BYTES: usize = 16;

/// A piece of a secret, behind the mask.
pub(crate) type Piece = [u8; PIECE_BYTES];

/// A byte behind the mask, or a masked byte as it is.
pub(crate) const fn mask(byte: u8) -> u8 {
    byte ^ 0xa5
}

/// The whole pieces of a secret.
pub(crate) fn masked(secret: &[u8]) -> Vec<Piece> {
    let (pieces, _) = secret.as_chunks();
    pieces.iter().map(|piece: &Piece| piece.map(mask)).collect()
}

/// Where memory is read to; nothing is looked for in here.
static BUFFER: Mutex<[u8; BUFFER_BYTES]> = Mutex::new([0; BUFFER_BYTES]);

const BUFFER_BYTES: usize = 1 << 16;

/// Much of the memory is a page of nothing.
const ZEROS: [u8; PAGE_BYTES] = [0; PAGE_BYTES];

const PAGE_BYTES: usize = 4_096;

/// The places at which `pieces` are found: the index of the piece, and the address. Stacks are left
/// out.
pub(crate) fn find(pieces: &[Piece]) -> Vec<(usize, u64)> {
    let begins = |pair: [u8; 2]| usize::from(u16::from_be_bytes(pair));
    let mut is_beginning = vec![false; 1 << 16];
    pieces.iter().for_each(|[a, b, ..]| is_beginning[begins([mask(*a), mask(*b)])] = true);
    let numbered = pieces.iter().enumerate();
    let known: HashMap<&Piece, usize> = numbered.map(|(index, piece)| (piece, index)).collect();
    let memory = File::open("/proc/self/mem").expect("our own memory");
    let mut buffer = BUFFER.lock().expect("one search at a time");
    let own = address(&buffer[0])..address(&buffer[0]) + length(BUFFER_BYTES);
    let mut found = Vec::new();
    for region in heaps() {
        let mut at = region.start;
        while at < region.end {
            let wanted = buffer.len().min(usize::try_from(region.end - at).expect("an address"));
            // A page that was given back in the meantime is no longer ours.
            let Ok(read @ PIECE_BYTES..) = memory.read_at(&mut buffer[..wanted], at) else { break };
            let starts = (0..=read - PIECE_BYTES).step_by(PAGE_BYTES);
            for start in starts.filter(|start| !buffer[*start..].starts_with(&ZEROS)) {
                let end = read.min(start + PAGE_BYTES + PIECE_BYTES - 1);
                for (offset, window) in buffer[start..end].windows(PIECE_BYTES).enumerate() {
                    if !is_beginning[begins([window[0], window[1]])] {
                        continue;
                    }
                    let place = at + length(start + offset);
                    let window: [u8; PIECE_BYTES] = std::array::from_fn(|at| mask(window[at]));
                    let here = known.get(&window).filter(|_| !own.contains(&place));
                    found.extend(here.map(|index| (*index, place)));
                }
            }
            at += length(read - (PIECE_BYTES - 1));
        }
    }
    found
}

/// The bytes of an object, behind the mask.
pub(crate) fn bytes_of(start: u64, bytes: usize) -> Vec<u8> {
    let memory = File::open("/proc/self/mem").expect("our own memory");
    let mut buffer = BUFFER.lock().expect("one search at a time");
    memory.read_exact_at(&mut buffer[..bytes], start).expect("an object of ours");
    buffer[..bytes].iter().copied().map(mask).collect()
}

/// What can be written, and is no stack.
fn heaps() -> Vec<Range<u64>> {
    let local = 0;
    let here = address(&local);
    let maps = fs::read_to_string("/proc/self/maps").expect("a map of our memory");
    let regions = maps.lines().filter(|line| line.contains(" rw-p ") && !line.ends_with("[stack]"));
    let range = |line: &str| {
        let (start, rest) = line.split_once('-')?;
        let (end, _) = rest.split_once(' ')?;
        Some(u64::from_str_radix(start, 16).ok()?..u64::from_str_radix(end, 16).ok()?)
    };
    let ranges = regions.map(|line| range(line).expect("an address from, and one to"));
    ranges.filter(|range| !range.contains(&here)).collect()
}

pub(crate) fn address<T: ?Sized>(of: &T) -> u64 {
    length(std::ptr::from_ref(of).cast::<u8>().addr())
}

fn length(bytes: usize) -> u64 {
    u64::try_from(bytes).expect("a number of bytes")
}
