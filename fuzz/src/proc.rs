//! Texts of `/proc` of any kind: never a panic.
#![no_main]

#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/watch/proc.rs"]
mod proc;

use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Some(stat) = proc::Stat::parse(text) {
        assert!(stat.cpu() >= stat.user && stat.cpu() >= stat.system);
    }
    let _ = (proc::Memory::parse(text), proc::parse_uptime(text));
});
