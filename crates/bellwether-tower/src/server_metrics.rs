//! What a server counts: the RED metrics of the semantic conventions, and what they leave open.

use bellwether_core::{Blame, Business, Counter, Error, Family, Gauge, Histogram, Outcome, Registry, Scope};

use crate::ended::Ended;
use crate::memo::Memo;
use crate::names::OTHER;

/// The bounds that the semantic conventions advise for durations in seconds.
pub(crate) const DURATION_BOUNDS: [f64; 14] =
    [0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.25, 0.5, 0.75, 1.0, 2.5, 5.0, 7.5, 10.0];

/// Powers of four from 64 bytes to 64 MiB.
pub(crate) const SIZE_BOUNDS: [f64; 11] =
    [64.0, 256.0, 1024.0, 4096.0, 16384.0, 65536.0, 262144.0, 1048576.0, 4194304.0, 16777216.0, 67108864.0];

/// The status of a gRPC call, by the name of the convention's release; later drafts call it `rpc.status_code`.
pub(crate) const RPC_STATUS: &str = "rpc.response.status_code";

#[derive(Debug)]
pub(crate) struct ServerMetrics {
    http_duration: Family<Histogram, 7>,
    rpc_duration: Family<Histogram, 5>,
    active: Family<Gauge, 2>,
    request_size: Family<Histogram, 4>,
    response_size: Family<Histogram, 4>,
    first_byte: Family<Histogram, 3>,
    stream: Family<Histogram, 3>,
    upgraded: Gauge,
    replaced_ids: Counter,
    failures: Family<Counter, 4>,
    malformed_traces: Counter,
    business: Business,
    actives: Memo<([usize; 2], Gauge)>,
    answers: Memo<(Answer, AnswerSeries)>,
}

/// An HTTP answer by everything its labels are made of; texts by their address and length, which are theirs for good.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Answer {
    method: usize,
    scheme: usize,
    version: usize,
    route: usize,
    status: u16,
    error: usize,
    outcome: Outcome,
}

/// The series an answer is recorded in.
#[derive(Debug)]
struct AnswerSeries {
    duration: Histogram,
    first_byte: Histogram,
    request_size: Histogram,
    response_size: Histogram,
}

impl Answer {
    /// `None` where a text may be somebody's own.
    fn of(ended: &Ended<'_>) -> Option<Self> {
        let fixed = ended.rpc.is_none() && (ended.route_kept || ended.route.is_empty());
        fixed.then(|| Self {
            method: text_address(ended.method),
            scheme: text_address(ended.scheme),
            version: text_address(ended.version),
            route: text_address(ended.route),
            status: ended.http_status.map_or(0, |status| status.as_u16()),
            error: text_address(ended.error),
            outcome: ended.outcome,
        })
    }

    fn hash(&self) -> u64 {
        let texts = self.method ^ self.route.rotate_left(7) ^ self.error.rotate_left(17) ^ self.version.rotate_left(29);
        texts as u64 ^ u64::from(self.status) << 32 ^ u64::from(self.outcome as u8) << 48
    }
}

/// A text that stays where it is, as a number; 0 for an empty one.
fn text_address(text: &str) -> usize {
    if text.is_empty() { 0 } else { text.as_ptr().addr() ^ text.len() << 48 }
}

impl ServerMetrics {
    pub(crate) fn new(registry: &Registry, more_bounds: &[f64]) -> Result<Self, Error> {
        let mut bounds = [&DURATION_BOUNDS, more_bounds].concat();
        bounds.sort_by(f64::total_cmp);
        bounds.dedup();
        let by_operation = ["http.request.method", "http.route", "rpc.method"];
        let of_http = ["http.request.method", "http.route", "http.response.status_code", "rpc.method"];
        Ok(Self {
            http_duration: registry
                .histogram("http.server.request.duration")
                .unit("s")
                .description(
                    "Duration of HTTP server requests, to the last byte of the answer; of event streams, to the first.",
                )
                .bounds(bounds.iter().copied())
                .labels([
                    "http.request.method",
                    "url.scheme",
                    "network.protocol.version",
                    "http.route",
                    "http.response.status_code",
                    "error.type",
                    "outcome",
                ])
                .family()?,
            rpc_duration: registry
                .histogram("rpc.server.call.duration")
                .unit("s")
                .description("Duration of gRPC calls answered, to the last message.")
                .bounds(bounds.iter().copied())
                .labels(["rpc.system.name", "rpc.method", RPC_STATUS, "error.type", "outcome"])
                .family()?,
            active: registry
                .gauge("http.server.active_requests")
                .additive()
                .unit("{request}")
                .description("Requests being answered, gRPC calls included.")
                .labels(["http.request.method", "url.scheme"])
                .family()?,
            request_size: registry
                .histogram("http.server.request.body.size")
                .unit("By")
                .description("Bytes of request bodies, as declared or counted; not recorded where neither is known.")
                .bounds(SIZE_BOUNDS)
                .labels(of_http)
                .family()?,
            response_size: registry
                .histogram("http.server.response.body.size")
                .unit("By")
                .description("Bytes of response bodies that were handed to the connection.")
                .bounds(SIZE_BOUNDS)
                .labels(of_http)
                .family()?,
            first_byte: registry
                .histogram("bellwether.server.time_to_first_byte")
                .unit("s")
                .description("From a request's start to the first byte of its answer's body.")
                .bounds(DURATION_BOUNDS)
                .labels(by_operation)
                .family()?,
            stream: registry
                .histogram("bellwether.server.stream.duration")
                .unit("s")
                .description("How long event streams lasted.")
                .bounds(DURATION_BOUNDS)
                .labels(by_operation)
                .family()?,
            upgraded: registry
                .gauge("bellwether.server.upgraded_connections")
                .additive()
                .unit("{connection}")
                .description("Connections that were upgraded, to WebSocket for example, and are still open.")
                .build()?,
            replaced_ids: registry
                .counter("bellwether.server.request_ids_replaced")
                .unit("{request}")
                .description("Requests that came with an id that is not 1 to 128 characters of [A-Za-z0-9._-].")
                .build()?,
            failures: registry
                .counter("bellwether.server.failures")
                .unit("{request}")
                .description(
                    "Requests that failed or were refused, by whose fault that was: a dependency's, or that of this process.",
                )
                .labels(["http.route", "rpc.method", "outcome", "dependency"])
                .family()?,
            malformed_traces: registry
                .counter("bellwether.server.traceparents_malformed")
                .unit("{request}")
                .description("Requests that came with a malformed traceparent and so began a trace of their own.")
                .build()?,
            business: Business::new(registry)?,
            actives: Memo::default(),
            answers: Memo::default(),
        })
    }

