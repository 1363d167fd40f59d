//! The one test binary of bellwether-breaker.
mod budget;
mod deadlines;
mod hint;
mod keyed;
mod limits;
mod metrics;
mod model;
mod properties;
mod slow;
mod sse;
mod usage;
