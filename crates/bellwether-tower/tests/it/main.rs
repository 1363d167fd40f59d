//! The lifecycle conformance suite: however a request ends, over a real server, it is accounted for exactly once.
#![allow(missing_docs, reason = "tests")]

mod harness;

mod ends;

mod blame;
mod cancelled;
mod failures;
mod stacked;
mod upgrades;

mod echo;
mod grpc;

mod identity;
mod routes;
mod scope;
mod spans;

mod allocations;
mod crowd;
mod hostile;
mod listeners;
mod scanner;

mod calls;
mod joined;
mod reqwest_calls;

mod guard;
mod guard_body;
mod guard_http;
mod guard_sqlx;
