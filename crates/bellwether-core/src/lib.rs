#![doc = include_str!("../README.md")]

#[cfg(feature = "metrics")]
mod bridge;
mod business;
mod clock;
mod counter;
mod error;
mod exemplar;
mod gauge;
pub mod histogram;
mod labels;
pub mod lanes;
mod money;
mod nearest;
mod observed;
mod operation;
pub mod prometheus;
mod redaction;
mod registry;
mod request_id;
mod scope;
mod state_set;
mod sync;
mod trace;
mod work;

#[cfg(feature = "metrics")]
pub use bridge::Recorder;
pub use business::Business;
pub use clock::{Clock, Instant, Timestamp};
pub use counter::{Counter, Observation, Scale};
pub use error::Error;
pub use exemplar::Exemplar;
pub use gauge::{Gauge, InFlight};
pub use histogram::{Histogram, HistogramSnapshot};
pub use labels::{MAX_LABELS, MAX_VALUE_LEN};
pub use money::{Currency, Money};
pub use nearest::nearest;
pub use operation::{Attribute, Kind, OnEnd, Operation, Outcome, Value};
pub use redaction::Redaction;
pub use registry::{Family, Handle, Instrument, Metric, MetricBuilder, MetricKind, Overflow, Registry, Series};
pub use request_id::RequestId;
pub use scope::{Call, Entered, Facts, InScope, Lent, Scope, ScopeBuilder};
pub use state_set::StateSet;
pub use trace::{SpanId, TRACEPARENT_LEN, TraceContext, TraceId, TraceState};
pub use work::{Blame, Follow, Work};
