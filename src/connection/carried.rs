//! An established connection as a value, to be carried on in another process or on another machine.

use zeroize::Zeroizing;

use super::transmit::Compatibility;
use super::{Connection, Padding};
use crate::codec::{Reader, Writer};
use crate::crypto::Provider;
use crate::epoch::Role;
use crate::failure::Misuse;
use crate::handshake::carried::{Established, decode_u64};
use crate::handshake::closure::Closure;
use crate::handshake::{ClientConfig, Handshake, ServerConfig};
use crate::registry::CipherSuite;

/// An established connection: secrets of both directions, numbers of the next records, and all that
/// the machine knows. It is alive in one place at a time: whoever carries the same value on twice
/// protects two records with one nonce, and that gives both away.
#[derive(Debug)]
#[must_use = "the connection is lost with it"]
pub struct Carried {
    pub(super) established: Established,
    pub(super) send_sequence_number: u64,
    pub(super) receive_sequence_number: u64,
    pub(super) maximum_fragment_bytes: u16,
    record_size_limit: u16,
    padding: Padding,
}

/// What cannot be done with a [`Connection`] or a [`Carried`] one, which comes back as it was.
#[derive(Debug)]
pub struct NotNow<Value> {
    /// The connection.
    pub value: Value,
    /// Why not.
    pub misuse: Misuse,
}

impl<Value> NotNow<Value> {
    pub(super) fn because(value: Value, misuse: Misuse) -> Box<Self> {
        Box::new(Self { value, misuse })
    }
}

impl Connection {
    /// Takes the connection out of this process. Bytes that lie in `input` have to go with it, and
    /// those in `output` before it.
    ///
    /// Authentication after the handshake stays behind, for it begins with a transcript that is not
    /// carried (RFC 9846 §4.5): a server cannot ask for certificates any more, and a client whose
    /// server may still ask has to stay.
    ///
    /// # Errors
    /// The connection comes back: with [`Misuse::NotConnected`] during the handshake;
    /// [`Misuse::Unfinished`] while a question is open, a message has arrived in part, or
    /// [`poll`](Self::poll) has something to say, for a client whose server may ask for
    /// certificates, and for a server that waits for one; [`Misuse::WriteClosed`] after
    /// [`transport_write_failed`](Self::transport_write_failed); [`Misuse::Ended`].
    pub fn export(self) -> Result<Carried, Box<NotNow<Self>>> {
        self.carried().map_err(|misuse| NotNow::because(self, misuse))
    }

    fn carried(&self) -> Result<Carried, Misuse> {
        let established = self.handshake.established()?;
        if self.transport_broken {
            return Err(Misuse::WriteClosed);
        }
        if self.unsent || self.transport_ended || !self.turns.is_empty() {
            return Err(Misuse::Unfinished);
        }
        let fits = |bytes: usize| u16::try_from(bytes).map_err(|_| Misuse::OutOfRange);
        Ok(Carried {
            established,
            send_sequence_number: self.outbound.sequence_number().ok_or(Misuse::NotConnected)?,
            receive_sequence_number: self.inbound.sequence_number().ok_or(Misuse::NotConnected)?,
            maximum_fragment_bytes: fits(self.outbound.maximum_fragment_bytes())?,
            record_size_limit: fits(self.inbound.record_size_limit())?,
            padding: self.outbound.padding(),
        })
    }

    /// Carries a client's connection on. Limits, disclosure and reports are those of `config`; what
    /// has been negotiated stays.
    ///
    /// # Errors
    /// The value comes back: with [`Misuse::WrongRole`] for a server's,
    /// [`Misuse::NotInThisProfile`] for QUIC, [`Misuse::Configuration`].
    pub fn import_client(
        config: &ClientConfig,
        carried: Carried,
    ) -> Result<Self, Box<NotNow<Carried>>> {
        match Handshake::import_client(config, &carried.established) {
            Ok(handshake) => Ok(Self::carry_on(handshake, &carried)),
            Err(misuse) => Err(NotNow::because(carried, misuse)),
        }
    }

