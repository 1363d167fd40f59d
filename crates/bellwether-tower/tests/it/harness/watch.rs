//! What the registry and the listener say about the requests so far, in lines that a person can read.

use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bellwether_core::{Call, Clock, Handle, HistogramSnapshot, OnEnd, Operation, Outcome, Registry, Timestamp};
use bellwether_tower::{CallLayer, ObserveLayer};

use super::PATIENCE;

/// A registry on a clock that stands still, and a listener that keeps what it hears.
#[derive(Clone)]
pub(crate) struct Watch {
    pub(crate) registry: Registry,
    pub(crate) clock: Clock,
    log: Arc<Log>,
}

#[derive(Default)]
struct Log(Mutex<Vec<Ended>>);

/// What the listener heard of one request.
#[derive(Debug, Clone)]
pub(crate) struct Ended {
    pub(crate) name: String,
    pub(crate) outcome: Outcome,
    pub(crate) error: Option<String>,
    pub(crate) duration: Duration,
    pub(crate) first_byte: Option<Duration>,
    pub(crate) request_bytes: u64,
    pub(crate) response_bytes: u64,
    pub(crate) has_span: bool,
    pub(crate) request_id: String,
    pub(crate) peer: Option<String>,
    /// The calls that were made on its behalf.
    pub(crate) calls: Vec<Call>,
}

const HTTP: (&str, &[&str]) = (
    "http.server.request.duration",
    &[
        "http.request.method",
        "url.scheme",
        "http.route",
        "http.response.status_code",
        "network.protocol.version",
        "error.type",
        "outcome",
    ],
);
const RPC: (&str, &[&str]) = (
    "rpc.server.call.duration",
    &["rpc.system.name", "rpc.method", "rpc.response.status_code", "error.type", "outcome"],
);

const HTTP_CALL: (&str, &[&str]) = (
    "http.client.request.duration",
    &[
        "http.request.method",
        "server.address",
        "server.port",
        "http.response.status_code",
        "network.protocol.version",
        "error.type",
        "outcome",
    ],
);
const RPC_CALL: (&str, &[&str]) = (
    "rpc.client.call.duration",
    &[
        "rpc.system.name",
        "server.address",
        "server.port",
        "rpc.method",
        "rpc.response.status_code",
        "error.type",
        "outcome",
    ],
);

/// What the application calls the one it called: no column, since few tests give a name.
pub(crate) const PEER_NAME: &str = "service.peer.name";

impl Watch {
    pub(crate) fn new() -> Self {
        let clock = Clock::manual(Timestamp::from_unix_seconds(1_700_000_000));
        Self { registry: Registry::on(clock.clone()), clock, log: Arc::default() }
    }

    /// The layer for clients with its defaults, and the listener.
    pub(crate) fn call_layer(&self) -> CallLayer {
        CallLayer::builder(&self.registry).listener(self.listener()).build().expect("names are free")
    }

    /// The layer with its defaults, and the listener.
    pub(crate) fn layer(&self) -> ObserveLayer {
        ObserveLayer::builder(&self.registry).listener(self.listener()).build().expect("names are free")
    }

    pub(crate) fn listener(&self) -> Arc<dyn OnEnd> {
        Arc::clone(&self.log) as Arc<dyn OnEnd>
    }

    /// One line for each request that has ended, sorted: method, scheme, route, status, version, error and outcome, or
    /// for gRPC system, method, status, error and outcome; of a client's, after an arrow and with address and port.
    /// `-` stands for what is absent.
    pub(crate) fn lines(&self) -> Vec<String> {
        let mut lines = Vec::new();
        for (name, columns) in [HTTP, RPC, HTTP_CALL, RPC_CALL] {
            for (labels, snapshot) in self.histogram(name) {
                let value = |column: &str| {
                    labels.iter().find(|(name, _)| name == column).map_or("-".to_owned(), |(_, value)| value.clone())
                };
                let arrow = name.contains(".client.").then(|| "->".to_owned());
                let mut line: Vec<String> =
                    arrow.into_iter().chain(columns.iter().map(|column| value(column))).collect();
                let known = |name: &str| columns.contains(&name) || name == PEER_NAME;
                let extra = labels.iter().filter(|(name, _)| !known(name));
                line.extend(extra.map(|(name, value)| format!("{name}={value}")));
                lines.extend(std::iter::repeat_n(line.join(" "), snapshot.count() as usize));
            }
        }
        lines.sort();
        lines
    }

    /// What the listener heard.
    pub(crate) fn ended(&self) -> Vec<Ended> {
        self.log.entries().clone()
    }

    /// What the listener heard of the only request.
    pub(crate) fn the_one(&self) -> Ended {
        match &self.log.entries()[..] {
            [one] => one.clone(),
            other => panic!("one request expected, heard of {other:?}"),
        }
    }

