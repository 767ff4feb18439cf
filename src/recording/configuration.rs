//! Configurations, as lines: one for each field, in one order.

use std::sync::Arc;

use pki_types::ServerName;

use super::answers::{read_key, tell_key};
use super::journal::Journal;
use super::line::{Line, NONE, Words};
use super::replay::{Fault, Fields};
use crate::codec::{Encode, Vector, Writer};
use crate::compression::CertificateCompression;
use crate::connection::Padding;
use crate::crypto::Provider;
use crate::failure::Disclosure;
use crate::handshake::config::{
    ClientAuthentication, CompatibilityMode, Item, KeyShares, Layout, Preference, StatelessRetry,
    TicketRequest,
};
use crate::handshake::psk::OfferedPsk;
use crate::handshake::{ClientConfig, Destination, ServerConfig};
use crate::limits::Limits;
use crate::message::{DistinguishedName, OidFilter, ProtocolName};
use crate::registry::{
    CertificateCompressionAlgorithm, CertificateType, CipherSuite, ExtensionType, NamedGroup,
    PskKeyExchangeMode, SignatureScheme,
};

/// A value of a configuration.
pub(super) trait Field: Sized {
    fn tell(&self, line: Line) -> Line;
    fn read(words: &mut Words<'_>) -> Option<Self>;
}

macro_rules! configurations {
    ($($config:ident $tell:ident $read:ident { $($field:ident),+ $(,)? })+) => {$(
        /// Puts each field of a configuration into `journal`.
        pub(super) fn $tell(config: &$config, journal: &Journal) {
            $(journal.put(FIELD, |line| config.$field.tell(line.word(stringify!($field))));)+
            tell_compressions(&config.certificate_compressions, journal);
        }

        /// Reads each field of a configuration.
        pub(super) fn $read(
            config: &mut $config,
            fields: &mut Fields<'_>,
            compressions: &[Arc<dyn CertificateCompression>],
        ) -> Result<(), Fault> {
            $(config.$field = fields.field(FIELD, stringify!($field), Field::read)?;)+
            config.certificate_compressions = fields.field(FIELD, COMPRESSIONS, |words| {
                read_compressions(words, compressions)
            })?;
            Ok(())
        }
    )+};
}

const FIELD: &str = "configuration";
const COMPRESSIONS: &str = "certificate_compressions";

configurations! {
    ClientConfig tell_client read_client {
        cipher_suites, groups, key_shares, signature_schemes, certificate_signature_schemes,
        server_certificate_types, client_certificate_types, application_layer_protocols,
        certificate_authorities, psk_key_exchange_modes, ticket_request, request_ocsp_response,
        request_signed_certificate_timestamps, record_size_limit, post_handshake_auth,
        compatibility_mode, strict_legacy_version, grease, client_hello_layout, disclosure, limits,
    }
    ServerConfig tell_server read_server {
        cipher_suites, groups, announce_groups, acknowledge_server_name, resumption_across_names,
        psk_key_exchange_modes, preference, signature_schemes, certificate_signature_schemes,
        server_certificate_types, client_certificate_types, client_authentication,
        certificate_authorities, oid_filters, request_ocsp_response, record_size_limit,
        cookie_bytes, stateless_retry, compatibility_mode, strict_legacy_version, grease,
        encrypted_extensions_layout, certificate_request_layout, disclosure, limits,
    }
}

fn tell_compressions(compressions: &[Arc<dyn CertificateCompression>], journal: &Journal) {
    journal.put(FIELD, |line| {
        let codes = compressions.iter().map(|compression| compression.algorithm().0);
        codes.fold(line.word(COMPRESSIONS), Line::word)
    });
}

fn read_compressions(
    words: &mut Words<'_>,
    compressions: &[Arc<dyn CertificateCompression>],
) -> Option<Vec<Arc<dyn CertificateCompression>>> {
    let named = core::iter::from_fn(|| words.word()).map(|code| {
        let algorithm = CertificateCompressionAlgorithm(code.parse().ok()?);
        compressions.iter().find(|compression| compression.algorithm() == algorithm).cloned()
    });
    named.collect()
}

/// Puts where a client goes into `journal`.
pub(super) fn tell_destination(destination: &Destination, journal: &Journal) {
    let Destination { server_name, psks, early_data } = destination;
    let name = server_name.as_ref().map(|name| name.to_str());
    journal.put("destination", |line| {
        line.private_if_any(name.as_deref().map(str::as_bytes)).word(early_data).word(psks.len())
    });
    for OfferedPsk { identity, obfuscated_ticket_age, key } in psks {
        journal.put("psk", |line| {
            let line = line.private(identity).private(&obfuscated_ticket_age.to_be_bytes());
            tell_key(line, key)
        });
    }
}

/// Reads where a client goes.
pub(super) fn read_destination(
    fields: &mut Fields<'_>,
    provider: &Provider,
) -> Result<Destination, Fault> {
    let (server_name, early_data, count) = fields.line("destination", |words| {
        let name = match words.bytes_if_any()? {
            Some(name) => Some(ServerName::try_from(String::from_utf8(name).ok()?).ok()?),
            None => None,
        };
        Some((name, words.number()?, words.number::<usize>()?))
    })?;
    let mut psks = Vec::new();
    for _ in 0..count {
        psks.push(fields.line("psk", |words| {
            let (identity, age) = (words.bytes()?, words.bytes()?);
            Some(OfferedPsk {
                identity,
                obfuscated_ticket_age: u32::from_be_bytes(age.try_into().ok()?),
                key: read_key(words, provider)?,
            })
        })?);
    }
    Ok(Destination { server_name, psks, early_data })
}

macro_rules! numbers {
    ($($number:ident)+) => {$(
        impl Field for $number {
            fn tell(&self, line: Line) -> Line { line.word(self) }
            fn read(words: &mut Words<'_>) -> Option<Self> { words.number() }
        }
    )+};
}

numbers! { bool u16 }

macro_rules! vectors {
    ($($item:ty: $tell:ident)+) => {$(
        impl Field for Vector<$item> {
            fn tell(&self, line: Line) -> Line { line.$tell(self.list().as_bytes()) }
            fn read(words: &mut Words<'_>) -> Option<Self> {
                let (encoded, mut vector) = (words.bytes()?, Self::new());
                vector.push(&Encoded(&encoded)).then_some(vector)
            }
        }
    )+};
}

vectors! {
    CipherSuite: bytes
    NamedGroup: bytes
    SignatureScheme: bytes
    CertificateType: bytes
    PskKeyExchangeMode: bytes
    ProtocolName<'static>: private
    DistinguishedName<'static>: private
    OidFilter<'static>: private
}

/// Items as a list holds them.
struct Encoded<'b>(&'b [u8]);

impl Encode for Encoded<'_> {
    fn encode(&self, writer: &mut Writer<'_>) {
        writer.raw(self.0);
    }
}

