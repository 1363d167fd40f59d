//! Objectives, if the feature `slo` is on.

#[cfg(not(feature = "slo"))]
#[path = "objectives/disabled.rs"]
mod imp;
#[cfg(feature = "slo")]
#[path = "objectives/enabled.rs"]
mod imp;

#[cfg(feature = "slo")]
pub use imp::Objectives;
pub(crate) use imp::{Follower, ObjectivesPlan};
