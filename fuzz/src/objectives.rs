//! Any text as the objectives of `bellwether.toml`: problems at their places, or objectives that are written and read again
//! the same.
#![no_main]

#[path = "pieces/remarks.rs"]
mod remarks;

use bellwether_slo::format::toml;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let read = match toml::read(text, "x", &["tick"]) {
        Ok(read) => read,
        Err(problems) => return remarks::refused(&problems, text),
    };
    for slo in &read.slos {
        slo.check().expect("an objective that was read");
    }
    let written = toml::write(&read.slos);
    assert!(written.notes.is_empty(), "what came from a table goes there: {:?}", written.notes);
    let again = toml::read(&written.text, "x", &[]).unwrap_or_else(|problems| panic!("{problems}\n{}", written.text));
    assert_eq!(again.slos, read.slos, "{}", written.text);
    assert_eq!(toml::write(&again.slos).text, written.text);
});
