//! The one test binary of bellwether-breaker.
