//! The past in slots, as a judge is told of it.

use std::time::Duration;

use bellwether_core::Timestamp;
use bellwether_history::View;

use super::{MINUTE, Past, hour_of, millis, start_of, time, unreadable};
use crate::measure::{Slot, Slots, Source};
use crate::objective::Slo;
use crate::{Error, Interval, measure};

impl Past<'_> {
    /// What an objective counted in the time that ends at `until`, by slots of a minute, and of an hour for what is longer ago
    /// than a day: for [`Judge::replay`](crate::Judge::replay). An objective that is judged by slices gets slots no longer.
    ///
    /// # Errors
    /// If history cannot be read.
    pub fn slots(&self, slo: &Slo, length: Duration, until: Timestamp) -> Result<Slots, Error> {
        let fine = slo.budgeting.slice().map_or(Duration::from_secs(86_400), |_| length);
        let start = known_from(&self.view, start_of(hour_of(until.before(length))), until)?;
        // A period of the calendar may begin within an hour, in some zones.
        let opens = slo.period.at(until).start;
        let mut cuts = vec![start];
        let mut at = start;
        while at < until {
            let next = if until.since(at) > fine { start_of(hour_of(at) + 1) } else { at.after(MINUTE) };
            let next = if at < opens && opens < next { opens } else { next };
            at = next.min(until);
            cuts.push(at);
        }
        let slis = measure::events(slo, self, &cuts)?;
        let coverages = self.coverages(&cuts)?;
        let over = cuts.windows(2).map(|ends| Interval::new(ends[0], ends[1]));
        let slots = over.zip(slis).zip(coverages).map(|((over, sli), coverage)| Slot { over, sli, coverage });
        Slots::new(slots.collect())
    }
}

/// The beginning of the first hour of which anything is known, from one on.
pub(super) fn known_from(view: &View, start: Timestamp, until: Timestamp) -> Result<Timestamp, Error> {
    let unknown = view.unknown(millis(start), millis(until)).map_err(unreadable)?;
    let first = unknown.first().filter(|gap| gap.from == millis(start));
    Ok(first.map_or(start, |gap| start_of(hour_of(time(gap.to)))))
}
