//! The past as objectives ask of it: kept minutes where there are any, history for the rest.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::rc::Rc;
use std::time::Duration;

use bellwether_core::{HistogramSnapshot, Timestamp};
use bellwether_history::View;
use bellwether_history::file::Query;
use bellwether_promql::Engine;

use super::apart;
use super::asked::Asked;
use super::hour::{Hour, MINUTES};
use super::incident::Incident;
use super::names::matchers;
use super::run::Run;
use super::{Remembered, hour_of, millis, start_of, time, unreadable};
use crate::measure::{PARTS, tiles};
use crate::objective::{Count, Selector};
use crate::{Coverage, Dimension, Error, Interval, Ratio, Source};

/// What is known by minutes is known well enough, in milliseconds.
const FINE: i64 = 60_000;
/// From the beginning of a run to its first sample it is no longer.
const SOON: i64 = 1000;

/// What a history remembers up to one tick; from [`Remembered::past`].
pub struct Past<'a> {
    pub(super) remembered: &'a Remembered,
    pub(super) view: View,
    pub(super) engine: Engine,
    /// Whether kept minutes are looked at.
    kept: bool,
    hours: RefCell<BTreeMap<u64, Option<Rc<Hour>>>>,
    /// Which stretches nothing is known of, in milliseconds, as far as it was asked.
    gaps: RefCell<BTreeMap<(i64, i64), bool>>,
    /// The first time of which anything is known, in milliseconds.
    first: OnceCell<i64>,
    /// All runs of the process that are known.
    runs: OnceCell<Vec<Run>>,
    /// When they began, in order.
    begun: OnceCell<Vec<i64>>,
    pub(super) incidents: OnceCell<Vec<Incident>>,
}

impl<'a> Past<'a> {
    pub(super) fn new(remembered: &'a Remembered, view: View) -> Self {
        Self {
            remembered,
            view,
            engine: Engine::default(),
            kept: true,
            hours: RefCell::default(),
            gaps: RefCell::default(),
            first: OnceCell::new(),
            runs: OnceCell::new(),
            begun: OnceCell::new(),
            incidents: OnceCell::new(),
        }
    }

    /// What history itself says.
    pub(super) fn of_history(remembered: &'a Remembered, view: View) -> Self {
        Self { kept: false, ..Self::new(remembered, view) }
    }

    /// Whether what was counted by an instant is still known, to the minute.
    pub(super) fn check(&self, at: Timestamp) -> Result<(), Error> {
        let floor = |resolution: i64| millis(at) - millis(at).rem_euclid(resolution);
        let fine = |resolution: i64| resolution <= FINE || floor(resolution) == millis(at);
        // Nothing was counted before the beginning.
        if millis(at) <= self.first()? {
            return Ok(());
        }
        match self.view.resolution(millis(at)) {
            Some(resolution) if fine(resolution) => Ok(()),
            // Where nothing is known of a whole step, nothing was counted.
            Some(resolution) if self.is_gap(floor(resolution), floor(resolution) + resolution)? => Ok(()),
            Some(_) => Err(Error::unmeasured(format!(
                "{} is within an hour of which no minutes are known any more",
                Instant(at)
            ))),
            None => Err(Error::unmeasured(format!("{} is longer ago than anything that is kept", Instant(at)))),
        }
    }

    /// Whether nothing is known of all the time from one instant to another.
    fn is_gap(&self, from: i64, to: i64) -> Result<bool, Error> {
        if let Some(known) = self.gaps.borrow().get(&(from, to)) {
            return Ok(*known);
        }
        let gaps = self.view.unknown(from, to).map_err(unreadable)?;
        let is_gap = gaps.first().is_some_and(|gap| (gap.from, gap.to) == (from, to));
        self.gaps.borrow_mut().insert((from, to), is_gap);
        Ok(is_gap)
    }

    pub(super) fn first(&self) -> Result<i64, Error> {
        if let Some(first) = self.first.get() {
            return Ok(*first);
        }
        let until = self.view.until().unwrap_or(0);
        let gaps = self.view.unknown(0, until).map_err(unreadable)?;
        let first = gaps.first().filter(|gap| gap.from == 0).map_or(0, |gap| gap.to);
        Ok(*self.first.get_or_init(|| first))
    }

