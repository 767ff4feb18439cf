//! Every message: parsing undoes encoding, and encoding undoes parsing.

use countersign::codec::{Encode, List, Reader, Vector, Writer};
use countersign::message::{
    Certificate, CertificateEntry, CertificateRequest, CertificateVerify, ClientHello,
    ClientHelloExtensions, CompressedCertificate, DistinguishedName, EXTENSIONS,
    EncryptedExtensions, EndOfEarlyData, Extension, ExtensionSet, Finished, HEADER_BYTES,
    HelloRetryRequest, HelloRetryRequestExtensions, Item, KeyShareEntry, KeyUpdate, Kind, Layout,
    Message, NewSessionTicket, OfferedPsks, OidFilter, ProtocolName, PskBinder, PskIdentity,
    ServerHello, ServerHelloExtensions, TicketRequest,
};
use countersign::registry::{
    CertificateCompressionAlgorithm, CertificateType, CipherSuite, ExtensionType, KeyUpdateRequest,
    NamedGroup, ProtocolVersion, PskKeyExchangeMode, SignatureScheme,
};
use proptest::collection::{SizeRange, vec};
use proptest::option;
use proptest::prelude::*;

#[path = "support/messages.rs"]
mod messages;

use messages::{as_ours, encode, everything_offered};

/// That a message survives the way to the wire and back.
fn assert_round_trip(message: Message<'_>, layout: &Layout) -> Result<(), TestCaseError> {
    let (kind, encoded) = encode(&message, layout);
    let encoded = encoded.expect("what was generated fits");
    let (header, body) = encoded.split_at(HEADER_BYTES);
    prop_assert_eq!(header[0], kind.handshake_type().0);
    prop_assert_eq!(Reader::new(&header[1..]).u24(), Ok(u32::try_from(body.len()).unwrap()));
    prop_assert_eq!(Kind::of(kind.handshake_type(), body), Ok(kind));
    let parsed = Message::parse(kind, body, &everything_offered());
    prop_assert_eq!(parsed.map(as_ours), Ok(message));
    assert_ends_where_it_ends(kind, body)
}

/// Miri takes its time.
const PREFIXES: usize = if cfg!(miri) { 4 } else { 64 };

/// That neither less nor more of a body parses. Of a long one not every prefix is tried, but over
/// many bodies all are. Finished cannot know its length, and a ClientHello may have no extensions.
fn assert_ends_where_it_ends(kind: Kind, body: &[u8]) -> Result<(), TestCaseError> {
    let parses = |body: &[u8]| Message::parse(kind, body, &everything_offered()).is_ok();
    let step = 1 + body.len() / PREFIXES;
    for length in (body.len() % step..body.len()).step_by(step) {
        let prefix = &body[..length];
        let is_older = kind == Kind::ClientHello && ends_before_extensions(prefix);
        let may_end = is_older || (kind == Kind::Finished && length > 0);
        prop_assert_eq!(parses(prefix), may_end, "{} of {} bytes", length, body.len());
    }
    prop_assert_eq!(parses(&[body, &[0]].concat()), kind == Kind::Finished);
    Ok(())
}

/// Whether a ClientHello ends behind `legacy_compression_methods`.
fn ends_before_extensions(prefix: &[u8]) -> bool {
    let mut reader = Reader::new(prefix);
    let fields = reader.take(34).and_then(|_| reader.vector8()).and_then(|_| reader.vector16());
    fields.and_then(|_| reader.vector8()).is_ok() && reader.is_empty()
}

fn bytes(size: impl Into<SizeRange>) -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), size)
}

/// A list of code points.
fn codes<T: Encode>(
    code: impl Fn(u16) -> T + 'static,
    size: impl Into<SizeRange>,
) -> impl Strategy<Value = Vector<T>> {
    let code = std::rc::Rc::new(code);
    vec(any::<u16>(), size).prop_map(move |values| values.into_iter().map(|v| code(v)).collect())
}

/// A list of byte strings, each in the form that `push` gives it.
fn strings<T>(
    size: impl Into<SizeRange>,
    push: impl Fn(&mut Vector<T>, &[u8]) -> bool,
) -> impl Strategy<Value = Vector<T>> {
    vec(bytes(32..48), size).prop_map(move |strings| {
        let mut vector = Vector::new();
        strings.iter().for_each(|string| assert!(push(&mut vector, string)));
        vector
    })
}

fn certificate_type(code: u16) -> CertificateType {
    CertificateType(code.to_be_bytes()[0])
}

