//! Native histograms of the last minutes, kept as they were shown: who asks every few seconds asks for the same ones again.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

use bellwether_promql::{Histogram, Sample};

use crate::chunk::Bookmark;
use crate::native::Native;
use crate::samples::Samples;

/// What was shown of each series, within a bound: beyond it, all of it is forgotten.
#[derive(Debug, Default)]
pub(crate) struct Memo(Mutex<Shown>);

#[derive(Debug, Default)]
struct Shown {
    series: HashMap<usize, Series>,
    bytes: usize,
}

/// Samples of consecutive ticks of one series, and where to go on.
#[derive(Debug, Default)]
struct Series {
    first: u32,
    shown: VecDeque<Arc<Histogram>>,
    /// The chunk that the bookmark is in, by its first tick.
    chunk: u32,
    bookmark: Bookmark,
    native: Native,
}

const MOST: usize = 32 << 20;

impl Memo {
    /// Bytes that are in use.
    pub(crate) fn bytes(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).bytes
    }

    /// The samples of a series from one tick until before another. All of them have to be there, of one beginning.
    pub(crate) fn samples(&self, all: &Samples, place: usize, first: u32, last: u32) -> Option<Vec<Sample>> {
        let mut memo = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if memo.bytes > MOST {
            *memo = Shown::default();
        }
        let Shown { series, bytes } = &mut *memo;
        let own = series.entry(place).or_default();
        if own.shown.is_empty() || first < own.first || first > own.end() {
            *bytes -= own.size();
            *own = Series { first, ..Series::default() };
        }
        let before = own.size();
        own.go_on(all, place, last);
        *bytes += own.size() - before;
        let times = all.ticks.times.get(first.checked_sub(all.ticks.base)? as usize..)?;
        let shown = own.shown.range(first.checked_sub(own.first)? as usize..);
        let wanted = times.iter().zip(shown).take(last.saturating_sub(first) as usize);
        Some(wanted.map(|(time, shown)| Sample::histogram(*time, Arc::clone(shown))).collect())
    }
}

impl Series {
    fn end(&self) -> u32 {
        self.first + self.shown.len() as u32
    }

    /// About as many bytes as it takes.
    fn size(&self) -> usize {
        let each = self.shown.back().map_or(0, |one| 200 + 8 * one.positive_buckets().size_hint().0);
        each * self.shown.len()
    }

    /// Shows what there is until before a tick.
    fn go_on(&mut self, all: &Samples, place: usize, last: u32) {
        let Some(series) = all.index.series.get(place) else { return };
        while self.end() < last {
            let at = series.chunks.partition_point(|chunk| chunk.end() <= self.end());
            let Some(chunk) = series.chunks.get(at) else { return };
            if chunk.first != self.chunk || self.shown.is_empty() {
                (self.chunk, self.bookmark) = (chunk.first, Bookmark::default());
                self.native.see(true);
            }
            let mut reader = chunk.counts_after(std::mem::take(&mut self.bookmark));
            let read = self.end();
            while self.end() < last {
                let tick = chunk.first + u32::from(reader.read());
                let Some(wider) = reader.advance() else { break };
                self.native.see(wider);
                if tick >= self.first {
                    self.shown.push_back(self.native.show(&reader.counts));
                } else {
                    self.native.skip();
                }
            }
            self.bookmark = reader.bookmark();
            if self.end() == read {
                return;
            }
        }
    }
}
