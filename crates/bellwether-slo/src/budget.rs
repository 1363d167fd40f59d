//! The error budget: what may be bad, what was, and what is left.

use std::time::Duration;

use crate::{Interval, Ratio, Sli, Target};

/// What may be bad of so many events (or slices), what was, and what is left. Exact.
///
/// ```
/// use bellwether_slo::{ErrorBudget, Ratio, Sli, Target};
///
/// let budget = ErrorBudget::new(Sli::new(98_700, 100_000), Target::new(0.99)?);
/// assert_eq!((budget.allowed, budget.spent), (Ratio::from(1000), Ratio::from(1300)));
/// assert_eq!(budget.remaining(), Ratio::new(-3, 10));     // 30 % beyond
/// assert!(!budget.is_kept());
/// # Ok::<(), bellwether_slo::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ErrorBudget {
    /// How many may be bad: all × (1 − target); seldom a whole number.
    pub allowed: Ratio,
    /// How many were.
    pub spent: Ratio,
    /// How many more may be. Below 0 if the promise is broken: never cut there, since how far beyond it is matters.
    pub left: Ratio,
}

impl ErrorBudget {
    /// The budget of so many events.
    pub fn new(sli: Sli, target: Target) -> Self {
        // total × 10¹² ≤ 2¹⁰⁴: it fits.
        let allowed = Ratio::from(sli.total).checked_mul(target.budget()).unwrap_or(Ratio::ZERO);
        Self::of(allowed, sli.bad().into())
    }

    pub(crate) fn of(allowed: Ratio, spent: Ratio) -> Self {
        let left = allowed.checked_sub(spent).unwrap_or(Ratio::ZERO);
        Self { allowed, spent, left }
    }

    /// The share of the budget that is left: 1 at first, 0 when it is gone, below 0 beyond. `None` without events.
    pub fn remaining(&self) -> Option<Ratio> {
        self.left.checked_div(self.allowed)
    }

    /// Whether no more is spent than allowed. Decided on whole numbers.
    pub fn is_kept(&self) -> bool {
        self.spent <= self.allowed
    }

    /// How long what is left lasts at this burn rate: period × remaining ÷ burn rate. `None` if it lasts for ever, or there
    /// were no events; zero if it is gone. 14.4 spends the whole budget of 30 days in 50 hours.
    pub fn time_to_exhaustion(&self, burn_rate: Ratio, period: Duration) -> Option<Duration> {
        if burn_rate <= Ratio::ZERO {
            return None;
        }
        let remaining = self.remaining()?;
        if remaining <= Ratio::ZERO {
            return Some(Duration::ZERO);
        }
        let seconds = period.as_secs_f64() * remaining.to_f64() / burn_rate.to_f64();
        // Of an estimate, milliseconds are plenty; they also take away what floats add.
        Duration::try_from_secs_f64((seconds * 1000.0).round() / 1000.0).ok()
    }
}

/// The budget of a period that is not over: of what has happened so far, and of what will have if it goes on like that.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outlook {
    /// Of what has happened so far.
    pub so_far: ErrorBudget,
    /// Of the whole period, if the rest of it brings as many events: what is allowed then, beside what is spent now.
    pub projected: ErrorBudget,
}

impl Outlook {
    /// The outlook of a period at an instant in it, from what happened since it began. Before any of it has passed, nothing
    /// can be projected: `None`.
    pub fn new(sli: Sli, target: Target, period: Interval, now: bellwether_core::Timestamp) -> Option<Self> {
        let elapsed = Interval::new(period.start, now.min(period.end).max(period.start));
        let grows = crate::burn::over(period.length(), elapsed.length())?;
        let so_far = ErrorBudget::new(sli, target);
        let allowed = so_far.allowed.checked_mul(grows)?;
        Some(Self { so_far, projected: ErrorBudget::of(allowed, so_far.spent) })
    }
}