/// What a [`ClientHello`] borrows from.
#[derive(Clone, Debug)]
struct Hello {
    random: [u8; 32],
    session_id: Vec<u8>,
    suites: Vector<CipherSuite>,
    compression: Vec<u8>,
    flags: [bool; 4],
    opaque: [Option<Vec<u8>>; 3],
    groups: Option<Vector<NamedGroup>>,
    schemes: [Option<Vector<SignatureScheme>>; 2],
    protocols: Option<Vector<ProtocolName<'static>>>,
    psks: Option<(Vector<PskIdentity<'static>>, Vector<PskBinder<'static>>)>,
    compressions: Option<Vector<CertificateCompressionAlgorithm>>,
    versions: Option<Vector<ProtocolVersion>>,
    modes: Option<Vector<PskKeyExchangeMode>>,
    authorities: Option<Vector<DistinguishedName<'static>>>,
    shares: Option<Vector<KeyShareEntry<'static>>>,
    record_size_limit: Option<u16>,
    certificate_types: [Option<Vector<CertificateType>>; 2],
}

impl Hello {
    fn message(&self) -> ClientHello<'_> {
        let [status_request, signed_certificate_timestamp, early_data, post_handshake_auth] =
            self.flags;
        ClientHello {
            legacy_version: ProtocolVersion::TLS12,
            random: &self.random,
            legacy_session_id: &self.session_id,
            cipher_suites: self.suites.list(),
            legacy_compression_methods: &self.compression,
            extensions: ClientHelloExtensions {
                server_name: self.opaque[0].as_deref(),
                status_request,
                supported_groups: self.groups.as_ref().map(Vector::list),
                signature_algorithms: self.schemes[0].as_ref().map(Vector::list),
                signature_algorithms_cert: self.schemes[1].as_ref().map(Vector::list),
                application_layer_protocols: self.protocols.as_ref().map(|list| list.list()),
                signed_certificate_timestamp,
                client_certificate_types: self.certificate_types[0].as_ref().map(Vector::list),
                server_certificate_types: self.certificate_types[1].as_ref().map(Vector::list),
                pre_shared_key: self.psks.as_ref().map(|(identities, binders)| OfferedPsks {
                    identities: identities.list(),
                    binders: binders.list(),
                    binders_bytes: 2 + binders.list().as_bytes().len(),
                }),
                compress_certificate: self.compressions.as_ref().map(Vector::list),
                early_data,
                supported_versions: self.versions.as_ref().map(Vector::list),
                cookie: self.opaque[1].as_deref(),
                psk_key_exchange_modes: self.modes.as_ref().map(Vector::list),
                certificate_authorities: self.authorities.as_ref().map(|list| list.list()),
                post_handshake_auth,
                key_share: self.shares.as_ref().map(|list| list.list()),
                quic_transport_parameters: self.opaque[2].as_deref(),
                record_size_limit: self.record_size_limit,
                ticket_request: self.record_size_limit.map(|limit| {
                    let [new_session_count, resumption_count] = limit.to_be_bytes();
                    TicketRequest { new_session_count, resumption_count }
                }),
                received: List::default(),
            },
        }
    }
}

fn psks() -> impl Strategy<Value = (Vector<PskIdentity<'static>>, Vector<PskBinder<'static>>)> {
    vec((bytes(1..80), any::<u32>(), bytes(32..=255)), 1..4).prop_map(|offers| {
        let (mut identities, mut binders) = (Vector::new(), Vector::new());
        for (identity, obfuscated_ticket_age, binder) in offers {
            let identity = PskIdentity { identity: &identity, obfuscated_ticket_age };
            assert!(identities.push(&identity) && binders.push(&PskBinder(&binder)));
        }
        (identities, binders)
    })
}

fn shares() -> impl Strategy<Value = Vector<KeyShareEntry<'static>>> {
    vec((any::<u16>(), bytes(1..140)), 0..4).prop_map(|entries| {
        let mut shares = Vector::new();
        for (group, key_exchange) in entries {
            let entry = KeyShareEntry { group: NamedGroup(group), key_exchange: &key_exchange };
            assert!(shares.push(&entry));
        }
        shares
    })
}

fn filters() -> impl Strategy<Value = Vector<OidFilter<'static>>> {
    vec((bytes(1..=255), bytes(0..90)), 0..4).prop_map(|entries| {
        let mut filters = Vector::new();
        for (oid, values) in entries {
            assert!(filters.push(&OidFilter {
                certificate_extension_oid: &oid,
                certificate_extension_values: &values,
            }));
        }
        filters
    })
}

