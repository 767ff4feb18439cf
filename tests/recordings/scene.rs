//! Two recorded ends, the courses they take, and how a text is run again.

use std::mem;
use std::sync::Arc;

use countersign::connection::{Padding, Polled, Step};
use countersign::epoch::Role;
use countersign::handshake::config::{
    ClientAuthentication, KeyShares, StatelessRetry, TicketRequest,
};
use countersign::handshake::decision::{Answer, CertificateFault, Decision};
use countersign::handshake::event::NewTicket;
use countersign::handshake::psk::PreSharedKey;
use countersign::handshake::{End, Fact};
use countersign::recording::{Detail, Fault, Recorder, Replay};
use countersign::registry::{CertificateType, NamedGroup};
use countersign_testing::{Identity, Reversed, Setup, provider};

/// What the client says, and the server.
pub(crate) const REQUEST: &[u8] = b"GET /nobody/else/may/know";
pub(crate) const RESPONSE: &[u8] = b"<p>what is said in confidence</p>";
pub(crate) const EARLY: &[u8] = b"this could be a replay";

/// One recorded end.
pub(crate) struct Party {
    pub(crate) recorder: Recorder,
    pub(crate) input: Vec<u8>,
    pub(crate) output: Vec<u8>,
    pub(crate) facts: Vec<Fact>,
    pub(crate) data: Vec<u8>,
    pub(crate) end: Option<End>,
    pub(crate) text: String,
    /// Every traffic secret there was.
    pub(crate) secrets: Vec<Vec<u8>>,
    milliseconds: u64,
}

impl Party {
    pub(crate) fn new(recorder: Recorder) -> Self {
        let (input, output, facts, data) = Default::default();
        let (end, text, secrets, milliseconds) = Default::default();
        Self { recorder, input, output, facts, data, end, text, secrets, milliseconds }
    }

    /// Polls until there is nothing to do.
    fn work(&mut self, answer: &mut dyn FnMut(Decision) -> Answer) {
        self.milliseconds += 1;
        self.recorder.note_time(self.milliseconds);
        loop {
            let mut input = mem::take(&mut self.input);
            let Polled { consumed, step } = self.recorder.poll(&mut input, &mut self.output);
            let mut is_idle = false;
            match step {
                Step::Send => {}
                Step::Receive | Step::Waiting => is_idle = true,
                Step::Data(data) | Step::EarlyData(data) => self.data.extend_from_slice(data),
                Step::Decide(question) => self.recorder.answer(answer(question)).unwrap(),
                Step::Learned(fact) => self.facts.push(fact),
                Step::Ended(end) => {
                    self.end = Some(end);
                    is_idle = true;
                }
            }
            input.drain(..consumed);
            self.input = input;
            self.text.push_str(&self.recorder.take_text());
            let keys = self.recorder.take_installed_keys().into_iter();
            self.secrets.extend(keys.map(|(_, _, secret)| secret.secret().as_bytes().to_vec()));
            if is_idle {
                return;
            }
        }
    }

    pub(crate) fn knows(&self, is_it: impl Fn(&Fact) -> bool) -> bool {
        self.facts.iter().any(is_it)
    }
}

/// Both ends, which speak until they fall silent.
pub(crate) struct Scene {
    pub(crate) client: Party,
    pub(crate) server: Party,
}

impl Scene {
    pub(crate) fn new(setup: &Setup, detail: Detail) -> Self {
        let Setup { client, server, destination } = setup;
        let client = Recorder::client(client, destination.clone(), Padding::None, detail).unwrap();
        let padding = Padding::ToMultipleOf(16.try_into().unwrap());
        let server = Recorder::server(server, padding, detail).unwrap();
        Self { client: Party::new(client), server: Party::new(server) }
    }

