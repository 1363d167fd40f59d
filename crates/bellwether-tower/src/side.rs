//! Server or client: what the two sides of a request count, and how they judge an answer, differ; all else is shared.

use std::any::Any;
use std::collections::HashSet;
use std::fmt;
use std::sync::Arc;

use bellwether_core::{
    Call, Clock, Follow, Gauge, Instant, Kind, OnEnd, Outcome, Redaction, Scope, TraceContext, Work,
};
use http::{HeaderName, StatusCode};
use tracing::Span;

use crate::client_metrics::ClientMetrics;
use crate::declared::Declared;
use crate::ended::Ended;
use crate::memo::Routes;
use crate::names::{self, Code, Methods, OTHER};
use crate::sampler::Sampler;
use crate::server_metrics::ServerMetrics;

/// What all requests of a layer share. Apart from how many they are, which every thread writes.
#[repr(align(128))]
pub(crate) struct Shared {
    pub(crate) clock: Clock,
    pub(crate) side: Side,
    pub(crate) listeners: Vec<Arc<dyn OnEnd>>,
    pub(crate) request_id_header: HeaderName,
    pub(crate) sampler: Sampler,
    pub(crate) default_scheme: &'static str,
    pub(crate) methods: Methods,
    pub(crate) span_hook: Option<Box<SpanHook>>,
    pub(crate) error_kinds: Option<Box<ErrorKinds>>,
    /// What spans do not say.
    pub(crate) redaction: Redaction,
}

pub(crate) type SpanHook = dyn Fn(&Span, &Scope) + Send + Sync;
pub(crate) type ErrorKinds = dyn Fn(&dyn Any) -> Option<(&'static str, Outcome)> + Send + Sync;

#[derive(Debug)]
pub(crate) enum Side {
    Server(Box<Server>),
    Client(Box<Client>),
}

#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) metrics: ClientMetrics,
    pub(crate) position: Option<Position>,
}

/// Where in its trace the code that makes a call is, if some span of its own is running.
#[derive(Clone, Copy)]
pub(crate) struct Position(pub(crate) fn() -> Option<TraceContext>);

impl fmt::Debug for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Position")
    }
}

#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) metrics: ServerMetrics,
    pub(crate) routes: Routes,
    /// Of requests that the framework names no route of.
    pub(crate) declared: Declared,
    pub(crate) trust_remote_sampled: bool,
    /// The gRPC methods that are called by their name; `None` for all that are answered as known.
    pub(crate) rpc_methods: Option<HashSet<Box<str>>>,
    /// Who knows what is under way.
    pub(crate) follower: Option<Arc<dyn Follow>>,
}

/// Whom a client calls.
#[derive(Debug, Clone)]
pub(crate) struct Peer {
    /// What the application calls it; its address, if it gives it no name.
    name: Arc<str>,
    named: bool,
    address: Arc<str>,
    port: u16,
    port_text: [u8; 5],
}

impl Side {
    pub(crate) fn kind(&self) -> Kind {
        match self {
            Self::Server(_) => Kind::Server,
            Self::Client(_) => Kind::Client,
        }
    }

    /// Counts a request as begun. Returns the gauge of a call, by which it [ends](Self::inactive).
    pub(crate) fn active(&self, method: &'static str, scheme: &'static str, peer: Option<&Peer>) -> Option<Gauge> {
        match self {
            Self::Server(server) => {
                server.metrics.active(method, scheme).begin();
                None
            }
            Self::Client(client) => {
                let active = client.metrics.active(method, peer);
                active.begin();
                Some(active)
            }
        }
    }

    /// Counts a request as ended.
    pub(crate) fn inactive(&self, method: &'static str, scheme: &'static str, active: Option<&Gauge>) {
        match (self, active) {
            (Self::Server(server), _) => server.metrics.active(method, scheme).end(),
            (Self::Client(_), Some(active)) => active.end(),
            (Self::Client(_), None) => {}
        }
    }

