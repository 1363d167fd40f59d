//! The one test binary of bellwether-breaker.
mod budget;
mod deadlines;
mod hint;
mod keyed;
mod limits;
mod model;
mod properties;
mod slow;
mod sse;
