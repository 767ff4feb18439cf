//! From options to the configuration of an end.

use std::sync::Arc;

use countersign::compression::CertificateCompression;
use countersign::crypto::Provider;
use countersign::crypto::libcrux::MlKem1024;
use countersign::crypto::ring;
use countersign::epoch::Role;
use countersign::handshake::config::{
    ClientAuthentication, ClientConfig, CompatibilityMode, Destination, DistinguishedName,
    KeyShares, Preference, Profile, ProtocolName, ServerConfig, Vector,
};
use countersign::limits::Limits;
use countersign::registry::{CertificateType, CipherSuite, NamedGroup, SignatureScheme};
use pki_types::ServerName;

use crate::compression;
use crate::conversation::{EarlyData, Seen};
use crate::memory::Memory;
use crate::options::Options;
use crate::stop::Stop;

/// What says that a client has tried a higher version before (RFC 7507).
const TLS_FALLBACK_SCSV: CipherSuite = CipherSuite(0x5600);

/// How much early data our tickets permit.
pub(crate) const MAX_EARLY_DATA_BYTES: u32 = 14_336;

/// ring, with what is only for those who ask for it.
fn provider() -> Provider {
    let mut provider = ring::provider();
    provider.groups.push(Arc::new(MlKem1024));
    provider.signatures.extend(&ring::LEGACY_SIGNATURES);
    provider
}

pub(crate) fn client(options: &Options) -> Result<ClientConfig, Stop> {
    check_version(options)?;
    let mut config = ClientConfig::new(provider());
    let groups = groups(options, &config.provider)?;
    config.groups = groups.iter().copied().collect();
    config.key_shares = KeyShares::Of(key_shares(options, &groups).into_iter().collect());
    config.signature_schemes = schemes(options, &config.provider, Role::Server)?;
    for name in protocol_names(&options.advertised_protocols) {
        let fits = config.application_layer_protocols.push(&ProtocolName(name));
        fits.then_some(()).ok_or_else(|| Stop::broken("-advertise-alpn"))?;
    }
    if let Some(policy) = options.policy {
        config.cipher_suites = policy.cipher_suites.iter().copied().collect();
    }
    if options.fallback {
        let suites = config.cipher_suites.list().iter().chain([TLS_FALLBACK_SCSV]);
        config.cipher_suites = suites.collect();
    }
    config.client_certificate_types = match options.own_certificate_types.as_slice() {
        [] => own_certificate_types(options),
        named => named.iter().copied().collect(),
    };
    if !options.peer_certificate_types.is_empty() {
        config.server_certificate_types = options.peer_certificate_types.iter().copied().collect();
    }
    config.request_ocsp_response = options.ask_for_ocsp;
    config.request_signed_certificate_timestamps = options.ask_for_timestamps;
    config.certificate_compressions = compressions(options)?;
    config.grease = options.grease;
    config.profile = profile(options)?;
    config.limits = limits(options);
    config.report_transitions = true;
    Ok(config)
}

pub(crate) fn server(options: &Options) -> Result<ServerConfig, Stop> {
    check_version(options)?;
    let mut config = ServerConfig::new(provider());
    config.groups = groups(options, &config.provider)?.into_iter().collect();
    config.signature_schemes = schemes(options, &config.provider, Role::Client)?;
    config.client_authentication = match (options.verify_peer, options.require_client_certificate) {
        (true, _) => ClientAuthentication::Request,
        (false, true) => ClientAuthentication::Require,
        (false, false) => ClientAuthentication::None,
    };
    config.server_certificate_types = own_certificate_types(options);
    if !options.peer_certificate_types.is_empty() {
        config.client_certificate_types = options.peer_certificate_types.iter().copied().collect();
    }
    for name in authorities(options.client_authorities.as_deref())? {
        let fits = config.certificate_authorities.push(&DistinguishedName(&name));
        fits.then_some(()).ok_or_else(|| Stop::broken("-use-client-ca-list"))?;
    }
    config.certificate_compressions = compressions(options)?;
    // The runner wants it of every server.
    config.grease = true;
    config.preference = match options.prefers_own || options.policy.is_some() {
        true => Preference::ServerStrictly,
        false => Preference::Client,
    };
    if let Some(policy) = options.policy {
        config.cipher_suites = policy.cipher_suites.iter().copied().collect();
    }
    config.profile = profile(options)?;
    // The runner reads the record whether or not it has asked for it.
    config.compatibility_mode = CompatibilityMode::Always;
    // As servers were before RFC 9846.
    config.strict_legacy_version = false;
    config.acknowledge_server_name = !options.no_server_name_acknowledgement;
    config.resumption_across_names = options.resumption_across_names;
    config.limits = limits(options);
    config.report_transitions = true;
    Ok(config)
}

