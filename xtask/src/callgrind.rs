//! Instructions per operation, counted by valgrind: the same on a busy machine, so a regression shows.

use crate::bench::PACKAGE;
use crate::step::{Step, on_path, target};

/// The binary of the benches package that runs one case a given number of times: `instructions CASE TIMES`, and with
/// `--list` prints the cases, one a line.
const BINARY: &str = "instructions";

/// The function of it that is counted; set-up (a clock that calibrates itself, for one) stays out.
const COUNTED: &str = "instructions::measured*";

/// Each case runs twice, and the difference leaves out what happens once: a first touch, a warm-up.
const TIMES: [u64; 2] = [1_000, 11_000];

pub(crate) fn run(words: &[String]) -> Result<(), String> {
    if !on_path("valgrind") {
        return Err("valgrind is not here: apt-get install -y --no-install-recommends valgrind".to_owned());
    }
    Step::new("build", "cargo build --profile bench -p").arg(PACKAGE).arg("--bin").arg(BINARY).run()?;
    let binary = target().join("release").join(BINARY).display().to_string();
    let listed = Step::new("cases", &binary).arg("--list").output()?;
    let wanted = |name: &&str| words.is_empty() || words.iter().any(|word| word == name);
    println!("\n{:<48} instructions", "case");
    for case in listed.lines().filter(wanted) {
        let [few, many] = TIMES.map(|times| count(&binary, case, times));
        let each = (many?.saturating_sub(few?)) as f64 / (TIMES[1] - TIMES[0]) as f64;
        println!("{case:<48} {each:>12.1}");
    }
    Ok(())
}

/// All instructions of one run.
fn count(binary: &str, case: &str, times: u64) -> Result<u64, String> {
    let out = target().join("callgrind.out");
    Step::new(case, "valgrind --tool=callgrind --quiet")
        .arg(format!("--toggle-collect={COUNTED}"))
        .arg(format!("--callgrind-out-file={}", out.display()))
        .arg(binary)
        .arg(case)
        .arg(times.to_string())
        .output()?;
    let text = std::fs::read_to_string(&out).map_err(|e| format!("{}: {e}", out.display()))?;
    let totals = text.lines().find_map(|line| line.strip_prefix("totals: "));
    let first = totals.and_then(|line| line.split_whitespace().next()).and_then(|n| n.parse().ok());
    first.filter(|n| *n > 0).ok_or_else(|| format!("{BINARY} {case}: nothing was counted in {COUNTED}"))
}
