//! Connections that are written down, and run again from what was written.

mod format;
mod redacted;
mod replayed;
mod scene;
