//! What a callee says about when to come back: Retry-After and its relatives, and how much of a rate limit is left.

mod time;

use std::time::{Duration, SystemTime};

use bellwether_core::Timestamp;

/// What the headers of an answer say about the next call. What is absent or makes no sense is `None`; nothing is guessed.
///
/// | header | understood |
/// |---|---|
/// | `retry-after-ms`, `x-ms-retry-after-ms`, `retry-after` | milliseconds; the same; seconds, or an HTTP date. The first that makes sense counts. |
/// | `x-should-retry` | `true`, `false` |
/// | `x-ratelimit-{limit,remaining,reset}-{requests,tokens}`, also with `_usage_based` | OpenAI and its like; the reset as `6m0s`, or as whole seconds, where 0 and −1 mean that Azure does not know |
/// | `anthropic-ratelimit-{requests,tokens,input-tokens,output-tokens}-{limit,remaining,reset}` | the reset as RFC 3339 |
/// | `ratelimit-{limit,remaining,reset}`, also with `x-` | the reset in seconds, or as a Unix time |
///
/// A moment is told by the callee's own clock if the answer has a `date`, so that neither clock has to be right.
/// A time in the past is zero, a negative one is no time, and one too long to count is the longest there is, some 584 years:
/// [`pause`](Self::pause) is the one to act on, since it has a limit. A value of more than 64 bytes is not read.
///
/// ```
/// use bellwether_breaker::Hint;
/// use bellwether_core::Clock;
/// use std::time::Duration;
///
/// let headers = [("retry-after", "20"), ("x-ratelimit-remaining-tokens", "0")];
/// // With `http::HeaderMap`: `|name| headers.get(name)?.to_str().ok()`.
/// let get = |name: &str| headers.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
///
/// let hint = Hint::read(Clock::system().timestamp(), get);
/// assert_eq!(hint.tokens.remaining, Some(0));
/// assert_eq!(hint.pause(Duration::from_secs(60)), Some(Duration::from_secs(20)));
/// assert_eq!(hint.pause(Duration::from_secs(5)), Some(Duration::from_secs(5)));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Hint {
    /// How long to stay away.
    pub retry_after: Option<Duration>,
    /// Whether trying again makes sense at all.
    pub should_retry: Option<bool>,
    /// What is left of the limit of requests.
    pub requests: Headroom,
    /// What is left of the limit of tokens. Of several limits, the one of which least is left.
    pub tokens: Headroom,
}

/// What is left of a rate limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Headroom {
    /// How much there is when nothing is used.
    pub limit: Option<u64>,
    /// How much is left.
    pub remaining: Option<u64>,
    /// How long until all of it is there again, which is not how long until the next call may be made.
    pub resets_in: Option<Duration>,
    /// Whether it comes back little by little until then, or all at once at the end.
    pub gradual: bool,
}

/// A family of three headers that tell of one limit.
struct Family {
    limit: &'static str,
    remaining: &'static str,
    reset: &'static str,
    gradual: bool,
}

const REQUESTS: &[Family] = &[
    Family {
        limit: "x-ratelimit-limit-requests",
        remaining: "x-ratelimit-remaining-requests",
        reset: "x-ratelimit-reset-requests",
        gradual: true,
    },
    Family {
        limit: "x-ratelimit-limit-requests_usage_based",
        remaining: "x-ratelimit-remaining-requests_usage_based",
        reset: "x-ratelimit-reset-requests_usage_based",
        gradual: true,
    },
    Family {
        limit: "anthropic-ratelimit-requests-limit",
        remaining: "anthropic-ratelimit-requests-remaining",
        reset: "anthropic-ratelimit-requests-reset",
        gradual: true,
    },
    Family { limit: "ratelimit-limit", remaining: "ratelimit-remaining", reset: "ratelimit-reset", gradual: false },
    Family {
        limit: "x-ratelimit-limit",
        remaining: "x-ratelimit-remaining",
        reset: "x-ratelimit-reset",
        gradual: false,
    },
];

