//! The algorithms that compress certificates, by themselves: what goes in comes out, and nothing
//! else does (RFC 8879 §4, §5).

use std::sync::OnceLock;

use countersign::compression::brotli::Brotli;
use countersign::compression::zlib::Zlib;
use countersign::compression::{CertificateCompression, DecompressionFailed};
use countersign::limits::Limits;
use countersign::registry::CertificateCompressionAlgorithm;
use countersign_testing::pki::{vector, vector_certificate};
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::Index;

fn both() -> [Box<dyn CertificateCompression>; 2] {
    [Box::new(Zlib::default()), Box::new(Brotli::default())]
}

fn decompress(
    compression: &dyn CertificateCompression,
    compressed: &[u8],
    length: usize,
) -> Result<Vec<u8>, DecompressionFailed> {
    let mut certificate = vec![0; length];
    compression.decompress(compressed, &mut certificate).map(|()| certificate)
}

/// A chain of this many certificates.
fn chain(certificates: usize) -> Vec<u8> {
    vector_certificate("rsa-2048.pem").repeat(certificates)
}

#[test]
fn each_has_its_code_point() {
    let codes = both().map(|compression| compression.algorithm());
    assert_eq!(
        codes,
        [CertificateCompressionAlgorithm::ZLIB, CertificateCompressionAlgorithm::BROTLI]
    );
    assert_eq!(codes.map(|code| code.0), [1, 2]);
}

#[test]
fn what_other_implementations_compress_is_understood() {
    let certificate = vector_certificate("rsa-2048.pem");
    for (compression, file) in both().iter().zip(["rsa-2048.der.zz", "rsa-2048.der.br"]) {
        let compressed = vector(file);
        let found = decompress(&**compression, &compressed, certificate.len());
        assert_eq!(found.as_deref(), Ok(&*certificate), "{file}");
    }
}

#[test]
fn neither_makes_anything_longer() {
    for compression in both() {
        for body in [&b""[..], b"\0\0\0\0", b"what is too short to gain anything"] {
            assert_eq!(compression.compress(body), None, "{compression:?}");
        }
        let chain = chain(3);
        let compressed = compression.compress(&chain).expect("the same three times");
        assert!(compressed.len() < chain.len() / 2, "{compression:?}: {}", compressed.len());
    }
}

#[test]
fn every_level_is_understood() {
    let chain = chain(2);
    // Above the highest, all are the highest.
    for level in (0..=12).chain([u8::MAX]) {
        let all: [&dyn CertificateCompression; 2] = [&Zlib { level }, &Brotli { quality: level }];
        for compression in all {
            if let Some(compressed) = compression.compress(&chain) {
                let found = decompress(compression, &compressed, chain.len());
                assert_eq!(found.as_ref(), Ok(&chain), "{compression:?}");
            } else {
                assert_eq!(level, 0, "{compression:?} gains nothing");
            }
        }
    }
}

#[test]
fn what_is_cut_off_goes_on_or_has_another_length_is_refused() {
    for compression in both() {
        let chain = chain(2);
        let compressed = compression.compress(&chain).expect("shorter");
        let refused = |compressed: &[u8], length| {
            let found = decompress(&*compression, compressed, length);
            assert_eq!(found, Err(DecompressionFailed), "{compression:?}, {length}");
        };
        for length in 0..compressed.len() {
            refused(&compressed[..length], chain.len());
        }
        for more in [&[0][..], &[3], &[0xff; 5], &compressed] {
            refused(&[&compressed, more].concat(), chain.len());
        }
        for length in [0, 1, chain.len() - 1, chain.len() + 1, 2 * chain.len(), 100_000] {
            refused(&compressed, length);
        }
    }
}

