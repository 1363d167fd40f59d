//! Rules on crates: who may depend on whom, who may know what, and what each must say of itself.

use super::Finding;
use super::tree::{File, Tree};

/// Our crates, and which of ours each may depend on: the table of ARCHITECTURE.md.
const ARROWS: &[(&str, &[&str])] = &[
    ("core", &[]),
    ("breaker", &["core"]),
    ("dependency", &["core", "breaker"]),
    ("tower", &["core", "breaker", "dependency"]),
    ("promql", &[]),
    ("history", &["core", "promql"]),
    ("slo", &["core", "history", "promql"]),
    ("alert", &["core", "history", "promql"]),
    ("debug", &["core", "history"]),
    ("business", &["core", "history"]),
    ("insight", &["core", "history"]),
    ("export", &["core", "history", "slo", "alert"]),
    ("dashboard", ALL),
    ("", ALL),
    ("cli", ALL),
];

const ALL: &[&str] = &[
    "core",
    "breaker",
    "dependency",
    "tower",
    "promql",
    "history",
    "slo",
    "alert",
    "debug",
    "business",
    "insight",
    "export",
    "dashboard",
    "",
];

/// What would bring I/O, a runtime or a wire into bellwether-core.
const IMPURE: &[&str] = &["tokio", "async-std", "smol", "hyper", "reqwest", "axum", "tonic", "mio", "rustls", "sqlx"];

/// A dependency as a manifest names it: the crate, and whether only tests use it.
struct Need {
    name: String,
    tests_only: bool,
}

pub(super) fn arrows(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (krate, file) in tree.manifests() {
        let Some((_, may)) = ARROWS.iter().find(|(name, _)| krate == full(name)) else {
            findings.push(Finding::new(&file.path, "this crate has no row in xtask/src/tidy/manifests.rs"));
            continue;
        };
        let ours = needs(file).into_iter().filter(|need| need.name.starts_with("bellwether") && !need.tests_only);
        for need in ours.filter(|need| !may.iter().any(|name| need.name == full(name))) {
            findings.push(Finding::new(&file.path, format!("{krate} may not depend on {}", need.name)));
        }
    }
    findings
}

pub(super) fn core_is_pure(tree: &Tree) -> Vec<Finding> {
    let Some(file) = tree.get("crates/bellwether-core/Cargo.toml") else {
        return Vec::new();
    };
    let impure = needs(file).into_iter().filter(|need| !need.tests_only && IMPURE.contains(&need.name.as_str()));
    impure.map(|need| Finding::new(&file.path, format!("bellwether-core may not depend on {}", need.name))).collect()
}

pub(super) fn opentelemetry(tree: &Tree) -> Vec<Finding> {
    let elsewhere = |krate: Option<&str>| krate.is_some_and(|krate| krate != "bellwether-export");
    let mut findings = Vec::new();
    for (krate, file) in tree.manifests().filter(|(krate, _)| elsewhere(Some(krate))) {
        for need in needs(file).iter().filter(|need| need.name.contains("opentelemetry")) {
            findings.push(Finding::new(&file.path, format!("{krate} depends on {}", need.name)));
        }
    }
    for file in tree.sources().filter(|file| elsewhere(file.krate())) {
        for (line, code) in file.code() {
            if code.contains("opentelemetry::") || code.contains("opentelemetry_") {
                findings.push(Finding::new(file.at(line), "uses an OpenTelemetry crate"));
            }
        }
    }
    findings
}

pub(super) fn described(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (krate, file) in tree.manifests() {
        let table: toml::Table = file.text.parse().unwrap_or_default();
        let description = table.get("package").and_then(|package| package.get("description"));
        if description.and_then(toml::Value::as_str).is_none_or(str::is_empty) {
            findings.push(Finding::new(&file.path, "no description"));
        }
        let pages = ["src/lib.rs", "src/main.rs", "README.md"].map(|page| format!("crates/{krate}/{page}"));
        let says_when_not = |text: &str| text.to_lowercase().lines().any(|line| line.contains("# when not to use"));
        if !pages.iter().filter_map(|page| tree.get(page)).any(|file| says_when_not(&file.text)) {
            findings.push(Finding::new(&pages[0], "its docs have no heading `When not to use it`"));
        }
    }
    findings
}

fn full(name: &str) -> String {
    if name.is_empty() { "bellwether".to_owned() } else { format!("bellwether-{name}") }
}

/// All dependencies of a manifest, those for one target only among them; none if it cannot be read (cargo says why).
fn needs(file: &File) -> Vec<Need> {
    let table: toml::Table = file.text.parse().unwrap_or_default();
    let targets = table.get("target").and_then(toml::Value::as_table).into_iter().flatten();
    let scopes = targets.filter_map(|(_, scope)| scope.as_table()).chain([&table]);
    let mut needs = Vec::new();
    for scope in scopes {
        for (section, tests_only) in
            [("dependencies", false), ("build-dependencies", false), ("dev-dependencies", true)]
        {
            let rows = scope.get(section).and_then(toml::Value::as_table).into_iter().flatten();
            needs.extend(rows.map(|(key, row)| {
                let renamed = row.get("package").and_then(toml::Value::as_str);
                Need { name: renamed.unwrap_or(key).to_owned(), tests_only }
            }));
        }
    }
    needs
}
