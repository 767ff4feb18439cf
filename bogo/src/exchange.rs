//! What is done with one connection, in order.

use countersign::epoch::{Direction, Epoch};
use countersign::handshake::End;
use countersign::handshake::decision::CertificateFault;

use crate::conversation::{Conversation, EarlyData};
use crate::memory::Memory;
use crate::options::Options;
use crate::stop::Stop;

/// Makes a connection and does with it what the options say; with `retry`, from where early data is
/// rejected on.
pub(crate) fn connect(
    options: &Options,
    retry: &Options,
    is_resumption: bool,
    memory: &mut Memory,
) -> Result<(), Stop> {
    let mut conversation = Conversation::begin(options.clone(), memory)?;
    let outcome = conversation.carry_out(retry, is_resumption);
    conversation.transport.leave();
    outcome
}

/// How an exchange of data came to its end.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Exchanged {
    /// As it was meant to.
    Whole,
    /// Early data was rejected on the way.
    EarlyDataRejected,
}

impl Conversation<'_> {
    fn carry_out(&mut self, retry: &Options, is_resumption: bool) -> Result<(), Stop> {
        let is_rejection_expected =
            is_resumption && !self.options.server && self.options.expect.early_data_rejected;
        match (self.exchange(is_resumption, false)?, is_rejection_expected) {
            (Exchanged::Whole, false) => {}
            (Exchanged::EarlyDataRejected, true) => {
                self.options = retry.clone();
                self.exchange(is_resumption, true)?;
            }
            (Exchanged::Whole, true) => return Err(Stop::broken("early data was not rejected")),
            (Exchanged::EarlyDataRejected, false) => {
                return Err(Stop::broken("early data was rejected"));
            }
        }
        self.check_session()?;
        self.remember();
        self.shut_down()
    }

    fn exchange(&mut self, is_resumption: bool, is_retry: bool) -> Result<Exchanged, Stop> {
        self.advance_until(Self::is_ready)?;
        self.check(is_resumption)?;
        self.verify_again()?;
        if is_resumption && !is_retry {
            self.check_early_data_offer()?;
        }
        if self.options.early_write_after != 0 {
            let input = match self.options.early_write_after {
                2 => "ServerHello",
                8 => "EncryptedExtensions",
                other => return Err(Stop::Unimplemented(format!("to wait for message {other}"))),
            };
            self.advance_until(|this| this.seen.last_input == input)?;
        }
        self.export()?;
        let was_early = !self.seen.is_complete;
        self.write_first()?;
        if !self.options.shuts_down && self.echo(is_retry)? == Exchanged::EarlyDataRejected {
            return Ok(Exchanged::EarlyDataRejected);
        }
        if was_early && self.seen.is_complete {
            self.check(is_resumption)?;
        }
        Ok(Exchanged::Whole)
    }

    /// A connection that is resumed brings no certificate: whoever wants to judge that of the
    /// session again does so before using the connection. Before the server has proved that it has
    /// the key, there is nobody to tell.
    fn verify_again(&mut self) -> Result<(), Stop> {
        let is_due =
            self.options.verify_again && (self.is_resumed() || self.is_sending_early_data());
        if !is_due || !self.options.verify_fail {
            return Ok(());
        }
        match self.seen.is_complete {
            true => self.transport.reject(CertificateFault::Unspecified)?,
            false => self.transport.cancel()?,
        }
        while self.end.is_none() {
            self.advance()?;
        }
        Err(Stop::Failed(String::from(":CertificateUnacceptable: in the session")))
    }

    fn export(&mut self) -> Result<(), Stop> {
        let options = &self.options;
        if let Some(bytes) = options.export_bytes {
            let mut material = vec![0; bytes];
            let label = core::str::from_utf8(&options.export_label);
            let label = label.map_err(|_| Stop::broken("-export-label"))?;
            let context = if options.use_export_context { &*options.export_context } else { &[] };
            self.transport.handshake().exporter(label, context, &mut material)?;
            self.write(&material)?;
        }
        if self.options.export_traffic_secrets {
            let secrets = self.traffic_secrets()?;
            self.write(&secrets)?;
        }
        Ok(())
    }

    /// The application traffic secrets, to read with and to write with, behind their length.
    fn traffic_secrets(&mut self) -> Result<Vec<u8>, Stop> {
        let installed = self.transport.keys();
        let secret = |wanted| {
            let mut keys = installed.iter().rev();
            let found = keys
                .find(|(direction, epoch, _)| *direction == wanted && *epoch == Epoch::Application);
            found.map(|(_, _, key)| key.secret().as_bytes())
        };
        let (Some(read), Some(write)) = (secret(Direction::Receive), secret(Direction::Send))
        else {
            return Err(Stop::broken("no traffic secrets"));
        };
        let length = u16::try_from(read.len()).map_err(|_| Stop::broken("a long secret"))?;
        Ok([&length.to_le_bytes(), read, write].concat())
    }

    fn write_first(&mut self) -> Result<(), Stop> {
        let data = self.options.initial_write.clone().unwrap_or_else(|| b"hello".to_vec());
        if self.options.reads_with_unfinished_write {
            self.transport.begin_to_write(&data)?;
        } else if self.options.writes_first {
            for _ in 0..self.options.initial_writes.unwrap_or(1) {
                self.write(&data)?;
            }
        }
        Ok(())
    }

    /// Sends back what comes, inverted, until nothing more does.
    fn echo(&mut self, is_retry: bool) -> Result<Exchanged, Stop> {
        let size = self.options.read_size.unwrap_or(512);
        loop {
            while !self.has_data() {
                if !is_retry && !self.options.server && self.seen.early_data == EarlyData::Rejected
                {
                    return Ok(Exchanged::EarlyDataRejected);
                }
                match &self.end {
                    _ if self.seen.is_closed_by_peer => return Ok(Exchanged::Whole),
                    Some(End::Closed) => return Ok(Exchanged::Whole),
                    // Whether the end may come without `close_notify` is for the shutdown to say.
                    Some(End::Truncated(_)) if self.seen.is_complete => {
                        return Ok(Exchanged::Whole);
                    }
                    Some(end) => return Err(Stop::ended(end)),
                    None => self.advance()?,
                }
            }
            let mut data = self.take_data(size);
            self.transport.finish_writing();
            if self.options.update_keys {
                self.transport.update_keys()?;
            }
            data.iter_mut().for_each(|byte| *byte ^= 0xff);
            self.write(&data)?;
        }
    }

    fn shut_down(&mut self) -> Result<(), Stop> {
        if self.end.is_none() {
            self.transport.close()?;
        }
        while self.end.is_none() {
            let is_sent = self.options.shuts_down && !self.options.check_close_notify;
            self.advance()?;
            if is_sent {
                break;
            }
        }
        match &self.end {
            Some(End::Truncated(_)) if !self.options.check_close_notify => Ok(()),
            None | Some(End::Closed) => Ok(()),
            Some(end) => Err(Stop::ended(end)),
        }
    }
}
