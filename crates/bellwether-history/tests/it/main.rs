//! History, seen from outside: one binary.

mod asked;
mod crash;
mod file;
mod model;
mod queries;
