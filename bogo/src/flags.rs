//! The flags of the runner. One that is not in the table is for something that is not here.

use std::ffi::OsString;
use std::os::unix::ffi::OsStringExt;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use countersign::registry::{CertificateType, CipherSuite, NamedGroup, SignatureScheme};

use self::Flag::{Base64, Code, Inert, InertValue, Number, Switch, Text};
use crate::compliance::{CNSA_202407, CNSA1_202603, CNSA2_202603, FIPS_202205, WPA_202304};
use crate::options::{CredentialOptions, Options, ProtocolChoice};
use crate::stop::Stop;

/// What a flag does, and what follows it.
enum Flag {
    Switch(fn(&mut Options)),
    /// A code point.
    Code(fn(&mut Options, u16)),
    Number(fn(&mut Options, i64) -> Option<()>),
    Text(fn(&mut Options, Vec<u8>)),
    Base64(fn(&mut Options, Vec<u8>)),
    /// It asks for what TLS 1.3 always or never has, or for what is one and the same here.
    Inert,
    InertValue,
}

/// A test's configurations: of its first connection, of those that resume, and of what is left of a
/// resumed one when its early data was rejected.
#[derive(Clone, Debug, Default)]
pub(crate) struct Configurations {
    pub(crate) initial: Options,
    pub(crate) resume: Options,
    pub(crate) retry: Options,
}

impl Configurations {
    pub(crate) fn from_arguments(
        arguments: impl IntoIterator<Item = OsString>,
    ) -> Result<Self, Stop> {
        let mut configurations = Self::default();
        let mut arguments = arguments.into_iter().map(OsString::into_vec);
        while let Some(argument) = arguments.next() {
            let argument = String::from_utf8_lossy(&argument).into_owned();
            let (name, is_ours) = audience(&argument);
            let (name, targets) = configurations.targets(name);
            let known = FLAGS.iter().find(|(known, _)| *known == name);
            let (_, flag) = known.ok_or_else(|| Stop::Unimplemented(argument.clone()))?;
            let value = if flag.takes_value() { arguments.next() } else { Some(Vec::new()) };
            let value = value.ok_or_else(|| unfit(&argument))?;
            for options in targets.into_iter().filter(|_| is_ours) {
                flag.set(options, &value).ok_or_else(|| unfit(&argument))?;
            }
        }
        Ok(configurations)
    }

    fn targets<'n>(&mut self, name: &'n str) -> (&'n str, Vec<&mut Options>) {
        let Self { initial, resume, retry } = self;
        match name.strip_prefix("-on-").and_then(|rest| rest.split_once('-')) {
            Some(("initial", _)) => (cut(name, "-on-initial"), vec![initial]),
            Some(("resume", _)) => (cut(name, "-on-resume"), vec![resume]),
            Some(("retry", _)) => (cut(name, "-on-retry"), vec![retry]),
            _ => (name, vec![initial, resume, retry]),
        }
    }
}

/// Some flags are for the shim alone, others for a second process that there is none of here.
fn audience(argument: &str) -> (&str, bool) {
    if argument.starts_with("-on-handshaker-") {
        (cut(argument, "-on-handshaker"), false)
    } else if argument.starts_with("-on-shim-") {
        (cut(argument, "-on-shim"), true)
    } else {
        (argument, true)
    }
}

fn cut<'n>(name: &'n str, prefix: &str) -> &'n str {
    name.strip_prefix(prefix).unwrap_or(name)
}

fn unfit(argument: &str) -> Stop {
    Stop::broken(format!("a value of {argument}"))
}

impl Flag {
    const fn takes_value(&self) -> bool {
        !matches!(self, Switch(_) | Inert)
    }

    fn set(&self, options: &mut Options, value: &[u8]) -> Option<()> {
        let text = || core::str::from_utf8(value).ok();
        match self {
            Switch(set) => set(options),
            Code(set) => set(options, text()?.parse().ok()?),
            Number(set) => set(options, text()?.parse().ok()?)?,
            Text(set) => set(options, value.to_vec()),
            Base64(set) => set(options, BASE64.decode(value).ok()?),
            Inert | InertValue => {}
        }
        Some(())
    }
}

/// Stores a number, if the field can hold it.
fn store<T: TryFrom<i64>>(field: &mut T, number: i64) -> Option<()> {
    *field = T::try_from(number).ok()?;
    Some(())
}

