//! The default provider.

use countersign::crypto::ring::provider;

#[path = "contract/mod.rs"]
mod contract;

#[cfg(feature = "mlkem")]
use countersign::crypto::Group;
#[cfg(feature = "mlkem")]
use countersign::crypto::group::GroupFailure;
#[cfg(feature = "mlkem")]
use countersign::crypto::libcrux::{MlKem768, MlKem1024};
#[cfg(feature = "mlkem")]
use countersign::handshake::{ClientConfig, Fact, ServerConfig};
#[cfg(feature = "mlkem")]
use countersign::registry::NamedGroup;
#[cfg(feature = "mlkem")]
use countersign_testing::Setup;
#[cfg(feature = "mlkem")]
#[path = "contract/hybrids.rs"]
mod hybrids;

#[cfg(feature = "mlkem")]
#[test]
fn ml_kem_1024_is_for_those_who_add_it() {
    assert!(provider().group(NamedGroup::MLKEM1024).is_none());
    let mut with_it = provider();
    with_it.groups.insert(0, std::sync::Arc::new(MlKem1024));
    let mut setup = Setup {
        client: ClientConfig::new(with_it.clone()),
        server: ServerConfig::new(with_it),
        ..Setup::default()
    };
    setup.client.groups = std::iter::once(NamedGroup::MLKEM1024).collect();
    let mut pair = setup.pair();
    pair.run(|_| ());
    assert!(pair.agrees(), "{pair:?}");
    assert!(pair.client.knows(
        |fact| matches!(fact, Fact::Negotiated(n) if n.group == Some(NamedGroup::MLKEM1024))
    ));

    // A key of ML-KEM-1024 and a ciphertext are of one length (FIPS 203 §8).
    let random = provider().random;
    let exchange = MlKem1024.start(random.as_ref()).expect("a key pair");
    assert_eq!(exchange.share().len(), 1_568);
    let (share, secret) = MlKem1024.respond(random.as_ref(), exchange.share()).expect("a key");
    assert_eq!((share.len(), secret.as_bytes().len()), (1_568, 32));
    assert_eq!(exchange.finish(&share).expect("a ciphertext").as_bytes(), secret.as_bytes());
    let short = MlKem1024.respond(random.as_ref(), &share[1..]);
    assert_eq!(short.err(), Some(GroupFailure::InvalidShare));
}
