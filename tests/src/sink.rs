//! An OTLP collector of our own, in the test's process: keeps what it gets, and fails as it is told.
//!
//! One port speaks gRPC (prior knowledge) and HTTP/protobuf at `/v1/{traces,metrics,logs}`, gzip too. It runs on a
//! thread and runtime of its own, so it answers also while the runtime under test is stalled or shutting down.

mod collector;
mod fault;
mod record;
mod serve;

pub use fault::Fault;
pub use record::{Attempt, Message, Received, Signal, Transport};

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::logs::v1::LogRecord;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::trace::v1::Span;
use record::Record;
use serve::Server;
use std::net::SocketAddr;
use std::sync::Arc;

/// A running sink. Dropping it stops it.
///
/// ```no_run
/// use bellwether_tests::sink::{Fault, Sink};
/// # async fn test() {
/// let sink = Sink::start();
/// sink.fail(Fault::Unavailable(None), 2); // the next two requests, then all is well again
/// // point an exporter at sink.url(), then:
/// let spans = sink.until("two spans", |sink| Some(sink.spans()).filter(|spans| spans.len() == 2)).await;
/// assert_eq!(sink.attempts().len(), 3);
/// # let _ = spans;
/// # }
/// ```
#[derive(Debug)]
pub struct Sink {
    record: Arc<Record>,
    server: Server,
}

impl Sink {
    /// Starts it on a free port of 127.0.0.1.
    ///
    /// # Panics
    /// If no port can be had.
    #[must_use]
    pub fn start() -> Self {
        let record = Arc::new(Record::default());
        let server = Server::start(collector::router(&record), Arc::clone(&record));
        Self { record, server }
    }

    /// Its URL, without a path: the OTLP endpoint for gRPC, and the base of the HTTP paths.
    #[must_use]
    pub fn url(&self) -> String {
        format!("http://{}", self.addr())
    }

    /// Where it listens, also while it is [down](Sink::down).
    #[must_use]
    pub fn addr(&self) -> SocketAddr {
        self.server.addr()
    }

    /// The next `times` requests meet `fault`, after those that other calls have asked for.
    pub fn fail(&self, fault: Fault, times: u32) {
        self.record.fail(fault, times);
    }

    /// Forgets all faults that are still to come.
    pub fn recover(&self) {
        self.record.recover();
    }

    /// Closes the port and every connection, as a collector that died: connections are refused from now on.
    pub fn down(&self) {
        self.server.down();
    }

    /// Listens again, on the same port.
    ///
    /// # Panics
    /// If somebody took the port.
    pub fn up(&self) {
        self.server.up();
    }

    /// Every request so far, those that met a fault among them, in order.
    #[must_use]
    pub fn attempts(&self) -> Vec<Attempt> {
        self.record.attempts()
    }

    /// The requests that were taken, in order.
    #[must_use]
    pub fn received(&self) -> Vec<Arc<Received>> {
        self.record.received()
    }

    /// The trace requests that were taken.
    #[must_use]
    pub fn traces(&self) -> Vec<ExportTraceServiceRequest> {
        self.pick(|message| if let Message::Traces(request) = message { Some(request.clone()) } else { None })
    }

    /// The metrics requests that were taken.
    #[must_use]
    pub fn metrics(&self) -> Vec<ExportMetricsServiceRequest> {
        self.pick(|message| if let Message::Metrics(request) = message { Some(request.clone()) } else { None })
    }

    /// The log requests that were taken.
    #[must_use]
    pub fn logs(&self) -> Vec<ExportLogsServiceRequest> {
        self.pick(|message| if let Message::Logs(request) = message { Some(request.clone()) } else { None })
    }

    /// All spans of all trace requests.
    #[must_use]
    pub fn spans(&self) -> Vec<Span> {
        let resources = self.traces().into_iter().flat_map(|request| request.resource_spans);
        resources.flat_map(|resource| resource.scope_spans).flat_map(|scope| scope.spans).collect()
    }

    /// All metrics of all metrics requests, in order: the last one of a name is the newest.
    #[must_use]
    pub fn all_metrics(&self) -> Vec<Metric> {
        let resources = self.metrics().into_iter().flat_map(|request| request.resource_metrics);
        resources.flat_map(|resource| resource.scope_metrics).flat_map(|scope| scope.metrics).collect()
    }

    /// All log records of all log requests.
    #[must_use]
    pub fn log_records(&self) -> Vec<LogRecord> {
        let resources = self.logs().into_iter().flat_map(|request| request.resource_logs);
        resources.flat_map(|resource| resource.scope_logs).flat_map(|scope| scope.log_records).collect()
    }

    /// Waits, without polling, until `look` finds what it looks for; it is asked after each request.
    ///
    /// # Panics
    /// With `what`, when [`crate::PATIENCE`] is over.
    pub async fn until<T>(&self, what: &str, mut look: impl FnMut(&Self) -> Option<T>) -> T {
        let mut changes = self.record.changes();
        let found = async {
            loop {
                changes.mark_unchanged();
                if let Some(found) = look(self) {
                    return found;
                }
                if changes.changed().await.is_err() {
                    std::future::pending().await
                }
            }
        };
        match tokio::time::timeout(crate::PATIENCE, found).await {
            Ok(found) => found,
            Err(_) => panic!("waited {:?} for {what}; attempts: {:?}", crate::PATIENCE, self.attempts()),
        }
    }

    fn pick<T>(&self, pick: impl Fn(&Message) -> Option<T>) -> Vec<T> {
        self.received().iter().filter_map(|received| pick(&received.message)).collect()
    }
}
