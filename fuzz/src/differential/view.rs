//! A handshake as one end of it sees it: the messages that it has sent and received, and the keys
//! that follow from them.
//!
//! Whoever tampers here knows everything, since private keys are public ones. So what is changed on
//! its way need not show: signatures and Finished can be made anew to fit what an end has seen.

use countersign::crypto::{Secret, Suite};
use countersign::epoch::Role;
use countersign::key_schedule::{HandshakeSecret, TrafficSecret};
use countersign::message::{CertificateVerify, Finished, HEADER_BYTES, Kind, Message};
use countersign::registry::{
    CipherSuite, ExtensionType, HandshakeType, NamedGroup, SignatureScheme,
};
use countersign::transcript::Transcript;

use crate::build::encoded;
use crate::cheap::{SUITE_OF_32_BYTES, SUITE_OF_48_BYTES};
use crate::differential::extensions::Extensions;
use crate::insecure::sign;
use crate::mutation::split;

/// What one role sends under.
#[derive(Default)]
pub(super) struct Sending {
    /// Every traffic secret that is known, in the order of use.
    pub(super) secrets: Vec<TrafficSecret>,
    /// How many of them have been in use; none: plaintext.
    pub(super) begun: usize,
    /// The beginning of a message.
    partial: Vec<u8>,
}

#[derive(Default)]
pub(super) struct View {
    /// The last ClientHello.
    client_hello: Vec<u8>,
    transcript: Option<Transcript>,
    stage: Option<HandshakeSecret>,
    client: Sending,
    server: Sending,
}

impl View {
    pub(super) const fn sending(&self, role: Role) -> &Sending {
        match role {
            Role::Client => &self.client,
            Role::Server => &self.server,
        }
    }

    const fn sending_mut(&mut self, role: Role) -> &mut Sending {
        match role {
            Role::Client => &mut self.client,
            Role::Server => &mut self.server,
        }
    }

    /// The types of the messages that bytes of handshake messages begin or go on with.
    pub(super) fn types(&self, sender: Role, bytes: &[u8]) -> Vec<HandshakeType> {
        let messages = split(&[&self.sending(sender).partial, bytes].concat());
        messages.iter().filter_map(|message| message.first().copied().map(HandshakeType)).collect()
    }

    /// Whether the beginning of a message has come, and not its end.
    pub(super) const fn is_partial(&self, sender: Role) -> bool {
        !self.sending(sender).partial.is_empty()
    }

    /// Takes note of bytes of handshake messages; returns the messages that they complete.
    pub(super) fn note(&mut self, sender: Role, bytes: &[u8]) -> Vec<Vec<u8>> {
        let partial = &mut self.sending_mut(sender).partial;
        partial.extend_from_slice(bytes);
        let mut messages = split(partial);
        partial.clear();
        let is_whole = |message: &Vec<u8>| split(&[message, &[0][..]].concat()).len() == 2;
        if let Some(rest) = messages.pop_if(|message| !is_whole(message)) {
            *partial = rest;
        }
        messages.iter().for_each(|message| self.add(sender, message));
        messages
    }

    fn add(&mut self, sender: Role, message: &[u8]) {
        let kind = Kind::of(HandshakeType(message[0]), &message[HEADER_BYTES..]);
        match (kind, sender) {
            (Ok(Kind::KeyUpdate), _) => return self.update(sender),
            (Ok(Kind::NewSessionTicket), _) => return,
            (Ok(Kind::ClientHello), Role::Client) => self.client_hello = message.to_vec(),
            (Ok(Kind::HelloRetryRequest), Role::Server) => return self.retry(message),
            (Ok(Kind::ServerHello), Role::Server) if self.transcript.is_none() => {
                if let Some(suite) = suite(message) {
                    let mut transcript = Transcript::new(suite.hash);
                    transcript.add(&self.client_hello);
                    self.transcript = Some(transcript);
                }
            }
            _ => {}
        }
        let Some(transcript) = &mut self.transcript else { return };
        transcript.add(message);
        match (kind, sender) {
            (Ok(Kind::ServerHello), Role::Server) => self.agree(message),
            (Ok(Kind::Finished), Role::Server) => self.complete(),
            (Ok(Kind::Finished), Role::Client) => self.client.begin(2),
            _ => {}
        }
    }

    fn retry(&mut self, message: &[u8]) {
        if let (Some(suite), None) = (suite(message), &self.transcript) {
            let first = suite.hash.digest(&[&self.client_hello]);
            self.transcript = Some(Transcript::after_retry(suite.hash, &first, message));
        }
    }

