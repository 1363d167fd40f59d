//! Why a call failed, told from the types of its error, never from its text, and whether to try again can help.

mod io;
mod status;

#[cfg(feature = "async-openai")]
mod async_openai;
#[cfg(feature = "hyper")]
mod hyper;
#[cfg(feature = "reqwest")]
mod reqwest;
#[cfg(feature = "rustls")]
mod rustls;
#[cfg(feature = "sqlx")]
mod sqlx;
#[cfg(feature = "tonic")]
mod tonic;

use std::error::Error;
use std::fmt;
use std::time::Duration;

use bellwether_breaker::{CallError, Elapsed, Rejected};
use bellwether_core::Outcome;

use crate::cascade::Failure;

/// How a call failed: one of fourteen classes, and what is known about trying again.
///
/// ```
/// use bellwether_dependency::{Failure, Fault, Retry};
/// use std::io;
///
/// // However deep it is wrapped.
/// let error = io::Error::other(io::Error::from(io::ErrorKind::ConnectionRefused));
/// let fault = Fault::of(&error);
/// assert_eq!((fault.failure, fault.retry), (Failure::Refused, Retry::Helps));
///
/// assert_eq!(Fault::of_status(404).retry, Retry::InVain);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Fault {
    /// The class it is in.
    pub failure: Failure,
    /// Whether the same call may go well if it is made again.
    pub retry: Retry,
    /// When they said to come back, if they did.
    pub retry_after: Option<Duration>,
    /// What there was too much of, if it was that.
    pub limit: Option<Limit>,
}

/// What there was too much of, where a call was turned away for that. It is finer than the class: what one waits out, another
/// only ends with fewer calls at a time, and a third with money.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Limit {
    /// Calls or tokens in a time: waiting helps.
    Rate,
    /// Calls at a time: to let some end helps.
    Concurrency,
    /// Money, or an allowance that is used up: nothing helps that a program can do.
    Quota,
    /// Everybody's calls: they have too much to do. It is theirs to mend, and a failure.
    Overload,
    /// They did not say.
    Unknown,
}

/// Whether a call that failed may go well if it is made again. Whether it is safe to make it twice, only its caller knows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Retry {
    /// It may, soon.
    Helps,
    /// It may, after a pause.
    AfterPause,
    /// It will fail again, or nobody waits for it any more.
    InVain,
}

/// Errors whose sources go on for longer are cut: they may go round.
const MAX_DEPTH: usize = 16;

