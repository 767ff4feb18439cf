//! A script run against one end under test: an honest peer speaks, and what it says is changed on
//! its way, under the right keys.

use std::collections::VecDeque;
use std::mem;

use countersign::crypto::aead::TAG_BYTES;
use countersign::crypto::{Opener, Sealer};
use countersign::handshake::event::NewTicket;
use countersign::registry::{ContentType, ExtensionType, HandshakeType};
use countersign_testing::{End, Flight};

use crate::differential::extensions::{self, Extensions, SEVERAL};
use crate::differential::options::Options;
use crate::differential::subject::{self, Standing, Subject};
use crate::differential::view::View;
use crate::script::Script;
use crate::{build, mutation};

/// What a record holds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Held {
    /// The types of the handshake messages that begin in it, or go on.
    pub(super) types: Vec<HandshakeType>,
    /// Whether the last of them does not end in it.
    pub(super) is_partial: bool,
    /// The types of the extensions of those that end in it that are not as the peer has said them.
    pub(super) changed: Vec<ExtensionType>,
    /// Level and description of an alert.
    pub(super) alert: Option<[u8; 2]>,
}

/// A record that the end under test was sent, and what it has said to that.
#[derive(Clone, Debug, Default)]
pub(super) struct Step {
    pub(super) held: Held,
    /// The handshake messages but for answers to KeyUpdate, which may wait.
    pub(super) said: Vec<HandshakeType>,
}

/// How a script has ended for an end under test.
#[derive(Clone, Debug)]
pub(super) struct Outcome {
    pub(super) standing: Standing,
    pub(super) steps: Vec<Step>,
    /// How many of the steps it took until it was over, if it is.
    pub(super) over_at: Option<usize>,
    /// The last alert that it has sent.
    pub(super) alert: Option<u8>,
    /// In how many places the script has changed what the peer says, up to then.
    pub(super) changes: usize,
}

impl Outcome {
    /// All that it has said.
    pub(super) fn said(&self) -> impl Iterator<Item = &HandshakeType> {
        self.steps.iter().flat_map(|step| &step.said)
    }
}

pub(super) struct Course {
    options: Options,
    subject: Subject,
    peer: End,
    /// The handshake as the end under test sees it, and as its peer does.
    of_subject: View,
    of_peer: View,
    /// Whether signatures and Finished are made to fit what the end under test has seen.
    fits: bool,
    /// What the peer has said and nobody has delivered.
    waiting: VecDeque<Vec<u8>>,
    /// Each with the number of its key.
    sealer: Option<(usize, Sealer)>,
    opener: Option<(usize, Opener)>,
    steps: Vec<Step>,
    /// What the next record holds.
    held: Held,
    /// The extensions that are in the message on its way when nobody changes them.
    unchanged: Vec<(ExtensionType, Vec<u8>)>,
    over_at: Option<usize>,
    alert: Option<u8>,
    changes: usize,
}

/// Enough for every handshake, and for what a script of a few hundred bytes adds to it.
const ACTS: usize = 300;

impl Course {
    /// Runs a script to its end, and then lets the peer say what it has left to say.
    pub(super) fn run(options: Options, subject: Subject, script: &mut Script<'_>) -> Outcome {
        let mut course = Self {
            options,
            subject,
            peer: End::new(options.peer()),
            of_subject: View::default(),
            of_peer: View::default(),
            fits: !script.flag(),
            waiting: VecDeque::new(),
            sealer: None,
            opener: None,
            steps: Vec::new(),
            held: Held::default(),
            unchanged: Vec::new(),
            over_at: None,
            alert: None,
            changes: 0,
        };
        course.settle_peer();
        course.exchange(&[]);
        for _ in 0..ACTS {
            let silent = script.is_over() && course.waiting.is_empty();
            if silent || course.subject.is_over() {
                break;
            }
            course.changes += course.act(script);
        }
        let Self { subject, steps, over_at, alert, changes, .. } = course;
        Outcome { standing: subject.standing(), steps, over_at, alert, changes }
    }