    pub(crate) fn run(&mut self, answer: &mut dyn FnMut(Role, Decision) -> Answer) {
        loop {
            self.client.work(&mut |question| answer(Role::Client, question));
            let flight = mem::take(&mut self.client.output);
            self.server.input.extend_from_slice(&flight);
            self.server.work(&mut |question| answer(Role::Server, question));
            let reply = mem::take(&mut self.server.output);
            self.client.input.extend_from_slice(&reply);
            if flight.is_empty() && reply.is_empty() {
                return;
            }
        }
    }

    fn run_honestly(&mut self) {
        self.run(&mut |_, question| Identity::example().answer(question));
    }

    /// Data both ways, and an end in order.
    fn talk_and_close(&mut self) {
        let Self { client, server } = self;
        client.recorder.write(REQUEST, &mut client.output).unwrap();
        let mut rest = RESPONSE.iter();
        let fill = |room: &mut [u8]| room.fill_with(|| *rest.next().unwrap());
        server.recorder.write_with(RESPONSE.len(), &mut server.output, fill).unwrap();
        self.run_honestly();
        assert_eq!(self.server.data.strip_prefix(EARLY).unwrap_or(&self.server.data), REQUEST);
        assert_eq!(self.client.data, RESPONSE);
        self.client.recorder.close().unwrap();
        self.run_honestly();
        self.server.recorder.close().unwrap();
        self.run_honestly();
        assert_eq!(self.client.end, Some(End::Closed));
        assert_eq!(self.server.end, Some(End::Closed));
    }
}

