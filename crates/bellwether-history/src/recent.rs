//! The last minutes of a series, which most queries ask for: without a search through tiers and blocks.

use bellwether_promql::Sample;

use crate::chunk::Shape;
use crate::family::Facet;
use crate::index::Found;
use crate::memo::Shown;
use crate::native::Native;
use crate::samples::Samples;
use crate::series::{Pen, Series};

/// What is wanted of each series: the samples of which ticks.
#[derive(Debug)]
pub(crate) struct Wanted<'s> {
    samples: &'s Samples,
    from: i64,
    first: u32,
    /// The times of the ticks from the first on.
    times: &'s [i64],
    /// The tick that was the last one.
    now: u32,
    /// When that was, if nothing but the last sample is wanted.
    latest: Option<i64>,
}

impl<'s> Wanted<'s> {
    /// The samples between two times, or of them the last one only; `None` if there was no tick by then.
    pub(crate) fn new(samples: &'s Samples, from: i64, to: i64, only_last: bool) -> Option<Self> {
        let ticks = &samples.ticks;
        let (first, last) = (ticks.since(from), ticks.since(to.saturating_add(1)));
        let (begin, end) = (first.checked_sub(ticks.base)?, last.checked_sub(ticks.base)?);
        let times = ticks.times.get(begin as usize..end as usize)?;
        let latest = ticks.last().filter(|last| only_last && (from..=to).contains(last));
        Some(Self { samples, from, first, times, now: ticks.next().checked_sub(1)?, latest })
    }

    /// The samples of a series, if it was there all the time, and still is. Whatever else there is,
    /// [`Shelves`](crate::parts::Shelves) know.
    pub(crate) fn read(&self, found: &Found, memo: &mut Shown) -> Option<Vec<Sample>> {
        let series = self.samples.index.series.get(found.series)?;
        let shape = series.family.shape();
        if shape == Some(Shape::State) || *found.facets != [Facet::Whole] || series.seen != Some(self.now) {
            return None;
        }
        if let Some(time) = self.latest {
            return last_sample(series, time);
        }
        let oldest = series.chunks.front()?;
        // All ticks that are kept, but not all of the time that is asked for, if the first tick comes after its start.
        if oldest.first > self.first || self.samples.ticks.at(oldest.first).is_none_or(|begin| begin > self.from) {
            return None;
        }
        let until = self.first + self.times.len() as u32;
        let mut wanted = series.chunks.iter().rev().skip_while(|chunk| chunk.first >= until).peekable();
        // It may have ended before, and have come again since.
        if wanted.peek().is_none_or(|newest| newest.end() < until)
            || wanted.take_while(|chunk| chunk.first >= self.first).any(|chunk| chunk.born.is_some())
        {
            return None;
        }
        if self.times.is_empty() {
            return Some(Vec::new());
        }
        Some(memo.samples(series, found.series, self.first, self.times, self.now))
    }
}

/// The sample of the last tick, from what the next one will be told by: nothing has to be read.
fn last_sample(series: &Series, time: i64) -> Option<Vec<Sample>> {
    let sample = match &series.pen {
        // It is not known: no sample.
        Pen::Words(_, None) => return Some(Vec::new()),
        Pen::Words(_, Some(word)) if series.family.shape() == Some(Shape::Count) => {
            Sample::float(time, series.family.scale.of(*word))
        }
        Pen::Words(_, Some(word)) => Sample::float(time, f64::from_bits(*word)),
        Pen::Counts(counts) => {
            let mut native = Native::default();
            // It goes on from the one before, as far as that is known.
            series.chunks.back().filter(|chunk| chunk.len > 1)?;
            native.skip();
            Sample::histogram(time, native.show(counts))
        }
    };
    Some(vec![sample])
}
