//! Series by label values: look one up per call, or once and keep its handle.

use std::marker::PhantomData;
use std::sync::Arc;

use super::metric::Metric;
use super::series::Handle;
use crate::counter::Counter;
use crate::gauge::Gauge;
use crate::histogram::Histogram;
use crate::labels::Names;
use crate::registry::MetricKind;
use crate::state_set::StateSet;

/// All series of a metric that have the same `N` label names. Cheap to clone.
///
/// ```
/// use bellwether_core::{Counter, Family, Registry};
///
/// let registry = Registry::new();
/// let jobs: Family<Counter, 2> = registry.counter("jobs.done").labels(["queue", "outcome"]).family()?;
/// jobs.get(["mail", "success"]).inc(); // resolved by each call: about 20 ns
/// let mail_failed = jobs.get(["mail", "failure"]).clone(); // or once
/// mail_failed.inc();
/// # Ok::<(), bellwether_core::Error>(())
/// ```
#[derive(Debug)]
pub struct Family<I, const N: usize> {
    metric: Arc<Metric>,
    names: Arc<Names>,
    /// For each name in sorted order, its position among the names as given.
    order: [u8; N],
    instrument: PhantomData<fn() -> I>,
}

/// [`Counter`], [`Gauge`], [`Histogram`] or [`StateSet`].
pub trait Instrument: sealed::Instrument {}

pub(crate) mod sealed {
    use super::{Handle, MetricKind};

    pub trait Instrument: Sized + Clone + 'static {
        const KIND: MetricKind;
        const NOOP: &'static Self;
        fn of(handle: &Handle) -> Option<&Self>;
    }
}

impl<I: Instrument, const N: usize> Family<I, N> {
    pub(super) fn new(metric: Arc<Metric>, names: Arc<Names>, given: [&str; N]) -> Self {
        let mut order = [0; N];
        for (sorted, name) in names.iter().enumerate() {
            if let (Some(place), Some(at)) = (order.get_mut(sorted), given.iter().position(|own| *own == name)) {
                *place = at as u8;
            }
        }
        Self { metric, names, order, instrument: PhantomData }
    }

    /// The series of these values, in the order the labels were named; a new one if need be, and the metric's overflow
    /// series when its budget is spent. Neither locks nor allocates for a series that is there. Values are cut to 256 bytes.
    #[inline]
    pub fn get(&self, values: [&str; N]) -> &I {
        let mut sorted = [""; N];
        for (place, at) in sorted.iter_mut().zip(self.order) {
            *place = values.get(usize::from(at)).copied().unwrap_or_default();
        }
        let series = self.metric.resolve(&self.names, &sorted);
        I::of(&series.handle).unwrap_or(I::NOOP)
    }

    /// The metric.
    pub fn metric(&self) -> &Arc<Metric> {
        &self.metric
    }
}

impl<I, const N: usize> Clone for Family<I, N> {
    fn clone(&self) -> Self {
        Self {
            metric: Arc::clone(&self.metric),
            names: Arc::clone(&self.names),
            order: self.order,
            instrument: PhantomData,
        }
    }
}

macro_rules! instrument {
    ($kind:ident) => {
        impl Instrument for $kind {}
        impl sealed::Instrument for $kind {
            const KIND: MetricKind = MetricKind::$kind;
            const NOOP: &'static Self = &Self::noop();
            #[inline]
            fn of(handle: &Handle) -> Option<&Self> {
                match handle {
                    Handle::$kind(own) => Some(own),
                    _ => None,
                }
            }
        }
    };
}

instrument!(Counter);
instrument!(Gauge);
instrument!(Histogram);
instrument!(StateSet);