prop_compose! {
    fn hello()(
        (random, session_id, suites, compression) in
            (any::<[u8; 32]>(), bytes(0..=32), codes(CipherSuite, 1..9), bytes(1..4)),
        flags in any::<[bool; 4]>(),
        opaque in [option::of(bytes(1..40)), option::of(bytes(1..40)), option::of(bytes(0..40))],
        groups in option::of(codes(NamedGroup, 1..6)),
        schemes in [
            option::of(codes(SignatureScheme, 1..9)),
            option::of(codes(SignatureScheme, 1..9)),
        ],
        protocols in option::of(strings(1..4, |list, name| list.push(&ProtocolName(name)))),
        psks in option::of(psks()),
        (versions, compressions) in (
            option::of(codes(ProtocolVersion, 1..=127)),
            option::of(codes(CertificateCompressionAlgorithm, 1..=127)),
        ),
        modes in option::of(codes(|mode| PskKeyExchangeMode(mode.to_be_bytes()[0]), 1..=255)),
        authorities in option::of(strings(1..4, |list, name| list.push(&DistinguishedName(name)))),
        shares in option::of(shares()),
        record_size_limit in option::of(64..=u16::MAX),
        certificate_types in [
            option::of(codes(certificate_type, 1..=255)),
            option::of(codes(certificate_type, 1..=255)),
        ],
    ) -> Hello {
        Hello {
            random, session_id, suites, compression, flags, opaque, groups, schemes, protocols,
            psks, compressions, versions, modes, authorities, shares, record_size_limit,
            certificate_types,
        }
    }
}

/// A layout that lists the table in any order, with raw extensions and padding in between.
fn layout() -> impl Strategy<Value = Layout> {
    let table: Vec<_> = EXTENSIONS.iter().map(|row| Item::Extension(row.extension_type)).collect();
    let unknown = vec(bytes(0..9), 0..3).prop_map(|bodies| {
        let raw = |(code, body)| Item::Raw(ExtensionType(code), body);
        (0x0a0a..).zip(bodies).map(raw).collect::<Vec<_>>()
    });
    let pad = option::of((0..1000_usize).prop_map(|to| Item::Pad(0..to)));
    (unknown, pad)
        .prop_map(move |(unknown, pad)| [table.clone(), unknown, Vec::from_iter(pad)].concat())
        .prop_shuffle()
        .prop_map(Layout)
}