/// The types of the credentials, in order; certificates if there are none.
fn own_certificate_types(options: &Options) -> Vector<CertificateType> {
    let all = options.credentials.iter().chain([&options.default_credential]);
    let types = all.filter_map(|credential| match credential.is_raw_public_key {
        true => Some(CertificateType::RAW_PUBLIC_KEY),
        false => credential.certificate_file.as_ref().map(|_| CertificateType::X509),
    });
    let mut seen = Vec::new();
    for certificate_type in types {
        if !seen.contains(&certificate_type) {
            seen.push(certificate_type);
        }
    }
    if seen.is_empty() {
        seen.push(CertificateType::X509);
    }
    seen.into_iter().collect()
}

/// Where a client goes, and with which session.
pub(crate) fn destination(
    options: &Options,
    memory: &mut Memory,
    seen: &mut Seen,
) -> Result<Destination, Stop> {
    let mut destination = Destination::default();
    if let Some(name) = &options.host_name {
        let name = core::str::from_utf8(name).ok().and_then(|name| ServerName::try_from(name).ok());
        let name = name.ok_or_else(|| Stop::broken("-host-name"))?;
        destination.server_name = Some(name.to_owned());
    }
    seen.early_data_reason = if options.early_data { None } else { Some("disabled") };
    let Some(session) = memory.session.take() else {
        seen.early_data_reason.get_or_insert("no_session_offered");
        return Ok(destination);
    };
    let protocol = session.negotiated.application_layer_protocol.as_deref();
    let mut offered = protocol_names(&options.advertised_protocols);
    if !session.permits_early_data() {
        seen.early_data_reason.get_or_insert("unsupported_for_session");
    } else if protocol.is_some_and(|name| !offered.any(|offered| offered == name)) {
        seen.early_data_reason.get_or_insert("alpn_mismatch");
    }
    let known = (session.negotiated.clone(), session.peer.clone());
    if let Some(offer) = session.offer(memory.now()) {
        seen.offered = Some(known);
        destination.early_data = seen.early_data_reason.is_none();
        if destination.early_data {
            seen.early_data = EarlyData::Offered;
        }
        destination.psks.push(offer);
    }
    Ok(destination)
}

fn compressions(options: &Options) -> Result<Vec<Arc<dyn CertificateCompression>>, Stop> {
    match options.compresses_with {
        Some(code) => compression::one(code),
        None if options.compresses => Ok(compression::all()),
        None => Ok(Vec::new()),
    }
}

/// What carries the handshake; QUIC as in RFC 9001, not as in the drafts before it.
fn profile(options: &Options) -> Result<Profile, Stop> {
    match (options.quic, options.quic_draft) {
        (true, 1) => Err(Stop::Unimplemented(String::from("the code point of QUIC's drafts"))),
        (true, _) => Ok(Profile::Quic(options.transport_parameters.clone())),
        (false, _) if options.transport_parameters.is_empty() => Ok(Profile::Records),
        // No configuration could say so.
        (false, _) => Err(Stop::Failed(String::from(":Configuration: parameters without QUIC"))),
    }
}

fn check_version(options: &Options) -> Result<(), Stop> {
    match options.max_version {
        Some(..=0x0303) => Err(Stop::Unimplemented(String::from("versions before TLS 1.3"))),
        _ => Ok(()),
    }
}

/// The groups that the test names and the provider has.
fn groups(options: &Options, provider: &Provider) -> Result<Vec<NamedGroup>, Stop> {
    let all = provider.groups.iter().map(|group| group.id());
    let by_default = |id: &NamedGroup| *id != NamedGroup::MLKEM1024;
    let has = |id: &NamedGroup| provider.group(*id).is_some();
    let mut groups: Vec<_> = match options.groups.as_slice() {
        [] if options.policy.is_none_or(|policy| policy.groups.is_none()) => {
            all.filter(by_default).collect()
        }
        [] => all.collect(),
        wanted => wanted.iter().copied().filter(has).collect(),
    };
    groups.retain(|group| options.policy.is_none_or(|policy| policy.permits_group(*group)));
    if let Some(order) = options.policy.and_then(|policy| policy.groups) {
        groups.sort_by_key(|group| order.iter().position(|own| own == group));
    }
    match groups.is_empty() || !options.key_shares.iter().flatten().all(has) {
        true => Err(Stop::Unimplemented(String::from("groups that the provider does not have"))),
        false => Ok(groups),
    }
}

