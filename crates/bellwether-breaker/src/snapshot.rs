//! All there is to know about a breaker at one moment.

use std::time::Duration;

use bellwether_core::Instant;

use crate::lane::Totals;
use crate::machine::Machine;
use crate::outcome::Outcome;
use crate::rejected::Reason;
use crate::transition::{Mode, State, Why};
use crate::window::Counts;

/// What a breaker knows of itself. Counts are since it was made, and add up: every call that was admitted has one outcome or is
/// under way.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Snapshot {
    /// What it does with calls.
    pub state: State,
    /// Who decides.
    pub mode: Mode,
    /// How long it has been in this state.
    pub state_for: Duration,
    /// How long it will stay open; `None` unless it is open.
    pub open_for: Option<Duration>,
    /// How long calls are still held back since the callee asked for it; `None` if they are not.
    pub paced_for: Option<Duration>,
    /// What its window holds. Empty while it is not closed, and always if it only looks at failures in a row.
    pub window: Counts,
    /// Running calls that are late already, where those are watched.
    pub hung: u64,
    /// Calls that were let through.
    pub admitted: u64,
    /// Calls that are under way.
    pub in_flight: u64,
    /// Trial calls that are under way.
    pub trials_in_use: u32,
    /// Results of calls that were let through by a state that had ended when they came. They decided nothing.
    pub stale: u64,
    /// Trial calls that did not come back in time.
    pub leases_expired: u64,
    /// What shadow mode would have done.
    pub shadow: Shadow,
    /// Transitions that nobody was told of, since too many waited.
    pub transitions_untold: u64,
    outcomes: [u64; Outcome::WORDS.len()],
    rejected: [u64; Reason::ALL.len()],
    transitions: Vec<(State, State, Why, u64)>,
}

/// What a breaker in shadow mode would have refused, and how those calls went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Shadow {
    /// Calls that would have been refused.
    pub would_reject: u64,
    /// Those of them that succeeded: refusing them would have been wrong.
    pub succeeded: u64,
    /// Those of them that failed.
    pub failed: u64,
}

impl Snapshot {
    pub(crate) fn of(machine: &mut Machine, totals: &Totals, now: Instant) -> Self {
        let tally = machine.tally.clone();
        let mut outcomes = tally.outcomes;
        outcomes[Outcome::Success.index()] += totals.successes();
        let mut rejected = tally.rejected;
        rejected[Reason::Open as usize] += totals.rejected_open();
        rejected[Reason::Forced as usize] += totals.rejected_forced();
        // Read behind the outcomes: whatever ends meanwhile is still under way.
        let admitted = totals.admitted();
        let left = |until: Instant| (now < until).then(|| until.since(now));
        Self {
            state: machine.state,
            mode: machine.mode,
            state_for: now.since(machine.since),
            open_for: left(machine.open_until).filter(|_| machine.state == State::Open),
            paced_for: left(machine.paced_until).filter(|_| machine.state == State::Closed),
            window: machine.counts(totals, now),
            hung: machine.hung(totals, now),
            admitted,
            in_flight: admitted.saturating_sub(outcomes.iter().sum()),
            trials_in_use: machine.trials_in_use(),
            stale: tally.stale,
            leases_expired: tally.leases_expired,
            shadow: Shadow { would_reject: tally.would_reject, succeeded: tally.shadow_good, failed: tally.shadow_bad },
            transitions_untold: machine.events.dropped,
            outcomes,
            rejected,
            transitions: machine.events.counts().to_vec(),
        }
    }

    /// How many calls ended so. For how long one was throttled does not matter.
    pub fn outcome(&self, outcome: Outcome) -> u64 {
        self.outcomes[outcome.index()]
    }

    pub(crate) fn ended(&self, outcome: usize) -> u64 {
        self.outcomes.get(outcome).copied().unwrap_or_default()
    }

    /// How many calls were refused for this reason.
    pub fn rejected(&self, reason: Reason) -> u64 {
        self.rejected[reason as usize]
    }

    /// The kinds of transitions there were, and how many of each.
    pub fn transitions(&self) -> impl Iterator<Item = (State, State, Why, u64)> + '_ {
        self.transitions.iter().copied()
    }
}

impl Shadow {
    /// The share of the calls that would have been refused wrongly, of those that are known to have gone one way or the
    /// other; `None` without any.
    pub fn wrong_ratio(self) -> Option<f64> {
        let known = self.succeeded + self.failed;
        (known > 0).then(|| self.succeeded as f64 / known as f64)
    }

    /// The range in which the share lies with 95 % confidence, by Wilson's interval; `None` without any call.
    ///
    /// Source: E. B. Wilson, Probable inference, the law of succession, and statistical inference, 1927.
    pub fn wrong_range(self) -> Option<(f64, f64)> {
        const Z: f64 = 1.959_963_984_540_054;
        let ratio = self.wrong_ratio()?;
        let calls = (self.succeeded + self.failed) as f64;
        let scale = 1.0 + Z * Z / calls;
        let middle = (ratio + Z * Z / (2.0 * calls)) / scale;
        let half = Z / scale * (ratio * (1.0 - ratio) / calls + Z * Z / (4.0 * calls * calls)).sqrt();
        Some(((middle - half).max(0.0), (middle + half).min(1.0)))
    }
}
