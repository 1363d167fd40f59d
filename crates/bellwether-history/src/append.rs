//! How a tick appends to one series: to the chunk of every tick, and at the end of a step to the blocks of coarser tiers.

use std::sync::Arc;

use bellwether_core::MetricKind;

use crate::chunk::{Block, Chunk, Counts};
use crate::file::{BlockKey, Store};
use crate::series::{Pen, Series};
use crate::tiers::{Steps, Ticks};

/// The tick that is under way.
#[derive(Debug)]
pub(crate) struct Moment<'t> {
    pub(crate) tick: u32,
    pub(crate) at: i64,
    /// When the tick before was.
    pub(crate) before: Option<i64>,
    /// For each coarser tier, whether a step has ended.
    pub(crate) ended: &'t [bool],
}

/// Where a series' samples go.
#[derive(Debug)]
pub(crate) struct Pages<'t> {
    pub(crate) moment: &'t Moment<'t>,
    pub(crate) ticks: &'t Ticks,
    pub(crate) steps: &'t [Steps],
    pub(crate) store: &'t Store,
}

/// When a chunk is long enough: whoever wants its last sample reads all of it, but each takes memory of its own.
#[derive(Debug, Clone, Copy)]
struct Length {
    /// It may end from so many samples on, if they take so many bytes.
    samples: u16,
    bytes: usize,
    /// It ends in any case, from so many on.
    most_samples: u16,
    most_bytes: usize,
}

const WORDS: Length = Length { samples: 120, bytes: 96, most_samples: 720, most_bytes: 2048 };
/// The first sample of a chunk is as long as many others.
const COUNTS: Length = Length { samples: 120, bytes: 1024, most_samples: 720, most_bytes: 16_384 };

/// Series take turns: a chunk ends only at every so many-th tick, which is another one for the next series. Else the chunks
/// that were begun at once, as those of all series are at first, would end at once for ever.
const TURNS: u32 = 64;

impl Length {
    fn is_reached(self, chunk: &Chunk) -> bool {
        let (samples, bytes) = (chunk.len, chunk.written());
        samples >= self.samples && bytes >= self.bytes || samples >= self.most_samples || bytes >= self.most_bytes
    }
}

impl Series {
    /// Appends a count. Returns by how many bytes memory has grown, as the others do.
    pub(crate) fn count(&mut self, count: u64, created: i64, pages: &Pages<'_>) -> isize {
        let less = matches!(self.pen, Pen::Words(_, Some(before)) if count < before);
        self.word(Some(count), (!less).then_some(created), pages)
    }

    /// Appends a word, or that it is not known. Without `created` the series began anew since the tick before.
    pub(crate) fn word(&mut self, word: Option<u64>, created: Option<i64>, pages: &Pages<'_>) -> isize {
        let grown = self.begin(created, WORDS, pages);
        let kind = self.family.kind;
        if let (Some(word), MetricKind::Gauge | MetricKind::StateSet) = (word, kind) {
            self.coarse.iter_mut().for_each(|coarse| coarse.notice(kind, word));
        }
        let (Some(chunk), Pen::Words(guess, last)) = (self.chunks.back_mut(), &mut self.pen) else { return grown };
        let chunk = Arc::make_mut(chunk);
        let before = chunk.size();
        match word {
            Some(word) => drop(chunk.push_words(guess, [word, 0, 0])),
            None => chunk.push_absent(guess.shape()),
        }
        *last = word;
        grown + chunk.size() as isize - before as isize
    }

    /// Appends a histogram.
    pub(crate) fn counts(&mut self, counts: &Counts, created: i64, pages: &Pages<'_>) -> isize {
        let mut growth = match &self.pen {
            Pen::Counts(before) => counts.growth(before),
            Pen::Words(..) => None,
        };
        let grown = self.begin(growth.is_some().then_some(created), COUNTS, pages);
        let (Some(chunk), Pen::Counts(last)) = (self.chunks.back_mut(), &mut self.pen) else { return grown };
        let chunk = Arc::make_mut(chunk);
        if chunk.len == 0 {
            // Another chunk, which is told from nothing.
            growth = counts.growth(last);
        }
        let Some(growth) = growth else { return grown };
        let before = chunk.size();
        chunk.push_counts(last, &growth);
        if !growth.is_none() {
            last.as_mut().clone_from(counts);
        }
        grown + chunk.size() as isize - before as isize
    }

