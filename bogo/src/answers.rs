//! The answers to a connection's questions.

use std::sync::Arc;

use countersign::crypto::ring::{TLS_AES_128_GCM_SHA256, provider};
use countersign::epoch::Role;
use countersign::handshake::decision::{
    CertificateFault, HelloRefusal, OwnCertificate, SealTicket, SelectClientCredential,
    SelectCredential, Sign, VerifyCertificate,
};
use countersign::handshake::psk::PreSharedKey;
use countersign::handshake::{Answer, Decision};
use countersign::registry::{CertificateType, SignatureScheme};

use crate::configuration::authorities;
use crate::conversation::Conversation;
use crate::identity::{Certified, Identity, Proof};
use crate::memory::Peer;
use crate::options::ProtocolChoice;
use crate::stop::Stop;

/// A ticket that a server resumes from.
struct Resumption {
    index: usize,
    key: PreSharedKey,
    peer: Option<Peer>,
    early_data: bool,
}

impl Conversation<'_> {
    pub(crate) fn answer(&mut self, decision: Decision) -> Result<(), Stop> {
        let was_ticket = matches!(decision, Decision::SealTicket(_));
        let answer = match decision {
            Decision::VerifyCertificate(question) => self.verify(question)?,
            Decision::SelectCredential(question) => self.select(question)?,
            Decision::SelectClientCredential(question) => self.select_client(question)?,
            Decision::Sign(question) => self.sign(question),
            Decision::SealTicket(question) => self.seal(question)?,
            other => return Err(Stop::broken(format!("a question without an answer: {other:?}"))),
        };
        self.transport.answer(answer)?;
        if was_ticket { self.issue_ticket() } else { Ok(()) }
    }

    fn verify(&mut self, question: VerifyCertificate) -> Result<Answer, Stop> {
        let options = &self.options;
        if options.expect.ocsp_response.is_some() && question.ocsp_response().is_none() {
            return Err(Stop::broken("no OCSP response when the certificate is verified"));
        }
        let certificates: Vec<_> = question.certificates().map(|der| der.to_vec()).collect();
        let keeps_hash = options.retain_only_hash && question.role() == Role::Server;
        let hash = certificates.first().filter(|_| keeps_hash).map(|der| sha256(der));
        self.seen.peer = Some(Peer {
            certificates: if keeps_hash { Vec::new() } else { certificates },
            certificate_type: Some(question.certificate_type()),
            hash,
            ocsp_response: question.ocsp_response().map(<[u8]>::to_vec),
            timestamps: question.signed_certificate_timestamps().map(<[u8]>::to_vec),
            scheme: Some(question.scheme()),
            is_verified: !options.verify_fail,
        });
        // A client that does not ask for verification looks at the result and goes on.
        let counts = options.verify_peer || options.require_client_certificate;
        let is_client = question.role() == Role::Client;
        let wants_psk = self.identities.iter().any(|own| own.certified().is_none());
        let is_raw = question.certificate_type() == CertificateType::RAW_PUBLIC_KEY;
        let known = TLS_AES_128_GCM_SHA256.hash.digest(&[question.subject_public_key_info()]);
        let is_known = options.expect.raw_public_key_hash.as_deref() == Some(known.as_bytes());
        Ok(if is_raw && !is_known {
            // Nobody vouches for it.
            question.reject(CertificateFault::Unspecified)
        } else if wants_psk && !counts {
            // Whoever is configured with keys alone wants no certificate.
            question.reject(CertificateFault::Unspecified)
        } else if options.verify_fail && counts {
            question.reject(CertificateFault::Unspecified)
        } else if is_client && options.ocsp_callback && options.ocsp_callback_fails {
            question.reject(CertificateFault::Status)
        } else {
            question.accept()
        })
    }

    fn select(&mut self, question: SelectCredential) -> Result<Answer, Stop> {
        self.check_client_hello(&question)?;
        let options = &self.options;
        if options.fail_early {
            return Ok(question.refuse(HelloRefusal::Parameters));
        }
        if options.fail_overloaded {
            return Ok(question.refuse(HelloRefusal::Overload));
        }
        let callback_fails = options.ocsp_callback && options.ocsp_callback_fails;
        if options.fail_certificate_choice || callback_fails {
            return Ok(question.refuse(HelloRefusal::Unavailable));
        }
        let protocol = match self.protocol(&question) {
            Ok(protocol) => protocol,
            Err(refusal) => return Ok(question.refuse(refusal)),
        };
        match self.resumption(&question, protocol.as_deref())? {
            Some(resumption) => {
                let Resumption { index, key, peer, early_data } = resumption;
                self.seen.peer = peer;
                let answer = question.psk(index, key, protocol.as_deref(), early_data);
                answer.map_err(|unfit| Stop::from(unfit.misuse))
            }
            None => self.select_identity(question, protocol.as_deref()),
        }
    }

    /// Goes on with the first credential that the client can use.
    fn select_identity(
        &mut self,
        question: SelectCredential,
        protocol: Option<&[u8]>,
    ) -> Result<Answer, Stop> {
        let schemes: Vec<_> = question.signature_schemes().collect();
        let authorities: Vec<_> = question.certificate_authorities().collect();
        let certificate_type = question.certificate_type();
        let suite = provider().suite(question.cipher_suite());
        for identity in &self.identities {
            match &identity.proof {
                Proof::Certificate(certified) => {
                    let scheme_for = |of| certified.scheme_for(of, &schemes, &authorities);
                    let Some(scheme) = certificate_type.and_then(scheme_for) else { continue };
                    self.seen.credential = Some(identity.number);
                    let answer =
                        question.certificate(self.certificate(certified), scheme, protocol);
                    return answer.map_err(|unfit| Stop::from(unfit.misuse));
                }
                Proof::ExternalKey(key) => {
                    let Some(suite) = suite else { continue };
                    let psk = key.import(suite)?;
                    let mut offered = question.psk_identities();
                    let index = offered.position(|offered| offered.identity == psk.identity());
                    drop(offered);
                    let Some(index) = index else { continue };
                    self.seen.credential = Some(identity.number);
                    let answer = question.psk(index, psk.key().clone(), protocol, false);
                    return answer.map_err(|unfit| Stop::from(unfit.misuse));
                }
            }
        }
        Ok(question.refuse(HelloRefusal::NoSuitableCertificate))
    }

    fn certificate(&self, certified: &Certified) -> OwnCertificate {
        let mut certificate = certified.credential.certificate().clone();
        if let (OwnCertificate::Chain(chain), true) =
            (&mut certificate, self.options.ocsp_callback_declines)
        {
            let entries = &mut Arc::make_mut(chain).entries;
            entries.iter_mut().for_each(|entry| entry.ocsp_response = None);
        }
        certificate
    }

    fn check_client_hello(&self, question: &SelectCredential) -> Result<(), Stop> {
        let expect = &self.options.expect;
        let name = question.server_name();
        if expect.no_server_name && name.is_some() {
            return Err(Stop::broken("a server name"));
        }
        if expect.server_name.is_some() && expect.server_name.as_deref() != name {
            return Err(Stop::broken("the server name"));
        }
        self.check_verify_schemes(question.signature_schemes())?;
        let Some(advertised) = &expect.advertised_protocols else { return Ok(()) };
        let offered = question.application_layer_protocols();
        if offered.eq(crate::configuration::protocol_names(advertised)) {
            Ok(())
        } else {
            Err(Stop::broken("the application protocols of the client"))
        }
    }

    fn check_verify_schemes(
        &self,
        schemes: impl Iterator<Item = SignatureScheme>,
    ) -> Result<(), Stop> {
        let expected = &self.options.expect.peer_verify_schemes;
        if expected.is_empty() || schemes.eq(expected.iter().copied()) {
            Ok(())
        } else {
            Err(Stop::broken("the schemes that the peer verifies"))
        }
    }

    fn protocol(&self, question: &SelectCredential) -> Result<Option<Vec<u8>>, HelloRefusal> {
        if question.application_layer_protocols().next().is_none() {
            return Ok(None);
        }
        match &self.options.protocol_choice {
            ProtocolChoice::Unaware | ProtocolChoice::Decline => Ok(None),
            ProtocolChoice::Select(name) => Ok(Some(name.clone())),
            ProtocolChoice::SelectEmpty => Err(HelloRefusal::Unavailable),
            ProtocolChoice::Reject => Err(HelloRefusal::NoApplicationProtocol),
        }
    }

    /// The ticket to resume from, if the client offers one that is ours and fits, and what is to be
    /// done about early data.
    fn resumption(
        &mut self,
        question: &SelectCredential,
        protocol: Option<&[u8]>,
    ) -> Result<Option<Resumption>, Stop> {
        let known = question.psk_identities().enumerate().find_map(|(index, offered)| {
            let issued = self.memory.issued(offered.identity)?;
            let keeps_hash = issued.peer.as_ref().is_some_and(|peer| peer.hash.is_some());
            let fits = issued.fits(question.cipher_suite())
                && !self.options.no_ticket
                && (issued.peer.is_none() || keeps_hash == self.options.retain_only_hash);
            fits.then_some((index, issued, offered.obfuscated_ticket_age))
        });
        let Some((index, issued, age)) = known else {
            self.seen.early_data_reason = Some(if !self.options.early_data {
                "disabled"
            } else if question.psk_identities().next().is_some() {
                "session_not_resumed"
            } else {
                "no_session_offered"
            });
            return Ok(None);
        };
        let skew = issued.age_skew(age, self.memory.now());
        let objection = if !self.options.early_data {
            Some("disabled")
        } else if !issued.permits_early_data() {
            Some("unsupported_for_session")
        } else if self.seen.is_retried {
            Some("hello_retry_request")
        } else if !question.offers_early_data() {
            Some("peer_declined")
        } else if issued.protocol() != protocol {
            Some("alpn_mismatch")
        } else if skew.abs() > TOLERATED_SKEW_SECONDS {
            Some("ticket_age_skew")
        } else if issued.early_data_context != self.options.early_data_context {
            Some("quic_parameter_mismatch")
        } else {
            None
        };
        let (key, peer) = (issued.key()?, issued.peer.clone());
        self.seen.ticket_age_skew = skew;
        self.seen.early_data_reason = objection;
        Ok(Some(Resumption { index, key, peer, early_data: objection.is_none() }))
    }

    fn select_client(&mut self, question: SelectClientCredential) -> Result<Answer, Stop> {
        let expect = &self.options.expect;
        let names: Vec<_> = question.certificate_authorities().collect();
        let expected = authorities(expect.client_authorities.as_deref())?;
        if expect.client_authorities.is_some() && names != expected {
            return Err(Stop::broken("the authorities in CertificateRequest"));
        }
        self.check_verify_schemes(question.signature_schemes())?;
        if self.options.fail_certificate_choice {
            return Ok(question.unavailable());
        }
        let schemes: Vec<_> = question.signature_schemes().collect();
        let of = question.certificate_type();
        let fitting = self.identities.iter().find_map(|identity| {
            let certified = identity.certified()?;
            Some((identity.number, certified, certified.scheme_for(of, &schemes, &names)?))
        });
        let Some((number, certified, scheme)) = fitting else { return Ok(question.decline()) };
        self.seen.credential = Some(number);
        let answer = question.certificate(self.certificate(certified), scheme);
        answer.map_err(|unfit| Stop::from(unfit.misuse))
    }

    fn sign(&self, question: Sign) -> Answer {
        let identity = self.identities.iter().find(|own| Some(own.number) == self.seen.credential);
        let certified = identity.and_then(Identity::certified);
        let signed =
            certified.and_then(|own| own.credential.sign(question.scheme(), question.message()));
        match signed {
            Some(signature) => question.signature(signature),
            None => question.unavailable(),
        }
    }

    fn seal(&mut self, question: SealTicket) -> Result<Answer, Stop> {
        if self.options.skip_ticket {
            return Ok(question.decline());
        }
        let negotiated = self.seen.negotiated.as_ref();
        let protocol =
            negotiated.and_then(|negotiated| negotiated.application_layer_protocol.clone());
        let context = self.options.early_data_context.clone();
        let ticket = self.memory.issue(&question, protocol, context, self.seen.peer.clone());
        question.sealed(ticket).map_err(|unfit| Stop::from(unfit.misuse))
    }
}

fn sha256(bytes: &[u8]) -> Vec<u8> {
    TLS_AES_128_GCM_SHA256.hash.digest(&[bytes]).as_bytes().to_vec()
}

/// By how much a ticket's age may be off before its early data is not taken.
const TOLERATED_SKEW_SECONDS: i64 = 60;
