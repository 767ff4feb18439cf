//! Where the course of each connection is written to, when somebody asks for that.

use std::fs::{File, OpenOptions};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::recording::Detail;

/// A file for the first connection, and for each that follows one beside it.
#[derive(Debug)]
pub(crate) struct Recording {
    path: PathBuf,
    pub(crate) detail: Detail,
    count: AtomicUsize,
}

impl Recording {
    pub(crate) const fn new(path: PathBuf, detail: Detail) -> Self {
        Self { path, detail, count: AtomicUsize::new(0) }
    }

    /// The file for the next connection: the path as it was given, then with `.1`, `.2` behind it.
    pub(crate) fn open(&self) -> io::Result<File> {
        let mut path = self.path.clone().into_os_string();
        match self.count.fetch_add(1, Ordering::Relaxed) {
            0 => {}
            number => path.push(format!(".{number}")),
        }
        OpenOptions::new().write(true).create(true).truncate(true).open(path)
    }
}
