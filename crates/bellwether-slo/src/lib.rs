//! The public surface of the crate.
#![doc = include_str!("../README.md")]

mod objective;
mod period;
mod target;

mod measure;
mod sli;

mod budget;
mod burn;
mod spending;

mod apdex;
mod quantiles;

mod live;

#[cfg(feature = "history")]
mod remembered;

#[cfg(feature = "report")]
pub mod report;

#[cfg(any(feature = "toml", feature = "yaml"))]
pub mod format;

mod calendar;
mod error;
mod interval;
mod ratio;

pub use apdex::Apdex;
pub use budget::{ErrorBudget, Outlook};
pub use burn::{
    Alerting, BurnRule, Clause, Counted, Detection, Evidence, Scaling, Severity, Status, Verdict, Why, Window, judge,
};
pub use calendar::{Calendar, Unit, Zone};
pub use error::Error;
pub use interval::Interval;
pub use jiff::civil::Weekday;
pub use live::{ClockJump, Judge, Moment, Objective, Read, Readings, Ticked};
pub use measure::{Coverage, Dimension, Measurement, Slices, Slot, Slots, Source, judge_past, measure};
pub use objective::{
    Budgeting, Correction, Count, Counters, Counting, Effect, Empty, Expressions, Indicator, LabelTest, Outcomes, Plan,
    Policies, Reading, Recurrence, Recurring, Requests, Selector, Slo, Test, When,
};
pub use period::{Kind, Period};
pub use quantiles::{Quantile, Quantiles};
pub use ratio::Ratio;
#[cfg(feature = "history")]
pub use remembered::{Incident, Past, Remembered};
pub use sli::Sli;
pub use spending::{Spender, Spending, spending, spending_corrected};
pub use target::{Share, Target};
