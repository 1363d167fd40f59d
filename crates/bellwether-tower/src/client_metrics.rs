//! What a client counts of the calls it makes.

use bellwether_core::{Error, Family, Gauge, Histogram, Registry};

use crate::ended::Ended;
use crate::server_metrics::{DURATION_BOUNDS, RPC_STATUS, SIZE_BOUNDS};
use crate::side::Peer;

/// What the application calls the one it called.
const PEER_NAME: &str = "service.peer.name";

#[derive(Debug)]
pub(crate) struct ClientMetrics {
    http_duration: Family<Histogram, 8>,
    rpc_duration: Family<Histogram, 8>,
    active: Family<Gauge, 3>,
    request_size: Family<Histogram, 3>,
    response_size: Family<Histogram, 3>,
    first_byte: Family<Histogram, 2>,
}

impl ClientMetrics {
    pub(crate) fn new(registry: &Registry) -> Result<Self, Error> {
        let to_peer = ["http.request.method", "server.address", "server.port"];
        Ok(Self {
            http_duration: registry
                .histogram("http.client.request.duration")
                .unit("s")
                .description(
                    "Duration of HTTP calls made, to the last byte of the answer; of event streams, to the first.",
                )
                .bounds(DURATION_BOUNDS)
                .labels([
                    "http.request.method",
                    "server.address",
                    "server.port",
                    PEER_NAME,
                    "network.protocol.version",
                    "http.response.status_code",
                    "error.type",
                    "outcome",
                ])
                .family()?,
            rpc_duration: registry
                .histogram("rpc.client.call.duration")
                .unit("s")
                .description("Duration of gRPC calls made, to the last message.")
                .bounds(DURATION_BOUNDS)
                .labels([
                    "rpc.system.name",
                    "rpc.method",
                    "server.address",
                    "server.port",
                    PEER_NAME,
                    RPC_STATUS,
                    "error.type",
                    "outcome",
                ])
                .family()?,
            active: registry
                .gauge("http.client.active_requests")
                .additive()
                .unit("{request}")
                .description("Calls under way, gRPC included.")
                .labels(to_peer)
                .family()?,
            request_size: registry
                .histogram("http.client.request.body.size")
                .unit("By")
                .description("Bytes of request bodies sent; not recorded where not known beforehand.")
                .bounds(SIZE_BOUNDS)
                .labels(to_peer)
                .family()?,
            response_size: registry
                .histogram("http.client.response.body.size")
                .unit("By")
                .description("Bytes of response bodies read.")
                .bounds(SIZE_BOUNDS)
                .labels(to_peer)
                .family()?,
            first_byte: registry
                .histogram("bellwether.client.time_to_first_byte")
                .unit("s")
                .description("From a call's start to the first byte of the answer's body.")
                .bounds(DURATION_BOUNDS)
                .labels(["server.address", "server.port"])
                .family()?,
        })
    }

    pub(crate) fn active(&self, method: &str, peer: Option<&Peer>) -> Gauge {
        let (address, port) = address(peer);
        self.active.get([method, address, port]).clone()
    }

    pub(crate) fn record(&self, ended: &Ended<'_>) {
        let Ended { method, status, error, .. } = *ended;
        let outcome = ended.outcome.as_str();
        let (address, port) = address(ended.peer);
        let name = ended.peer.map_or("", Peer::given_name);
        ended.record_latency(match ended.rpc {
            None => self.http_duration.get([method, address, port, name, ended.version, status, error, outcome]),
            Some(rpc) => self.rpc_duration.get(["grpc", rpc, address, port, name, status, error, outcome]),
        });
        if let Some(first_byte) = ended.first_byte {
            self.first_byte.get([address, port]).record_duration(first_byte);
        }
        if let Some(bytes) = ended.request_bytes {
            self.request_size.get([method, address, port]).record(bytes as f64);
        }
        self.response_size.get([method, address, port]).record(ended.response_bytes as f64);
    }
}

fn address(peer: Option<&Peer>) -> (&str, &str) {
    peer.map_or(("", ""), |peer| (peer.address(), peer.port_text()))
}
