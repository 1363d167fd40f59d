//! What there is of a series over a time: its chunks of all tiers, put together so that each moment is told once, by the
//! finest that knows it.

use std::sync::Arc;

use crate::chunk::{Block, Chunk, Counts, Shape, Words};
use crate::family::Family;
use crate::file::{Error, Reading};
use crate::samples::Samples;
use crate::tiers::BLOCK;

/// A chunk with the times of its samples.
#[derive(Debug, Clone)]
pub(crate) struct Part {
    pub(crate) family: Arc<Family>,
    /// How its words lie; `None` for histograms.
    pub(crate) shape: Option<Shape>,
    chunk: Arc<Chunk>,
    times: Arc<Vec<i64>>,
    /// Where the first sample's time is among them.
    first: usize,
    /// So many samples at the beginning are told by a coarser tier.
    skip: usize,
    /// From step to step; 0 of every tick.
    resolution: i64,
    /// Samples from here on are told by a finer tier.
    until: i64,
}

/// A series' chunks of one tier.
#[derive(Debug, Clone)]
pub(crate) struct Shelf {
    /// Its number in the store; 0 is the tier of every tick, which is in none.
    tier: u8,
    resolution: i64,
    /// Those that are in memory, oldest first.
    parts: Vec<Part>,
    /// What this process has told last, wherever that is.
    told: i64,
}

/// A series' chunks of all tiers over a time, the finest first, before the store was asked for the rest.
#[derive(Debug, Clone)]
pub(crate) struct Shelves {
    /// Its numbers in the store, and what it was then; the last is what it is now.
    ids: Vec<(u32, Arc<Family>)>,
    shelves: Vec<Shelf>,
    /// Whether it was read by the last tick.
    live: bool,
    from: i64,
    to: i64,
}

/// What happens to a series, in order of time.
#[derive(Debug)]
pub(crate) enum Event<'c> {
    /// It begins from nothing.
    Born,
    /// It ends, or is not known.
    Ended,
    Words(Words),
    /// The flag says that there are buckets that were not there before.
    Counts(&'c Counts, bool),
}

impl Shelves {
    /// What is in memory of a series between two times, and the sample before.
    pub(crate) fn of(samples: &Samples, series: usize, from: i64, to: i64) -> Option<Self> {
        let series = samples.index.series.get(series)?;
        let mut ids = series.past.clone();
        ids.push((series.id, series.family.clone()));
        let ticks = &samples.ticks;
        let part = |chunk: &Arc<Chunk>, shape, times: &Arc<Vec<i64>>, first, resolution| Part {
            family: series.family.clone(),
            shape,
            chunk: chunk.clone(),
            times: times.clone(),
            first,
            skip: 0,
            resolution,
            until: i64::MAX,
        };
        let (first, last) = (ticks.since(from), ticks.since(to.saturating_add(1)));
        // Whether it was there then, whatever became of it since; where that is forgotten, whether it is now.
        let then = last.checked_sub(1).filter(|then| series.chunks.front().is_some_and(|oldest| oldest.first <= *then));
        let live = match then {
            Some(then) => series.chunks.iter().any(|chunk| chunk.first <= then && then < chunk.end()),
            None => series.seen.is_some() && series.seen == ticks.next().checked_sub(1),
        };
        // The chunk that has the last sample before, too.
        let begin = series.chunks.partition_point(|chunk| chunk.end() < first);
        let own = series.chunks.iter().skip(begin).take_while(|chunk| chunk.first < last);
        let own = own.filter_map(|chunk| {
            let first = chunk.first.checked_sub(ticks.base)? as usize;
            Some(part(chunk, series.family.shape(), &ticks.times, first, 0))
        });
        let mut shelves = vec![Shelf { tier: 0, resolution: 0, parts: own.collect(), told: i64::MAX }];
        for (tier, (coarse, steps)) in series.coarse.iter().zip(&samples.steps).enumerate() {
            let shape = series.family.coarse_shape();
            let chunk = coarse.chunk.iter().filter(|chunk| chunk.len > 0);
            let parts = chunk.map(|chunk| part(chunk, shape, &steps.times, chunk.first as usize, steps.resolution));
            let parts = parts.filter(|part| part.begin().is_some_and(|begin| begin <= to)).collect();
            shelves.push(Shelf { tier: tier as u8 + 1, resolution: steps.resolution, parts, told: coarse.until });
        }
        Some(Self { ids, shelves, live, from, to })
    }

