//! Instructions per operation, counted by valgrind: the same on a busy machine, so a regression shows.

use crate::bench::PACKAGE;
use crate::step::{Step, on_path, target};

/// The binary of the benches package that runs one scenario a given number of times: `instructions SCENARIO TIMES`,
/// and with `--list` prints the scenarios, one a line.
const BINARY: &str = "instructions";

/// Each scenario runs twice, and the difference divided by the difference of the times leaves out start-up.
const TIMES: [u64; 2] = [1_000, 11_000];

pub(crate) fn run(words: &[String]) -> Result<(), String> {
    if !on_path("valgrind") {
        return Err("valgrind is not here: apt-get install -y --no-install-recommends valgrind".to_owned());
    }
    Step::new("build", "cargo build --profile bench -p").arg(PACKAGE).arg("--bin").arg(BINARY).run()?;
    let binary = target().join("release").join(BINARY).display().to_string();
    let listed = Step::new("scenarios", &binary).arg("--list").output()?;
    let wanted = |name: &&str| words.is_empty() || words.iter().any(|word| word == name);
    println!("\n{:<48} instructions", "scenario");
    for scenario in listed.lines().filter(wanted) {
        let [few, many] = TIMES.map(|times| count(&binary, scenario, times));
        let each = (many?.saturating_sub(few?)) as f64 / (TIMES[1] - TIMES[0]) as f64;
        println!("{scenario:<48} {each:>12.1}");
    }
    Ok(())
}

/// All instructions of one run.
fn count(binary: &str, scenario: &str, times: u64) -> Result<u64, String> {
    let out = target().join("callgrind.out");
    Step::new(scenario, "valgrind --tool=callgrind --quiet")
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(binary)
        .arg(scenario)
        .arg(times.to_string())
        .output()?;
    let text = std::fs::read_to_string(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let first = totals.and_then(|line| line.split_whitespace().next()).and_then(|n| n.parse().ok());
    first.ok_or_else(|| format!("{} has no totals", out.display()))
}
