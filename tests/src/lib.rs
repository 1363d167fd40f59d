//! Real counterparts for tests: they start, tell what they saw, and stop; and a collector that fails on command.
//!
//! Two kinds. [`sink::Sink`] and [`page::Page`] live in the test's own process and are always there. Prometheus,
//! promtool, rotel, PostgreSQL, Redis, gRPC for Python, aimock, the OpenMetrics parser, pino-pretty and clients of Prometheus
//! are other people's programs: a test that uses one asks [`real`] first. Without `BELLWETHER_REAL=1` it says so in one line
//! and returns; with it (as `cargo xtask test` runs the tests) a program that is missing fails the test with the command that
//! installs it.
#![allow(
    clippy::print_stderr,
    clippy::disallowed_methods,
    reason = "a test harness reports to stderr, and waits for real programs by the real clock"
)]

mod client;
mod component;
mod openmetrics;
mod pino;
mod promtool;
mod script;
mod wait;

pub mod aimock;
pub mod demo;
pub mod families;
pub mod grpc_health;
pub mod page;
pub mod postgres;
pub mod prometheus;
pub mod redis;
pub mod remote_write;
pub mod road;
pub mod rotel;
pub mod samples;
pub mod sink;

pub use client::client;
pub use component::{Component, free_port, real};
pub use openmetrics::{Family, FamilySample, openmetrics};
pub use pino::pino_pretty;
pub use promtool::{promtool, promtool_check_metrics};
pub use script::{node, python};
pub use wait::{PATIENCE, until};