    pub(super) fn runs(&self) -> Result<&[Run], Error> {
        if self.runs.get().is_none() {
            let _ = self.runs.set(self.remembered.all_runs()?);
        }
        Ok(self.runs.get().map_or(&[], Vec::as_slice))
    }

    /// When the runs began that did so after one time and up to another.
    fn begun(&self, after: i64, until: i64) -> Result<&[i64], Error> {
        let runs = self.runs()?;
        let all = self.begun.get_or_init(|| {
            let mut all: Vec<i64> = runs.iter().map(|run| run.at).collect();
            all.sort_unstable();
            all
        });
        let [from, to] = [after, until].map(|at| all.partition_point(|begun| *begun <= at));
        Ok(all.get(from..to).unwrap_or_default())
    }

    /// What was kept of an hour. Days are read as a whole.
    fn hour(&self, hour: u64) -> Result<Option<Rc<Hour>>, Error> {
        if !self.kept {
            return Ok(None);
        }
        if let Some(known) = self.hours.borrow().get(&hour) {
            return Ok(known.clone());
        }
        let first = hour / 24 * 24;
        let day = Query::oldest().times(millis(start_of(first)), millis(start_of(first + 24))).limit(48);
        let page = self.remembered.hours.page(&day).map_err(unreadable)?;
        let mut hours = self.hours.borrow_mut();
        hours.extend((first..first + 24).map(|hour| (hour, None)));
        hours.extend(page.entries.into_iter().map(|entry| (entry.record.hour, Some(Rc::new(entry.record)))));
        Ok(hours.get(&hour).cloned().flatten())
    }

    /// Sums between each cut and the next: of kept minutes where `of_hour` finds them, else what `ask` says. In kept hours a
    /// cut within a minute counts as that minute's beginning, so that sums still tile.
    fn between<T: Clone>(
        &self,
        cuts: &[Timestamp],
        zero: T,
        plus: impl Fn(T, &T) -> T,
        of_hour: impl Fn(&Hour) -> Option<Vec<T>>,
        ask: impl Fn(&[Timestamp]) -> Result<Vec<T>, Error>,
    ) -> Result<Vec<T>, Error> {
        let mut sums = vec![zero; cuts.len().saturating_sub(1)];
        let (Some(first), Some(last)) = (cuts.first(), cuts.last()) else { return Ok(sums) };
        // The stretch under way, and the pieces of it and of those after it that wait to be asked for.
        let (mut stretch, mut at) = (0, *first);
        let mut waiting: Vec<(usize, Timestamp)> = Vec::new();
        let flush = |waiting: &mut Vec<(usize, Timestamp)>, from: Timestamp, sums: &mut Vec<T>| -> Result<(), Error> {
            if waiting.is_empty() {
                return Ok(());
            }
            let cuts: Vec<Timestamp> = std::iter::once(from).chain(waiting.iter().map(|(_, end)| *end)).collect();
            for ((stretch, _), more) in waiting.drain(..).zip(ask(&cuts)?) {
                if let Some(sum) = sums.get_mut(stretch) {
                    *sum = plus(sum.clone(), &more);
                }
            }
            Ok(())
        };
        let mut from = at;
        while at < *last {
            let hour = hour_of(at);
            let kept = self.hour(hour)?.and_then(|hour| of_hour(&hour));
            if kept.is_some() {
                flush(&mut waiting, from, &mut sums)?;
            }
            let end_of_hour = start_of(hour + 1).min(*last);
            while at < end_of_hour {
                let end = cuts.get(stretch + 1).copied().unwrap_or(*last).min(end_of_hour);
                match &kept {
                    Some(minutes) => {
                        let [from, to] = [at, end].map(|at| minute_of(hour, at));
                        for more in minutes.get(from..to).unwrap_or_default() {
                            if let Some(sum) = sums.get_mut(stretch) {
                                *sum = plus(sum.clone(), more);
                            }
                        }
                    }
                    None => waiting.push((stretch, end)),
                }
                at = end;
                while cuts.get(stretch + 1).is_some_and(|cut| *cut <= at) && stretch + 1 < sums.len() {
                    stretch += 1;
                }
            }
            if kept.is_some() {
                from = at;
            }
        }
        flush(&mut waiting, from, &mut sums)?;
        Ok(sums)
    }
}

