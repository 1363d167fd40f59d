//! JSON logs, if the feature `log` is on.

#[cfg(not(feature = "log"))]
#[path = "log/disabled.rs"]
mod imp;
#[cfg(feature = "log")]
#[path = "log/enabled.rs"]
mod imp;

#[cfg(feature = "log")]
pub(crate) use imp::Writer;
pub(crate) use imp::{LogPlan, Logs};
