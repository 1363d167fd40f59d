//! The query API, if the feature `dashboard` is on.

#[cfg(not(feature = "dashboard"))]
#[path = "queries/disabled.rs"]
mod imp;
#[cfg(feature = "dashboard")]
#[path = "queries/enabled.rs"]
mod imp;

pub(crate) use imp::Queries;
