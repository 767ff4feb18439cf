//! Tickets at the client: as bytes, and by server.

use countersign::crypto::{Secret, ring};
use countersign::failure::Misuse;
use countersign::handshake::event::Ticket;
use countersign::policy::ReceivedTickets;
use pki_types::ServerName;
use proptest::collection::vec;
use proptest::option;
use proptest::prelude::{Strategy, any, prop_assert, prop_assert_eq, proptest};
use proptest::sample::Index;

use crate::site::at;

fn ticket(bytes: &[u8], lifetime_seconds: u32) -> Ticket {
    Ticket {
        ticket: bytes.to_vec(),
        psk: Secret::copied_from(&[7; 32]).expect("32 bytes"),
        suite: &ring::TLS_AES_128_GCM_SHA256,
        lifetime_seconds,
        age_add: 1_000_000,
        max_early_data_bytes: None,
        application_layer_protocol: None,
        resumption_across_names: false,
    }
}

fn tickets() -> impl Strategy<Value = Ticket> {
    let suites = ring::provider().suites;
    let protocol = option::of(vec(any::<u8>(), 1..=255));
    let fields = (any::<Index>(), vec(any::<u8>(), 1..2_000), any::<[u8; 48]>(), 0..=604_800_u32);
    (fields, any::<u32>(), option::of(any::<u32>()), protocol).prop_map(
        move |((suite, ticket, psk, lifetime_seconds), age_add, early_data, protocol)| {
            let suite = suites[suite.index(suites.len())];
            Ticket {
                ticket,
                psk: Secret::copied_from(&psk[..suite.hash.output_bytes()]).expect("a key"),
                suite,
                lifetime_seconds,
                age_add,
                max_early_data_bytes: early_data,
                application_layer_protocol: protocol,
                resumption_across_names: age_add % 2 == 1,
            }
        },
    )
}

/// All that there is to a ticket.
fn fields(ticket: &Ticket) -> impl PartialEq + std::fmt::Debug {
    (
        ticket.ticket.clone(),
        ticket.psk.as_bytes().to_vec(),
        ticket.suite.id,
        (ticket.lifetime_seconds, ticket.age_add, ticket.max_early_data_bytes),
        ticket.application_layer_protocol.clone(),
        ticket.resumption_across_names,
    )
}

proptest! {
    #[test]
    fn ticket_is_the_same_after_it_was_kept_as_bytes(ticket in tickets()) {
        let bytes = ticket.to_bytes().expect("short fields");
        let again = Ticket::from_bytes(&bytes, &ring::provider()).expect("our own");
        prop_assert_eq!(fields(&again), fields(&ticket));
    }

    #[test]
    fn ticket_cut_short_or_followed_by_anything_is_none(ticket in tickets(), cut in any::<Index>()) {
        let mut bytes = ticket.to_bytes().expect("short fields");
        let short = &bytes[..cut.index(bytes.len())];
        prop_assert!(Ticket::from_bytes(short, &ring::provider()).is_none());
        bytes.push(0);
        prop_assert!(Ticket::from_bytes(&bytes, &ring::provider()).is_none());
    }

    #[test]
    fn ticket_of_any_bytes_is_one_that_would_be_kept_or_none(
        mut bytes in vec(any::<u8>(), 0..300),
        has_our_head in any::<bool>(),
    ) {
        if let (true, [format, suite @ ..]) = (has_our_head, &mut bytes[..]) {
            *format = 1;
            suite.iter_mut().zip([0x13, 0x01]).for_each(|(to, from)| *to = from);
        }
        if let Some(ticket) = Ticket::from_bytes(&bytes, &ring::provider()) {
            let again = ticket.to_bytes().expect("fields that were read");
            prop_assert!(ticket.lifetime_seconds == 604_800 || again == bytes);
        }
    }
}

#[test]
fn changed_bytes_of_a_kept_ticket_never_panic() {
    let bytes = ticket(b"ticket", 60).to_bytes().expect("short fields");
    for position in 0..bytes.len() {
        for change in 1..=u8::MAX {
            let mut changed = bytes.clone();
            changed[position] ^= change;
            if let Some(ticket) = Ticket::from_bytes(&changed, &ring::provider()) {
                assert!(!ticket.ticket.is_empty() && ticket.lifetime_seconds <= 604_800);
            }
        }
    }
}

