#![doc = include_str!("../README.md")]

#[cfg(feature = "prometheus")]
pub mod prometheus;
mod resource;

pub use resource::{RefusedAttribute, Resource, ResourceBuilder};
