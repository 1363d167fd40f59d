//! Spans and log records of what is said through `tracing`, encoded where they end.
//!
//! Spans come from `tracing-opentelemetry`, so that its extensions work, with a tracer that knows the [`Scope`] of the
//! request: the span of a request has exactly the ids that its exemplars, its log lines and its outgoing calls have.
//!
//! [`Scope`]: bellwether_core::Scope

mod adopt;
mod encode;
mod filter;
mod late;
mod logs;
mod outlet;
mod span;
mod tracer;

use std::sync::Arc;

use bellwether_core::Clock;
use tracing::Subscriber;
use tracing_opentelemetry::OpenTelemetryLayer;
use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Filtered;
use tracing_subscriber::registry::LookupSpan;

use crate::otlp::Tracing;
use filter::{LogFilter, SpanFilter};
use logs::LogLayer;
use tracer::ScopeTracer;

pub use adopt::{adopt, current};
pub use late::LateSpans;
pub(crate) use outlet::Outlet;

/// The layer that makes spans.
pub(crate) fn span_layer<S>(
    outlet: Arc<Outlet>,
    settings: Tracing,
) -> Filtered<OpenTelemetryLayer<S, ScopeTracer>, SpanFilter, S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    tracing_opentelemetry::layer()
        .with_tracer(ScopeTracer::new(outlet, settings.sampling))
        .with_location(settings.code_location)
        .with_target(settings.code_location)
        .with_threads(false)
        .with_tracked_inactivity(false)
        .with_filter(SpanFilter::new(settings.spans, settings.sampling))
}

/// The layer that makes log records.
pub(crate) fn log_layer<S>(outlet: Arc<Outlet>, settings: Tracing, clock: &Clock) -> Filtered<LogLayer, LogFilter, S>
where
    S: Subscriber + for<'span> LookupSpan<'span>,
{
    LogLayer::new(outlet, clock.clone()).with_filter(LogFilter::new(settings.records))
}
