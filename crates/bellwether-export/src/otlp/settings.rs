//! What a pipeline sends, where, how often, and how much it may hold: code, then the environment, each with a default.

use std::time::Duration;

use tracing_subscriber::filter::LevelFilter;

use super::destination::Destination;
use super::env;
use super::error::Error;
use super::sampling::Sampling;
use super::signal::Signal;

/// Settings of a [`Pipeline`](super::Pipeline).
///
/// ```
/// use bellwether_export::otlp::{Destination, OtlpSettings, Push, Temporality};
/// use std::time::Duration;
///
/// let settings = OtlpSettings::new()
///     .all(Destination::new().endpoint("http://collector:4318"))
///     .logs(Destination::new().enabled(false))
///     .push(Push::default().every(Duration::from_secs(15)).temporality(Temporality::Delta))
///     .from_env(|name| (name == "OTEL_EXPORTER_OTLP_TIMEOUT").then(|| "2s".to_owned()));
/// // Whoever deploys has the last word, and is told what is wrong with it.
/// assert_eq!(
///     settings.unwrap_err().to_string(),
///     "OTEL_EXPORTER_OTLP_TIMEOUT is \"2s\": accepted is a whole number of milliseconds such as 10000"
/// );
/// ```
#[derive(Debug, Clone, PartialEq)]
#[must_use = "settings do nothing until a pipeline is started with them"]
pub struct OtlpSettings {
    pub(super) disabled: bool,
    pub(super) all: Destination,
    pub(super) traces: Destination,
    pub(super) metrics: Destination,
    pub(super) logs: Destination,
    pub(super) push: Push,
    pub(super) spans: Queue,
    pub(super) records: Queue,
    pub(super) tracing: Tracing,
    /// Names of secrets, beside those that always are.
    pub(super) secrets: Vec<String>,
}

/// How metrics are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "settings do nothing until a pipeline is started with them"]
pub struct Push {
    pub(crate) every: Duration,
    pub(crate) give_up_after: Duration,
    pub(crate) temporality: Temporality,
    pub(crate) histograms: Histograms,
}

/// Whether a pushed number is since the series began, or since the last push that arrived.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Temporality {
    /// Since the series began. A lost push loses nothing but resolution.
    #[default]
    Cumulative,
    /// Since the last push that arrived; what did not arrive is in the next. Costs memory per series.
    Delta,
}

/// The form in which histograms are pushed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum Histograms {
    /// The exponential grid as it is: any quantile to 1.1 %.
    #[default]
    Exponential,
    /// Counts up to each declared bound; without any, up to powers of four. For backends that know nothing else.
    Explicit,
}

/// How much of a signal waits, and for how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "settings do nothing until a pipeline is started with them"]
pub struct Queue {
    pub(crate) delay: Duration,
    pub(crate) give_up_after: Duration,
    pub(crate) max_items: usize,
    pub(crate) max_batch: usize,
    pub(crate) max_bytes: usize,
}

/// What becomes a span or a log record.
#[derive(Debug, Clone, Copy, PartialEq)]
#[must_use = "settings do nothing until a pipeline is started with them"]
pub struct Tracing {
    pub(crate) sampling: Sampling,
    pub(crate) slow_after: Duration,
    pub(crate) spans: LevelFilter,
    pub(crate) records: LevelFilter,
    pub(crate) code_location: bool,
}

impl OtlpSettings {
    /// All three signals to a collector on this machine, by HTTP.
    pub fn new() -> Self {
        Self::default()
    }

    /// Where all signals go, unless they have a destination of their own.
    pub fn all(mut self, destination: Destination) -> Self {
        self.all = destination;
        self
    }

    /// Where spans go; what is not set here is as for all.
    pub fn traces(mut self, destination: Destination) -> Self {
        self.traces = destination;
        self
    }

    /// Where metrics go; what is not set here is as for all.
    pub fn metrics(mut self, destination: Destination) -> Self {
        self.metrics = destination;
        self
    }

    /// Where log records go; what is not set here is as for all.
    pub fn logs(mut self, destination: Destination) -> Self {
        self.logs = destination;
        self
    }

    /// How metrics are pushed.
    pub fn push(mut self, push: Push) -> Self {
        self.push = push;
        self
    }

    /// How spans wait.
    pub fn span_queue(mut self, queue: Queue) -> Self {
        self.spans = queue;
        self
    }

    /// How log records wait.
    pub fn log_queue(mut self, queue: Queue) -> Self {
        self.records = queue;
        self
    }

    /// What becomes a span or a log record.
    pub fn tracing(mut self, tracing: Tracing) -> Self {
        self.tracing = tracing;
        self
    }

    /// [`Tracing::slow_after`], all else as it is.
    pub fn slow_after(mut self, after: Duration) -> Self {
        self.tracing.slow_after = after;
        self
    }

