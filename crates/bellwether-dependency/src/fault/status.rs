//! What HTTP says: a status, and what a provider writes into the body of an error.

use super::{Fault, Retry};
use crate::cascade::Failure;

impl Fault {
    /// The class of an HTTP answer that is not what was asked for.
    ///
    /// | status | class |
    /// |---|---|
    /// | 401, 403, 407 | auth |
    /// | 402 | quota |
    /// | 408 | timeout |
    /// | 429 | rate limited; see [`of_provider`](Self::of_provider) |
    /// | other 4xx | bad request |
    /// | 5xx | upstream; 501 and 505 are not worth another try |
    /// | others | unknown |
    pub const fn of_status(status: u16) -> Self {
        match status {
            401 | 403 | 407 => Self::new(Failure::Auth),
            402 => Self::new(Failure::Quota),
            408 => Self::new(Failure::Timeout),
            429 => Self::new(Failure::RateLimited),
            425 => Self::new(Failure::BadRequest).retry(Retry::Helps),
            400..=499 => Self::new(Failure::BadRequest),
            501 | 505 => Self::new(Failure::Upstream).retry(Retry::InVain),
            503 | 529 => Self::new(Failure::Upstream).retry(Retry::AfterPause),
            500..=599 => Self::new(Failure::Upstream),
            _ => Self::new(Failure::Unknown),
        }
    }

    /// The class of an error as providers of models write it: the status of the answer, and the `type` and `code` of its
    /// body's `error`, empty if there is none. The words are told apart, never the message; an error inside of an answer
    /// with the status 200 has a class as well.
    ///
    /// ```
    /// use bellwether_dependency::{Failure, Fault};
    ///
    /// assert_eq!(Fault::of_provider(429, "insufficient_quota", "").failure, Failure::Quota);
    /// assert_eq!(Fault::of_provider(429, "", "").failure, Failure::RateLimited);
    /// assert_eq!(Fault::of_provider(200, "server_error", "").failure, Failure::Upstream);
    /// ```
    pub fn of_provider(status: u16, kind: &str, code: &str) -> Self {
        let known = [code, kind].into_iter().find_map(of_word);
        known.unwrap_or_else(|| Self::of_status(status))
    }
}

fn of_word(word: &str) -> Option<Fault> {
    Some(Fault::new(match word {
        "insufficient_quota" | "billing_hard_limit_reached" | "billing_not_active" | "billing_error" => Failure::Quota,
        "rate_limit_exceeded" | "rate_limit_error" | "tokens" | "requests" => Failure::RateLimited,
        "invalid_api_key" | "authentication_error" | "permission_error" => Failure::Auth,
        "invalid_request_error" | "context_length_exceeded" | "not_found_error" | "model_not_found" => {
            Failure::BadRequest
        }
        "overloaded_error" | "server_error" | "api_error" => Failure::Upstream,
        "timeout_error" => Failure::Timeout,
        _ => return None,
    }))
}
