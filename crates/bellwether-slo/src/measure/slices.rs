//! Slices of time, each good, bad or not counted; and the stretches that bad ones make.

use std::time::Duration;

use super::{Counter, Coverage, Measurement, Presence, Ratios};
use crate::objective::{Budgeting, Effect, Empty, Piece, Policies};
use crate::{Error, Interval, Ratio, Share, Sli};

/// What became of the slices of a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Slices {
    /// Good ones.
    pub good: u64,
    /// Bad ones.
    pub bad: u64,
    /// Those in which there was nothing to tell from, and which therefore do not count.
    pub skipped: u64,
    /// Those that corrections leave out.
    pub excluded: u64,
    /// How long the good ones were.
    pub up: Duration,
    /// How long the bad ones were.
    pub down: Duration,
    /// The stretches that bad ones make, in order.
    pub downtimes: Vec<Interval>,
}

impl Slices {
    /// Good slices of those that count.
    pub fn sli(&self) -> Sli {
        Sli::new(self.good, self.good.saturating_add(self.bad))
    }

    /// The share of time that was good, of the time that is known: up ÷ (up + down). `None` if none is.
    pub fn uptime(&self) -> Option<Ratio> {
        crate::burn::over(self.up, self.up.saturating_add(self.down))
    }

    pub(super) fn extend(&mut self, next: &Self) {
        self.good += next.good;
        self.bad += next.bad;
        self.skipped += next.skipped;
        self.excluded += next.excluded;
        self.up += next.up;
        self.down += next.down;
        next.downtimes.iter().for_each(|downtime| self.add_downtime(*downtime));
    }

    fn add(&mut self, over: Interval, is_good: bool) {
        if is_good {
            self.good += 1;
            self.up += over.length();
        } else {
            self.bad += 1;
            self.down += over.length();
            self.add_downtime(over);
        }
    }

    fn add_downtime(&mut self, over: Interval) {
        match self.downtimes.last_mut() {
            Some(last) if last.end == over.start => last.end = over.end,
            _ => self.downtimes.push(over),
        }
    }

    /// An overall view of several groups: a slice is good only where those of all groups are, so the whole is never better
    /// than the worst of them. `None` if the groups' slices are not of the same times.
    pub fn of_all_groups(groups: &[Vec<(Interval, bool)>]) -> Option<Self> {
        let mut all = Self::default();
        let (first, others) = groups.split_first()?;
        if others.iter().any(|other| other.len() != first.len()) {
            return None;
        }
        for (at, (over, is_good)) in first.iter().enumerate() {
            let same = |other: &Vec<(Interval, bool)>| other.get(at).filter(|(slice, _)| slice == over).map(|(_, good)| *good);
            let others: Option<Vec<bool>> = others.iter().map(same).collect();
            all.add(*over, *is_good && others?.iter().all(|good| *good));
        }
        Some(all)
    }
}

/// What is known of a slice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Seen {
    /// It had events.
    Events(Sli),
    /// It had none, and mostly was like this.
    Nothing(Presence),
}

/// What a slice counts as: the events of it, or those of the policy for slices without; `None` if it does not count.
pub(crate) fn counts_as(seen: Seen, policies: Policies, last: Option<Sli>) -> Option<Sli> {
    let policy = match seen {
        Seen::Events(sli) => return Some(sli),
        Seen::Nothing(Presence::Known) => policies.no_traffic,
        Seen::Nothing(Presence::Unknown) => policies.unknown,
        Seen::Nothing(Presence::Stopped) => policies.stopped,
    };
    match policy {
        Empty::Good => Some(Sli::new(1, 1)),
        Empty::Bad => Some(Sli::new(0, 1)),
        Empty::Skip => None,
        Empty::CarryLast => last,
    }
}

/// Whether a slice's events are good enough.
pub(crate) fn is_good(sli: Sli, good_from: Share) -> bool {
    sli.ratio().is_some_and(|ratio| ratio >= good_from.ratio())
}

pub(super) fn measure(counter: &Counter<'_>, pieces: &[Piece], measured: &mut Measurement) -> Result<(), Error> {
    let Some(length) = counter.slo.budgeting.slice() else { return Ok(()) };
    let (mut slices, mut ratios) = (Slices::default(), Ratios::default());
    let mut last = None;
    let mut start = measured.over.start;
    let mut rest = pieces;
    while start < measured.over.end {
        let over = Interval::new(start, start.after(length).min(measured.over.end));
        start = over.end;
        while rest.first().is_some_and(|piece| piece.over.end <= over.start) {
            rest = &rest[1..];
        }
        let Some(seen) = see(counter, rest, over, measured)? else {
            slices.excluded += 1;
            continue;
        };
        let counts = counts_as(seen, counter.slo.policies, last);
        last = counts.or(last);
        match (counts, counter.slo.budgeting) {
            (None, _) => slices.skipped += 1,
            (Some(sli), Budgeting::Timeslices { good_from, .. }) => slices.add(over, is_good(sli, good_from)),
            (Some(sli), _) => {
                ratios.add(sli);
                // For uptime, which is asked of ratios too: as good as its promise.
                slices.add(over, is_good_for(sli, measured));
            }
        }
    }
    if let Budgeting::RatioTimeslices { .. } = counter.slo.budgeting {
        measured.ratios = Some(ratios);
    }
    measured.slices = Some(slices);
    Ok(())
}

fn is_good_for(sli: Sli, measured: &Measurement) -> bool {
    sli.ratio().is_some_and(|ratio| ratio >= measured.target.ratio())
}

/// What is known of one slice; `None` if corrections leave out all of it. Its events are added to those measured.
fn see(
    counter: &Counter<'_>,
    pieces: &[Piece],
    over: Interval,
    measured: &mut Measurement,
) -> Result<Option<Seen>, Error> {
    let (mut events, mut coverage, mut is_forgiven) = (Sli::default(), Coverage::default(), false);
    let mut is_excluded = true;
    for piece in pieces.iter().take_while(|piece| piece.over.start < over.end) {
        let Some(part) = piece.over.intersect(over) else { continue };
        let sli = counter.count(part)?;
        measured.take(sli, piece.effect);
        match piece.effect {
            Some(Effect::Exclude) => continue,
            Some(Effect::CountAsGood) => {
                is_forgiven = true;
                events = events.plus(Sli::new(sli.total, sli.total));
            }
            None => {
                events = events.plus(sli);
                coverage = coverage.plus(counter.source.coverage(part)?);
            }
        }
        is_excluded = false;
    }
    Ok(match (is_excluded, events.total, is_forgiven) {
        (true, ..) => None,
        (_, 0, true) => Some(Seen::Events(Sli::new(1, 1))),
        (_, 0, false) => Some(Seen::Nothing(coverage.mostly())),
        _ => Some(Seen::Events(events)),
    })
}
