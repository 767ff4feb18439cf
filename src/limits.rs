//! Every bound on what a peer can make us hold or do, in one value.

/// Bounds on what the peer may send. The defaults fit the public internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// The longest handshake message except Certificate, in bytes, header excluded.
    pub message_bytes: usize,
    /// The longest Certificate message, in bytes, header excluded; the same for one that travels
    /// compressed, and for what comes out of it.
    pub certificate_message_bytes: usize,
    /// Certificates in one chain.
    pub certificates: usize,
    /// Extensions in one block.
    pub extensions: usize,
    /// PSK identities in a ClientHello that are looked at.
    pub psk_identities: usize,
    /// Bytes of messages held while a question waits for its answer.
    pub pending_bytes: usize,
    /// `change_cipher_spec` records in one handshake.
    pub change_cipher_specs: u32,
    /// Empty application data records in a row.
    pub empty_records: u32,
    /// `user_canceled` alerts in a row.
    pub user_canceled_alerts: u32,
    /// KeyUpdates received in a row without application data between them.
    pub key_updates: u32,
    /// CertificateRequests after the handshake that are unanswered at one time; a server makes no
    /// more.
    pub certificate_requests: usize,
    /// Bytes of early data that are skipped when it was rejected, record overhead included.
    pub skipped_early_data_bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            message_bytes: 16_384,
            certificate_message_bytes: 102_400,
            certificates: 10,
            extensions: 128,
            psk_identities: 8,
            pending_bytes: 131_072,
            change_cipher_specs: 32,
            empty_records: 32,
            user_canceled_alerts: 4,
            key_updates: 32,
            certificate_requests: 8,
            skipped_early_data_bytes: 16_384 + 256,
        }
    }
}
