//! Native histograms as pure values.

/// A native histogram with floats for counts.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Histogram {}
