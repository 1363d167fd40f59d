//! What history costs: memory, ticks and queries; `history [memory|ticks|queries]`. For callgrind, one query by its number:
//! `history query NUMBER history|plain TIMES`.
#![allow(clippy::print_stdout, reason = "a command-line tool speaks to its terminal")]
#![allow(clippy::disallowed_methods, reason = "it measures what time passes")]

use std::time::Duration;

mod memory;
mod queries;
mod ticks;
mod traffic;

/// The CPU time that this thread has had: what others do on the machine is not in it.
fn cpu() -> Duration {
    let time = rustix::time::clock_gettime(rustix::time::ClockId::ThreadCPUTime);
    Duration::new(time.tv_sec as u64, time.tv_nsec as u32)
}

fn main() {
    let words: Vec<String> = std::env::args().skip(1).collect();
    if let [_, query, whose, times] = words.as_slice() {
        let number = |word: &str| word.parse().expect("a number");
        return queries::one(number(query), whose == "plain", number(times));
    }
    let word = words.first().cloned();
    let wanted = |name: &str| word.as_deref().is_none_or(|word| word == name);
    if wanted("memory") {
        memory::table();
    }
    if wanted("ticks") {
        ticks::table();
    }
    if wanted("queries") {
        queries::table();
    }
}
