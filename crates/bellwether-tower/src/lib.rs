#![doc = include_str!("../README.md")]

mod account;
mod body;
mod incoming;
mod metrics;
mod names;
mod sampler;
mod server;
mod span;
#[cfg(feature = "tokio")]
mod spawn;

pub use body::ResponseBody;
pub use sampler::Sampler;
pub use server::{Observe, ObserveBuilder, ObserveLayer, ResponseFuture};
#[cfg(feature = "tokio")]
pub use spawn::{spawn, spawn_blocking};
