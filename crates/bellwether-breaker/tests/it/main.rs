//! The one test binary of bellwether-breaker.
mod model;
mod properties;
