//! The collector rotel (PyPI), made by others: what it prints, or passes on, is what somebody else understood of our OTLP.

use crate::client;
use crate::component::{Component, INSTALL, free_port, tool};
use std::path::PathBuf;
use std::process::Command;

/// A running rotel with OTLP over gRPC and over HTTP. Dropping it stops it.
#[derive(Debug)]
pub struct Rotel {
    component: Component,
    grpc: String,
    http: String,
}

impl Rotel {
    /// Starts one that prints all it receives in detail: see [`Rotel::printed`].
    pub async fn start() -> Self {
        Self::run(&["--exporter", "blackhole"]).await
    }

    /// Starts one that also passes all on by OTLP over gRPC to `url`, a [`crate::sink::Sink`] for instance.
    pub async fn relaying(url: &str) -> Self {
        Self::run(&["--exporter", "otlp", "--otlp-exporter-endpoint", url]).await
    }

    /// Its OTLP/gRPC endpoint, as a URL.
    #[must_use]
    pub fn grpc(&self) -> &str {
        &self.grpc
    }

    /// Its OTLP/HTTP endpoint, as a URL without a path.
    #[must_use]
    pub fn http(&self) -> &str {
        &self.http
    }

    /// Waits until it printed `text`, and gives all it printed: `Trace ID       : <hex>`, `Value: 3`, ...
    pub async fn printed(&self, text: &str) -> String {
        self.component.logged(text).await
    }

    async fn run(exporter: &[&str]) -> Self {
        let program = agent();
        let mut component = Component::new("rotel");
        let client = client();
        // Three times, since somebody may take the free ports first.
        for _ in 0..3 {
            let (grpc, http) = (free_port(), free_port());
            let mut command = Command::new(&program);
            command
                .current_dir(component.folder())
                .args(["start", "--pid-file", "pid", "--log-file", "own-log", "--log-format", "json"])
                .arg("--disable-batching")
                .args(["--debug-log", "traces", "--debug-log", "metrics", "--debug-log", "logs"])
                .args(["--debug-log-verbosity", "detailed"])
                .arg(format!("--otlp-grpc-endpoint=127.0.0.1:{grpc}"))
                .arg(format!("--otlp-http-endpoint=127.0.0.1:{http}"))
                .args(exporter);
            component.start(&mut command);
            let (grpc, http) = (format!("http://127.0.0.1:{grpc}"), format!("http://127.0.0.1:{http}"));
            // Any answer will do: there is no page that says ready.
            let probe = async || client.get(&http).send().await.is_ok() && listens(&grpc).await;
            if component.ready(probe).await {
                return Self { component, grpc, http };
            }
        }
        panic!("rotel ends as soon as it starts:\n{}", component.log());
    }
}

async fn listens(url: &str) -> bool {
    tokio::net::TcpStream::connect(url.trim_start_matches("http://")).await.is_ok()
}

/// The binary inside the installed wheel.
fn agent() -> PathBuf {
    let lib = tool("venv/lib");
    let pythons = std::fs::read_dir(&lib).into_iter().flatten().flatten();
    let mut agents = pythons.map(|python| python.path().join("site-packages/rotel/rotel-agent"));
    match agents.find(|agent| agent.exists()) {
        Some(agent) => agent,
        None => panic!("rotel is missing (looked under {}). To install it: {INSTALL}", lib.display()),
    }
}
