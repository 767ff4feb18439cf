//! Clients that show a certificate once, and are known by their tickets afterwards (RFC 9846 §4.4.2).

use countersign::epoch::Role;
use countersign::handshake::Fact;
use countersign::handshake::config::ClientAuthentication;
use countersign::handshake::decision::Decision;
use countersign::handshake::event::{NewTicket, Ticket};
use countersign::handshake::psk::OfferedPsk;
use countersign::policy::{ClientPolicy, Credential, Recognition, ServerTrust};
use countersign_testing::Wire;
use countersign_testing::pki::{Authority, Issued, trusting};
use pki_types::CertificateDer;
use rcgen::date_time_ymd;

use crate::site::{Site, at, negotiated, resumed};

const A_DAY: NewTicket = NewTicket { lifetime_seconds: 86_400, max_early_data_bytes: Some(1_000) };

/// Servers that ask for certificates of this authority, with tickets sealed and stored.
fn sites(root: &Authority) -> [Site; 2] {
    let asking = |mut site: Site| {
        site.config.client_authentication = ClientAuthentication::Require;
        site.policy.client_roots = Some(trusting(root));
        site
    };
    [asking(Site::sealing()), asking(Site::storing(100))]
}

/// What came of a visit.
struct Visit {
    wire: Wire,
    recognition: Recognition,
}

impl Visit {
    /// A client with these credentials and PSKs comes, and stays until nobody has more to say.
    fn new(site: &Site, credential: Option<Credential>, psks: Vec<OfferedPsk>) -> Self {
        let wire = Wire::new(site.setup(psks));
        let mut visit = Self { wire, recognition: Recognition::default() };
        visit.run(site, credential);
        visit
    }

    fn run(&mut self, site: &Site, credential: Option<Credential>) {
        let servers = ServerTrust::DangerouslyAcceptAnyServer;
        let client = ClientPolicy { servers, credentials: credential.into_iter().collect() };
        let answer = |role, decision: Decision| {
            let answered = match role {
                Role::Client => client.answer(decision, at(site.now)),
                Role::Server => self.recognition.answer(&site.policy, decision, at(site.now)),
            };
            answered.map(|answered| answered.answer).map_err(|question| *question)
        };
        self.wire.run_with(|_, _| (), answer);
    }

    /// A ticket, as a last word.
    fn ticket(mut self, site: &Site) -> Ticket {
        self.wire.server.connection.issue_ticket(A_DAY).expect("a connection");
        self.run(site, None);
        let ticket = self.wire.client.facts.into_iter().find_map(|fact| match fact {
            Fact::Ticket(ticket) => Some(ticket),
            _ => None,
        });
        ticket.expect("a ticket")
    }

    fn knows(&self, client: &Issued) -> bool {
        self.recognition.certificates() == client.chain
    }

    /// Whether there was a full handshake, even if it failed.
    fn was_asked(&self) -> bool {
        negotiated(&self.wire.server).psk.is_none()
    }
}

#[test]
fn client_that_resumes_is_known_by_the_certificate_that_it_showed_first() {
    let root = Authority::root("root");
    for alice in [root.issue(|_| {}), root.intermediate("intermediate").issue(|_| {})] {
        for site in sites(&root) {
            let first = Visit::new(&site, Some(alice.credential()), Vec::new());
            assert!(first.was_asked() && first.knows(&alice));
            let mut ticket = first.ticket(&site);
            for _ in 0..3 {
                let again = Visit::new(&site, None, vec![ticket.offer(0)]);
                assert!(resumed(&again.wire) && again.knows(&alice));
                ticket = again.ticket(&site);
            }
        }
    }
}

#[test]
fn client_that_resumes_is_known_before_its_early_data_is() {
    let root = Authority::root("root");
    let alice = root.issue(|_| {});
    for site in sites(&root) {
        let ticket = Visit::new(&site, Some(alice.credential()), Vec::new()).ticket(&site);
        let mut server = Wire::new(site.setup(Vec::new())).server;
        server.input = site.first_flight(vec![ticket.offer(0)]);
        let mut recognition = Recognition::default();
        server.work(&mut |decision| {
            let answered = recognition.answer(&site.policy, decision, at(site.now));
            answered.map(|answered| answered.answer).map_err(|question| *question)
        });
        assert_eq!(server.early_data, b"early");
        assert_eq!(recognition.certificates(), alice.chain);
    }
}

#[test]
fn client_whose_certificate_is_no_longer_good_is_asked_for_one() {
    let root = Authority::root("root");
    let alice = root.issue(|params| params.not_after = date_time_ymd(2030, 3, 18));
    let bob = root.issue(|_| {});
    type Change = fn(&mut Site);
    let changes: [(&str, Change, bool); 4] = [
        ("nothing", |_| (), false),
        // The eighteenth of March begins 22,400 seconds after the start.
        ("not yet expired", |site| site.now += 22_000, false),
        ("expired", |site| site.now += 22_401, true),
        (
            "issued by nobody who is trusted",
            |site| site.policy.client_roots = Some(trusting(&Authority::root("root"))),
            true,
        ),
    ];
    for (what, change, is_asked) in changes {
        for mut site in sites(&root) {
            let ticket = Visit::new(&site, Some(alice.credential()), Vec::new()).ticket(&site);
            change(&mut site);
            let again = Visit::new(&site, Some(bob.credential()), vec![ticket.offer(0)]);
            assert_eq!(again.was_asked(), is_asked, "{what}");
            assert!(!again.knows(&alice) || !is_asked, "{what}");
        }
    }
}

