//! What the application asks of an objective while it serves: how much is left, and whether it burns.

use std::sync::Arc;
use std::sync::atomic::{AtomicU8, AtomicU64, Ordering::Relaxed};

use crate::Ratio;
use crate::burn::{Severity, Verdict};

/// An objective as of the last tick, cheap to clone and to ask: for code that sheds load, turns off what is dear or holds a
/// rollout.
///
/// ```
/// # use bellwether_slo::{Judge, Severity, Slo, Target};
/// # let judge = Judge::new([Slo::availability("turns", Target::new(0.999)?)])?;
/// let turns = judge.objective("turns").unwrap();
/// let may_roll_out = turns.remaining().is_none_or(|left| left > 0.1);
/// let sheds_load = turns.tier() == Some(Severity::Page);
/// assert!(may_roll_out && !sheds_load);
/// # Ok::<(), bellwether_slo::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Objective(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    /// The bits of a float; not a number if it is not known.
    remaining: AtomicU64,
    /// 0 for none.
    tier: AtomicU8,
}

impl Objective {
    /// The share of the budget that is left: 1 at first, 0 when it is gone, below 0 beyond. `None` while there is nothing to
    /// tell from.
    pub fn remaining(&self) -> Option<f64> {
        Some(f64::from_bits(self.0.remaining.load(Relaxed))).filter(|remaining| !remaining.is_nan())
    }

    /// The most severe of the burn rules that are true; `None` if none is. Also while a correction is in force, which keeps
    /// people asleep and changes nothing of the load.
    pub fn tier(&self) -> Option<Severity> {
        match self.0.tier.load(Relaxed) {
            0 => None,
            1 => Some(Severity::Info),
            2 => Some(Severity::Ticket),
            _ => Some(Severity::Page),
        }
    }

    pub(super) fn tell(&self, verdict: &Verdict) {
        let remaining = verdict.evidence.budget.and_then(|budget| budget.remaining()).map_or(f64::NAN, Ratio::to_f64);
        self.0.remaining.store(remaining.to_bits(), Relaxed);
        let firing = verdict.evidence.clauses.iter().filter(|clause| clause.holds()).map(|clause| clause.rule.severity);
        let tier = match firing.max() {
            None => 0,
            Some(Severity::Info) => 1,
            Some(Severity::Ticket) => 2,
            Some(Severity::Page) => 3,
        };
        self.0.tier.store(tier, Relaxed);
    }
}

impl Default for Objective {
    fn default() -> Self {
        Self(Arc::new(Shared { remaining: AtomicU64::new(f64::NAN.to_bits()), tier: AtomicU8::new(0) }))
    }
}
