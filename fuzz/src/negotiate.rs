//! `Accept` and `Accept-Encoding` of any text: never a panic, and an answer that could be asked for by its own name.
#![no_main]

use bellwether_export::prometheus::{Format, accepts_gzip, negotiate};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let (accept, encoding) = text.split_once('\n').unwrap_or((text, ""));
    let format = negotiate(Some(accept));
    assert_eq!(negotiate(Some(&format.content_type())), format);
    // What is refused, and nothing else said, is not what comes.
    let refused = format!("{};q=0,*/*", Format::TEXT.content_type());
    assert_ne!(negotiate(Some(&refused)).syntax(), Format::TEXT.syntax());
    // An element that nobody knows changes nothing.
    if !accept.contains('"') {
        assert_eq!(negotiate(Some(&format!("{accept},x/y;q=1"))), format);
        assert_eq!(negotiate(Some(&format!("x/y,{accept}"))), format);
    }
    if !encoding.contains('"') {
        assert_eq!(accepts_gzip(Some(encoding)), plainly(encoding), "{encoding:?}");
    }
});

/// The same by the words of RFC 9110, for headers without quotes.
fn plainly(encoding: &str) -> bool {
    let weight = |names: &[&str]| {
        let elements = encoding.split(',').filter_map(|element| {
            let mut parts = element.split(';').map(str::trim);
            let name = parts.next()?.to_ascii_lowercase();
            let q = parts.find_map(|part| {
                let (key, value) = part.split_once('=')?;
                key.trim().eq_ignore_ascii_case("q").then(|| value.trim().to_owned())
            });
            let q = match q {
                None => 1000,
                Some(q) => q.parse::<f64>().ok().filter(|q| (0.0..=1.0).contains(q)).map_or(0, |q| (q * 1000.0) as u32),
            };
            names.contains(&name.as_str()).then_some(q)
        });
        elements.max()
    };
    let gzip = weight(&["gzip", "x-gzip"]).or(weight(&["*"])).unwrap_or(0);
    gzip > 0 && gzip >= weight(&["identity"]).unwrap_or(0)
}
