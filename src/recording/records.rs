//! The headers of records on their way, however the stream is cut.

use super::journal::Journal;
use crate::record::{HEADER_BYTES, Header};

/// One direction.
#[derive(Debug, Default)]
pub(super) struct Records {
    header: Vec<u8>,
    /// What is still to come of the record.
    rest: usize,
}

impl Records {
    /// Notes each record whose header is complete with these bytes.
    pub(super) fn pass(&mut self, direction: &str, mut bytes: &[u8], journal: &Journal) {
        while !bytes.is_empty() {
            let body = self.rest.min(bytes.len());
            self.rest -= body;
            bytes = bytes.get(body..).unwrap_or_default();
            let missing = HEADER_BYTES.saturating_sub(self.header.len()).min(bytes.len());
            let (header, behind) = bytes.split_at_checked(missing).unwrap_or_default();
            self.header.extend_from_slice(header);
            bytes = behind;
            if let Some(header) = self.header.first_chunk().copied().map(Header::from_wire) {
                let Header { content_type, length } = header;
                self.header.clear();
                self.rest = usize::from(length);
                journal.put("record", |line| {
                    line.word(format_args!("{direction} {content_type:?} {length}"))
                });
            }
        }
    }
}
