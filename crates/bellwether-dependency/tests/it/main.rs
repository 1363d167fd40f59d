//! The one test binary of bellwether-dependency.

mod cascade;
