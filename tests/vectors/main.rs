//! What is written down in `vectors/`, played to a whole end: each byte it sends and each key it
//! makes is the trace's.

mod messages;
mod part;
mod records;
mod regressions;
