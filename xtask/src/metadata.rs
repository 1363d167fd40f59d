//! What cargo knows of our packages and of all they stand on: `cargo metadata`, read once.

use crate::step::{Step, host};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One package of the dependency graph.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: String,
    pub(crate) version: String,
    pub(crate) license: Option<String>,
    pub(crate) rust_version: Option<String>,
    /// Where it came from; `None` for what lies in this repository.
    pub(crate) source: Option<String>,
    /// Whether it may be published to a registry.
    pub(crate) published: bool,
}

/// All packages by their id, and who needs whom at run or build time.
#[derive(Debug)]
pub(crate) struct Graph {
    pub(crate) packages: BTreeMap<String, Package>,
    needs: BTreeMap<String, Vec<String>>,
}

impl Graph {
    pub(crate) fn read() -> Result<Self, String> {
        // Only this platform's: those of others would have to be downloaded first.
        let line = "cargo metadata --format-version 1 --all-features --filter-platform";
        let text = Step::new("dependency graph", line).arg(host()?).output()?;
        Self::parse(&text)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let json: Value = serde_json::from_str(text).map_err(|e| format!("cargo metadata: {e}"))?;
        let packages = rows(&json["packages"]).iter().map(|p| (string(&p["id"]), package(p))).collect();
        let needs = rows(&json["resolve"]["nodes"]).iter().map(|n| (string(&n["id"]), needed(n))).collect();
        Ok(Self { packages, needs })
    }

    /// Everything that is built with one of our published crates, themselves included; test-only crates are not, nor are the
    /// packages left out and what only they need.
    pub(crate) fn shipped(&self, without: &[&str]) -> Vec<&Package> {
        let ours = self.packages.iter().filter(|(_, p)| p.source.is_none() && p.published);
        let mut open: Vec<&String> = ours.map(|(id, _)| id).collect();
        let mut seen = BTreeSet::new();
        while let Some(id) = open.pop() {
            let left_out = self.packages.get(id).is_some_and(|package| without.contains(&&*package.name));
            if !left_out && seen.insert(id) {
                open.extend(self.needs.get(id).into_iter().flatten());
            }
        }
        seen.into_iter().filter_map(|id| self.packages.get(id)).collect()
    }
}

fn package(json: &Value) -> Package {
    Package {
        name: string(&json["name"]),
        version: string(&json["version"]),
        license: json["license"].as_str().map(str::to_owned),
        rust_version: json["rust_version"].as_str().map(str::to_owned),
        source: json["source"].as_str().map(str::to_owned),
        published: json["publish"].as_array().is_none_or(|registries| !registries.is_empty()),
    }
}

/// The ids a node depends on other than for its own tests.
fn needed(node: &Value) -> Vec<String> {
    let shipped = |dep: &&Value| rows(&dep["dep_kinds"]).iter().any(|kind| kind["kind"].as_str() != Some("dev"));
    rows(&node["deps"]).iter().filter(shipped).map(|dep| string(&dep["pkg"])).collect()
}

fn rows(json: &Value) -> &[Value] {
    json.as_array().map_or(&[], Vec::as_slice)
}

fn string(json: &Value) -> String {
    json.as_str().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests;
