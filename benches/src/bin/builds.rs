//! What it takes to build a service with each stack from nothing, and how many crates that is: `builds [WORD..]`.
//!
//! Dependencies are downloaded before, and locked as this workspace locks them. Each stack is a project of its own with a
//! target directory of its own, below this workspace's. WORDs select stacks by their name; `--crates` only counts.
#![allow(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool speaks to its terminal")]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use bellwether_benches::cpu;
use bellwether_core::Clock;

/// A service by what it depends on.
struct Stack {
    name: &'static str,
    dependencies: &'static str,
}

const AXUM: &str = r#"axum = "0.8"
tokio = { version = "1", features = ["macros", "net", "rt-multi-thread", "signal"] }
"#;

const STACKS: &[Stack] = &[
    Stack { name: "axum alone", dependencies: "" },
    Stack {
        name: "bellwether: the layer and /metrics",
        dependencies: "bellwether = { path = \"CRATES/bellwether\" }\n",
    },
    Stack {
        name: "bellwether with JSON log",
        dependencies: "bellwether = { path = \"CRATES/bellwether\", features = [\"log\"] }\n",
    },
    Stack {
        name: "bellwether with OTLP and JSON log",
        dependencies: "bellwether = { path = \"CRATES/bellwether\", features = [\"log\", \"otlp\"] }\n",
    },
    Stack {
        name: "only the layer: bellwether-tower",
        dependencies: "bellwether-tower = { path = \"CRATES/bellwether-tower\" }\nbellwether-core = { path = \"CRATES/bellwether-core\" }\n",
    },
    Stack { name: "axum-prometheus", dependencies: "axum-prometheus = \"0.10\"\n" },
    Stack {
        name: "opentelemetry-instrumentation-tower, OTLP by HTTP",
        dependencies: r#"opentelemetry-instrumentation-tower = { version = "0.19", features = ["axum"] }
opentelemetry = "0.33"
opentelemetry_sdk = "0.33"
opentelemetry-otlp = { version = "0.33", default-features = false, features = ["http-proto", "reqwest-blocking-client", "trace", "metrics"] }
"#,
    },
    Stack {
        name: "FULL, OTLP by HTTP",
        dependencies: r#"tower-http = { version = "0.7", features = ["request-id", "trace"] }
tracing = "0.1"
tracing-subscriber = { version = "0.3", features = ["json"] }
tracing-opentelemetry = "0.34"
opentelemetry = "0.33"
opentelemetry_sdk = "0.33"
opentelemetry-otlp = { version = "0.33", default-features = false, features = ["http-proto", "reqwest-blocking-client", "trace"] }
axum-prometheus = "0.10"
"#,
    },
];

fn main() -> ExitCode {
    let mut words: Vec<String> = std::env::args().skip(1).collect();
    let build = !words.iter().any(|word| word == "--crates");
    words.retain(|word| word != "--crates");
    println!("| service | crates | seconds | CPU seconds |\n|---|---|---|---|");
    for (number, stack) in STACKS.iter().enumerate() {
        if !words.is_empty() && !words.iter().any(|word| stack.name.contains(word.as_str())) {
            continue;
        }
        match measure(number, stack, build) {
            Ok([crates, seconds, cpu]) => println!("| {} | {crates} | {seconds:.1} | {cpu:.1} |", stack.name),
            Err(error) => {
                eprintln!("{}: {error}", stack.name);
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn measure(number: usize, stack: &Stack, build: bool) -> Result<[f64; 3], String> {
    let workspace = Path::new(env!("CARGO_MANIFEST_DIR")).join("..");
    let project = project(&workspace, number, stack).map_err(|error| error.to_string())?;
    let cargo = |words: &str| {
        let mut cargo = Command::new("cargo");
        cargo.args(words.split(' ')).current_dir(&project).env("CARGO_TARGET_DIR", project.join("target"));
        cargo.stderr(Stdio::null());
        cargo
    };
    let run = |words: &str| match cargo(words).output() {
        Ok(output) if output.status.success() => Ok(String::from_utf8_lossy(&output.stdout).into_owned()),
        Ok(output) => Err(format!("cargo {words}: {}", output.status)),
        Err(error) => Err(format!("cargo {words}: {error}")),
    };
    run("fetch")?;
    let tree = run("tree --offline -e normal,build --prefix none --format {p}")?;
    let crates: BTreeSet<&str> = tree.lines().map(|line| line.trim_end_matches(" (*)")).collect();
    let clock = Clock::system();
    let (cpu, start) = (cpu::of_children(), clock.now());
    if build {
        run("build --offline -j 2")?;
    }
    let (cpu, seconds) = (cpu::of_children() - cpu, clock.now().since(start).as_secs_f64());
    let _ = fs::remove_dir_all(&project);
    // Itself is none of them.
    Ok([crates.len() as f64 - 1.0, seconds, cpu])
}

/// Writes the project, and starts it from this workspace's lock file, as far as that goes.
fn project(workspace: &Path, number: usize, stack: &Stack) -> std::io::Result<PathBuf> {
    let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| workspace.join("target"), PathBuf::from);
    let project = target.join("builds").join(number.to_string());
    let _ = fs::remove_dir_all(&project);
    fs::create_dir_all(project.join("src"))?;
    let crates = workspace.join("crates").canonicalize()?;
    let dependencies = stack.dependencies.replace("CRATES", &crates.display().to_string());
    let manifest = "[package]\nname = \"service\"\nedition = \"2024\"\n\n[workspace]\n\n[dependencies]\n";
    fs::write(project.join("Cargo.toml"), [manifest, AXUM, &dependencies].concat())?;
    fs::write(project.join("src/main.rs"), "fn main() {}\n")?;
    fs::copy(workspace.join("Cargo.lock"), project.join("Cargo.lock"))?;
    Ok(project)
}