#[test]
fn client_whose_certificate_was_revoked_is_asked_for_one() {
    let root = Authority::root("root");
    let alice = root.issue(|params| params.serial_number = Some(7.into()));
    for (revoked, is_asked) in [(8, false), (7, true)] {
        for mut site in sites(&root) {
            let ticket = Visit::new(&site, Some(alice.credential()), Vec::new()).ticket(&site);
            let mut roots = trusting(&root);
            roots.add_revocation_list(&root.revoke(&[revoked])).expect("a list");
            site.policy.client_roots = Some(roots);
            let again = Visit::new(&site, None, vec![ticket.offer(0)]);
            assert_eq!((again.was_asked(), again.knows(&alice)), (is_asked, !is_asked));
        }
    }
}

#[test]
fn client_that_was_not_known_stays_unknown_and_cannot_come_in_where_one_must_be() {
    let root = Authority::root("root");
    for mut site in sites(&root) {
        site.config.client_authentication = ClientAuthentication::Request;
        let mut ticket = Visit::new(&site, None, Vec::new()).ticket(&site);
        for _ in 0..2 {
            let again = Visit::new(&site, None, vec![ticket.offer(0)]);
            assert!(resumed(&again.wire) && again.recognition.certificates().is_empty());
            ticket = again.ticket(&site);
        }
        site.config.client_authentication = ClientAuthentication::Require;
        let alice = root.issue(|_| {});
        let again = Visit::new(&site, Some(alice.credential()), vec![ticket.offer(0)]);
        assert!(again.was_asked() && again.knows(&alice));
    }
}

#[test]
fn server_that_trusts_no_issuer_takes_no_ticket_with_a_certificate_in_it() {
    let root = Authority::root("root");
    for mut site in sites(&root) {
        let alice = root.issue(|_| {});
        let ticket = Visit::new(&site, Some(alice.credential()), Vec::new()).ticket(&site);
        site.config.client_authentication = ClientAuthentication::None;
        site.policy.client_roots = None;
        let again = Visit::new(&site, None, vec![ticket.offer(0)]);
        assert!(again.was_asked() && again.recognition.certificates().is_empty());
    }
}

#[test]
fn server_that_asks_nobody_takes_tickets_of_unknown_clients() {
    let site = Site::sealing();
    let ticket = Visit::new(&site, None, Vec::new()).ticket(&site);
    let again = Visit::new(&site, None, vec![ticket.offer(0)]);
    assert!(resumed(&again.wire) && again.recognition.certificates().is_empty());
}

#[test]
fn ticket_with_anything_but_certificates_in_it_is_passed_over() {
    let root = Authority::root("root");
    let alice = root.issue(|_| {});
    let der: &CertificateDer<'_> = &alice.chain[0];
    let length = u32::try_from(der.len()).expect("a short certificate").to_be_bytes();
    let whole = [&length[1..], der].concat();
    let rows = [
        (whole.clone(), true),
        (whole[..whole.len() - 1].to_vec(), false),
        ([&whole[..], &[0]].concat(), false),
        (whole[1..].to_vec(), false),
        (vec![0, 0, 0], false),
        (b"alice".to_vec(), false),
        (Vec::new(), false),
    ];
    for (application, resumes) in rows {
        for site in sites(&root) {
            let mut wire = Visit::new(&site, Some(alice.credential()), Vec::new()).wire;
            wire.server.connection.issue_ticket(A_DAY).expect("a connection");
            wire.run_with(
                |_, _| (),
                |_, decision| match (decision, &site.policy.resumption) {
                    (Decision::SealTicket(question), Some(resumption)) => {
                        Ok(resumption.seal(question, &application, at(site.now)))
                    }
                    (other, _) => Err(other),
                },
            );
            let mut tickets = wire.client.facts.into_iter().filter_map(|fact| match fact {
                Fact::Ticket(ticket) => Some(ticket),
                _ => None,
            });
            let ticket = tickets.next().expect("a ticket");
            let again = Visit::new(&site, Some(alice.credential()), vec![ticket.offer(0)]);
            assert_eq!(again.was_asked(), !resumes, "{} bytes", application.len());
            assert!(again.knows(&alice));
        }
    }
}

#[test]
fn certificate_that_does_not_fit_a_ticket_gives_none() {
    let root = Authority::root("root");
    // Each of 25,000 bytes and more.
    let with_many_names = || {
        let names: Vec<_> = (0..1_000).map(|number| format!("{number:016}.example")).collect();
        root.issue(|params| {
            let named = rcgen::CertificateParams::new(names).expect("names");
            params.subject_alt_names = named.subject_alt_names;
        })
    };
    let mut alice = with_many_names();
    alice.chain.extend([with_many_names(), with_many_names()].into_iter().flat_map(|i| i.chain));
    let [site, _] = sites(&root);
    let mut visit = Visit::new(&site, Some(alice.credential()), Vec::new());
    assert!(visit.knows(&alice));
    visit.wire.server.connection.issue_ticket(A_DAY).expect("a connection");
    visit.run(&site, None);
    let is_ticket = |fact: &Fact| matches!(fact, Fact::Ticket(_));
    assert!(!visit.wire.client.facts.iter().any(is_ticket));
    assert_eq!((&visit.wire.client.end, &visit.wire.server.end), (&None, &None));
}
