//! Which failure caused which: one verdict a tick, from exact counts, naming the root and not its victims.
//!
//! A [`Graph`] says who calls whom and who shares what. A [`Window`] says what was counted on it in one tick. The
//! [`Judge`] remembers what is normal, and turns each window into a [`Verdict`]: nothing is wrong, or this is the root, with
//! evidence, the way it took, and what it costs; or that it cannot be told.
//!
//! Nothing here reads a clock, does I/O or draws a random number: the same windows give the same verdicts.
//!
//! # How a root is found
//!
//! 1. A node *ails* if the lower Wilson bound of its share of failed or slow calls is above both what is normal for it and a
//!    floor; a pool if it is at least 90 % occupied while somebody waits.
//! 2. Lost requests are followed from the routes down. Each ailing node passes on what the scope has seen fail in an ailing
//!    child, and keeps what is its own; lost time is followed by the excess over what is normal. What a node keeps is its
//!    charge. Cycles are followed until next to nothing goes round.
//! 3. Rules turn the direction where a walk along calls goes wrong: a full pool is charged to whoever occupies it, refusals of
//!    a breaker to its target, stalls of this process to itself, one class of errors everywhere to the network, an emptied
//!    cache's load to the cache, more requests than ever to the load, bad requests to who sends them.
//! 4. The charges, as shares of all that was lost, are the scores. An incident opens with two ailing windows of the last
//!    three (beyond doubt: with one, and failures in another), if that is more than chance, a blip or a busy moment makes of
//!    it and goes on, and closes after three healthy ones. What hurts no request opens none before it is known what is
//!    normal. Without a clear first the verdict is [`Status::Unknown`].
//!
//! # Limits
//!
//! A dependency is a black box: one that is itself a victim of something behind it is named as the root, which is what
//! "root as seen from here" means. Work handed to a queue or a detached task loses its caller unless it carries the scope;
//! such calls show up without a caller, and blame is then inferred, not counted. Sampled windows break exact counts.

mod ailment;
mod charge;
mod evidence;
mod failure;
mod flow;
mod graph;
mod judge;
mod latency;
mod memory;
mod meter;
mod proof;
mod rules;
mod stats;
mod verdict;
mod watch;
mod window;

pub use failure::{Failure, Failures};
pub use graph::{EdgeId, Graph, Kind, NodeId, Refusal, Relation};
pub use judge::{Judge, Method};
pub use latency::Latency;
pub use meter::{Asking, Occupancy, Permit, Pool, Reader, Taken};
pub(crate) use meter::{Begun, Guard, Live, Meter};
pub use verdict::{Cause, Incident, IncidentId, Loop, Root, Status, Suspect, Verdict};
pub use watch::{Change, Watch};
pub use window::{Calls, Flow, Process, Window};
