//! A `tracestate` header of any bytes, in one piece or several: never a panic, and what is kept is kept again.
#![no_main]

use bellwether_core::TraceState;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    // A newline separates header lines, as it cannot be inside one.
    let Some(state) = TraceState::parse(bytes.split(|byte| *byte == b'\n')) else { return };
    let again = TraceState::parse([state.as_str().as_bytes()]).expect("what was accepted");
    assert_eq!(again.as_str(), state.as_str());
});
