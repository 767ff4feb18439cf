//! Who may be asked at all, and when.

use countersign::crypto::ring::TLS_AES_128_GCM_SHA256;
use countersign::epoch::{Epoch, Role};
use countersign::failure::{Cause, Misuse};
use countersign::handshake::config::Profile;
use countersign::handshake::decision::Decision;
use countersign::handshake::psk::PreSharedKey;
use countersign::limits::Limits;
use countersign::message::{ClientHello, HEADER_BYTES, Item, ProtocolName};
use countersign::registry::{ExtensionType, SignatureScheme};
use countersign_testing::{End, Identity, Pair, Setup, states};

use crate::{answered, by_default, connect, setup};

/// Whether the ClientHello of `setup` offers it.
fn offers(setup: Setup) -> bool {
    let mut pair = setup.pair();
    let hello = pair.client.settle().remove(0).bytes;
    let hello = ClientHello::parse(&hello[HEADER_BYTES..], &Limits::default());
    hello.expect("our own").extensions.post_handshake_auth
}

#[test]
fn client_offers_it_only_if_configured() {
    assert!(!offers(Setup::default()));
    assert!(offers(setup()));
}

/// That the server cannot ask, and the client does not let itself be asked.
fn assert_not_to_be_asked(mut pair: Pair, misuse: Misuse) {
    assert_eq!(pair.server.handshake.request_certificate(true), Err(misuse));
    for (role, handshake_type) in [(Role::Client, 13), (Role::Server, 11)] {
        // By its header alone.
        let end = pair.end(role);
        end.handshake.receive(Epoch::Application, &[handshake_type, 0, 0, 1]).expect("running");
        end.settle();
        let failure = end.failure().expect("a message that may not come");
        assert_eq!((failure.cause, failure.state), (Cause::MessageOutOfOrder, "Connected"));
    }
}

#[test]
fn client_that_has_not_offered_it_cannot_be_asked() {
    assert_not_to_be_asked(connect(Setup::default()), Misuse::NotOffered);
}

#[test]
fn holder_of_an_external_key_cannot_be_asked() {
    let mut setup = Setup::sharing_a_key(false);
    setup.client.post_handshake_auth = true;
    assert_not_to_be_asked(connect(setup), Misuse::NotOffered);
}

#[test]
fn nobody_is_asked_in_quic_and_no_client_offers_it() {
    let quic = || {
        let mut setup = setup();
        setup.client.profile = Profile::Quic(Vec::new());
        setup.server.profile = Profile::Quic(Vec::new());
        setup.client.application_layer_protocols = [ProtocolName(b"h3")].into_iter().collect();
        setup
    };
    assert!(!offers(quic()));
    for offered_all_the_same in [false, true] {
        let mut setup = quic();
        if offered_all_the_same {
            let offer = Item::Raw(ExtensionType::POST_HANDSHAKE_AUTH, Vec::new());
            setup.client.client_hello_layout.0.push(offer);
        }
        let mut pair = setup.pair();
        pair.run_with(
            |_| (),
            |_, question| match question {
                Decision::SelectCredential(question) => {
                    let chain = Identity::example().chain.clone();
                    let scheme = SignatureScheme::ECDSA_SECP256R1_SHA256;
                    Ok(question.certificate(chain, scheme, Some(b"h3")).expect("it is offered"))
                }
                other => by_default(other),
            },
        );
        assert!(pair.agrees());
        assert_not_to_be_asked(pair, Misuse::NotInThisProfile);
    }
}

#[test]
fn client_that_resumes_can_be_asked() {
    let key = || {
        let suite = &TLS_AES_128_GCM_SHA256;
        PreSharedKey::resumption(&[7; 32], suite).expect("as long as its hash")
    };
    let mut setup = setup();
    setup.destination.psks = vec![key().offered_as(b"a ticket".to_vec())];
    let mut pair = setup.pair();
    pair.run_with(
        |_| (),
        |_, question| match question {
            Decision::SelectCredential(question) => {
                Ok(question.psk(0, key(), None, false).expect("it is offered"))
            }
            other => by_default(other),
        },
    );
    assert!(pair.agrees());
    let id = pair.server.handshake.request_certificate(true).expect("it is offered");
    pair.run(|_| ());
    assert_eq!(answered(&pair.server), [(id, true)]);
}

#[test]
fn only_a_connected_server_asks() {
    let mut pair = connect(setup());
    let misuse = pair.client.handshake.request_certificate(true);
    assert_eq!(misuse, Err(Misuse::WrongRole));
    for state in states(Role::Server) {
        let mut server = End::reached(Role::Server, state);
        let asked = server.handshake.request_certificate(true);
        match state {
            "Connected" => assert!(asked.is_ok()),
            _ => assert_eq!(asked, Err(Misuse::NotConnected), "{state}"),
        }
    }
    pair.server.handshake.close().expect("connected");
    assert_eq!(pair.server.handshake.request_certificate(true), Err(Misuse::WriteClosed));
    pair.server.handshake.cancel().expect("running");
    assert_eq!(pair.server.handshake.request_certificate(true), Err(Misuse::Ended));
}