    /// Ends the steps of coarser tiers that are over, and sees to it that there is a chunk to append to.
    fn begin(&mut self, created: Option<i64>, length: Length, pages: &Pages<'_>) -> isize {
        let moment = pages.moment;
        let goes_on = self.seen.is_some_and(|seen| seen + 1 == moment.tick);
        // Unless it goes on, it begins: after what is known of it, and of its registry.
        let anew = !goes_on || created.is_none();
        let born = anew.then(|| {
            let latest = moment.at - 1;
            created.unwrap_or(latest).min(latest).max(moment.before.map_or(i64::MIN, |before| before.min(latest)))
        });
        for (tier, steps) in pages.steps.iter().enumerate() {
            if moment.ended.get(tier) == Some(&true) && goes_on {
                self.step(tier, steps);
            }
            if anew {
                self.end(tier, pages);
                self.coarse[tier].born = born;
            }
        }
        self.seen = Some(moment.tick);
        let turn = moment.tick.wrapping_add(self.id).is_multiple_of(TURNS);
        if self.chunks.back().is_some_and(|chunk| !(anew || turn && length.is_reached(chunk))) {
            return 0;
        }
        let mut grown = 0;
        if let Some(last) = self.chunks.back_mut() {
            let last = Arc::make_mut(last);
            let before = last.size();
            last.seal(self.family.shape());
            grown = last.size() as isize - before as isize;
        }
        let chunk = Chunk::new(moment.tick, born);
        grown += chunk.size() as isize;
        self.chunks.push_back(Arc::new(chunk));
        self.pen = Pen::new(self.family.shape());
        grown
    }

    /// Appends the last values as those of the step that has ended.
    fn step(&mut self, tier: usize, steps: &Steps) {
        let shape = self.family.coarse_shape();
        let Some(coarse) = self.coarse.get_mut(tier) else { return };
        let first = steps.times.len() as u32 - 1;
        let time = steps.times.last().copied().unwrap_or(steps.start);
        if coarse.chunk.is_none() {
            // One that began anew within the block has a start of its own: what was there before has the block's.
            let start = if coarse.start == steps.start { time } else { steps.start };
            coarse.open(shape, first, start);
        }
        coarse.append(&self.pen, time);
    }

    /// The series has ended: the last values are those of the time they were read at, whatever step that is in.
    fn end(&mut self, tier: usize, pages: &Pages<'_>) {
        let (Some(steps), Some(last)) = (pages.steps.get(tier), self.seen.and_then(|seen| pages.ticks.at(seen))) else {
            return;
        };
        self.finish(tier, steps, last, pages.store);
    }

    /// As [`end`](Self::end), at a time that is known.
    pub(crate) fn finish(&mut self, tier: usize, steps: &Steps, last: i64, store: &Store) {
        let (shape, id) = (self.family.coarse_shape(), self.id);
        let Some(coarse) = self.coarse.get_mut(tier) else { return };
        if coarse.chunk.is_none() {
            coarse.open(shape, steps.times.len() as u32, last);
        }
        let Some(chunk) = &coarse.chunk else { return };
        let (first, len) = (chunk.first as usize, usize::from(chunk.len));
        let mut times = steps.times.get(first..first + len).unwrap_or_default().to_vec();
        if coarse.until < last {
            coarse.append(&self.pen, last);
            times.push(last);
        }
        if let Some(chunk) = coarse.chunk.take().filter(|chunk| chunk.len > 0) {
            put(tier, coarse.start, id, &Block::write(&chunk, &times, shape), store);
        }
    }

    /// Puts the last values into the store, of all tiers.
    pub(crate) fn finish_all(&mut self, all: &[Steps], ticks: &Ticks, store: &Store) {
        let Some(last) = self.seen.and_then(|seen| ticks.at(seen)) else { return };
        all.iter().enumerate().for_each(|(tier, steps)| self.finish(tier, steps, last, store));
    }

    /// The block is full.
    pub(crate) fn close(&mut self, tier: usize, steps: &Steps, store: &Store) {
        self.save(tier, steps, store);
        if let Some(coarse) = self.coarse.get_mut(tier) {
            coarse.chunk = None;
        }
    }

    /// Puts a block into the store as far as it is filled.
    pub(crate) fn save(&mut self, tier: usize, steps: &Steps, store: &Store) {
        let (shape, id) = (self.family.coarse_shape(), self.id);
        let Some(coarse) = self.coarse.get_mut(tier) else { return };
        let Some(chunk) = coarse.chunk.as_ref().filter(|chunk| chunk.len > coarse.stored) else { return };
        let first = chunk.first as usize;
        let times = steps.times.get(first..first + usize::from(chunk.len)).unwrap_or_default();
        put(tier, coarse.start, id, &Block::write(chunk, times, shape), store);
        coarse.stored = chunk.len;
        coarse.dirty = false;
    }
}

fn put(tier: usize, start: i64, series: u32, bytes: &[u8], store: &Store) {
    // The tier of every tick is 0, and in no store.
    store.put(BlockKey { tier: tier as u8 + 1, start, series }, bytes);
}
