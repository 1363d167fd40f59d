//! Any text as the form, the address and the parameters of a query: an error, or what was meant.
#![no_main]
#![allow(dead_code, reason = "what is included has more than is looked at here")]

#[path = "../../crates/bellwether-dashboard/src/failure.rs"]
mod failure;
#[path = "../../crates/bellwether-dashboard/src/params.rs"]
mod params;
#[path = "../../crates/bellwether-dashboard/src/time.rs"]
mod time;

use libfuzzer_sys::fuzz_target;
use params::{Params, decode, unescape};

fuzz_target!(|text: &str| {
    let mut params = Params::default();
    if let Err(failure) = params.add(text) {
        assert!(failure.message.starts_with("error parsing form values: "), "{}", failure.message);
    }
    for name in ["start", "end", "time"] {
        if let Ok(ms) = params.time_or(name, 0) {
            assert!(ms.abs() <= time::FOREVER_MS, "{name} is {ms}");
        }
    }
    let _ = (params.nanos("step"), params.timeout(), params.limit());
    if let Ok(selectors) = params.selectors() {
        assert!(selectors.iter().flatten().count() >= params.all("match[]").count(), "a selector of nothing");
    }

    // Whatever it is, written as a value it is read as it was.
    let mut again = Params::default();
    let written: String = text.bytes().map(|byte| format!("%{byte:02x}")).collect();
    assert!(again.add(&format!("a={written}&b")).is_ok());
    assert_eq!((again.text("a"), again.text("b")), (text, ""));
    assert_eq!(decode(&written, false).ok().as_deref(), Some(text));
    let escaped: String = text.chars().map(|c| format!("_{:x}_", u32::from(c))).collect();
    assert_eq!(unescape(&format!("U__{escaped}")), text);
    let _ = unescape(text);

    // A time that is read is one, written as a number as well.
    if let Ok(ms) = time::time(text) {
        let seconds = ms as f64 / 1000.0;
        if ms.abs() < 1 << 50 {
            assert_eq!(time::time(&format!("{seconds}")), Ok(ms), "{text}");
        }
    }
});
