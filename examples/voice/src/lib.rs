//! The demo service in parts, so that its tests can start them one by one. `main.rs` puts them together.
//!
//! In reading order: what a turn is, what it needs, how it is reached, and what keeps the demo busy.

pub mod app;
pub mod turn;

pub mod failure;
pub mod guards;
pub mod providers;
pub mod release;
pub mod store;

pub mod api;
pub mod proto;

pub mod story;
pub mod traffic;
pub mod upstream;

pub mod args;
pub mod calls;
pub mod worker;