    /// Carries a server's connection on.
    ///
    /// # Errors
    /// As [`import_client`](Self::import_client), the other way round.
    pub fn import_server(
        config: &ServerConfig,
        carried: Carried,
    ) -> Result<Self, Box<NotNow<Carried>>> {
        match Handshake::import_server(config, &carried.established) {
            Ok(handshake) => Ok(Self::carry_on(handshake, &carried)),
            Err(misuse) => Err(NotNow::because(carried, misuse)),
        }
    }

    fn carry_on(handshake: Handshake, carried: &Carried) -> Self {
        let mut connection = Self::with_padding(handshake, carried.padding);
        connection.compatibility = Compatibility::Done;
        let (Self { inbound, outbound, .. }, established) = (&mut connection, &carried.established);
        inbound.carry_on(&established.secrets.receive, carried.receive_sequence_number);
        inbound.set_record_size_limit(usize::from(carried.record_size_limit));
        outbound.carry_on(&established.secrets.send, carried.send_sequence_number);
        outbound.limit_fragments(usize::from(carried.maximum_fragment_bytes));
        connection
    }
}

impl Carried {
    /// Whose end it is.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.established.role()
    }

    /// The cipher suite.
    #[must_use]
    pub const fn cipher_suite(&self) -> CipherSuite {
        self.established.suite().id
    }

    /// How far the connection is closed.
    #[must_use]
    pub const fn closure(&self) -> Closure {
        self.established.course.closure
    }

    /// The value as bytes, secrets included: for nobody else to see, and to be wiped after use.
    ///
    /// # Errors
    /// [`Misuse::OutOfRange`] if a name is longer than 65,535 bytes.
    pub fn to_bytes(&self) -> Result<Vec<u8>, Misuse> {
        let mut bytes = Vec::new();
        let mut writer = Writer::new(&mut bytes);
        writer.u8(FORMAT);
        writer.raw(&self.send_sequence_number.to_be_bytes());
        writer.raw(&self.receive_sequence_number.to_be_bytes());
        writer.u16(self.maximum_fragment_bytes);
        writer.u16(self.record_size_limit);
        writer.u16(match self.padding {
            Padding::None => 0,
            Padding::ToMultipleOf(multiple) => multiple.get(),
        });
        self.established.encode(&mut writer);
        if writer.overflowed() {
            return Err(Misuse::OutOfRange);
        }
        // At once and last, so that no growth leaves a copy behind.
        let secrets = self.established.secrets();
        bytes.reserve_exact(secrets.iter().map(|secret| secret.as_bytes().len()).sum());
        secrets.iter().for_each(|secret| bytes.extend_from_slice(secret.as_bytes()));
        Ok(bytes)
    }

    /// The value that [`to_bytes`](Self::to_bytes) made these bytes of; `None` if it did not, or
    /// `provider` does not have the suite.
    #[must_use]
    pub fn from_bytes(bytes: &[u8], provider: &Provider) -> Option<Self> {
        let mut reader = Reader::new(bytes);
        let carried = Self::decode(&mut reader, provider).filter(|_| reader.is_empty())?;
        // There is one way to write a value, and no other is read.
        let again = Zeroizing::new(carried.to_bytes().ok()?);
        (*again == bytes).then_some(carried)
    }

    fn decode(reader: &mut Reader<'_>, provider: &Provider) -> Option<Self> {
        let FORMAT = reader.u8().ok()? else { return None };
        Some(Self {
            send_sequence_number: decode_u64(reader)?,
            receive_sequence_number: decode_u64(reader)?,
            maximum_fragment_bytes: reader.u16().ok()?,
            record_size_limit: reader.u16().ok()?,
            padding: match reader.u16().ok()?.try_into() {
                Ok(multiple) => Padding::ToMultipleOf(multiple),
                Err(_) => Padding::None,
            },
            established: Established::decode(reader, provider)?,
        })
    }
}

/// The first byte; a value of another form has another.
const FORMAT: u8 = 1;
