//! The examples, run as a reader of the README would run them.

use std::env;
use std::fs;
use std::path::Path;
use std::process::Command;

use countersign::handshake::Fact;
use countersign_testing::pki::{Authority, NAME};
use countersign_testing::{Client, Folder, Program, Talk, has_program};
use rcgen::{CertificateParams, date_time_ymd};

/// The program of an example; `cargo test` builds all of them, with `--test` it builds none.
fn example(name: &str) -> String {
    let test = env::current_exe().unwrap();
    let program = test.parent().and_then(Path::parent).unwrap().join("examples").join(name);
    assert!(program.exists(), "{name} is not built: cargo build --examples");
    program.to_str().unwrap().into()
}

/// What `handshake` prints.
fn handshake(arguments: &[&str]) -> (bool, String) {
    let output = Command::new(example("handshake")).args(arguments).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn provider_counts_its_records_and_signs_in_another_thread() {
    let output = Command::new(example("provider")).output().unwrap();
    let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
    assert!(output.status.success(), "{text}");
    for expected in [
        "client agrees: TLS_AES_128_GCM_SHA256, Some(X25519)",
        "server asks for a signature, and waits",
        "server receives: hello",
        "3 records were sealed by our AEAD",
    ] {
        assert!(text.contains(expected), "{expected:?} is not in:\n{text}");
    }
}

/// The scenarios, and what each of them comes to at the client and at the server.
const SCENARIOS: &[(&str, &[&str])] = &[
    (
        "mutual",
        &["client  closed, both ways and in order", "server  closed, both ways and in order"],
    ),
    (
        "declined",
        &[
            "client  refused in Connected: certificate_required(116)",
            "The server requires a client certificate, and none was sent.",
            "class Credential, advice AskForCertificate",
            "server  failed in WaitCertificate: the client provides no certificate",
        ],
    ),
    (
        "denied",
        &[
            "client  refused in Connected: access_denied(49)",
            "The server accepts the client certificate as valid, and denies access to its holder.",
            "sent by the authenticated peer",
            "server  failed in VerifyCertificate: the client's certificate is valid",
        ],
    ),
    (
        "expired",
        &[
            "! no: it expired on 2024-12-31",
            "client  refused in Connected: certificate_expired(45)",
            "it has expired or is not yet valid.",
            "server  failed in VerifyCertificate: the certificate has expired",
        ],
    ),
    (
        "unknown-ca",
        &[
            "client  refused in Connected: unknown_ca(48)",
            "its issuer is not trusted.",
            "server  failed in VerifyCertificate: the certificate's issuer is not trusted",
        ],
    ),
    (
        "wrong-purpose",
        &[
            "! no: it is for another purpose",
            "client  refused in Connected: unsupported_certificate(43)",
            "server  failed in VerifyCertificate: the certificate is of an unsupported kind",
        ],
    ),
    (
        "concealed",
        &[
            "client  refused in Connected: general_error(117)",
            "and conceals why.",
            "server  failed in VerifyCertificate: the certificate has expired",
        ],
    ),
    (
        "late-alert",
        &[
            "writing fails; reading goes on",
            "client  refused in Connected: certificate_required(116)",
            "14 bytes were written that the server has probably not read",
            "server  failed in WaitCertificate",
        ],
    ),
    (
        "truncated",
        &[
            "client  cut off in Connected",
            "this may be a refusal of the client certificate, or of the lack of one.",
            "not authenticated: it could have been forged",
            "server  cut off in WaitCertificate",
        ],
    ),
    (
        "filtered",
        &[
            "client  refused in WaitServerHello: access_denied(49)",
            "or the network does not let the connection through.",
            "not authenticated: it could have been forged",
            "class Authorization, advice none",
            "server  still in WaitClientHello",
        ],
    ),
    (
        "name",
        &[
            "client  refused in WaitServerHello: unrecognized_name(112)",
            "The server does not serve the name that was asked for.",
            "server  failed in SelectCredential: no server of that name is here",
        ],
    ),
    (
        "no-protocol",
        &[
            "client  refused in WaitServerHello: no_application_protocol(120)",
            "The server supports none of the application protocols that were offered.",
            "server  failed in SelectCredential: no application protocol in common",
        ],
    ),
    (
        "no-suite",
        &[
            "client  refused in WaitServerHello: handshake_failure(40)",
            "The server and the client have no acceptable parameters in common.",
            "server  failed in WaitClientHello: no cipher suite in common",
        ],
    ),
    (
        "untrusted-server",
        &[
            "client  failed in VerifyCertificate: the certificate's issuer is not trusted",
            "server  refused in WaitFinished: unknown_ca(48)",
            "The client does not accept the server certificate: its issuer is not trusted.",
        ],
    ),
    ("retry", &["HelloRetryRequest", "client  still in Connected", "server  still in Connected"]),
    ("key-update", &["[KeyUpdate]", "client  closed, both ways", "server  closed, both ways"]),
];

/// The words of a text, however it is broken into lines.
fn words(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn handshake_shows_a_mutual_handshake_and_a_client_that_declines() {
    let (success, text) = handshake(&[]);
    assert!(success);
    let expected = [
        "ClientHello ─",
        "SelectCredential",
        "? who is example.com",
        "─ ServerHello",
        "+ handshake key to send",
        "─ {CertificateRequest}",
        "? is CN=example.com welcome",
        "! yes",
        "? sign as CN=alice",
        "{Certificate} ─",
        "? is CN=alice welcome",
        "authentication pending",
        "authentication processed",
        "[close_notify(0)]",
        "{Certificate, empty} ─",
        "✕",
        "authentication rejected",
        "─ [certificate_required(116)]",
        "advice AskForCertificate",
    ];
    let mut rest = &text[..];
    for expected in expected {
        let position = rest.find(expected).unwrap_or_else(|| panic!("no {expected}:\n{text}"));
        rest = &rest[position..];
    }
}

#[test]
fn handshake_explains_the_end_of_every_scenario() {
    let (success, list) = handshake(&["--scenario", "list"]);
    assert!(success);
    let listed = list.lines().filter_map(|line| line.split(' ').next());
    assert!(listed.eq(SCENARIOS.iter().map(|(name, _)| *name)), "{list}");
    for (name, expected) in SCENARIOS {
        let (success, text) = handshake(&["--scenario", name]);
        assert!(success, "{name}");
        for expected in *expected {
            assert!(words(&text).contains(&words(expected)), "no {expected}:\n{text}");
        }
    }
}

#[test]
fn handshake_fits_into_a_hundred_columns() {
    let (success, text) = handshake(&["--scenario", "all"]);
    assert!(success);
    for line in text.lines() {
        assert!(line.chars().count() <= 100, "{line}");
    }
}

#[test]
fn handshake_says_what_it_does_not_know() {
    for arguments in [&["--scenario", "unheard-of"][..], &["--wrong"], &["stray"]] {
        let (success, text) = handshake(arguments);
        assert!(!success && text.starts_with("handshake: "), "{text}");
    }
}

/// An authority, files, and a server that is run with them.
struct Bench {
    root: Authority,
    folder: Folder,
    root_file: String,
    server_file: String,
}

impl Bench {
    fn new() -> Self {
        let (root, folder) = (Authority::root("root"), Folder::new());
        let root_file = folder.put("root.pem", root.pem());
        let server_file = folder.put("server.pem", root.issue(|_| {}).pem());
        Self { root, folder, root_file, server_file }
    }

    /// The running server, and where it listens.
    fn server(&self, more: &[&str]) -> (Program, String) {
        let arguments = ["--cert", &self.server_file];
        let program = Program::start(&example("server"), arguments.iter().chain(more));
        let address = program.listens("listening on").to_string();
        (program, address)
    }

    /// What the client prints, and whether it is content.
    fn client(&self, address: &str, more: &[&str]) -> (bool, String) {
        let arguments = [NAME, "--connect", address, "--cafile", &self.root_file];
        let output = Command::new(example("client")).args(arguments).args(more).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    }
}

#[test]
fn client_and_server_authenticate_each_other_agree_on_a_protocol_and_update_keys() {
    let bench = Bench::new();
    let logs = ["server.log", "client.log"].map(|name| bench.folder.path(name));
    let [server_log, client_log] = logs.each_ref().map(|path| path.to_str().unwrap());
    let more = ["--client-auth", "require", "--ca", &bench.root_file, "--alpn", "http/1.1"];
    let server = [&more[..], &["--keylog", server_log, "--compress"]].concat();
    let (_server, address) = bench.server(&server);
    let alice = bench.folder.put("alice.pem", bench.root.issue(|_| {}).pem());
    let more = ["--cert", &alice, "--alpn", "h2", "--alpn", "http/1.1", "--path", "/keyupdate"];
    let more =
        [&more[..], &["--keylog", client_log, "--compress", "--group", "secp384r1"]].concat();
    let (success, text) = bench.client(&address, &more);
    assert!(success, "{text}");
    for expected in [
        "HTTP/1.1 200 OK",
        "Hello, CN=leaf.",
        "TLS_AES_128_GCM_SHA256, SECP384R1, http/1.1",
        "own authentication: Pending(Sent)",
        "closed, both ways and in order",
    ] {
        assert!(text.contains(expected), "no {expected}:\n{text}");
    }
    let lines = |log: &str| -> Vec<String> {
        let mut lines: Vec<_> =
            fs::read_to_string(log).unwrap().lines().map(String::from).collect();
        lines.sort();
        lines
    };
    assert_eq!(lines(server_log), lines(client_log));
    assert_eq!(lines(client_log).len(), 4);
}

/// What `replay` prints, and whether nothing is different.
fn replay(file: &str, more: &[&str]) -> (bool, String) {
    let output = Command::new(example("replay")).arg(file).args(more).output().unwrap();
    let text = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8(text).unwrap())
}

#[test]
fn what_client_and_server_record_is_run_again_and_what_is_redacted_is_shown() {
    let bench = Bench::new();
    let [of_client, of_server, other_server] = ["client", "server", "server.1"]
        .map(|name| bench.folder.path(name).to_str().unwrap().to_owned());
    let more = ["--record-full", &of_server, "--tickets", "2", "--compress"];
    let (server, address) = bench.server(&more);
    let (success, text) = bench.client(&address, &["--record", &of_client, "--compress"]);
    assert!(success, "{text}");
    server.expect_times("closed, both ways", 1);
    let (success, text) = bench.client(&address, &["--record-full", &of_client]);
    assert!(success, "{text}");
    server.expect_times("closed, both ways", 2);
    for file in [&of_client, &of_server, &other_server] {
        let (success, text) = replay(file, &[]);
        assert!(success && text.ends_with("lines, and nothing is different\n"), "{text}");
    }
    let (success, text) = replay(&of_server, &["--step"]);
    assert!(success && text.contains("\nanswer 0 CredentialSelected"), "{text}");
    assert!(
        text.contains("\n    in SelectCredential\n") && text.contains("Ended Closed"),
        "{text}"
    );
    let changed = fs::read_to_string(&of_server).unwrap().replace(" Signed ", " Signed 00");
    let (success, text) = replay(&bench.folder.put("changed", changed), &[]);
    assert!(!success && text.starts_with("line ") && text.contains("recorded was"), "{text}");

    let (success, _) = bench.client(&address, &["--record", &of_client, "--path", "/in/private"]);
    let (shown, text) = replay(&of_client, &[]);
    assert!(success && shown && text.starts_with("countersign-recording 1 redacted client\n"));
    assert!(text.contains("Ended Closed\n") && text.contains("\ntime "), "{text}");
    assert!(!text.contains("private") && !text.contains(NAME), "{text}");
    let (success, text) = replay(&bench.server_file, &[]);
    assert!(!success && text == "replay: line 1 cannot be read\n", "{text}");
}

#[test]
fn client_says_why_it_is_refused_in_which_state_and_by_which_alert() {
    let bench = Bench::new();
    let expired = bench.root.issue(|params| params.not_after = date_time_ymd(2024, 1, 1));
    let expired = bench.folder.put("expired.pem", expired.pem());
    let alice = bench.folder.put("alice.pem", bench.root.issue(|_| {}).pem());
    let asks = ["--client-auth", "require", "--ca", &bench.root_file];
    let denies = [&asks[..], &["--deny"]].concat();
    for (server, client, expected) in [
        (&asks[..], &[][..], "refused in Connected: certificate_required(116)"),
        (&asks, &["--cert", &expired], "refused in Connected: certificate_expired(45)"),
        (&denies, &["--cert", &alice], "refused in Connected: access_denied(49)"),
        (&["--alpn", "imap"], &["--alpn", "h2"], "no_application_protocol(120)"),
        (
            &["--suite", "TLS_AES_256_GCM_SHA384"],
            &["--suite", "TLS_AES_128_GCM_SHA256"],
            "refused in WaitServerHello: handshake_failure(40)",
        ),
    ] {
        let (_server, address) = bench.server(server);
        let (success, text) = bench.client(&address, client);
        assert!(!success && text.contains(expected), "no {expected}:\n{text}");
    }
}

#[test]
fn client_says_why_it_refuses_a_server_and_the_server_hears_it() {
    let bench = Bench::new();
    let (server, address) = bench.server(&[]);
    let elsewhere = bench.folder.put("other.pem", Authority::root("other").pem());
    let (success, text) = bench.client(&address, &["--cafile", &elsewhere]);
    assert!(!success);
    for expected in [
        "the server is not accepted: certificate for CN=leaf",
        "no trusted root leads to it",
        "failed in VerifyCertificate: the certificate's issuer is not trusted",
    ] {
        assert!(text.contains(expected), "no {expected}:\n{text}");
    }
    server.expect("The client does not accept the server certificate: its issuer is not trusted.");
    let (success, text) = bench.client(&address, &["--cafile", &elsewhere, "--no-verify"]);
    assert!(success && text.contains("200 OK"), "{text}");
}

#[test]
fn server_chooses_among_its_certificates_by_name() {
    let bench = Bench::new();
    let other = bench.root.issue(|params| {
        let names = CertificateParams::new([String::from("other.example")]).unwrap();
        params.subject_alt_names = names.subject_alt_names;
    });
    let other = bench.folder.put("other.pem", other.pem());
    let (_server, address) = bench.server(&["--cert", &other, "--require-known-name"]);
    for (name, is_served) in [(NAME, true), ("other.example", true), ("third.example", false)] {
        let arguments = [name, "--connect", &address, "--cafile", &bench.root_file];
        let output = Command::new(example("client")).args(arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.success(), is_served, "{text}");
        assert_eq!(text.contains("unrecognized_name(112)"), !is_served, "{text}");
    }
}

#[test]
fn server_echoes() {
    let bench = Bench::new();
    let (_server, address) = bench.server(&["--echo"]);
    let client = Client::trusting(&bench.root);
    let mut talk = Talk::connect(&client, address.parse().unwrap()).unwrap();
    talk.complete();
    talk.say(b"said and said again");
    talk.hear(b"said and said again");
    talk.close();
}

/// Fails unless all of these are in the text.
fn all_in(text: &str, expected: &[&str]) {
    for expected in expected {
        assert!(text.contains(expected), "no {expected}:\n{text}");
    }
}

#[test]
fn client_comes_back_with_early_data_and_is_known_by_the_certificate_that_it_showed_first() {
    let bench = Bench::new();
    let asks = ["--client-auth", "require", "--ca", &bench.root_file];
    let gives = ["--tickets", "2", "--early-data", "1000"];
    let (server, address) = bench.server(&[&asks[..], &gives].concat());
    let alice = bench.folder.put("alice.pem", bench.root.issue(|_| {}).pem());
    let request = "GET /early HTTP/1.1\r\n\r\n";
    let file = bench.folder.put("early", request);
    let session = bench.folder.path("session");
    let session = session.to_str().unwrap();
    let keeps = ["--session-out", session];

    let (success, text) = bench.client(&address, &[&keeps[..], &["--cert", &alice]].concat());
    assert!(success && !text.contains("PSK"), "{text}");
    all_in(&text, &["Hello, CN=leaf."]);

    for early in [request, &file] {
        let more = ["--session-in", session, "--early-data", early];
        let (success, text) = bench.client(&address, &[&keeps[..], &more].concat());
        assert!(success, "{text}");
        all_in(&text, &["Resumption PSK", "23 of 23 bytes go ahead", "early data was taken"]);
        assert_eq!(text.matches("Hello, CN=leaf.").count(), 2, "{text}");
    }
    server.expect_times("server: takes early data", 2);

    // The first comes back with the last ticket, and then there is none left.
    let (success, _) = bench.client(&address, &["--session-in", session]);
    assert!(success);
    let again = ["--session-in", session, "--early-data", request];
    let (success, text) = bench.client(&address, &again);
    assert!(!success && !text.contains("PSK"), "{text}");
    all_in(&text, &["early data was not taken", "certificate_required(116)"]);
    server.expect("server: no early data");
}

#[test]
fn client_sends_no_more_early_data_than_the_ticket_permits() {
    let bench = Bench::new();
    let session = bench.folder.path("session");
    let session = session.to_str().unwrap();
    for (gives, permitted) in [("10", true), ("0", true), ("none", false)] {
        let early = if permitted { &["--early-data", gives][..] } else { &[] };
        let (_server, address) = bench.server(&[&["--tickets", "1"], early].concat());
        let client = Client::trusting(&bench.root);
        let mut talk = Talk::connect(&client, address.parse().unwrap()).unwrap();
        talk.until(|talk| talk.count(|fact| matches!(fact, Fact::Ticket(_))) == 1);
        let ticket = talk.facts.iter().find_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket.to_bytes().unwrap()),
            _ => None,
        });
        fs::write(session, ticket.unwrap()).unwrap();
        talk.close();
        let more = ["--session-in", session, "--early-data", "more than ten bytes"];
        let (success, text) = bench.client(&address, &more);
        let told = text.contains(&format!("{gives} of 19 bytes go ahead"));
        assert_eq!((success, told), (permitted, permitted), "{text}");
    }
}

