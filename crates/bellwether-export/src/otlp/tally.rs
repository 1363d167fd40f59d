//! What became of each item, counted for the report at the end and, as metrics, for everybody to see.

use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use bellwether_core::{Counter, Error, Family, Gauge, Histogram, Registry, Timestamp};

use super::report::{Loss, SignalReport};
use super::signal::Signal;

/// What became of an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Fate {
    Delivered,
    /// A data point that was not delivered now, but is part of the next push.
    Carried,
    QueueFull,
    TooLarge,
    Unavailable,
    Refused,
    Rejected,
    Shutdown,
}

const FATES: [(Fate, &str); 8] = [
    (Fate::Delivered, "delivered"),
    (Fate::Carried, "carried"),
    (Fate::QueueFull, Loss::QueueFull.as_str()),
    (Fate::TooLarge, Loss::TooLarge.as_str()),
    (Fate::Unavailable, Loss::Unavailable.as_str()),
    (Fate::Refused, Loss::Refused.as_str()),
    (Fate::Rejected, Loss::Rejected.as_str()),
    (Fate::Shutdown, Loss::Shutdown.as_str()),
];

/// Counts for one signal.
#[derive(Debug)]
pub(crate) struct Tally {
    /// Ours alone: the registry may outlive us, or have counted for another before.
    counts: [AtomicU64; FATES.len()],
    signal: Signal,
    items: Family<Counter, 2>,
    waiting: Gauge,
    last_success: Family<Gauge, 1>,
    attempts: Histogram,
    retries: Counter,
}

impl Tally {
    pub(crate) fn new(registry: &Registry, signal: Signal) -> Result<Self, Error> {
        let by_signal = ["signal"];
        let name = [signal.as_str()];
        let items = registry
            .counter("bellwether.export.items")
            .unit("{item}")
            .description("Spans, data points and log records for OTLP, by what became of them.")
            .labels(["signal", "result"])
            .family()?;
        // Zeros from the start: a rate needs a value before the first loss.
        for (fate, result) in FATES {
            if signal == Signal::Metrics || fate != Fate::Carried {
                items.get([signal.as_str(), result]).add(0);
            }
        }
        Ok(Self {
            counts: Default::default(),
            signal,
            items,
            waiting: match signal {
                // Metrics do not wait: they are read when they are sent.
                Signal::Metrics => Gauge::noop(),
                _ => registry
                    .gauge("bellwether.export.queue.items")
                    .unit("{item}")
                    .description("Spans and log records that wait to be sent by OTLP.")
                    .labels(by_signal)
                    .family()?
                    .get(name)
                    .clone(),
            },
            last_success: registry
                .gauge("bellwether.export.last_success")
                .unit("s")
                .description("When an OTLP request last succeeded, in seconds since 1970.")
                .labels(by_signal)
                .family()?,
            attempts: registry
                .histogram("bellwether.export.duration")
                .unit("s")
                .description("How long each attempt of an OTLP request took, whatever came of it.")
                .labels(by_signal)
                .family()?
                .get(name)
                .clone(),
            retries: registry
                .counter("bellwether.export.retries")
                .unit("{attempt}")
                .description("OTLP requests that were sent again.")
                .labels(by_signal)
                .family()?
                .get(name)
                .clone(),
        })
    }

    pub(crate) fn count(&self, fate: Fate, items: u64) {
        if items == 0 {
            return;
        }
        for ((own, result), count) in FATES.iter().zip(&self.counts) {
            if *own == fate {
                count.fetch_add(items, Relaxed);
                self.items.get([self.signal.as_str(), result]).add(items);
            }
        }
    }

    pub(crate) fn of(&self, fate: Fate) -> u64 {
        let found = FATES.iter().zip(&self.counts).find(|((own, _), _)| *own == fate);
        found.map_or(0, |(_, count)| count.load(Relaxed))
    }

    pub(crate) fn lost(&self) -> u64 {
        self.report(0).lost()
    }

    pub(crate) fn attempted(&self, duration: Duration, again: bool) {
        self.attempts.record_duration(duration);
        if again {
            self.retries.inc();
        }
    }

    pub(crate) fn succeeded(&self, at: Timestamp) {
        // A series only from the first success on: no number stands for never.
        self.last_success.get([self.signal.as_str()]).set(at.unix_seconds());
    }

    pub(crate) fn waiting(&self, items: usize) {
        self.waiting.set(items as f64);
    }

    pub(crate) fn report(&self, waiting: u64) -> SignalReport {
        let losses = Loss::ALL.map(|loss| (loss, self.of(loss.fate())));
        SignalReport::new(self.signal, self.of(Fate::Delivered), losses, waiting)
    }
}
