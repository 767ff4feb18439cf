//! The traces of RFC 8448, computed again from their private keys and messages.

use std::collections::HashMap;

use countersign::crypto::leaf::Leaf;
use countersign::crypto::{Digest, Draw, Opener, Sealer, Secret, Suite, ring};
use countersign::epoch::{Epoch, Role};
use countersign::key_schedule::{
    EarlySecret, ExporterSecret, HandshakeSecret, PskKind, ResumptionSecret, TrafficSecret,
};
use countersign::registry::{HandshakeType, NamedGroup, SignatureScheme};
use countersign_testing::replay::{self, ScriptedRandom};
use countersign_testing::rfc8448::{Point, Record, Trace};

static SUITE: &Suite = &ring::TLS_AES_128_GCM_SHA256;

const TRACES: [&str; 5] =
    ["simple_1rtt", "resumed_0rtt", "hello_retry", "client_auth", "compatibility"];

fn traces() -> impl Iterator<Item = Trace> {
    TRACES.into_iter().map(Trace::load)
}

fn secret(bytes: &[u8]) -> Secret {
    Secret::copied_from(bytes).expect("a short secret")
}

#[test]
fn secrets_are_joined_in_order_as_long_as_they_fit() {
    let (first, second) = (secret(&[1; 40]), secret(&[2; 24]));
    let both = first.followed_by(&second).expect("64 bytes");
    assert_eq!(both.as_bytes(), [&[1; 40][..], &[2; 24]].concat());
    assert_eq!(both.followed_by(&secret(&[])).expect("64 bytes").as_bytes(), both.as_bytes());
    assert!(both.followed_by(&secret(&[3])).is_none());
    assert!(first.followed_by(&first).is_none());
}

#[test]
fn every_extraction_and_expansion_is_reproduced() {
    let mut values = 0;
    for trace in traces() {
        let mut step = HashMap::new();
        for (name, value) in trace.iter() {
            let (step_name, field) = name.rsplit_once('.').expect("three parts");
            if matches!(field, "salt" | "prk") {
                step.clear();
            }
            step.insert(field, value);
            let computed = match field {
                "secret" => SUITE.hash.extract(step["salt"], step["ikm"]).as_bytes().to_vec(),
                "expanded" => expand(step["prk"], step["info"], step["hash"]),
                "key" => expand(step["prk"], step["key_info"], &[]),
                "iv" => expand(step["prk"], step["iv_info"], &[]),
                _ => continue,
            };
            assert_eq!(computed, value, "{} {step_name}", trace.name());
            values += 1;
        }
    }
    assert_eq!(values, 15 + 59 + 21 + 21);
}

/// HKDF-Expand-Label, by the encoded HkdfLabel that RFC 8448 calls info.
fn expand(prk: &[u8], info: &[u8], context: &[u8]) -> Vec<u8> {
    let [high, low, label_length, rest @ ..] = info else { panic!("no HkdfLabel") };
    let (label, rest) = rest.split_at(usize::from(*label_length));
    assert_eq!(rest.split_first().map(|(_, context)| context), Some(context));
    let label = label.strip_prefix(b"tls13 ").and_then(|label| str::from_utf8(label).ok());
    let mut out = vec![0; usize::from(u16::from_be_bytes([*high, *low]))];
    SUITE.hash.expand_label_into(prk, label.expect("a label"), context, &mut out);
    out
}

fn point(points: &[Point], sender: Role, kind: HandshakeType) -> &Point {
    let mut found = points.iter().filter(|point| point.sender == sender && point.kind == kind);
    found.next().expect("the message is in the trace")
}

/// Everything that RFC 9846 §7.1 derives in one connection.
struct Schedule {
    early: Option<Early>,
    client_handshake: TrafficSecret,
    server_handshake: TrafficSecret,
    client_application: TrafficSecret,
    server_application: TrafficSecret,
    exporter: ExporterSecret,
    resumption: ResumptionSecret,
}

/// What there is in a resumption alone.
struct Early {
    binder: Digest,
    exporter: ExporterSecret,
    traffic: TrafficSecret,
}

