//! What calls say about a dependency: counted as they end, read a window at a time.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

use bellwether_core::lanes::{Lanes, Tally, add_exclusive, add_shared};

use super::{Health, Reason};
use crate::cascade::Failure;

/// From this share of lost calls on it is degraded. Source: Kiali's default tolerance.
const DEGRADED: f64 = 0.1;
/// From this share of lost calls on it is down: more than not is in vain.
const DOWN: f64 = 0.5;

/// Calls that ended, since the beginning. Recording takes no lock and does not allocate.
#[derive(Debug, Default)]
pub(crate) struct Evidence {
    good: Lanes<Tally>,
    failed: [AtomicU64; Failure::ALL.len()],
}

/// Counts at one moment.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Ended {
    good: u64,
    failed: [u64; Failure::ALL.len()],
}

impl Evidence {
    #[inline]
    pub(crate) fn good(&self) {
        self.good.write(|lane| add_exclusive(&lane.count, 1), |lane| add_shared(&lane.count, 1));
    }

    pub(crate) fn failed(&self, failure: Failure) {
        self.failed[failure as usize].fetch_add(1, Relaxed);
    }

    pub(crate) fn read(&self) -> Ended {
        Ended {
            good: self.good.iter().map(|lane| lane.count.load(Relaxed)).sum(),
            failed: std::array::from_fn(|class| self.failed[class].load(Relaxed)),
        }
    }
}

impl Ended {
    /// Those that ended since `before`.
    pub(crate) fn since(&self, before: &Self) -> Self {
        Self {
            good: self.good.saturating_sub(before.good),
            failed: std::array::from_fn(|class| self.failed[class].saturating_sub(before.failed[class])),
        }
    }

    /// How many tell something of the dependency.
    pub(crate) fn heard(&self) -> u64 {
        match self.says() {
            Some((_, Reason::Calls { calls, .. })) => calls,
            _ => 0,
        }
    }

    /// What they say. `None` if nothing: what we refused ourselves, or what its caller gave up, was not asked for.
    pub(crate) fn says(&self) -> Option<(Health, Reason)> {
        let of = |class: Failure| self.failed[class as usize];
        let throttled = of(Failure::RateLimited);
        let lost = |class: &Failure| class.is_loss() && !matches!(class, Failure::Rejected | Failure::RateLimited);
        let classes = || Failure::ALL.into_iter().filter(lost);
        let lost = classes().map(of).fold(0, u64::saturating_add);
        // Who gets a bad request was answered.
        let good = self.good.saturating_add(of(Failure::BadRequest));
        let calls = good.saturating_add(throttled).saturating_add(lost);
        let most = classes().filter(|class| of(*class) > 0).max_by_key(|class| of(*class));
        let share = |part: u64| part as f64 / calls as f64;
        let health = match calls {
            0 => return None,
            _ if share(lost) >= DOWN => Health::Down,
            _ if share(lost) >= DEGRADED || share(throttled) >= DEGRADED => Health::Degraded,
            _ => Health::Up,
        };
        Some((health, Reason::Calls { calls, lost, throttled, most }))
    }
}
