//! Two configurations from three bytes of a script; zeros give the plainest.

use std::sync::Arc;

use countersign::failure::Disclosure;
use countersign::handshake::config::{
    ClientAuthentication, CompatibilityMode, KeyShares, Preference, Profile, StatelessRetry, Vector,
};
use countersign::handshake::{ClientConfig, Destination, ServerConfig};
use countersign::limits::Limits;
use countersign::message::{DistinguishedName, OidFilter, ProtocolName, TicketRequest};
use countersign::registry::{CertificateType, CipherSuite, NamedGroup, PskKeyExchangeMode};
use countersign_testing::{Reversed, Setup};

use crate::answers;
use crate::insecure::insecure_provider;
use crate::script::Script;

/// The bits of one byte.
#[derive(Clone, Copy)]
struct Bits(u8);

impl Bits {
    const fn has(self, bit: u8) -> bool {
        self.0 >> bit & 1 == 1
    }
}

pub(crate) fn setup(script: &mut Script<'_>) -> Setup {
    let mut setup = Setup {
        client: ClientConfig::new(insecure_provider(1)),
        server: ServerConfig::new(insecure_provider(2)),
        destination: Destination::named("example.com".try_into().expect("a DNS name")),
    };
    setup.client.report_transitions = true;
    setup.server.report_transitions = true;
    flow(Bits(script.byte()), &mut setup);
    offer(Bits(script.byte()), &mut setup);
    keys(Bits(script.byte()), &mut setup);
    setup
}

/// What changes the course of the handshake.
fn flow(bits: Bits, setup: &mut Setup) {
    let Setup { client, server, .. } = setup;
    if bits.has(0) {
        // The client sends a share of another group.
        server.groups = [NamedGroup::SECP256R1].into_iter().collect();
    }
    if bits.has(1) {
        server.client_authentication = ClientAuthentication::Request;
    }
    if bits.has(2) {
        server.client_authentication = ClientAuthentication::Require;
    }
    match (bits.has(3), bits.has(7)) {
        (true, false) => server.cookie_bytes = 8,
        (true, true) => server.stateless_retry = Some(StatelessRetry::Always),
        (false, _) => {}
    }
    if bits.has(4) || bits.has(5) {
        client.application_layer_protocols = [ProtocolName(b"a protocol")].into_iter().collect();
    }
    if bits.has(5) {
        client.profile = Profile::Quic(vec![1, 2, 3]);
        server.profile = Profile::Quic(vec![4, 5]);
    }
    if bits.has(6) {
        client.compatibility_mode = false;
        server.compatibility_mode = CompatibilityMode::Always;
    }
    if bits.has(7) {
        client.strict_legacy_version = false;
        server.strict_legacy_version = false;
    }
}

/// What changes the content of messages.
fn offer(bits: Bits, setup: &mut Setup) {
    let Setup { client, server, destination } = setup;
    const DISCLOSURES: [Disclosure; 4] = [
        Disclosure::Exact,
        Disclosure::CertificateGeneric,
        Disclosure::Concealed,
        Disclosure::Exact,
    ];
    if bits.has(0) && bits.has(1) {
        client.certificate_compressions = vec![Arc::new(Reversed)];
        server.certificate_compressions = vec![Arc::new(Reversed)];
    }
    client.disclosure = DISCLOSURES[usize::from(bits.0 & 3)];
    server.disclosure = client.disclosure;
    if bits.has(2) {
        client.record_size_limit = Some(64);
        server.record_size_limit = Some(100);
    }
    if bits.has(3) {
        let authorities: Vector<_> = [DistinguishedName(&[0x30, 0])].into_iter().collect();
        client.ticket_request = Some(TicketRequest { new_session_count: 2, resumption_count: 1 });
        client.request_signed_certificate_timestamps = true;
        client.certificate_authorities = authorities.clone();
        server.certificate_authorities = authorities;
        let anything = OidFilter {
            certificate_extension_oid: b"\x06\x03\x55\x1d\x7f",
            certificate_extension_values: b"of an extension that nobody knows",
        };
        server.oid_filters = [anything].into_iter().collect();
        server.request_ocsp_response = true;
        server.announce_groups = true;
    }
    if bits.has(4) {
        client.limits = small_limits();
        server.limits = small_limits();
    }
    if bits.has(5) {
        server.cipher_suites = [CipherSuite::TLS_AES_256_GCM_SHA384].into_iter().collect();
    }
    if bits.has(6) {
        server.preference = Preference::Client;
        client.key_shares = KeyShares::First(2);
    }
    if bits.has(7) {
        destination.server_name = None;
    }
}

/// Small enough for a script to reach.
pub(crate) fn small_limits() -> Limits {
    let mut limits = Limits::default();
    limits.message_bytes = 1_000;
    limits.certificate_message_bytes = 1_500;
    limits.certificates = 2;
    limits.extensions = 24;
    limits.psk_identities = 2;
    limits.certificate_requests = 2;
    limits.pending_bytes = 200;
    limits.key_updates = 2;
    limits.user_canceled_alerts = 2;
    limits.change_cipher_specs = 2;
    limits.empty_records = 2;
    // As much as a client can make of a hundred bytes, one in each record.
    limits.skipped_early_data_bytes = 2_000;
    limits
}

/// With which keys the ends authenticate, and when.
fn keys(bits: Bits, setup: &mut Setup) {
    let Setup { client, server, destination } = setup;
    let protocol = client.application_layer_protocols.list().first().map(|name| name.0.to_vec());
    if bits.has(0) {
        destination.psks.push(answers::unknown_psk());
    }
    if bits.has(1) {
        destination.psks.push(answers::known_psk(protocol));
    }
    destination.early_data = bits.has(2);
    if bits.has(3) {
        let alone = || [PskKeyExchangeMode::PSK_KE].into_iter().collect();
        (client.psk_key_exchange_modes, server.psk_key_exchange_modes) = (alone(), alone());
    }
    if bits.has(4) {
        destination.psks.push(answers::imported_psk());
    }
    if bits.has(5) {
        client.psk_key_exchange_modes = Vector::new();
    }
    if bits.has(3) && bits.has(5) {
        server.cookie_bytes = 0;
        server.stateless_retry = Some(StatelessRetry::Always);
    }
    client.post_handshake_auth = bits.has(6);
    if bits.has(7) {
        let types: Vector<_> =
            [CertificateType::RAW_PUBLIC_KEY, CertificateType::X509].into_iter().collect();
        (client.server_certificate_types, server.server_certificate_types) = (types.clone(), types);
        client.client_certificate_types = client.server_certificate_types.clone();
        server.client_certificate_types = client.server_certificate_types.clone();
    }
}