#[test]
fn programs_agree_on_an_external_key_imported_or_raw() {
    let key = "device=7=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let other = "device=7=ff112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let unknown = "device=8=00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff";
    let (sha256, sha384) = ("TLS_AES_128_GCM_SHA256", "TLS_AES_256_GCM_SHA384");
    let page = "HTTP/1.1 200 OK";
    for (server, client, suite, expected) in [
        (["--psk", key], ["--psk", key], sha256, &["Imported PSK", page][..]),
        (["--psk", key], ["--psk", key], sha384, &["Imported PSK", page]),
        (["--raw-psk", key], ["--raw-psk", key], sha256, &["External PSK", page]),
        (["--psk", key], ["--psk", other], sha256, &["decrypt_error(51)"]),
        (["--psk", key], ["--psk", unknown], sha256, &["unknown_psk_identity(115)"]),
        (["--psk", key], ["--raw-psk", key], sha256, &["unknown_psk_identity(115)"]),
    ] {
        let program = Program::start(&example("server"), server);
        let address = program.listens("listening on").to_string();
        let arguments = [NAME, "--connect", &address, "--suite", suite];
        let output = Command::new(example("client")).args(arguments).args(client).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert_eq!(output.status.success(), expected.contains(&page), "{text}");
        all_in(&text, expected);
    }
}

