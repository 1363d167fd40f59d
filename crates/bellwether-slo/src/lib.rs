//! The public surface of the crate.
#![doc = include_str!("../README.md")]

mod error;
mod ratio;
mod target;
mod interval;
mod calendar;
mod period;
mod objective;
mod sli;
mod budget;
mod burn;

pub use budget::{ErrorBudget, Outlook};
pub use burn::{
    Alerting, BurnRule, Clause, Counted, Detection, Evidence, Scaling, Severity, Status, Verdict, Why, Window, judge,
};
pub use calendar::{Calendar, Unit, Zone};
pub use error::Error;
pub use interval::Interval;
pub use jiff::civil::Weekday;
pub use objective::{
    Budgeting, Correction, Count, Counters, Counting, Effect, Empty, Expressions, Indicator, LabelTest, Outcomes, Plan,
    Policies, Reading, Recurring, Requests, Selector, Slo, Test, When,
};
pub use period::{Kind, Period};
pub use ratio::Ratio;
pub use sli::Sli;
pub use target::{Share, Target};
