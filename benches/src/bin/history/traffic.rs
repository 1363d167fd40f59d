//! A service with 10,000 series under traffic: what its routes, pools and queues record from tick to tick.

use bellwether_benches::sample::{BOUNDS, latencies};
use bellwether_core::{Clock, Counter, Gauge, Histogram, Registry, Timestamp};
use fastrand::Rng;

/// Which series there are.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Mix {
    pub(crate) counters: usize,
    pub(crate) gauges: usize,
    pub(crate) histograms: usize,
}

impl Mix {
    pub(crate) const FLOATS: Self = Self { counters: 5_500, gauges: 2_500, histograms: 0 };
    pub(crate) const HISTOGRAMS: Self = Self { counters: 0, gauges: 0, histograms: 2_000 };
    pub(crate) const ALL: Self = Self { histograms: 2_000, ..Self::FLOATS };

    pub(crate) fn series(self) -> usize {
        self.counters + self.gauges + self.histograms
    }
}

/// What goes on in a service.
pub(crate) struct Traffic {
    pub(crate) registry: Registry,
    pub(crate) clock: Clock,
    random: Rng,
    counters: Vec<Counter>,
    histograms: Vec<Histogram>,
    gauges: Vec<(Gauge, Kind)>,
    latencies: Vec<f64>,
    /// Requests between two ticks.
    requests: usize,
}

/// What a gauge is of.
#[derive(Debug, Clone, Copy)]
enum Kind {
    /// A limit, a version: it stays.
    Constant,
    /// A queue, what is in flight: whole numbers that go up and down.
    Level,
    /// Memory: large whole numbers, now and then.
    Bytes,
    /// A ratio: all digits change.
    Ratio,
}

impl Traffic {
    pub(crate) fn new(mix: Mix, requests: usize) -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        let registry = Registry::on(clock.clone());
        registry.limit_series(20_000);
        let counters = registry.counter("http.server.requests").unit("{request}").labels(["route", "outcome"]);
        let counters = counters.family().expect("a legal metric");
        let histograms = registry.histogram("http.server.request.duration").unit("s").bounds(BOUNDS);
        let histograms = histograms.labels(["route", "status"]).family().expect("a legal metric");
        let gauges = registry.gauge("pool.state").labels(["pool", "what"]).family().expect("a legal metric");
        let route = |number: usize| format!("/v1/things-of-some-length/{}", number / 4);
        let outcome = |number: usize| ["success", "failure", "rejected", "cancelled"][number % 4];
        let kind = |number: usize| [Kind::Constant, Kind::Level, Kind::Level, Kind::Bytes, Kind::Ratio][number % 5];
        Self {
            clock,
            random: Rng::with_seed(3),
            counters: (0..mix.counters).map(|n| counters.get([&route(n), outcome(n)]).clone()).collect(),
            histograms: (0..mix.histograms).map(|n| histograms.get([&route(n), outcome(n)]).clone()).collect(),
            gauges: (0..mix.gauges).map(|n| (gauges.get([&route(n), outcome(n)]).clone(), kind(n))).collect(),
            latencies: latencies().to_vec(),
            requests,
            registry,
        }
    }

    /// What happens until the next tick.
    pub(crate) fn go_on(&mut self) {
        let Self { random, counters, histograms, gauges, latencies, .. } = self;
        for _ in 0..self.requests {
            if let Some(counter) = zipf(random, counters) {
                counter.inc();
            }
            if let Some(histogram) = zipf(random, histograms) {
                // No two latencies are the same.
                histogram.record(latencies[random.usize(..latencies.len())] * (0.95 + random.f64() / 10.0));
            }
        }
        for (gauge, kind) in gauges {
            match kind {
                Kind::Constant if gauge.value() == 0.0 => gauge.set(512.0),
                Kind::Constant => {}
                Kind::Level => gauge.set((gauge.value() + f64::from(random.i32(-2..=2))).max(0.0)),
                Kind::Bytes if random.u32(0..4) == 0 => gauge.set(f64::from(random.u32(..)) * 4096.0),
                Kind::Bytes => {}
                Kind::Ratio => gauge.set(random.f64()),
            }
        }
    }
}

/// One of them, the first ones far more often: the n-th is used in proportion to 1/n.
fn zipf<'s, T>(random: &mut Rng, all: &'s [T]) -> Option<&'s T> {
    let at = ((all.len() as f64 + 1.0).powf(random.f64()) - 1.0) as usize;
    all.get(at)
}
