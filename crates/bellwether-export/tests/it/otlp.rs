//! A pipeline against a collector that does as it is told, by both wires.

mod away;
mod delivery;
mod late;
mod logs;
mod rig;
mod spans;
mod stopping;
mod tls;
