//! `BELLWETHER_*` variables of any value: never a panic, and what is refused is refused by name, in one line.
#![no_main]

#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/access.rs"]
mod access;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/dependencies.rs"]
mod dependencies;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/error.rs"]
mod error;
mod pieces {
    pub mod lines;
}
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "without/objectives.rs"]
mod objectives;
#[allow(dead_code, unused_imports, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/settings/mod.rs"]
mod settings;

use libfuzzer_sys::fuzz_target;
use pieces::lines::variable;

fuzz_target!(|text: &str| {
    let mut applied = settings::Settings::default();
    if let Err(error) = settings::from_environment(&mut applied, &|name| variable(text, name)) {
        let said = error.to_string();
        assert!(said.starts_with("BELLWETHER_") && said.len() < 1024, "{said:?}");
        assert!(!said.chars().any(char::is_control), "{said:?}");
    }
});