macro_rules! choices {
    ($($choice:ident { $($name:ident)+ })+) => {$(
        impl Field for $choice {
            fn tell(&self, line: Line) -> Line { line.word(format_args!("{self:?}")) }
            fn read(words: &mut Words<'_>) -> Option<Self> {
                match words.word()? { $(stringify!($name) => Some(Self::$name),)+ _ => None }
            }
        }
    )+};
}

choices! {
    Disclosure { Exact CertificateGeneric Concealed }
    ClientAuthentication { None Request Require }
    CompatibilityMode { WhenAsked Always }
    Preference { Server ServerStrictly Client }
    StatelessRetry { WhenNeeded Always }
}

impl<Value: Field> Field for Option<Value> {
    fn tell(&self, line: Line) -> Line {
        match self {
            Some(value) => value.tell(line.word("some")),
            None => line.word(NONE),
        }
    }

    fn read(words: &mut Words<'_>) -> Option<Self> {
        match words.word()? {
            "some" => Value::read(words).map(Some),
            NONE => Some(None),
            _ => None,
        }
    }
}

impl Field for TicketRequest {
    fn tell(&self, line: Line) -> Line {
        line.word(self.new_session_count).word(self.resumption_count)
    }

    fn read(words: &mut Words<'_>) -> Option<Self> {
        Some(Self { new_session_count: words.number()?, resumption_count: words.number()? })
    }
}

impl Field for KeyShares {
    fn tell(&self, line: Line) -> Line {
        match self {
            Self::MostPreferred => line.word("MostPreferred"),
            Self::First(count) => line.word(format_args!("First {count}")),
            Self::Of(groups) => groups.tell(line.word("Of")),
        }
    }

    fn read(words: &mut Words<'_>) -> Option<Self> {
        match words.word()? {
            "MostPreferred" => Some(Self::MostPreferred),
            "First" => words.number().map(Self::First),
            "Of" => Field::read(words).map(Self::Of),
            _ => None,
        }
    }
}

impl Field for Layout {
    fn tell(&self, line: Line) -> Line {
        let Self(items) = self;
        items.iter().fold(line.word(items.len()), |line, item| match item {
            Item::Extension(ExtensionType(code)) => line.word(format_args!("Extension {code}")),
            Item::Raw(ExtensionType(code), body) => {
                line.word(format_args!("Raw {code}")).private(body)
            }
            Item::Pad(range) => line.word(format_args!("Pad {} {}", range.start, range.end)),
        })
    }

    fn read(words: &mut Words<'_>) -> Option<Self> {
        let count: usize = words.number()?;
        let mut item = || match words.word()? {
            "Extension" => Some(Item::Extension(ExtensionType(words.number()?))),
            "Raw" => Some(Item::Raw(ExtensionType(words.number()?), words.bytes()?)),
            "Pad" => Some(Item::Pad(words.number()?..words.number()?)),
            _ => None,
        };
        (0..count).map(|_| item()).collect::<Option<_>>().map(Self)
    }
}

macro_rules! limits {
    ($($limit:ident)+) => {
        impl Field for Limits {
            fn tell(&self, line: Line) -> Line {
                let Self { $($limit),+ } = self;
                line$(.word($limit))+
            }
            fn read(words: &mut Words<'_>) -> Option<Self> {
                Some(Self { $($limit: words.number()?),+ })
            }
        }
    };
}

limits! {
    message_bytes certificate_message_bytes certificates extensions psk_identities pending_bytes
    change_cipher_specs empty_records user_canceled_alerts key_updates certificate_requests
    skipped_early_data_bytes
}

impl Field for Padding {
    fn tell(&self, line: Line) -> Line {
        match self {
            Self::None => line.word(NONE),
            Self::ToMultipleOf(multiple) => line.word(multiple),
        }
    }

    fn read(words: &mut Words<'_>) -> Option<Self> {
        match words.word()? {
            NONE => Some(Self::None),
            multiple => multiple.parse().ok().map(Self::ToMultipleOf),
        }
    }
}
