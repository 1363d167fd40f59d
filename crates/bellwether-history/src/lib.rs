//! What happened: the public surface of the crate.
#![doc = include_str!("../README.md")]
#![allow(dead_code)]

mod bytes;
mod chunk;
pub mod file;
