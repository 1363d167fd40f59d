//! PromQL against Prometheus's own test scripts, or any folder of scripts in their format.

use std::path::Path;

use crate::step::{Step, root};

/// Where the scripts of Prometheus may lie, beside the repository: they are not ours, and never part of it.
const BESIDE: &str = "../shared/data/promqltest";

/// `DIR [--least N%] [--verbose]`: the example `conformance` of bellwether-promql does the work.
pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let folder = words.iter().enumerate().find(|(at, word)| {
        let value = at.checked_sub(1).and_then(|before| words.get(before)).is_some_and(|before| before == "--least");
        !word.starts_with('-') && !value
    });
    let (_, folder) = folder.ok_or("takes DIR [--least N%] [--verbose]")?;
    if !Path::new(folder).is_dir() {
        return Err(format!("there is no folder {folder}"));
    }
    // The example runs from the repository's root.
    let full = std::path::absolute(folder).map_err(|error| format!("{folder}: {error}"))?;
    let line = "cargo run --quiet -p bellwether-promql --features script --example conformance --";
    let words = words.iter().map(|word| if word == folder { full.display().to_string() } else { word.clone() });
    words.fold(Step::new("PromQL conformance", line), Step::arg).run()
}

/// The step of `cargo xtask test`: every evaluation, as it is reached, if the scripts are there.
pub(crate) fn beside() -> Result<(), String> {
    let folder = root().join(BESIDE);
    if !folder.is_dir() {
        println!("\n── PromQL conformance: left out, since there is no folder {BESIDE}");
        return Ok(());
    }
    run(&[folder.display().to_string(), "--least".to_owned(), "100%".to_owned(), "--verbose".to_owned()])
}
