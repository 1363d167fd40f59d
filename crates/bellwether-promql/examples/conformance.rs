//! Runs a folder of test scripts (`*.test`) and says how many evaluations came to what they expect.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks to its terminal")]

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use bellwether_promql::script;

fn main() -> ExitCode {
    match run(&std::env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(what) => {
            println!("{what}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[String]) -> Result<(), String> {
    let mut folder = None;
    let (mut verbose, mut least) = (false, 100.0);
    let mut words = words.iter();
    while let Some(word) = words.next() {
        match word.as_str() {
            "--verbose" => verbose = true,
            "--least" => {
                least = words.next().and_then(|n| percent(n)).ok_or("--least takes a percentage such as 99.5%")?
            }
            _ if word.starts_with('-') || folder.is_some() => return Err(format!("{word}? takes {USAGE}")),
            _ => folder = Some(Path::new(word)),
        }
    }
    let folder = folder.ok_or(format!("which folder? takes {USAGE}"))?;
    let (mut passed, mut all) = (0, 0);
    for path in scripts(folder)? {
        let text =
            std::fs::read_to_string(&path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
        let report = script::run(&text);
        let name = path.strip_prefix(folder).unwrap_or(&path).display();
        let failed = report.failures().count();
        println!("{:5} passed {failed:4} failed  {name}", report.passed());
        for evaluation in report.failures().filter(|_| verbose) {
            let what = evaluation.failure.as_deref().unwrap_or_default();
            println!("{}:{}: {}\n     {what}", path.display(), evaluation.line, evaluation.expression);
        }
        passed += report.passed();
        all += report.evaluations.len();
    }
    println!("passed {passed} of {all}");
    if passed as f64 * 100.0 >= least * all as f64 {
        return Ok(());
    }
    let more = if verbose { "" } else { "; --verbose shows each failure" };
    Err(format!("less than {least} %{more}"))
}

const USAGE: &str = "DIR [--least N%] [--verbose]";

fn percent(text: &str) -> Option<f64> {
    text.trim_end_matches('%').parse().ok().filter(|n| (0.0..=100.0).contains(n))
}

/// The scripts of a folder, in order of their names.
fn scripts(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = std::fs::read_dir(folder).map_err(|error| format!("cannot read {}: {error}", folder.display()))?;
    let mut scripts: Vec<PathBuf> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "test"));
    scripts.sort();
    if scripts.is_empty() { Err(format!("no *.test in {}", folder.display())) } else { Ok(scripts) }
}