    /// Counts what has ended, at this time.
    pub(crate) fn record(&self, ended: &Ended<'_>, scope: &Scope, at: Instant) {
        match self {
            Self::Server(server) => {
                server.metrics.record(ended, scope);
                if let (Some(follower), Some(work)) = (&server.follower, scope.work()) {
                    let blame = follower.ended(work, ended.outcome, ended.error, at);
                    if matches!(ended.outcome, Outcome::Failure | Outcome::Rejected | Outcome::Throttled) {
                        server.metrics.failed(ended, &blame);
                    }
                }
            }
            Self::Client(client) => {
                client.metrics.record(ended);
                // A call to a dependency is told as such, by whoever made it.
                let is_told = scope.work().is_some_and(Work::is_told);
                if let Some(peer) = ended.peer.filter(|_| !is_told) {
                    scope.call_ended(Call::new(Arc::clone(&peer.name), ended.outcome, ended.error, ended.duration));
                }
            }
        }
    }

    /// Outcome and error of a complete HTTP answer. To a client, any 4xx is an error too.
    pub(crate) fn judge_http<'a>(&self, status: &'a StatusCode) -> (Outcome, &'a str) {
        match self {
            Self::Server(_) if status.as_u16() < 500 => (names::http_outcome(*status), ""),
            Self::Client(_) if status.as_u16() < 400 => (Outcome::Success, ""),
            Self::Client(_) if *status == StatusCode::TOO_MANY_REQUESTS => (Outcome::Throttled, status.as_str()),
            _ => (names::http_outcome(*status), status.as_str()),
        }
    }

    /// Outcome and error of a complete gRPC answer. To a client, all but OK is an error.
    pub(crate) fn judge_grpc(&self, code: Code) -> (Outcome, &'static str) {
        let is_error = match self {
            Self::Server(_) => code.is_server_error(),
            Self::Client(_) => code != Code::OK,
        };
        let outcome = match self {
            Self::Server(_) => code.server_outcome(),
            Self::Client(_) => code.client_outcome(),
        };
        (outcome, if is_error { code.name() } else { "" })
    }

    /// The error of a request that was dropped before its end. Of a client's it is the application's wish, not an error.
    pub(crate) fn cancelled(&self) -> &'static str {
        match self {
            Self::Server(_) => "client_cancelled",
            Self::Client(_) => "",
        }
    }

    /// The name of a gRPC method, if it is not the caller's invention: declared, or answered by something that knows
    /// gRPC, now or earlier. Our own calls are no inventions.
    pub(crate) fn rpc_method<'a>(&self, path: &'a str, vouched: bool) -> &'a str {
        let known = match self {
            Self::Client(_) => true,
            Self::Server(server) => match &server.rpc_methods {
                Some(declared) => declared.contains(path),
                None => vouched || server.metrics.knows(path),
            },
        };
        if known { path } else { OTHER }
    }
}

impl Shared {
    pub(crate) fn error_kind<E: 'static>(&self, error: &E) -> (&'static str, Outcome) {
        let known = self.error_kinds.as_ref().and_then(|kinds| kinds(error));
        known.unwrap_or_else(|| (names::short_type_name::<E>(), Outcome::Failure))
    }
}

impl Peer {
    pub(crate) fn new(name: Option<Arc<str>>, address: &str, port: u16) -> Self {
        let address: Arc<str> = address.into();
        let mut port_text = *b"00000";
        let mut rest = port;
        for digit in port_text.iter_mut().rev() {
            *digit = b'0' + (rest % 10) as u8;
            rest /= 10;
        }
        let named = name.is_some();
        Self { name: name.unwrap_or_else(|| Arc::clone(&address)), named, address, port, port_text }
    }

    /// What the application calls it; its address, if it gives it no name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// What the application calls it; empty if it gives it no name.
    pub(crate) fn given_name(&self) -> &str {
        if self.named { &self.name } else { "" }
    }

    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    pub(crate) fn port_text(&self) -> &str {
        std::str::from_utf8(&self.port_text).unwrap_or_default().trim_start_matches('0')
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared")
            .field("request_id_header", &self.request_id_header)
            .field("sampler", &self.sampler)
            .finish_non_exhaustive()
    }
}
