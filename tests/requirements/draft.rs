//! A handshake message taken apart, to be written again with something wrong in it. It knows the
//! wire alone, and nothing of the crate's own reading and writing.

const CLIENT_HELLO: u8 = 1;
const SERVER_HELLO: u8 = 2;
const NEW_SESSION_TICKET: u8 = 4;
const ENCRYPTED_EXTENSIONS: u8 = 8;
const CERTIFICATE: u8 = 11;
const CERTIFICATE_REQUEST: u8 = 13;

pub(crate) const KEY_SHARE: u16 = 51;
pub(crate) const PRE_SHARED_KEY: u16 = 41;
pub(crate) const SUPPORTED_VERSIONS: u16 = 43;

/// A message: what stands before the extensions, and the extensions. Of a Certificate it is the
/// first entry that ends with them, and there must be no second.
#[derive(Clone, Debug)]
pub(crate) struct Draft {
    handshake_type: u8,
    /// The whole body, where there are no extensions.
    pub(crate) fields: Vec<u8>,
    /// `None`: not even a length of zero.
    pub(crate) extensions: Option<Vec<(u16, Vec<u8>)>>,
}

impl Draft {
    /// Takes a whole message apart.
    pub(crate) fn read(message: &[u8]) -> Self {
        let (handshake_type, body) = (message[0], &message[4..]);
        let position = match handshake_type {
            CLIENT_HELLO => Some(past8(body, past16(body, past8(body, 34)))),
            SERVER_HELLO => Some(past8(body, 34) + 3),
            NEW_SESSION_TICKET => Some(past16(body, past8(body, 8))),
            ENCRYPTED_EXTENSIONS => Some(0),
            CERTIFICATE_REQUEST => Some(past8(body, 0)),
            CERTIFICATE if body.len() > past8(body, 0) + 3 => {
                Some(past24(body, past8(body, 0) + 3))
            }
            _ => None,
        };
        let (fields, block) = body.split_at(position.unwrap_or(body.len()));
        let extensions = block.get(2..).map(|mut rest| {
            let mut extensions = Vec::new();
            while let [high, low, more, less, data @ ..] = rest {
                let (data, behind) = data.split_at(number(&[*more, *less]));
                extensions.push((u16::from_be_bytes([*high, *low]), data.to_vec()));
                rest = behind;
            }
            assert!(rest.is_empty(), "an extension that is cut off");
            extensions
        });
        Self { handshake_type, fields: fields.to_vec(), extensions }
    }

    /// The whole message, with lengths that fit it.
    pub(crate) fn write(&self) -> Vec<u8> {
        let mut body = self.fields.clone();
        if let Some(extensions) = &self.extensions {
            let block: Vec<u8> = extensions
                .iter()
                .flat_map(|(code, data)| [&code.to_be_bytes(), &vector16(data)[..]].concat())
                .collect();
            body.extend(vector16(&block));
        }
        if self.handshake_type == CERTIFICATE && self.extensions.is_some() {
            let list = past8(&body, 0);
            let length = bytes24(body.len() - list - 3);
            body[list..list + 3].copy_from_slice(&length);
        }
        message(self.handshake_type, &body)
    }

    /// Gives an extension this content, in its place, or at the end but before `pre_shared_key`.
    pub(crate) fn set(&mut self, code: u16, data: &[u8]) {
        let extensions = self.extensions.get_or_insert_default();
        if let Some((_, old)) = extensions.iter_mut().find(|(found, _)| *found == code) {
            *old = data.to_vec();
            return;
        }
        let position = extensions.iter().position(|(found, _)| *found == PRE_SHARED_KEY);
        extensions.insert(position.unwrap_or(extensions.len()), (code, data.to_vec()));
    }

    /// Leaves an extension out.
    pub(crate) fn remove(&mut self, code: u16) {
        self.extensions.get_or_insert_default().retain(|(found, _)| *found != code);
    }