/// The groups to send a share of: the first of ours that the server is said to have, or those that
/// are named, or those that the runner takes for the default.
fn key_shares(options: &Options, groups: &[NamedGroup]) -> Vec<NamedGroup> {
    if let Some(group) = groups.iter().find(|group| options.predicted_groups.contains(group)) {
        return vec![*group];
    }
    if let Some(shares) = &options.key_shares {
        return shares.clone();
    }
    // The first curve, and the first that is more than a curve.
    let first = |curve| groups.iter().position(|group| is_curve(*group) == curve);
    let mut places = [first(true), first(false)];
    places.sort_unstable();
    places.into_iter().flatten().filter_map(|place| groups.get(place)).copied().collect()
}

const fn is_curve(group: NamedGroup) -> bool {
    matches!(group, NamedGroup::X25519 | NamedGroup::SECP256R1 | NamedGroup::SECP384R1)
}

/// The schemes that the test names, or those that the runner takes for the default. Of schemes that
/// TLS 1.3 does not sign with, tests want to see that they are refused: they go beside others.
fn schemes(
    options: &Options,
    provider: &Provider,
    signer: Role,
) -> Result<Vector<SignatureScheme>, Stop> {
    let known = provider.signatures.iter().map(|algorithm| algorithm.scheme);
    let mut known: Vec<_> = known.filter(|scheme| !BY_NAME_ONLY.contains(scheme)).collect();
    known.retain(|scheme| options.policy.is_none_or(|policy| policy.permits_scheme(*scheme)));
    let wanted = &options.verify_schemes;
    let can_verify = |scheme: &SignatureScheme| {
        scheme.signs_for(signer) && provider.signature(*scheme).is_some()
    };
    if wanted.iter().any(can_verify) {
        return Ok(wanted.iter().copied().collect());
    }
    if wanted.iter().all(|scheme| FORBIDDEN_SCHEMES.contains(scheme) || *scheme == RSA_MD5_SHA1) {
        let offered = wanted.iter().filter(|scheme| **scheme != RSA_MD5_SHA1);
        return Ok(offered.chain(&known).copied().collect());
    }
    Err(Stop::Unimplemented(String::from("schemes that the provider does not verify")))
}

/// What TLS 1.1 signed with; BoringSSL has a code point for it that is none on the wire.
const RSA_MD5_SHA1: SignatureScheme = SignatureScheme(0xff01);

/// Schemes that are verified only if a test names them.
const BY_NAME_ONLY: [SignatureScheme; 4] = [
    SignatureScheme::ED25519,
    SignatureScheme::RSA_PKCS1_SHA256_LEGACY,
    SignatureScheme::RSA_PKCS1_SHA384_LEGACY,
    SignatureScheme::RSA_PKCS1_SHA512_LEGACY,
];

/// Schemes that TLS 1.3 has for certificates at most (RFC 9846 §4.3.3), or for clients (RFC 9963).
const FORBIDDEN_SCHEMES: [SignatureScheme; 6] = [
    SignatureScheme::RSA_PKCS1_SHA256_LEGACY,
    SignatureScheme::RSA_PKCS1_SHA256,
    SignatureScheme::RSA_PKCS1_SHA384,
    SignatureScheme::RSA_PKCS1_SHA512,
    SignatureScheme(0x0201),
    SignatureScheme(0x0203),
];

fn limits(options: &Options) -> Limits {
    let mut limits = Limits::default();
    // What the runner takes for granted.
    limits.certificates = usize::from(u8::MAX);
    limits.skipped_early_data_bytes = 16_384;
    if let Some(bytes) = options.certificate_message_bytes {
        limits.certificate_message_bytes = bytes;
    }
    limits
}

/// The names in a list as ALPN has it on the wire.
pub(crate) fn protocol_names(list: &[u8]) -> impl Iterator<Item = &[u8]> {
    let mut rest = list;
    core::iter::from_fn(move || {
        let (length, names) = rest.split_first()?;
        let (name, after) = names.split_at_checked(usize::from(*length))?;
        rest = after;
        Some(name)
    })
}

/// Names in hexadecimal, separated by commas.
pub(crate) fn authorities(list: Option<&[u8]>) -> Result<Vec<Vec<u8>>, Stop> {
    match list {
        None | Some(b"<NULL>" | b"<EMPTY>") => Ok(Vec::new()),
        Some(list) => {
            let names = list.split(|byte| *byte == b',').map(from_hexadecimal);
            names.collect::<Option<_>>().ok_or_else(|| Stop::broken("a name in hexadecimal"))
        }
    }
}

fn from_hexadecimal(digits: &[u8]) -> Option<Vec<u8>> {
    let digit =
        |byte: &u8| char::from(*byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
    let pairs = digits.chunks(2).map(|pair| match pair {
        [high, low] => Some(digit(high)? << 4 | digit(low)?),
        _ => None,
    });
    pairs.collect()
}
