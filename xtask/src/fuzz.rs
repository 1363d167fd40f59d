//! Each parser of foreign input against libFuzzer, on the one stable toolchain.
//!
//! Two lengths: a campaign for so many seconds, random, which keeps what it has learned; and the short form of
//! `cargo xtask test`, the same inputs each time, so that a change fails for what it is and not by luck. (Where a
//! target reaches a registry, hashes are seeded at random, which libFuzzer sees: there inputs are much the same, not quite.)
//!
//! cargo-fuzz wants nightly only for sanitizers, which safe code does not need. What libFuzzer needs (coverage
//! counters in every block, and the comparisons) are plain `-C` flags, so cargo builds the targets itself.
//! A target is one file in `fuzz/src/` and one `[[bin]]` entry in `fuzz/Cargo.toml`; inputs to start from
//! go to `fuzz/seeds/<target>/`.

use crate::step::{Step, host, root, target};
use std::sync::Mutex;
use std::thread;
use std::{fmt, fs};

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

/// How long a target runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Length {
    /// Random, and on from what earlier campaigns have found.
    Seconds(u32),
    /// So many inputs, drawn from one seed, from `fuzz/seeds` on.
    Inputs(u32),
}

/// A second or two for most targets.
const SHORT: Length = Length::Inputs(100_000);

pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let (length, only) = parse(words)?;
    let manifest = root().join("fuzz/Cargo.toml");
    let Ok(text) = fs::read_to_string(&manifest) else {
        return Err("there is no fuzz/Cargo.toml".to_owned());
    };
    let all = targets(&text)?;
    if let Some(unknown) = only.iter().find(|name| !all.contains(name)) {
        return Err(format!("no fuzz target `{unknown}`; there are: {}", all.join(", ")));
    }
    build()?;
    each_on_a_core(all.iter().filter(|name| only.is_empty() || only.contains(name)), |name| {
        fuzz(name, length.of(name, &text))
    })
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

fn parse(words: &[String]) -> Result<(Length, Vec<String>), String> {
    let (mut length, mut only) = (Length::Seconds(10), Vec::new());
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--short" => length = SHORT,
            "--seconds" => {
                let given = words.next().and_then(|n| n.parse().ok()).filter(|n| *n > 0);
                length = Length::Seconds(given.ok_or("--seconds takes a whole number above 0")?);
            }
            _ => only.push(word.clone()),
        }
    }
    Ok((length, only))
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

fn fuzz(name: &str, length: Length) -> Result<(), String> {
    let dir = target().join("fuzz");
    let corpus = dir.join(length.corpus()).join(name);
    let crashes = dir.join("crashes").join(name);
    if let Length::Inputs(_) = length {
        // What an earlier run has learned is luck.
        let _ = fs::remove_dir_all(&corpus);
    }
    for dir in [&corpus, &crashes] {
        fs::create_dir_all(dir).map_err(|e| format!("cannot make {}: {e}", dir.display()))?;
    }
    let binary = dir.join(host()?).join("release").join(name);
    // libFuzzer looks at what is compared, addresses among it. A container may forbid this.
    let fixed = matches!(length, Length::Inputs(_)) && Step::new("addresses", "setarch -R true").output().is_ok();
    let program = format!("{}{}", if fixed { "setarch -R " } else { "" }, binary.display());
    let mut step = Step::new(&format!("fuzzing {name}, {length}"), &program)
        .arg("-rss_limit_mb=1024")
        .arg("-max_len=8192")
        .arg("-verbosity=0")
        .arg("-print_final_stats=1")
        .arg(format!("-artifact_prefix={}/", crashes.display()));
    step = length.flags().into_iter().fold(step, Step::arg).arg(corpus.display().to_string());
    let seeds = root().join("fuzz/seeds").join(name);
    if seeds.is_dir() {
        step = step.arg(seeds.display().to_string());
    }
    let printed = step.quietly()?;
    let runs = printed.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    println!("   {name}: {} inputs, no crash", runs.unwrap_or("?").trim());
    Ok(())
}

impl Length {
    /// A target may take so long with each input that it has a number of its own in the manifest.
    fn of(self, name: &str, manifest: &str) -> Self {
        let table: toml::Table = manifest.parse().unwrap_or_default();
        let package = table.get("package").and_then(|package| package.get("metadata"));
        let inputs = package.and_then(|metadata| metadata.get("inputs")?.get(name)?.as_integer());
        match (self, inputs.and_then(|inputs| u32::try_from(inputs).ok())) {
            (Self::Inputs(_), Some(inputs)) => Self::Inputs(inputs),
            (length, _) => length,
        }
    }

    fn flags(self) -> Vec<String> {
        match self {
            Self::Seconds(seconds) => vec![format!("-max_total_time={seconds}"), "-timeout=5".to_owned()],
            // Only what never ends is too slow: how busy the machine is does not decide.
            Self::Inputs(inputs) => {
                [format!("-runs={inputs}").as_str(), "-seed=1", "-reload=0", "-timeout=120"].map(str::to_owned).to_vec()
            }
        }
    }

    fn corpus(self) -> &'static str {
        match self {
            Self::Seconds(_) => "corpus",
            Self::Inputs(_) => "short",
        }
    }
}

impl fmt::Display for Length {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seconds(seconds) => write!(f, "{seconds} s"),
            Self::Inputs(inputs) => write!(f, "{inputs} inputs"),
        }
    }
}

#[cfg(test)]
mod tests;
