//! Slices of time as they pass: the one under way, and what those that are over come to.

use bellwether_core::Timestamp;

use super::ring::Totals;
use crate::measure::{Coverage, Open, Presence, Seen, counts_as, in_parts, is_good};
use crate::objective::{Budgeting, Effect, Policies, Slo};
use crate::{Interval, Sli};

/// The slices of an objective.
#[derive(Debug)]
pub(super) struct Slices {
    budgeting: Budgeting,
    policies: Policies,
    /// Nanoseconds.
    length: u64,
    /// The number of the one under way, counted from the epoch.
    number: u64,
    open: Open,
    last: Option<Sli>,
}

impl Slices {
    /// Those of an objective that has any.
    pub(super) fn of(slo: &Slo) -> Option<Self> {
        let length = u64::try_from(slo.budgeting.slice()?.as_nanos()).ok().filter(|length| *length > 0)?;
        let (budgeting, policies) = (slo.budgeting, slo.policies);
        Some(Self { budgeting, policies, length, number: 0, open: Open::default(), last: None })
    }

    /// Nothing was counted before this.
    pub(super) fn begin(&mut self, start: Timestamp) {
        self.number = start.unix_nanos() / self.length;
    }

    /// What those come to that ended before a stretch of time does. Those that nobody looked at while they lasted are
    /// unknown, or stopped.
    pub(super) fn catch_up(&mut self, over: Interval, presence: Presence, effect: Option<Effect>) -> Totals {
        // The instant at which one ends is in it.
        let number = over.end.unix_nanos().saturating_sub(1) / self.length;
        let Some(missed) = number.checked_sub(self.number + 1) else { return Totals::default() };
        self.pass(Interval::new(over.start, self.end()), presence, effect);
        let closed = self.close();
        self.number = number;
        if missed == 0 {
            return closed;
        }
        let unseen = if presence == Presence::Stopped { presence } else { Presence::Unknown };
        let one = self.come_to(Some(Seen::Nothing(unseen)));
        closed.plus(Totals { part: one.part.saturating_mul(missed), total: one.total.saturating_mul(missed) })
    }

    /// Takes what was counted within a stretch of time, which belongs to its end; and says what the slice under way comes to
    /// if it ends there.
    pub(super) fn take(&mut self, events: Sli, over: Interval, presence: Presence, effect: Option<Effect>) -> Totals {
        let start = Timestamp::from_unix_nanos(self.number * self.length);
        self.pass(Interval::new(over.start.max(start), over.end), presence, effect);
        self.open.take(events, Coverage::default(), effect);
        if over.end < self.end() {
            return Totals::default();
        }
        let closed = self.close();
        self.number += 1;
        closed
    }

    fn end(&self) -> Timestamp {
        Timestamp::from_unix_nanos((self.number + 1).saturating_mul(self.length))
    }

    /// Time passes, in which nothing was counted yet.
    fn pass(&mut self, over: Interval, presence: Presence, effect: Option<Effect>) {
        let of = match presence {
            Presence::Known => Coverage::known,
            Presence::Unknown => Coverage::unknown,
            Presence::Stopped => Coverage::stopped,
        };
        if !over.is_empty() {
            self.open.take(Sli::default(), of(over.length()), effect);
        }
    }

    fn close(&mut self) -> Totals {
        let seen = std::mem::take(&mut self.open).seen();
        self.come_to(seen)
    }

    /// What a slice comes to; one that is left out, nothing.
    fn come_to(&mut self, seen: Option<Seen>) -> Totals {
        let Some(sli) = seen.and_then(|seen| counts_as(seen, self.policies, self.last)) else {
            return Totals::default();
        };
        self.last = Some(sli);
        match self.budgeting {
            Budgeting::RatioTimeslices { .. } => {
                let Sli { good, total } = sli.ratio().map(in_parts).unwrap_or_default();
                Totals { part: good, total }
            }
            Budgeting::Timeslices { good_from, .. } => Totals { part: is_good(sli, good_from).into(), total: 1 },
            Budgeting::Occurrences => Totals::default(),
        }
    }
}
