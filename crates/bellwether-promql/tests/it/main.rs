//! The crate from outside: its own test scripts, and what the runner says of wrong ones.

mod runner;
mod scripts;
