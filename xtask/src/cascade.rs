//! The cascade judge against simulated faults whose root is known, and against days without any.

use crate::step::Step;

pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let step = Step::new("cascade", "cargo run --release --quiet -p bellwether-dependency --example cascade --");
    words.iter().fold(step, |step, word| step.arg(word)).run()
}
