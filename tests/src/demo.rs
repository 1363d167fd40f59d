//! The demo, `voice`, as a person starts it: a process of its own, with its arguments and environment.

mod fresh;

use crate::client;
use crate::component::Component;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output};

/// A running demo. Dropping it kills it.
#[derive(Debug)]
pub struct Demo {
    component: Component,
    args: Vec<String>,
    env: Vec<(String, String)>,
    addr: SocketAddr,
}

impl Demo {
    /// Starts it on a free port with a database of its own, and waits until it answers.
    ///
    /// # Panics
    /// If it is not built from the sources as they are now (`cargo test --workspace` builds it), or does not answer.
    pub async fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut component = Component::new("voice");
        let args: Vec<String> = args.iter().map(|&arg| arg.to_owned()).collect();
        let env: Vec<_> = env.iter().map(|&(name, value)| (name.to_owned(), value.to_owned())).collect();
        let addr = run(&mut component, &args, &env).await;
        Self { component, args, env, addr }
    }

    /// Runs it to its end: for what it says to arguments and settings that let it not start.
    ///
    /// # Panics
    /// If it is not built, as for [`Demo::start`].
    #[must_use]
    pub fn output(args: &[&str], env: &[(&str, &str)]) -> Output {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = command(folder.path());
        command.args(args).envs(env.iter().copied()).output().expect("voice runs")
    }

    /// Where it listens.
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// `http://` and where it listens, then `path`.
    #[must_use]
    pub fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.addr)
    }

    /// Waits until it printed `text`, and gives all it printed.
    pub async fn printed(&self, text: &str) -> String {
        self.component.logged(text).await
    }

    /// Its page of metrics, in the format that `accept` asks for.
    ///
    /// # Panics
    /// If there is none.
    pub async fn metrics(&self, accept: &str) -> String {
        let answer = client().get(self.url("/metrics")).header("accept", accept).send().await.expect("an answer");
        answer.error_for_status().expect("a page").text().await.expect("text")
    }

    /// Kills it without a warning, as `kill -9` does, and starts it again with the same arguments, environment and
    /// database, on another port.
    pub async fn kill_and_start_again(&mut self) {
        self.component.stop();
        self.addr = run(&mut self.component, &self.args, &self.env).await;
    }

    /// Sends it `INT`, as ctrl-c does, or `TERM`, as a supervisor does; how it ended, and all it printed.
    pub async fn signal(mut self, signal: &str) -> (ExitStatus, String) {
        let status = self.component.signal(signal).await;
        (status, self.component.log())
    }
}

async fn run(component: &mut Component, args: &[String], env: &[(String, String)]) -> SocketAddr {
    let mut command = command(component.folder());
    command.arg("--port=0").args(args).envs(env.iter().map(|(name, value)| (name, value)));
    component.start(&mut command);
    let client = client();
    let log = component.folder().join("log");
    let mut addr = None;
    let probe = async || {
        addr = address(&std::fs::read_to_string(&log).unwrap_or_default());
        match addr {
            Some(addr) => client.get(format!("http://{addr}/livez")).send().await.is_ok(),
            None => false,
        }
    };
    let started = component.ready(probe).await;
    match addr.filter(|_| started) {
        Some(addr) => addr,
        None => panic!("voice ends as soon as it starts:\n{}", component.log()),
    }
}

/// Where it says that it listens.
fn address(printed: &str) -> Option<SocketAddr> {
    let url = printed.lines().find_map(|line| line.strip_prefix("metrics  http://"))?;
    url.strip_suffix("/metrics")?.parse().ok()
}

fn command(folder: &Path) -> Command {
    let mut command = Command::new(binary());
    // What the machine has set would change what is tested.
    let set = std::env::vars_os().filter_map(|(name, _)| name.into_string().ok());
    for name in set.filter(|name| ["BELLWETHER_", "OTEL_", "OPENAI_"].iter().any(|ours| name.starts_with(ours))) {
        command.env_remove(name);
    }
    command.current_dir(folder).env_remove("RUST_LOG").env("DATABASE_URL", "sqlite:voice.sqlite");
    command
}

/// Cargo puts it beside the folder of the test binaries. `BELLWETHER_DEMO` names another one, not looked at further.
fn binary() -> PathBuf {
    if let Some(named) = std::env::var_os("BELLWETHER_DEMO") {
        return named.into();
    }
    let test = std::env::current_exe().expect("the path of this test");
    let binary = test.parent().and_then(|deps| deps.parent()).map(|profile| profile.join("voice"));
    let build = "cargo build -p voice --all-features";
    match binary.filter(|binary| binary.exists()) {
        None => panic!("the demo is not built: {build}"),
        Some(binary) => match fresh::newer_than(&binary) {
            Some(newer) => panic!("the demo is older than {}: {build}", newer.display()),
            None => binary,
        },
    }
}
