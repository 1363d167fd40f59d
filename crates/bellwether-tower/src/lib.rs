#![doc = include_str!("../README.md")]

mod account;
mod body;
mod client;
mod client_metrics;
mod declared;
mod ended;
mod future;
mod guard;
mod incoming;
mod memo;
mod names;
#[cfg(feature = "reqwest")]
mod reqwest;
mod sampler;
mod server;
mod server_metrics;
mod side;
mod span;
#[cfg(feature = "tokio")]
mod spawn;

pub use body::ResponseBody;
pub use client::{CallBuilder, CallLayer, ObservedCall};
pub use future::ResponseFuture;
pub use guard::*;
#[cfg(feature = "reqwest")]
pub use reqwest::ObserveCalls;
pub use sampler::Sampler;
pub use server::{Observe, ObserveBuilder, ObserveLayer};
#[cfg(feature = "tokio")]
pub use spawn::{spawn, spawn_blocking};
