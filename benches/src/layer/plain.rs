//! The route alone, and what axum itself takes for any layer.

use std::task::{Context, Poll};

use axum::body::Body;
use axum::http::Request;
use tower::Service;
use tower::layer::layer_fn;

use super::Stack;

pub(super) const STACKS: &[Stack] = &[
    Stack { name: "bare", build: Into::into },
    Stack { name: "identity layer", build: |route| route.layer(layer_fn(Identity)).into() },
];

/// A layer that does nothing: axum boxes what it wraps all the same.
#[derive(Clone)]
struct Identity<S>(S);

impl<S: Service<Request<Body>>> Service<Request<Body>> for Identity<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> S::Future {
        self.0.call(request)
    }
}
