//! Exact arithmetic beside PromQL: how much was counted in a window, without extrapolation, in whole numbers that add up.
//!
//! The value at a time is that of the last sample at or before it, 0 where a series began after that. A restart, or any
//! other beginning anew, counts from 0. So what (a, b] and (b, c] come to is what (a, c] comes to.

use bellwether_core::{HistogramSnapshot, Scale};
use bellwether_promql::{Labels, Matcher};

use crate::chunk::Counts;
use crate::error::Error;
use crate::parts::{Event, Part, Parts};
use crate::view::View;

/// By how much a counter went up, or how much a histogram counted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Increase {
    /// Whose.
    pub labels: Labels,
    /// How many counts.
    pub count: u128,
    scale: Scale,
}

/// What a histogram counted.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Recorded {
    /// Whose.
    pub labels: Labels,
    /// The values, with exact counts at the declared bounds; the extremes of a window are not known beyond their buckets.
    pub values: HistogramSnapshot,
}

/// A stretch of time, in milliseconds since 1970: after `from`, up to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::exhaustive_structs, reason = "a span is its ends")]
pub struct Span {
    /// The last moment before it.
    pub from: i64,
    /// The last moment of it.
    pub to: i64,
}

impl Increase {
    /// The increase in the metric's unit: seconds of what is counted in nanoseconds.
    pub fn amount(&self) -> f64 {
        // Beyond 2⁶⁴ counts, which no counter reaches but by restarts, the last digits do not matter.
        u64::try_from(self.count).map_or(self.count as f64 * self.scale.factor(), |count| self.scale.of(count))
    }
}

