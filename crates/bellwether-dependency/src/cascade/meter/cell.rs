//! What is counted of a node and of an edge since the beginning. What happens with every call goes into lanes, the rest is rare.

use std::sync::Arc;
use std::sync::atomic::AtomicU64 as Word;
use std::sync::atomic::Ordering::Relaxed;

use bellwether_core::lanes::{Lanes, Met, add_exclusive, add_shared};

use super::level::{self, Level};
use crate::cascade::graph::Kind;
use crate::cascade::latency::{self, Latency};
use crate::cascade::{Failure, Failures};
use crate::sync::{AtomicU32, AtomicU64, OnceBox};

const CLASSES: usize = Failure::ALL.len();
/// Buckets are made so many at a time, when the first is needed: what is called takes about as long each time.
const GROUP: usize = 16;
const GROUPS: usize = Latency::BUCKETS.div_ceil(GROUP);

/// A route, a dependency or a resource.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) name: Arc<str>,
    pub(super) kind: Kind,
    lanes: Lanes<NodeLane>,
    failed: [AtomicU64; CLASSES],
    own: [AtomicU64; CLASSES],
    /// Failed calls that were tried again, by how they had failed.
    retried: [AtomicU64; CLASSES],
    /// The parts of the window in which calls were lost.
    lost_in: AtomicU32,
    /// Of a cache, look-ups that found nothing.
    misses: AtomicU64,
    /// Of a dependency, the nodes of what refuses calls to it, each plus one: its breaker, its limit.
    pub(super) guards: [AtomicU32; 2],
    /// Of a resource, how many permits there are.
    pub(super) capacity: AtomicU64,
}

/// Calls of one node by another, or its use of a resource.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: u32,
    pub(super) to: u32,
    lanes: Lanes<EdgeLane>,
    pub(super) failed: AtomicU64,
    pub(super) cut: AtomicU64,
    held: AtomicU64,
}

/// A cache line apart from what is beside it.
#[derive(Debug, Default)]
#[repr(C)]
struct NodeLane {
    _before: [u64; 7],
    /// The level of what is under way.
    busy: Word,
    /// The level of what waits for calls.
    waiting: Word,
    good: Word,
    /// How long it took: what made no calls; the whole of what did, and what of that was its own.
    alone: Buckets,
    whole: Buckets,
    own: Buckets,
    _behind: [u64; 7],
}

#[derive(Debug, Default)]
#[repr(C)]
struct EdgeLane {
    _before: [u64; 7],
    begun: Word,
    busy: Word,
    _behind: [u64; 7],
}

#[derive(Debug, Default)]
struct Buckets([OnceBox<[Word; GROUP]>; GROUPS]);

/// How one call ended, as a node counts it.
#[derive(Debug, Clone, Copy)]
pub(super) struct End {
    pub(super) at: u64,
    pub(super) took: u64,
    /// What of that was its own, if it made calls.
    pub(super) own: Option<u64>,
    pub(super) waiting: bool,
    pub(super) good: bool,
}

/// All that was counted of a node until a moment.
#[derive(Debug, Clone, Default)]
pub(super) struct NodeTotals {
    pub(super) busy: Level,
    pub(super) waiting: Level,
    pub(super) good: u64,
    pub(super) misses: u64,
    pub(super) failed: [u64; CLASSES],
    pub(super) own: [u64; CLASSES],
    pub(super) retried: [u64; CLASSES],
    latency: Counts,
    own_time: Counts,
}

/// All that was counted of an edge until a moment.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct EdgeTotals {
    pub(super) begun: u64,
    pub(super) busy: Level,
    pub(super) failed: u64,
    pub(super) cut: u64,
    pub(super) held: Level,
}

#[derive(Debug, Clone)]
struct Counts([u32; Latency::BUCKETS]);

