//! End to end, one binary: the harness against itself, and what we make against those who read it.

mod demo;
mod formats;
mod prometheus;
mod rotel;
mod sink;
