//! What a dependency says of itself, as a health document of any bytes: never a panic, and no more kept than is allowed.
#![no_main]

#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether-dependency/src/health/statement.rs"]
mod statement;
mod status {
    pub use bellwether_dependency::Health;
}

use libfuzzer_sys::fuzz_target;
use statement::Statement;
use status::Health;

fuzz_target!(|input: &[u8]| {
    let Some(said) = Statement::read(input) else { return };
    assert_ne!(said.health, Health::Unknown, "whoever says nothing has said nothing");
    assert!(said.failing.len() <= 8);
    assert!(said.failing.iter().all(|name| (1..=64).contains(&name.len()) && !name.contains(char::is_control)));
});
