//! What a server counts: the RED metrics of the semantic conventions, and what they leave open.

use bellwether_core::{Business, Counter, Error, Family, Gauge, Histogram, Registry, Scope};

use crate::ended::Ended;
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
    malformed_traces: Counter,
    business: Business,
}

impl ServerMetrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, Error> {
        let by_operation = ["http.request.method", "http.route", "rpc.method"];
        let of_http = ["http.request.method", "http.route", "http.response.status_code", "rpc.method"];
        Ok(Self {
            http_duration: registry
                .histogram("http.server.request.duration")
                .unit("s")
                .description(
                    "Duration of HTTP server requests, to the last byte of the answer; of event streams, to the first.",
                )
                .bounds(DURATION_BOUNDS)
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
                .bounds(DURATION_BOUNDS)
                .labels(["rpc.system.name", "rpc.method", RPC_STATUS, "error.type", "outcome"])
                .family()?,
            active: registry
                .gauge("http.server.active_requests")
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
                .unit("{connection}")
                .description("Connections that were upgraded, to WebSocket for example, and are still open.")
                .build()?,
            replaced_ids: registry
                .counter("bellwether.server.request_ids_replaced")
                .unit("{request}")
                .description("Requests that came with an id that is not 1 to 128 characters of [A-Za-z0-9._-].")
                .build()?,
            malformed_traces: registry
                .counter("bellwether.server.traceparents_malformed")
                .unit("{request}")
                .description("Requests that came with a malformed traceparent and so began a trace of their own.")
                .build()?,
            business: Business::new(registry)?,
        })
    }

    pub(crate) fn active(&self, method: &str, scheme: &str) -> Gauge {
        self.active.get([method, scheme]).clone()
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
        let Ended { method, route, status, error, .. } = *ended;
        let outcome = ended.outcome.as_str();
        let rpc = ended.rpc.unwrap_or_default();
        // Only `http.*` metrics speak of HTTP statuses, and a gRPC call's is 200 at best.
        let http_status = if ended.rpc.is_none() { status } else { "" };

        let durations = match ended.rpc {
            None => self.http_duration.get([method, ended.scheme, ended.version, route, status, error, outcome]),
            Some(rpc) => self.rpc_duration.get(["grpc", rpc, status, error, outcome]),
        };
        ended.record_latency(durations);
        if let Some(first_byte) = ended.first_byte {
            self.first_byte.get([method, route, rpc]).record_duration(first_byte);
        }
        if ended.streamed {
            self.stream.get([method, route, rpc]).record_duration(ended.duration);
        }
        if let Some(bytes) = ended.request_bytes {
            self.request_size.get([method, route, http_status, rpc]).record(bytes as f64);
        }
        self.response_size.get([method, route, http_status, rpc]).record(ended.response_bytes as f64);
    }

    /// Whether a gRPC method was ever answered as known, which makes its name fit for a label.
    pub(crate) fn knows(&self, rpc_method: &str) -> bool {
        rpc_method != OTHER
            && self.rpc_duration.metric().series().any(|series| series.label("rpc.method") == Some(rpc_method))
    }
}
