//! Native histograms as pure values.
//!
//! What the evaluator asks of them; the bodies are still to come.

use std::fmt;

/// What is known of whether a counter histogram started anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CounterResetHint {
    /// Nothing is known.
    #[default]
    Unknown,
    /// It started anew with this sample.
    Reset,
    /// It went on from the sample before.
    NotReset,
    /// It is no counter.
    Gauge,
}

/// Histograms with exponential and with custom buckets cannot be combined.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Incompatible;

/// What there is to say of a sum or difference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Combined {
    /// One said that it started anew, the other that it went on.
    pub reset_collision: bool,
    /// The custom buckets differed, and those in common were kept.
    pub reconciled: bool,
}

/// A native histogram with floats for counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {}

#[allow(missing_docs, unused_variables)]
impl Histogram {
    pub fn count(&self) -> f64 {
        0.0
    }
    pub fn sum(&self) -> f64 {
        0.0
    }
    pub fn schema(&self) -> i32 {
        0
    }
    pub fn counter_reset_hint(&self) -> CounterResetHint {
        CounterResetHint::Unknown
    }
    pub fn set_counter_reset_hint(&mut self, hint: CounterResetHint) {}
    pub fn uses_custom_buckets(&self) -> bool {
        false
    }
    /// All observations in buckets; fewer than the count if some were not a number.
    pub fn count_in_buckets(&self) -> f64 {
        0.0
    }
    pub fn detect_reset(&self, previous: &Self) -> bool {
        false
    }
    pub fn copy_to_schema(&self, schema: i32) -> Self {
        self.clone()
    }
    pub fn add(&mut self, other: &Self) -> Result<Combined, Incompatible> {
        Ok(Combined::default())
    }
    pub fn sub(&mut self, other: &Self) -> Result<Combined, Incompatible> {
        Ok(Combined::default())
    }
    /// Adds and keeps in `rest` what rounding took away.
    pub fn kahan_add(&mut self, other: &Self, rest: &mut Option<Self>) -> Result<Combined, Incompatible> {
        Ok(Combined::default())
    }
    pub fn mul(&mut self, factor: f64) {}
    pub fn div(&mut self, divisor: f64) {}
    pub fn has_overflow(&self) -> bool {
        false
    }
    pub fn compact(&mut self) {}
    pub fn quantile(&self, q: f64) -> f64 {
        f64::NAN
    }
    pub fn fraction(&self, lower: f64, upper: f64) -> f64 {
        f64::NAN
    }
    pub fn variance(&self) -> f64 {
        f64::NAN
    }
    pub fn trim_upper(&self, at: f64) -> Self {
        self.clone()
    }
    pub fn trim_lower(&self, at: f64) -> Self {
        self.clone()
    }
}

impl fmt::Display for Histogram {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("{}")
    }
}