    /// More names of what is secret, beside those that always are. Attributes of spans and records that go by such a name
    /// read `[redacted]`, and so do values in the query of a URL; see [`Redaction`](bellwether_core::Redaction).
    pub fn redact<'a>(mut self, names: impl IntoIterator<Item = &'a str>) -> Self {
        self.secrets.extend(names.into_iter().map(str::to_owned));
        self
    }

    /// Nothing is sent at all, and no thread started.
    pub fn disabled(mut self, disabled: bool) -> Self {
        self.disabled = disabled;
        self
    }

    /// Reads OpenTelemetry's environment variables through a function such as `|name| std::env::var(name).ok()`. What is
    /// set there wins over what was set before; an empty variable counts as none.
    ///
    /// # Errors
    /// On a value that is not accepted, by the name of its variable.
    pub fn from_env(self, var: impl Fn(&str) -> Option<String>) -> Result<Self, Error> {
        env::read(self, &var)
    }

    /// Which traces are recorded: whoever makes the spans of requests has to decide by it.
    pub fn sampling(&self) -> Sampling {
        self.tracing.sampling
    }

    pub(crate) fn destination(&self, signal: Signal) -> &Destination {
        match signal {
            Signal::Traces => &self.traces,
            Signal::Metrics => &self.metrics,
            Signal::Logs => &self.logs,
        }
    }

    pub(super) fn destination_mut(&mut self, signal: Signal) -> &mut Destination {
        match signal {
            Signal::Traces => &mut self.traces,
            Signal::Metrics => &mut self.metrics,
            Signal::Logs => &mut self.logs,
        }
    }
}

impl Push {
    /// How often; default 60 s.
    pub fn every(mut self, every: Duration) -> Self {
        self.every = every;
        self
    }

    /// How long one push is tried before it is left to the next; default 30 s.
    pub fn give_up_after(mut self, after: Duration) -> Self {
        self.give_up_after = after;
        self
    }

    /// Cumulative or delta.
    pub fn temporality(mut self, temporality: Temporality) -> Self {
        self.temporality = temporality;
        self
    }

    /// The form of histograms.
    pub fn histograms(mut self, histograms: Histograms) -> Self {
        self.histograms = histograms;
        self
    }
}

impl Queue {
    /// How long an item waits for its batch to fill; default 5 s for spans, 1 s for log records.
    pub fn delay(mut self, delay: Duration) -> Self {
        self.delay = delay;
        self
    }

    /// How long a batch is tried before it is given up; default 30 s.
    pub fn give_up_after(mut self, after: Duration) -> Self {
        self.give_up_after = after;
        self
    }

    /// How many items may wait; what comes after is turned away and counted. Default 32,768: OpenTelemetry's 2,048 are
    /// 15 ms of a busy service.
    pub fn max_items(mut self, items: usize) -> Self {
        self.max_items = items;
        self
    }

    /// How many items go in one request; default 512.
    pub fn max_batch(mut self, items: usize) -> Self {
        self.max_batch = items;
        self
    }

    /// How many bytes may wait; default 16 MiB.
    pub fn max_bytes(mut self, bytes: usize) -> Self {
        self.max_bytes = bytes;
        self
    }
}

impl Tracing {
    /// Which traces are recorded; default: all that were not decided against upstream.
    pub fn sampling(mut self, sampling: Sampling) -> Self {
        self.sampling = sampling;
        self
    }

    /// From when on a request counts as slow, so that its span is sent although its trace was not sampled; default 1 s.
    pub fn slow_after(mut self, after: Duration) -> Self {
        self.slow_after = after;
        self
    }

    /// Down to which level spans are exported; default `INFO`.
    pub fn spans(mut self, level: LevelFilter) -> Self {
        self.spans = level;
        self
    }

    /// Down to which level events are exported as log records; default `INFO`.
    pub fn records(mut self, level: LevelFilter) -> Self {
        self.records = level;
        self
    }

    /// Whether spans and their events say in which file and line they were made; default: not, since it is a third of a
    /// span.
    pub fn code_location(mut self, say: bool) -> Self {
        self.code_location = say;
        self
    }
}

impl Default for OtlpSettings {
    fn default() -> Self {
        Self {
            disabled: false,
            all: Destination::new(),
            traces: Destination::new(),
            metrics: Destination::new(),
            logs: Destination::new(),
            push: Push::default(),
            spans: Queue::default(),
            records: Queue::default().delay(Duration::from_secs(1)),
            tracing: Tracing::default(),
            secrets: Vec::new(),
        }
    }
}

impl Default for Push {
    fn default() -> Self {
        Self {
            every: Duration::from_secs(60),
            give_up_after: Duration::from_secs(30),
            temporality: Temporality::default(),
            histograms: Histograms::default(),
        }
    }
}

impl Default for Queue {
    fn default() -> Self {
        Self {
            delay: Duration::from_secs(5),
            give_up_after: Duration::from_secs(30),
            max_items: 32_768,
            max_batch: 512,
            max_bytes: 16 << 20,
        }
    }
}

impl Default for Tracing {
    fn default() -> Self {
        Self {
            sampling: Sampling::default(),
            slow_after: Duration::from_secs(1),
            spans: LevelFilter::INFO,
            records: LevelFilter::INFO,
            code_location: false,
        }
    }
}
