//! The Rust version we promise (`rust-version`), kept without having that toolchain at hand.
//!
//! Every package takes it from the workspace, no crate that ships with ours asks for a newer one, and clippy finds
//! what the standard library gained since.

use crate::metadata::Graph;
use crate::step::{Step, root};

pub(crate) fn run(_: &[String]) -> Result<(), String> {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).map_err(|e| format!("Cargo.toml: {e}"))?;
    let manifest: toml::Table = text.parse().map_err(|e| format!("Cargo.toml: {e}"))?;
    let promised = manifest["workspace"]["package"]["rust-version"]
        .as_str()
        .ok_or("Cargo.toml: [workspace.package] has no rust-version")?;
    let graph = Graph::read()?;
    let mut wrong = Vec::new();
    for package in graph.packages.values().filter(|p| p.source.is_none()) {
        if package.rust_version.as_deref() != Some(promised) {
            wrong.push(format!("{}: rust-version must be `rust-version.workspace = true`", package.name));
        }
    }
    for package in graph.shipped() {
        if let Some(needs) = &package.rust_version
            && parts(needs) > parts(promised)
        {
            wrong.push(format!("{} {} needs Rust {needs}", package.name, package.version));
        }
    }
    if !wrong.is_empty() {
        return Err(format!("Rust {promised} is promised, but:\n  {}", wrong.join("\n  ")));
    }
    Step::new(
        "lints for the promised Rust",
        "cargo clippy --workspace --all-targets --all-features -- -D clippy::incompatible_msrv",
    )
    .run()
}

fn parts(version: &str) -> Vec<u64> {
    let mut parts: Vec<u64> = version.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    parts.resize(3, 0);
    parts
}
