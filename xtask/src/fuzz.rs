//! Each parser of foreign input against libFuzzer, for a few seconds, on the one stable toolchain.
//!
//! cargo-fuzz wants nightly only for sanitizers, which safe code does not need. What libFuzzer needs (coverage
//! counters in every block, and the comparisons) are plain `-C` flags, so cargo builds the targets itself.
//! A target is one file in `fuzz/src/` and one `[[bin]]` entry in `fuzz/Cargo.toml`; inputs to start from
//! go to `fuzz/seeds/<target>/`.

use crate::step::{Step, host, root, target};
use std::fs;
use std::sync::Mutex;
use std::thread;

const COVERAGE: &[&str] = &[
    "--cfg=fuzzing",
    "-Cpasses=sancov-module",
    "-Cllvm-args=-sanitizer-coverage-level=4",
    "-Cllvm-args=-sanitizer-coverage-inline-8bit-counters",
    "-Cllvm-args=-sanitizer-coverage-pc-table",
    "-Cllvm-args=-sanitizer-coverage-trace-compares",
    "-Ccodegen-units=1",
    "-Cdebug-assertions",
    "-Coverflow-checks",
];

pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let (seconds, only) = parse(words)?;
    let manifest = root().join("fuzz/Cargo.toml");
    let Ok(text) = fs::read_to_string(&manifest) else {
        return Err("there is no fuzz/Cargo.toml".to_owned());
    };
    let all = targets(&text)?;
    if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
        return Err(format!("no fuzz target `{unknown}`; there are: {}", all.join(", ")));
    }
    build()?;
    each_on_a_core(all.iter().filter(|name| only.is_empty() || only.contains(name)), |name| fuzz(name, seconds))
}

/// Runs all of them, as many at a time as there are cores: a target uses one.
fn each_on_a_core<'a>(
    names: impl Iterator<Item = &'a String> + Send,
    run: impl Fn(&str) -> Result<(), String> + Sync,
) -> Result<(), String> {
    let names = Mutex::new(names.fuse());
    let failed = Mutex::new(Vec::new());
    let next = || names.lock().ok()?.next();
    thread::scope(|scope| {
        for _ in 0..thread::available_parallelism().map_or(1, usize::from) {
            scope.spawn(|| {
                while let Some(name) = next() {
                    if let (Err(what), Ok(mut failed)) = (run(name), failed.lock()) {
                        failed.push(what);
                    }
                }
            });
        }
    });
    let failed = failed.into_inner().unwrap_or_default();
    if failed.is_empty() { Ok(()) } else { Err(failed.join("\n")) }
}

fn parse(words: &[String]) -> Result<(u32, Vec<String>), String> {
    let (mut seconds, mut only) = (10, Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        if word == "--seconds" {
            let given = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
            seconds = given.ok_or("--seconds takes a whole number above 0")?;
        } else {
            only.push(word.clone());
        }
    }
    Ok((seconds, only))
}

/// The names of the `[[bin]]` entries.
fn targets(manifest: &str) -> Result<Vec<String>, String> {
    let table: toml::Table = manifest.parse().map_err(|e| format!("fuzz/Cargo.toml: {e}"))?;
    let bins = table.get("bin").and_then(toml::Value::as_array).ok_or("fuzz/Cargo.toml has no [[bin]]")?;
    let name = |bin: &toml::Value| bin.get("name").and_then(toml::Value::as_str).map(str::to_owned);
    bins.iter().map(|bin| name(bin).ok_or("fuzz/Cargo.toml: a [[bin]] without name".to_owned())).collect()
}

fn build() -> Result<(), String> {
    // With `--target`, the flags reach the fuzzed crates but not build scripts, which have no fuzzer to link.
    Step::new("fuzz targets", "cargo build --manifest-path fuzz/Cargo.toml --release --bins --target")
        .arg(host()?)
        .arg("--target-dir")
        .arg(target().join("fuzz").display().to_string())
        .env("RUSTFLAGS", COVERAGE.join(" "))
        .run()
}

fn fuzz(name: &str, seconds: u32) -> Result<(), String> {
    let dir = target().join("fuzz");
    let corpus = dir.join("corpus").join(name);
    let crashes = dir.join("crashes").join(name);
    for dir in [&corpus, &crashes] {
        fs::create_dir_all(dir).map_err(|e| format!("cannot make {}: {e}", dir.display()))?;
    }
    let binary = dir.join(host()?).join("release").join(name);
    let mut step = Step::new(&format!("fuzzing {name} for {seconds} s"), &binary.display().to_string())
        .arg(format!("-max_total_time={seconds}"))
        .arg("-timeout=5")
        .arg("-rss_limit_mb=1024")
        .arg("-max_len=8192")
        .arg("-verbosity=0")
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", crashes.display()))
        .arg(corpus.display().to_string());
    let seeds = root().join("fuzz/seeds").join(name);
    if seeds.is_dir() {
        step = step.arg(seeds.display().to_string());
    }
    let printed = step.quietly()?;
    let runs = printed.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    println!("   {name}: {} inputs, no crash", runs.unwrap_or("?").trim());
    Ok(())
}

#[cfg(test)]
mod tests;
