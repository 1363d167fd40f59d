//! Licenses, sources and banned crates of all dependencies, by the rules of `deny.toml`.
//!
//! cargo-deny does it when it is installed. Building it takes longer than all our tests, so without it the same file
//! is read here: licenses, bans and sources, but no advisories (those need a database from the network).

use crate::metadata::{Graph, Package};
use crate::step::{Step, on_path, root};
use spdx::{Expression, LicenseReq, Licensee, ParseMode};

pub(crate) fn run(_: &[String]) -> Result<(), String> {
    if on_path("cargo-deny") {
        return Step::new("dependencies", "cargo deny check licenses bans sources").run();
    }
    println!("\n── dependencies, by our own reading of deny.toml (cargo-deny is not installed)");
    let text = std::fs::read_to_string(root().join("deny.toml")).map_err(|e| format!("deny.toml: {e}"))?;
    let policy = Policy::parse(&text)?;
    let graph = Graph::read()?;
    let wrong: Vec<String> = graph.packages.values().filter_map(|package| policy.check(package)).collect();
    if !wrong.is_empty() {
        return Err(format!("dependencies:\n  {}", wrong.join("\n  ")));
    }
    println!("   {} packages, all allowed", graph.packages.len());
    Ok(())
}

/// The part of `deny.toml` that is checked here.
struct Policy {
    allowed: Vec<Licensee>,
    banned: Vec<(String, String)>,
}

impl Policy {
    fn parse(text: &str) -> Result<Self, String> {
        let table: toml::Table = text.parse().map_err(|e| format!("deny.toml: {e}"))?;
        let rows = |section: &str, key: &str| {
            let found = table.get(section).and_then(|s| s.get(key)).and_then(toml::Value::as_array);
            found.cloned().ok_or_else(|| format!("deny.toml: [{section}] has no list `{key}`"))
        };
        let licensee = |value: &toml::Value| {
            let name = value.as_str().unwrap_or_default();
            Licensee::parse(name).map_err(|e| format!("deny.toml: license {name:?}: {}", e.reason))
        };
        let word = |row: &toml::Value, key| row.get(key).and_then(toml::Value::as_str).unwrap_or_default().to_owned();
        Ok(Self {
            allowed: rows("licenses", "allow")?.iter().map(licensee).collect::<Result<_, _>>()?,
            banned: rows("bans", "deny")?.iter().map(|row| (word(row, "crate"), word(row, "reason"))).collect(),
        })
    }

    /// What is wrong with a package, if anything is.
    fn check(&self, package: &Package) -> Option<String> {
        let Package { name, version, .. } = package;
        let says = |what: String| Some(format!("{name} {version}: {what}"));
        if let Some((_, reason)) = self.banned.iter().find(|(banned, _)| banned == name) {
            return says(format!("banned: {reason}"));
        }
        let source = package.source.as_deref().unwrap_or("ours");
        if source != "ours" && !source.starts_with("registry+https://github.com/rust-lang/crates.io-index") {
            return says(format!("comes from {source}, only crates.io is allowed"));
        }
        let Some(license) = package.license.as_deref() else {
            return says("states no license".to_owned());
        };
        match Expression::parse_mode(license, ParseMode::LAX) {
            Err(e) => says(format!("license {license:?} cannot be read: {}", e.reason)),
            Ok(expression) if expression.evaluate(|req| self.allows(req)) => None,
            Ok(_) => says(format!("license {license:?} is not in deny.toml's list")),
        }
    }

    fn allows(&self, requirement: &LicenseReq) -> bool {
        self.allowed.iter().any(|licensee| licensee.satisfies(requirement))
    }
}

#[cfg(test)]
mod tests;