proptest! {
    #[test]
    fn client_hello_survives_the_wire_in_any_layout(hello in hello(), layout in layout()) {
        assert_round_trip(Message::ClientHello(hello.message()), &layout)?;
        assert_round_trip(Message::ClientHello(hello.message()), &Layout::client_hello())?;
    }

    #[test]
    fn client_hello_is_reproduced_from_what_was_received(hello in hello(), layout in layout()) {
        let (kind, encoded) = encode(&Message::ClientHello(hello.message()), &layout);
        let encoded = encoded.unwrap();
        let limits = everything_offered().limits;
        let parsed = ClientHello::parse(&encoded[HEADER_BYTES..], &limits).unwrap();
        let implemented = ExtensionSet::of(EXTENSIONS.iter().map(|row| row.extension_type));
        let same = Layout(parsed.extensions.received.iter().map(|extension| {
            let Extension { extension_type, extension_data } = extension;
            let ours = implemented.contains(extension_type);
            if ours && extension_type != ExtensionType::PADDING {
                Item::Extension(extension_type)
            } else {
                Item::Raw(extension_type, extension_data.to_vec())
            }
        }).collect());
        prop_assert_eq!(encode(&Message::ClientHello(parsed), &same), (kind, Ok(encoded.clone())));
    }

    #[test]
    fn server_hello_survives_the_wire(
        (random, echo) in (any::<[u8; 32]>(), bytes(0..=32)),
        (version, suite, group) in any::<(u16, u16, u16)>(),
        share in option::of(bytes(1..140)),
        pre_shared_key in any::<Option<u16>>(),
        cookie in option::of(bytes(1..140)),
        selected_group in any::<Option<u16>>(),
    ) {
        let group = NamedGroup(group);
        let selected_version = ProtocolVersion(version);
        let key_share = share.as_deref().map(|key_exchange| KeyShareEntry { group, key_exchange });
        let message = Message::ServerHello(ServerHello {
            legacy_version: ProtocolVersion::TLS12,
            random: &random,
            legacy_session_id_echo: &echo,
            cipher_suite: CipherSuite(suite),
            legacy_compression_method: 0,
            extensions: ServerHelloExtensions { selected_version, key_share, pre_shared_key },
        });
        assert_round_trip(message, &Layout::default())?;
        let message = Message::HelloRetryRequest(HelloRetryRequest {
            legacy_version: ProtocolVersion::TLS12,
            legacy_session_id_echo: &echo,
            cipher_suite: CipherSuite(suite),
            legacy_compression_method: 0,
            extensions: HelloRetryRequestExtensions {
                selected_version,
                cookie: cookie.as_deref(),
                selected_group: selected_group.map(NamedGroup),
            },
        });
        assert_round_trip(message, &Layout::default())?;
    }

    #[test]
    fn server_parameters_survive_the_wire(
        hello in hello(), context in bytes(0..=255), protocol in option::of(bytes(1..=255)),
        filters in option::of(filters()),
    ) {
        let ClientHelloExtensions {
            status_request, signed_certificate_timestamp, signature_algorithms,
            signature_algorithms_cert, certificate_authorities, supported_groups, early_data,
            quic_transport_parameters, record_size_limit, compress_certificate,
            client_certificate_types, server_certificate_types, ..
        } = hello.message().extensions;
        let message = Message::EncryptedExtensions(EncryptedExtensions {
            server_name: status_request,
            supported_groups,
            application_layer_protocol: protocol.as_deref(),
            client_certificate_type: client_certificate_types.and_then(|list| list.first()),
            server_certificate_type: server_certificate_types.and_then(|list| list.first()),
            early_data,
            quic_transport_parameters,
            record_size_limit,
            expected_ticket_count: record_size_limit.map(|limit| limit.to_be_bytes()[1]),
        });
        assert_round_trip(message, &Layout::encrypted_extensions())?;
        let message = Message::CertificateRequest(CertificateRequest {
            certificate_request_context: &context,
            signature_algorithms,
            signature_algorithms_cert,
            certificate_authorities,
            oid_filters: filters.as_ref().map(|list| list.list()),
            compress_certificate,
            status_request,
            signed_certificate_timestamp,
        });
        assert_round_trip(message, &Layout::certificate_request())?;
    }

    #[test]
    fn authentication_survives_the_wire(
        context in bytes(0..=255),
        entries in vec((bytes(1..99), option::of(bytes(1..99)), option::of(bytes(1..99))), 0..4),
        (scheme, signature, verify_data) in (any::<u16>(), bytes(0..600), bytes(1..64)),
    ) {
        let mut certificate_list = Vector::new();
        for (cert_data, ocsp_response, timestamp) in &entries {
            let mut timestamps = Vec::new();
            let mut writer = Writer::new(&mut timestamps);
            writer.vector16(|w| w.vector16(|w| w.raw(timestamp.as_deref().unwrap_or_default())));
            let entry = CertificateEntry {
                cert_data,
                ocsp_response: ocsp_response.as_deref(),
                signed_certificate_timestamps: timestamp.as_ref().map(|_| timestamps.as_slice()),
            };
            assert!(certificate_list.push(&entry));
        }
        assert_round_trip(
            Message::CompressedCertificate(CompressedCertificate {
                algorithm: CertificateCompressionAlgorithm(scheme),
                uncompressed_length: u32::from(scheme) * 255,
                compressed_certificate_message: &verify_data,
            }),
            &Layout::default(),
        )?;
        let certificate = Certificate {
            certificate_request_context: &context,
            certificate_list: certificate_list.list(),
        };
        prop_assert_eq!(certificate.certificate_list.iter().count(), entries.len());
        let algorithm = SignatureScheme(scheme);
        let messages = [
            Message::Certificate(certificate),
            Message::CertificateVerify(CertificateVerify { algorithm, signature: &signature }),
            Message::Finished(Finished { verify_data: &verify_data }),
        ];
        for message in messages {
            assert_round_trip(message, &Layout::default())?;
        }
    }

    #[test]
    fn messages_behind_the_handshake_survive_the_wire(
        (ticket_lifetime, ticket_age_add, max_early_data_size) in any::<(u32, u32, Option<u32>)>(),
        resumption_across_names in any::<bool>(),
        (ticket_nonce, ticket) in (bytes(0..=255), bytes(1..400)),
        request_update in (0..=1_u8).prop_map(KeyUpdateRequest),
    ) {
        let messages = [
            Message::NewSessionTicket(NewSessionTicket {
                ticket_lifetime,
                ticket_age_add,
                ticket_nonce: &ticket_nonce,
                ticket: &ticket,
                max_early_data_size,
                resumption_across_names,
            }),
            Message::KeyUpdate(KeyUpdate { request_update }),
            Message::EndOfEarlyData(EndOfEarlyData),
        ];
        for message in messages {
            assert_round_trip(message, &Layout::default())?;
        }
    }
}
