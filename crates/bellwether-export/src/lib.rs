#![doc = include_str!("../README.md")]

#[cfg(feature = "log")]
pub mod log;
#[cfg(feature = "prometheus")]
pub mod prometheus;
mod resource;

#[cfg(feature = "prometheus")]
pub use prometheus::PrometheusEndpoint;
pub use resource::{RefusedAttribute, Resource, ResourceBuilder};
