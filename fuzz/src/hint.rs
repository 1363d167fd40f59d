//! Headers about when to come back, each of any text: never a panic, and no pause longer than allowed.
#![no_main]

use std::time::Duration;

use bellwether_breaker::Hint;
use bellwether_core::Timestamp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    // A line a header; the first are the most telling.
    let names = [
        "retry-after",
        "retry-after-ms",
        "x-ratelimit-reset-requests",
        "x-ratelimit-remaining-requests",
        "x-ratelimit-limit-requests",
        "anthropic-ratelimit-tokens-reset",
        "anthropic-ratelimit-tokens-remaining",
        "x-ratelimit-reset",
        "date",
    ];
    let headers: Vec<(&str, &str)> = names.into_iter().zip(text.split('\n')).collect();
    let get = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
    let max = Duration::from_secs(60);

    let hint = Hint::read(Timestamp::from_unix_seconds(1_700_000_000), get);
    assert!(hint.pause(max).is_none_or(|pause| pause <= max));
    // Without a clock of theirs and at the end of ours, a moment is in the past.
    let late = Hint::read(Timestamp::from_unix_nanos(u64::MAX), |name| get(name).filter(|_| name != "date"));
    assert_eq!(late.retry_after.is_some(), hint.retry_after.is_some());
    for headroom in [hint.requests, hint.tokens] {
        let wait = headroom.wait_for(1);
        assert!(wait.is_none_or(|wait| wait.is_zero() || Some(wait) <= headroom.resets_in));
    }
});