    /// Returns in how many places this changes what the peer says.
    fn act(&mut self, script: &mut Script<'_>) -> usize {
        match script.byte() % 16 {
            0 => self.deliver(usize::MAX, |_| ()),
            1 => self.deliver(usize::MAX, |message| mutation::message(script, message)),
            2 => self.deliver(usize::MAX, |message| extensions::change(script, message)),
            3 => {
                let size = usize::from(script.byte()).max(1);
                self.deliver(size, |_| ())
            }
            4 => self.deliver_joined(),
            5 => {
                self.say(&build::message(script), usize::MAX);
                SEVERAL
            }
            6 => {
                self.say(script.bytes(), usize::MAX);
                SEVERAL
            }
            7 => usize::from(self.waiting.pop_front().is_some()),
            8 => {
                let again = self.waiting.front().cloned();
                again.into_iter().map(|again| self.waiting.push_front(again)).count()
            }
            9 if self.waiting.len() > 1 => {
                self.waiting.swap(0, 1);
                1
            }
            10 => {
                let handshake_type = script.byte();
                self.deliver(usize::MAX, |message| {
                    message.iter_mut().take(1).for_each(|byte| *byte = handshake_type);
                })
            }
            11 => self.send(ContentType::ALERT, &[script.byte(), script.byte()], 0),
            12 => self.send(ContentType(script.byte()), script.bytes(), script.byte().into()),
            13 => self.send_plaintext(ContentType(script.byte()), script.bytes()),
            14 => self.send_plaintext(ContentType::CHANGE_CIPHER_SPEC, &[1]),
            _ => self.order(script),
        }
    }

    /// Tells the peer to do something; it may be the wrong time for it.
    fn order(&mut self, script: &mut Script<'_>) -> usize {
        let handshake = &mut self.peer.handshake;
        let _misuse = match script.byte() % 3 {
            0 => handshake.update_keys(false),
            1 => handshake.update_keys(true),
            _ => handshake.issue_ticket(NewTicket {
                lifetime_seconds: u32::from(script.number()) << 5,
                max_early_data_bytes: script.flag().then_some(1),
            }),
        };
        self.settle_peer();
        0
    }

    /// The next message of the peer's.
    fn next(&mut self) -> Option<Vec<u8>> {
        let message = self.waiting.pop_front()?;
        let sender = self.options.role.peer();
        Some(if self.fits { self.of_subject.fitted(sender, message) } else { message })
    }

    fn deliver(&mut self, piece_bytes: usize, change: impl FnOnce(&mut Vec<u8>)) -> usize {
        let Some(honest) = self.next() else { return 0 };
        let mut message = honest.clone();
        change(&mut message);
        self.unchanged = Extensions::entries(&honest);
        self.say(&message, piece_bytes);
        self.unchanged.clear();
        extensions::changes(&honest, &message)
    }

    /// Delivers two messages in one record.
    fn deliver_joined(&mut self) -> usize {
        let key = self.key();
        let Some(mut messages) = self.next() else { return 0 };
        self.note(&messages);
        if let Some(message) = self.next() {
            self.note(&message);
            messages.extend(message);
        }
        let record = self.sealed(key, ContentType::HANDSHAKE, &messages, 0);
        self.exchange(&record);
        1
    }

    /// Sends bytes of handshake messages in records.
    fn say(&mut self, bytes: &[u8], piece_bytes: usize) {
        for piece in bytes.chunks(piece_bytes.min(MAXIMUM_CONTENT_BYTES)) {
            let record = self.sealed(self.key(), ContentType::HANDSHAKE, piece, 0);
            self.note(piece);
            self.exchange(&record);
        }
    }

