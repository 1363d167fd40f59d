//! The simulator of the example, which runs it at length, and uses and prints more of it.
#![allow(dead_code, clippy::print_stderr, reason = "the example uses and prints more of it")]

#[path = "../../../examples/cascade/fault.rs"]
pub(crate) mod fault;
#[path = "../../../examples/cascade/past.rs"]
pub(crate) mod past;
#[path = "../../../examples/cascade/random.rs"]
pub(crate) mod random;
#[path = "../../../examples/cascade/run.rs"]
pub(crate) mod run;
#[path = "../../../examples/cascade/sim.rs"]
pub(crate) mod sim;
#[path = "../../../examples/cascade/world.rs"]
pub(crate) mod world;
