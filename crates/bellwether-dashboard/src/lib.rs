//! The public surface of the crate.
#![doc = include_str!("../README.md")]

mod api;
mod failure;
#[cfg(feature = "history")]
mod history;
mod json;
mod params;
mod run;
mod source;
mod time;

pub use api::{QueryApi, QueryBody};
pub use source::{Exemplar, Metadata, SeriesExemplars, Source};