impl Schedule {
    /// From the messages and the private keys alone, and in a resumption from the trace before it.
    fn compute(trace: &Trace) -> Self {
        let points = trace.points(SUITE.hash);
        let through = |sender, kind| &point(&points, sender, kind).through;
        let client_hello = through(Role::Client, HandshakeType::CLIENT_HELLO);
        let server_hello = through(Role::Server, HandshakeType::SERVER_HELLO);
        let server_finished = through(Role::Server, HandshakeType::FINISHED);
        let client_finished = through(Role::Client, HandshakeType::FINISHED);
        let psk = (trace.name() == "resumed_0rtt").then(|| {
            let before = Trace::load("simple_1rtt");
            let nonce = before.get("server.resumption.hash");
            Self::compute(&before).resumption.psk(nonce)
        });
        let stage = psk.map(|psk| EarlySecret::new(SUITE, &psk));
        let early = stage.as_ref().map(|stage| {
            let prefix = trace.get("client.binder.client_hello_prefix");
            Early {
                binder: stage.binder(PskKind::Resumption, &SUITE.hash.digest(&[prefix])),
                exporter: stage.early_exporter(client_hello),
                traffic: stage.client_early_traffic(client_hello),
            }
        });
        let handshake = match stage {
            Some(stage) => stage.into_handshake(Some(agree(trace))),
            None => HandshakeSecret::without_psk(SUITE, agree(trace)),
        };
        let client_handshake = handshake.traffic(Role::Client, server_hello);
        let server_handshake = handshake.traffic(Role::Server, server_hello);
        let main = handshake.into_main();
        Self {
            early,
            client_handshake,
            server_handshake,
            client_application: main.traffic(Role::Client, server_finished),
            server_application: main.traffic(Role::Server, server_finished),
            exporter: main.exporter(server_finished),
            resumption: main.into_resumption(client_finished),
        }
    }
}

/// The secret of the key exchange, which both ends find with the keys that they drew.
fn agree(trace: &Trace) -> Secret {
    let (id, name) = match trace.find("server.secp256r1.private_key") {
        Some(_) => (NamedGroup::SECP256R1, "secp256r1"),
        None => (NamedGroup::X25519, "x25519"),
    };
    let [client, server] = ["client", "server"].map(|role| {
        let private_key = trace.get(&format!("{role}.{name}.private_key")).to_vec();
        let random = ScriptedRandom::new([(Draw::KeyShare(id), private_key)]);
        (random.clone(), replay::provider(random))
    });
    let group = client.1.group(id).expect("a group of the provider");
    let exchange = group.start(client.1.random.as_ref()).expect("the client's key share");
    assert_eq!(exchange.share(), trace.get(&format!("client.{name}.public_key")));
    let (share, secret) =
        group.respond(server.1.random.as_ref(), exchange.share()).expect("the server's key share");
    assert_eq!(share, trace.get(&format!("server.{name}.public_key")));
    assert_eq!(secret.as_bytes(), trace.get("server.handshake.ikm"));
    assert_eq!(exchange.finish(&share).expect("a secret").as_bytes(), secret.as_bytes());
    assert!(client.0.is_spent() && server.0.is_spent());
    secret
}

#[test]
fn every_traffic_secret_follows_from_private_keys_and_messages() {
    for trace in traces() {
        let schedule = Schedule::compute(&trace);
        let early = schedule.early.as_ref().map(|early| early.traffic.secret().as_bytes());
        assert_eq!(early, trace.find("client.c_e_traffic.expanded"), "{}", trace.name());
        for (name, computed) in [
            ("server.c_hs_traffic.expanded", &schedule.client_handshake),
            ("server.s_hs_traffic.expanded", &schedule.server_handshake),
            ("server.c_ap_traffic.expanded", &schedule.client_application),
            ("server.s_ap_traffic.expanded", &schedule.server_application),
        ] {
            assert_eq!(computed.secret().as_bytes(), trace.get(name), "{} {name}", trace.name());
        }
    }
}

#[test]
fn every_exporter_follows_from_private_keys_and_messages() {
    for trace in traces() {
        let schedule = Schedule::compute(&trace);
        check_exporter(&schedule.exporter, trace.get("server.exp_master.expanded"));
        let expected = trace.find("client.e_exp_master.expanded");
        assert_eq!(schedule.early.is_some(), expected.is_some(), "{}", trace.name());
        if let Some((early, expected)) = schedule.early.zip(expected) {
            check_exporter(&early.exporter, expected);
        }
    }
}

/// RFC 9846 §7.5, written out.
fn check_exporter(exporter: &ExporterSecret, expected: &[u8]) {
    let hash = SUITE.hash;
    let labelled = hash.expand_label(&secret(expected), "label", hash.of_empty().as_bytes());
    let mut exported = [[0; 48]; 2];
    let context = hash.digest(&[b"context"]);
    hash.expand_label_into(labelled.as_bytes(), "exporter", context.as_bytes(), &mut exported[0]);
    exporter.export("label", b"context", &mut exported[1]).expect("a length in range");
    assert_eq!(exported[0], exported[1]);
}

#[test]
fn every_resumption_secret_and_psk_follows_from_private_keys_and_messages() {
    for trace in traces() {
        let resumption = Schedule::compute(&trace).resumption;
        let expected = secret(trace.get("client.res_master.expanded"));
        let psk = SUITE.hash.expand_label(&expected, "resumption", b"nonce");
        assert_eq!(resumption.psk(b"nonce").as_bytes(), psk.as_bytes(), "{}", trace.name());
    }
    let [first, second] = ["simple_1rtt", "resumed_0rtt"].map(Trace::load);
    let psk = Schedule::compute(&first).resumption.psk(first.get("server.resumption.hash"));
    assert_eq!(psk.as_bytes(), first.get("server.resumption.expanded"));
    assert_eq!(psk.as_bytes(), second.get("client.early.ikm"));
}

