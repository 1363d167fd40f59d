//! What a registry's metrics, labels and classic buckets are called in Prometheus: the one place that decides it.
//!
//! Exporters and everything that answers PromQL go by this, so that a query means the same here and on a Prometheus that
//! scrapes the process.

mod buckets;
mod names;
#[cfg(test)]
mod tests;
mod units;

pub use buckets::{Buckets, le};
pub use names::{Names, label_name, metric_name};
