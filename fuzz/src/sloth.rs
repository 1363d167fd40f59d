//! Any text as sloth's specifications: problems at their places, or objectives that pass their own check.
#![no_main]

#[path = "pieces/remarks.rs"]
mod remarks;

use bellwether_slo::format::{openslo, sloth};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| match sloth::read(text, "x") {
    Ok(read) => {
        remarks::stand_in(&read.notes, text);
        for slo in &read.slos {
            slo.check().expect("an objective that was read");
        }
        let written = openslo::write(&read.slos, "x");
        let again = openslo::read(&written.text, "x").unwrap_or_else(|problems| panic!("{problems}\n{}", written.text));
        assert_eq!(again.slos.len(), read.slos.len(), "{}", written.text);
    }
    Err(problems) => remarks::refused(&problems, text),
});
