//! What a test expects of a connection, compared with what was seen.

use core::fmt::Debug;

use countersign::crypto::ring::provider;
use countersign::registry::CipherSuite;

use crate::conversation::{Conversation, EarlyData};
use crate::identity;
use crate::memory::Peer;
use crate::options::ProtocolChoice;
use crate::stop::Stop;

impl Conversation<'_> {
    /// The checks when a connection becomes usable. As long as early data is being sent they are
    /// about the session that was offered.
    pub(crate) fn check(&self, is_resumption: bool) -> Result<(), Stop> {
        self.check_parameters()?;
        self.check_peer()?;
        let expect = &self.options.expect;
        if !self.seen.is_complete {
            return Ok(());
        }
        same("resumption", &self.is_resumed(), &(is_resumption && !expect.session_miss))?;
        if let Some(number) = expect.credential {
            same("credential", &self.seen.credential.unwrap_or(-1), &number)?;
        }
        if is_resumption && expect.ticket_age_skew != 0 {
            same("ticket age skew", &self.seen.ticket_age_skew, &expect.ticket_age_skew)?;
        }
        self.check_early_data()
    }

    fn check_parameters(&self) -> Result<(), Stop> {
        let expect = &self.options.expect;
        let offered = self.seen.offered.as_ref().map(|(negotiated, _)| negotiated);
        let negotiated = self.seen.negotiated.as_ref().or(offered);
        let negotiated = negotiated.ok_or_else(|| Stop::broken("nothing negotiated"))?;
        if let Some(version) = expect.version {
            same("version", &0x0304, &version)?;
        }
        let wanted = if provider_prefers_aes() {
            expect.cipher_suite_with_aes
        } else {
            expect.cipher_suite_without_aes
        };
        for suite in [wanted, expect.cipher_suite].into_iter().flatten() {
            same("cipher suite", &negotiated.cipher_suite, &suite)?;
        }
        if expect.group.is_some() {
            same("group", &negotiated.group, &expect.group)?;
        }
        let protocol = match (&self.options.protocol_choice, self.options.server) {
            (ProtocolChoice::Select(name), true) => name,
            (_, true) => &Vec::new(),
            (_, false) => &expect.protocol,
        };
        let agreed = negotiated.application_layer_protocol.as_deref().unwrap_or_default();
        same("application protocol", &agreed, &protocol.as_slice())?;
        if self.options.server && !expect.protocol.is_empty() {
            same("application protocol", &agreed, &expect.protocol.as_slice())?;
        }
        if expect.transport_parameters.is_some() && self.seen.is_complete {
            let seen = &self.seen.transport_parameters;
            same("transport parameters", seen, &expect.transport_parameters)?;
        }
        if (expect.retry && !self.seen.is_retried) || (expect.no_retry && self.seen.is_retried) {
            return Err(Stop::broken("a HelloRetryRequest, or none"));
        }
        Ok(())
    }

    fn check_peer(&self) -> Result<(), Stop> {
        let (expect, options) = (&self.options.expect, &self.options);
        let offered = self.seen.offered.as_ref().and_then(|(_, peer)| peer.as_ref());
        let peer = self.seen.peer.as_ref().or(offered);
        if expect.no_peer_certificate || self.is_by_external_key() {
            same("peer certificate", &peer, &None)?;
        } else if peer.is_none() && (!options.server || options.require_client_certificate) {
            return Err(Stop::broken("no peer certificate"));
        }
        let is_hash = peer.is_some_and(|peer| peer.hash.is_some());
        same("certificate kept as a hash", &is_hash, &expect.only_hash)?;
        let nobody = Peer::default();
        let peer = peer.unwrap_or(&nobody);
        if expect.ocsp_response.is_some() {
            same("OCSP response", &peer.ocsp_response, &expect.ocsp_response)?;
        }
        if expect.timestamps.is_some() {
            same("signed certificate timestamps", &peer.timestamps, &expect.timestamps)?;
        }
        if expect.verify_result {
            let verified =
                peer.is_verified || (peer.certificates.is_empty() && peer.hash.is_none());
            same("result of verification", &verified, &!options.verify_fail)?;
        }
        if expect.peer_scheme.is_some() {
            same("signature scheme", &peer.scheme, &expect.peer_scheme)?;
        }
        if expect.peer_certificate_type.is_some() {
            let seen = peer.certificate_type.map(|certificate_type| certificate_type.0);
            same("type of certificate", &seen, &expect.peer_certificate_type)?;
        }
        if let Some(path) = &expect.peer_certificate_file {
            same("peer certificate", &peer.certificates, &identity::certificates(path)?)?;
        }
        Ok(())
    }

    fn check_early_data(&self) -> Result<(), Stop> {
        let expect = &self.options.expect;
        let accepted = self.seen.early_data == EarlyData::Accepted;
        if (expect.early_data_accepted && !accepted) || (expect.early_data_rejected && accepted) {
            return Err(Stop::broken(format!("early data {:?}", self.seen.early_data)));
        }
        match &expect.early_data_reason {
            Some(reason) => {
                same("reason", &self.early_data_reason().as_bytes(), &reason.as_slice())
            }
            None => Ok(()),
        }
    }

    fn early_data_reason(&self) -> &'static str {
        match (self.seen.early_data, self.seen.early_data_reason) {
            (EarlyData::Accepted, _) => "accept",
            (_, Some(reason)) => reason,
            _ if self.seen.is_retried => "hello_retry_request",
            _ if !self.is_resumed() => "session_not_resumed",
            _ => "peer_declined",
        }
    }

    pub(crate) fn check_early_data_offer(&self) -> Result<(), Stop> {
        if self.options.expect.early_data_not_offered && self.is_sending_early_data() {
            return Err(Stop::broken("early data was offered"));
        }
        Ok(())
    }

    /// Client: a ticket came, or none, as expected.
    pub(crate) fn check_session(&self) -> Result<(), Stop> {
        let (expect, options) = (&self.options.expect, &self.options);
        if options.server {
            return Ok(());
        }
        let expected = !expect.no_session && !options.shuts_down;
        same("new session", &self.seen.ticket.is_some(), &expected)?;
        let Some(ticket) = &self.seen.ticket else { return Ok(()) };
        if let Some(expected) = &expect.resumption_across_names {
            same("resumption across names", &ticket.resumption_across_names, expected)?;
        }
        let early_data = matches!(ticket.max_early_data_bytes, Some(1..));
        same("early data in the ticket", &early_data, &expect.ticket_with_early_data)
    }
}

/// Whether our first suite is one of AES.
fn provider_prefers_aes() -> bool {
    let first = provider().suites.first().map(|suite| suite.id);
    first != Some(CipherSuite::TLS_CHACHA20_POLY1305_SHA256)
}

fn same<T: Debug + PartialEq>(what: &str, seen: &T, expected: &T) -> Result<(), Stop> {
    if seen == expected {
        Ok(())
    } else {
        Err(Stop::Broken(format!("{what}: {seen:?}, expected {expected:?}")))
    }
}
