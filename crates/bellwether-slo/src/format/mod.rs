//! Objectives in files: as tables of `bellwether.toml`, as OpenSLO documents, and those that sloth has.
//!
//! Reading is strict. A key that is not known, a value that is not accepted and a name that nothing has are refused, all of
//! a file at once, each with its line, its column, what was found and what would be accepted ([`Problems`]). What another
//! format can say and this crate cannot is never dropped in silence: it is noted ([`Objectives::notes`]).
//!
//! Files are foreign input: their size, their depth, and what the aliases of YAML repeat are bounded.

#![cfg_attr(
    not(all(feature = "toml", feature = "yaml")),
    allow(dead_code, reason = "each format uses a part of what they share")
)]

mod cursor;
mod indicator;
mod node;
#[cfg(feature = "yaml")]
pub mod openslo;
mod query;
mod quote;
mod remark;
#[cfg(feature = "yaml")]
pub mod sloth;
#[cfg(feature = "toml")]
pub mod toml;
#[cfg(feature = "toml")]
mod toml_out;
#[cfg(feature = "toml")]
mod toml_tree;
mod words;
#[cfg(feature = "yaml")]
mod yaml;
#[cfg(feature = "yaml")]
mod yaml_out;

pub use remark::{Position, Problems, Remark};

use crate::Slo;

/// What a file says.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Objectives {
    /// Its objectives, in order; each passes [`Slo::check`].
    pub slos: Vec<Slo>,
    /// What it says and they do not.
    pub notes: Vec<Remark>,
}

/// What was written.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Written {
    /// The document: of the same objectives always the same bytes.
    pub text: String,
    /// What the objectives say and it does not.
    pub notes: Vec<Remark>,
}
