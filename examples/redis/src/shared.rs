//! What servers that open each other's tickets remember together, in Redis.

use std::time::Duration;

use countersign::crypto::ring::TLS_AES_128_GCM_SHA256;
use pki_types::UnixTime;
use redis::{Client, Connection, Pipeline, RedisResult};

/// How far a ticket's age may be from what the client says.
pub(crate) const TOLERANCE_SECONDS: u32 = 60;

/// For how long a server waits for Redis, which is for how long a client may have to wait.
const PATIENCE: Duration = Duration::from_millis(500);

/// The memory. All that it does is `SET key 1 NX PX expiry`, which succeeds at one server only.
///
/// Redis must keep what it is given until it expires: `maxmemory-policy noeviction`, which is the
/// default. If it starts anew, or somebody flushes it, that shows in the key `since`. What cannot be
/// seen is a replica that takes over and lacks the last writes: where one may, `WAIT` for it.
#[derive(Debug)]
pub(crate) struct Shared {
    client: Client,
}

impl Shared {
    /// Redis at `url`, like `redis://localhost` or `redis+unix:///run/redis.sock`.
    pub(crate) fn at(url: &str) -> RedisResult<Self> {
        Ok(Self { client: Client::open(url)? })
    }

    /// Whether early data with this tag may be taken. It may not if Redis has not been remembering
    /// for long enough, or does not answer.
    pub(crate) fn admits_early_data(&self, tag: &[u8], now: UnixTime) -> bool {
        let ask = || -> RedisResult<bool> {
            // From one end of the tolerance to the other, and as much again for servers whose clocks
            // differ.
            let window = u64::from(TOLERANCE_SECONDS) * 4;
            let mut pipeline = Pipeline::new();
            pipeline.cmd("SET").arg(SINCE).arg(now.as_secs()).arg("NX").ignore();
            pipeline.cmd("GET").arg(SINCE);
            first(&mut pipeline, b"early data ", tag, window);
            let (since, is_first): (u64, bool) = pipeline.query(&mut self.connect()?)?;
            let reaches_back = now.as_secs().checked_sub(window).is_some_and(|then| then > since);
            Ok(reaches_back && is_first)
        };
        told(ask())
    }

    /// Whether this ticket was not used before, if Redis answers.
    pub(crate) fn admits_ticket(&self, ticket: &[u8], lifetime_seconds: u32) -> bool {
        let ask = || -> RedisResult<bool> {
            let mut pipeline = Pipeline::new();
            let digest = TLS_AES_128_GCM_SHA256.hash.digest(&[ticket]);
            first(&mut pipeline, b"ticket ", digest.as_bytes(), lifetime_seconds.into());
            let (is_first,): (bool,) = pipeline.query(&mut self.connect()?)?;
            Ok(is_first)
        };
        told(ask())
    }

    fn connect(&self) -> RedisResult<Connection> {
        let connection = self.client.get_connection_with_timeout(PATIENCE)?;
        connection.set_read_timeout(Some(PATIENCE))?;
        connection.set_write_timeout(Some(PATIENCE))?;
        Ok(connection)
    }
}

/// When Redis began to remember, in seconds since 1970.
const SINCE: &str = "countersign since";

/// Asks whether nobody has said this in the last `seconds`.
fn first(pipeline: &mut Pipeline, kind: &[u8], name: &[u8], seconds: u64) {
    let key = [b"countersign ", kind, name].concat();
    pipeline.cmd("SET").arg(key).arg(1).arg("NX").arg("PX").arg(seconds * 1_000);
}

/// What cannot be asked is refused.
fn told(asked: RedisResult<bool>) -> bool {
    asked.unwrap_or_else(|error| {
        eprintln!("server: Redis: {error}");
        false
    })
}
