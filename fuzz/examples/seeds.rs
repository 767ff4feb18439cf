//! Writes the seeds to `seeds/`, in place of those that are there.

use std::path::Path;
use std::{fs, io};

fn main() -> io::Result<()> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds");
    if directory.exists() {
        fs::remove_dir_all(&directory)?;
    }
    for (target, name, bytes) in countersign_fuzz::seeds::all() {
        fs::create_dir_all(directory.join(target))?;
        fs::write(directory.join(target).join(name), bytes)?;
    }
    Ok(())
}
