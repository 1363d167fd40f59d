#![doc = include_str!("../README.md")]

mod builder;
mod call;
pub mod cascade;
mod dependencies;
mod dependency;
mod error;
mod fault;
pub mod genai;
#[cfg(feature = "grpc")]
mod grpc;
mod health;
mod kind;
mod limits;
mod operation;
mod probe;
mod status;
mod sync;

pub use builder::DependencyBuilder;
pub use call::{Ongoing, Operation};
pub use cascade::Failure;
pub use dependencies::{Dependencies, DependenciesBuilder};
pub use dependency::Dependency;
pub use error::Error;
pub use fault::{Fault, Limit, Retry};
#[cfg(feature = "grpc")]
pub use grpc::GrpcHealth;
pub use health::{Details, Document, Endpoint, Entry, Phase, Readiness, Report, Statement};
pub use kind::{Criticality, Kind, Reach};
pub use limits::{Allowance, Limits};
pub use probe::{Probe, Probes};
pub use status::{Health, Patience, Reason, Status};
