//! History's file in processes that are killed, many times.

use crate::step::Step;

pub(crate) fn run(words: &[String]) -> Result<(), String> {
    let times = match words {
        [] => "1000",
        [word, times] if word == "--times" && times.parse::<u32>().is_ok() => times,
        other => return Err(format!("got {other:?}, takes only --times N")),
    };
    Step::new("kill -9", "cargo test -p bellwether-history --test it -- file::kill --nocapture")
        .env("BELLWETHER_KILL_TIMES", times)
        .run()
}
