//! OTLP: metrics, spans and log records pushed to a collector over gRPC or HTTP, from a thread of its own.
//!
//! The protocol is spoken directly: metrics are encoded from the registry, spans and log records on the thread where they
//! end. There is no OpenTelemetry SDK behind it, no global provider, and no part of it runs on the application's runtime.

mod courier;
mod destination;
mod env;
mod envelope;
mod error;
mod metrics;
mod outbox;
mod pipeline;
mod report;
mod requests;
mod retry;
mod sampling;
mod settings;
mod signal;
mod tally;
mod thread;
mod transport;
mod worker;

pub(crate) mod wire;

pub use destination::{Compression, Destination, Protocol};
pub use error::Error;
pub use pipeline::Pipeline;
pub use report::{Loss, Report, SignalReport};
pub use requests::Requests;
pub use sampling::Sampling;
pub use settings::{Histograms, OtlpSettings, Push, Queue, Temporality, Tracing};
pub use signal::Signal;

pub(crate) use outbox::Outbox;
pub(crate) use thread::exporting;
