//! How good and bad add up over a period: by events, by slices of time, or by the slices' own ratios.

use std::time::Duration;

use crate::Share;

/// How good and bad add up over a period (OpenSLO `budgetingMethod`).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Budgeting {
    /// Good events ÷ all events. Each event weighs the same, a busy hour more than a quiet one.
    #[default]
    Occurrences,
    /// Good slices ÷ all slices. Each slice of time weighs the same, however much happened in it.
    Timeslices {
        /// How long a slice is; whole seconds that divide an hour.
        slice: Duration,
        /// The share of a slice's events from which on it is good.
        good_from: Share,
    },
    /// The mean of the slices' ratios. A quiet slice with one failure weighs as much as a busy one: with uneven traffic it
    /// is far from the share of good events, so it is here only because specifications ask for it.
    RatioTimeslices {
        /// How long a slice is; whole seconds that divide an hour.
        slice: Duration,
    },
}

impl Budgeting {
    /// How long a slice is, where there are slices.
    pub fn slice(self) -> Option<Duration> {
        match self {
            Self::Occurrences => None,
            Self::Timeslices { slice, .. } | Self::RatioTimeslices { slice } => Some(slice),
        }
    }
}

/// What a slice of time counts as in which there is nothing to tell from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Empty {
    /// As a good one.
    Good,
    /// As a bad one.
    Bad,
    /// Not at all.
    Skip,
    /// As the one before it; not at all if there is none.
    CarryLast,
}

/// What becomes of slices of time in which there is nothing to tell from. Occurrences count only events, so to them such
/// time is none; how much of it there was is said all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Policies {
    /// The process was up, and nobody asked it for anything. Default: good.
    pub no_traffic: Empty,
    /// The process was not up and did not say goodbye: killed, or the machine is gone. Default: not counted, since nobody
    /// who is inside knows whether others answered meanwhile.
    pub unknown: Empty,
    /// The process was shut down in order. Default: not counted.
    pub stopped: Empty,
}

impl Default for Policies {
    fn default() -> Self {
        Self { no_traffic: Empty::Good, unknown: Empty::Skip, stopped: Empty::Skip }
    }
}
