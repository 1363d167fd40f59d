//! The one test binary of bellwether-breaker.
mod budget;
mod hint;
mod limits;
mod model;
mod properties;
mod slow;
