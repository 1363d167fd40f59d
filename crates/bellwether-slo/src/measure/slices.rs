//! Slices of time, each good, bad or not counted; and the stretches that bad ones make.

use std::time::Duration;

use bellwether_core::Timestamp;

use super::{Coverage, Presence, Ratios};
use crate::objective::{Budgeting, Effect, Empty, Piece, Policies, Slo};
use crate::{Interval, Ratio, Share, Sli};

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
            let same =
                |other: &Vec<(Interval, bool)>| other.get(at).filter(|(slice, _)| slice == over).map(|(_, good)| *good);
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

/// Pieces, cut where slices end. Slices begin with the stretch; its last may be shorter.
pub(super) fn cut(pieces: &[Piece], over: Interval, length: Duration) -> Vec<Piece> {
    let mut parts = Vec::new();
    let mut end = over.start.after(length);
    for piece in pieces {
        let mut start = piece.over.start;
        while start < piece.over.end {
            let part = Interval::new(start, piece.over.end.min(end));
            parts.push(Piece { over: part, effect: piece.effect });
            start = part.end;
            end = if part.end == end { end.after(length) } else { end };
        }
    }
    parts
}

/// Puts slices together from their parts.
#[derive(Debug)]
pub(super) struct Slicing<'a> {
    slo: &'a Slo,
    length: Duration,
    slices: Slices,
    ratios: Ratios,
    last: Option<Sli>,
    /// The slice under way: when it began, and what is known of it.
    start: Timestamp,
    open: Open,
}

/// What is known of a slice under way.
#[derive(Debug, Default)]
pub(crate) struct Open {
    events: Sli,
    coverage: Coverage,
    is_forgiven: bool,
    is_kept: bool,
}

impl<'a> Slicing<'a> {
    pub(super) fn new(slo: &'a Slo, start: Timestamp) -> Option<Self> {
        let length = slo.budgeting.slice()?;
        let (slices, ratios) = Default::default();
        Some(Self { slo, length, slices, ratios, last: None, start, open: Open::default() })
    }

    /// Takes a part, which is no longer than the slice it is of.
    pub(super) fn take(&mut self, over: Interval, sli: Sli, coverage: Coverage, effect: Option<Effect>) {
        self.open.take(sli, coverage, effect);
        if over.end == self.start.after(self.length) {
            self.close(over.end);
        }
    }

    /// What all slices came to, the one that the end cuts among them.
    pub(super) fn finish(mut self, end: Timestamp) -> (Option<Slices>, Option<Ratios>) {
        if self.start < end {
            self.close(end);
        }
        let by_ratios = matches!(self.slo.budgeting, Budgeting::RatioTimeslices { .. });
        (Some(self.slices), by_ratios.then_some(self.ratios))
    }

    fn close(&mut self, end: Timestamp) {
        let over = Interval::new(self.start, end);
        self.start = end;
        let Some(seen) = std::mem::take(&mut self.open).seen() else {
            self.slices.excluded += 1;
            return;
        };
        let Some(sli) = counts_as(seen, self.slo.policies, self.last) else {
            self.slices.skipped += 1;
            return;
        };
        self.last = Some(sli);
        let is_good = match self.slo.budgeting {
            Budgeting::Timeslices { good_from, .. } => is_good(sli, good_from),
            // For downtimes, which are asked of ratios too: as good as the promise.
            _ => {
                self.ratios.add(sli);
                sli.ratio().is_some_and(|ratio| ratio >= self.slo.target.ratio())
            }
        };
        self.slices.add(over, is_good);
    }
}

impl Open {
    pub(crate) fn take(&mut self, sli: Sli, coverage: Coverage, effect: Option<Effect>) {
        match effect {
            Some(Effect::Exclude) => return,
            Some(Effect::CountAsGood) => {
                self.is_forgiven = true;
                self.events = self.events.plus(Sli::new(sli.total, sli.total));
            }
            None => {
                self.events = self.events.plus(sli);
                self.coverage = self.coverage.plus(coverage);
            }
        }
        self.is_kept = true;
    }

    /// What it is, now that it is over; `None` if corrections leave out all of it.
    pub(crate) fn seen(self) -> Option<Seen> {
        match (self.is_kept, self.events.total, self.is_forgiven) {
            (false, ..) => None,
            (_, 0, true) => Some(Seen::Events(Sli::new(1, 1))),
            (_, 0, false) => Some(Seen::Nothing(self.coverage.mostly())),
            _ => Some(Seen::Events(self.events)),
        }
    }
}