    /// Leaves out what is finer than need be, as far as there is something coarser.
    pub(crate) fn no_finer_than(&mut self, resolution: i64) {
        let wanted = self.shelves.iter().rposition(|shelf| shelf.resolution <= resolution).unwrap_or(0);
        let Some(told) = self.shelves.get(wanted).filter(|_| wanted > 0).map(|shelf| shelf.told) else { return };
        self.shelves.drain(1..wanted);
        // What has happened since the last step is in the finest only.
        if let Some(finest) = self.shelves.first_mut() {
            for part in &mut finest.parts {
                part.skip = part.times().iter().take_while(|time| **time <= told).count();
            }
            finest.parts.retain(|part| part.skip < part.len());
        }
    }

    /// Whether there is any sample after `from`.
    pub(crate) fn has_any<'r>(
        &self,
        store: impl FnOnce() -> Result<Option<&'r Reading>, Error>,
    ) -> Result<bool, Error> {
        let within = |part: &Part| part.times().iter().any(|time| (self.from + 1..=self.to).contains(time));
        if self.shelves.iter().flat_map(|shelf| &shelf.parts).any(within) {
            return Ok(true);
        }
        let Some(store) = store()? else { return Ok(false) };
        for shelf in self.shelves.iter().filter(|shelf| shelf.tier > 0) {
            let parts = shelf.load(&self.ids, self.from, self.to.saturating_add(1), store)?;
            if parts.iter().any(within) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// Whether what is in memory does not reach back far enough.
    pub(crate) fn wants_store(&self) -> bool {
        // What is coarser than the second tells nothing that the store of the second does not tell better.
        let mut begins = self.shelves.iter().take(2).filter_map(|shelf| shelf.parts.first().and_then(Part::begin));
        begins.all(|begin| begin > self.from)
    }

    /// All parts, oldest first.
    pub(crate) fn parts(self, store: Option<&Reading>) -> Result<Parts, Error> {
        let Self { ids, shelves, live, from, to } = self;
        let mut all: Vec<Part> = Vec::new();
        let mut known = to.saturating_add(1);
        for mut shelf in shelves {
            if known <= from {
                break;
            }
            let shelved = shelf.parts.first().and_then(Part::begin).unwrap_or(i64::MAX);
            if let Some(store) = store.filter(|_| shelf.tier > 0 && shelved > from) {
                shelf.parts = [shelf.load(&ids, from, known.min(shelved), store)?, shelf.parts].concat();
            }
            shelf.parts.retain(|part| part.begin().is_some_and(|begin| begin < known));
            for part in &mut shelf.parts {
                part.until = known;
            }
            known = shelf.parts.first().and_then(Part::begin).map_or(known, |begin| begin.min(known));
            shelf.parts.append(&mut all);
            all = shelf.parts;
        }
        Ok(Parts { all, by: (!live).then_some(to) })
    }
}

impl Shelf {
    /// What the store has of it before `known`, and back to the sample before `from`.
    fn load(&self, ids: &[(u32, Arc<Family>)], from: i64, known: i64, store: &Reading) -> Result<Vec<Part>, Error> {
        let reach = self.resolution.saturating_mul(2 * BLOCK as i64 + 2);
        let mut parts = Vec::new();
        for (id, family) in ids {
            let shape = family.coarse_shape();
            for (_, bytes) in store.blocks(self.tier, *id, from.saturating_sub(reach)..known)? {
                let Some(Block { chunk, times }) = Block::read(&bytes, shape) else { continue };
                if times.first().is_some_and(|first| *first < known) {
                    let (family, resolution) = (family.clone(), self.resolution);
                    parts.push(Part { family, shape, chunk, times, first: 0, skip: 0, resolution, until: i64::MAX });
                }
            }
        }
        Ok(parts)
    }
}

impl Part {
    fn len(&self) -> usize {
        usize::from(self.chunk.len)
    }

    /// The times of its samples, those that are skipped among them.
    fn times(&self) -> &[i64] {
        self.times.get(self.first..self.first + self.len()).unwrap_or_default()
    }

    /// From step to step.
    fn step(&self) -> i64 {
        match self.times() {
            [.., before, last] if self.resolution == 0 => last - before,
            _ => self.resolution.max(1),
        }
    }

    /// Until when a sample of that time holds, if nothing comes after it.
    pub(crate) fn held(&self, time: i64) -> i64 {
        time.saturating_add(self.resolution)
    }

    /// When its first sample is.
    fn begin(&self) -> Option<i64> {
        self.times().get(self.skip).copied()
    }
}

/// What there is of a series, oldest first.
#[derive(Debug, Clone, Default)]
pub(crate) struct Parts {
    all: Vec<Part>,
    /// Of a series that is not read any more: what was asked for reaches so far.
    by: Option<i64>,
}

impl Parts {
    /// What the series is now.
    pub(crate) fn family(&self) -> Option<&Family> {
        self.all.last().map(|part| &*part.family)
    }

    /// Tells what happens in these parts, in order of time.
    #[inline]
    pub(crate) fn each<'p>(&'p self, mut tell: impl FnMut(&'p Part, i64, Event<'_>)) {
        let mut last = Last { time: None, known: false };
        for part in &self.all {
            if let Some(born) = part.chunk.born.filter(|_| part.skip == 0) {
                let born = born.get();
                last.end(part, born, &mut tell);
                if last.time.is_none_or(|time| time < born) && part.begin().is_some_and(|begin| born < begin) {
                    last.time = Some(born);
                    tell(part, born, Event::Born);
                } else if let Some(time) = last.time {
                    // There is no time between what was and what is.
                    tell(part, time, Event::Born);
                }
            }
            let times = part.times().iter().copied().enumerate();
            match part.shape {
                Some(shape) => {
                    for ((at, time), words) in times.zip(part.chunk.words(shape)) {
                        if time >= part.until {
                            break;
                        }
                        if at < part.skip {
                            continue;
                        }
                        match words {
                            Some(words) => {
                                last = Last { time: Some(time), known: true };
                                tell(part, time, Event::Words(words));
                            }
                            None if last.known => {
                                last = Last { time: Some(time), known: false };
                                tell(part, time, Event::Ended);
                            }
                            None => {}
                        }
                    }
                }
                None => {
                    let mut reader = part.chunk.counts();
                    let mut wider = true;
                    for (at, time) in times {
                        let Some(more) = reader.advance().filter(|_| time < part.until) else { break };
                        wider |= more;
                        if at >= part.skip {
                            last = Last { time: Some(time), known: true };
                            tell(part, time, Event::Counts(&reader.counts, std::mem::take(&mut wider)));
                        }
                    }
                }
            }
        }
        // It would have been read again by then.
        if let (Some(part), Some(by), Some(time)) = (self.all.last(), self.by, last.time)
            && time.saturating_add(2 * part.step()) <= by
        {
            last.end(part, i64::MAX, &mut tell);
        }
    }
}

/// The last thing that was told.
#[derive(Debug, Clone, Copy)]
struct Last {
    time: Option<i64>,
    /// Whether that was a value.
    known: bool,
}

impl Last {
    /// What was there has ended by `before`, a step after its last sample.
    fn end<'p>(&mut self, part: &'p Part, before: i64, tell: &mut impl FnMut(&'p Part, i64, Event<'_>)) {
        let Some(time) = self.time.filter(|_| self.known) else { return };
        let at = time.saturating_add(part.step()).min(before.saturating_sub(1));
        if at > time {
            *self = Self { time: Some(at), known: false };
            tell(part, at, Event::Ended);
        }
    }
}