    /// The series of a histogram that hold anything: labels that are not empty, and the snapshot.
    pub(crate) fn histogram(&self, name: &str) -> Vec<(Vec<(String, String)>, HistogramSnapshot)> {
        let Some(metric) = self.registry.metric(name) else { return Vec::new() };
        let mut found = Vec::new();
        for series in metric.series() {
            let Handle::Histogram(histogram) = series.handle() else { panic!("{name} is not a histogram") };
            let snapshot = histogram.snapshot();
            if !snapshot.is_empty() {
                let labels = series.labels().filter(|(_, value)| !value.is_empty());
                found.push((labels.map(|(name, value)| (name.to_owned(), value.to_owned())).collect(), snapshot));
            }
        }
        found
    }

    /// How many values a histogram holds, and their sum.
    pub(crate) fn total(&self, name: &str) -> (u64, f64) {
        self.histogram(name).iter().fold((0, 0.0), |(n, sum), (_, one)| (n + one.count(), sum + one.sum))
    }

    /// The sum of all series of a gauge, each of which must not be negative.
    pub(crate) fn gauge(&self, name: &str) -> f64 {
        let Some(metric) = self.registry.metric(name) else { return 0.0 };
        let levels = metric.series().map(|series| match series.handle() {
            Handle::Gauge(gauge) => gauge.value(),
            other => panic!("{name} is not a gauge but {other:?}"),
        });
        levels.inspect(|level| assert!(*level >= 0.0, "{name} went below zero: {level}")).sum()
    }

    /// A counter's series as `label,label=value` lines, sorted.
    pub(crate) fn counters(&self, name: &str) -> Vec<String> {
        let Some(metric) = self.registry.metric(name) else { return Vec::new() };
        let mut lines: Vec<String> = metric
            .series()
            .filter_map(|series| match series.handle() {
                Handle::Counter(counter) if counter.value() > 0 => {
                    let labels: Vec<&str> = series.labels().map(|(_, value)| value).collect();
                    Some(format!("{}={}", labels.join(","), counter.value()))
                }
                _ => None,
            })
            .collect();
        lines.sort();
        lines
    }

    /// How many series all metrics have together, and how long all their label values are.
    pub(crate) fn size(&self) -> (usize, usize) {
        let metrics = self.registry.metrics();
        let series = || metrics.iter().flat_map(|metric| metric.series());
        (series().count(), series().flat_map(|one| one.labels()).map(|(_, value)| value.len()).sum())
    }

    pub(crate) fn in_flight(&self) -> f64 {
        self.gauge("http.server.active_requests") + self.gauge("http.client.active_requests")
    }

    /// Until as many requests are under way.
    pub(crate) async fn under_way(&self, requests: usize) {
        self.until("requests under way", || self.in_flight() == requests as f64).await;
    }

    /// Until so many requests have ended and none is under way.
    pub(crate) async fn settled(&self, requests: usize) {
        self.until("requests ended", || self.lines().len() >= requests && self.in_flight() == 0.0).await;
    }

    /// Asks again each time all other tasks of this runtime had their turn.
    pub(crate) async fn until(&self, what: &str, is: impl Fn() -> bool) {
        let asking = async {
            while !is() {
                tokio::task::yield_now().await;
            }
        };
        if tokio::time::timeout(PATIENCE, asking).await.is_err() {
            panic!("waited for {what}; in flight {}, ended {:#?}", self.in_flight(), self.lines());
        }
    }

    /// Now and for good: these lines, heard of by the listener just as often, nothing in flight.
    #[track_caller]
    pub(crate) fn is(&self, expect: &[&str]) {
        assert_eq!(self.lines(), expect);
        assert_eq!(self.in_flight(), 0.0, "in flight");
        let mut heard: Vec<_> =
            self.ended().iter().map(|one| (one.outcome.to_string(), one.error.clone().unwrap_or("-".into()))).collect();
        heard.sort();
        let mut said: Vec<_> = expect
            .iter()
            .filter_map(|line| {
                let mut words = line.rsplit(' ');
                Some((words.next()?.to_owned(), words.next()?.to_owned()))
            })
            .collect();
        said.sort();
        assert_eq!(heard, said, "what the listener heard, and what the lines say");
    }
}

impl Log {
    fn entries(&self) -> MutexGuard<'_, Vec<Ended>> {
        self.0.lock().expect("no test panics while it holds the log")
    }
}

impl OnEnd for Log {
    fn ended(&self, operation: &Operation<'_>) {
        self.entries().push(Ended {
            name: operation.name.to_owned(),
            outcome: operation.outcome,
            error: operation.error.map(str::to_owned),
            duration: operation.duration,
            first_byte: operation.first_byte,
            request_bytes: operation.request_bytes,
            response_bytes: operation.response_bytes,
            has_span: operation.has_span,
            peer: operation.peer.map(str::to_owned),
            calls: operation.scope.facts().calls,
            request_id: operation.scope.request_id().map(ToString::to_string).unwrap_or_default(),
        });
    }
}
