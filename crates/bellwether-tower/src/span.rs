//! The span of a sampled request, by `tracing`, with the fields that the semantic conventions name.

use bellwether_core::Scope;
use http::Uri;
use tracing::{Span, field};

use crate::ended::Ended;
use crate::incoming::cut;
use crate::names::OTHER;
use crate::side::Peer;

/// What a span is made of, known before the service is called.
#[derive(Debug)]
pub(crate) struct Beginning<'a> {
    pub(crate) method: &'static str,
    /// The method as sent, where it is not one of the known.
    pub(crate) method_original: Option<&'a str>,
    pub(crate) scheme: &'static str,
    pub(crate) version: &'static str,
    pub(crate) path: &'a str,
    pub(crate) query: Option<&'a str>,
    pub(crate) route: Option<&'a str>,
    pub(crate) grpc: bool,
    pub(crate) user_agent: Option<&'a str>,
}

pub(crate) fn begin(beginning: &Beginning<'_>, scope: &Scope) -> Span {
    if !tracing::enabled!(target: "bellwether::server", tracing::Level::INFO) {
        return Span::none();
    }
    let request_id = scope.request_id().map(|id| id.as_str()).unwrap_or_default();
    if beginning.grpc {
        let method = beginning.path.trim_start_matches('/');
        return tracing::info_span!(
            target: "bellwether::server",
            parent: None,
            "request",
            otel.name = method,
            otel.kind = "server",
            otel.status_code = field::Empty,
            rpc.system.name = "grpc",
            rpc.method = method,
            rpc.response.status_code = field::Empty,
            error.type = field::Empty,
            network.protocol.version = beginning.version,
            user_agent.original = beginning.user_agent,
            request_id,
            enduser.id = field::Empty,
        );
    }
    let name;
    let method = if beginning.method == OTHER { "HTTP" } else { beginning.method };
    let otel_name = match beginning.route {
        Some(route) => {
            name = [method, " ", route].concat();
            &name
        }
        None => method,
    };
    tracing::info_span!(
        target: "bellwether::server",
        parent: None,
        "request",
        otel.name = otel_name,
        otel.kind = "server",
        otel.status_code = field::Empty,
        http.request.method = beginning.method,
        http.request.method_original = beginning.method_original,
        http.route = beginning.route,
        http.response.status_code = field::Empty,
        error.type = field::Empty,
        url.scheme = beginning.scheme,
        url.path = beginning.path,
        url.query = beginning.query,
        network.protocol.version = beginning.version,
        user_agent.original = beginning.user_agent,
        request_id,
        enduser.id = field::Empty,
    )
}

/// The span of a call, within whichever span makes it.
pub(crate) fn begin_call(uri: &Uri, method: &'static str, peer: &Peer, grpc: bool) -> Span {
    let address = Some(peer.address()).filter(|address| !address.is_empty());
    let port = address.map(|_| i64::from(peer.port()));
    if grpc {
        let rpc_method = uri.path().trim_start_matches('/');
        return tracing::info_span!(
            target: "bellwether::client",
            "call",
            otel.name = rpc_method,
            otel.kind = "client",
            otel.status_code = field::Empty,
            rpc.system.name = "grpc",
            rpc.method = rpc_method,
            rpc.response.status_code = field::Empty,
            error.type = field::Empty,
            server.address = address,
            server.port = port,
        );
    }
    // Without query: it is where clients put keys.
    let full = uri.scheme_str().zip(uri.authority()).map(|(scheme, authority)| {
        // Nor with a password.
        let host = authority.as_str().rsplit('@').next().unwrap_or_default();
        [scheme, "://", host, cut(uri.path())].concat()
    });
    tracing::info_span!(
        target: "bellwether::client",
        "call",
        otel.name = method,
        otel.kind = "client",
        otel.status_code = field::Empty,
        http.request.method = method,
        http.response.status_code = field::Empty,
        error.type = field::Empty,
        server.address = address,
        server.port = port,
        url.full = full,
    )
}

/// Writes into the span what is known at the end. The span ends when its last handle is dropped.
pub(crate) fn end(span: &Span, ended: &Ended<'_>, scope: &Scope) {
    if span.is_none() {
        return;
    }
    match ended.rpc {
        Some(rpc) => {
            span.record("rpc.response.status_code", ended.status);
            span.record("rpc.method", rpc);
        }
        None => {
            if let Some(status) = ended.http_status {
                span.record("http.response.status_code", i64::from(status.as_u16()));
            }
        }
    }
    if !ended.error.is_empty() {
        span.record("error.type", ended.error);
        span.record("otel.status_code", "ERROR");
    }
    // Taken out first: a subscriber may ask the scope, which is locked while it is looked at.
    if let Some(customer) = scope.look(|facts| facts.customer.clone()).flatten() {
        span.record("enduser.id", customer.as_str());
    }
}
