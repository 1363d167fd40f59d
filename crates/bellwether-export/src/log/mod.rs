//! JSON lines for standard output: what the application says through `tracing`, and one line for each finished request.
//!
//! Trace, span and request ids are those of the [scope](bellwether_core::Scope) that is current, so they are on every line
//! of a request, whether its trace is sampled or not and whether anybody has opened a span.
//!
//! ```
//! use bellwether_core::{Registry, RequestId, Scope, TraceContext};
//! use bellwether_export::log::{JsonLog, Layout, Output};
//! use tracing_subscriber::layer::SubscriberExt;
//!
//! let registry = Registry::new();
//! let log = JsonLog::new(Output::stdout(&registry)?).layout(Layout::Pino).service("voice", "1.4.0");
//! let requests = log.requests(); // an `OnEnd`, for the layer that sees the requests
//!
//! let subscriber = tracing_subscriber::registry().with(log);
//! tracing::subscriber::with_default(subscriber, || {
//!     let scope = Scope::builder(TraceContext::root(false)).request_id(RequestId::parse(b"order-42").unwrap()).open();
//!     scope.in_scope(|| tracing::info!(items = 3, "packed"));
//! });
//! # drop(requests);
//! # Ok::<(), bellwether_core::Error>(())
//! ```
//!
//! Fields of an event stand beside those of the spans it is in, the nearest winning; the layout's own names win over both,
//! and a field that wants one gets an underscore: `level_`. A line has at most 64 fields, a value at most 8 KiB, and what
//! is cut is counted by `bellwether.log.cut`. Fields that are secrets by their names (`password`, `set-cookie`, `apiKey`,
//! `db_token`; [`JsonLog::redact`] adds to the list) read `[redacted]`. What a message says is not looked into.

mod civil;
mod drain;
mod fields;
mod json;
mod json_log;
mod layout;
mod line;
mod output;
mod request_log;
mod words;

pub use json_log::JsonLog;
pub use layout::{Layout, UnknownLayout};
pub use output::Output;
pub use request_log::RequestLog;
