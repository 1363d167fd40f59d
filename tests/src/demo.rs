//! The demo, `voice`, as a person starts it: a process of its own, with its arguments and environment.

use crate::client;
use crate::component::{Component, free_port};
use std::net::{Ipv4Addr, SocketAddr};
use std::path::PathBuf;
use std::process::{Command, ExitStatus};

/// A running demo. Dropping it kills it.
#[derive(Debug)]
pub struct Demo {
    component: Component,
    addr: SocketAddr,
}

impl Demo {
    /// Starts it on a free port with a database of its own, and waits until it answers.
    ///
    /// # Panics
    /// If it is not built (`cargo test --workspace` builds it) or does not answer.
    pub async fn start(args: &[&str], env: &[(&str, &str)]) -> Self {
        let mut component = Component::new("voice");
        let client = client();
        // Three times, since somebody may take the free port first.
        for _ in 0..3 {
            let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, free_port()));
            let mut command = Command::new(binary());
            command
                .current_dir(component.folder())
                .env("DATABASE_URL", "sqlite:voice.sqlite")
                .envs(env.iter().copied())
                .arg(format!("--port={}", addr.port()))
                .args(args);
            component.start(&mut command);
            let url = format!("http://{addr}/livez");
            if component.ready(async || client.get(&url).send().await.is_ok()).await {
                return Self { component, addr };
            }
        }
        panic!("voice ends as soon as it starts:\n{}", component.log());
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

    /// Stops it as ctrl-c does; how it ended, and all it printed.
    pub async fn interrupt(mut self) -> (ExitStatus, String) {
        let status = self.component.interrupt().await;
        (status, self.component.log())
    }
}

/// Cargo puts it beside the folder of the test binaries.
fn binary() -> PathBuf {
    let test = std::env::current_exe().expect("the path of this test");
    let binary = test.parent().and_then(|deps| deps.parent()).map(|profile| profile.join("voice"));
    match binary.filter(|binary| binary.exists()) {
        Some(binary) => binary,
        None => panic!("the demo is not built: cargo build --workspace --all-features"),
    }
}
