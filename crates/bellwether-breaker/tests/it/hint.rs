//! Headers about when to come back: every form there is, and every kind of nonsense, each with a defined answer.

use std::time::Duration;

use bellwether_breaker::{Headroom, Hint};
use bellwether_core::Timestamp;
use proptest::prelude::*;

/// 2023-11-14T22:13:20Z, a Tuesday.
const NOW: Timestamp = Timestamp::from_unix_seconds(1_700_000_000);
const LONGEST: Duration = Duration::from_nanos(u64::MAX);

fn read(headers: &[(&str, &str)]) -> Hint {
    Hint::read(NOW, |name| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value))
}

fn check(header: &str, value: &str, expect: impl Into<Option<Duration>> + Copy) {
    assert_eq!(read(&[(header, value)]).retry_after, expect.into(), "{header}: {value:?}");
}

fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

#[test]
fn p17_retry_after_in_seconds() {
    check("retry-after", "120", secs(120));
    check("retry-after", "0", secs(0));
    check("retry-after", " 7\t", secs(7));
    check("retry-after", "007", secs(7));
    check("retry-after", "1.5", Duration::from_millis(1500));
    check("retry-after", "0.0000000019", Duration::from_nanos(1));
}

#[test]
fn p17_retry_after_as_a_date() {
    check("retry-after", "Tue, 14 Nov 2023 22:13:50 GMT", secs(30));
    check("retry-after", "Tuesday, 14-Nov-23 22:13:50 GMT", secs(30));
    check("retry-after", "Tue Nov 14 22:13:50 2023", secs(30));
    check("retry-after", "Tue, 14 Nov 2023 22:13:19 GMT", secs(0));
    check("retry-after", "Thu, 01 Jan 1970 00:00:00 GMT", secs(0));
    check("retry-after", "Fri, 31 Dec 9999 23:59:59 GMT", LONGEST);
    check("retry-after", "Tue, 14 Nov 2023 25:00:00 GMT", None);
    check("retry-after", "Tue, 14 Nov 2023 22:13:50 CET", None);
}

#[test]
fn p17_a_date_is_told_by_the_clock_of_whoever_set_it() {
    let at = |date| read(&[("date", date), ("retry-after", "Tue, 14 Nov 2023 22:13:50 GMT")]).retry_after;
    assert_eq!(at("Tue, 14 Nov 2023 22:13:45 GMT"), Some(secs(5)));
    assert_eq!(at("Tue, 14 Nov 2023 23:00:00 GMT"), Some(secs(0)));
    assert_eq!(at("just now"), Some(secs(30)));
}

#[test]
fn p17_milliseconds_come_first_if_they_make_sense() {
    check("retry-after-ms", "250", Duration::from_millis(250));
    check("x-ms-retry-after-ms", "250", Duration::from_millis(250));
    check("retry-after-ms", "0.5", Duration::from_micros(500));
    let both = |ms| read(&[("retry-after", "9"), ("retry-after-ms", ms), ("x-ms-retry-after-ms", "8000")]).retry_after;
    assert_eq!(both("7000"), Some(secs(7)));
    assert_eq!(both("soon"), Some(secs(8)));
}

#[test]
fn p17_nonsense_is_unknown() {
    let megabyte = "9".repeat(1 << 20);
    let long = format!("{}1", "0".repeat(64));
    let nonsense =
        ["", " ", "-1", "+1", "NaN", "inf", "1e9", "0x10", "1,000", "1 2", "٣", "１", "5s", ".5", "1.2.3", "\0"];
    for value in nonsense.into_iter().chain([&*megabyte, &*long]) {
        for header in ["retry-after", "retry-after-ms", "x-ms-retry-after-ms"] {
            check(header, value, None);
        }
    }
}

#[test]
fn p17_huge_is_the_longest_there_is() {
    for value in ["18446744073709551615", "99999999999999999999999999999999999999", "18446744074"] {
        check("retry-after", value, LONGEST);
    }
    check("retry-after-ms", "99999999999999999999999999999999999999", LONGEST);
}

#[test]
fn p17_a_pause_has_a_limit() {
    let pause = |headers: &[_], max| read(headers).pause(secs(max));
    assert_eq!(pause(&[("retry-after", "20")], 60), Some(secs(20)));
    assert_eq!(pause(&[("retry-after", "20")], 5), Some(secs(5)));
    assert_eq!(pause(&[("retry-after", "99999999999999999999")], 60), Some(secs(60)));
    assert_eq!(pause(&[("retry-after", "20")], 0), Some(secs(0)));
    assert_eq!(pause(&[("retry-after", "-20")], 60), None);
    assert_eq!(pause(&[], 60), None);
    // What was asked for comes before what can be concluded.
    let exhausted = ("ratelimit-remaining", "0");
    assert_eq!(pause(&[exhausted, ("ratelimit-reset", "30")], 60), Some(secs(30)));
    assert_eq!(pause(&[exhausted, ("ratelimit-reset", "30"), ("retry-after", "2")], 60), Some(secs(2)));
    assert_eq!(pause(&[("ratelimit-remaining", "1"), ("ratelimit-reset", "30")], 60), None);
}