#[test]
fn programs_keep_to_each_others_record_size_limit() {
    let bench = Bench::new();
    let (_server, address) = bench.server(&["--record-size-limit", "64"]);
    for limit in ["64", "100", "16385"] {
        let (success, text) = bench.client(&address, &["--record-size-limit", limit]);
        assert!(success, "{text}");
        all_in(&text, &["200 OK", &format!("records up to 64 out and {limit} in")]);
    }
    let (success, text) = bench.client(&address, &[]);
    assert!(success && text.contains("records up to 64 out and 16385 in"), "{text}");
}

#[test]
fn programs_say_what_they_cannot_use() {
    let bench = Bench::new();
    for (name, arguments) in [
        ("client", &[][..]),
        ("client", &["server.example", "--group", "X9"]),
        ("client", &["server.example", "--cafile", "/nowhere"]),
        ("client", &["server.example", "--cert", &bench.root_file]),
        ("client", &["server.example", "--session-in", &bench.root_file]),
        ("client", &["server.example", "--session-in", "/nowhere"]),
        ("client", &["server.example", "--early-data", "without a ticket"]),
        ("client", &["server.example", "--psk", "without a key"]),
        ("client", &["server.example", "--psk", "odd=123"]),
        ("client", &["server.example", "--raw-psk", "none="]),
        ("client", &["server.example", "--record-size-limit", "63"]),
        ("server", &[]),
        ("server", &["--psk", "=00"]),
        ("server", &["--cert", &bench.root_file]),
        ("server", &["--cert", &bench.server_file, "--client-auth", "require"]),
    ] {
        let output = Command::new(example(name)).args(arguments).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(text.starts_with(&format!("{name}: ")), "{text}");
    }
}

