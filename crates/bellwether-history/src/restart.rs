//! What a restart finds: the series of earlier runs, when their last sample was, and what they left undone.

use std::collections::BTreeMap;
use std::sync::Arc;

use bellwether_core::MetricKind;
use bellwether_promql::Labels;

use crate::bytes;
use crate::chunk::{Block, Chunk, Counts, Guess, Shape, Words};
use crate::family::Family;
use crate::file::{BlockKey, Error, Reading, Store};
use crate::samples::Samples;
use crate::series::Series;
use crate::tiers::{BLOCK, Steps};

/// Takes over the series that the store knows, and says when the last sample of all was.
pub(crate) fn load(samples: &mut Samples, store: &Store) -> Result<Option<i64>, Error> {
    let reading = store.read()?;
    let mut covered = false;
    for (id, description) in reading.series()? {
        samples.next_id = samples.next_id.max(id.saturating_add(1));
        let Some((family, labels)) = describe(&description) else { continue };
        let family = samples.index.family(family);
        samples.restore(id, family, &labels, &mut covered);
    }
    let tiers = samples.steps.len();
    let mut last = None;
    for tier in 0..tiers {
        let Some((_, start)) = reading.extent(tier as u8 + 1)? else { continue };
        let coverage = samples.index.series.get(samples.coverage()).map(|series| series.id);
        // A series that began late has a block that starts after those which end with it.
        let from = start.saturating_sub(samples.steps[tier].reach());
        let of_coverage = coverage.map(|id| reading.blocks(tier as u8 + 1, id, from..i64::MAX)).transpose()?;
        let blocks = of_coverage.into_iter().flatten().filter_map(|(_, bytes)| Block::read(&bytes, Some(Shape::Count)));
        // At least the block's start, if what is in it cannot be read.
        let times = blocks.filter_map(|block| block.times.last().copied()).chain([start]);
        last = last.max(times.max());
    }
    Ok(last)
}

fn describe(mut from: &[u8]) -> Option<(Family, Vec<(String, String)>)> {
    let family = Family::decode(&mut from)?;
    let mut labels = Vec::new();
    while !from.is_empty() {
        labels.push((bytes::take_text(&mut from)?.to_owned(), bytes::take_text(&mut from)?.to_owned()));
    }
    Some((family, labels))
}

impl Samples {
    /// A series of an earlier run. One that has the labels of another is what that one was before, or after. What is covered is
    /// so whatever labels that run gave to its series; `covered` tells whether one such was seen.
    fn restore(&mut self, id: u32, family: Arc<Family>, labels: &[(String, String)], covered: &mut bool) {
        let labels: Vec<_> = labels.iter().filter(|(name, _)| name != "__name__").cloned().collect();
        let labels: Labels = self.index.intern(&family.name, &labels);
        let coverage = self.coverage();
        let is_coverage = self.index.series[coverage].family.name == family.name;
        match if is_coverage { Some(coverage) } else { self.index.position(&labels) } {
            Some(at) if is_coverage && !std::mem::replace(covered, true) => self.index.series[at].id = id,
            Some(at) => {
                self.index.series[at].become_of(id, family);
                self.index.refamily(at);
            }
            None => {
                let series = Series::new(id, family, labels, self.steps.len());
                self.index.insert(series);
            }
        }
    }
}

