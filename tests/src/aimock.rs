//! `aimock` (npm): a stand-in for the providers of language models, made by others, that says what a file of fixtures tells it.

use crate::client;
use crate::component::{Component, INSTALL, free_port, tool};
use serde_json::Value;
use std::process::Command;

/// A running aimock. Dropping it stops it.
#[derive(Debug)]
pub struct Aimock {
    _component: Component,
    url: String,
}

impl Aimock {
    /// Starts one with these fixtures; a request that none of them matches gets a 503.
    ///
    /// # Panics
    /// If it is missing (with the command that installs it) or does not accept the fixtures.
    pub async fn start(fixtures: &Value) -> Self {
        let script = tool("npm/node_modules/@copilotkit/aimock/dist/cli.js");
        assert!(script.exists(), "aimock is missing (looked for {}). To install it: {INSTALL}", script.display());
        let mut component = Component::new("aimock");
        std::fs::write(component.folder().join("fixtures.json"), fixtures.to_string()).expect("the fixtures");
        let client = client();
        // Three times, since somebody may take the free port first.
        for _ in 0..3 {
            let port = free_port();
            let mut command = Command::new("node");
            command
                .current_dir(component.folder())
                .arg(&script)
                .args(["--fixtures", "fixtures.json", "--strict", "--validate-on-load"])
                .args(["--port", &port.to_string()]);
            component.start(&mut command);
            let url = format!("http://127.0.0.1:{port}");
            let probe = async || client.get(format!("{url}/__aimock/journal")).send().await.is_ok();
            if component.ready(probe).await {
                return Self { _component: component, url };
            }
        }
        panic!("aimock ends as soon as it starts:\n{}", component.log());
    }

    /// Where OpenAI's API begins.
    #[must_use]
    pub fn base_url(&self) -> String {
        format!("{}/v1", self.url)
    }

    /// The requests that came in, oldest first: `body`, `headers`, and the `response` they got.
    ///
    /// # Panics
    /// If it does not tell.
    pub async fn journal(&self) -> Vec<Value> {
        let answer = client().get(format!("{}/__aimock/journal", self.url)).send().await.expect("an answer");
        answer.json().await.expect("a list of requests")
    }
}
