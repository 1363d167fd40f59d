//! What happened: the public surface of the crate.
#![doc = include_str!("../README.md")]

mod history;

mod options;
mod tiers;

mod listing;
mod view;

mod exact;
mod memo;
mod native;
mod parts;
mod recent;
mod render;

mod samples;

mod append;
mod family;
mod index;
mod series;
mod sources;
mod stamps;

mod bytes;
mod chunk;

pub mod file;
mod restart;

mod error;
mod own;
mod status;

pub use error::Error;
pub use exact::{Increase, Recorded, Span};
pub use history::{History, Tick};
pub use listing::{Exemplars, Metadata};
pub use options::Options;
pub use status::Status;
pub use tiers::Tier;
pub use view::View;
