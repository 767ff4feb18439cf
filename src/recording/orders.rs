//! Orders, and what else moves no bytes.

use super::Recorder;
use super::line::NONE;
use crate::failure::Misuse;
use crate::handshake::decision::CertificateFault;
use crate::handshake::event::{CertificateRequestId, NewTicket};

impl Recorder {
    /// As `Connection::update_keys`.
    ///
    /// # Errors
    /// See there.
    pub fn update_keys(&mut self, request: bool) -> Result<(), Misuse> {
        self.put("update-keys", |line| line.word(request));
        let updated = self.connection.update_keys(request);
        self.noted(updated)
    }

    /// As `Connection::issue_ticket`.
    ///
    /// # Errors
    /// See there.
    pub fn issue_ticket(&mut self, order: NewTicket) -> Result<(), Misuse> {
        self.put("issue-ticket", |line| {
            let line = line.word(order.lifetime_seconds);
            match order.max_early_data_bytes {
                Some(bytes) => line.word(bytes),
                None => line.word(NONE),
            }
        });
        let issued = self.connection.issue_ticket(order);
        self.noted(issued)
    }

    /// As `Connection::request_certificate`.
    ///
    /// # Errors
    /// See there.
    pub fn request_certificate(&mut self, required: bool) -> Result<CertificateRequestId, Misuse> {
        self.put("request-certificate", |line| line.word(required));
        let requested = self.connection.request_certificate(required);
        self.noted(requested)
    }

    /// As `Connection::close`.
    ///
    /// # Errors
    /// See there.
    pub fn close(&mut self) -> Result<(), Misuse> {
        self.put("close", |line| line);
        let closed = self.connection.close();
        self.noted(closed)
    }

    /// As `Connection::cancel`.
    ///
    /// # Errors
    /// See there.
    pub fn cancel(&mut self) -> Result<(), Misuse> {
        self.put("cancel", |line| line);
        let canceled = self.connection.cancel();
        self.noted(canceled)
    }

    /// As `Connection::reject`.
    ///
    /// # Errors
    /// See there.
    pub fn reject(&mut self, fault: CertificateFault) -> Result<(), Misuse> {
        self.put("reject", |line| line.word(format_args!("{fault:?}")));
        let rejected = self.connection.reject(fault);
        self.noted(rejected)
    }

    /// As `Connection::transport_write_failed`.
    pub fn transport_write_failed(&mut self) {
        self.put("transport-write-failed", |line| line);
        self.connection.transport_write_failed();
    }

    /// As `Connection::transport_eof`.
    pub fn transport_eof(&mut self) {
        self.put("transport-eof", |line| line);
        self.connection.transport_eof();
    }

    /// As `Connection::limit_fragments`.
    pub fn limit_fragments(&mut self, bytes: usize) {
        self.put("limit-fragments", |line| line.word(bytes));
        self.connection.limit_fragments(bytes);
    }

    /// As `Connection::park`.
    pub fn park(&mut self) {
        self.put("park", |line| line);
        self.connection.park();
    }

    /// As `Connection::exporter`; it changes nothing, and is not recorded.
    ///
    /// # Errors
    /// See there.
    pub fn exporter(&self, label: &str, context: &[u8], out: &mut [u8]) -> Result<(), Misuse> {
        self.connection.exporter(label, context, out)
    }
}
