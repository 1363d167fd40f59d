#![doc = include_str!("../README.md")]

mod access;
mod bellwether;
mod builder;
mod dependencies;
mod error;
mod install;
mod keeper;
mod life;
mod log;
mod objectives;
mod otlp;
mod queries;
mod routes;
mod server;
mod settings;
mod shutdown;
mod sockets;
#[cfg(feature = "history")]
mod turn;
mod watch;

pub use access::Access;
pub use bellwether::Bellwether;
pub use builder::Builder;
pub use error::Error;
#[cfg(feature = "history")]
pub use keeper::ClockJump;
#[cfg(feature = "slo")]
pub use objectives::Objectives;
pub use settings::Config;
pub use shutdown::{Delivery, Shutdown, ShuttingDown};

pub use bellwether_breaker as breaker;
pub use bellwether_core::{self as core, Currency, Money, Outcome, Registry, Scope};
#[cfg(feature = "dashboard")]
pub use bellwether_dashboard as dashboard;
pub use bellwether_dependency::{self as dependency, Dependency};
pub use bellwether_export as export;
#[cfg(feature = "history")]
pub use bellwether_history as history;
#[cfg(feature = "slo")]
pub use bellwether_slo as slo;
pub use bellwether_tower as tower;