const TOKENS: &[Family] = &[
    Family {
        limit: "x-ratelimit-limit-tokens",
        remaining: "x-ratelimit-remaining-tokens",
        reset: "x-ratelimit-reset-tokens",
        gradual: true,
    },
    Family {
        limit: "x-ratelimit-limit-tokens_usage_based",
        remaining: "x-ratelimit-remaining-tokens_usage_based",
        reset: "x-ratelimit-reset-tokens_usage_based",
        gradual: true,
    },
    Family {
        limit: "anthropic-ratelimit-tokens-limit",
        remaining: "anthropic-ratelimit-tokens-remaining",
        reset: "anthropic-ratelimit-tokens-reset",
        gradual: true,
    },
    Family {
        limit: "anthropic-ratelimit-input-tokens-limit",
        remaining: "anthropic-ratelimit-input-tokens-remaining",
        reset: "anthropic-ratelimit-input-tokens-reset",
        gradual: true,
    },
    Family {
        limit: "anthropic-ratelimit-output-tokens-limit",
        remaining: "anthropic-ratelimit-output-tokens-remaining",
        reset: "anthropic-ratelimit-output-tokens-reset",
        gradual: true,
    },
];

/// Longer values are not read.
const LONGEST: usize = 64;

impl Hint {
    /// Reads the headers of an answer, which `get` looks up by lower-case name; `now` is the time by the wall.
    pub fn read<'a>(now: Timestamp, get: impl Fn(&str) -> Option<&'a str>) -> Self {
        let get = |name: &str| get(name).map(str::trim).filter(|value| value.len() <= LONGEST);
        let now = get("date").and_then(|date| httpdate::parse_http_date(date).ok()).unwrap_or_else(|| now.into());
        let millis = |name| get(name).and_then(time::millis);
        let headroom = |families: &[Family]| {
            families
                .iter()
                .map(|family| Headroom::read(family, now, &get))
                .reduce(Headroom::tighter)
                .unwrap_or_default()
        };
        Self {
            retry_after: millis("retry-after-ms")
                .or_else(|| millis("x-ms-retry-after-ms"))
                .or_else(|| get("retry-after").and_then(|after| time::seconds_or_date(after, now))),
            should_retry: match get("x-should-retry") {
                Some("true") => Some(true),
                Some("false") => Some(false),
                _ => None,
            },
            requests: headroom(REQUESTS),
            tokens: headroom(TOKENS),
        }
    }

    /// How long to stay away, at most `max`: what was asked for, or else until an exhausted limit has room for one more.
    /// `None` if nothing is known.
    pub fn pause(&self, max: Duration) -> Option<Duration> {
        let exhausted = |limit: &Headroom| limit.wait_for(1).filter(|_| limit.remaining == Some(0));
        let asked = self.retry_after.or_else(|| exhausted(&self.requests).max(exhausted(&self.tokens)));
        asked.map(|pause| pause.min(max))
    }
}

impl Headroom {
    /// How long until there is room for so much, if nobody else takes it: zero if it is there, all of
    /// [`resets_in`](Self::resets_in) if it all comes at once or it is unknown how much is missing. `None` if not known, or
    /// if it is more than the limit.
    pub fn wait_for(&self, units: u64) -> Option<Duration> {
        let remaining = self.remaining?;
        if units <= remaining {
            return Some(Duration::ZERO);
        }
        let resets_in = self.resets_in?;
        let Some(limit) = self.limit.filter(|_| self.gradual) else { return Some(resets_in) };
        if units > limit {
            return None;
        }
        // At an even pace: what is missing of these, as a share of all that is missing.
        let share = (units - remaining) as f64 / (limit - remaining) as f64;
        Some(resets_in.mul_f64(share).min(resets_in))
    }

    fn read<'a>(family: &Family, now: SystemTime, get: &impl Fn(&str) -> Option<&'a str>) -> Self {
        let limit = get(family.limit).and_then(time::count).filter(|limit| *limit > 0);
        Self {
            limit,
            remaining: get(family.remaining).and_then(time::count),
            resets_in: get(family.reset).and_then(|reset| time::reset(reset, now)),
            gradual: family.gradual,
        }
    }

    fn tighter(self, other: Self) -> Self {
        match (self.remaining, other.remaining) {
            (Some(one), Some(two)) if two < one => other,
            (Some(_), _) => self,
            (None, Some(_)) => other,
            // Without knowing what is left, knowing something is more than knowing nothing.
            (None, None) if self.limit.is_none() && self.resets_in.is_none() => other,
            (None, None) => self,
        }
    }
}