#[test]
fn ticket_of_a_suite_that_is_no_longer_there_is_none() {
    let bytes = ticket(b"ticket", 60).to_bytes().expect("short fields");
    let mut provider = ring::provider();
    provider.suites.retain(|suite| suite.id != ring::TLS_AES_128_GCM_SHA256.id);
    assert!(Ticket::from_bytes(&bytes, &provider).is_none());
}

#[test]
fn ticket_that_fits_no_message_is_not_kept() {
    let too_long = ticket(&[1; 65_536], 60).to_bytes();
    assert_eq!(too_long, Err(Misuse::OutOfRange));
    assert!(ticket(&[1; 65_535], 60).to_bytes().is_ok());
}

fn name(number: usize) -> ServerName<'static> {
    format!("server-{number}.example").try_into().expect("a name")
}

/// The ticket that is offered to this server.
fn taken(store: &mut ReceivedTickets, number: usize, now: u64) -> Option<Vec<u8>> {
    store.take(&name(number), at(now)).map(|psk| psk.identity().to_vec())
}

#[test]
fn client_offers_each_ticket_once_the_latest_first() {
    let mut store = ReceivedTickets::new(10);
    for (number, bytes) in [(0, b"a"), (1, b"b"), (0, b"c")] {
        store.insert(name(number), ticket(bytes, 60), at(100));
    }
    let offered: Vec<_> = (0..3).map(|_| taken(&mut store, 0, 110)).collect();
    assert_eq!(offered, [Some(b"c".to_vec()), Some(b"a".to_vec()), None]);
    assert_eq!(taken(&mut store, 1, 110), Some(b"b".to_vec()));
}

#[test]
fn client_offers_no_ticket_that_has_expired() {
    for (now, offered) in [(100, true), (159, true), (160, false), (u64::MAX, false), (0, true)] {
        let mut store = ReceivedTickets::new(10);
        store.insert(name(0), ticket(b"old", 60), at(100));
        assert_eq!(taken(&mut store, 0, now).is_some(), offered, "{now}");
    }
    let mut store = ReceivedTickets::new(10);
    store.insert(name(0), ticket(b"long", 600), at(100));
    store.insert(name(0), ticket(b"short", 60), at(100));
    assert_eq!(taken(&mut store, 0, 200), Some(b"long".to_vec()));
    assert_eq!(taken(&mut store, 0, 200), None);
}

#[test]
fn client_keeps_four_tickets_of_each_of_the_servers_it_was_at_last() {
    let mut store = ReceivedTickets::new(2);
    for bytes in 0..6 {
        store.insert(name(0), ticket(&[bytes], 60), at(100));
    }
    store.insert(name(1), ticket(b"one", 60), at(100));
    // Server 0 was used after server 1, so that server 2 takes the place of server 1.
    assert_eq!(taken(&mut store, 0, 100), Some(vec![5]));
    store.insert(name(2), ticket(b"two", 60), at(100));
    assert_eq!(taken(&mut store, 1, 100), None);
    let left: Vec<_> = (0..4).map(|_| taken(&mut store, 0, 100)).collect();
    assert_eq!(left, [Some(vec![4]), Some(vec![3]), Some(vec![2]), None]);
    assert_eq!(taken(&mut store, 2, 100), Some(b"two".to_vec()));
}

#[test]
fn client_without_room_keeps_nothing() {
    let mut store = ReceivedTickets::new(0);
    store.insert(name(0), ticket(b"one", 60), at(100));
    assert_eq!(taken(&mut store, 0, 100), None);
}

#[test]
fn destination_has_a_ticket_if_there_is_one() {
    let mut store = ReceivedTickets::new(1);
    store.insert(name(0), ticket(b"one", 60), at(100));
    let offered = [1, 0].map(|_| store.destination(name(0), at(100)));
    assert_eq!(offered.each_ref().map(|destination| destination.psks.len()), [1, 0]);
    assert!(offered.iter().all(|to| to.server_name == Some(name(0)) && !to.early_data));
}
