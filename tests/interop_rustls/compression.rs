//! Certificates that travel compressed (RFC 8879). zlib is another's at the other end; for Brotli
//! rustls takes any implementation, and gets ours.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use countersign::compression::brotli::Brotli;
use countersign::compression::zlib::Zlib;
use countersign::compression::{CertificateCompression, Remembering};
use countersign::handshake::Fact;
use countersign::handshake::config::ClientAuthentication;
use countersign_testing::pki::Authority;
use countersign_testing::{Client, Server};
use rustls::CertificateCompressionAlgorithm;
use rustls::compress::{
    CertCompressor, CertDecompressor, CompressionFailed, CompressionLevel, DecompressionFailed,
    ZLIB_COMPRESSOR, ZLIB_DECOMPRESSOR,
};

use crate::meeting::{Asking, Meeting, client_config, provider, server_config};

#[derive(Debug)]
struct TheirBrotli;

impl CertCompressor for TheirBrotli {
    fn compress(&self, input: Vec<u8>, _: CompressionLevel) -> Result<Vec<u8>, CompressionFailed> {
        Brotli::default().compress(&input).ok_or(CompressionFailed)
    }

    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::Brotli
    }
}

impl CertDecompressor for TheirBrotli {
    fn decompress(&self, input: &[u8], output: &mut [u8]) -> Result<(), DecompressionFailed> {
        Brotli::default().decompress(input, output).map_err(|_| DecompressionFailed)
    }

    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        CertificateCompressionAlgorithm::Brotli
    }
}

/// A decompressor of theirs that counts what it has done.
#[derive(Debug)]
struct Counting {
    decompressor: &'static dyn CertDecompressor,
    decompressed: AtomicUsize,
}

impl CertDecompressor for Counting {
    fn decompress(&self, input: &[u8], output: &mut [u8]) -> Result<(), DecompressionFailed> {
        self.decompressed.fetch_add(1, Ordering::Relaxed);
        self.decompressor.decompress(input, output)
    }

    fn algorithm(&self) -> CertificateCompressionAlgorithm {
        self.decompressor.algorithm()
    }
}

/// An algorithm at our end and at theirs.
struct Both {
    ours: Arc<dyn CertificateCompression>,
    compressor: &'static dyn CertCompressor,
    decompressor: &'static Counting,
}

fn both() -> [Both; 2] {
    let counting = |decompressor| -> &'static Counting {
        Box::leak(Box::new(Counting { decompressor, decompressed: AtomicUsize::new(0) }))
    };
    [
        Both {
            ours: Arc::new(Zlib::default()),
            compressor: ZLIB_COMPRESSOR,
            decompressor: counting(ZLIB_DECOMPRESSOR),
        },
        Both {
            ours: Arc::new(Remembering::new(Brotli::default(), 2)),
            compressor: &TheirBrotli,
            decompressor: counting(&TheirBrotli),
        },
    ]
}

impl Both {
    /// Runs, and looks for a compressed certificate both ways.
    fn meet(&self, mut meeting: Meeting) {
        let before = self.decompressor.decompressed.load(Ordering::Relaxed);
        meeting.run();
        meeting.agrees();
        let taken = |fact: &Fact| matches!(fact, Fact::Moved { input, .. } if *input == MESSAGE);
        assert!(meeting.learned(taken), "{:?}", self.ours);
        let after = self.decompressor.decompressed.load(Ordering::Relaxed);
        assert_eq!(after, before + 1, "{:?}", self.ours);
    }
}

const MESSAGE: &str = "CompressedCertificate";

#[test]
fn client_and_server_of_theirs_exchange_compressed_certificates_with_ours() {
    let root = Authority::root("root");
    for both in both() {
        let mut theirs =
            server_config(&root.issue(|_| {}), Asking::Require(&root), provider(|_| ()));
        theirs.cert_compressors = vec![both.compressor];
        theirs.cert_decompressors = vec![both.decompressor];
        let mut client = Client::trusting(&root).with(root.issue(|_| {}).credential());
        client.config.certificate_compressions = vec![Arc::clone(&both.ours)];
        client.config.report_transitions = true;
        both.meet(Meeting::with_server(client, theirs));

        let mut theirs = client_config(&root, Some(&root.issue(|_| {})), provider(|_| ()));
        theirs.cert_compressors = vec![both.compressor];
        theirs.cert_decompressors = vec![both.decompressor];
        let server = Server::known_by(root.issue(|_| {}).credential());
        let mut server = server.asking(&root, ClientAuthentication::Require);
        server.config.certificate_compressions = vec![Arc::clone(&both.ours)];
        server.config.report_transitions = true;
        both.meet(Meeting::with_client(server, theirs));
    }
}
