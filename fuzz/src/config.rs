//! `bellwether.toml` of any text: never a panic, and what is refused is refused in one line that says where.
#![no_main]

// The settings without the front door around them: nothing of it needs to be built here.
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/access.rs"]
mod access;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/dependencies.rs"]
mod dependencies;
#[allow(dead_code, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/error.rs"]
mod error;
#[path = "without/objectives.rs"]
mod objectives;
#[allow(dead_code, unused_imports, reason = "the library uses all of it")]
#[path = "../../crates/bellwether/src/settings/mod.rs"]
mod settings;

use libfuzzer_sys::fuzz_target;
use settings::{Config, Settings};

fuzz_target!(|text: &str| {
    let mut applied = Settings::default();
    match Config::parse(text, "x") {
        Ok(config) => config.apply(&mut applied),
        Err(error) => {
            let said = error.to_string();
            let line = said.strip_prefix("x:").and_then(|rest| rest.split_once(": ")?.0.parse().ok());
            assert!(line.is_some_and(|line: usize| (1..=1 + text.lines().count()).contains(&line)), "{said:?}");
            assert!(said.len() < 2048 && !said.chars().any(char::is_control), "{said:?}");
        }
    }
});
