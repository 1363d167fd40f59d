//! A request id of any bytes: never a panic, and what is accepted is short, harmless and unchanged.
#![no_main]

use bellwether_core::RequestId;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let Some(id) = RequestId::parse(bytes) else { return };
    assert_eq!(id.as_str().as_bytes(), bytes);
    assert!((1..=RequestId::MAX_LEN).contains(&bytes.len()));
    assert!(bytes.iter().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(byte)));
});
