//! What was delivered and what was lost, per signal and reason: the last word of a pipeline.

use std::fmt;

use super::signal::Signal;
use super::tally::Fate;

/// Why an item did not arrive.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Loss {
    /// The queue was full when it came.
    QueueFull,
    /// It was too large for a request by itself.
    TooLarge,
    /// The collector could not be reached, or did not take it, for too long.
    Unavailable,
    /// The collector said no, and would again: malformed, unauthorized.
    Refused,
    /// The collector took the request but not this item (OTLP's partial success).
    Rejected,
    /// It waited, or came, when the pipeline was shut down and its time was up.
    Shutdown,
}

impl Loss {
    /// All reasons, in the order they are listed anywhere.
    pub const ALL: [Self; 6] =
        [Self::QueueFull, Self::TooLarge, Self::Unavailable, Self::Refused, Self::Rejected, Self::Shutdown];

    /// The word used in labels and reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::TooLarge => "too_large",
            Self::Unavailable => "unavailable",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::Shutdown => "shutdown",
        }
    }

    pub(super) const fn fate(self) -> Fate {
        match self {
            Self::QueueFull => Fate::QueueFull,
            Self::TooLarge => Fate::TooLarge,
            Self::Unavailable => Fate::Unavailable,
            Self::Refused => Fate::Refused,
            Self::Rejected => Fate::Rejected,
            Self::Shutdown => Fate::Shutdown,
        }
    }
}

/// What a pipeline has delivered and lost since it was started. Displays as a line per signal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Report {
    /// The signals that are exported, in the order of [`Signal::ALL`].
    pub signals: Vec<SignalReport>,
    /// Whether everything that waited was dealt with before the time was up.
    pub in_time: bool,
}

/// What became of one signal.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct SignalReport {
    /// Which one.
    pub signal: Signal,
    /// Items the collector has taken. A data point counts each time it is pushed.
    pub delivered: u64,
    /// Items that did not arrive, by reason; reasons without any are left out.
    pub losses: Vec<(Loss, u64)>,
    /// Items that still wait.
    pub waiting: u64,
}

impl Report {
    /// One signal; `None` if it is not exported.
    pub fn signal(&self, signal: Signal) -> Option<&SignalReport> {
        self.signals.iter().find(|report| report.signal == signal)
    }

    /// Items of all signals that did not arrive.
    pub fn lost(&self) -> u64 {
        self.signals.iter().map(SignalReport::lost).sum()
    }
}

impl SignalReport {
    pub(super) fn new(
        signal: Signal,
        delivered: u64,
        losses: impl IntoIterator<Item = (Loss, u64)>,
        waiting: u64,
    ) -> Self {
        Self { signal, delivered, losses: losses.into_iter().filter(|(_, items)| *items > 0).collect(), waiting }
    }

    /// Items that did not arrive, for whatever reason.
    pub fn lost(&self) -> u64 {
        self.losses.iter().map(|(_, items)| items).sum()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.signals.is_empty() {
            return f.write_str("nothing is exported by OTLP");
        }
        for (number, signal) in self.signals.iter().enumerate() {
            let separator = if number > 0 { "\n" } else { "" };
            write!(f, "{separator}{signal}")?;
        }
        Ok(())
    }
}

impl fmt::Display for SignalReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {} delivered, {} lost", self.signal, self.delivered, self.lost())?;
        for (number, (loss, items)) in self.losses.iter().enumerate() {
            let separator = if number > 0 { ", " } else { " (" };
            write!(f, "{separator}{items} {}", loss.as_str())?;
        }
        if !self.losses.is_empty() {
            f.write_str(")")?;
        }
        if self.waiting > 0 {
            write!(f, ", {} waiting", self.waiting)?;
        }
        Ok(())
    }
}
