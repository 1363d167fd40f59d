//! The same neighborhood that the file has in the library.

pub(super) mod transport;
#[allow(dead_code, unused_imports, reason = "the library uses all of it")]
#[path = "../../../../crates/bellwether-export/src/otlp/wire/mod.rs"]
mod wire;
