#![doc = include_str!("../README.md")]

#[cfg(feature = "log")]
pub mod log;
#[cfg(feature = "otlp")]
pub mod otlp;
#[cfg(feature = "prometheus")]
pub mod prometheus;
mod resource;
#[cfg(feature = "otlp")]
pub mod trace;

#[cfg(feature = "prometheus")]
pub use prometheus::PrometheusEndpoint;
pub use resource::{RefusedAttribute, Resource, ResourceBuilder};
