//! PromQL over any storage: the public surface of the crate.
#![doc = include_str!("../README.md")]

mod engine;
mod error;
mod eval;
mod expression;
mod histogram;
mod labels;
mod limits;
mod matcher;
mod notes;
mod number;
mod parse;
mod print;
#[cfg(feature = "script")]
pub mod script;
mod storage;
mod value;

pub use engine::{Answer, Engine, Options};
pub use error::Error;
pub use expression::Expression;
pub use histogram::{Bucket, Combined, CounterResetHint, Histogram, Incompatible};
pub use labels::Labels;
pub use limits::{Limits, Stop};
pub use matcher::{MatchOp, Matcher};
pub use number::rfc3339;
pub use parse::duration;
pub use print::Tree;
pub use storage::{Hints, MemoryStorage, Selected, Selection, Storage};
pub use value::{Element, STALE_NAN, Sample, SampleValue, Series, Value};
