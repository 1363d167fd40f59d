#![doc = include_str!("../README.md")]

mod breaker;
mod budget;
mod call;
mod deadlines;
mod error;
mod events;
mod hint;
mod keyed;
mod lane;
mod machine;
mod metrics;
mod outcome;
mod permit;
mod rejected;
mod retries;
mod running;
mod settings;
mod snapshot;
pub mod sse;
mod sync;
mod ticket;
mod transition;
mod trial;
mod trip;
mod wait;
mod window;

use bellwether_core::lanes;

pub use breaker::Breaker;
pub use budget::{Amount, Budget, BudgetBuilder, BudgetSnapshot, Reservation, Spent};
pub use call::CallError;
pub use deadlines::{Deadline, Deadlines, Elapsed, Progress};
pub use error::Error;
pub use hint::{Headroom, Hint};
pub use keyed::{Breakers, BreakersSnapshot};
pub use outcome::Outcome;
pub use permit::{Permit, Retry};
pub use rejected::{Reason, Rejected};
pub use retries::Retries;
pub use settings::BreakerBuilder;
pub use snapshot::{Shadow, Snapshot};
pub use transition::{Mode, State, Transition, Why};
pub use trial::Trial;
pub use trip::Trip;
pub use wait::Wait;
pub use window::Counts;
