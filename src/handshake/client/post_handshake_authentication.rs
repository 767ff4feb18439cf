//! Authentication after the handshake, at the client (RFC 9846 §4.7.2).
//!
//! A person may have to be asked, so nothing waits for these answers: data, updates and further
//! requests go on both ways. What goes out for a request is kept back until it can go out at once.

use std::collections::VecDeque;
use std::sync::Arc;

use super::connected::Connected;
use super::{Next, Step};
use crate::failure::Cause;
use crate::handshake::authentication::{
    CertificateForm, check_request, encode_certificate, send_certificate_verify, send_finished,
    to_sign,
};
use crate::handshake::client_authentication::Reply;
use crate::handshake::config::ClientConfig;
use crate::handshake::context::Context;
use crate::handshake::decision::{
    CertificateChain, ClientCredentialSelected, Decision, OwnCertificate, SelectClientCredential,
    Serial, Signed,
};
use crate::handshake::event::{Answered, Framed, on};
use crate::message::CertificateRequest;
use crate::registry::SignatureScheme;
use crate::transcript::Transcript;

/// The server's requests; it may ask.
#[derive(Debug)]
pub(in crate::handshake) struct Requests {
    config: Arc<ClientConfig>,
    /// Through our Finished: every authentication begins there (RFC 9846 §4.5).
    transcript: Transcript,
    to_select: Vec<SelectCredential>,
    to_sign: Vec<SignCertificateVerify>,
    /// The contexts of those that were answered last.
    answered: VecDeque<Vec<u8>>,
}

/// The embedder chooses how to meet a request.
#[derive(Debug)]
struct SelectCredential {
    question: Serial,
    context: Vec<u8>,
    form: CertificateForm,
    transcript: Transcript,
}

/// Our certificate is chosen; the embedder signs.
#[derive(Debug)]
struct SignCertificateVerify {
    question: Serial,
    context: Vec<u8>,
    /// Certificate or CompressedCertificate, header included.
    encoded: Vec<u8>,
    scheme: SignatureScheme,
    transcript: Transcript,
}

impl Requests {
    pub(super) const fn behind(config: Arc<ClientConfig>, transcript: Transcript) -> Self {
        Self {
            config,
            transcript,
            to_select: Vec::new(),
            to_sign: Vec::new(),
            answered: VecDeque::new(),
        }
    }

    const fn open(&self) -> usize {
        self.to_select.len() + self.to_sign.len()
    }

    fn knows(&self, context: &[u8]) -> bool {
        self.to_select.iter().any(|request| request.context == context)
            || self.to_sign.iter().any(|request| request.context == context)
            || self.answered.iter().any(|answered| answered == context)
    }

    fn add(
        &mut self,
        cx: &mut Context,
        request: &Framed<'_, CertificateRequest<'_>>,
    ) -> Result<(), Cause> {
        let context = request.message.certificate_request_context;
        if self.knows(context) {
            return Err(Cause::RequestContextRepeated);
        }
        if self.open() >= cx.limits.certificate_requests {
            return Err(Cause::TooManyCertificateRequests);
        }
        let mut transcript = self.transcript.fork();
        transcript.add(request.encoded);
        let certificate_request = request.body().to_vec();
        let ours = &self.config.certificate_compressions;
        let (limits, certificate_type) = (cx.limits, cx.own_certificate_type);
        self.to_select.push(SelectCredential {
            context: context.to_vec(),
            form: CertificateForm::for_server(&request.message, ours),
            transcript,
            question: cx.ask_aside(|serial| {
                Decision::SelectClientCredential(SelectClientCredential {
                    serial,
                    certificate_request,
                    certificate_type,
                    limits,
                })
            }),
        });
        Ok(())
    }

    /// Remembers as many contexts as there can be requests at one time.
    fn remember(&mut self, cx: &Context, context: Vec<u8>) {
        self.answered.push_back(context);
        while self.answered.len() > cx.limits.certificate_requests {
            self.answered.pop_front();
        }
    }
}

impl Connected {
    /// How many requests are open; `None` if there may be none.
    pub(in crate::handshake) fn certificate_requests(&self) -> Option<usize> {
        self.requests.as_ref().map(Requests::open)
    }

    pub(super) fn certificate_request(
        mut self,
        cx: &mut Context,
        request: Framed<'_, CertificateRequest<'_>>,
    ) -> Step<Self, on::CertificateRequest> {
        check_request(&request.message)?;
        // A server can send this only once it has the Finished of our handshake.
        cx.handshake_processed();
        if let Some(requests) = self.requests.as_mut().filter(|_| cx.closure.may_send()) {
            requests.add(cx, &request)?;
        }
        Ok(Next::to(self))
    }

    pub(super) fn credential_selected(
        mut self,
        cx: &mut Context,
        Answered { question, answer }: Answered<ClientCredentialSelected>,
    ) -> Step<Self, on::ClientCredentialSelected> {
        let Some(requests) = self.requests.as_mut().filter(|_| cx.closure.may_send()) else {
            return Ok(Next::to(self));
        };
        let answered = |request: &mut SelectCredential| request.question == question;
        let Some(request) = requests.to_select.extract_if(.., answered).next() else {
            return Ok(Next::to(self));
        };
        let SelectCredential { context, form, mut transcript, .. } = request;
        let ClientCredentialSelected(Some((certificate, scheme))) = answer else {
            let nothing = OwnCertificate::from(CertificateChain::default());
            let nothing = encode_certificate(&context, &nothing, &form)?;
            transcript.add(&nothing);
            cx.send_encoded(&nothing);
            self.finish(cx, context, transcript, Reply::Declined)?;
            return Ok(Next::to(self));
        };
        let encoded = encode_certificate(&context, &certificate, &form)?;
        transcript.add(&encoded);
        let question = cx.ask_aside(to_sign(cx.role, certificate, scheme, &transcript));
        let request = SignCertificateVerify { question, context, encoded, scheme, transcript };
        requests.to_sign.push(request);
        Ok(Next::to(self))
    }

    pub(super) fn signed(
        mut self,
        cx: &mut Context,
        Answered { question, answer: Signed(signature) }: Answered<Signed>,
    ) -> Step<Self, on::Signed> {
        let Some(requests) = self.requests.as_mut().filter(|_| cx.closure.may_send()) else {
            return Ok(Next::to(self));
        };
        let answered = |request: &mut SignCertificateVerify| request.question == question;
        let Some(request) = requests.to_sign.extract_if(.., answered).next() else {
            return Ok(Next::to(self));
        };
        let SignCertificateVerify { context, encoded, scheme, mut transcript, .. } = request;
        cx.send_encoded(&encoded);
        send_certificate_verify(cx, &mut transcript, scheme, &signature)?;
        self.finish(cx, context, transcript, Reply::Sent)?;
        Ok(Next::to(self))
    }

    /// Sends Finished, under the key of the moment.
    fn finish(
        &mut self,
        cx: &mut Context,
        context: Vec<u8>,
        mut transcript: Transcript,
        reply: Reply,
    ) -> Result<(), Cause> {
        send_finished(cx, &mut transcript, &self.secrets.send)?;
        if let Some(requests) = &mut self.requests {
            requests.remember(cx, context);
        }
        cx.authenticated_after_handshake(reply);
        Ok(())
    }
}
