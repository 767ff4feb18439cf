//! Groups and cipher suites by their names, and what compresses certificates.

use std::sync::Arc;

use countersign::compression::brotli::Brotli;
use countersign::compression::zlib::Zlib;
use countersign::compression::{CertificateCompression, Remembering};
use countersign::crypto::ring;
use countersign::registry::{CipherSuite, NamedGroup};

/// The group of this name, in upper or lower case.
pub(crate) fn group(name: &str) -> Result<NamedGroup, String> {
    let groups = ring::provider().groups;
    named(name, groups.iter().map(|group| (group.id(), group.id().name())))
}

/// The cipher suite of this name, in upper or lower case.
pub(crate) fn suite(name: &str) -> Result<CipherSuite, String> {
    let suites = ring::provider().suites;
    named(name, suites.iter().map(|suite| (suite.id, suite.id.name())))
}

/// Both algorithms. A server sends the same certificates to all, so Brotli may take its time.
pub(crate) fn compressions() -> Vec<Arc<dyn CertificateCompression>> {
    vec![Arc::new(Remembering::new(Brotli { quality: 11 }, 8)), Arc::new(Zlib::default())]
}

fn named<T>(
    name: &str,
    known: impl Iterator<Item = (T, Option<&'static str>)> + Clone,
) -> Result<T, String> {
    let is_it = |known: Option<&str>| known.is_some_and(|known| known.eq_ignore_ascii_case(name));
    let names: Vec<_> = known.clone().filter_map(|(_, name)| name).collect();
    let found = known.into_iter().find(|(_, known)| is_it(*known));
    found.map(|(value, _)| value).ok_or_else(|| format!("{name} is not one of {}", names.join(" ")))
}
