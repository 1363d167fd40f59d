//! History, if the feature `history` is on.

#[cfg(not(feature = "history"))]
#[path = "keeper/disabled.rs"]
mod imp;
#[cfg(feature = "history")]
#[path = "keeper/enabled.rs"]
mod imp;

#[cfg(feature = "history")]
pub use imp::ClockJump;
pub(crate) use imp::{HistoryPlan, Keeper};
