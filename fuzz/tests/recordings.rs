//! What a script does to two connections can be written down and run again.

use std::fs;
use std::io::{self, Write};
use std::path::Path;
use std::sync::{Arc, Mutex};

use countersign_fuzz::pair;

/// A text that somebody else writes.
#[derive(Clone, Default)]
struct Text(Arc<Mutex<Vec<u8>>>);

impl Write for Text {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn every_seed_about_records_runs_again_at_both_ends() {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR")).join("seeds/pair");
    let mut replayed = 0;
    for seed in fs::read_dir(seeds).unwrap() {
        let path = seed.unwrap().path();
        let texts = [Text::default(), Text::default()];
        let recordings = texts.clone().map(|text| -> Box<dyn Write> { Box::new(text) });
        if !pair::record(&fs::read(&path).unwrap(), recordings) {
            continue;
        }
        for text in texts {
            let text = String::from_utf8(text.0.lock().unwrap().clone()).unwrap();
            let mut replay = pair::replay(&text).unwrap();
            while replay.step().unwrap_or_else(|fault| panic!("{}: {fault}", path.display())) {}
            assert_eq!(replay.passed(), text.lines().count(), "{}", path.display());
            replayed += 1;
        }
    }
    assert!(replayed > 20, "{replayed}");
}
