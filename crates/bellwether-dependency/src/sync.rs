//! The one door to what threads meet in, so that the tests can put loom's behind it and try every order of events.

pub(crate) use std::sync::Mutex;
pub(crate) use std::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize};

pub(crate) use once_cell::race::OnceBox;
