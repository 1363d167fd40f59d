//! A program of somebody else's, running for one test: own folder, own ports, its log kept, killed at the end.

use crate::wait::until;
use std::fs::File;
use std::net::{Ipv4Addr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use tempfile::TempDir;

/// Whether this run has other people's programs to test with. If not, says so for the test's record.
#[must_use]
pub fn real() -> bool {
    let real = std::env::var_os("BELLWETHER_REAL").is_some_and(|is| is == "1");
    if !real {
        eprintln!("not run: needs real programs (cargo xtask test installs them and sets BELLWETHER_REAL=1)");
    }
    real
}

/// A port of 127.0.0.1 that nobody listens on now. Somebody may take it before you do, so start with a retry.
#[must_use]
pub fn free_port() -> u16 {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port on 127.0.0.1");
    listener.local_addr().expect("its address").port()
}

/// A file under the tools that `cargo xtask install` puts there.
pub(crate) fn tool(path: &str) -> PathBuf {
    let tools = match std::env::var_os("BELLWETHER_TOOLS") {
        Some(set) => PathBuf::from(set),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../target/tools"),
    };
    tools.join(path)
}

/// What to type when a program is missing.
pub(crate) const INSTALL: &str = "cargo xtask install";

/// A running program. Dropping it kills it; if the test is failing, the end of its log is shown.
#[derive(Debug)]
pub struct Component {
    name: &'static str,
    folder: TempDir,
    child: Option<Child>,
}

impl Component {
    /// A component that has a folder, but does not run yet.
    #[must_use]
    pub fn new(name: &'static str) -> Self {
        let folder = tempfile::Builder::new().prefix(&format!("bellwether-{name}-")).tempdir();
        Self { name, folder: folder.expect("a temporary folder"), child: None }
    }

    /// Its folder, for configuration and data; gone when it is dropped.
    #[must_use]
    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Starts `command`, its output going to the log; one that runs already is stopped first.
    ///
    /// # Panics
    /// If the program is missing, with the command that installs it.
    pub fn start(&mut self, command: &mut Command) {
        self.stop();
        let log = File::create(self.log_file()).expect("a log file");
        let errors = log.try_clone().expect("a log file");
        command.stdin(Stdio::null()).stdout(log).stderr(errors);
        match command.spawn() {
            Ok(child) => self.child = Some(child),
            Err(e) => panic!("{} does not start ({e}). To install it: {INSTALL}", self.name),
        }
    }

    /// Waits until `probe` says yes. `false` if the program ended before, for instance because its port was taken.
    ///
    /// # Panics
    /// If it keeps running and never gets ready.
    pub async fn ready(&mut self, mut probe: impl AsyncFnMut() -> bool) -> bool {
        let what = format!("{} to be ready", self.name);
        let child = self.child.as_mut();
        let child = child.expect("started");
        until(&what, async || match child.try_wait() {
            Ok(None) => probe().await.then_some(true),
            _ => Some(false),
        })
        .await
    }

    /// Waits until its log contains `text`, and gives the whole log.
    ///
    /// # Panics
    /// If that never comes.
    pub async fn logged(&self, text: &str) -> String {
        let what = format!("{} to log {text:?}", self.name);
        until(&what, async || Some(self.log()).filter(|log| log.contains(text))).await
    }

    /// What it printed so far.
    #[must_use]
    pub fn log(&self) -> String {
        let bytes = std::fs::read(self.log_file()).unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Kills it and waits for its end.
    pub fn stop(&mut self) {
        if let Some(mut child) = self.child.take() {
            let _ = child.kill();
            let _ = child.wait();
        }
    }

    /// Sends it a signal, `INT` as ctrl-c does or `TERM` as a supervisor does, and waits for its end.
    ///
    /// # Panics
    /// If it never ends.
    pub async fn signal(&mut self, signal: &str) -> ExitStatus {
        self.tell(signal);
        let name = self.name;
        let child = self.child.as_mut().expect("started");
        until(&format!("{name} to end"), async || child.try_wait().expect("its status")).await
    }

    /// Sends it a signal that it survives: `STOP` makes it stand still and `CONT` go on.
    ///
    /// # Panics
    /// If it does not run.
    pub fn tell(&self, signal: &str) {
        let id = self.child.as_ref().expect("started").id().to_string();
        let sent = Command::new("kill").args(["-s", signal, &id]).status();
        assert!(sent.is_ok_and(|status| status.success()), "{} cannot be sent SIG{signal}", self.name);
    }

    fn log_file(&self) -> PathBuf {
        self.folder().join("log")
    }
}

impl Drop for Component {
    fn drop(&mut self) {
        self.stop();
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let end = lines[lines.len().saturating_sub(60)..].join("\n");
            eprintln!("--- the end of the log of {} ---\n{end}\n---", self.name);
        }
    }
}

/// Runs a program to its end with `input` on stdin; stdout, or what it said as it failed.
pub(crate) fn piped(command: &mut Command, input: &str) -> Result<String, String> {
    use std::io::Write as _;
    let name = command.get_program().to_string_lossy().into_owned();
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = match command.spawn() {
        Ok(child) => child,
        Err(e) => panic!("{name} does not start ({e}). To install it: {INSTALL}"),
    };
    let mut stdin = child.stdin.take().expect("piped");
    let input = input.to_owned();
    // On a thread of its own: it may write before it has read all.
    let writer = std::thread::spawn(move || {
        let _ = stdin.write_all(input.as_bytes());
    });
    let output = child.wait_with_output().expect("its output");
    writer.join().expect("the writer");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    if output.status.success() {
        Ok(text(&output.stdout))
    } else {
        Err(format!("{name}: {}\n{}{}", output.status, text(&output.stdout), text(&output.stderr)))
    }
}
