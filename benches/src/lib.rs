//! Benches of the record and layer paths, with rivals in the same run.
//!
//! A [`Case`] is one operation of one library: recording, or a call through a breaker or a dependency. Three drivers run the same
//! cases: criterion (`benches/`), an interleaved table of nanoseconds (`table`), and one case a given number of times for callgrind
//! (`instructions`).
//!
//! A [`Stack`](layer::Stack) is a route of a service with what stands around it: measured in process (`layers`), as a server
//! under load (`loopback`, `scanner`), and by what it takes to build (`builds`).

pub mod cascade;
mod case;
mod counting;
pub mod cpu;
pub mod dependency;
pub mod guard;
pub mod layer;
mod pinned;
pub mod record;
pub mod rounds;
pub mod sample;

pub use case::{Case, Run};
pub use counting::Counting;
pub use pinned::Pinned;

/// Every case there is.
pub fn cases() -> Vec<Case> {
    [record::cases(), guard::cases(), dependency::cases(), cascade::cases()].concat()
}
