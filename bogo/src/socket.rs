//! The way to the runner: TCP, all at once or a byte at a time.

use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Ipv6Addr, Shutdown, TcpStream};

use crate::options::Options;

/// A connection to the runner, which is told first which shim this is.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    /// How much passes in one call, in either direction.
    at_a_time: usize,
    /// What has been read and not been handed on.
    arrived: VecDeque<u8>,
}

impl Socket {
    pub(crate) fn connect(options: &Options) -> io::Result<Self> {
        let mut stream = match options.ipv6 {
            true => TcpStream::connect((Ipv6Addr::LOCALHOST, options.port)),
            false => TcpStream::connect((Ipv4Addr::LOCALHOST, options.port)),
        }?;
        stream.set_nodelay(true)?;
        stream.write_all(&options.shim_id.to_le_bytes())?;
        let at_a_time = if options.late { 1 } else { CHUNK_BYTES };
        Ok(Self { stream, at_a_time, arrived: VecDeque::new() })
    }

    pub(crate) fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        bytes.chunks(self.at_a_time).try_for_each(|chunk| self.stream.write_all(chunk))
    }

    /// Appends what comes next to `input`; returns how much that is, 0 at the end.
    pub(crate) fn receive(&mut self, input: &mut Vec<u8>) -> io::Result<usize> {
        if self.arrived.is_empty() {
            let mut chunk = [0; CHUNK_BYTES];
            let count = self.stream.read(&mut chunk)?;
            self.arrived.extend(chunk.iter().take(count));
        }
        let count = self.at_a_time.min(self.arrived.len());
        input.extend(self.arrived.drain(..count));
        Ok(count)
    }

    /// Says that nothing more will come, and reads until the runner has said the same: a socket
    /// that is closed with bytes unread resets the connection, and a reset overtakes an alert.
    pub(crate) fn leave(mut self) {
        let mut chunk = [0; CHUNK_BYTES];
        if self.stream.shutdown(Shutdown::Write).is_ok() {
            while matches!(self.stream.read(&mut chunk), Ok(1..)) {}
        }
    }
}

const CHUNK_BYTES: usize = 16_384;
