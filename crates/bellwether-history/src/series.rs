//! A series: its samples of every tick, and per coarser tier the block that is being filled.

use std::collections::VecDeque;
use std::sync::{Arc, OnceLock};

use bellwether_core::MetricKind;
use bellwether_core::prometheus::le;
use bellwether_promql::Labels;

use crate::chunk::{Chunk, Counts, Guess, Shape};
use crate::family::{Facet, Family};

/// A series that history keeps, also when nothing records into it any more.
#[derive(Debug)]
pub(crate) struct Series {
    /// What the store calls it.
    pub(crate) id: u32,
    pub(crate) family: Arc<Family>,
    /// As Prometheus has them, the name among them.
    pub(crate) labels: Labels,
    /// What it was before its metric was declared otherwise, oldest first.
    pub(crate) past: Vec<(u32, Arc<Family>)>,
    /// The tick it was read by last.
    pub(crate) seen: Option<u32>,
    /// Samples of every tick, oldest first; the last chunk is being filled.
    pub(crate) chunks: VecDeque<Arc<Chunk>>,
    pub(crate) pen: Pen,
    pub(crate) coarse: Box<[Coarse]>,
    /// The labels of its other facets, made when first asked for.
    facets: OnceLock<Box<[Labels]>>,
}

/// What the last sample of a chunk was, which the next one is told by.
#[derive(Debug, Clone)]
pub(crate) enum Pen {
    /// The value; `None` if it was not known.
    Words(Guess, Option<u64>),
    Counts(Box<Counts>),
}

/// What is being filled for a coarser tier.
#[derive(Debug)]
pub(crate) struct Coarse {
    pub(crate) chunk: Option<Arc<Chunk>>,
    /// The start of its block.
    pub(crate) start: i64,
    pub(crate) pen: Pen,
    /// So many of its samples are in the store.
    pub(crate) stored: u16,
    /// Whether it has more than that, beyond what is the same again.
    pub(crate) dirty: bool,
    /// When its last sample was.
    pub(crate) until: i64,
    /// When the series began from nothing, for the chunk that is opened next.
    pub(crate) born: Option<i64>,
    /// The extremes of a gauge since the last sample.
    low: f64,
    high: f64,
    /// The states it was in since the last sample, a bit each.
    seen: u64,
}

/// Bits of a word of states that say which it is in; above them, which it has been in.
const STATE_BITS: u32 = 4;

/// A word for a state, and for which it has been in.
pub(crate) fn state_word(is: usize, seen: u64) -> u64 {
    let is = is as u64 & ((1 << STATE_BITS) - 1);
    (seen | 1 << is) << STATE_BITS | is
}

/// The state it is in, by such a word, and a bit for each that it has been in.
pub(crate) fn states_of(word: u64) -> (u64, u64) {
    (word & ((1 << STATE_BITS) - 1), word >> STATE_BITS)
}

impl Pen {
    pub(crate) fn new(shape: Option<Shape>) -> Self {
        match shape {
            Some(shape) => Self::Words(Guess::new(shape), None),
            None => Self::Counts(Box::default()),
        }
    }
}

impl Coarse {
    fn new(shape: Option<Shape>) -> Self {
        let (low, high) = (f64::INFINITY, f64::NEG_INFINITY);
        let pen = Pen::new(shape);
        Self {
            chunk: None,
            start: i64::MIN,
            pen,
            stored: 0,
            dirty: false,
            until: i64::MIN,
            born: None,
            low,
            high,
            seen: 0,
        }
    }

    /// Takes note of a gauge's or state set's word, which may be gone by the end of the step.
    #[inline]
    pub(crate) fn notice(&mut self, kind: MetricKind, word: u64) {
        match kind {
            MetricKind::Gauge => {
                let level = f64::from_bits(word);
                (self.low, self.high) = (self.low.min(level), self.high.max(level));
            }
            MetricKind::StateSet => self.seen |= states_of(word).1,
            _ => {}
        }
    }

