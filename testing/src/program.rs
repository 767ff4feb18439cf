//! Programs of others, and files for them.

use std::ffi::OsStr;
use std::io::{ErrorKind, Read, Write, stderr};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::process::{self, Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use std::{env, fs, thread};

/// How long is waited for what a program should say or do.
const PATIENCE: Duration = Duration::from_secs(20);

/// Whether the machine has a program. If not, this is told on standard error; where the environment
/// has `CI`, it is a failure.
///
/// # Panics
/// If the program is missing in CI.
#[must_use]
pub fn has_program(name: &str) -> bool {
    let outcome = Command::new(name).arg("--version").output();
    let is_missing = outcome.is_err_and(|error| error.kind() == ErrorKind::NotFound);
    if is_missing {
        assert!(env::var_os("CI").is_none(), "{name} is not installed");
        skipped(&format!("{name} is not installed"));
    }
    !is_missing
}

/// Says that something is not tested, past the capture of test output: whoever runs the tests
/// should see what they do not do.
pub fn skipped(reason: &str) {
    let _unsaid = writeln!(stderr(), "skipped: {reason}");
}

/// A running program; it is killed when this is dropped.
#[derive(Debug)]
pub struct Program {
    child: Child,
    stdin: Option<ChildStdin>,
    said: Arc<Said>,
}

/// What a program has written so far.
#[derive(Debug, Default)]
struct Said {
    streams: Mutex<Streams>,
    grown: Condvar,
}

#[derive(Debug, Default)]
struct Streams {
    stdout: Vec<u8>,
    stderr: Vec<u8>,
    ended: u8,
}

impl Program {
    /// Starts a program.
    ///
    /// # Panics
    /// If it cannot be started.
    pub fn start<S: AsRef<OsStr>>(name: &str, arguments: impl IntoIterator<Item = S>) -> Self {
        let mut command = Command::new(name);
        command.args(arguments).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.stderr(Stdio::piped()).spawn().expect("a program that starts");
        let said = Arc::new(Said::default());
        Said::collect(&said, child.stdout.take(), |streams| &mut streams.stdout);
        Said::collect(&said, child.stderr.take(), |streams| &mut streams.stderr);
        Self { stdin: child.stdin.take(), child, said }
    }

    /// Writes to its standard input.
    ///
    /// # Panics
    /// If it does not take it.
    pub fn tell(&mut self, bytes: &[u8]) {
        let stdin = self.stdin.as_mut().expect("standard input");
        stdin.write_all(bytes).and_then(|()| stdin.flush()).expect("a program that listens");
    }

    /// Closes its standard input.
    pub fn hush(&mut self) {
        self.stdin = None;
    }

    /// Waits until it has written this.
    ///
    /// # Panics
    /// If it ends or falls silent without it.
    pub fn expect(&self, text: &str) {
        let found = self.said.wait(|streams| streams.text().contains(text));
        assert!(found, "no {text:?} in what it said:\n{}", self.said());
    }

    /// Waits until it has written this as many times.
    ///
    /// # Panics
    /// If it ends or falls silent before.
    pub fn expect_times(&self, text: &str, times: usize) {
        let found = self.said.wait(|streams| streams.text().matches(text).count() >= times);
        assert!(found, "not {times} times {text:?} in what it said:\n{}", self.said());
    }

    /// Waits until it has written a line with `words`, which ends in a port: where it listens.
    ///
    /// # Panics
    /// If it does not.
    #[must_use]
    pub fn listens(&self, words: &str) -> SocketAddr {
        let port = |streams: &Streams| -> Option<u16> {
            let text = streams.text();
            let line = text.split_inclusive('\n').find(|line| line.contains(words))?;
            line.strip_suffix('\n')?.rsplit(':').next()?.parse().ok()
        };
        assert!(self.said.wait(|streams| port(streams).is_some()), "{}", self.said());
        let port = port(&self.said.lock()).expect("a port");
        (Ipv4Addr::LOCALHOST, port).into()
    }

    /// Closes its standard input and waits for its end: whether it is content, and what it has
    /// written to standard output.
    ///
    /// # Panics
    /// If it does not end.
    #[must_use]
    pub fn finish(mut self) -> (bool, Vec<u8>) {
        self.hush();
        assert!(self.said.wait(|streams| streams.ended == 2), "it goes on:\n{}", self.said());
        let status = self.child.wait().expect("a status");
        (status.success(), core::mem::take(&mut self.said.lock().stdout))
    }

    /// All that it has written so far, standard output first.
    #[must_use]
    pub fn said(&self) -> String {
        self.said.lock().text()
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may be gone already.
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

impl Streams {
    fn text(&self) -> String {
        [String::from_utf8_lossy(&self.stdout), String::from_utf8_lossy(&self.stderr)].concat()
    }
}

impl Said {
    /// Collects one stream in a thread, so that the program never waits for a reader.
    fn collect(
        said: &Arc<Self>,
        source: Option<impl Read + Send + 'static>,
        of: fn(&mut Streams) -> &mut Vec<u8>,
    ) {
        let (said, mut source) = (Arc::clone(said), source.expect("a pipe"));
        thread::spawn(move || {
            let mut chunk = [0; 65_536];
            while let Ok(count @ 1..) = source.read(&mut chunk) {
                of(&mut said.lock()).extend(chunk.iter().take(count));
                said.grown.notify_all();
            }
            said.lock().ended += 1;
            said.grown.notify_all();
        });
    }

    fn lock(&self) -> MutexGuard<'_, Streams> {
        self.streams.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Waits until `reached`, and no longer than until the program has ended; whether it is.
    fn wait(&self, reached: impl Fn(&Streams) -> bool) -> bool {
        let missing = |streams: &mut Streams| !reached(streams) && streams.ended < 2;
        let waited = self.grown.wait_timeout_while(self.lock(), PATIENCE, missing);
        let (streams, _) = waited.unwrap_or_else(PoisonError::into_inner);
        reached(&streams)
    }
}

/// A directory that is removed when this is dropped.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new one.
    ///
    /// # Panics
    /// If it cannot be made.
    #[must_use]
    pub fn new() -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("countersign-{}-{number}", process::id());
        let path = env::temp_dir().join(name);
        fs::create_dir(&path).expect("a new directory");
        Self(path)
    }

    /// Where a file of this name is, or would be.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// Puts a file there; its path as text.
    ///
    /// # Panics
    /// If it cannot be written.
    #[must_use]
    pub fn put(&self, name: &str, content: impl AsRef<[u8]>) -> String {
        let path = self.path(name);
        fs::write(&path, content).expect("a file");
        text(&path)
    }
}

impl Default for Folder {
    fn default() -> Self {
        Self::new()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        // What is left behind lies in the directory for temporary files.
        let _left = fs::remove_dir_all(&self.0);
    }
}

fn text(path: &Path) -> String {
    path.to_str().expect("a path in UTF-8").into()
}
