//! What was measured: good events of all, and how sure one can be of their share.

use crate::{Ratio, Target};

/// Good events, or slices, of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Sli {
    /// How many were good; at most `total`.
    pub good: u64,
    /// How many there were.
    pub total: u64,
}

impl Sli {
    /// So many good ones of so many. More good ones than there are in all are as many as there are.
    pub fn new(good: u64, total: u64) -> Self {
        Self { good: good.min(total), total }
    }

    /// How many were bad.
    pub fn bad(self) -> u64 {
        self.total.saturating_sub(self.good)
    }

    /// The share of good ones; `None` if there were none at all.
    pub fn ratio(self) -> Option<Ratio> {
        Ratio::new(self.good.min(self.total), self.total)
    }

    /// The share of bad ones; `None` if there were none at all.
    pub fn failure_ratio(self) -> Option<Ratio> {
        Ratio::new(self.bad(), self.total)
    }

    /// How many times faster than it may be the budget is spent: failure ratio ÷ (1 − target). 1 spends exactly the budget
    /// in the period. `None` without events: not 0, and not a number that is none.
    pub fn burn_rate(self, target: Target) -> Option<Ratio> {
        self.failure_ratio()?.checked_div(target.budget())
    }

    /// Both together.
    pub fn plus(self, other: Self) -> Self {
        Self { good: self.good.saturating_add(other.good), total: self.total.saturating_add(other.total) }
    }

    /// The 95 % interval in which the failure ratio lies that these events are a sample of (Wilson's score interval);
    /// `None` without events. It is for people, who should see that 1 of 10 is not 10 %.
    pub fn failure_interval(self) -> Option<(f64, f64)> {
        if self.total == 0 {
            return None;
        }
        let (n, p) = (self.total as f64, self.bad() as f64 / self.total as f64);
        let z2 = Z * Z;
        let middle = (p + z2 / (2.0 * n)) / (1.0 + z2 / n);
        let half = Z / (1.0 + z2 / n) * (p * (1.0 - p) / n + z2 / (4.0 * n * n)).sqrt();
        // What none or all were is an end of the interval, and rounding must not leave it out.
        let low = if self.bad() == 0 { 0.0 } else { (middle - half).max(0.0) };
        let high = if self.good == 0 { 1.0 } else { (middle + half).min(1.0) };
        Some((low, high))
    }

    /// Whether the budget of these events is less than one of them: then a single bad one breaks the promise, and nothing
    /// follows from its being broken or kept.
    pub fn is_too_few(self, target: Target) -> bool {
        // total × budget < 1
        Ratio::new(1, self.total).is_none_or(|one_of_all| target.budget() < one_of_all)
    }
}

/// 97.5 % of a normal distribution are below so many standard deviations.
const Z: f64 = 1.959_963_984_540_054;
