//! Who meets whom: the same certificates for every library.

use crate::pki::{Authority, Issued};

/// A root, a server and a client. Keys are of P-256; each chain is a leaf and the intermediate that
/// issued it.
pub struct Identities {
    /// Whom both trust.
    pub root: Authority,
    /// The server, which bears [`NAME`](crate::pki::NAME).
    pub server: Issued,
    /// The client.
    pub client: Issued,
}

impl Identities {
    /// New keys and certificates.
    #[must_use]
    pub fn new() -> Self {
        let root = Authority::root("root");
        let intermediate = root.intermediate("intermediate");
        let (server, client) = (intermediate.issue(|_| {}), intermediate.issue(|_| {}));
        Self { root, server, client }
    }
}

impl Default for Identities {
    fn default() -> Self {
        Self::new()
    }
}
