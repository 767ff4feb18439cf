//! What the server says before it authenticates: ServerHello, EncryptedExtensions,
//! CertificateRequest (RFC 9846 §4.2.3, §4.4).

use crate::crypto::{Draw, Group, Secret, Suite};
use crate::failure::Cause;
use crate::handshake::certificate_compression;
use crate::handshake::config::{Profile, ServerConfig};
use crate::handshake::context::Context;
use crate::handshake::event::{Fact, Negotiated};
use crate::handshake::grease::Grease;
use crate::handshake::negotiation::CertificateUse;
use crate::key_schedule::PskKind;
use crate::message::{
    CertificateRequest, ClientHello, EncryptedExtensions, HEADER_BYTES, KeyShareEntry, ServerHello,
    ServerHelloExtensions,
};
use crate::registry::{HandshakeType, ProtocolVersion};
use crate::transcript::Transcript;

/// Sends ServerHello and returns the shared secret, if there is a key exchange.
pub(super) fn server_hello(
    config: &ServerConfig,
    cx: &mut Context,
    hello: &ClientHello<'_>,
    suite: &'static Suite,
    group: Option<&dyn Group>,
    psk: Option<u16>,
    transcript: &mut Transcript,
) -> Result<Option<Secret>, Cause> {
    let random_source = config.provider.random.as_ref();
    let mut random = [0; 32];
    random_source.fill(Draw::ServerRandom, &mut random)?;
    let agreed = match group {
        Some(group) => {
            let shares = hello.extensions.key_share.ok_or(Cause::KeyShareMissing)?;
            let client_share = shares.iter().find(|share| share.group == group.id());
            let client_share = client_share.ok_or(Cause::KeyShareMissing)?.key_exchange;
            let (share, secret) = group.respond(random_source, client_share)?;
            Some((group.id(), share, secret))
        }
        None => None,
    };
    let answer = ServerHello {
        legacy_version: ProtocolVersion::TLS12,
        random: &random,
        legacy_session_id_echo: hello.legacy_session_id,
        cipher_suite: suite.id,
        legacy_compression_method: 0,
        extensions: ServerHelloExtensions {
            selected_version: ProtocolVersion::TLS13,
            key_share: agreed
                .as_ref()
                .map(|(group, share, _)| KeyShareEntry { group: *group, key_exchange: share }),
            pre_shared_key: psk,
        },
    };
    transcript.add(cx.send(HandshakeType::SERVER_HELLO, |w| answer.encode(w))?);
    Ok(agreed.map(|(_, _, secret)| secret))
}

/// Sends EncryptedExtensions.
pub(super) fn encrypted_extensions(
    config: &ServerConfig,
    cx: &mut Context,
    hello: &ClientHello<'_>,
    negotiated: &Negotiated,
    certificates: Option<CertificateUse>,
    early_data: bool,
    transcript: &mut Transcript,
) -> Result<(), Cause> {
    let resumes = negotiated.psk.as_ref().is_some_and(|psk| psk.kind == PskKind::Resumption);
    let extensions = EncryptedExtensions {
        // RFC 6066 §3: a server that resumes does not acknowledge the name.
        server_name: config.acknowledge_server_name
            && hello.extensions.server_name.is_some()
            && !resumes,
        supported_groups: config.announce_groups.then(|| config.groups.list()),
        application_layer_protocol: negotiated.application_layer_protocol.as_deref(),
        // With a PSK there is no certificate to ask for.
        client_certificate_type: certificates
            .filter(|certificates| certificates.asks_client && negotiated.psk.is_none())
            .filter(|_| hello.extensions.client_certificate_types.is_some())
            .map(|certificates| certificates.types.client),
        // With a PSK there is none of ours either, but clients that resume miss an answer.
        server_certificate_type: certificates
            .filter(|_| hello.extensions.server_certificate_types.is_some())
            .map(|certificates| certificates.types.server),
        record_size_limit: negotiated.record_size_limits.map(|limits| limits.receive),
        early_data,
        expected_ticket_count: None,
        quic_transport_parameters: match &config.profile {
            Profile::Quic(parameters) => Some(parameters),
            Profile::Records => None,
        },
    };
    let layout = &config.encrypted_extensions_layout;
    let sent = cx.send(HandshakeType::ENCRYPTED_EXTENSIONS, |w| {
        let start = w.position().saturating_sub(HEADER_BYTES);
        extensions.encode(w, layout, start);
    })?;
    transcript.add(sent);
    if let Some(parameters) = hello.extensions.quic_transport_parameters {
        cx.learn(Fact::TransportParameters(parameters.to_vec()));
    }
    Ok(())
}

/// Sends CertificateRequest; the client may reply to what it contains.
pub(super) fn certificate_request(
    config: &ServerConfig,
    cx: &mut Context,
    context: &[u8],
    transcript: &mut Transcript,
) -> Result<(), Cause> {
    let compressions = certificate_compression::offered(&config.certificate_compressions);
    let (schemes, layout) = (&config.signature_schemes, &config.certificate_request_layout);
    let (schemes, layout) = match Grease::draw(config.grease, config.provider.random.as_ref())? {
        Some(grease) => (schemes.preceded_by(&grease.signature_scheme), grease.around(layout)),
        None => (schemes.clone(), layout.clone()),
    };
    let request = CertificateRequest {
        certificate_request_context: context,
        signature_algorithms: Some(schemes.list()),
        signature_algorithms_cert: config.certificate_signature_schemes.list_unless_empty(),
        certificate_authorities: config.certificate_authorities.list_unless_empty(),
        oid_filters: config.oid_filters.list_unless_empty(),
        compress_certificate: compressions.list_unless_empty(),
        status_request: config.request_ocsp_response,
        signed_certificate_timestamp: false,
    };
    let mut offered = cx.offered;
    let sent = cx.send(HandshakeType::CERTIFICATE_REQUEST, |w| {
        let start = w.position().saturating_sub(HEADER_BYTES);
        offered = request.encode(w, &layout, start);
    })?;
    transcript.add(sent);
    cx.offered = offered;
    Ok(())
}
