//! What the exporters say, and that nothing makes them say it wrongly.

#[cfg(feature = "log")]
mod log;
#[cfg(feature = "otlp")]
mod otlp;
#[cfg(feature = "prometheus")]
mod prometheus;
mod resource;
