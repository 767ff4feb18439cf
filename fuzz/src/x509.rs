//! Certificates of any shape: read, told, and validated.

use std::path::Path;
use std::sync::LazyLock;
use std::time::Duration;

use countersign::crypto::leaf::Leaf;
use countersign::policy::{Credential, Inspection, Purpose, Roots};
use pki_types::pem::PemObject;
use pki_types::{CertificateDer, ServerName, UnixTime};

use crate::script::Script;

/// Reads what `bytes` describe as certificates, revocation lists or PEM texts.
///
/// # Panics
/// On a finding.
pub fn check(bytes: &[u8]) {
    let mut script = Script::new(bytes);
    match script.byte() % 5 {
        0 => changed(&mut script),
        1 => alone(script.rest()),
        2 => changed_root(&mut script),
        3 => {
            let mut roots = Roots::from_pem(&ROOT_PEM).expect("the root");
            if roots.add_revocation_list(script.rest()).is_ok() {
                let _verdict = roots.validate(&[CHAINS[0].clone()], Purpose::Client, now());
            }
        }
        _ => {
            let text = script.rest();
            let _roots = Roots::from_pem(text);
            if let Ok(credential) = Credential::from_pem(text, text) {
                let names: usize = credential.names().iter().map(String::len).sum();
                assert!(names <= text.len(), "names from nowhere");
            }
        }
    }
}

/// A certificate that is valid, changed: nothing of it may change and be accepted.
fn changed(script: &mut Script<'_>) {
    let original = &CHAINS[usize::from(script.byte()) % CHAINS.len()];
    let purposes = [Purpose::Server(&NAME), Purpose::Client, Purpose::Server(&OTHER_NAME)];
    let purpose = purposes[usize::from(script.byte()) % purposes.len()];
    let mut certificate = original.to_vec();
    change(script, &mut certificate);
    let others = (0..script.byte() % 3).map(|_| CertificateDer::from(script.bytes().to_vec()));
    let others: Vec<_> = others.collect();
    let chain = [vec![CertificateDer::from(&*certificate)], others].concat();
    inspect(&certificate);
    match ROOTS.validate(&chain, purpose, now()) {
        Ok(key) => {
            assert_eq!(certificate, original.as_ref(), "accepted, although it was changed");
            assert!(purpose != Purpose::Server(&OTHER_NAME), "accepted under another name");
            // The two parsers agree on whose key it is.
            let leaf = Leaf::parse(&certificate).expect("a key that can sign");
            assert_eq!(key.as_ref(), leaf.subject_public_key_info());
        }
        Err(rejection) => {
            let account = rejection.to_string();
            assert!(!rejection.reason.is_empty() && is_readable(&account), "{account:?}");
        }
    }
}

/// Any bytes as the only certificate.
fn alone(bytes: &[u8]) {
    inspect(bytes);
    let certificate = CertificateDer::from(bytes);
    let accepted = ROOTS.validate(&[certificate], Purpose::Client, now()).is_ok();
    let known = CHAINS.iter().any(|known| known.as_ref() == bytes);
    assert!(known || !accepted, "accepted, although nobody has issued it");
}

/// Whatever a root is changed to, a chain that leads nowhere is not accepted by it.
fn changed_root(script: &mut Script<'_>) {
    let root = CertificateDer::from_pem_slice(&ROOT_PEM).expect("the root");
    let mut changed = root.to_vec();
    change(script, &mut changed);
    let mut roots = Roots::default();
    if roots.add(&CertificateDer::from(changed)).is_ok() {
        let _verdict = roots.validate(&CHAINS[..1], Purpose::Client, now());
        let foreign = CertificateDer::from(crate::insecure::CERTIFICATE);
        assert!(roots.validate(&[foreign], Purpose::Client, now()).is_err());
    }
}

fn change(script: &mut Script<'_>, bytes: &mut Vec<u8>) {
    for _ in 0..script.byte() % 4 {
        let position = script.position(bytes.len());
        let end = position + usize::from(script.byte()).min(bytes.len() - position);
        match script.byte() % 4 {
            0 => {
                let difference = script.byte();
                bytes.get_mut(position).into_iter().for_each(|byte| *byte ^= difference);
            }
            1 => drop(bytes.splice(position..end, script.bytes().iter().copied())),
            2 => drop(bytes.drain(position..end)),
            _ => bytes.truncate(end),
        }
    }
}

/// What is told of a certificate is short and can be shown on a terminal.
fn inspect(certificate: &[u8]) {
    if let Some(inspection) = Inspection::of(certificate) {
        let account = inspection.to_string();
        assert!(is_readable(&account), "{account:?}");
        assert!(account.len() < ACCOUNT_BYTES, "{} bytes", account.len());
    }
}

fn is_readable(text: &str) -> bool {
    !text.chars().any(char::is_control)
}

/// Three lists of eight texts, and two names of eight attributes, of 256 escaped characters each.
const ACCOUNT_BYTES: usize = 5 * 8 * 256 * 10;

/// When all certificates of `vectors/` are valid.
fn now() -> UnixTime {
    UnixTime::since_unix_epoch(Duration::from_secs(2_000_000_000))
}

/// The name that they bear.
static NAME: LazyLock<ServerName<'static>> =
    LazyLock::new(|| "server.example".try_into().expect("a DNS name"));
static OTHER_NAME: LazyLock<ServerName<'static>> =
    LazyLock::new(|| "example.server".try_into().expect("a DNS name"));

static ROOT_PEM: LazyLock<Vec<u8>> = LazyLock::new(|| read("root"));
static ROOTS: LazyLock<Roots> = LazyLock::new(|| Roots::from_pem(&ROOT_PEM).expect("the root"));

/// Certificates that are valid.
pub(crate) static CHAINS: LazyLock<Vec<CertificateDer<'static>>> = LazyLock::new(|| {
    let names = ["ecdsa-p256", "ed25519", "rsa-2048", "rsa-pss", "rsa-pss-sha256", "ecdsa-p521"];
    let certificate = |name| CertificateDer::from_pem_slice(&read(name)).expect("a certificate");
    names.into_iter().map(certificate).collect()
});

/// The PEM text of that name in `vectors/certificates/`.
pub(crate) fn read(name: &str) -> Vec<u8> {
    let directory = Path::new(env!("CARGO_MANIFEST_DIR")).join("../vectors/certificates");
    std::fs::read(directory.join(format!("{name}.pem"))).expect("a PEM text")
}
