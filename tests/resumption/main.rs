//! Tickets, pre-shared keys and early data (RFC 9846 §2.2, §2.3, §4.3.9 to §4.3.11, §4.7.1, §8).

mod courses;
mod early_data;
mod forgeries;
mod handshakes;
mod kept;
mod kept_tickets;
mod offers;
mod quic;
mod recognition;
mod register;
mod replays;
mod sealed;
mod site;
mod wrong_answers;
