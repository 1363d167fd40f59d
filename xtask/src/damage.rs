//! History's file with damage of all sorts, in processes that are watched.

use crate::step::Step;

pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let times = match words {
        [] => "20000",
        [word, times] if word == "--times" && times.parse::<u32>().is_ok_and(|times| times > 0) => times,
        other => return Err(format!("got {other:?}, takes only --times N")),
    };
    let campaign = "cargo test --release -p bellwether-history --test it -- file::campaign::no_damage --nocapture";
    Step::new("damaged files", campaign).env("BELLWETHER_DAMAGES", times).run()
}
