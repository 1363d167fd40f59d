//! The Rust version we promise (`rust-version`), kept without having that toolchain at hand.
//!
//! Every package takes it from the workspace, no crate that ships with ours asks for a newer one, and clippy finds
//! what the standard library gained since.

use crate::metadata::Graph;
use crate::step::{Step, root};

/// Crates whose errors an optional feature of the same name knows: whoever turns it on has the crate already, and the Rust that
/// it needs.
const BROUGHT: &[&str] = &["sqlx"];

pub(crate) fn run(_: &[String]) -> Result<(), String> {
    packages()?;
    let line = "cargo clippy --workspace --all-targets --all-features -- -D clippy::incompatible_msrv";
    Step::new("lints for the promised Rust", line).run()
}

/// What the manifests promise, ours and those of all that ships with ours. Our code is clippy's matter.
pub(crate) fn packages() -> Result<(), String> {
    let text = std::fs::read_to_string(root().join("Cargo.toml")).map_err(|e| format!("Cargo.toml: {e}"))?;
    let manifest: toml::Table = text.parse().map_err(|e| format!("Cargo.toml: {e}"))?;
    let promised = manifest["workspace"]["package"]["rust-version"]
        .as_str()
        .ok_or("Cargo.toml: [workspace.package] has no rust-version")?;
    let graph = Graph::read()?;
    let mut wrong = Vec::new();
    for package in graph.packages.values().filter(|p| p.source.is_none()) {
        // Examples and tests may need a newer one, and then say so.
        let states = package.rust_version.as_deref();
        if states.is_none() || package.published && states != Some(promised) {
            wrong.push(format!("{}: lacks `rust-version.workspace = true`", package.name));
        }
    }
    for package in graph.shipped(BROUGHT) {
        if let Some(needs) = &package.rust_version
            && parts(needs) > parts(promised)
        {
            wrong.push(format!("{} {} needs Rust {needs}", package.name, package.version));
        }
    }
    if !wrong.is_empty() {
        return Err(format!("Rust {promised} is promised, but:\n  {}", wrong.join("\n  ")));
    }
    println!("\n── Rust {promised} is enough for all that ships");
    Ok(())
}

fn parts(version: &str) -> Vec<u64> {
    let mut parts: Vec<u64> = version.split('.').map(|part| part.parse().unwrap_or(0)).collect();
    parts.resize(3, 0);
    parts
}