impl Node {
    pub(super) fn new(name: Arc<str>, kind: Kind) -> Self {
        let zeros = || std::array::from_fn(|_| AtomicU64::new(0));
        Self {
            name,
            kind,
            lanes: Lanes::default(),
            failed: zeros(),
            own: zeros(),
            retried: zeros(),
            lost_in: AtomicU32::new(0),
            misses: AtomicU64::new(0),
            guards: std::array::from_fn(|_| AtomicU32::new(0)),
            capacity: AtomicU64::new(0),
        }
    }

    #[inline]
    pub(super) fn begun(&self, at: u64) {
        let units = level::enter(at);
        self.lanes.write(|lane| add_exclusive(&lane.busy, units), |lane| add_shared(&lane.busy, units));
    }

    #[inline]
    pub(super) fn ended(&self, end: &End) {
        self.lanes.write(|lane| _ = lane.ended(end, alone), |lane| lane.ended(end, add_shared));
    }

    /// A call waits for one that it makes, or does so no more.
    #[inline]
    pub(super) fn waits(&self, units: u64) {
        self.lanes.write(|lane| add_exclusive(&lane.waiting, units), |lane| add_shared(&lane.waiting, units));
    }

    /// A permit of a resource was asked for.
    pub(super) fn asked(&self) {
        self.lanes.write(|lane| add_exclusive(&lane.good, 1), |lane| add_shared(&lane.good, 1));
    }

    /// A permit of a resource is given back.
    pub(super) fn given_back(&self, at: u64) {
        let units = level::leave(at);
        self.lanes.write(|lane| add_exclusive(&lane.busy, units), |lane| add_shared(&lane.busy, units));
    }

    /// A call failed, by itself or by another one's fault, in this part of the window.
    #[cold]
    pub(super) fn failed(&self, class: Failure, own: bool, part: u32) {
        self.failed[class as usize].fetch_add(1, Relaxed);
        if own {
            self.own[class as usize].fetch_add(1, Relaxed);
        }
        if class.is_loss() {
            self.lost_in.fetch_or(1 << part, Relaxed);
        }
    }

    /// A call was refused without being made.
    #[cold]
    pub(super) fn refused(&self, at: u64) {
        let end = End { at, took: 0, own: None, waiting: false, good: false };
        self.begun(at);
        self.ended(&end);
    }

    /// A call that had failed in that class is tried again.
    #[cold]
    pub(super) fn retried(&self, class: Failure) {
        self.retried[class as usize].fetch_add(1, Relaxed);
    }

    /// A call found nothing.
    pub(super) fn missed(&self) {
        self.misses.fetch_add(1, Relaxed);
    }

    /// All there is, but for the parts in which calls were lost: those are of the window, and asked for once.
    pub(super) fn read(&self, at: u64) -> NodeTotals {
        let mut totals = NodeTotals::default();
        let (mut busy, mut waiting) = (0_u64, 0_u64);
        for lane in self.lanes.iter() {
            busy = busy.wrapping_add(lane.busy.load(Relaxed));
            waiting = waiting.wrapping_add(lane.waiting.load(Relaxed));
            totals.good = totals.good.wrapping_add(lane.good.load(Relaxed));
            lane.alone.add_to(&mut totals.latency);
            lane.alone.add_to(&mut totals.own_time);
            lane.whole.add_to(&mut totals.latency);
            lane.own.add_to(&mut totals.own_time);
        }
        totals.misses = self.misses.load(Relaxed);
        (totals.busy, totals.waiting) = (Level::read(busy, at), Level::read(waiting, at));
        for class in 0..CLASSES {
            totals.failed[class] = self.failed[class].load(Relaxed);
            totals.own[class] = self.own[class].load(Relaxed);
            totals.retried[class] = self.retried[class].load(Relaxed);
        }
        totals
    }

    pub(super) fn take_lost_in(&self) -> u16 {
        self.lost_in.swap(0, Relaxed) as u16
    }
}

/// Adds where nobody else writes, and says so.
#[inline]
fn alone(word: &Word, n: u64) -> Met {
    add_exclusive(word, n);
    Met::Nobody
}

