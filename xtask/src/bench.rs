//! The benches, with rivals in the same run, by criterion.

use crate::step::Step;

/// The package that holds them.
pub(crate) const PACKAGE: &str = "bellwether-benches";

pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let step = Step::new("benches", "cargo bench -p").arg(PACKAGE);
    words.iter().fold(step, |step, word| step.arg(word)).run()
}
