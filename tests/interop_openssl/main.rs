//! Whole connections with OpenSSL's `s_server` and `s_client`, over loopback sockets.

mod as_client;
mod as_client_refused;
mod as_server;
mod as_server_refused;
mod bulk;
mod hybrids;
mod post_handshake;
mod resumption;

use std::net::{SocketAddr, TcpListener};

use countersign::codec::Vector;
use countersign::message::ProtocolName;
use countersign::policy::{Credential, Roots, ServerTrust};
use countersign::registry::{CipherSuite, NamedGroup};
use countersign_testing::pki::{Authority, Issued, NAME, every_kind};
use countersign_testing::{Client, Folder, Program, Server, has_program};
use rcgen::{ExtendedKeyUsagePurpose, date_time_ymd};

const SUITES: [(CipherSuite, &str); 3] = [
    (CipherSuite::TLS_AES_128_GCM_SHA256, "TLS_AES_128_GCM_SHA256"),
    (CipherSuite::TLS_AES_256_GCM_SHA384, "TLS_AES_256_GCM_SHA384"),
    (CipherSuite::TLS_CHACHA20_POLY1305_SHA256, "TLS_CHACHA20_POLY1305_SHA256"),
];

const GROUPS: [(NamedGroup, &str); 3] = [
    (NamedGroup::X25519, "X25519"),
    (NamedGroup::SECP256R1, "P-256"),
    (NamedGroup::SECP384R1, "P-384"),
];

/// Authorities, certificates, and the files that OpenSSL reads them from.
struct Bench {
    root: Authority,
    /// Both roots, in PEM.
    roots: String,
    roots_file: String,
    /// A certificate for each kind of key, and the key, in PEM.
    identities: Vec<(&'static str, String)>,
    folder: Folder,
}

impl Bench {
    /// `None` where there is no OpenSSL.
    fn new() -> Option<Self> {
        has_program("openssl").then(|| {
            let root = Authority::root("root");
            let folder = Folder::new();
            let (identities, roots) = every_kind(&root);
            let roots_file = folder.put("roots.pem", &roots);
            Self { root, roots, roots_file, identities, folder }
        })
    }

    /// The certificate and key for P-256, in PEM.
    fn identity(&self) -> &str {
        &self.identities[0].1
    }

    fn expired(&self) -> Issued {
        self.root.issue(|params| params.not_after = date_time_ymd(2024, 1, 1))
    }

    fn for_purpose(&self, purpose: ExtendedKeyUsagePurpose) -> Issued {
        self.root.issue(|params| params.extended_key_usages = vec![purpose])
    }

    /// Trusts both roots.
    fn client(&self) -> Client {
        let mut client = Client::trusting(&self.root);
        client.policy.servers = ServerTrust::Roots(self.trust());
        client
    }

    fn server(&self, identity: &str) -> Server {
        Server::known_by(credential(identity))
    }

    fn trust(&self) -> Roots {
        Roots::from_pem(self.roots.as_bytes()).unwrap()
    }

    /// Starts an `s_server` with this identity.
    fn s_server(&self, identity: &str, more: &[&str]) -> (Program, SocketAddr) {
        let identity = self.folder.put("server.pem", identity);
        let arguments =
            ["s_server", "-accept", "127.0.0.1:0", "-cert", &identity, "-key", &identity];
        let program = Program::start("openssl", arguments.iter().chain(more));
        let address = program.listens("ACCEPT 127.0.0.1:");
        (program, address)
    }

    /// Starts an `s_client` that connects to `listener`, and takes nobody but [`NAME`].
    fn s_client(&self, listener: &TcpListener, more: &[&str]) -> Program {
        let address = listener.local_addr().unwrap().to_string();
        let arguments = [
            "s_client",
            "-connect",
            &address,
            "-servername",
            NAME,
            "-verify_hostname",
            NAME,
            "-verify_return_error",
        ];
        Program::start("openssl", arguments.iter().chain(more))
    }
}

fn credential(pem: &str) -> Credential {
    Credential::from_pem(pem.as_bytes(), pem.as_bytes()).unwrap()
}

fn listener() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).unwrap()
}

fn protocols(names: &[&'static str]) -> Vector<ProtocolName<'static>> {
    names.iter().map(|name| ProtocolName(name.as_bytes())).collect()
}
