//! A service whose history is kept, and a model that keeps all it has read.

use std::path::PathBuf;
use std::time::Duration;

use bellwether_core::{Clock, Counter, Gauge, Histogram, Registry, Timestamp};
use bellwether_history::{History, Options, View};

pub(crate) struct Service {
    path: Option<PathBuf>,
    options: Options,
    clock: Clock,
    registry: Registry,
    jobs: Counter,
    wait: Histogram,
    level: Gauge,
    pub(crate) history: History,
    pub(crate) model: Model,
    /// The time of the earliest tick.
    pub(crate) begin: i64,
}

/// What was read of each run of the process.
#[derive(Debug, Default)]
pub(crate) struct Model {
    runs: Vec<Run>,
}

/// The values of every tick, and how many of them are sure to outlive a crash.
#[derive(Debug, Default)]
struct Run {
    /// The tick's time, what was counted, how many values were recorded, and how many were at most 0.25 and 1.
    ticks: Vec<(i64, u64, [u64; 3])>,
    /// The end of the last step of a minute that was flushed, if it ended by a crash.
    kept: Option<i64>,
    flushed: i64,
    now: (u64, [u64; 3]),
}

impl Model {
    /// All that was counted and can be known.
    pub(crate) fn counted(&self) -> u128 {
        self.ends().map(|(_, count, _)| u128::from(count)).sum()
    }

    /// The same of what was recorded: in all, and up to 0.25 and 1.
    pub(crate) fn recorded(&self) -> (u64, (u64, u64)) {
        let sum = |at: usize| self.ends().map(|(_, _, counts)| counts[at]).sum();
        (sum(0), (sum(1), sum(2)))
    }

    /// What each run came to, as far as it was kept.
    fn ends(&self) -> impl Iterator<Item = (i64, u64, [u64; 3])> {
        let end = |run: &Run| match run.kept {
            Some(kept) => run.ticks.iter().rfind(|tick| tick.0 <= kept).copied(),
            None => run.ticks.last().copied(),
        };
        self.runs.iter().filter_map(end)
    }
}

impl Service {
    pub(crate) fn new(path: PathBuf, options: Options) -> Self {
        Self::of(Some(path), options)
    }

    pub(crate) fn in_memory(options: Options) -> Self {
        Self::of(None, options)
    }

    fn of(path: Option<PathBuf>, options: Options) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_017));
        let begin = clock.timestamp().unix_millis() as i64;
        let history = open(&path, &options, &clock);
        let registry = Registry::on(clock.clone());
        let (jobs, wait, level) = instruments(&registry);
        let model = Model { runs: vec![Run::default()] };
        Self { path, options, clock, registry, jobs, wait, level, history, model, begin }
    }

    fn run(&mut self) -> &mut Run {
        self.model.runs.last_mut().unwrap()
    }

    pub(crate) fn count(&mut self, n: u64) {
        self.jobs.add(n);
        self.run().now.0 += n;
    }

    pub(crate) fn record(&mut self, values: &[f64]) {
        for value in values {
            self.wait.record(*value);
            let counts = &mut self.run().now.1;
            counts[0] += 1;
            counts[1] += u64::from(*value <= 0.25);
            counts[2] += u64::from(*value <= 1.0);
        }
    }

    pub(crate) fn level(&mut self, level: f64) {
        self.level.set(level);
    }

    pub(crate) fn tick(&mut self, seconds: u64) {
        let tick = self.history.tick(&self.registry, self.clock.timestamp(), self.clock.now());
        let (count, counts) = self.run().now;
        // A restarted process knows what was kept.
        let before = self.model.ends().map(|(time, ..)| time).max();
        assert!(before.is_none_or(|before| tick.at > before), "time goes on");
        self.run().ticks.push((tick.at, count, counts));
        self.begin = self.begin.min(tick.at);
        self.clock.advance(Duration::from_secs(seconds));
    }

    pub(crate) fn jump(&mut self, seconds: i64) {
        let now = self.clock.timestamp();
        let by = Duration::from_secs(seconds.unsigned_abs());
        self.clock.jump(if seconds < 0 { now.before(by) } else { now.after(by) });
    }

    pub(crate) fn flush(&mut self) {
        self.history.flush(self.clock.timestamp()).unwrap();
        let last = self.run().ticks.last().map_or(i64::MIN, |tick| tick.0);
        self.run().flushed = last;
    }

    pub(crate) fn restart(&mut self, well: bool, after: u64) {
        if well {
            self.history.close(self.clock.timestamp()).unwrap();
        } else {
            let run = self.run();
            // Steps are over when a tick comes after their end.
            run.kept = Some(if run.flushed <= 0 {
                i64::MIN
            } else {
                run.flushed.saturating_sub(1).div_euclid(60_000) * 60_000
            });
            // Nothing that it still has in memory gets to the disk.
            self.history = History::in_memory(Options::new());
        }
        self.clock.advance(Duration::from_secs(after));
        self.registry = Registry::on(self.clock.clone());
        (self.jobs, self.wait, self.level) = instruments(&self.registry);
        if self.path.is_some() {
            self.history = open(&self.path, &self.options, &self.clock);
        }
        self.model.runs.push(Run::default());
    }

    /// What is said to be unknown is in order, within the window, and holds no tick that was kept.
    pub(crate) fn check_unknown(&self, view: &View, from: i64, to: i64) {
        let unknown = view.unknown(from, to).unwrap();
        assert!(unknown.windows(2).all(|pair| pair[0].to <= pair[1].from), "{unknown:?}");
        assert!(unknown.iter().all(|span| from <= span.from && span.from < span.to && span.to <= to), "{unknown:?}");
    }
}

fn instruments(registry: &Registry) -> (Counter, Histogram, Gauge) {
    let wait = registry.histogram("wait").unit("s").bounds([0.25, 1.0]).build().unwrap();
    (registry.counter("jobs").build().unwrap(), wait, registry.gauge("level").build().unwrap())
}

fn open(path: &Option<PathBuf>, options: &Options, clock: &Clock) -> History {
    match path {
        Some(path) => History::open(path, options.clone(), clock.timestamp()),
        None => History::in_memory(options.clone()),
    }
}