#[test]
fn another_format_is_refused() {
    let [zlib, brotli] = both();
    let chain = chain(2);
    let of_zlib = zlib.compress(&chain).expect("shorter");
    let of_brotli = brotli.compress(&chain).expect("shorter");
    assert!(decompress(&*zlib, &of_brotli, chain.len()).is_err());
    assert!(decompress(&*brotli, &of_zlib, chain.len()).is_err());
    // Without its header of two bytes and its sum of four, zlib is raw DEFLATE; gzip has others.
    let deflate = &of_zlib[2..of_zlib.len() - 4];
    assert!(decompress(&*zlib, deflate, chain.len()).is_err());
    let gzip = [&[0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3], deflate, &[0; 8]].concat();
    assert!(decompress(&*zlib, &gzip, chain.len()).is_err());
    let mut wrong_sum = of_zlib;
    *wrong_sum.last_mut().expect("a sum") ^= 1;
    assert!(decompress(&*zlib, &wrong_sum, chain.len()).is_err());
}

#[test]
fn a_bomb_is_refused_however_much_it_would_become() {
    let most = Limits::default().certificate_message_bytes;
    for compression in both() {
        let bomb = compression.compress(&vec![0; 1 << 22]).expect("zeros");
        assert!(bomb.len() < most, "{compression:?}: it would not even arrive");
        for length in [0, 1, 1_000, most] {
            let found = decompress(&*compression, &bomb, length);
            assert_eq!(found, Err(DecompressionFailed), "{compression:?}, {length}");
        }
    }
}

/// A window of 16 MiB, and an uncompressed metablock of so many bytes that is not the last, its
/// length in this many nibbles.
fn wide_brotli(nibbles: u32, length: u32) -> Vec<u8> {
    // Least significant bits first: WBITS, ISLAST, MNIBBLES, MLEN, ISUNCOMPRESSED.
    let header = 0b1111 | (nibbles - 4) << 5 | (length - 1) << 7;
    let bytes = usize::try_from(nibbles).expect("few") / 2 + 1;
    let mut header = header.to_le_bytes()[..bytes].to_vec();
    *header.last_mut().expect("a header") |= 0x80;
    header
}

#[test]
fn brotli_may_have_a_wide_window_but_nothing_in_it() {
    let data = [9; 100];
    let honest = [wide_brotli(4, 100), data.to_vec(), vec![3]].concat();
    assert_eq!(decompress(&Brotli::default(), &honest, 100).as_deref(), Ok(&data[..]));
    let lying = [wide_brotli(6, 1 << 24), data.to_vec(), vec![3]].concat();
    for length in [1, 100, 1_000] {
        assert_eq!(decompress(&Brotli::default(), &lying, length), Err(DecompressionFailed));
    }
}

/// An algorithm, and what it makes of a [`chain`] of two.
type Made = (Box<dyn CertificateCompression>, Vec<u8>);

fn compressed() -> &'static [Made] {
    static COMPRESSED: OnceLock<Vec<Made>> = OnceLock::new();
    COMPRESSED.get_or_init(|| {
        let compressed = both().into_iter().map(|compression| {
            let compressed = compression.compress(&chain(2)).expect("shorter");
            (compression, compressed)
        });
        compressed.collect()
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn what_goes_in_comes_out(parts in vec(vec(any::<u8>(), 0..60), 0..12)) {
        let body: Vec<u8> = parts.iter().chain(&parts).flatten().copied().collect();
        for compression in both() {
            if let Some(compressed) = compression.compress(&body) {
                prop_assert!(compressed.len() < body.len());
                let found = decompress(&*compression, &compressed, body.len());
                prop_assert_eq!(found, Ok(body.clone()));
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4096))]

    #[test]
    fn arbitrary_bytes_are_no_danger(
        compressed in vec(any::<u8>(), 0..300), length in 0_usize..2_000,
    ) {
        for compression in both() {
            let _refused_or_not = decompress(&*compression, &compressed, length);
        }
    }

    #[test]
    fn changed_bytes_are_no_danger(
        changes in vec((any::<Index>(), any::<u8>()), 1..8), cut in any::<bool>(),
    ) {
        for (compression, compressed) in compressed() {
            let mut compressed = compressed.clone();
            for (at, value) in &changes {
                let at = at.index(compressed.len());
                compressed[at] = *value;
                if cut {
                    compressed.truncate(at.max(1));
                }
            }
            let _refused_or_not = decompress(&**compression, &compressed, 2_000);
        }
    }
}
