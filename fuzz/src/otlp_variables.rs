//! `OTEL_*` variables of any value: never a panic, and what is refused is refused by name, in one line.
#![no_main]

mod pieces {
    pub mod lines;
    pub mod otlp;
}

use libfuzzer_sys::fuzz_target;
use pieces::{lines::variable, otlp};

fuzz_target!(|text: &str| {
    match otlp::destinations(&|name| variable(text, name)) {
        Ok(uris) => assert!(uris.iter().all(|uri| uri.starts_with("http")), "{uris:?}"),
        Err(said) => {
            assert!(said.len() < 2048 && !said.chars().any(char::is_control), "{said:?}");
        }
    }
});