    /// Appends what the pen of every tick has written last, as the sample of the step that ends at `time`.
    pub(crate) fn append(&mut self, from: &Pen, time: i64) {
        self.until = time;
        let Some(chunk) = &mut self.chunk else { return };
        let chunk = Arc::make_mut(chunk);
        let same = match (&mut self.pen, from) {
            (Pen::Words(guess, _), Pen::Words(_, Some(word))) => {
                let sample = match guess.shape() {
                    Shape::Extremes => [*word, self.low.to_bits(), self.high.to_bits()],
                    Shape::State => [state_word(states_of(*word).0 as usize, self.seen), 0, 0],
                    _ => [*word, 0, 0],
                };
                // A counter that goes on at its pace is as guessed, and is news all the same.
                chunk.push_words(guess, sample) && guess.is_at_rest()
            }
            (Pen::Counts(before), Pen::Counts(now)) => {
                let Some(growth) = now.growth(before) else { return };
                chunk.push_counts(before, &growth);
                if !growth.is_none() {
                    before.clone_from(now);
                }
                growth.is_none()
            }
            (Pen::Words(guess, _), _) => {
                chunk.push_absent(guess.shape());
                true
            }
            // No series is of both.
            (Pen::Counts(_), Pen::Words(..)) => return,
        };
        self.dirty |= !same || chunk.len == 1;
        (self.low, self.high, self.seen) = (f64::INFINITY, f64::NEG_INFINITY, 0);
        if let Pen::Words(_, Some(word)) = from {
            // A step begins with what was there at the end of the one before.
            self.seen = 1 << states_of(*word).0;
        }
    }

    /// Opens the chunk of a block, whose samples are told from nothing.
    pub(crate) fn open(&mut self, shape: Option<Shape>, first: u32, start: i64) {
        self.chunk = Some(Arc::new(Chunk::new(first, self.born.take())));
        (self.start, self.pen, self.stored, self.dirty) = (start, Pen::new(shape), 0, false);
    }
}

impl Series {
    pub(crate) fn new(id: u32, family: Arc<Family>, labels: Labels, tiers: usize) -> Self {
        let coarse = (0..tiers).map(|_| Coarse::new(family.coarse_shape())).collect();
        Self {
            id,
            labels,
            past: Vec::new(),
            seen: None,
            chunks: VecDeque::new(),
            pen: Pen::new(family.shape()),
            coarse,
            facets: OnceLock::new(),
            family,
        }
    }

    /// Goes on as a series of a metric that was declared otherwise, under another number.
    pub(crate) fn become_of(&mut self, id: u32, family: Arc<Family>) {
        let tiers = self.coarse.len();
        let mut next = Self::new(id, family, self.labels.clone(), tiers);
        next.past = std::mem::take(&mut self.past);
        next.past.push((self.id, Arc::clone(&self.family)));
        *self = next;
    }

    /// The labels of a facet.
    pub(crate) fn labels_of(&self, facet: Facet) -> Labels {
        let buckets = self.family.buckets.uppers().len();
        let at = match facet {
            Facet::Whole => return self.labels.clone(),
            Facet::Sum => buckets + 1,
            Facet::Count => buckets + 2,
            Facet::State(at) | Facet::Bucket(at) => usize::from(at),
        };
        let all = self.facets.get_or_init(|| self.other_facets());
        all.get(at).unwrap_or(&self.labels).clone()
    }

    fn other_facets(&self) -> Box<[Labels]> {
        let name = &self.family.name;
        let renamed = |suffix: &str| self.labels.with("__name__", Some(&format!("{name}{suffix}").into()));
        match &self.family.states {
            Some((label, states)) => states.iter().map(|s| self.labels.with(label, Some(&s.as_str().into()))).collect(),
            None => {
                let bucket = renamed("_bucket");
                let uppers = self.family.buckets.uppers().iter().map(|upper| le(*upper));
                let uppers = uppers.chain(["+Inf".to_owned()]);
                let buckets = uppers.map(|upper| bucket.with("le", Some(&upper.into())));
                buckets.chain([renamed("_sum"), renamed("_count")]).collect()
            }
        }
    }
}