/// A course: its name, and how it is gone through.
pub(crate) type Course = (&'static str, fn(Detail) -> Scene);

/// Every kind of course that a connection can take.
pub(crate) const COURSES: &[Course] = &[
    ("full handshake", |detail| whole(Setup::default(), detail)),
    ("mutual authentication", |detail| {
        let mut setup = Setup::default();
        setup.server.client_authentication = ClientAuthentication::Require;
        whole(setup, detail)
    }),
    ("raw public keys, compressed", |detail| {
        let mut setup = Setup::default();
        let types = || [CertificateType::RAW_PUBLIC_KEY].into_iter().collect();
        setup.client.server_certificate_types = types();
        setup.server.server_certificate_types = types();
        setup.client.certificate_compressions = vec![Arc::new(Reversed)];
        setup.server.certificate_compressions = vec![Arc::new(Reversed)];
        setup.client.grease = true;
        setup.client.record_size_limit = Some(200);
        setup.client.ticket_request =
            Some(TicketRequest { new_session_count: 2, resumption_count: 1 });
        whole(setup, detail)
    }),
    ("HelloRetryRequest", |detail| {
        let mut setup = Setup::default();
        setup.client.key_shares = KeyShares::First(0);
        setup.server.cookie_bytes = 20;
        let scene = whole(setup, detail);
        assert!(scene.client.knows(|fact| matches!(fact, Fact::Retried)));
        scene
    }),
    ("a retry that is not remembered", |detail| {
        let mut setup = Setup::default();
        setup.client.key_shares = KeyShares::Of([NamedGroup::SECP256R1].into_iter().collect());
        setup.server.stateless_retry = Some(StatelessRetry::Always);
        whole(setup, detail)
    }),
    ("a ticket, and its resumption", resumption),
    ("early data", early_data),
    ("KeyUpdate", key_update),
    ("authentication after the handshake", late_authentication),
    ("an expired certificate", |detail| {
        let mut scene = Scene::new(&Setup::default(), detail);
        scene.run(&mut |_, question| match question {
            Decision::VerifyCertificate(question) => question.reject(CertificateFault::Expired),
            other => Identity::example().answer(other),
        });
        assert!(matches!(scene.client.end, Some(End::Failed(_))));
        assert!(matches!(scene.server.end, Some(End::Refused(_))));
        scene
    }),
    ("a transport that ends", |detail| {
        let mut scene = Scene::new(&Setup::default(), detail);
        scene.run_honestly();
        scene.server.recorder.transport_write_failed();
        scene.client.recorder.transport_eof();
        scene.run_honestly();
        let misuse = scene.client.recorder.write(REQUEST, &mut scene.client.output);
        assert!(misuse.is_err() && matches!(scene.client.end, Some(End::Truncated(_))));
        scene.run_honestly();
        scene
    }),
];

fn whole(setup: Setup, detail: Detail) -> Scene {
    let mut scene = Scene::new(&setup, detail);
    scene.run_honestly();
    scene.talk_and_close();
    scene
}

const ORDER: NewTicket = NewTicket { lifetime_seconds: 60, max_early_data_bytes: None };

fn resumption(detail: Detail) -> Scene {
    let mut first = Scene::new(&Setup::default(), detail);
    first.run_honestly();
    first.server.recorder.issue_ticket(ORDER).unwrap();
    let mut psk = None;
    first.run(&mut |_, question| {
        if let Decision::SealTicket(question) = &question {
            let key = PreSharedKey::resumption(question.psk().as_bytes(), question.suite());
            psk = Some(key.unwrap());
        }
        Identity::example().answer(question)
    });
    let facts = mem::take(&mut first.client.facts);
    let ticket = facts.into_iter().find_map(|fact| match fact {
        Fact::Ticket(ticket) => Some(ticket),
        _ => None,
    });
    let mut setup = Setup::default();
    setup.destination.psks.push(ticket.unwrap().offer(1_000));
    let mut second = Scene::new(&setup, detail);
    second.run(&mut |_, question| match question {
        Decision::SelectCredential(question) => {
            question.psk(0, psk.clone().unwrap(), None, false).unwrap()
        }
        other => Identity::example().answer(other),
    });
    second.talk_and_close();
    // Both are to be run again, and both are looked into.
    replay_all(&first, detail);
    second
}

fn replay_all(scene: &Scene, detail: Detail) {
    if detail != Detail::Redacted {
        for text in [&scene.client.text, &scene.server.text] {
            replay(text).unwrap();
        }
    }
}

fn early_data(detail: Detail) -> Scene {
    let mut setup = Setup::default();
    setup.destination.psks.push(Identity::key().offered_as(Identity::KEY_NAME.to_vec()));
    setup.destination.early_data = true;
    let mut scene = Scene::new(&setup, detail);
    let client = &mut scene.client;
    assert_eq!(client.recorder.write_early_data(EARLY, &mut client.output), Ok(EARLY.len()));
    scene.run_honestly();
    assert_eq!(scene.server.data, EARLY);
    scene.talk_and_close();
    scene
}

fn key_update(detail: Detail) -> Scene {
    let mut scene = Scene::new(&Setup::default(), detail);
    scene.run_honestly();
    scene.client.recorder.update_keys(true).unwrap();
    assert!(scene.client.recorder.update_keys(true).is_err());
    scene.client.recorder.park();
    scene.client.recorder.limit_fragments(10);
    scene.run_honestly();
    scene.talk_and_close();
    assert!(scene.server.knows(|fact| matches!(fact, Fact::PeerUpdatedKeys)));
    scene
}

fn late_authentication(detail: Detail) -> Scene {
    let mut setup = Setup::default();
    setup.client.post_handshake_auth = true;
    let mut scene = Scene::new(&setup, detail);
    scene.run_honestly();
    scene.server.recorder.request_certificate(true).unwrap();
    scene.run_honestly();
    let is_shown = |fact: &Fact| matches!(fact, Fact::PostHandshakeAuthentication { .. });
    assert!(scene.server.knows(is_shown));
    scene.talk_and_close();
    scene
}

/// Runs a recording again; how many lines it has.
pub(crate) fn replay(text: &str) -> Result<usize, Fault> {
    let mut replay = Replay::new(text, provider(), &[Arc::new(Reversed)])?;
    while replay.step()? {}
    Ok(replay.passed())
}
