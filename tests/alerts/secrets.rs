//! Secrets go when the connection ends, as far as safe code can see it (RFC 9846 §6.2).
//!
//! That a dropped secret is also wiped cannot be seen from here: nothing is left to look at.

use std::cell::Cell;

use countersign::crypto::aead::{Aead, AeadFailed, AeadKey, NONCE_BYTES, TAG_BYTES};
use countersign::crypto::ring::TLS_AES_128_GCM_SHA256;
use countersign::crypto::{Secret, Suite};
use countersign::epoch::{Epoch, Role};
use countersign::failure::Cause;
use countersign::handshake::{Handshake, Output};
use countersign_testing::{Identity, Item, Setup, Trial};

use crate::case::{assert_over, mutual};
use crate::phase::PHASES;

thread_local! {
    /// How many keys of [`COUNTED`] there are.
    static KEYS: Cell<usize> = const { Cell::new(0) };
}

/// A suite that counts its keys.
static COUNTED: Suite =
    Suite { id: TLS_AES_128_GCM_SHA256.id, hash: TLS_AES_128_GCM_SHA256.hash, aead: &Counting };

#[derive(Debug)]
struct Counting;

struct Counted(Box<dyn AeadKey>);

impl Aead for Counting {
    fn key_bytes(&self) -> usize {
        TLS_AES_128_GCM_SHA256.aead.key_bytes()
    }

    fn confidentiality_limit(&self) -> u64 {
        TLS_AES_128_GCM_SHA256.aead.confidentiality_limit()
    }

    fn key(&self, key: &[u8]) -> Box<dyn AeadKey> {
        KEYS.set(KEYS.get() + 1);
        Box::new(Counted(TLS_AES_128_GCM_SHA256.aead.key(key)))
    }
}

impl AeadKey for Counted {
    fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        content: &mut [u8],
    ) -> Result<[u8; TAG_BYTES], AeadFailed> {
        self.0.seal(nonce, associated_data, content)
    }

    fn open<'a>(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated_data: &[u8],
        protected: &'a mut [u8],
    ) -> Result<&'a mut [u8], AeadFailed> {
        self.0.open(nonce, associated_data, protected)
    }
}

impl Drop for Counted {
    fn drop(&mut self) {
        KEYS.set(KEYS.get() - 1);
    }
}

/// The ways in which a connection ends.
const ENDS: [fn(&mut Trial); 5] = [
    |trial| trial.deliver(Item::alert(2, 80)),
    |trial| trial.deliver(Item::Raw(vec![0xff; 5])),
    |trial| trial.victim.connection.cancel().expect("a connection that is not over"),
    |trial| trial.victim.connection.transport_eof(),
    |trial| {
        trial.deliver(Item::alert(1, 0));
        let _write_half = trial.victim.connection.close();
    },
];

#[test]
fn no_key_outlives_the_end_of_its_connection() {
    let mut seen = 0;
    for &phase in PHASES {
        for end in ENDS {
            let mut trial = phase.trial_with(|setup| match phase.victim {
                Role::Client => setup.client.provider.suites = vec![&COUNTED],
                Role::Server => setup.server.provider.suites = vec![&COUNTED],
            });
            let keyed = [phase.send, phase.receive].map(|epoch| epoch > Epoch::Initial);
            let expected = keyed.iter().filter(|keyed| **keyed).count();
            // A key is expanded when the first record under it comes or goes.
            assert!(KEYS.get() <= expected, "{phase:?}: one key a direction");
            seen += KEYS.get();
            end(&mut trial);
            trial.exchange();
            assert_eq!(KEYS.get(), 0, "{phase:?}: a key is left");
            assert_over(&mut trial, phase.state);
        }
    }
    assert!(seen > PHASES.len(), "most phases have keys");
}

/// Runs two handshakes until the server is in `state`; returns what became of the secrets that they
/// gave out.
fn run(client: &mut Handshake, server: &mut Handshake, state: &str) -> Vec<Secret> {
    let mut secrets = Vec::new();
    let mut silent = false;
    while !silent && server.state() != state {
        silent = true;
        for turn in [Role::Client, Role::Server] {
            let (from, to) = match turn {
                Role::Client => (&mut *client, &mut *server),
                Role::Server => (&mut *server, &mut *client),
            };
            while let Some(output) = from.poll() {
                silent = false;
                match output {
                    Output::Send { epoch, bytes } => {
                        to.receive(epoch, &bytes).expect("a handshake that goes on");
                    }
                    Output::Key { secret, .. } => secrets.push(secret.secret().clone()),
                    Output::Decide(question) => {
                        let answer = Identity::example().answer(question);
                        from.answer(answer).expect("the open question");
                    }
                    _ => {}
                }
            }
        }
    }
    secrets
}

/// How many somebody else holds as well.
fn alive(secrets: &[Secret]) -> usize {
    secrets.iter().filter(|secret| secret.owners() > 1).count()
}

#[test]
fn handshake_that_is_over_holds_no_secret_that_it_gave_out() {
    let ends: [fn(&mut Handshake); 4] = [
        |handshake| handshake.fail(Cause::RecordNotAuthentic),
        |handshake| {
            let epoch = handshake.receive_epoch();
            handshake.receive_alert(epoch, 2, 80).expect("a handshake that goes on");
        },
        |handshake| handshake.cancel().expect("a handshake that goes on"),
        Handshake::transport_eof,
    ];
    for state in ["WaitFinished", "Connected"] {
        for end in ends {
            let mut setup = Setup::default();
            mutual(&mut setup);
            let (mut client, mut server) = setup.handshakes();
            let secrets = run(&mut client, &mut server, state);
            assert!(alive(&secrets) > 0, "a handshake that goes on needs secrets");
            for handshake in [&mut client, &mut server] {
                end(handshake);
                while let Some(output) = handshake.poll() {
                    drop(output);
                }
            }
            assert_eq!(alive(&secrets), 0, "{state}: a secret is left");
            for over in [&client, &server] {
                let remains = format!("{over:?}");
                assert!(!remains.contains("Secret"), "{state}: {remains}");
                let exported = over.exporter("label", &[], &mut [0; 8]);
                assert!(exported.is_err(), "{state}: keying material after the end");
            }
        }
    }
}

#[test]
fn handshake_keeps_no_secret_of_an_earlier_epoch() {
    let (mut client, mut server) = Setup::default().handshakes();
    let secrets = run(&mut client, &mut server, "nowhere");
    // Both directions of the handshake and of application data, at both ends.
    assert_eq!((secrets.len(), alive(&secrets)), (8, 4));
}

#[test]
fn no_secret_can_be_printed() {
    let (mut client, mut server) = Setup::default().handshakes();
    run(&mut client, &mut server, "Connected");
    for handshake in [&client, &server] {
        let printed = format!("{handshake:?}");
        assert!(printed.contains("Secret(..)"), "{printed}");
    }
    let secret = Secret::copied_from(&[0xa5; 32]).expect("a short secret");
    assert_eq!(format!("{secret:?}"), "Secret(..)");
}
