//! Whose fault an error is, by the words providers use for it.

use crate::outcome::Outcome;

/// Whose fault an error is. Three errors of status 429 are three different things here, and one of 200 can be any of them.
///
/// They are in order of how much they say: of an error with several words, such as a `type` and a `code`, the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Default)]
#[non_exhaustive]
pub enum Fault {
    /// It does not say.
    #[default]
    Unknown,
    /// Theirs.
    Server,
    /// Theirs: it took them too long.
    Timeout,
    /// Ours: what was asked for is not possible.
    Client,
    /// Ours: they do not know us, or we may not.
    Denied,
    /// They have too much to do, for everybody.
    Overloaded,
    /// We ask too often: waiting helps.
    Throttled,
    /// We ask for too many things at a time: to let one end helps.
    Concurrency,
    /// Our money or our quota is spent: waiting does not help.
    Quota,
    /// Nobody's: a session has become as old as it may.
    Expired,
}

impl Fault {
    /// By the `type`, the `code` or the status in the body of an error. Messages are not looked at: what they say changes, and
    /// may quote anything.
    ///
    /// ```
    /// use bellwether_breaker::sse::Fault;
    ///
    /// assert_eq!(Fault::of("insufficient_quota"), Fault::Quota);
    /// assert_eq!(Fault::of("rate_limit_exceeded"), Fault::Throttled);
    /// assert_eq!(Fault::of("529"), Fault::Overloaded);
    /// assert_eq!(Fault::of("whatever"), Fault::Unknown);
    /// ```
    pub fn of(word: &str) -> Self {
        if let Ok(status) = word.parse() {
            return Self::of_status(status);
        }
        let known = WORDS.iter().find(|(_, words)| words.iter().any(|known| known.eq_ignore_ascii_case(word)));
        known.map_or(Self::Unknown, |(fault, _)| *fault)
    }

    fn of_status(status: u16) -> Self {
        match status {
            402 => Self::Quota,
            401 | 403 | 407 => Self::Denied,
            408 => Self::Timeout,
            429 => Self::Throttled,
            503 | 529 => Self::Overloaded,
            500..=599 => Self::Server,
            400..=499 => Self::Client,
            _ => Self::Unknown,
        }
    }
}

impl From<Fault> for Outcome {
    /// A spent quota paces, as throttling does: the provider is well, only this key is not.
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Client | Fault::Denied => Self::Alive,
            Fault::Throttled | Fault::Concurrency | Fault::Quota => Self::Throttled(None),
            Fault::Unknown | Fault::Server | Fault::Timeout | Fault::Overloaded => Self::Failure,
            Fault::Expired => Self::Neutral,
        }
    }
}

const WORDS: &[(Fault, &[&str])] = &[
    (Fault::Expired, &["session_expired"]),
    (
        Fault::Concurrency,
        &[
            "concurrency_limit_exceeded",
            "concurrency_limit_reached",
            "concurrent_limit_exceeded",
            "concurrent_requests_limit_exceeded",
            "too_many_concurrent_requests",
        ],
    ),
    (
        Fault::Quota,
        &[
            "insufficient_quota",
            "billing_error",
            "billing_hard_limit_reached",
            "billing_not_active",
            "quota_exceeded",
            "access_terminated",
        ],
    ),
    (
        Fault::Throttled,
        &[
            "rate_limit_exceeded",
            "rate_limit_error",
            "rate_limit",
            "RateLimitError",
            "too_many_requests",
            "throttling_error",
            "ThrottlingException",
            "RESOURCE_EXHAUSTED",
            // What OpenAI calls the type of an error about its limits.
            "tokens",
            "requests",
        ],
    ),
    (
        Fault::Overloaded,
        &[
            "overloaded_error",
            "overloaded",
            "engine_overloaded",
            "engine_overloaded_error",
            "server_overloaded",
            "service_unavailable",
            "service_unavailable_error",
            "ServiceUnavailableError",
            "UNAVAILABLE",
            "slow_down",
            "capacity_exceeded",
        ],
    ),
    (
        Fault::Client,
        &[
            "invalid_request_error",
            "invalid_request",
            "BadRequestError",
            "INVALID_ARGUMENT",
            "context_length_exceeded",
            "string_above_max_length",
            "invalid_prompt",
            "content_filter",
            "content_policy_violation",
            "not_found_error",
            "NotFoundError",
            "model_not_found",
            "request_too_large",
        ],
    ),
    (
        Fault::Denied,
        &[
            "authentication_error",
            "AuthenticationError",
            "invalid_api_key",
            "permission_error",
            "PERMISSION_DENIED",
            "UNAUTHENTICATED",
        ],
    ),
    (Fault::Timeout, &["timeout_error", "vector_store_timeout", "DEADLINE_EXCEEDED"]),
    (
        Fault::Server,
        &["server_error", "api_error", "internal_error", "internal_server_error", "InternalServerError", "INTERNAL"],
    ),
];
