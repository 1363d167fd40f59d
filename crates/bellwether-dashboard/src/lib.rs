//! The public surface of the crate.
#![doc = include_str!("../README.md")]
