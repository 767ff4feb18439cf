//! What a test wants of a connection.

use countersign::registry::{CertificateType, CipherSuite, NamedGroup, SignatureScheme};

use crate::compliance::Policy;

/// The configuration of one connection, as the flags give it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Options {
    // The process
    pub(crate) port: u16,
    pub(crate) ipv6: bool,
    pub(crate) shim_id: u64,
    pub(crate) resume_count: usize,
    pub(crate) is_handshaker_supported: bool,
    pub(crate) resumption_delay_seconds: u64,

    // The connection
    pub(crate) server: bool,
    pub(crate) quic: bool,
    pub(crate) quic_draft: i64,
    pub(crate) transport_parameters: Vec<u8>,
    pub(crate) early_data_context: Vec<u8>,
    pub(crate) late: bool,
    pub(crate) max_version: Option<u16>,
    pub(crate) policy: Option<&'static Policy>,
    pub(crate) prefers_own: bool,
    pub(crate) fallback: bool,
    pub(crate) groups: Vec<NamedGroup>,
    pub(crate) key_shares: Option<Vec<NamedGroup>>,
    pub(crate) predicted_groups: Vec<NamedGroup>,
    pub(crate) host_name: Option<Vec<u8>>,
    pub(crate) advertised_protocols: Vec<u8>,
    pub(crate) protocol_choice: ProtocolChoice,
    pub(crate) no_server_name_acknowledgement: bool,
    pub(crate) resumption_across_names: bool,
    pub(crate) fragment_bytes: Option<usize>,
    pub(crate) no_ticket: bool,
    pub(crate) skip_ticket: bool,
    pub(crate) early_data: bool,
    pub(crate) certificate_message_bytes: Option<usize>,

    // Who we are
    pub(crate) default_credential: CredentialOptions,
    pub(crate) credentials: Vec<CredentialOptions>,
    pub(crate) own_certificate_types: Vec<CertificateType>,
    pub(crate) fail_certificate_choice: bool,
    pub(crate) fail_early: bool,
    pub(crate) fail_overloaded: bool,

    // Who the peer is
    pub(crate) require_client_certificate: bool,
    pub(crate) verify_peer: bool,
    pub(crate) verify_fail: bool,
    pub(crate) custom_verification: bool,
    pub(crate) verify_again: bool,
    pub(crate) verify_schemes: Vec<SignatureScheme>,
    pub(crate) peer_certificate_types: Vec<CertificateType>,
    /// Of a client's certificates nothing is kept but the hash of the first.
    pub(crate) retain_only_hash: bool,
    pub(crate) client_authorities: Option<Vec<u8>>,
    pub(crate) ask_for_ocsp: bool,
    pub(crate) ask_for_timestamps: bool,
    pub(crate) grease: bool,
    pub(crate) compresses: bool,
    pub(crate) compresses_with: Option<u16>,
    pub(crate) ocsp_callback: bool,
    pub(crate) ocsp_callback_fails: bool,
    pub(crate) ocsp_callback_declines: bool,

    // What is done with the connection
    pub(crate) writes_first: bool,
    pub(crate) initial_write: Option<Vec<u8>>,
    pub(crate) initial_writes: Option<usize>,
    pub(crate) reads_with_unfinished_write: bool,
    pub(crate) early_write_after: u8,
    pub(crate) read_size: Option<usize>,
    pub(crate) update_keys: bool,
    pub(crate) shuts_down: bool,
    pub(crate) check_close_notify: bool,
    pub(crate) export_bytes: Option<usize>,
    pub(crate) export_label: Vec<u8>,
    pub(crate) export_context: Vec<u8>,
    pub(crate) use_export_context: bool,
    pub(crate) export_traffic_secrets: bool,

    pub(crate) expect: Expectations,
}

/// What a server does about the application protocols that a client offers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) enum ProtocolChoice {
    #[default]
    Unaware,
    Select(Vec<u8>),
    SelectEmpty,
    Decline,
    Reject,
}

/// One credential.
#[derive(Clone, Debug, Default)]
pub(crate) struct CredentialOptions {
    pub(crate) certificate_file: Option<Vec<u8>>,
    /// The key stands by itself, without a certificate.
    pub(crate) is_raw_public_key: bool,
    pub(crate) key_file: Option<Vec<u8>>,
    pub(crate) schemes: Vec<SignatureScheme>,
    pub(crate) ocsp_response: Option<Vec<u8>>,
    pub(crate) timestamps: Option<Vec<u8>>,
    pub(crate) must_match_issuer: bool,
    /// A key from outside, instead of a certificate.
    pub(crate) external_key: Option<Vec<u8>>,
    pub(crate) external_identity: Vec<u8>,
    pub(crate) external_context: Vec<u8>,
    pub(crate) external_key_is_for_sha384: bool,
}

/// What is to be checked.
#[derive(Clone, Debug, Default)]
pub(crate) struct Expectations {
    pub(crate) version: Option<u16>,
    pub(crate) session_miss: bool,
    pub(crate) no_session: bool,
    pub(crate) ticket_with_early_data: bool,
    pub(crate) ticket_age_skew: i64,
    pub(crate) early_data_accepted: bool,
    pub(crate) early_data_rejected: bool,
    pub(crate) early_data_not_offered: bool,
    pub(crate) early_data_reason: Option<Vec<u8>>,
    pub(crate) verify_result: bool,
    pub(crate) peer_scheme: Option<SignatureScheme>,
    pub(crate) peer_verify_schemes: Vec<SignatureScheme>,
    pub(crate) peer_certificate_file: Option<Vec<u8>>,
    pub(crate) no_peer_certificate: bool,
    pub(crate) peer_certificate_type: Option<u8>,
    /// SHA-256 of the only raw public key that is welcome.
    pub(crate) raw_public_key_hash: Option<Vec<u8>>,
    pub(crate) only_hash: bool,
    pub(crate) resumption_across_names: Option<bool>,
    pub(crate) ocsp_response: Option<Vec<u8>>,
    pub(crate) timestamps: Option<Vec<u8>>,
    pub(crate) client_authorities: Option<Vec<u8>>,
    pub(crate) credential: Option<i64>,
    pub(crate) group: Option<NamedGroup>,
    pub(crate) retry: bool,
    pub(crate) no_retry: bool,
    pub(crate) cipher_suite: Option<CipherSuite>,
    pub(crate) cipher_suite_with_aes: Option<CipherSuite>,
    pub(crate) cipher_suite_without_aes: Option<CipherSuite>,
    pub(crate) protocol: Vec<u8>,
    pub(crate) advertised_protocols: Option<Vec<u8>>,
    pub(crate) transport_parameters: Option<Vec<u8>>,
    pub(crate) server_name: Option<Vec<u8>>,
    pub(crate) no_server_name: bool,
}

impl Options {
    /// The credential that flags about credentials mean: the newest, or the default one.
    pub(crate) fn credential(&mut self) -> &mut CredentialOptions {
        self.credentials.last_mut().unwrap_or(&mut self.default_credential)
    }
}