#[test]
fn should_retry() {
    for (value, expect) in [("true", Some(true)), ("false", Some(false)), ("TRUE", None), ("1", None), ("", None)] {
        assert_eq!(read(&[("x-should-retry", value)]).should_retry, expect, "{value:?}");
    }
}

fn of(headroom: Headroom) -> (Option<u64>, Option<u64>, Option<Duration>) {
    (headroom.limit, headroom.remaining, headroom.resets_in)
}

#[test]
fn headroom_of_openai() {
    let hint = read(&[
        ("x-ratelimit-limit-requests", "5000"),
        ("x-ratelimit-remaining-requests", "4999"),
        ("x-ratelimit-reset-requests", "12ms"),
        ("x-ratelimit-limit-tokens", "160000"),
        ("x-ratelimit-remaining-tokens", "40000"),
        ("x-ratelimit-reset-tokens", "6m0s"),
    ]);
    assert_eq!(of(hint.requests), (Some(5000), Some(4999), Some(Duration::from_millis(12))));
    assert_eq!(of(hint.tokens), (Some(160_000), Some(40_000), Some(secs(360))));
    // 120,000 come back in six minutes, so a thousand more than there are take three seconds.
    assert_eq!(hint.tokens.wait_for(41_000), Some(secs(3)));
    assert_eq!(hint.tokens.wait_for(40_000), Some(secs(0)));
    assert_eq!(hint.tokens.wait_for(160_000), Some(secs(360)));
    assert_eq!(hint.tokens.wait_for(160_001), None);
}

#[test]
fn of_several_limits_the_tightest() {
    let tokens = |usual, by_usage| {
        let usual = ("x-ratelimit-remaining-tokens", usual);
        read(&[usual, ("x-ratelimit-remaining-tokens_usage_based", by_usage)]).tokens.remaining
    };
    assert_eq!(tokens("50", "20"), Some(20));
    assert_eq!(tokens("20", "50"), Some(20));
    assert_eq!(tokens("-1", "50"), Some(50));
    let input_and_output = read(&[
        ("anthropic-ratelimit-input-tokens-remaining", "900"),
        ("anthropic-ratelimit-output-tokens-remaining", "100"),
        ("anthropic-ratelimit-output-tokens-limit", "1000"),
    ]);
    assert_eq!(of(input_and_output.tokens), (Some(1000), Some(100), None));
}

fn resets(value: &str, expect: impl Into<Option<Duration>> + Copy) {
    for header in ["x-ratelimit-reset-tokens", "anthropic-ratelimit-tokens-reset"] {
        assert_eq!(read(&[(header, value)]).tokens.resets_in, expect.into(), "{header}: {value:?}");
    }
}

#[test]
fn durations_of_go() {
    resets("1s", secs(1));
    resets("6m0s", secs(360));
    resets("1h2m3.5s", Duration::from_millis(3_723_500));
    resets("0s", secs(0));
    resets("1.5ms", Duration::from_micros(1500));
    resets("9µs", Duration::from_micros(9));
    resets("9μs", Duration::from_micros(9));
    resets("9us", Duration::from_micros(9));
    resets("9ns", Duration::from_nanos(9));
    resets("99999999999999999999h", LONGEST);
    for nonsense in ["s", "1d", "-1s", "1.s.", "1m-1s", "1s1", "1 s", "1sm", "µs", "1S", "NaNs"] {
        resets(nonsense, None);
    }
}

#[test]
fn seconds_of_azure() {
    let azure = |limit, remaining, reset| {
        let hint = read(&[
            ("x-ratelimit-limit-tokens", limit),
            ("x-ratelimit-remaining-tokens", remaining),
            ("x-ratelimit-reset-tokens", reset),
        ]);
        of(hint.tokens)
    };
    assert_eq!(azure("1000", "0", "55"), (Some(1000), Some(0), Some(secs(55))));
    assert_eq!(azure("-1", "-1", "0"), (None, None, None));
    assert_eq!(azure("0", "-1", "-1"), (None, None, None));
}

