//! The one test binary of bellwether-breaker.
mod hint;
mod limits;
mod model;
mod properties;
mod slow;