impl Source for Past<'_> {
    fn count(&self, count: &Count, over: Interval) -> Result<u64, Error> {
        Ok(self.counts(count, &[over.start, over.end])?.first().copied().unwrap_or(0))
    }

    fn counts(&self, count: &Count, cuts: &[Timestamp]) -> Result<Vec<u64>, Error> {
        let asked = Asked::count(count);
        let key = asked.key();
        let of_hour = |hour: &Hour| hour.counts.get(&key)?.counts().into_iter().collect::<Option<Vec<u64>>>();
        let ask = |cuts: &[Timestamp]| Ok(self.ask(&asked, cuts)?.into_iter().map(Option::unwrap_or_default).collect());
        self.between(cuts, 0, |sum, more| sum.saturating_add(*more), of_hour, ask)
    }

    fn coverage(&self, over: Interval) -> Result<Coverage, Error> {
        Ok(self.coverages(&[over.start, over.end])?.first().copied().unwrap_or_default())
    }

    fn coverages(&self, cuts: &[Timestamp]) -> Result<Vec<Coverage>, Error> {
        let of_hour = |hour: &Hour| Some(hour.coverage.clone()).filter(|coverage| coverage.len() == MINUTES);
        let mut coverages =
            self.between(cuts, Coverage::default(), |sum, more| sum.plus(*more), of_hour, |cuts| self.there(cuts))?;
        // Of a cut within a minute, what lies before it in that minute is counted with what comes after.
        for (coverage, over) in coverages.iter_mut().zip(tiles(cuts)) {
            coverage.known = over.length().saturating_sub(coverage.unknown.saturating_add(coverage.stopped));
            let rest = over.length().saturating_sub(coverage.known);
            coverage.unknown = coverage.unknown.min(rest);
            coverage.stopped = rest.saturating_sub(coverage.unknown);
        }
        Ok(coverages)
    }

    fn ratio(&self, expression: &str, over: Interval) -> Result<Option<Ratio>, Error> {
        let asked = Asked::ratio(expression);
        let key = asked.key();
        // Their sum and their number.
        let one = |parts: Option<u64>| parts.map_or((0_u128, 0_u64), |parts| (parts.into(), 1));
        let of_hour = |hour: &Hour| Some(hour.counts.get(&key)?.counts().into_iter().map(one).collect());
        let plus = |sum: (u128, u64), more: &(u128, u64)| (sum.0 + more.0, sum.1 + more.1);
        // By minutes, as it is kept; where those are not known, what it came to at the end stands for all of them.
        let ask = |cuts: &[Timestamp]| {
            tiles(cuts)
                .map(|over| {
                    let minutes = minutes_of(over);
                    let is_known = minutes.iter().all(|minute| self.check(*minute).is_ok());
                    let cuts = if is_known { minutes.as_slice() } else { &[over.start, over.end] };
                    let weight = if is_known { 1 } else { minutes.len() as u64 - 1 };
                    let sum = self.ask(&asked, cuts)?.into_iter().map(one).fold((0, 0), |sum, more| plus(sum, &more));
                    Ok((sum.0 * u128::from(weight), sum.1 * weight))
                })
                .collect()
        };
        let sums = self.between(&[over.start, over.end], (0, 0), plus, of_hour, ask)?;
        let Some((sum, number)) = sums.first().copied().filter(|(_, number)| *number > 0) else { return Ok(None) };
        Ok(Ratio::new(i128::try_from(sum).unwrap_or(i128::MAX), i128::from(number) * i128::from(PARTS)))
    }

    fn count_by(&self, count: &Count, by: Dimension, over: Interval) -> Result<Option<Vec<(String, u64)>>, Error> {
        let Count::Series { selector, reading } = count else { return Ok(None) };
        self.check(over.start).and_then(|()| self.check(over.end))?;
        apart::count_by(self, (selector, *reading), by, over).map(Some)
    }

    fn distribution(&self, selector: &Selector, over: Interval) -> Result<Option<HistogramSnapshot>, Error> {
        self.check(over.start).and_then(|()| self.check(over.end))?;
        let matchers = matchers(&self.remembered.registry, &self.view, selector)?;
        let merged = self.view.merged(&matchers, millis(over.start), millis(over.end)).map_err(unreadable)?;
        Ok(merged.filter(|values| !values.is_empty()))
    }
}

