//! How the end under test and its peer are set up: two bytes of a script; zeros give the plainest.

use std::sync::Arc;

use countersign::epoch::Role;
use countersign::handshake::config::{ClientAuthentication, KeyShares, Preference, Vector};
use countersign::handshake::{ClientConfig, Destination, Handshake, ServerConfig};
use countersign::message::ProtocolName;
use countersign::registry::{CipherSuite, NamedGroup, SignatureScheme};

use crate::differential::SEED;
use crate::insecure::insecure_provider;
use crate::script::Script;

/// What both ends under test are configured with, each in its own words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Options {
    /// The role of the end under test.
    pub(super) role: Role,
    /// The server has only the group of which the client sends no share.
    pub(super) retry: bool,
    pub(super) client_authentication: ClientAuthentication,
    /// Whether the client has a certificate.
    pub(super) has_credential: bool,
    /// The application protocols of the end under test.
    pub(super) protocols: &'static [&'static str],
    /// The server has only the second suite.
    pub(super) second_suite: bool,
    /// Whether a client names the server.
    pub(super) names_server: bool,
    peer: Peer,
}

/// What only the peer is configured with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Peer {
    /// Of a client; a server selects what it is offered first.
    protocols: &'static [&'static str],
    compatibility_mode: bool,
    cookie: bool,
    grease: bool,
    record_size_limit: bool,
    post_handshake_auth: bool,
    announce_groups: bool,
    both_shares: bool,
    no_tickets: bool,
}

const PROTOCOLS: &[&[&str]] = &[&[], &["a protocol"], &["another", "a protocol"], &["another"]];

impl Options {
    pub(super) fn read(script: &mut Script<'_>) -> Self {
        let (flow, peer) = (script.byte(), script.byte());
        let has = |byte: u8, bit: u8| byte >> bit & 1 == 1;
        let protocols = script.byte();
        Self {
            role: if has(flow, 0) { Role::Server } else { Role::Client },
            retry: has(flow, 1),
            client_authentication: match flow >> 2 & 3 {
                0 => ClientAuthentication::None,
                1 => ClientAuthentication::Request,
                _ => ClientAuthentication::Require,
            },
            has_credential: !has(flow, 4),
            protocols: PROTOCOLS[usize::from(protocols & 3)],
            second_suite: has(flow, 5),
            names_server: !has(flow, 6),
            peer: Peer {
                protocols: PROTOCOLS[usize::from(protocols >> 2 & 3)],
                compatibility_mode: !has(peer, 0),
                cookie: has(peer, 1),
                grease: has(peer, 2),
                record_size_limit: has(peer, 3),
                post_handshake_auth: has(peer, 4),
                announce_groups: has(peer, 5),
                both_shares: has(peer, 6),
                no_tickets: has(peer, 7),
            },
        }
    }

    /// The suites of the end under test, or of its peer.
    pub(super) const fn suites(&self, role: Role) -> &'static [CipherSuite] {
        const BOTH: &[CipherSuite] =
            &[CipherSuite::TLS_AES_128_GCM_SHA256, CipherSuite::TLS_AES_256_GCM_SHA384];
        match role {
            Role::Server if self.second_suite => BOTH.split_at(1).1,
            _ => BOTH,
        }
    }

    pub(super) const fn groups(&self, role: Role) -> &'static [NamedGroup] {
        const BOTH: &[NamedGroup] = &[NamedGroup::X25519, NamedGroup::SECP256R1];
        match role {
            Role::Server if self.retry => BOTH.split_at(1).1,
            _ => BOTH,
        }
    }

    /// The end under test, made of countersign.
    pub(super) fn ours(&self) -> Handshake {
        match self.role {
            Role::Client => {
                let mut config = self.client(SEED, self.protocols);
                // What rustls does not have.
                config.record_size_limit = None;
                Handshake::client(Arc::new(config), self.destination()).expect("a client")
            }
            Role::Server => {
                let mut config = self.server(SEED);
                config.record_size_limit = None;
                // What rustls does.
                config.preference = Preference::Client;
                Handshake::server(Arc::new(config)).expect("a server")
            }
        }
    }

    /// Its peer.
    pub(super) fn peer(&self) -> Handshake {
        let Peer { record_size_limit, both_shares, .. } = self.peer;
        let limit = record_size_limit.then_some(16_385);
        match self.role.peer() {
            Role::Client => {
                let mut config = self.client(SEED ^ 1, self.peer.protocols);
                config.compatibility_mode = self.peer.compatibility_mode;
                config.grease = self.peer.grease;
                config.record_size_limit = limit;
                config.post_handshake_auth = self.peer.post_handshake_auth;
                if both_shares {
                    config.key_shares = KeyShares::First(2);
                }
                if self.peer.no_tickets {
                    config.psk_key_exchange_modes = Vector::new();
                }
                Handshake::client(Arc::new(config), self.destination()).expect("a client")
            }
            Role::Server => {
                let mut config = self.server(SEED ^ 1);
                config.cookie_bytes = if self.peer.cookie { 8 } else { 0 };
                config.grease = self.peer.grease;
                config.announce_groups = self.peer.announce_groups;
                config.record_size_limit = limit;
                Handshake::server(Arc::new(config)).expect("a server")
            }
        }
    }

    fn client(&self, seed: u8, protocols: &[&'static str]) -> ClientConfig {
        let mut config = ClientConfig::new(insecure_provider(seed));
        config.cipher_suites = self.suites(Role::Client).iter().copied().collect();
        config.groups = self.groups(Role::Client).iter().copied().collect();
        config.signature_schemes = [SignatureScheme::ED25519].into_iter().collect();
        config.certificate_signature_schemes = Vector::new();
        config.application_layer_protocols = names(protocols);
        config
    }

    fn server(&self, seed: u8) -> ServerConfig {
        let mut config = ServerConfig::new(insecure_provider(seed));
        config.cipher_suites = self.suites(Role::Server).iter().copied().collect();
        config.groups = self.groups(Role::Server).iter().copied().collect();
        config.signature_schemes = [SignatureScheme::ED25519].into_iter().collect();
        config.certificate_signature_schemes = Vector::new();
        config.client_authentication = self.client_authentication;
        config
    }

    fn destination(&self) -> Destination {
        if !self.names_server {
            return Destination::default();
        }
        Destination::named("example.com".try_into().expect("a DNS name"))
    }
}

fn names(protocols: &[&'static str]) -> Vector<ProtocolName<'static>> {
    protocols.iter().map(|name| ProtocolName(name.as_bytes())).collect()
}
