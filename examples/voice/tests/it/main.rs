//! The demo end to end: its turns, its faults, its traffic and its story.

mod demo;

mod args;
mod faults;
mod guards;
mod incidents;
mod observed;
mod proto;
mod requests;
mod store;
mod story;
mod traffic;
mod turns;