#[test]
fn every_finished_and_the_binder_are_reproduced_and_verify() {
    for trace in traces() {
        let Schedule { client_handshake, server_handshake, early, .. } = Schedule::compute(&trace);
        let points = trace.points(SUITE.hash);
        for (role, secret, name) in [
            (Role::Client, client_handshake, "client.finished.finished"),
            (Role::Server, server_handshake, "server.finished.finished"),
        ] {
            let Point { before, message, .. } = point(&points, role, HandshakeType::FINISHED);
            let mut verify_data = message[4..].to_vec();
            assert_eq!(verify_data, trace.get(name), "{} {name}", trace.name());
            assert_eq!(secret.verify_data(before).as_bytes(), verify_data);
            assert!(secret.is_verify_data(before, &verify_data));
            verify_data[0] ^= 1;
            assert!(!secret.is_verify_data(before, &verify_data));
        }
        let expected = trace.find("client.binder.finished");
        assert_eq!(early.is_some(), expected.is_some(), "{}", trace.name());
        if let Some((early, expected)) = early.zip(expected) {
            assert_eq!(early.binder.as_bytes(), expected);
            assert!(points[0].message.ends_with(expected));
        }
    }
}

#[test]
fn every_protected_record_opens_and_seals_to_the_same_bytes() {
    for (trace, expected) in traces().zip([7, 8, 4, 4, 4]) {
        let schedule = Schedule::compute(&trace);
        let mut keys: HashMap<(Role, Epoch), (Sealer, Opener)> = [
            (Role::Client, Epoch::Handshake, schedule.client_handshake),
            (Role::Server, Epoch::Handshake, schedule.server_handshake),
            (Role::Client, Epoch::Application, schedule.client_application),
            (Role::Server, Epoch::Application, schedule.server_application),
        ]
        .into_iter()
        .chain(schedule.early.map(|early| (Role::Client, Epoch::EarlyData, early.traffic)))
        .map(|(sender, epoch, secret)| ((sender, epoch), ends(&secret)))
        .collect();
        let mut records = 0;
        for record in trace.records().iter().filter(|record| record.epoch != Epoch::Initial) {
            let keys = keys.get_mut(&(record.sender, record.epoch));
            check_record(record, keys.expect("every record is under one of them"));
            records += 1;
        }
        assert_eq!(records, expected, "{}", trace.name());
    }
}

/// A key in the hands of both ends.
fn ends(secret: &TrafficSecret) -> (Sealer, Opener) {
    (Sealer::new(SUITE, secret.secret()), Opener::new(SUITE, secret.secret()))
}

fn check_record(record: &Record<'_>, (sealer, opener): &mut (Sealer, Opener)) {
    let (header, protected) = record.complete.split_at(5);
    let inner = [record.payload, &[record.content_type.0]].concat();
    let mut opened = protected.to_vec();
    assert_eq!(opener.open(header, &mut opened).expect("an authentic record"), inner);
    let mut sealed = inner;
    let tag = sealer.seal(header, &mut sealed).expect("a usable key");
    sealed.extend_from_slice(&tag);
    assert_eq!(sealed, protected);
}

#[test]
fn every_signature_verifies_and_those_of_the_published_key_are_made_again() {
    let keys = Trace::load("private_keys");
    let provider = replay::provider(ScriptedRandom::new([]));
    let mut made_again = 0;
    for trace in traces() {
        for point in
            trace.points(SUITE.hash).iter().filter(|p| p.kind == HandshakeType::CERTIFICATE_VERIFY)
        {
            let name = match point.sender {
                Role::Client => "client.Certificate.message",
                Role::Server => "server.Certificate.message",
            };
            let leaf = Leaf::parse(first_certificate(trace.get(name))).expect("a leaf");
            let content = point.signed_content();
            let scheme = u16::from_be_bytes([point.message[4], point.message[5]]);
            let algorithm = provider.signature(SignatureScheme(scheme)).expect("a known scheme");
            let signature = &point.message[8..];
            assert_eq!(algorithm.verify(&leaf, &content, signature), Ok(()), "{}", trace.name());
            if let Some(salt) = trace.find("server.CertificateVerify.salt") {
                assert_eq!(replay::sign_rsa_pss(&keys, salt, &content), signature);
                made_again += 1;
            }
        }
    }
    assert_eq!(made_again, 3);
}

/// The first certificate in a Certificate message with an empty context.
fn first_certificate(message: &[u8]) -> &[u8] {
    let entry = &message[4 + 1 + 3..];
    let length = usize::from(u16::from_be_bytes([entry[1], entry[2]]));
    &entry[3..3 + length]
}
