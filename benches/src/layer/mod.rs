//! One axum route, bare and within the layers of different libraries: a stack is a row of `stack`.
//!
//! Libraries of this kind install global subscribers, recorders and providers, so a process holds one stack.

mod bellwether;
mod child;
mod collector;
mod drive;
mod full;
mod opentelemetry_tower;
mod plain;
mod prometheus;
mod served;
mod spans;
mod tower_http;
mod tracing_opentelemetry;
mod turns;

use std::fmt;

use axum::Router;
use axum::routing::get;

pub use child::{Child, Sample, answer};
pub use collector::{ADDRESS, Collector};
pub use drive::{Driver, PATH};
pub use served::{Load, Round, Served, serve};
pub use turns::{Pair, Row, take_turns};

/// What stands around the route.
#[derive(Clone, Copy)]
pub struct Stack {
    /// Who it is, and what of it.
    pub name: &'static str,
    build: fn(Router) -> Built,
}

/// A route with what stands around it.
pub struct Built {
    /// The service.
    pub router: Router,
    /// What is exported beside it.
    pub exports: Option<Exports>,
}

/// Spans that a thread exports.
pub struct Exports {
    /// How many requests of a million have a span exported.
    per_million: u64,
    /// How many spans were delivered or lost.
    done: Box<dyn Fn() -> u64 + Send + Sync>,
    /// How many of these were lost.
    lost: Box<dyn Fn() -> u64 + Send + Sync>,
}

/// All of them: the route alone first, then ours, then the others.
pub fn stacks() -> Vec<Stack> {
    let libraries = [
        plain::STACKS,
        bellwether::STACKS,
        tower_http::STACKS,
        prometheus::STACKS,
        opentelemetry_tower::STACKS,
        tracing_opentelemetry::STACKS,
        full::STACKS,
    ];
    libraries.concat()
}

/// The stack of this name, or of this word.
pub fn stack(name: &str) -> Option<Stack> {
    stacks().into_iter().find(|stack| stack.name == name || stack.word() == name)
}

impl Stack {
    /// Builds it, on a thread that is in a tokio runtime: some spawn tasks.
    pub fn build(&self) -> Built {
        (self.build)(route())
    }

    /// Its name as one word, for a command line.
    pub fn word(&self) -> String {
        self.name.replace(" %", "").replace(", ", "_").replace([' ', '/'], "_")
    }
}

impl Exports {
    /// Whether no more than a batch of the spans of so many requests is under way. With few requests sampled always: nobody
    /// knows how many there were, and an exporter keeps up with them.
    pub fn caught_up(&self, requests: u64) -> bool {
        self.per_million < 1_000_000 || (self.done)() + spans::BATCH >= requests
    }

    /// One of how many requests has a span.
    fn requests_a_span(&self) -> u64 {
        1_000_000 / self.per_million
    }

    /// How many spans were lost.
    pub fn lost(&self) -> u64 {
        (self.lost)()
    }
}

/// The service that all stacks observe: it does as little as a service can, so that what stands around it shows.
fn route() -> Router {
    Router::new().route("/users/{id}", get(|| async { "hello, world" }))
}

impl From<Router> for Built {
    fn from(router: Router) -> Self {
        Self { router, exports: None }
    }
}

impl fmt::Debug for Stack {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Stack({})", self.name)
    }
}

impl fmt::Debug for Built {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Built").field("exports", &self.exports.is_some()).finish_non_exhaustive()
    }
}

impl fmt::Debug for Exports {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Exports").field("per_million", &self.per_million).finish_non_exhaustive()
    }
}
