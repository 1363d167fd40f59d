//! The one test binary of bellwether-breaker.
mod budget;
mod deadlines;
mod hint;
mod limits;
mod model;
mod properties;
mod slow;
mod sse;
