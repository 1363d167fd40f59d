//! What becomes a span, and what a log record.

use bellwether_core::Scope;
use tracing::level_filters::LevelFilter;
use tracing::subscriber::Interest;
use tracing::{Metadata, Subscriber};
use tracing_subscriber::layer::{Context, Filter};

use crate::otlp::{Sampling, exporting};

/// Crates that speak while something is exported, by whomever.
const NOISY: [&str; 8] = ["hyper", "hyper_util", "hyper_rustls", "h2", "tonic", "reqwest", "tower", "rustls"];

/// Lets through the spans of sampled requests, and outside of requests what may be sampled.
#[derive(Debug, Clone, Copy)]
pub(crate) struct SpanFilter {
    level: LevelFilter,
    outside: bool,
}

impl SpanFilter {
    pub(super) fn new(level: LevelFilter, sampling: Sampling) -> Self {
        Self { level, outside: !sampling.is_never() }
    }
}

impl<S> Filter<S> for SpanFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        *metadata.level() <= self.level && Scope::with_current(Scope::sampled).unwrap_or(self.outside) && !exporting()
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if *metadata.level() <= self.level { Interest::sometimes() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }
}

/// Lets through events, except those of crates that speak while they are exported.
#[derive(Debug, Clone, Copy)]
pub(crate) struct LogFilter {
    level: LevelFilter,
}

impl LogFilter {
    pub(super) fn new(level: LevelFilter) -> Self {
        Self { level }
    }

    fn lets(self, metadata: &Metadata<'_>) -> bool {
        let krate = metadata.target().split("::").next().unwrap_or_default();
        metadata.is_event()
            && *metadata.level() <= self.level
            && !NOISY.contains(&krate)
            && !krate.starts_with("opentelemetry")
    }
}

impl<S: Subscriber> Filter<S> for LogFilter {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        self.lets(metadata)
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if self.lets(metadata) { Interest::always() } else { Interest::never() }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(self.level)
    }
}