/// Looks at one error of a chain; `None` if it says nothing about a class.
type Look = fn(&(dyn Error + 'static)) -> Option<Fault>;

/// All that is known of errors, the most telling first.
const LOOKS: &[Look] = &[
    of_fault,
    of_ours,
    #[cfg(feature = "async-openai")]
    async_openai::look,
    #[cfg(feature = "reqwest")]
    reqwest::look,
    #[cfg(feature = "tonic")]
    tonic::look,
    #[cfg(feature = "sqlx")]
    sqlx::look,
    #[cfg(feature = "rustls")]
    rustls::look,
    #[cfg(feature = "hyper")]
    hyper::look,
    io::look,
    of_format,
];

impl Fault {
    /// A failure of this class, with what that says about trying again.
    pub const fn new(failure: Failure) -> Self {
        let retry = match failure {
            Failure::Timeout | Failure::Connect | Failure::Dns | Failure::Refused | Failure::Upstream => Retry::Helps,
            Failure::RateLimited | Failure::Rejected => Retry::AfterPause,
            _ => Retry::InVain,
        };
        let limit = match failure {
            Failure::RateLimited => Some(Limit::Unknown),
            Failure::Quota => Some(Limit::Quota),
            _ => None,
        };
        Self { failure, retry, retry_after: None, limit }
    }

    /// The same, and there was too much of this.
    pub const fn limit(mut self, limit: Limit) -> Self {
        self.limit = Some(limit);
        self
    }

    /// The same, and this about trying again.
    pub const fn retry(mut self, retry: Retry) -> Self {
        self.retry = retry;
        self
    }

    /// The same, and they said when to come back.
    pub const fn retry_after(mut self, after: Duration) -> Self {
        self.retry_after = Some(after);
        self
    }

    /// The class of an error, by its type and those of its sources. One that says what exactly was wrong counts for more
    /// than one around it that only says that there is no connection. [`Failure::Unknown`] if none is known.
    pub fn of(error: &(dyn Error + 'static)) -> Self {
        let mut vague = None;
        for error in chain(error) {
            match LOOKS.iter().find_map(|look| look(error)) {
                Some(fault) if fault.failure != Failure::Connect => return fault,
                fault => vague = vague.or(fault),
            }
        }
        vague.unwrap_or(Self::new(Failure::Unknown))
    }

    /// The class of a call through a breaker.
    pub fn of_call<E: Error + 'static>(error: &CallError<E>) -> Self {
        match error {
            CallError::Rejected(rejected) => Self::from(*rejected),
            CallError::Failed(error) => Self::of(error),
        }
    }

    /// How the call ended, as the scope of its request is told.
    pub const fn outcome(self) -> Outcome {
        match self.failure {
            Failure::BadRequest => Outcome::ClientError,
            Failure::RateLimited | Failure::Quota => Outcome::Throttled,
            Failure::Rejected => Outcome::Rejected,
            Failure::Cancelled => Outcome::Cancelled,
            _ => Outcome::Failure,
        }
    }

    /// How the call ended, as its breaker is told. One bad key is no failure of whoever did not accept it, and an allowance
    /// that is used up is no reason to wait.
    pub const fn evidence(self) -> bellwether_breaker::Outcome {
        use bellwether_breaker::Outcome;
        match self.failure {
            Failure::BadRequest | Failure::Auth | Failure::Quota => Outcome::Alive,
            Failure::RateLimited => Outcome::Throttled(self.retry_after),
            Failure::Rejected => Outcome::Neutral,
            Failure::Cancelled => Outcome::Cancelled,
            _ => Outcome::Failure,
        }
    }
}

impl Limit {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Rate, Self::Concurrency, Self::Quota, Self::Overload, Self::Unknown];

    /// The word for it in labels and documents.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rate => "rate",
            Self::Concurrency => "concurrency",
            Self::Quota => "quota",
            Self::Overload => "overload",
            Self::Unknown => "unknown",
        }
    }
}

impl fmt::Display for Limit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl From<Rejected> for Fault {
    fn from(rejected: Rejected) -> Self {
        Self { retry_after: rejected.retry_after, ..Self::new(Failure::Rejected) }
    }
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.failure.fmt(f)
    }
}

impl Error for Fault {}

/// An error and its sources.
fn chain<'e>(error: &'e (dyn Error + 'static)) -> impl Iterator<Item = &'e (dyn Error + 'static)> {
    std::iter::successors(Some(error), |error| inner(*error).or_else(|| (*error).source())).take(MAX_DEPTH)
}

/// What an error hides from [`Error::source`]: what an I/O error was made of.
fn inner<'e>(error: &'e (dyn Error + 'static)) -> Option<&'e (dyn Error + 'static)> {
    let inner = error.downcast_ref::<std::io::Error>()?.get_ref()?;
    Some(inner)
}

fn of_fault(error: &(dyn Error + 'static)) -> Option<Fault> {
    error.downcast_ref::<Fault>().copied()
}

fn of_ours(error: &(dyn Error + 'static)) -> Option<Fault> {
    let elapsed = || error.is::<Elapsed>().then_some(Fault::new(Failure::Timeout));
    error.downcast_ref::<Rejected>().map(|rejected| Fault::from(*rejected)).or_else(elapsed)
}

/// Text that is not what it should be.
fn of_format(error: &(dyn Error + 'static)) -> Option<Fault> {
    let is_json = error.downcast_ref::<serde_json::Error>().is_some_and(|json| !json.is_io());
    let is_text = error.is::<std::string::FromUtf8Error>() || error.is::<std::str::Utf8Error>();
    let is_number = error.is::<std::num::ParseIntError>() || error.is::<std::num::ParseFloatError>();
    (is_json || is_text || is_number).then_some(Fault::new(Failure::Decode))
}
