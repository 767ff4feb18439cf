//! Keying material for applications (RFC 9846 §7.5).

use countersign::failure::Misuse;
use countersign::registry::CipherSuite;
use countersign_testing::{End, Setup};

use crate::connect;

fn exported(end: &End, label: &str, context: &[u8]) -> [u8; 32] {
    let mut out = [0; 32];
    end.handshake.exporter(label, context, &mut out).expect("connected");
    out
}

#[test]
fn both_ends_export_the_same_and_nothing_else_does() {
    let (pair, other) = (connect(Setup::default()), connect(Setup::default()));
    let rows: [(&str, &[u8]); 5] =
        [("label", b"context"), ("label", b""), ("label", b"contexts"), ("labels", b""), ("", b"")];
    let mut all = Vec::new();
    for (label, context) in rows {
        let ours = exported(&pair.client, label, context);
        assert_eq!(ours, exported(&pair.server, label, context), "{label:?} {context:?}");
        assert_ne!(ours, exported(&other.client, label, context), "another connection");
        assert!(!all.contains(&ours), "{label:?} {context:?} exports what another one does");
        all.push(ours);
    }
}

#[test]
fn what_is_exported_outlives_key_updates() {
    let mut pair = connect(Setup::default());
    let before = exported(&pair.client, "label", b"");
    pair.client.handshake.update_keys(true).expect("connected");
    pair.run(|_| ());
    assert_eq!(exported(&pair.client, "label", b""), before);
    assert_eq!(exported(&pair.server, "label", b""), before);
}

#[test]
fn exporting_waits_for_keys_and_ends_with_the_connection() {
    let mut out = [0; 32];
    let (client, server) = Setup::default().handshakes();
    assert_eq!(client.exporter("label", b"", &mut out), Err(Misuse::NotConnected));
    assert_eq!(server.exporter("label", b"", &mut out), Err(Misuse::NotConnected));
    let mut setup = Setup::default();
    setup.server.cipher_suites = std::iter::once(CipherSuite::TLS_AES_128_GCM_SHA256).collect();
    let mut pair = connect(setup);
    let end = &pair.client.handshake;
    // RFC 5869: no more than 255 hashes.
    end.exporter("label", b"", &mut [0; 255 * 32]).expect("as much as there is");
    let misuse = end.exporter("label", b"", &mut [0; 255 * 32 + 1]);
    assert_eq!(misuse, Err(Misuse::OutOfRange));
    assert_eq!(end.exporter(&"x".repeat(250), b"", &mut out), Err(Misuse::OutOfRange));
    pair.client.handshake.cancel().expect("running");
    assert_eq!(pair.client.handshake.exporter("label", b"", &mut out), Err(Misuse::Ended));
}
