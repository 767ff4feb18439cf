//! Reserved values that were offered are refused like any that were not (RFC 8701 §3.1).

use std::sync::Arc;

use countersign::crypto::{Draw, Random, RandomnessUnavailable};
use countersign::message::{Item, KeyShareEntry, ProtocolName};
use countersign::registry::{
    CipherSuite, ExtensionType, NamedGroup, ProtocolVersion, SignatureScheme,
};
use countersign_testing::Setup;

use crate::case::Attack::{Next, Nothing};
use crate::case::{cases, mutual, with_retry};
use crate::edit::{certificate_verify, encrypted_extensions, retry, server_hello};

cases! {
    Client WaitServerHello: CipherSuiteNotOffered 47 Initial,
        Next(|m| server_hello(m, |hello| hello.cipher_suite = CipherSuite(RESERVED))),
        with greasing;
    Client WaitServerHello: CipherSuiteNotOffered 47 Initial,
        Next(|m| retry(m, |retry| retry.cipher_suite = CipherSuite(RESERVED))),
        with |setup| { with_retry(setup); greasing(setup); };
    Client WaitServerHello: VersionNotSelectable 47 Initial, Next(|m| {
        server_hello(m, |hello| hello.extensions.selected_version = ProtocolVersion(RESERVED));
    }), with greasing;
    Client WaitServerHello: GroupNotOffered 47 Initial, Next(|m| {
        server_hello(m, |hello| {
            let share = KeyShareEntry { group: NamedGroup(RESERVED), key_exchange: &[0] };
            hello.extensions.key_share = Some(share);
        });
    }), with greasing;
    Client WaitServerHello: GroupNotOffered 47 Initial, Next(|m| {
        retry(m, |retry| retry.extensions.selected_group = Some(NamedGroup(RESERVED)));
    }), with |setup| { with_retry(setup); greasing(setup); };
    Client WaitEncryptedExtensions: ProtocolNotOffered 47 Handshake, Next(|m| {
        encrypted_extensions(m, |extensions, _| {
            extensions.application_layer_protocol = Some(&RESERVED_NAME);
        });
    }), with |setup| {
        greasing(setup);
        setup.client.application_layer_protocols = [ProtocolName(b"h2")].into_iter().collect();
    };
    Client WaitEncryptedExtensions: ExtensionNotOffered 110 Handshake, Next(|m| {
        encrypted_extensions(m, |_, items| {
            items.push(Item::Raw(ExtensionType(RESERVED), Vec::new()));
        });
    }), with greasing;
    Client WaitCertificateVerify: SignatureSchemeNotOffered 47 Handshake,
        Next(|m| certificate_verify(m, |proof| proof.algorithm = SignatureScheme(RESERVED))),
        with greasing;
    Server WaitCertificateVerify: SignatureSchemeNotOffered 47 Application,
        Next(|m| certificate_verify(m, |proof| proof.algorithm = SignatureScheme(RESERVED))),
        with |setup| { mutual(setup); greasing(setup); };
    Client Start: RandomnessFailed 80 Initial, Nothing, with |setup| {
        setup.client.grease = true;
        setup.client.provider.random = Arc::new(Drawn(None));
    };
}

const RESERVED: u16 = 0x2a2a;
const RESERVED_NAME: [u8; 2] = RESERVED.to_be_bytes();

/// Both ends offer the same reserved value everywhere.
fn greasing(setup: &mut Setup) {
    (setup.client.grease, setup.server.grease) = (true, true);
    setup.client.provider.random = Arc::new(Drawn(Some(0x2f)));
    setup.server.provider.random = Arc::new(Drawn(Some(0x2f)));
}

/// Draws this for reserved values, or nothing.
#[derive(Debug)]
struct Drawn(Option<u8>);

impl Random for Drawn {
    fn fill(&self, draw: Draw, bytes: &mut [u8]) -> Result<(), RandomnessUnavailable> {
        match (draw, self.0) {
            (Draw::Grease, Some(byte)) => bytes.fill(byte),
            (Draw::Grease, None) => return Err(RandomnessUnavailable),
            _ => countersign_testing::provider().random.fill(draw, bytes)?,
        }
        Ok(())
    }
}
