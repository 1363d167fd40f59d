//! How fast the budget is being spent, and when that is too fast.

mod alerting;
mod rule;
mod verdict;

pub use alerting::{Alerting, Detection, Scaling};
pub(crate) use rule::over;
pub use rule::{BurnRule, Severity};
pub use verdict::{Clause, Counted, Evidence, Status, Verdict, Why, Window, judge};
