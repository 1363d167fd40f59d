//! The handle: what ticks write into and everybody reads from.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use bellwether_core::{Instant, Metric, Registry, Timestamp};

use crate::file::{self, Limits, Log, Record, Store};
use crate::memo::Memo;
use crate::options::Options;
use crate::own::Own;
use crate::samples::{Samples, Scratch};
use crate::stamps::Stamps;
use crate::tiers::{BLOCK, Tier};
use crate::view::View;
use crate::{restart, status::Status};

/// What happened, to the last tick. Cheap to clone; clones are the same history.
///
/// One thread ticks and flushes; any thread reads. Whoever records into the registry waits for neither.
///
/// ```
/// use bellwether_core::{Clock, Registry, Timestamp};
/// use bellwether_history::{History, Options};
/// use bellwether_promql::{MatchOp, Matcher};
/// use std::time::Duration;
///
/// let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
/// let registry = Registry::on(clock.clone());
/// let history = History::in_memory(Options::new());
/// let jobs = registry.counter("jobs.done").build()?;
/// for _ in 0..12 {
///     jobs.add(10);
///     history.tick(&registry, clock.timestamp(), clock.now());
///     clock.advance(Duration::from_secs(5));
/// }
///
/// let name = Matcher::new("__name__", MatchOp::Equal, "jobs_done_total")?;
/// let view = history.view();
/// let to = view.until().unwrap();
/// let increase = view.increase(&[name], to - 30_000, to)?;
/// assert_eq!(increase[0].count, 60);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct History(Arc<Shared>);

#[derive(Debug)]
pub(crate) struct Shared {
    samples: RwLock<Samples>,
    pub(crate) store: Store,
    pub(crate) memo: Memo,
    ticking: Mutex<Ticking>,
}

/// What only ticks need.
#[derive(Debug)]
struct Ticking {
    stamps: Stamps,
    scratch: Scratch,
    own: Option<(Registry, Own)>,
    jumps: u64,
    /// When the last sample of earlier runs was, until all tiers have it.
    unsettled: Option<i64>,
}

/// What a tick did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Tick {
    /// The time its samples have, in milliseconds since 1970: the wall clock's, unless that is behind what it was.
    pub at: i64,
    /// By how many milliseconds the wall clock has jumped since the tick before: forward, or back if below zero. What
    /// is no more than a second, or a hundredth of the time between, is no jump.
    pub jump: i64,
}

impl History {
    /// A history without a file: it is gone with the process.
    pub fn in_memory(options: Options) -> Self {
        Self::new(options, 0)
    }

    /// A history whose coarser tiers outlive the process in a file; its directory must exist. `now` is the wall clock's.
    ///
    /// It does not fail: where the file cannot be used, history goes on in memory, [`status`](Self::status) says what is
    /// wrong, and it is tried again.
    pub fn open(path: impl Into<PathBuf>, mut options: Options, now: Timestamp) -> Self {
        options.path = Some(path.into());
        Self::new(options, now.unix_millis() as i64)
    }

    fn new(options: Options, now: i64) -> Self {
        let mut kept = match &options.path {
            Some(path) => file::Options::new(path).max_bytes(options.max_bytes),
            None => file::Options::in_memory(),
        };
        kept = kept.max_memory(options.max_memory / 2);
        for (tier, Tier { resolution, retention }) in options.tiers.iter().enumerate() {
            // Blocks are kept from their start.
            kept = kept.keep(tier as u8 + 1, *retention + *resolution * BLOCK as u32);
        }
        let store = Store::open(kept, now);
        let mut samples = Samples::new(&options);
        let mut stamps = Stamps::default();
        // What cannot be read is as good as not there; the store remembers why.
        let last = restart::load(&mut samples, &store).unwrap_or_default();
        last.into_iter().for_each(|last| stamps.after(last));
        samples.earlier = last;
        let ticking = Ticking { stamps, scratch: Scratch::default(), own: None, jumps: 0, unsettled: last };
        Self(Arc::new(Shared {
            samples: RwLock::new(samples),
            store,
            memo: Memo::new(options.max_memory / 4),
            ticking: Mutex::new(ticking),
        }))
    }

    /// Reads the registry and appends what it says, under the wall clock's time; `now` tells how much time has passed.
    ///
    /// For one thread, every few seconds. It reads without resetting, and nobody who records waits for it.
    pub fn tick(&self, registry: &Registry, wall: Timestamp, now: Instant) -> Tick {
        let mut ticking = self.0.ticking();
        let Ticking { stamps, scratch, own, jumps, .. } = &mut *ticking;
        let stamp = stamps.stamp(wall, now);
        *jumps += u64::from(stamp.jump != 0);
        if own.is_none() {
            *own = Own::new(registry).ok().map(|own| (registry.clone(), own));
        }
        let mut samples = self.0.samples_mut();
        samples.tick(registry, stamp, scratch, &self.0.store);
        self.0.memo.lock().tidy(samples.ticks.next());
        let status = Status::of(&samples, &self.0, *jumps);
        drop(samples);
        if let Some((_, own)) = own {
            own.tell(&status);
        }
        Tick { at: stamp.at, jump: stamp.jump }
    }

    /// Hands over to the store what the coarser tiers have, and has it written. For the thread that may do I/O, about
    /// once a minute: what was handed over survives a crash. `now` is the wall clock's time.
    ///
    /// # Errors
    /// What keeps the file from being written: history goes on in memory, and it is tried again.
    pub fn flush(&self, now: Timestamp) -> Result<(), file::Error> {
        let mut ticking = self.0.ticking();
        if let Some(until) = ticking.unsettled
            && restart::settle(&self.0.samples(), &self.0.store, until).is_ok()
        {
            // If it cannot be read now, then the next time.
            ticking.unsettled = None;
        }
        self.0.samples_mut().save(&self.0.store);
        drop(ticking);
        self.0.store.flush(now.unix_millis() as i64).map(drop)
    }

    /// Ends it well: the last values of all series are kept in all tiers, and the file is given back.
    ///
    /// # Errors
    /// As [`flush`](Self::flush).
    pub fn close(&self, now: Timestamp) -> Result<(), file::Error> {
        let flushed = self.flush(now);
        self.0.samples_mut().finish(&self.0.store);
        flushed.and(self.0.store.close(now.unix_millis() as i64).map(drop))
    }

    /// What there is now, for as many questions as one likes.
    pub fn view(&self) -> View {
        View::new(Arc::clone(&self.0))
    }

    /// How much is kept, what was turned away, and what is wrong with the file.
    pub fn status(&self) -> Status {
        let jumps = self.0.ticking().jumps;
        Status::of(&self.0.samples(), &self.0, jumps)
    }

    /// An append-only log of records in the same file, kept within `limits`.
    pub fn log<R: Record>(&self, limits: Limits) -> Log<R> {
        self.0.store.log(limits)
    }
}

impl Shared {
    pub(crate) fn samples(&self) -> RwLockReadGuard<'_, Samples> {
        self.samples.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// The metrics of the registry, each with where its series are.
    pub(crate) fn metrics(&self) -> Vec<(Arc<Metric>, Vec<Option<usize>>)> {
        self.ticking().scratch.sources.all().map(|(metric, places)| (metric.clone(), places.to_vec())).collect()
    }

    fn samples_mut(&self) -> RwLockWriteGuard<'_, Samples> {
        self.samples.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn ticking(&self) -> MutexGuard<'_, Ticking> {
        self.ticking.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
