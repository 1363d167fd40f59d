//! The one test binary of bellwether-core.

mod allocation;
mod bounds;
#[cfg(feature = "metrics")]
mod bridge;
mod business;
mod cardinality;
mod clock;
mod extremes;
mod grid;
mod merge;
mod model;
mod observed;
mod quantile;
mod registration;
mod request_id;
mod scope;
mod sync;
mod threads;
mod trace;
mod trace_state;

use bellwether_core::{Histogram, HistogramSnapshot, Registry};

// Where the library's files that `model` includes expect them.
use model::lanes;
mod exemplar {
    pub(crate) use bellwether_core::Exemplar;
}

/// A histogram of a registry of its own.
fn histogram(bounds: impl IntoIterator<Item = f64>) -> Histogram {
    Registry::new().histogram("values").bounds(bounds).build().expect("a legal metric")
}

/// What a histogram holds of these values.
fn recorded(bounds: &[f64], values: &[f64]) -> HistogramSnapshot {
    let histogram = histogram(bounds.iter().copied());
    values.iter().for_each(|value| histogram.record(*value));
    histogram.snapshot()
}
