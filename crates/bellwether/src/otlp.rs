//! OTLP, if the feature `otlp` is on.

#[cfg(not(feature = "otlp"))]
#[path = "otlp/disabled.rs"]
mod imp;
#[cfg(feature = "otlp")]
#[path = "otlp/enabled.rs"]
mod imp;

pub(crate) use imp::{Otlp, OtlpPlan};
