//! A `traceparent` header of any bytes: never a panic, and what is accepted is written back as it was meant.
#![no_main]

use bellwether_core::TraceContext;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|header: &[u8]| {
    let Some(context) = TraceContext::parse(header) else { return };
    let written = context.to_traceparent();
    assert_eq!(TraceContext::parse(&written), Some(context));
    // Trace and span come through unchanged; version and flags are ours.
    assert_eq!(header.get(3..52), written.get(3..52));
});
