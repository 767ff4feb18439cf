//! OpenSSL of the system, set up to do the same; without tickets, so it does not resume.

use std::io::{ErrorKind, Read, Write};

use ::openssl::pkey::PKey;
use ::openssl::ssl::{
    Error, ErrorCode, Ssl, SslContext, SslContextBuilder, SslMethod, SslStream, SslVerifyMode,
    SslVersion,
};
use ::openssl::x509::X509;
use ::openssl::x509::store::X509StoreBuilder;

use crate::identities::Identities;
use crate::meeting::{End, Library, Scenario};
use crate::pki::{Issued, NAME};

/// Contexts for every scenario.
pub struct OpenSsl {
    anonymous: SslContext,
    known: SslContext,
    server: SslContext,
    requiring: SslContext,
}

impl OpenSsl {
    /// Everything for these identities.
    ///
    /// # Panics
    /// If a context is refused.
    #[must_use]
    pub fn new(identities: &Identities) -> Self {
        let context = |own: Option<&Issued>, verify: SslVerifyMode| {
            let mut context = SslContext::builder(SslMethod::tls()).unwrap();
            let version = Some(SslVersion::TLS1_3);
            context.set_min_proto_version(version).unwrap();
            context.set_max_proto_version(version).unwrap();
            context.set_ciphersuites("TLS_AES_128_GCM_SHA256").unwrap();
            context.set_groups_list("X25519").unwrap();
            context.set_num_tickets(0).unwrap();
            let mut store = X509StoreBuilder::new().unwrap();
            store.add_cert(X509::from_der(identities.root.certificate()).unwrap()).unwrap();
            context.set_cert_store(store.build());
            context.set_verify(verify);
            if let Some(own) = own {
                show(&mut context, own);
            }
            context.build()
        };
        let (client, server) = (&identities.client, &identities.server);
        let required = SslVerifyMode::PEER | SslVerifyMode::FAIL_IF_NO_PEER_CERT;
        Self {
            anonymous: context(None, SslVerifyMode::PEER),
            known: context(Some(client), SslVerifyMode::PEER),
            server: context(Some(server), SslVerifyMode::NONE),
            requiring: context(Some(server), required),
        }
    }
}

fn show(context: &mut SslContextBuilder, own: &Issued) {
    let (leaf, path) = own.chain.split_first().unwrap();
    context.set_certificate(&X509::from_der(leaf).unwrap()).unwrap();
    for authority in path {
        context.add_extra_chain_cert(X509::from_der(authority).unwrap()).unwrap();
    }
    let key = PKey::private_key_from_der(&own.key.serialize_der()).unwrap();
    context.set_private_key(&key).unwrap();
}

impl Library for OpenSsl {
    type Destination = ();
    type End = OpenSslEnd;

    const CONNECTION_BYTES: [usize; 2] = [size_of::<SslStream<Wire>>(); 2];

    fn name(&self) -> &'static str {
        "OpenSSL"
    }

    fn can(&self, scenario: Scenario) -> bool {
        !matches!(scenario, Scenario::Resumed | Scenario::Hybrid)
    }

    fn destination(&self, _: Scenario) {}

    fn client(&self, scenario: Scenario, (): ()) -> OpenSslEnd {
        let known = scenario == Scenario::Mutual;
        let mut ssl = Ssl::new(if known { &self.known } else { &self.anonymous }).unwrap();
        ssl.set_hostname(NAME).unwrap();
        ssl.param_mut().set_host(NAME).unwrap();
        ssl.set_connect_state();
        OpenSslEnd::new(ssl)
    }

    fn server(&self, scenario: Scenario) -> OpenSslEnd {
        let requiring = matches!(scenario, Scenario::Mutual | Scenario::Refused);
        let mut ssl = Ssl::new(if requiring { &self.requiring } else { &self.server }).unwrap();
        ssl.set_accept_state();
        OpenSslEnd::new(ssl)
    }
}

/// An end of OpenSSL's.
pub struct OpenSslEnd {
    stream: SslStream<Wire>,
    received: Vec<u8>,
    fault: Option<Error>,
}

/// What OpenSSL reads from and writes to.
#[derive(Debug, Default)]
struct Wire {
    input: Vec<u8>,
    taken: usize,
    output: Vec<u8>,
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let mut rest = self.input.get(self.taken..).unwrap_or_default();
        if rest.is_empty() {
            return Err(ErrorKind::WouldBlock.into());
        }
        let count = rest.read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.output.write(bytes)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

impl OpenSslEnd {
    fn new(ssl: Ssl) -> Self {
        let stream = SslStream::new(ssl, Wire::default()).unwrap();
        Self { stream, received: vec![0; 16_384], fault: None }
    }

    /// How many bytes of application data the wire had.
    fn read(&mut self) -> Result<usize, Error> {
        if !self.stream.ssl().is_init_finished() {
            self.stream.do_handshake()?;
        }
        let mut received = 0;
        loop {
            match self.stream.ssl_read(&mut self.received) {
                Ok(count) => received += count,
                Err(fault) if fault.code() == ErrorCode::WANT_READ => return Ok(received),
                Err(fault) => return Err(fault),
            }
        }
    }
}

impl End for OpenSslEnd {
    fn turn(&mut self, input: &mut Vec<u8>, output: &mut Vec<u8>) -> usize {
        let wire = self.stream.get_mut();
        wire.input.clear();
        wire.taken = 0;
        wire.input.append(input);
        let received = match self.read() {
            Ok(received) => received,
            Err(fault) => {
                let waits = fault.code() == ErrorCode::WANT_READ;
                self.fault = (!waits).then_some(fault);
                0
            }
        };
        output.append(&mut self.stream.get_mut().output);
        received
    }

    fn send(&mut self, data: &[u8], output: &mut Vec<u8>) {
        assert_eq!(self.stream.ssl_write(data).unwrap(), data.len());
        output.append(&mut self.stream.get_mut().output);
    }

    fn agrees_with(&self, scenario: Scenario) -> bool {
        let refused = scenario == Scenario::Refused;
        self.fault.is_some() == refused && (refused || self.stream.ssl().is_init_finished())
    }
}