fn store_some<T: TryFrom<i64>>(field: &mut Option<T>, number: i64) -> Option<()> {
    *field = Some(T::try_from(number).ok()?);
    Some(())
}

fn add_type(types: &mut Vec<CertificateType>, number: i64) -> Option<()> {
    types.push(CertificateType(u8::try_from(number).ok()?));
    Some(())
}

const FLAGS: &[(&str, Flag)] = &[
    // The process
    ("-port", Number(|o, n| store(&mut o.port, n))),
    ("-ipv6", Switch(|o| o.ipv6 = true)),
    ("-shim-id", Number(|o, n| store(&mut o.shim_id, n))),
    ("-resume-count", Number(|o, n| store(&mut o.resume_count, n))),
    ("-is-handshaker-supported", Switch(|o| o.is_handshaker_supported = true)),
    ("-handshaker-path", InertValue),
    ("-resumption-delay", Number(|o, n| store(&mut o.resumption_delay_seconds, n))),
    // Versions
    ("-min-version", InertValue),
    ("-max-version", Code(|o, version| o.max_version = Some(version))),
    ("-no-tls1", Inert),
    ("-no-tls11", Inert),
    ("-no-tls12", Inert),
    ("-expect-version", Code(|o, version| o.expect.version = Some(version))),
    // What only TLS 1.2 has, or TLS 1.3 always
    ("-no-legacy-server-connect", Inert),
    ("-renegotiate-freely", Inert),
    ("-expect-secure-renegotiation", Inert),
    ("-expect-extended-master-secret", Inert),
    ("-expect-no-session-id", Inert),
    ("-advertise-npn", InertValue),
    ("-select-next-proto", InertValue),
    ("-srtp-profiles", InertValue),
    ("-expect-no-next-proto", Inert),
    // Ways to call BoringSSL that are one way here
    ("-implicit-handshake", Inert),
    ("-no-op-extra-handshake", Inert),
    ("-use-old-client-cert-callback", Inert),
    ("-use-early-callback", Inert),
    ("-peek-then-read", Inert),
    ("-install-ddos-callback", Inert),
    ("-use-ticket-callback", Inert),
    ("-use-ticket-aead-callback", Inert),
    ("-renew-ticket", Inert),
    ("-trust-cert", InertValue),
    ("-allow-hint-mismatch", Inert),
    // A fall back to TLS 1.2, for one client only.
    ("-jdk11-workaround", Inert),
    // The connection
    ("-server", Switch(|o| o.server = true)),
    ("-quic", Switch(|o| o.quic = true)),
    ("-quic-transport-params", Base64(|o, parameters| o.transport_parameters = parameters)),
    (
        "-expect-quic-transport-params",
        Base64(|o, parameters| o.expect.transport_parameters = Some(parameters)),
    ),
    ("-quic-use-legacy-codepoint", Number(|o, n| store(&mut o.quic_draft, n))),
    ("-quic-early-data-context", Text(|o, context| o.early_data_context = context)),
    ("-async", Switch(|o| o.late = true)),
    ("-fallback-scsv", Switch(|o| o.fallback = true)),
    ("-fips-202205", Switch(|o| o.policy = Some(&FIPS_202205))),
    ("-wpa-202304", Switch(|o| o.policy = Some(&WPA_202304))),
    ("-cnsa-202407", Switch(|o| o.policy = Some(&CNSA_202407))),
    ("-cnsa1-202603", Switch(|o| o.policy = Some(&CNSA1_202603))),
    ("-cnsa2-202603", Switch(|o| o.policy = Some(&CNSA2_202603))),
    ("-max-send-fragment", Number(|o, n| store_some(&mut o.fragment_bytes, n))),
    ("-no-server-name-ack", Switch(|o| o.no_server_name_acknowledgement = true)),
    ("-resumption-across-names-enabled", Switch(|o| o.resumption_across_names = true)),
    ("-expect-resumable-across-names", Switch(|o| o.expect.resumption_across_names = Some(true))),
    (
        "-expect-not-resumable-across-names",
        Switch(|o| o.expect.resumption_across_names = Some(false)),
    ),
    ("-server-preference", Switch(|o| o.prefers_own = true)),
    ("-curves", Code(|o, group| o.groups.push(NamedGroup(group)))),
    ("-key-shares", Code(|o, group| o.key_shares.get_or_insert_default().push(NamedGroup(group)))),
    ("-no-key-shares", Switch(|o| o.key_shares = Some(Vec::new()))),
    ("-server-supported-groups-hint", Code(|o, group| o.predicted_groups.push(NamedGroup(group)))),
    ("-expect-curve-id", Code(|o, group| o.expect.group = Some(NamedGroup(group)))),
    ("-expect-hrr", Switch(|o| o.expect.retry = true)),
    ("-expect-no-hrr", Switch(|o| o.expect.no_retry = true)),
    ("-expect-cipher", Code(|o, id| o.expect.cipher_suite = Some(CipherSuite(id)))),
    ("-expect-cipher-aes", Code(|o, id| o.expect.cipher_suite_with_aes = Some(CipherSuite(id)))),
    (
        "-expect-cipher-no-aes",
        Code(|o, id| o.expect.cipher_suite_without_aes = Some(CipherSuite(id))),
    ),
    ("-host-name", Text(|o, name| o.host_name = Some(name))),
    ("-expect-server-name", Text(|o, name| o.expect.server_name = Some(name))),
    ("-expect-no-server-name", Switch(|o| o.expect.no_server_name = true)),
    ("-advertise-alpn", Text(|o, protocols| o.advertised_protocols = protocols)),
    (
        "-expect-advertised-alpn",
        Text(|o, protocols| o.expect.advertised_protocols = Some(protocols)),
    ),
    ("-expect-alpn", Text(|o, name| o.expect.protocol = name)),
    ("-select-alpn", Text(|o, name| o.protocol_choice = ProtocolChoice::Select(name))),
    ("-select-empty-alpn", Switch(|o| o.protocol_choice = ProtocolChoice::SelectEmpty)),
    ("-decline-alpn", Switch(|o| o.protocol_choice = ProtocolChoice::Decline)),
    ("-reject-alpn", Switch(|o| o.protocol_choice = ProtocolChoice::Reject)),
    // Resumption
    ("-no-ticket", Switch(|o| o.no_ticket = true)),
    ("-skip-ticket", Switch(|o| o.skip_ticket = true)),
    ("-expect-session-miss", Switch(|o| o.expect.session_miss = true)),
    ("-expect-no-session", Switch(|o| o.expect.no_session = true)),
    ("-expect-ticket-age-skew", Number(|o, n| store(&mut o.expect.ticket_age_skew, n))),
    ("-enable-early-data", Switch(|o| o.early_data = true)),
    ("-expect-ticket-supports-early-data", Switch(|o| o.expect.ticket_with_early_data = true)),
    ("-expect-accept-early-data", Switch(|o| o.expect.early_data_accepted = true)),
    ("-expect-reject-early-data", Switch(|o| o.expect.early_data_rejected = true)),
    ("-expect-no-offer-early-data", Switch(|o| o.expect.early_data_not_offered = true)),
    ("-expect-early-data-reason", Text(|o, reason| o.expect.early_data_reason = Some(reason))),
    ("-early-write-after-message", Number(|o, n| store(&mut o.early_write_after, n))),
    // Who we are
    ("-cert-file", Text(|o, path| o.credential().certificate_file = Some(path))),
    ("-key-file", Text(|o, path| o.credential().key_file = Some(path))),
    ("-signing-prefs", Code(|o, scheme| o.credential().schemes.push(SignatureScheme(scheme)))),
    ("-ocsp-response", Base64(|o, response| o.credential().ocsp_response = Some(response))),
    ("-signed-cert-timestamps", Base64(|o, list| o.credential().timestamps = Some(list))),
    ("-must-match-issuer", Switch(|o| o.credential().must_match_issuer = true)),
    ("-new-x509-credential", Switch(|o| o.credentials.push(CredentialOptions::default()))),
    ("-new-psk-credential", Switch(|o| o.credentials.push(CredentialOptions::default()))),
    (
        "-new-rpk-credential",
        Switch(|o| {
            let credential = CredentialOptions { is_raw_public_key: true, ..Default::default() };
            o.credentials.push(credential);
        }),
    ),
    ("-available-client-cert-types", Number(|o, n| add_type(&mut o.own_certificate_types, n))),
    ("-psk-importer-key", Base64(|o, key| o.credential().external_key = Some(key))),
    ("-psk-importer-identity", Base64(|o, name| o.credential().external_identity = name)),
    ("-psk-importer-context", Base64(|o, context| o.credential().external_context = context)),
    ("-psk-importer-sha256", Switch(|o| o.credential().external_key_is_for_sha384 = false)),
    ("-psk-importer-sha384", Switch(|o| o.credential().external_key_is_for_sha384 = true)),
    ("-expect-selected-credential", Number(|o, n| store_some(&mut o.expect.credential, n))),
    ("-fail-cert-callback", Switch(|o| o.fail_certificate_choice = true)),
    ("-fail-early-callback", Switch(|o| o.fail_early = true)),
    ("-fail-ddos-callback", Switch(|o| o.fail_overloaded = true)),
    // Who the peer is
    ("-verify-peer", Switch(|o| o.verify_peer = true)),
    ("-require-any-client-certificate", Switch(|o| o.require_client_certificate = true)),
    ("-verify-fail", Switch(|o| o.verify_fail = true)),
    ("-use-custom-verify-callback", Switch(|o| o.custom_verification = true)),
    ("-reverify-on-resume", Switch(|o| o.verify_again = true)),
    ("-expect-verify-result", Switch(|o| o.expect.verify_result = true)),
    ("-verify-prefs", Code(|o, scheme| o.verify_schemes.push(SignatureScheme(scheme)))),
    (
        "-expect-peer-signature-algorithm",
        Code(|o, scheme| o.expect.peer_scheme = Some(SignatureScheme(scheme))),
    ),
    (
        "-expect-peer-verify-pref",
        Code(|o, scheme| o.expect.peer_verify_schemes.push(SignatureScheme(scheme))),
    ),
    ("-accepted-peer-cert-types", Number(|o, n| add_type(&mut o.peer_certificate_types, n))),
    (
        "-expect-peer-certificate-type",
        Number(|o, n| store_some(&mut o.expect.peer_certificate_type, n)),
    ),
    ("-expect-peer-rpk-sha256", Base64(|o, hash| o.expect.raw_public_key_hash = Some(hash))),
    ("-expect-peer-cert-file", Text(|o, path| o.expect.peer_certificate_file = Some(path))),
    ("-retain-only-sha256-client-cert", Switch(|o| o.retain_only_hash = true)),
    ("-expect-sha256-client-cert", Switch(|o| o.expect.only_hash = true)),
    ("-expect-no-peer-cert", Switch(|o| o.expect.no_peer_certificate = true)),
    ("-use-client-ca-list", Text(|o, list| o.client_authorities = Some(list))),
    ("-expect-client-ca-list", Text(|o, list| o.expect.client_authorities = Some(list))),
    ("-max-cert-list", Number(|o, n| store_some(&mut o.certificate_message_bytes, n))),
    ("-enable-ocsp-stapling", Switch(|o| o.ask_for_ocsp = true)),
    ("-expect-ocsp-response", Base64(|o, response| o.expect.ocsp_response = Some(response))),
    ("-enable-signed-cert-timestamps", Switch(|o| o.ask_for_timestamps = true)),
    ("-expect-signed-cert-timestamps", Base64(|o, list| o.expect.timestamps = Some(list))),
    ("-enable-grease", Switch(|o| o.grease = true)),
    ("-install-cert-compression-algs", Switch(|o| o.compresses = true)),
    ("-install-one-cert-compression-alg", Code(|o, code| o.compresses_with = Some(code))),
    ("-use-ocsp-callback", Switch(|o| o.ocsp_callback = true)),
    ("-set-ocsp-in-callback", Inert),
    ("-fail-ocsp-callback", Switch(|o| o.ocsp_callback_fails = true)),
    ("-decline-ocsp-callback", Switch(|o| o.ocsp_callback_declines = true)),
    // What is done with the connection
    ("-shim-writes-first", Switch(|o| o.writes_first = true)),
    ("-shim-initial-write", Text(|o, data| o.initial_write = Some(data))),
    ("-repeat-shim-initial-write", Number(|o, n| store_some(&mut o.initial_writes, n))),
    ("-read-with-unfinished-write", Switch(|o| o.reads_with_unfinished_write = true)),
    ("-read-size", Number(|o, n| store_some(&mut o.read_size, n))),
    ("-key-update", Switch(|o| o.update_keys = true)),
    ("-shim-shuts-down", Switch(|o| o.shuts_down = true)),
    ("-check-close-notify", Switch(|o| o.check_close_notify = true)),
    ("-export-keying-material", Number(|o, n| store_some(&mut o.export_bytes, n))),
    ("-export-label", Text(|o, label| o.export_label = label)),
    ("-export-context", Text(|o, context| o.export_context = context)),
    ("-use-export-context", Switch(|o| o.use_export_context = true)),
    ("-export-traffic-secrets", Switch(|o| o.export_traffic_secrets = true)),
];
