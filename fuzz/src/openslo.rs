//! Any text as OpenSLO documents: problems at their places, or objectives that are written and read again the same.
#![no_main]

#[path = "pieces/remarks.rs"]
mod remarks;

use bellwether_slo::format::openslo;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let read = match openslo::read(text, "x") {
        Ok(read) => read,
        Err(problems) => return remarks::refused(&problems, text),
    };
    remarks::stand_in(&read.notes, text);
    for slo in &read.slos {
        slo.check().expect("an objective that was read");
    }
    let written = openslo::write(&read.slos, "x");
    assert!(written.notes.is_empty(), "what came from OpenSLO goes there: {:?}", written.notes);
    let again = openslo::read(&written.text, "x").unwrap_or_else(|problems| panic!("{problems}\n{}", written.text));
    assert_eq!(again.slos, read.slos, "{}", written.text);
    assert!(again.notes.is_empty(), "{:?}\n{}", again.notes, written.text);
    assert_eq!(openslo::write(&again.slos, "x").text, written.text);
});