    /// The content of an extension.
    pub(crate) fn find(&self, code: u16) -> Option<&[u8]> {
        let mut all = self.extensions.iter().flatten();
        all.find(|(found, _)| *found == code).map(|(_, data)| &data[..])
    }

    /// Writes other bytes over the first fields: `legacy_version`, or the algorithm of a signature.
    pub(crate) fn start(&mut self, bytes: [u8; 2]) {
        self.fields[..2].copy_from_slice(&bytes);
    }

    /// Replaces `legacy_session_id` of either hello.
    pub(crate) fn session_id(&mut self, session_id: &[u8]) {
        let end = past8(&self.fields, 34);
        self.fields.splice(34..end, vector8(session_id));
    }

    /// Replaces the cipher suites of a ClientHello.
    pub(crate) fn suites(&mut self, suites: &[u8]) {
        let start = past8(&self.fields, 34);
        let end = past16(&self.fields, start);
        self.fields.splice(start..end, vector16(suites));
    }

    /// Replaces the compression methods of a ClientHello.
    pub(crate) fn compression(&mut self, methods: &[u8]) {
        let start = past16(&self.fields, past8(&self.fields, 34));
        self.fields.splice(start.., vector8(methods));
    }

    /// Replaces the cipher suite of a ServerHello.
    pub(crate) fn suite(&mut self, suite: [u8; 2]) {
        let end = self.fields.len() - 1;
        self.fields[end - 2..end].copy_from_slice(&suite);
    }

    /// Replaces the compression method of a ServerHello.
    pub(crate) fn method(&mut self, method: u8) {
        *self.fields.last_mut().expect("a ServerHello") = method;
    }

    /// The key shares of a ClientHello.
    pub(crate) fn shares(&self) -> Vec<(u16, Vec<u8>)> {
        let mut rest = &self.find(KEY_SHARE).expect("key shares")[2..];
        let mut shares = Vec::new();
        while let [high, low, more, less, data @ ..] = rest {
            let (share, behind) = data.split_at(number(&[*more, *less]));
            shares.push((u16::from_be_bytes([*high, *low]), share.to_vec()));
            rest = behind;
        }
        shares
    }

    /// Replaces the key shares of a ClientHello.
    pub(crate) fn set_shares(&mut self, shares: &[(u16, Vec<u8>)]) {
        let list: Vec<u8> = shares.iter().flat_map(|(group, data)| share(*group, data)).collect();
        self.set(KEY_SHARE, &vector16(&list));
    }
}

/// A message of any type and body.
pub(crate) fn message(handshake_type: u8, body: &[u8]) -> Vec<u8> {
    [&[handshake_type], &bytes24(body.len())[..], body].concat()
}

/// A key share.
pub(crate) fn share(group: u16, data: &[u8]) -> Vec<u8> {
    [&group.to_be_bytes(), &vector16(data)[..]].concat()
}

pub(crate) fn vector8(data: &[u8]) -> Vec<u8> {
    [&[u8::try_from(data.len()).expect("short data")], data].concat()
}

pub(crate) fn vector16(data: &[u8]) -> Vec<u8> {
    [&u16::try_from(data.len()).expect("short data").to_be_bytes(), data].concat()
}

pub(crate) fn vector24(data: &[u8]) -> Vec<u8> {
    [&bytes24(data.len()), data].concat()
}

fn bytes24(number: usize) -> [u8; 3] {
    let [_, high, middle, low] = u32::try_from(number).expect("short data").to_be_bytes();
    [high, middle, low]
}

fn number(bytes: &[u8]) -> usize {
    bytes.iter().fold(0, |number, byte| number << 8 | usize::from(*byte))
}

/// The position behind the vector at this one, whose length has one byte.
fn past8(bytes: &[u8], at: usize) -> usize {
    at + 1 + number(&bytes[at..=at])
}

fn past16(bytes: &[u8], at: usize) -> usize {
    at + 2 + number(&bytes[at..at + 2])
}

fn past24(bytes: &[u8], at: usize) -> usize {
    at + 3 + number(&bytes[at..at + 3])
}