#[test]
fn curl_fetches_pages_over_one_connection() {
    if !has_program("curl") {
        return;
    }
    let bench = Bench::new();
    let more = ["--client-auth", "require", "--ca", &bench.root_file, "--alpn", "http/1.1"];
    let (_server, address) = bench.server(&more);
    let port = address.rsplit(':').next().unwrap();
    let alice = bench.folder.put("alice.pem", bench.root.issue(|_| {}).pem());
    let curl = |more: &[&str]| {
        let resolve = format!("{NAME}:{port}:127.0.0.1");
        let arguments = ["-sS", "-m", "20", "--cacert", &bench.root_file, "--resolve", &resolve];
        let pages = ["a", "b/keyupdate"].map(|page| format!("https://{NAME}:{port}/{page}"));
        let format = ["-w", "%{num_connects}\n"];
        let mut curl = Command::new("curl");
        let output = curl.args(arguments).args(format).args(more).args(pages).output().unwrap();
        let text = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8(text).unwrap())
    };
    let (success, text) = curl(&["--cert", &alice, "--key", &alice]);
    let page = "Hello, CN=leaf.\nTLS_AES_128_GCM_SHA256, X25519, http/1.1\n";
    assert!(success && text == format!("{page}1\n{page}0\n"), "{text}");
    let (success, text) = curl(&[]);
    assert!(!success && text.contains("certificate required"), "{text}");
}
