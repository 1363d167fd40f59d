//! What happened: the public surface of the crate.
#![doc = include_str!("../README.md")]

pub mod file;