    /// Where a request is counted while it lasts. Looked up each time: a handle to keep would be counted itself, and all
    /// threads would meet there.
    pub(crate) fn active(&self, method: &'static str, scheme: &'static str) -> &Gauge {
        let here = [text_address(method), text_address(scheme)];
        let known = self.actives.get(
            here[0] as u64 ^ (here[1] as u64).rotate_left(21),
            |(own, _)| *own == here,
            || (here, self.active.get([method, scheme]).clone()),
        );
        known.map_or_else(|| self.active.get([method, scheme]), |(_, gauge)| gauge)
    }

    pub(crate) fn upgraded(&self) -> &Gauge {
        &self.upgraded
    }

    pub(crate) fn id_replaced(&self) {
        self.replaced_ids.inc();
    }

    pub(crate) fn trace_malformed(&self) {
        self.malformed_traces.inc();
    }

    pub(crate) fn record(&self, ended: &Ended<'_>, scope: &Scope) {
        self.business.record(scope, ended.outcome);
        let known = Answer::of(ended).and_then(|answer| {
            self.answers.get(answer.hash(), |(own, _)| *own == answer, || (answer, self.resolve(ended)))
        });
        let resolved;
        let series = match known {
            Some((_, series)) => series,
            None => {
                resolved = self.resolve(ended);
                &resolved
            }
        };
        ended.record_latency(&series.duration);
        if let Some(first_byte) = ended.first_byte {
            series.first_byte.record_duration(first_byte);
        }
        if ended.streamed {
            let rpc = ended.rpc.unwrap_or_default();
            self.stream.get([ended.method, ended.route, rpc]).record_duration(ended.duration);
        }
        if let Some(bytes) = ended.request_bytes {
            series.request_size.record(bytes as f64);
        }
        series.response_size.record(ended.response_bytes as f64);
    }

    /// Counts a request that failed, or was refused, by whose fault it was; if that is not known, nowhere.
    #[cold]
    pub(crate) fn failed(&self, ended: &Ended<'_>, blame: &Blame) {
        let whose = match blame {
            Blame::Unknown => return,
            Blame::Own => "this process",
            Blame::Other(name) => name,
        };
        // As it is counted by its duration: of HTTP or of gRPC.
        let (route, rpc) = ended.rpc.map_or((ended.route, ""), |rpc| ("", rpc));
        self.failures.get([route, rpc, ended.outcome.as_str(), whose]).inc();
    }

    fn resolve(&self, ended: &Ended<'_>) -> AnswerSeries {
        let Ended { method, route, status, error, .. } = *ended;
        let outcome = ended.outcome.as_str();
        let rpc = ended.rpc.unwrap_or_default();
        // Only `http.*` metrics speak of HTTP statuses, and a gRPC call's is 200 at best.
        let http_status = if ended.rpc.is_none() { status } else { "" };
        AnswerSeries {
            duration: match ended.rpc {
                None => self.http_duration.get([method, ended.scheme, ended.version, route, status, error, outcome]),
                Some(rpc) => self.rpc_duration.get(["grpc", rpc, status, error, outcome]),
            }
            .clone(),
            first_byte: self.first_byte.get([method, route, rpc]).clone(),
            request_size: self.request_size.get([method, route, http_status, rpc]).clone(),
            response_size: self.response_size.get([method, route, http_status, rpc]).clone(),
        }
    }

    /// Whether a gRPC method was ever answered as known, which makes its name fit for a label.
    pub(crate) fn knows(&self, rpc_method: &str) -> bool {
        rpc_method != OTHER
            && self.rpc_duration.metric().series().any(|series| series.label("rpc.method") == Some(rpc_method))
    }
}
