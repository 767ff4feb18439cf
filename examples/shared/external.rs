//! Keys from outside of TLS, as they are written on the command line.

use std::error::Error;

use countersign::crypto::Secret;
use countersign::crypto::ring::{TLS_AES_128_GCM_SHA256, TLS_AES_256_GCM_SHA384};
use countersign::handshake::psk::{ExternalKey, OfferedPsk, PreSharedKey};

/// The key in `IDENTITY=HEX`, imported for suites of either hash (RFC 9258).
pub(crate) fn imported(text: &str) -> Result<[OfferedPsk; 2], Box<dyn Error>> {
    let (identity, secret) = split(text)?;
    let secret = Secret::copied_from(&secret).ok_or("a key is not longer than 64 bytes")?;
    let suite = &TLS_AES_128_GCM_SHA256;
    let key = ExternalKey { identity, context: Vec::new(), secret, suite };
    Ok([key.import(suite)?, key.import(&TLS_AES_256_GCM_SHA384)?])
}

/// The key in `IDENTITY=HEX` as it is, for suites of SHA-256: what OpenSSL and GnuTLS have.
pub(crate) fn raw(text: &str) -> Result<OfferedPsk, Box<dyn Error>> {
    let (identity, secret) = split(text)?;
    Ok(PreSharedKey::raw_external(&secret, &TLS_AES_128_GCM_SHA256)?.offered_as(identity))
}

fn split(text: &str) -> Result<(Vec<u8>, Vec<u8>), Box<dyn Error>> {
    let form = "a key is written IDENTITY=HEX";
    let (identity, hex) = text.rsplit_once('=').ok_or(form)?;
    let digits: Vec<_> = hex.chars().map(|digit| digit.to_digit(16)).collect();
    let bytes = digits.chunks(2).map(|pair| match pair {
        [Some(high), Some(low)] => u8::try_from(high * 16 + low).ok(),
        _ => None,
    });
    let secret: Vec<u8> = bytes.collect::<Option<_>>().ok_or(form)?;
    if identity.is_empty() || secret.is_empty() {
        Err(form.into())
    } else {
        Ok((identity.into(), secret))
    }
}
