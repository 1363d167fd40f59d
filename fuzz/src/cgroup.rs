//! What Linux says of a limit of CPU time, in texts of any kind: never a panic, and a share is one.
#![no_main]

#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/watch/cgroup.rs"]
mod cgroup;

use std::time::Duration;

use cgroup::Throttling;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some((_, path)) = cgroup::group(text) {
        assert!(!path.split('/').any(|part| part == ".."), "{path:?} leads elsewhere");
    }
    let (before, now) = text.split_once("\n\n").unwrap_or(("", text));
    let [before, now] = [before, now].map(|text| Throttling::parse(text).unwrap_or_default());
    for (used, took) in [(0, 0), (0, 5), (5, 5), (u64::MAX, 5), (0, u64::MAX)] {
        let share = now.share_since(&before, Duration::from_secs(used), Duration::from_secs(took));
        assert!((0.0..=1.0).contains(&share), "{share}");
    }
});