/// Brings the last values of earlier runs into the tiers that have only what was there at the end of their last step:
/// a crash leaves them behind. Earlier is what was there `until` this run began.
pub(crate) fn settle(samples: &Samples, store: &Store, until: i64) -> Result<(), Error> {
    let reading = store.read()?;
    let families: BTreeMap<u32, Arc<Family>> = samples.index.series.iter().flat_map(known).collect();
    for (tier, pair) in samples.steps.windows(2).enumerate() {
        let (fine, coarse) = (tier as u8 + 1, tier as u8 + 2);
        let told = told(&reading, coarse, &pair[1], &families)?;
        // A block of the finer tier that is open at the last step has begun no longer ago than it is long.
        let reach = pair[0].resolution.saturating_mul(BLOCK as i64 + 1).saturating_add(pair[1].resolution);
        let from = told.values().max().map_or(i64::MIN, |last| last.saturating_sub(reach));
        let mut left: BTreeMap<u32, Vec<Left>> = BTreeMap::new();
        for row in reading.scan(fine, from..i64::MAX) {
            let (key, bytes) = row?;
            let Some(family) = families.get(&key.series) else { continue };
            let after = told.get(&key.series).copied().unwrap_or(i64::MIN);
            let block = Block::read(&bytes, family.coarse_shape());
            if let Some(block) = block.filter(|block| block.times.first().is_some_and(|first| *first <= until)) {
                Left::take(left.entry(key.series).or_default(), &block, family, after);
            }
        }
        for (series, runs) in left {
            for run in runs {
                let bytes = run.block(families.get(&series).and_then(|family| family.coarse_shape()));
                store.put(BlockKey { tier: coarse, start: run.time, series }, &bytes);
            }
        }
    }
    Ok(())
}

fn known(series: &Series) -> impl Iterator<Item = (u32, Arc<Family>)> {
    series.past.iter().cloned().chain([(series.id, series.family.clone())])
}

/// When the last sample of each series was in a tier.
fn told(
    reading: &Reading,
    tier: u8,
    steps: &Steps,
    families: &BTreeMap<u32, Arc<Family>>,
) -> Result<BTreeMap<u32, i64>, Error> {
    let mut last: BTreeMap<u32, i64> = BTreeMap::new();
    let Some((_, start)) = reading.extent(tier)? else { return Ok(last) };
    for row in reading.scan(tier, start.saturating_sub(steps.reach())..i64::MAX) {
        let (key, bytes) = row?;
        let Some(family) = families.get(&key.series) else { continue };
        let block = Block::read(&bytes, family.coarse_shape());
        if let Some(time) = block.and_then(|block| block.times.last().copied()) {
            let known = last.entry(key.series).or_insert(time);
            *known = time.max(*known);
        }
    }
    Ok(last)
}

/// The last value of a run that a coarser tier does not have.
struct Left {
    time: i64,
    born: Option<i64>,
    words: Words,
    counts: Counts,
}

impl Left {
    /// Goes on through the next block of a series.
    fn take(runs: &mut Vec<Self>, block: &Block, family: &Family, after: i64) {
        let born = block.chunk.born.map(|born| born.get());
        if runs.is_empty() || born.is_some() {
            let born = born.filter(|born| *born > after);
            runs.push(Self { time: i64::MIN, born, words: EXTREMES, counts: Counts::default() });
        }
        let Some(run) = runs.last_mut() else { return };
        let mut reader = block.chunk.counts();
        match family.coarse_shape() {
            Some(shape) => {
                for (time, words) in block.times.iter().zip(block.chunk.words(shape)) {
                    let Some(words) = words.filter(|_| *time > after) else { continue };
                    run.time = *time;
                    run.words = match family.kind {
                        MetricKind::Gauge => extend(run.words, words),
                        _ => words,
                    };
                }
            }
            None => {
                for time in block.times.iter() {
                    if reader.advance().is_none() {
                        break;
                    }
                    run.time = if *time > after { *time } else { run.time };
                }
                run.counts = reader.counts;
            }
        }
        runs.retain(|run| run.time > i64::MIN);
    }

    fn block(&self, shape: Option<Shape>) -> Vec<u8> {
        let mut chunk = Chunk::new(0, self.born);
        match shape {
            Some(shape) => drop(chunk.push_words(&mut Guess::new(shape), self.words)),
            None => {
                let nothing = Counts::default();
                self.counts.growth(&nothing).iter().for_each(|growth| chunk.push_counts(&nothing, growth));
            }
        }
        Block::write(&chunk, &[self.time], shape)
    }
}

/// No extremes yet.
const EXTREMES: Words = [0, f64::INFINITY.to_bits(), f64::NEG_INFINITY.to_bits()];

/// The last value, the least and the greatest so far.
fn extend(so_far: Words, next: Words) -> Words {
    let [_, low, high] = so_far.map(f64::from_bits);
    let [last, least, most] = next.map(f64::from_bits);
    [last, low.min(least), high.max(most)].map(f64::to_bits)
}