impl Past<'_> {
    /// For how much of the time between each cut and the next the process was there, as history says.
    fn there(&self, cuts: &[Timestamp]) -> Result<Vec<Coverage>, Error> {
        let (Some(first), Some(last)) = (cuts.first(), cuts.last()) else { return Ok(Vec::new()) };
        let mut gaps = Vec::new();
        for gap in self.view.unknown(millis(*first), millis(*last)).map_err(unreadable)? {
            // Of a run that nobody saw a sample of it is known that it began; the last one is that whose first sample ends the gap.
            let begun = match self.begun(gap.from, gap.to)? {
                [others @ .., last] if gap.to - last < SOON => others,
                all => all,
            };
            let cuts: Vec<i64> = std::iter::once(gap.from).chain(begun.iter().copied()).chain([gap.to]).collect();
            for over in cuts.windows(2) {
                gaps.push((Interval::new(time(over[0]), time(over[1])), self.stopped_at(over[0])?));
            }
        }
        let mut rest = gaps.as_slice();
        let coverage = |over: Interval| {
            while rest.first().is_some_and(|(gap, _)| gap.end <= over.start) {
                rest = &rest[1..];
            }
            let (mut unknown, mut stopped) = (Duration::ZERO, Duration::ZERO);
            for (gap, is_stop) in rest.iter().take_while(|(gap, _)| gap.start < over.end) {
                let length = gap.intersect(over).map_or(Duration::ZERO, Interval::length);
                *if *is_stop { &mut stopped } else { &mut unknown } += length;
            }
            Coverage { known: over.length().saturating_sub(unknown + stopped), unknown, stopped }
        };
        Ok(tiles(cuts).map(coverage).collect())
    }

    /// Whether a gap that begins here, or has begun before, began with a stop in order: the last tick is a little before it,
    /// and no other run has begun since.
    fn stopped_at(&self, start: i64) -> Result<bool, Error> {
        let before = Query::newest().times(i64::MIN, start + FINE).limit(1);
        let page = self.remembered.stops.page(&before).map_err(unreadable)?;
        let Some(stop) = page.entries.first().map(|stop| stop.at) else { return Ok(false) };
        if !self.begun(stop, start)?.is_empty() {
            return Ok(false);
        }
        let down = stop + FINE;
        Ok(down >= start || self.is_gap(down, start)?)
    }
}

/// The place of a minute in its hour; what is after the hour is behind all of them.
fn minute_of(hour: u64, at: Timestamp) -> usize {
    usize::try_from(at.since(start_of(hour)).as_secs() / 60).unwrap_or(MINUTES).min(MINUTES)
}

/// The beginning, the end, and where minutes begin between them.
fn minutes_of(over: Interval) -> Vec<Timestamp> {
    let minutes = over.start.unix_millis() / FINE.unsigned_abs() + 1..;
    let minutes = minutes.map(|minute| Timestamp::from_unix_seconds(minute * 60)).take_while(|at| *at < over.end);
    std::iter::once(over.start).chain(minutes).chain([over.end]).collect()
}

/// An instant as errors have it.
struct Instant(Timestamp);

impl std::fmt::Display for Instant {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let interval = Interval::new(self.0, self.0).to_string();
        f.write_str(interval.split('/').next().unwrap_or_default())
    }
}

impl std::fmt::Debug for Past<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Past").field("view", &self.view).finish_non_exhaustive()
    }
}
