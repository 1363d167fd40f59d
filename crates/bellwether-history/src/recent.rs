//! The last minutes of a series, which most queries ask for: read in one go from the chunks of every tick.

use bellwether_promql::{STALE_NAN, Sample};

use crate::chunk::Shape;
use crate::family::Facet;
use crate::index::Found;
use crate::memo::Memo;
use crate::samples::Samples;

impl Samples {
    /// The samples of a series between two times, if it was there all the time, and still is. Whatever else there is,
    /// [`Shelves`](crate::parts::Shelves) know.
    pub(crate) fn recent(&self, found: &Found, from: i64, to: i64, memo: &Memo) -> Option<Vec<Sample>> {
        let series = self.index.series.get(found.series)?;
        let shape = series.family.shape();
        if shape == Some(Shape::State) || found.facets != [Facet::Whole] {
            return None;
        }
        let live = series.seen.is_some() && series.seen == self.ticks.next().checked_sub(1);
        let (first, last) = (self.ticks.since(from), self.ticks.since(to.saturating_add(1)));
        let oldest = series.chunks.front().filter(|_| live)?;
        // All ticks that are kept, but not all of the time that is asked for, if the first tick comes after its start.
        if oldest.first > first || self.ticks.at(oldest.first).is_none_or(|begin| begin > from) {
            return None;
        }
        let begin = series.chunks.partition_point(|chunk| chunk.end() <= first);
        let wanted = series.chunks.range(begin..).take_while(|chunk| chunk.first < last);
        if wanted.clone().any(|chunk| chunk.born.is_some() && chunk.first >= first) {
            return None;
        }
        let Some(shape) = shape else { return memo.samples(self, found.series, first, last) };
        let scale = series.family.scale;
        let value = |word: u64| if shape == Shape::Count { scale.of(word) } else { f64::from_bits(word) };
        let mut samples = Vec::with_capacity(last.saturating_sub(first) as usize);
        let mut known = true;
        for chunk in wanted {
            let skipped = first.saturating_sub(chunk.first);
            let tick = chunk.first + skipped;
            let times = self.ticks.times.get(tick.checked_sub(self.ticks.base)? as usize..)?;
            let mut times = times.iter().take(last.saturating_sub(tick) as usize);
            chunk.each_word(shape, skipped as u16, |word| {
                let Some(time) = times.next() else { return false };
                match word {
                    Some(word) => samples.push(Sample::float(*time, value(word))),
                    None if known => samples.push(Sample::float(*time, f64::from_bits(STALE_NAN))),
                    None => {}
                }
                known = word.is_some();
                true
            });
        }
        Some(samples)
    }
}