#[test]
fn times_of_rfc_3339() {
    resets("2023-11-14T22:13:50Z", secs(30));
    resets("2023-11-14t22:13:50.25z", Duration::from_millis(30_250));
    resets("2023-11-14 22:13:50Z", secs(30));
    resets("2023-11-14T23:43:50+01:30", secs(30));
    resets("2023-11-14T17:13:50-05:00", secs(30));
    resets("2023-11-14T22:13:60Z", secs(40));
    resets("2023-11-15T00:00:00Z", secs(6400));
    resets("2024-02-29T22:13:20Z", secs(107 * 86_400));
    resets("2024-03-01T22:13:20Z", secs(108 * 86_400));
    resets("2000-02-29T00:00:00Z", secs(0));
    resets("0000-01-01T00:00:00Z", secs(0));
    resets("9999-12-31T23:59:59Z", LONGEST);
    let nonsense = [
        "2023-02-29T00:00:00Z",
        "2100-02-29T00:00:00Z",
        "2023-13-01T00:00:00Z",
        "2023-00-01T00:00:00Z",
        "2023-04-31T00:00:00Z",
        "2023-11-14T24:00:00Z",
        "2023-11-14T22:60:00Z",
        "2023-11-14T22:13:61Z",
        "2023-11-14T22:13:50",
        "2023-11-14T22:13:50+0100",
        "2023-11-14T22:13:50+01:00Z",
        "2023-11-14T22:13:50ZZ",
        "2023-11-14",
        "+023-11-14T22:13:50Z",
        "２０２３-11-14T22:13:50Z",
        "2023-11-14T22:13:5é",
        "éééé",
    ];
    for value in nonsense {
        resets(value, None);
    }
}

#[test]
fn limits_of_everybody_else() {
    let limit = |limit, remaining, reset| {
        let hint = read(&[("ratelimit-limit", limit), ("ratelimit-remaining", remaining), ("ratelimit-reset", reset)]);
        (of(hint.requests), hint.requests.wait_for(1))
    };
    // It all comes back at once.
    assert_eq!(limit("100", "0", "50"), ((Some(100), Some(0), Some(secs(50))), Some(secs(50))));
    assert_eq!(limit("100, 100;w=60", "3", "50"), ((Some(100), Some(3), Some(secs(50))), Some(secs(0))));
    assert_eq!(limit("many", "few", "soon"), ((None, None, None), None));
    // Some give the moment instead of the time until then.
    assert_eq!(read(&[("x-ratelimit-reset", "1700000030")]).requests.resets_in, Some(secs(30)));
    assert_eq!(read(&[("x-ratelimit-reset", "1600000000")]).requests.resets_in, Some(secs(0)));
    assert_eq!(read(&[("x-ratelimit-remaining", "99999999999999999999")]).requests.remaining, Some(u64::MAX));
}

#[test]
fn reading_allocates_nothing() {
    let headers = [("retry-after", "Tue, 14 Nov 2023 22:13:50 GMT"), ("x-ratelimit-reset-tokens", "6m0s")];
    assert_eq!(allocation_counter::measure(|| assert!(read(&headers).retry_after.is_some())).count_total, 0);
}

#[test]
fn headers_look_like_those_of_http() {
    let mut headers = http::HeaderMap::new();
    headers.insert("Retry-After", http::HeaderValue::from_static("3"));
    headers.insert("x-ratelimit-remaining-requests", http::HeaderValue::from_bytes(b"\xff").unwrap());
    let hint = Hint::read(NOW, |name| headers.get(name)?.to_str().ok());
    assert_eq!((hint.retry_after, hint.requests.remaining), (Some(secs(3)), None));
}

proptest! {
    #[test]
    fn p17_any_text_has_an_answer_within_bounds(value in ".{0,80}", max in any::<u64>(), now in any::<u64>()) {
        let hint = Hint::read(Timestamp::from_unix_nanos(now), |name| (name != "date").then_some(&*value));
        let max = Duration::from_nanos(max);
        prop_assert!(hint.pause(max).is_none_or(|pause| pause <= max));
    }

    #[test]
    fn p17_integers_mean_what_they_say(seconds in 0..u64::MAX / 1_000_000_000) {
        check("retry-after", &seconds.to_string(), secs(seconds));
        check("retry-after", &format!("-{seconds}"), None);
    }

    #[test]
    fn p17_dates_mean_what_they_say(at in 0..253_402_300_799_u64) {
        let date = httpdate::fmt_http_date(std::time::UNIX_EPOCH + secs(at));
        check("retry-after", &date, secs(at.saturating_sub(1_700_000_000)).min(LONGEST));
    }

    #[test]
    fn waiting_never_takes_longer_than_the_reset(
        limit: Option<u64>, remaining: Option<u64>, reset in any::<u64>(), gradual: bool, units: u64,
    ) {
        let mut headroom = Headroom::default();
        (headroom.limit, headroom.remaining, headroom.gradual) = (limit, remaining, gradual);
        headroom.resets_in = Some(Duration::from_nanos(reset));
        prop_assert!(headroom.wait_for(units).is_none_or(|wait| wait <= Duration::from_nanos(reset)));
    }
}