impl NodeLane {
    #[inline]
    fn ended(&self, end: &End, add: impl Fn(&Word, u64) -> Met) -> Met {
        let mut met = add(&self.busy, level::leave(end.at));
        if end.waiting {
            add(&self.waiting, level::leave(end.at));
        }
        if end.good {
            add(&self.good, 1);
        }
        let whole = if end.own.is_some() { &self.whole } else { &self.alone };
        if add(whole.at(end.took), 1) == Met::Somebody {
            met = Met::Somebody;
        }
        if let Some(own) = end.own {
            add(self.own.at(own), 1);
        }
        met
    }
}

impl Edge {
    pub(super) fn new(from: u32, to: u32) -> Self {
        let zero = || AtomicU64::new(0);
        Self { from, to, lanes: Lanes::default(), failed: zero(), cut: zero(), held: zero() }
    }

    #[inline]
    pub(super) fn begun(&self, at: u64) {
        let units = level::enter(at);
        self.lanes.write(
            |lane| {
                add_exclusive(&lane.begun, 1);
                add_exclusive(&lane.busy, units);
            },
            |lane| {
                add_shared(&lane.begun, 1);
                add_shared(&lane.busy, units)
            },
        );
    }

    #[inline]
    pub(super) fn ended(&self, at: u64) {
        let units = level::leave(at);
        self.lanes.write(|lane| add_exclusive(&lane.busy, units), |lane| add_shared(&lane.busy, units));
    }

    /// So many permits are held along it from then on.
    pub(super) fn holds(&self, at: u64) {
        self.held.fetch_add(level::enter(at), Relaxed);
    }

    /// And so many are not any more.
    pub(super) fn held(&self, at: u64, permits: u32) {
        self.held.fetch_add(level::leave(at).wrapping_mul(u64::from(permits)), Relaxed);
    }

    pub(super) fn read(&self, at: u64) -> EdgeTotals {
        let (mut begun, mut busy) = (0_u64, 0_u64);
        for lane in self.lanes.iter() {
            begun = begun.wrapping_add(lane.begun.load(Relaxed));
            busy = busy.wrapping_add(lane.busy.load(Relaxed));
        }
        EdgeTotals {
            begun,
            busy: Level::read(busy, at),
            failed: self.failed.load(Relaxed),
            cut: self.cut.load(Relaxed),
            held: Level::read(self.held.load(Relaxed), at),
        }
    }
}

impl Buckets {
    #[inline]
    fn at(&self, units: u64) -> &Word {
        let bucket = latency::bucket(level::seconds(units));
        let group = self.0[bucket / GROUP].get_or_init(Box::default);
        &group[bucket % GROUP]
    }

    fn add_to(&self, counts: &mut Counts) {
        for (group, sums) in self.0.iter().zip(counts.0.chunks_mut(GROUP)) {
            for (word, sum) in group.get().into_iter().flatten().zip(sums) {
                *sum = sum.wrapping_add(word.load(Relaxed) as u32);
            }
        }
    }
}

impl NodeTotals {
    /// How long the calls took that ended since `before`.
    pub(super) fn latency_since(&self, before: &Self) -> Latency {
        self.latency.since(&before.latency)
    }

    /// How much of that was their own.
    pub(super) fn own_time_since(&self, before: &Self) -> Latency {
        self.own_time.since(&before.own_time)
    }
}

/// Failures since `before`, class by class.
pub(super) fn since(now: &[u64; CLASSES], before: &[u64; CLASSES]) -> Failures {
    let mut failures = Failures::default();
    for class in Failure::ALL {
        failures[class] = now[class as usize].saturating_sub(before[class as usize]);
    }
    failures
}

impl Counts {
    fn since(&self, before: &Self) -> Latency {
        Latency::of(std::array::from_fn(|bucket| self.0[bucket].wrapping_sub(before.0[bucket])))
    }
}

impl Default for Counts {
    fn default() -> Self {
        Self([0; Latency::BUCKETS])
    }
}
