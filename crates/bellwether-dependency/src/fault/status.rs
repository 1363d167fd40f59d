//! What HTTP says: a status, and what a provider writes into the body of an error.

use bellwether_breaker::sse::Fault as Said;

use super::{Fault, Limit, Retry};
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
            503 => Self::new(Failure::Upstream).retry(Retry::AfterPause),
            529 => Self::new(Failure::Upstream).retry(Retry::AfterPause).limit(Limit::Overload),
            500..=599 => Self::new(Failure::Upstream),
            _ => Self::new(Failure::Unknown),
        }
    }

    /// The class of an error as providers of models write it: the status of the answer, and the `type` and `code` of its
    /// body's `error`, empty if there is none. The words are told apart, never the message; an error inside of an answer
    /// with the status 200 has a class as well. [`of_answer`](Self::of_answer) takes what was found by reading a body.
    ///
    /// ```
    /// use bellwether_dependency::{Failure, Fault, Limit};
    ///
    /// assert_eq!(Fault::of_provider(429, "insufficient_quota", "").failure, Failure::Quota);
    /// assert_eq!(Fault::of_provider(429, "requests", "rate_limit_exceeded").limit, Some(Limit::Rate));
    /// assert_eq!(Fault::of_provider(429, "", "").limit, Some(Limit::Unknown));
    /// assert_eq!(Fault::of_provider(200, "server_error", "").failure, Failure::Upstream);
    /// ```
    pub fn of_provider(status: u16, kind: &str, code: &str) -> Self {
        Self::of_answer(status, Said::of(kind).max(Said::of(code)))
    }

    /// The class of an answer of this status in which an error of this kind was found.
    ///
    /// What an error says of limits counts for more than the status; what else it says does not, if the status says that the
    /// call failed. A good status with an error of no known kind is the fault of whoever sent it.
    pub const fn of_answer(status: u16, said: Said) -> Self {
        let by_word = match said {
            Said::Overloaded if status != 429 => {
                Self::new(Failure::Upstream).retry(Retry::AfterPause).limit(Limit::Overload)
            }
            Said::Throttled => Self::new(Failure::RateLimited).limit(Limit::Rate),
            Said::Concurrency => Self::new(Failure::RateLimited).limit(Limit::Concurrency),
            Said::Overloaded => Self::new(Failure::RateLimited).limit(Limit::Overload),
            Said::Quota => Self::new(Failure::Quota),
            _ if status >= 400 => Self::of_status(status),
            Said::Timeout => Self::new(Failure::Timeout),
            Said::Client => Self::new(Failure::BadRequest),
            Said::Denied => Self::new(Failure::Auth),
            Said::Expired => Self::new(Failure::Cancelled).retry(Retry::Helps),
            _ => Self::new(Failure::Upstream),
        };
        match (by_word.failure, said) {
            // The status is of the vague sort.
            (Failure::BadRequest, Said::Denied) => Self::new(Failure::Auth),
            _ => by_word,
        }
    }
}
