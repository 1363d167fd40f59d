//! What is read at a tick: every series' running totals. A registry can be read as it is.

use std::cell::RefCell;
use std::hash::{BuildHasher, Hasher};

use bellwether_core::{Handle, HistogramSnapshot, Registry, Series};
use foldhash::fast::FixedState;

use crate::Slo;

/// Something whose series are read at each tick.
pub trait Readings {
    /// Shows every series that may matter, in any order.
    fn each(&self, show: &mut dyn FnMut(&dyn Read));

    /// What a PromQL expression comes to now; `None` if it has no value.
    ///
    /// # Errors
    /// A sentence that says why it cannot be told. Default: no PromQL is known here.
    fn evaluate(&self, expression: &str) -> Result<Option<f64>, String> {
        Err(format!("{expression:?} cannot be evaluated: no PromQL is known here"))
    }

    /// How many of an objective's operations are under way now and have taken longer than it promises. Default: none.
    fn hung(&self, slo: &Slo) -> u64 {
        let _ = slo;
        0
    }
}

/// One series, to be read.
pub trait Read {
    /// A number that is this series' alone, at every tick.
    fn id(&self) -> u64;

    /// The name of its metric.
    fn metric(&self) -> &str;

    /// The value of a label, if it has it.
    fn label(&self, name: &str) -> Option<&str>;

    /// What it counts by now: of a counter its value, of a histogram how many values it has. `None` if it is neither.
    fn total(&self) -> Option<u64>;

    /// How many values of a histogram are at most this declared bound; `None` if it is no histogram, or has no such bound.
    fn at_most(&self, bound: f64) -> Option<u64>;
}

/// Counters and histograms, by the names and labels they are registered with.
impl Readings for Registry {
    fn each(&self, show: &mut dyn FnMut(&dyn Read)) {
        let scratch = RefCell::new(HistogramSnapshot::default());
        for metric in self.metrics() {
            let mut hasher = FixedState::default().build_hasher();
            hasher.write(metric.name().as_bytes());
            let of_metric = hasher.finish();
            for (at, series) in metric.series().enumerate() {
                // The overflow series comes last however many there are: its labels tell it apart.
                let at = if series.label("overflow").is_some() { u64::MAX } else { at as u64 };
                show(&One {
                    id: of_metric.wrapping_add(at.wrapping_mul(ODD)),
                    metric: metric.name(),
                    series,
                    scratch: &scratch,
                    is_read: false.into(),
                });
            }
        }
    }
}

/// Spreads the places of series over all ids, so that those of two metrics do not meet.
const ODD: u64 = 0x9E37_79B9_7F4A_7C15;

struct One<'a> {
    id: u64,
    metric: &'a str,
    series: &'a Series,
    /// What a histogram holds, read once however many bounds are asked for.
    scratch: &'a RefCell<HistogramSnapshot>,
    is_read: std::cell::Cell<bool>,
}

impl One<'_> {
    fn values<T>(&self, ask: impl FnOnce(&HistogramSnapshot) -> T) -> Option<T> {
        let Handle::Histogram(histogram) = self.series.handle() else { return None };
        let mut scratch = self.scratch.borrow_mut();
        if !self.is_read.replace(true) {
            histogram.read_into(&mut scratch);
        }
        Some(ask(&scratch))
    }
}

impl Read for One<'_> {
    fn id(&self) -> u64 {
        self.id
    }

    fn metric(&self) -> &str {
        self.metric
    }

    fn label(&self, name: &str) -> Option<&str> {
        self.series.label(name)
    }

    fn total(&self) -> Option<u64> {
        match self.series.handle() {
            Handle::Counter(counter) => Some(counter.value()),
            _ => self.values(HistogramSnapshot::count),
        }
    }

    fn at_most(&self, bound: f64) -> Option<u64> {
        self.values(|values| values.count_le(bound)).flatten()
    }
}
