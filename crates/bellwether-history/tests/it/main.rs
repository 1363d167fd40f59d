//! History, seen from outside: one binary.

mod crash;
mod file;
mod model;
mod queries;
