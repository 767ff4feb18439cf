//! Application data out.

use super::Connection;
use crate::failure::{Cause, Misuse};
use crate::record::{MAXIMUM_PLAINTEXT_BYTES, Outbound};

impl Connection {
    /// Seals application data and appends the records to `output`. When the key comes near its
    /// limit it is updated (RFC 9846 §5.5), and an update that the peer has asked for goes first
    /// (§4.7.3).
    ///
    /// # Errors
    /// [`Misuse::NotConnected`], [`Misuse::WriteClosed`], also after
    /// [`transport_write_failed`](Self::transport_write_failed), [`Misuse::Ended`].
    pub fn write(&mut self, data: &[u8], output: &mut Vec<u8>) -> Result<(), Misuse> {
        self.begin_to_write()?;
        self.write_chunks(data, output);
        Ok(())
    }

    /// As [`write`](Self::write) for one after the other: no two share a record, so that each can
    /// be read without waiting for the next. To have them share, use
    /// [`write_with`](Self::write_with).
    ///
    /// # Errors
    /// As [`write`](Self::write).
    pub fn write_each<'d>(
        &mut self,
        pieces: impl IntoIterator<Item = &'d [u8]>,
        output: &mut Vec<u8>,
    ) -> Result<(), Misuse> {
        self.begin_to_write()?;
        let _stands = pieces.into_iter().all(|piece| self.write_chunks(piece, output));
        Ok(())
    }

    /// As [`write`](Self::write) for `bytes` bytes that `fill` puts in their place behind what is
    /// in `output`, where they are sealed: it is called for each record in turn, with as many zeros
    /// to overwrite as the record has room for or are left. If it panics, the end of `output` is no
    /// record.
    ///
    /// # Errors
    /// As [`write`](Self::write), and `fill` is not called.
    pub fn write_with(
        &mut self,
        bytes: usize,
        output: &mut Vec<u8>,
        mut fill: impl FnMut(&mut [u8]),
    ) -> Result<(), Misuse> {
        self.begin_to_write()?;
        let mut rest = bytes;
        while rest > 0 {
            let chunk_bytes = rest.min(CHUNK_BYTES);
            let seal = |outbound: &mut Outbound, output: &mut Vec<u8>| {
                outbound.application_data_with(chunk_bytes, output, &mut fill)
            };
            if !self.write_chunk(chunk_bytes, output, seal) {
                break;
            }
            rest -= chunk_bytes;
        }
        Ok(())
    }

    /// Client: seals early data under the first PSK (RFC 9846 §4.3.10), from the first poll until
    /// the server's Finished or its refusal,
    /// [`Fact::EarlyDataRejected`](crate::handshake::Fact::EarlyDataRejected). Returns how many
    /// bytes were taken: no more than the PSK permits.
    ///
    /// # Errors
    /// [`Misuse::NotOffered`] when early data is not, or no longer, possible.
    pub fn write_early_data(&mut self, data: &[u8], output: &mut Vec<u8>) -> Result<usize, Misuse> {
        self.transmit(output);
        let permitted = self.handshake.early_data_permitted()?;
        let data = data.get(..permitted).unwrap_or(data);
        if self.transport_broken {
            return Err(Misuse::WriteClosed);
        }
        match self.outbound.application_data(data, output) {
            Ok(()) => self.handshake.early_data_sent(data.len()),
            // RFC 9846 §5.5: a key that cannot be updated stops at its limit.
            Err(_) => return Err(Misuse::NotOffered),
        }
        self.unsent |= !data.is_empty();
        Ok(data.len())
    }

    /// Puts at most `bytes` bytes of content into each record from now on, for a peer or a path
    /// that would rather have short ones: 2 at least, and never more than what was set before or
    /// what the peer permits (RFC 9846 §5.1, RFC 8449).
    pub fn limit_fragments(&mut self, bytes: usize) {
        self.outbound.limit_fragments(bytes);
    }

    /// As [`write`](Self::write) for `content_bytes` bytes that lie in `record` already, behind
    /// [`HEADER_BYTES`](crate::record::HEADER_BYTES) bytes of room: they become one record where
    /// they are, without being copied or appended to anything. Returns how many bytes of `record`
    /// it takes: without padding,
    /// [`PROTECTION_OVERHEAD_BYTES`](crate::record::PROTECTION_OVERHEAD_BYTES) more than the
    /// content. They are to be sent behind all that other calls have appended to their `output`.
    ///
    /// # Errors
    /// As [`write`](Self::write), and nothing is written: [`Misuse::Unfinished`] if there is
    /// something to be sent first, which [`poll`](Self::poll) gives out; [`Misuse::OutOfRange`] if
    /// there is no content, more than one record takes, or not enough room behind it.
    /// [`Misuse::Ended`] also if this ends the connection.
    pub fn write_in_place(
        &mut self,
        record: &mut [u8],
        content_bytes: usize,
    ) -> Result<usize, Misuse> {
        self.begin_to_write()?;
        self.update_worn_key();
        if !self.handshake.is_silent() {
            return Err(Misuse::Unfinished);
        }
        match self.outbound.application_data_in_place(record, content_bytes) {
            Ok(record_bytes) => {
                let record_bytes = record_bytes.ok_or(Misuse::OutOfRange)?;
                self.handshake.application_data_sent(content_bytes);
                Ok(record_bytes)
            }
            Err(cause) => {
                self.handshake.fail(cause);
                Err(Misuse::Ended)
            }
        }
    }

    fn begin_to_write(&mut self) -> Result<(), Misuse> {
        self.handshake.may_send_application_data()?;
        if self.transport_broken {
            return Err(Misuse::WriteClosed);
        }
        self.handshake.answer_key_update();
        Ok(())
    }

    /// A key near its limit is updated before it is used again (RFC 9846 §5.5).
    fn update_worn_key(&mut self) {
        if self.outbound.remaining_records().is_some_and(|left| left <= RECORDS_IN_RESERVE) {
            // A server that has not heard the client's Finished cannot; its key then runs out.
            let _too_early = self.handshake.update_keys(false);
        }
    }

    /// Whether the connection still stands.
    fn write_chunks(&mut self, data: &[u8], output: &mut Vec<u8>) -> bool {
        data.chunks(CHUNK_BYTES).all(|chunk| {
            self.write_chunk(chunk.len(), output, |outbound, output| {
                outbound.application_data(chunk, output)
            })
        })
    }

    /// Whether the connection still stands.
    fn write_chunk(
        &mut self,
        bytes: usize,
        output: &mut Vec<u8>,
        seal: impl FnOnce(&mut Outbound, &mut Vec<u8>) -> Result<(), Cause>,
    ) -> bool {
        self.update_worn_key();
        self.transmit(output);
        match seal(&mut self.outbound, output) {
            Ok(()) => {
                self.handshake.application_data_sent(bytes);
                self.unsent = true;
                true
            }
            Err(cause) => {
                self.handshake.fail(cause);
                self.transmit(output);
                false
            }
        }
    }
}

/// How much is sealed between two looks at the key's limit.
const CHUNK_BYTES: usize = 64 * MAXIMUM_PLAINTEXT_BYTES;

/// Enough for one chunk in records of a thirty-second of the maximum.
const RECORDS_IN_RESERVE: u64 = 64 * 32;