    /// Sends any content under the key in use.
    fn send(&mut self, content_type: ContentType, content: &[u8], padding: usize) -> usize {
        if self.key() == 0 {
            return self.send_plaintext(content_type, content);
        }
        let record = self.sealed(self.key(), content_type, content, padding);
        // A type of 0 is padding, and the type is what stands before it.
        let inner = [content, &[content_type.0]].concat();
        let end = inner.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 1);
        if let Some((&last, content)) = inner[..end].split_last() {
            self.note_content(ContentType(last), content);
        }
        let changes = if self.held.types.is_empty() { 1 } else { SEVERAL };
        self.exchange(&record);
        changes
    }

    fn send_plaintext(&mut self, content_type: ContentType, content: &[u8]) -> usize {
        let record = plaintext(content_type, content);
        if self.key() == 0 {
            self.note_content(content_type, content);
        }
        let changes = if self.held.types.is_empty() { 1 } else { SEVERAL };
        self.exchange(&record);
        changes
    }

    /// Takes note of what the next record holds.
    fn note_content(&mut self, content_type: ContentType, content: &[u8]) {
        match content_type {
            ContentType::HANDSHAKE => self.note(content),
            ContentType::ALERT => self.held.alert = content.try_into().ok(),
            _ => {}
        }
    }

    /// Takes note of what the next record holds of handshake messages.
    fn note(&mut self, bytes: &[u8]) {
        if bytes.is_empty() {
            return;
        }
        let sender = self.options.role.peer();
        self.held.types.extend(self.of_subject.types(sender, bytes));
        for message in self.of_subject.note(sender, bytes) {
            self.held.changed.extend(extensions::changed(&self.unchanged, &message));
        }
        self.held.is_partial = self.of_subject.is_partial(sender);
    }

    /// The number of the key that the peer uses; 0: none.
    const fn key(&self) -> usize {
        self.of_subject.sending(self.options.role.peer()).begun
    }

    fn sealed(
        &mut self,
        key: usize,
        content_type: ContentType,
        content: &[u8],
        padding: usize,
    ) -> Vec<u8> {
        let secrets = &self.of_subject.sending(self.options.role.peer()).secrets;
        let Some(secret) = key.checked_sub(1).and_then(|index| secrets.get(index)) else {
            return plaintext(content_type, content);
        };
        let sealer = self.sealer.take().filter(|(number, _)| *number == key);
        let sealer = sealer.unwrap_or_else(|| (key, Sealer::new(secret.suite, secret.secret())));
        let (_, sealer) = self.sealer.insert(sealer);
        let mut inner = [content, &[content_type.0][..], &vec![0; padding]].concat();
        let outer_type = ContentType::APPLICATION_DATA;
        let header = header(outer_type, inner.len() + TAG_BYTES);
        let tag = sealer.seal(&header, &mut inner).expect("a sealed record");
        [&header[..], &inner, &tag].concat()
    }

    /// The end under test takes records, and what it sends is heard.
    fn exchange(&mut self, records: &[u8]) {
        let output = self.subject.exchange(records);
        self.steps.push(Step { held: mem::take(&mut self.held), said: Vec::new() });
        if self.subject.is_over() {
            self.over_at.get_or_insert(self.steps.len());
        }
        let mut rest = &output[..];
        while let Some(([outer_type, _, _, high, low], behind)) = rest.split_first_chunk() {
            let length = usize::from(u16::from_be_bytes([*high, *low]));
            let (body, behind) = behind.split_at(length);
            let (header, body) = (&rest[..5], body.to_vec());
            let content = match ContentType(*outer_type) {
                ContentType::APPLICATION_DATA => self.opened(header, &body),
                plain => Some((plain, body)),
            };
            rest = behind;
            match content {
                Some((ContentType::HANDSHAKE, bytes)) => self.hear(&bytes),
                Some((ContentType::ALERT, bytes)) => self.alert = bytes.get(1).copied(),
                _ => {}
            }
        }
    }

    /// What is in a protected record, if it is under a key that follows from what was seen.
    fn opened(&mut self, header: &[u8], body: &[u8]) -> Option<(ContentType, Vec<u8>)> {
        let sending = self.of_subject.sending(self.options.role);
        let first = sending.begun.saturating_sub(1);
        for (index, secret) in sending.secrets.iter().enumerate().skip(first) {
            let opener = self.opener.take_if(|(number, _)| *number == index);
            let opener =
                opener.unwrap_or_else(|| (index, Opener::new(secret.suite, secret.secret())));
            let (mut opener, mut body) = (opener.1, body.to_vec());
            let opened = opener.open(header, &mut body).map(|content| content.to_vec());
            self.opener = Some((index, opener));
            if let Ok(mut content) = opened {
                while content.pop_if(|byte| *byte == 0).is_some() {}
                let content_type = content.pop()?;
                return Some((ContentType(content_type), content));
            }
        }
        None
    }

    /// The peer hears what the end under test has said, made to fit what it has seen itself.
    fn hear(&mut self, bytes: &[u8]) {
        let role = self.options.role;
        for message in self.of_subject.note(role, bytes) {
            let handshake_type = HandshakeType(message[0]);
            if handshake_type != HandshakeType::KEY_UPDATE {
                let step = self.steps.last_mut();
                step.into_iter().for_each(|step| step.said.push(handshake_type));
            }
            let message = self.of_peer.fitted(role, message);
            self.of_peer.note(role, &message);
            let epoch = self.peer.handshake.receive_epoch();
            let _ended = self.peer.handshake.receive(epoch, &message);
            self.settle_peer();
        }
    }

    /// Lets the peer say what it has to say.
    fn settle_peer(&mut self) {
        let Self { peer, options, .. } = self;
        let mut answer = |question| Ok(subject::answer(question, options));
        for Flight { bytes, .. } in peer.drain(&mut answer) {
            self.of_peer.note(self.options.role.peer(), &bytes);
            self.waiting.extend(mutation::split(&bytes));
        }
    }
}

const MAXIMUM_CONTENT_BYTES: usize = 1 << 14;

fn header(content_type: ContentType, length: usize) -> [u8; 5] {
    let [high, low] = u16::try_from(length).expect("a record").to_be_bytes();
    [content_type.0, 3, 3, high, low]
}

fn plaintext(content_type: ContentType, content: &[u8]) -> Vec<u8> {
    [&header(content_type, content.len()), content].concat()
}
