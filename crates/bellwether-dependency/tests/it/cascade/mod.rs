//! The cascade verdict: by hand-made windows, by any windows at all, and by a few simulated faults.

mod any;
mod bursts;
mod by_hand;
mod graph;
mod simulated;
mod simulator;
mod worth;