    /// Both shares are known, and each is its private key.
    fn agree(&mut self, server_hello: &[u8]) {
        let (None, Some(transcript)) = (&self.stage, &self.transcript) else { return };
        let shared = shared_secret(&self.client_hello, server_hello);
        if let Some((suite, shared)) = suite(server_hello).zip(shared) {
            let stage = HandshakeSecret::without_psk(suite, shared);
            let through_server_hello = transcript.digest();
            self.client.secrets = vec![stage.traffic(Role::Client, &through_server_hello)];
            self.server.secrets = vec![stage.traffic(Role::Server, &through_server_hello)];
            self.client.begin(1);
            self.server.begin(1);
            self.stage = Some(stage);
        }
    }

    /// The server's Finished.
    fn complete(&mut self) {
        let (Some(stage), Some(transcript)) = (self.stage.take(), &self.transcript) else { return };
        let (main, through_server_finished) = (stage.into_main(), transcript.digest());
        self.client.secrets.push(main.traffic(Role::Client, &through_server_finished));
        self.server.secrets.push(main.traffic(Role::Server, &through_server_finished));
        self.server.begin(2);
    }

    fn update(&mut self, sender: Role) {
        let sending = self.sending_mut(sender);
        if let (Some(last), true) = (sending.secrets.last(), sending.secrets.len() > 1) {
            let next = last.clone().next();
            sending.secrets.push(next);
            sending.begin(sending.secrets.len());
        }
    }

    /// What `sender` has to say in place of `message` so that it fits what was seen here.
    pub(super) fn fitted(&self, sender: Role, message: Vec<u8>) -> Vec<u8> {
        let kind = Kind::of(HandshakeType(message[0]), &message[HEADER_BYTES..]);
        let (Ok(kind), Some(transcript)) = (kind, &self.transcript) else { return message };
        match (kind, self.sending(sender).secrets.first()) {
            (Kind::CertificateVerify, _) => {
                let context: &[u8] = match sender {
                    Role::Client => b"TLS 1.3, client CertificateVerify\0",
                    Role::Server => b"TLS 1.3, server CertificateVerify\0",
                };
                let digest = transcript.digest();
                let signature = sign(&[&[b' '; 64], context, digest.as_bytes()].concat());
                let algorithm = SignatureScheme::ED25519;
                let proof = CertificateVerify { algorithm, signature: &signature };
                encoded(&Message::CertificateVerify(proof), &Default::default())
            }
            (Kind::Finished, Some(secret)) => {
                let verify_data = secret.verify_data(&transcript.digest());
                let finished = Finished { verify_data: verify_data.as_bytes() };
                encoded(&Message::Finished(finished), &Default::default())
            }
            _ => message,
        }
    }
}

impl Sending {
    fn begin(&mut self, count: usize) {
        self.begun = count.min(self.secrets.len());
    }
}

/// The suite that a ServerHello or HelloRetryRequest selects.
fn suite(message: &[u8]) -> Option<&'static Suite> {
    let session_id = usize::from(*message.get(HEADER_BYTES + 34)?);
    let selected = message.get(HEADER_BYTES + 35 + session_id..)?.first_chunk()?;
    let selected = CipherSuite(u16::from_be_bytes(*selected));
    [&SUITE_OF_32_BYTES, &SUITE_OF_48_BYTES].into_iter().find(|suite| suite.id == selected)
}

fn shared_secret(client_hello: &[u8], server_hello: &[u8]) -> Option<Secret> {
    let hello = Extensions::of(server_hello)?;
    let (group, server_share) = shares(hello.find(ExtensionType::KEY_SHARE)?).next()?;
    let hello = Extensions::of(client_hello)?;
    let offered = hello.find(ExtensionType::KEY_SHARE)?.get(2..)?;
    let (_, client_share) = shares(offered).find(|(offered, _)| *offered == group)?;
    let secret: Vec<u8> = client_share.iter().zip(server_share).map(|(a, b)| a ^ b).collect();
    Secret::copied_from(&secret)
}

/// KeyShareEntries, up to one that is cut off.
fn shares(mut bytes: &[u8]) -> impl Iterator<Item = (NamedGroup, &[u8])> {
    std::iter::from_fn(move || {
        let ([a, b, c, d], rest) = bytes.split_first_chunk()?;
        let (share, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([*c, *d])))?;
        bytes = rest;
        Some((NamedGroup(u16::from_be_bytes([*a, *b])), share))
    })
}
