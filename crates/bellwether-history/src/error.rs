//! What a question to history can fail of.

use crate::file;

/// Why history could not answer.
#[derive(Debug, Clone, thiserror::Error)]
#[error(transparent)]
pub struct Error(Repr);

#[derive(Debug, Clone, thiserror::Error)]
enum Repr {
    #[error(transparent)]
    File(#[from] file::Error),
    #[error("{0} is no counter: an increase is asked of counters and histograms")]
    NoCounter(String),
    #[error("{0} is no histogram")]
    NoHistogram(String),
}

impl Error {
    /// The file's trouble, if that is what it is.
    pub fn file(&self) -> Option<&file::Error> {
        match &self.0 {
            Repr::File(error) => Some(error),
            _ => None,
        }
    }

    #[cold]
    pub(crate) fn no_counter(series: impl ToString) -> Self {
        Self(Repr::NoCounter(series.to_string()))
    }

    #[cold]
    pub(crate) fn no_histogram(series: impl ToString) -> Self {
        Self(Repr::NoHistogram(series.to_string()))
    }
}

impl From<file::Error> for Error {
    fn from(error: file::Error) -> Self {
        Self(error.into())
    }
}
