//! The query of any URL: secrets are replaced, all else stays, and once is enough.
#![no_main]

use bellwether_core::Redaction;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|query: &str| {
    let redaction = Redaction::default();
    let clean = redaction.query(query);
    assert_eq!(redaction.query(&clean), clean);
    assert_eq!(clean.matches('&').count(), query.matches('&').count());
    for (pair, given) in clean.split('&').zip(query.split('&')) {
        let secret = given.split_once('=').filter(|(name, _)| redaction.hides(name));
        match secret {
            Some((name, _)) => assert_eq!(pair, format!("{name}=[redacted]")),
            None => assert_eq!(pair, given),
        }
    }
});
