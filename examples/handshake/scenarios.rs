//! The conversations that there are to see.

use std::error::Error;

use countersign::codec::Vector;
use countersign::epoch::Role::{Client, Server};
use countersign::failure::Disclosure;
use countersign::message::ProtocolName;
use countersign::policy::ServerTrust;
use countersign::registry::{CipherSuite, NamedGroup};

use crate::identities::{Authority, Purpose};
use crate::scene::{Act, FAR, Path, Scene};

/// A conversation to be seen.
pub(crate) struct Scenario {
    pub(crate) name: &'static str,
    pub(crate) title: &'static str,
    /// What to look for.
    pub(crate) look: &'static str,
    pub(crate) scene: fn() -> Result<Scene, Box<dyn Error>>,
}

const fn scenario(
    name: &'static str,
    title: &'static str,
    look: &'static str,
    scene: fn() -> Result<Scene, Box<dyn Error>>,
) -> Scenario {
    Scenario { name, title, look, scene }
}

/// All of them, in the order of `--scenario all`; the first two are shown without arguments.
pub(crate) const SCENARIOS: &[Scenario] = &[
    scenario(
        "mutual",
        "Client and server authenticate each other",
        "The client is connected before the server has judged its certificate: its authentication \
         is pending until the server answers something that stood behind it, here a KeyUpdate.",
        || {
            let mut scene = Scene::mutual()?;
            scene.acts = vec![
                (Client, Act::UpdateKeys),
                (Client, Act::Speak("who am I?")),
                (Server, Act::Speak("you are alice")),
                (Client, Act::Close),
                (Server, Act::Close),
            ];
            Ok(scene)
        },
    ),
    scenario(
        "declined",
        "The server requires a certificate, and the client has none",
        "The refusal arrives when the client is already connected, under application keys: it can \
         only come from the server.",
        || {
            let mut scene = Scene::mutual()?;
            scene.client_policy.credentials.clear();
            Ok(scene)
        },
    ),
    scenario(
        "denied",
        "The certificate is valid, and its holder is not let in",
        "access_denied, in the one place where the RFC defines it for certificates.",
        || {
            let mut scene = Scene::mutual()?;
            scene.server_policy.client_roots = None;
            Ok(scene)
        },
    ),
    scenario(
        "expired",
        "The client's certificate has expired",
        "The fault that the policy finds decides the alert; its reason stays with the server.",
        || Scene::with_client_certificate(Purpose::ClientAuth, 2024),
    ),
    scenario(
        "unknown-ca",
        "The client's certificate comes from an authority that the server does not trust",
        "Another authority, another alert.",
        || {
            let mut scene = Scene::mutual()?;
            let other = Authority::new("Another CA")?;
            scene.client_policy.credentials =
                vec![other.issue("alice", Purpose::ClientAuth, FAR)?];
            Ok(scene)
        },
    ),
    scenario(
        "wrong-purpose",
        "The client's certificate is for servers",
        "It is valid, and not for this.",
        || Scene::with_client_certificate(Purpose::ServerAuth, FAR),
    ),
    scenario(
        "concealed",
        "The certificate has expired, and the server does not say so",
        "The server is set to conceal its refusals: the client learns that it was refused, and no \
         more; the server's own account is complete.",
        || {
            let mut scene = Scene::with_client_certificate(Purpose::ClientAuth, 2024)?;
            scene.server.disclosure = Disclosure::Concealed;
            Ok(scene)
        },
    ),
    scenario(
        "late-alert",
        "The client writes at once, its write fails, and the alert is still found",
        "The server has refused and is gone before the client writes. The client goes on reading, \
         and hears why; it also knows how much it had written that nobody has read.",
        || {
            let mut scene = Scene::mutual()?;
            scene.client_policy.credentials.clear();
            scene.acts = vec![(Client, Act::SpeakAtOnce("GET / HTTP/1.1"))];
            Ok(scene)
        },
    ),
    scenario(
        "truncated",
        "The connection is lost when the verdict on the client is due",
        "No alert at all: the diagnosis says what the silence may mean, and claims no more.",
        || {
            let mut scene = Scene::mutual()?;
            scene.path = Path::CutWhenClientIsConnected;
            scene.acts = vec![(Client, Act::LoseTransport), (Server, Act::LoseTransport)];
            Ok(scene)
        },
    ),
    scenario(
        "filtered",
        "Someone on the way answers in the server's place",
        "The same access_denied as in `denied`, in plaintext: anyone can forge that, and the \
         diagnosis neither blames a certificate nor gives advice that a forger could want.",
        || {
            let mut scene = Scene::mutual()?;
            scene.path = Path::Filtered;
            Ok(scene)
        },
    ),
    scenario(
        "name",
        "The client asks for a name that the server does not serve",
        "A refusal of the offer, in plaintext, before anyone has shown a certificate.",
        || {
            let mut scene = Scene::server_only()?;
            scene.server_policy.require_known_name = true;
            scene.destination.server_name = Some("other.example".try_into()?);
            Ok(scene)
        },
    ),
    scenario(
        "no-protocol",
        "Client and server share no application protocol",
        "The negotiation fails for the protocol above TLS.",
        || {
            let mut scene = Scene::server_only()?;
            scene.client.application_layer_protocols =
                [&b"h2"[..], b"http/1.1"].map(ProtocolName).into_iter().collect();
            scene.server_policy.application_layer_protocols = vec![b"imap".to_vec()];
            Ok(scene)
        },
    ),
    scenario(
        "no-suite",
        "Client and server share no cipher suite",
        "The one alert for whatever the two do not have in common.",
        || {
            let mut scene = Scene::server_only()?;
            scene.client.cipher_suites = only(CipherSuite::TLS_AES_128_GCM_SHA256);
            scene.server.cipher_suites = only(CipherSuite::TLS_AES_256_GCM_SHA384);
            Ok(scene)
        },
    ),
    scenario(
        "untrusted-server",
        "The client does not trust the server's certificate",
        "The other direction: the client refuses, and the server diagnoses.",
        || {
            let mut scene = Scene::server_only()?;
            scene.client_policy.servers =
                ServerTrust::Roots(Authority::new("Another CA")?.roots()?);
            Ok(scene)
        },
    ),
    scenario(
        "retry",
        "The server wants a key share for another group",
        "HelloRetryRequest, and a second ClientHello; the table has no row for another.",
        || {
            let mut scene = Scene::server_only()?;
            scene.server.groups = only(NamedGroup::SECP384R1);
            Ok(scene)
        },
    ),
    scenario(
        "key-update",
        "The client changes its keys, and asks the server to do the same",
        "The server's KeyUpdate leaves ahead of its next data, however often it was asked.",
        || {
            let mut scene = Scene::server_only()?;
            scene.acts = vec![
                (Client, Act::UpdateKeys),
                (Server, Act::Speak("under new keys")),
                (Server, Act::Close),
                (Client, Act::Close),
            ];
            Ok(scene)
        },
    ),
];

fn only<T>(value: T) -> Vector<T>
where
    Vector<T>: FromIterator<T>,
{
    core::iter::once(value).collect()
}
