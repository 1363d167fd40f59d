//! History, seen from outside: one binary.

mod file;
mod model;
mod queries;
