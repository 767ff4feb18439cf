//! Whole connections with rustls, in memory: the same tables as with any other implementation, and
//! what only rustls can be asked for.

mod closure;
mod compression;
mod early_data;
mod matrix;
mod meeting;
mod raw_public_keys;
mod refusals;
mod resumption;
