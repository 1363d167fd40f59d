//! The last minutes of a series as they were shown: who asks every few seconds asks for the same samples again.

use std::collections::VecDeque;
use std::mem;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bellwether_promql::{Histogram, STALE_NAN, Sample, SampleValue};

use crate::chunk::{Bookmark, Chunk, Mark, Shape};
use crate::family::Family;
use crate::native::Native;
use crate::series::Series;

/// What was shown of each series, within a bound. Who comes when it is full is not remembered, until others are forgotten.
#[derive(Debug)]
pub(crate) struct Memo(Mutex<Shown>);

/// What the memo is around.
#[derive(Debug)]
pub(crate) struct Shown {
    /// By the places of series.
    series: Vec<Option<Box<Own>>>,
    bytes: usize,
    max_bytes: usize,
}

/// Samples of consecutive ticks of one series.
#[derive(Debug)]
struct Own {
    first: u32,
    /// The tick that was the last one when it was asked for.
    asked: u32,
    /// The chunk in which to go on, by its first tick.
    chunk: Option<u32>,
    samples: Samples,
}

#[derive(Debug)]
enum Samples {
    /// Floats, or [`STALE_NAN`] where there is none; and whether there are such.
    Floats {
        values: Vec<f64>,
        absent: bool,
        mark: Mark,
    },
    Histograms {
        shown: VecDeque<Arc<Histogram>>,
        bookmark: Bookmark,
        native: Box<Native>,
    },
}

/// Who was not asked for during so many ticks is forgotten.
const WHILE: u32 = 240;

impl Memo {
    pub(crate) fn new(max_bytes: usize) -> Self {
        Self(Mutex::new(Shown { series: Vec::new(), bytes: 0, max_bytes }))
    }

    /// Bytes that are in use.
    pub(crate) fn bytes(&self) -> usize {
        self.lock().bytes
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, Shown> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Shown {
    /// The samples of a series from the tick `first` on, which have these times. All of them have to be there, of one
    /// beginning. `now` is the tick that was the last one.
    pub(crate) fn samples(
        &mut self,
        series: &Series,
        place: usize,
        first: u32,
        times: &[i64],
        now: u32,
    ) -> Vec<Sample> {
        if self.series.len() <= place {
            self.series.resize_with(place + 1, || None);
        }
        let known = self.series[place].take();
        let before = known.as_ref().map_or(0, |own| own.size());
        let mut own = match known {
            Some(own) if own.first <= first && first <= own.end() => own,
            _ => Box::new(Own::new(series, first)),
        };
        own.asked = now;
        own.go_on(series, first + times.len() as u32);
        let samples = own.samples.from((first - own.first) as usize, times);
        self.bytes -= before;
        if self.bytes + own.size() <= self.max_bytes {
            self.bytes += own.size();
            self.series[place] = Some(own);
        }
        samples
    }

    /// Forgets who was not asked for in a while; at the tick `now`, and only now and then.
    pub(crate) fn tidy(&mut self, now: u32) {
        if !now.is_multiple_of(WHILE / 4) {
            return;
        }
        for place in &mut self.series {
            if let Some(own) = place.take_if(|own| now.saturating_sub(own.asked) > WHILE) {
                self.bytes -= own.size();
            }
        }
    }
}

impl Own {
    fn new(series: &Series, first: u32) -> Self {
        let samples = match series.family.shape() {
            Some(_) => Samples::Floats { values: Vec::new(), absent: false, mark: Mark::default() },
            None => {
                Samples::Histograms { shown: VecDeque::new(), bookmark: Bookmark::default(), native: Box::default() }
            }
        };
        Self { first, asked: first, chunk: None, samples }
    }

    fn end(&self) -> u32 {
        self.first + self.samples.len() as u32
    }

    /// About as many bytes as it takes.
    fn size(&self) -> usize {
        size_of::<Self>() + self.samples.size()
    }

    /// Shows what there is until before a tick, chunk by chunk, and forgets what the series has forgotten.
    fn go_on(&mut self, series: &Series, until: u32) {
        if self.end() >= until {
            return;
        }
        let begin = series.chunks.partition_point(|chunk| chunk.end() <= self.end());
        for chunk in series.chunks.range(begin..) {
            // Never beyond a gap, since samples are those of consecutive ticks.
            let read = self.end().checked_sub(chunk.first);
            let Some(read) = read.filter(|_| self.end() < until) else { break };
            let anew = self.chunk.replace(chunk.first) != Some(chunk.first);
            self.samples.go_on(chunk, &series.family, read as u16, anew);
        }
        let oldest = series.chunks.front().map_or(0, |chunk| chunk.first);
        let old = oldest.saturating_sub(self.first) as usize;
        if old * 2 > self.samples.len() {
            self.samples.forget(old);
            self.first = oldest;
        }
    }
}

impl Samples {
    fn len(&self) -> usize {
        match self {
            Self::Floats { values, .. } => values.len(),
            Self::Histograms { shown, .. } => shown.len(),
        }
    }

    fn size(&self) -> usize {
        match self {
            Self::Floats { values, .. } => values.capacity() * size_of::<f64>(),
            Self::Histograms { shown, .. } => {
                let each = shown.back().map_or(0, |one| 200 + 8 * one.positive_buckets().size_hint().0);
                each * shown.len()
            }
        }
    }

    /// Shows what a chunk of a series has beyond its first `read` samples. `anew` if it was not read before.
    fn go_on(&mut self, chunk: &Chunk, family: &Family, read: u16, anew: bool) {
        match (self, family.shape()) {
            (Self::Floats { values, absent, mark }, Some(shape)) => {
                *mark = if anew { Mark::default() } else { *mark };
                let value = |word| if shape == Shape::Count { family.scale.of(word) } else { f64::from_bits(word) };
                values.reserve(usize::from(chunk.len - read));
                chunk.each_word(shape, mark, read, |word| {
                    *absent |= word.is_none();
                    values.push(word.map_or(f64::from_bits(STALE_NAN), value));
                });
            }
            (Self::Histograms { shown, bookmark, native }, None) => {
                if anew {
                    *bookmark = Bookmark::default();
                    native.see(true);
                }
                let mut reader = chunk.counts_after(mem::take(bookmark));
                while let Some(wider) = reader.advance() {
                    native.see(wider);
                    if reader.read() > read {
                        shown.push_back(native.show(&reader.counts));
                    } else {
                        native.skip();
                    }
                }
                *bookmark = reader.bookmark();
            }
            // No series is of both.
            _ => {}
        }
    }

    /// The samples of these times, but for the first `skip`; of those that are absent the first in a row.
    fn from(&self, skip: usize, times: &[i64]) -> Vec<Sample> {
        match self {
            Self::Floats { values, absent, .. } => {
                let wanted = times.iter().zip(values.get(skip..).unwrap_or_default());
                let mut samples: Vec<_> = wanted.map(|(time, value)| Sample::float(*time, *value)).collect();
                if *absent {
                    let is_absent =
                        |sample: &Sample| matches!(sample.value, SampleValue::Float(x) if x.to_bits() == STALE_NAN);
                    samples.dedup_by(|next, last| is_absent(last) && is_absent(next));
                }
                samples
            }
            Self::Histograms { shown, .. } => {
                let wanted = times.iter().zip(shown.range(skip.min(shown.len())..));
                wanted.map(|(time, shown)| Sample::histogram(*time, Arc::clone(shown))).collect()
            }
        }
    }

    fn forget(&mut self, count: usize) {
        match self {
            Self::Floats { values, .. } => drop(values.drain(..count)),
            Self::Histograms { shown, .. } => drop(shown.drain(..count)),
        }
    }
}