impl View {
    /// By how much each counter that matches went up after `from` until `to`; of histograms, how many values they
    /// counted. Times are milliseconds since 1970. Series without any sample up to `to` are left out.
    ///
    /// # Errors
    /// If a gauge or state set matches, or the file cannot be read.
    pub fn increase(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Increase>, Error> {
        let mut all = Vec::new();
        for (labels, parts) in self.parts(matchers, from, to)? {
            let Some(family) = parts.family() else { continue };
            if !family.is_cumulative() {
                return Err(Error::no_counter(&labels));
            }
            if let Some(count) = increase_of(&parts, from, to) {
                all.push(Increase { labels, count, scale: family.scale });
            }
        }
        Ok(all)
    }

    /// By how much all counters that match went up together, after each of the cuts until the next: what
    /// [`increase`](Self::increase) says of each stretch, with the series looked up once.
    ///
    /// # Errors
    /// As [`increase`](Self::increase).
    pub fn increases(&self, matchers: &[Matcher], cuts: &[i64]) -> Result<Vec<u128>, Error> {
        let mut sums = vec![0_u128; cuts.len().saturating_sub(1)];
        let (Some(from), Some(to)) = (cuts.first(), cuts.last()) else { return Ok(sums) };
        for (labels, parts) in self.parts(matchers, *from, *to)? {
            if parts.family().is_some_and(|family| !family.is_cumulative()) {
                return Err(Error::no_counter(&labels));
            }
            for (sum, cut) in sums.iter_mut().zip(cuts.windows(2)) {
                *sum += increase_of(&parts, cut[0], cut[1]).unwrap_or(0);
            }
        }
        Ok(sums)
    }

    /// What each histogram that matches recorded after `from` until `to`, in milliseconds since 1970.
    ///
    /// # Errors
    /// If anything else than a histogram matches, or the file cannot be read.
    pub fn recorded(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Vec<Recorded>, Error> {
        let mut all = Vec::new();
        for (labels, parts) in self.parts(matchers, from, to)? {
            let values = recorded_of(&parts, from, to).map_err(|NoHistogram| Error::no_histogram(&labels))?;
            all.extend(values.map(|values| Recorded { labels, values }));
        }
        Ok(all)
    }

    /// What all histograms that match recorded together, after each of the cuts until the next: what
    /// [`merged`](Self::merged) says of each stretch, with the series looked up once.
    ///
    /// # Errors
    /// As [`recorded`](Self::recorded).
    pub fn merged_between(&self, matchers: &[Matcher], cuts: &[i64]) -> Result<Vec<Option<HistogramSnapshot>>, Error> {
        let mut merged = vec![None; cuts.len().saturating_sub(1)];
        let (Some(from), Some(to)) = (cuts.first(), cuts.last()) else { return Ok(merged) };
        for (labels, parts) in self.parts(matchers, *from, *to)? {
            for (merged, cut) in merged.iter_mut().zip(cuts.windows(2)) {
                let more = recorded_of(&parts, cut[0], cut[1]).map_err(|NoHistogram| Error::no_histogram(&labels))?;
                add(merged, more);
            }
        }
        Ok(merged)
    }

    /// What all histograms that match recorded together. Bounds that only some of them declare are left out.
    ///
    /// # Errors
    /// As [`recorded`](Self::recorded).
    pub fn merged(&self, matchers: &[Matcher], from: i64, to: i64) -> Result<Option<HistogramSnapshot>, Error> {
        Ok(self.merged_between(matchers, &[from, to])?.pop().flatten())
    }

    /// The stretches after `from` until `to` that nothing is known of: the process was not there, the wall clock leapt
    /// over them, or they are too long ago. In order, to the resolution that is kept of that time.
    ///
    /// # Errors
    /// If the file cannot be read.
    pub fn unknown(&self, from: i64, to: i64) -> Result<Vec<Span>, Error> {
        let mut known = from;
        let mut spans: Vec<Span> = Vec::new();
        let mut before: Option<(i64, u64)> = None;
        let mut skip = |known: &mut i64, until: i64| {
            let until = until.min(to);
            if until > *known {
                match spans.last_mut() {
                    Some(Span { to, .. }) if *to == *known => *to = until,
                    _ => spans.push(Span { from: *known, to: until }),
                }
                *known = until;
            }
        };
        let parts = self.coverage(from, to)?;
        parts.each(|_, time, event| match event {
            // What the first sample of a run says is of the time since it began.
            Event::Born => {
                skip(&mut known, time);
                before = Some((time, 0));
            }
            Event::Words(words) => {
                let (last, covered) = before.unwrap_or((time, words[0]));
                let accounted = i64::try_from(words[0].saturating_sub(covered)).unwrap_or(i64::MAX);
                // What is not accounted for lies before what is.
                skip(&mut known, if time - last > accounted { time - accounted } else { last });
                known = known.max(time.min(to));
                before = Some((time, words[0]));
            }
            _ => {}
        });
        skip(&mut known, to);
        Ok(spans)
    }
}

/// By how much a series went up; `None` if there was no value at all.
fn increase_of(parts: &Parts, from: i64, to: i64) -> Option<u128> {
    let mut tally = Tally::<u64>::default();
    let mut count = 0_u128;
    let since = |now: &u64, before: Option<&u64>| u128::from(now.saturating_sub(before.copied().unwrap_or(0)));
    walk(parts, from, to, |step| match step {
        Step::Born => count += tally.born(since).unwrap_or(0),
        Step::Before(_, event) => tally.before(&total(event)),
        Step::Within(_, event) => tally.within(&total(event)),
    });
    count += tally.born(since).unwrap_or(0);
    tally.any.then_some(count)
}

struct NoHistogram;

/// What a histogram recorded; `None` if there was no value at all.
fn recorded_of(parts: &Parts, from: i64, to: i64) -> Result<Option<HistogramSnapshot>, NoHistogram> {
    let mut tally = Tally::<Counts>::default();
    let mut values: Option<HistogramSnapshot> = None;
    let mut bounds: &[f64] = &[];
    let mut wrong = false;
    let mut end = |tally: &mut Tally<Counts>, bounds: &[f64]| {
        let since = |now: &Counts, before: Option<&Counts>| {
            let before = before.map(|before| before.snapshot(bounds)).unwrap_or_default();
            now.snapshot(bounds).since(&before)
        };
        let more = tally.born(since);
        add(&mut values, more);
    };
    walk(parts, from, to, |step| match step {
        Step::Born => end(&mut tally, bounds),
        Step::Before(part, Event::Counts(counts, _)) => {
            bounds = &part.family.bounds;
            tally.before(counts);
        }
        Step::Within(part, Event::Counts(counts, _)) => {
            bounds = &part.family.bounds;
            tally.within(counts);
        }
        _ => wrong = true,
    });
    if wrong {
        return Err(NoHistogram);
    }
    end(&mut tally, bounds);
    Ok(tally.any.then(|| values.unwrap_or_default()))
}

fn add(values: &mut Option<HistogramSnapshot>, more: Option<HistogramSnapshot>) {
    match (values, more) {
        (Some(values), Some(more)) => values.merge(&more),
        (values, more) => *values = values.take().or(more),
    }
}

/// Calls `f` with what happens in the window, and with the samples before it.
fn walk<'p>(parts: &'p Parts, from: i64, to: i64, mut f: impl FnMut(Step<'p, '_>)) {
    parts.each(|part, time, event| match event {
        _ if time > to => {}
        Event::Born => f(Step::Born),
        Event::Ended => {}
        event if time <= from => f(Step::Before(part, &event)),
        event => f(Step::Within(part, &event)),
    });
}

/// What matters of a series' events to a window.
enum Step<'p, 'e> {
    /// It begins from nothing, whether before the window or within.
    Born,
    Before(&'p Part, &'e Event<'e>),
    Within(&'p Part, &'e Event<'e>),
}

/// The value before the window and the last one within, of one run.
#[derive(Debug, Default)]
struct Tally<T> {
    base: Option<T>,
    last: Option<T>,
    /// Whether the run began from nothing, so that all it has came since.
    anew: bool,
    /// Whether there was any value at all, in any run.
    any: bool,
}

impl<T: Clone> Tally<T> {
    fn before(&mut self, value: &T) {
        set(&mut self.base, value);
        self.any = true;
    }

    fn within(&mut self, value: &T) {
        self.any = true;
        // Where it is not known what was there before, the count begins here.
        let first = self.base.is_none() && !self.anew;
        set(if first { &mut self.base } else { &mut self.last }, value);
    }

    /// A run has ended, and another may begin: what the ended one came to.
    fn born<R>(&mut self, since: impl FnOnce(&T, Option<&T>) -> R) -> Option<R> {
        let (base, last) = (self.base.take(), self.last.take());
        self.anew = true;
        last.map(|last| since(&last, base.as_ref()))
    }
}

fn set<T: Clone>(place: &mut Option<T>, value: &T) {
    match place {
        Some(own) => own.clone_from(value),
        None => *place = Some(value.clone()),
    }
}

fn total(event: &Event<'_>) -> u64 {
    match event {
        Event::Words(words) => words[0],
        Event::Counts(counts, _) => counts.total(),
        _ => 0,
    }
}
