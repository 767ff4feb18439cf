//! Whole connections with GnuTLS's `gnutls-serv` and `gnutls-cli`, over loopback sockets.

mod as_client;
mod as_server;
mod post_handshake;
mod raw_public_keys;
mod resumption;

use std::net::{SocketAddr, TcpListener};

use countersign::policy::{Credential, Roots, ServerTrust};
use countersign::registry::{CipherSuite, NamedGroup};
use countersign_testing::pki::{Authority, Issued, NAME, every_kind};
use countersign_testing::{Client, Folder, Program, Server, has_program};
use rcgen::date_time_ymd;

const SUITES: [(CipherSuite, &str); 3] = [
    (CipherSuite::TLS_AES_128_GCM_SHA256, "-CIPHER-ALL:+AES-128-GCM"),
    (CipherSuite::TLS_AES_256_GCM_SHA384, "-CIPHER-ALL:+AES-256-GCM"),
    (CipherSuite::TLS_CHACHA20_POLY1305_SHA256, "-CIPHER-ALL:+CHACHA20-POLY1305"),
];

const GROUPS: [(NamedGroup, &str); 3] = [
    (NamedGroup::X25519, "-GROUP-ALL:+GROUP-X25519"),
    (NamedGroup::SECP256R1, "-GROUP-ALL:+GROUP-SECP256R1"),
    (NamedGroup::SECP384R1, "-GROUP-ALL:+GROUP-SECP384R1"),
];

/// What GnuTLS is to offer, narrowed to this.
fn priority(narrowed: &[&str]) -> String {
    format!("--priority=NORMAL:-VERS-ALL:+VERS-TLS1.3:{}", narrowed.join(":"))
}

/// Authorities, certificates, and the files that GnuTLS reads them from.
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
    /// `None` where there is no GnuTLS.
    fn new() -> Option<Self> {
        (has_program("gnutls-serv") && has_program("gnutls-cli")).then(|| {
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

    /// Starts a `gnutls-serv` with this identity, which echoes.
    fn gnutls_serv(&self, identity: &str, more: &[&str]) -> (Program, SocketAddr) {
        let identity = self.folder.put("server.pem", identity);
        // It takes no port but a given one: one that was free just now.
        let address = listener().local_addr().unwrap();
        let port = address.port().to_string();
        let arguments = ["--echo", "--port", &port];
        let identity = ["--x509certfile", &identity, "--x509keyfile", &identity];
        let program = Program::start("gnutls-serv", arguments.iter().chain(&identity).chain(more));
        program.expect("...done");
        (program, address)
    }

    /// Starts a `gnutls-cli` that connects to `listener`, and takes nobody but [`NAME`].
    fn gnutls_cli(&self, listener: &TcpListener, more: &[&str]) -> Program {
        let port = listener.local_addr().unwrap().port().to_string();
        let arguments = ["127.0.0.1", "--port", &port, "--x509cafile", &self.roots_file];
        let names = ["--sni-hostname", NAME, "--verify-hostname", NAME];
        Program::start("gnutls-cli", arguments.iter().chain(&names).chain(more))
    }
}

fn credential(pem: &str) -> Credential {
    Credential::from_pem(pem.as_bytes(), pem.as_bytes()).unwrap()
}

fn listener() -> TcpListener {
    TcpListener::bind(("127.0.0.1", 0)).unwrap()
}
