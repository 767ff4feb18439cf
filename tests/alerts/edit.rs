//! Changes to one message: parsed, changed, encoded again.

use countersign::codec::{Encode, List, Reader, Vector};
use countersign::message::{
    Certificate, CertificateEntry, CertificateRequest, CertificateVerify, ClientHello, EXTENSIONS,
    EncryptedExtensions, ExtensionSet, HEADER_BYTES, HelloRetryRequest, Item, KeyShareEntry,
    Layout, ParseContext, ServerHello, encode,
};
use countersign::registry::{ExtensionType, HandshakeType, NamedGroup};

fn everything_offered() -> ParseContext {
    let offered = ExtensionSet::of(EXTENSIONS.iter().map(|row| row.extension_type));
    ParseContext { offered, ..ParseContext::default() }
}

fn body_of(message: &[u8]) -> Vec<u8> {
    message[HEADER_BYTES..].to_vec()
}

/// A message of any type and body.
pub(crate) fn message(handshake_type: u8, body: &[u8]) -> Vec<u8> {
    let mut message = Vec::new();
    encode(HandshakeType(handshake_type), &mut message, |w| w.raw(body)).expect("a short body");
    message
}

/// Appends bytes to a message, and says so in its header.
pub(crate) fn append(bytes: &mut Vec<u8>, more: &[u8]) {
    *bytes = message(bytes[0], &[&bytes[HEADER_BYTES..], more].concat());
}

/// Turns the last bit of a message.
pub(crate) fn flip_last_bit(bytes: &mut [u8]) {
    *bytes.last_mut().expect("a message") ^= 1;
}

pub(crate) fn client_hello(
    bytes: &mut Vec<u8>,
    change: impl for<'a> FnOnce(&mut ClientHello<'a>, &mut Vec<Item>),
) {
    let body = body_of(bytes);
    let mut hello = ClientHello::parse(&body, &everything_offered().limits).expect("a hello");
    let Layout(mut items) = Layout::client_hello();
    change(&mut hello, &mut items);
    bytes.clear();
    encode(HandshakeType::CLIENT_HELLO, bytes, |w| {
        hello.encode(w, &Layout(items), 0);
    })
    .expect("a hello");
}

/// Adds an extension of any type and body to a ClientHello.
pub(crate) fn add_to_client_hello(bytes: &mut Vec<u8>, extension_type: ExtensionType, data: &[u8]) {
    client_hello(bytes, |_, items| items.push(Item::Raw(extension_type, data.to_vec())));
}

/// Replaces the key shares of a ClientHello.
pub(crate) fn share(bytes: &mut Vec<u8>, shares: &[(NamedGroup, &[u8])]) {
    let shares: Vector<KeyShareEntry<'_>> =
        shares.iter().map(|&(group, key_exchange)| KeyShareEntry { group, key_exchange }).collect();
    let encoded = shares.list().as_bytes();
    let length = u16::try_from(encoded.len()).expect("short shares").to_be_bytes();
    let body = [&length, encoded].concat();
    client_hello(bytes, |_, items| items.push(Item::Raw(ExtensionType::KEY_SHARE, body)));
}

/// The `pre_shared_key` of a client that offers so many identities and binders.
pub(crate) fn offered_psks(identities: u8, binders: u8) -> Vec<u8> {
    let identity = [&[0, 3][..], b"psk", &[0; 4]].concat();
    let binder = [&[32][..], &[7; 32]].concat();
    let list = |item: &[u8], count: u8| {
        let items = item.repeat(usize::from(count));
        [&u16::try_from(items.len()).expect("a short list").to_be_bytes()[..], &items].concat()
    };
    [list(&identity, identities), list(&binder, binders)].concat()
}

pub(crate) fn server_hello(bytes: &mut Vec<u8>, change: impl for<'a> FnOnce(&mut ServerHello<'a>)) {
    let body = body_of(bytes);
    let mut hello = ServerHello::parse(&body, &everything_offered()).expect("a ServerHello");
    change(&mut hello);
    bytes.clear();
    encode(HandshakeType::SERVER_HELLO, bytes, |w| hello.encode(w)).expect("a ServerHello");
}

pub(crate) fn retry(bytes: &mut Vec<u8>, change: impl for<'a> FnOnce(&mut HelloRetryRequest<'a>)) {
    let body = body_of(bytes);
    let mut retry = HelloRetryRequest::parse(&body, &everything_offered()).expect("a retry");
    change(&mut retry);
    bytes.clear();
    encode(HandshakeType::SERVER_HELLO, bytes, |w| retry.encode(w)).expect("a retry");
}

/// Cuts the extensions off a ServerHello or HelloRetryRequest, and ends its random with `mark`.
pub(crate) fn without_extensions(bytes: &mut Vec<u8>, mark: &[u8]) {
    let mut body = body_of(bytes);
    let session_id_bytes = usize::from(body[34]);
    body.truncate(35 + session_id_bytes + 3);
    body[34 - mark.len()..34].copy_from_slice(mark);
    *bytes = message(bytes[0], &body);
}

pub(crate) fn encrypted_extensions(
    bytes: &mut Vec<u8>,
    change: impl for<'a> FnOnce(&mut EncryptedExtensions<'a>, &mut Vec<Item>),
) {
    let body = body_of(bytes);
    let context = everything_offered();
    let mut extensions = EncryptedExtensions::parse(&body, &context).expect("extensions");
    let mut items = Vec::new();
    change(&mut extensions, &mut items);
    bytes.clear();
    encode(HandshakeType::ENCRYPTED_EXTENSIONS, bytes, |w| {
        extensions.encode(w, &Layout(items), 0);
    })
    .expect("extensions");
}

pub(crate) fn certificate_request(
    bytes: &mut Vec<u8>,
    change: impl for<'a> FnOnce(&mut CertificateRequest<'a>),
) {
    let body = body_of(bytes);
    let limits = everything_offered().limits;
    let mut request = CertificateRequest::parse(&body, &limits).expect("a request");
    change(&mut request);
    bytes.clear();
    encode(HandshakeType::CERTIFICATE_REQUEST, bytes, |w| {
        request.encode(w, &Layout::certificate_request(), 0);
    })
    .expect("a request");
}

/// Replaces the chain of a Certificate.
pub(crate) fn certificates(bytes: &mut Vec<u8>, chain: &[&[u8]]) {
    let entries: Vector<CertificateEntry<'_>> = chain
        .iter()
        .map(|cert_data| CertificateEntry {
            cert_data,
            ocsp_response: None,
            signed_certificate_timestamps: None,
        })
        .collect();
    let certificate =
        Certificate { certificate_request_context: &[], certificate_list: entries.list() };
    bytes.clear();
    encode(HandshakeType::CERTIFICATE, bytes, |w| certificate.encode(w)).expect("a chain");
}

pub(crate) fn certificate_verify(
    bytes: &mut Vec<u8>,
    change: impl for<'a> FnOnce(&mut CertificateVerify<'a>),
) {
    let body = body_of(bytes);
    let mut proof = CertificateVerify::parse(&body).expect("a proof");
    change(&mut proof);
    bytes.clear();
    encode(HandshakeType::CERTIFICATE_VERIFY, bytes, |w| proof.encode(w)).expect("a proof");
}

/// A list of items that live as long as the test.
pub(crate) fn list<T: Encode + for<'a> countersign::codec::Decode<'a>>(
    items: impl IntoIterator<Item = T>,
) -> List<'static, T> {
    let items: Vector<T> = items.into_iter().collect();
    let bytes: &'static [u8] = items.list().as_bytes().to_vec().leak();
    List::parse(Reader::new(bytes)).expect("a list")
}
