#![doc = include_str!("../README.md")]

mod budget;
mod deadlines;
mod hint;
mod outcome;

pub use outcome::Outcome;
