//! Why a guarded call gave no answer: refused, too late, failed before there was content, or the service's own error.

use std::error::Error;
use std::fmt;

use bellwether_breaker::{Elapsed, Rejected};
use http::StatusCode;

/// An error of any kind, as tower has it.
pub(crate) type BoxError = Box<dyn Error + Send + Sync>;

/// Why a guarded call gave no answer.
#[derive(Debug)]
#[non_exhaustive]
pub enum GuardError {
    /// The call was not made.
    Rejected(Rejected),
    /// It was given up: a deadline elapsed.
    Elapsed(Elapsed),
    /// It was answered, but the answer failed before its first content. Only where answers are
    /// [held back](super::GuardLayer::hold_back) until then.
    Failed {
        /// The status of the answer.
        status: StatusCode,
        /// What its body broke off by, if it did.
        error: Option<BoxError>,
    },
    /// The service's own error.
    Inner(BoxError),
}

impl GuardError {
    /// The refusal, if the call was not made.
    pub fn rejected(&self) -> Option<&Rejected> {
        match self {
            Self::Rejected(rejected) => Some(rejected),
            _ => None,
        }
    }

    /// The service's own error as it was, and everything else as such an error: for clients that want their own type, with
    /// [`map_err`](https://docs.rs/tower/latest/tower/struct.ServiceBuilder.html#method.map_err).
    pub fn into_inner<E>(self) -> E
    where
        E: Error + From<BoxError> + 'static,
    {
        self.unwrapped().unwrap_or_else(|own| E::from(own.into()))
    }

    /// The service's own error, if it is that.
    pub(crate) fn unwrapped<E: Error + 'static>(self) -> Result<E, Self> {
        match self {
            Self::Inner(error) => {
                error.downcast::<E>().map_or_else(|error| Err(Self::Inner(error)), |error| Ok(*error))
            }
            own => Err(own),
        }
    }
}

impl fmt::Display for GuardError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Rejected(rejected) => rejected.fmt(f),
            Self::Elapsed(elapsed) => elapsed.fmt(f),
            Self::Failed { status, error: None } => write!(f, "the answer failed before its first content: {status}"),
            Self::Failed { status, error: Some(error) } => {
                write!(f, "the answer failed before its first content: {status}, {error}")
            }
            Self::Inner(error) => error.fmt(f),
        }
    }
}

impl Error for GuardError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        match self {
            Self::Rejected(_) | Self::Elapsed(_) => None,
            // It says what the error says, so what caused that is what caused this.
            Self::Inner(error) | Self::Failed { error: Some(error), .. } => error.source(),
            Self::Failed { error: None, .. } => None,
        }
    }
}
