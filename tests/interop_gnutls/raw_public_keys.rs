//! Raw public keys, each way and both ways (RFC 7250).

use countersign::codec::Vector;
use countersign::failure::Cause;
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::{End, Fact};
use countersign::policy::{Credential, Roots, ServerTrust};
use countersign::registry::CertificateType;
use countersign_testing::{Client, Program, Server, Talk};
use rcgen::KeyPair;

use crate::{Bench, listener, priority};

const RAW: CertificateType = CertificateType::RAW_PUBLIC_KEY;

/// A key, and the files that GnuTLS reads it from.
struct Key {
    pair: KeyPair,
    public_file: String,
    private_file: String,
}

impl Key {
    fn new(bench: &Bench, name: &str) -> Self {
        let pair = KeyPair::generate().unwrap();
        let public_file = bench.folder.put(&[name, ".pub.pem"].concat(), pair.public_key_pem());
        let private_file = bench.folder.put(&[name, ".key.pem"].concat(), pair.serialize_pem());
        Self { pair, public_file, private_file }
    }

    fn credential(&self) -> Credential {
        let (public, private) = (self.pair.public_key_pem(), self.pair.serialize_pem());
        Credential::raw_public_key_from_pem(public.as_bytes(), private.as_bytes()).unwrap()
    }

    fn trusted(&self) -> Roots {
        use rcgen::PublicKeyData;
        let mut roots = Roots::default();
        roots.add_raw_public_key(&self.pair.subject_public_key_info().into()).unwrap();
        roots
    }

    fn options(&self) -> [&str; 4] {
        ["--rawpkkeyfile", &self.private_file, "--rawpkfile", &self.public_file]
    }
}

fn raw() -> Vector<CertificateType> {
    Vector::from_iter([RAW])
}

/// GnuTLS has and takes these types, and no others.
fn only(types: &[&str]) -> String {
    let types: Vec<_> = types.iter().map(|of| format!("+CTYPE-{of}")).collect();
    priority(&[&format!("-CTYPE-ALL:{}", types.join(":"))])
}

fn client(bench: &Bench, server: &Key, own: Option<&Key>) -> Client {
    let mut client = bench.client();
    client.policy.servers = ServerTrust::Roots(server.trusted());
    client.config.server_certificate_types = raw();
    if let Some(own) = own {
        client.config.client_certificate_types = raw();
        client.policy.credentials.push(own.credential());
    }
    client
}

fn server(own: &Key, client: Option<&Key>) -> Server {
    let mut server = Server::known_by(own.credential());
    server.config.server_certificate_types = raw();
    if let Some(client) = client {
        server.config.client_authentication = ClientAuthentication::Require;
        server.config.client_certificate_types = raw();
        server.policy.client_roots = Some(client.trusted());
    }
    server
}

fn types(talk: &Talk<'_>) -> [bool; 2] {
    let types = talk.negotiated().certificate_types.unwrap();
    [types.server, types.client].map(|of| of == RAW)
}

fn gnutls_serv(bench: &Bench, own: &Key, more: &[&str]) -> (Program, std::net::SocketAddr) {
    let more: Vec<_> = own.options().into_iter().chain(more.iter().copied()).collect();
    bench.gnutls_serv(bench.identity(), &more)
}

#[test]
fn client_knows_the_server_by_its_raw_public_key() {
    let Some(bench) = Bench::new() else { return };
    let (own, stranger) = (Key::new(&bench, "server"), Key::new(&bench, "stranger"));
    let types_of_theirs = only(&["SRV-RAWPK", "CLI-X509"]);
    let (_program, address) =
        gnutls_serv(&bench, &own, &["--disable-client-cert", &types_of_theirs]);
    let ours = client(&bench, &own, None);
    let mut talk = Talk::connect(&ours, address).unwrap();
    talk.complete();
    assert_eq!(types(&talk), [true, false]);
    talk.say(b"said\n");
    talk.hear(b"said\n");
    talk.close();

    let ours = client(&bench, &stranger, None);
    let mut talk = Talk::connect(&ours, address).unwrap();
    assert_eq!(talk.failure(), Cause::CertificateUnacceptable);
}

#[test]
fn client_and_server_authenticate_with_raw_public_keys() {
    let Some(bench) = Bench::new() else { return };
    let (of_server, of_client) = (Key::new(&bench, "server"), Key::new(&bench, "client"));
    let types_of_theirs = only(&["SRV-RAWPK", "CLI-RAWPK"]);
    let more = ["--require-client-cert", &types_of_theirs];
    let (_program, address) = gnutls_serv(&bench, &of_server, &more);
    let ours = client(&bench, &of_server, Some(&of_client));
    let mut talk = Talk::connect(&ours, address).unwrap();
    talk.complete();
    assert_eq!(types(&talk), [true, true]);
    talk.say(b"said\n");
    talk.hear(b"said\n");
    talk.close();
}

/// Words both ways, and an end in order, begun by the client.
fn converse(mut talk: Talk<'_>, mut program: Program) {
    program.tell(b"theirs\n");
    talk.hear(b"theirs\n");
    talk.say(b"ours\n");
    program.expect("ours\n");
    program.hush();
    talk.until(|talk| talk.count(|fact| matches!(fact, Fact::PeerClosed)) == 1);
    talk.connection().close().unwrap();
    assert_eq!(talk.end(), End::Closed);
}

#[test]
fn server_is_met_for_its_raw_public_key() {
    let Some(bench) = Bench::new() else { return };
    let own = Key::new(&bench, "server");
    let listener = listener();
    let ours = server(&own, None);
    // It has no file of keys to trust, and says so, and goes on.
    let program = bench.gnutls_cli(&listener, &["--insecure", &only(&["SRV-RAWPK", "CLI-X509"])]);
    let mut talk = Talk::accept(&ours, &listener).unwrap();
    talk.complete();
    assert_eq!(types(&talk), [true, false]);
    program.expect("- Certificate type: Raw Public Key");
    converse(talk, program);
}

#[test]
fn server_knows_the_client_by_its_raw_public_key() {
    let Some(bench) = Bench::new() else { return };
    let own = Key::new(&bench, "server");
    let (known, stranger) = (Key::new(&bench, "client"), Key::new(&bench, "stranger"));
    let listener = listener();
    let ours = server(&own, Some(&known));
    let cli = |key: &Key| {
        let types = only(&["SRV-RAWPK", "CLI-RAWPK"]);
        let more: Vec<_> = key.options().into_iter().chain(["--insecure", &types]).collect();
        bench.gnutls_cli(&listener, &more)
    };
    let program = cli(&known);
    let mut talk = Talk::accept(&ours, &listener).unwrap();
    talk.complete();
    assert_eq!(types(&talk), [true, true]);
    converse(talk, program);

    let _program = cli(&stranger);
    let mut talk = Talk::accept(&ours, &listener).unwrap();
    assert_eq!(talk.failure(), Cause::CertificateUnacceptable);
}
