//! What goes into a query and comes out: samples, series and values.

use std::sync::Arc;

use crate::{Histogram, Labels};

/// The number at one instant of a series: a float, or a native histogram.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValue {
    /// An ordinary number.
    Float(f64),
    /// A native histogram, shared, since histograms are large and many results hold the same one.
    Histogram(Arc<Histogram>),
}

/// The value of a series at an instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Sample {
    /// Milliseconds since the Unix epoch.
    pub timestamp_ms: i64,
    /// What was measured then.
    pub value: SampleValue,
}

impl Sample {
    /// A sample that is a float.
    pub fn float(timestamp_ms: i64, value: f64) -> Self {
        Self { timestamp_ms, value: SampleValue::Float(value) }
    }

    /// A sample that is a native histogram.
    pub fn histogram(timestamp_ms: i64, value: impl Into<Arc<Histogram>>) -> Self {
        Self { timestamp_ms, value: SampleValue::Histogram(value.into()) }
    }
}

/// The bits of the NaN that says "this series has ended here"; other NaNs are ordinary values.
///
/// A storage keeps it as a float sample. Every scraper of Prometheus writes these bits.
pub const STALE_NAN: u64 = 0x7ff0_0000_0000_0002;

/// One series of an answer: who it is, and its samples in order of time.
#[derive(Debug, Clone, PartialEq)]
pub struct Series {
    /// Who the series belongs to.
    pub labels: Labels,
    /// Its samples, oldest first.
    pub samples: Vec<Sample>,
}

/// One element of an instant vector: a series at one instant.
#[derive(Debug, Clone, PartialEq)]
pub struct Element {
    /// Who the element belongs to.
    pub labels: Labels,
    /// Its value, at the time of the query.
    pub sample: Sample,
}

/// What a query comes to.
#[derive(Debug, Clone, PartialEq)]
pub enum Value {
    /// A number at the time of the query.
    Scalar {
        /// Milliseconds since the Unix epoch.
        timestamp_ms: i64,
        /// The number.
        value: f64,
    },
    /// A string literal at the time of the query.
    String {
        /// Milliseconds since the Unix epoch.
        timestamp_ms: i64,
        /// The text.
        value: String,
    },
    /// What an instant query of vector type comes to; in the order of `sort` or `topk` if the expression has one outermost.
    Vector(Vec<Element>),
    /// What a range query comes to, and an instant query for `x[5m]`; ordered by labels.
    Matrix(Vec<Series>),
}
