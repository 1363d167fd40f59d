//! What the API says of itself.

use crate::json::Output;

/// The version of Prometheus whose API and language these are: by it clients know what they may ask. What follows the plus
/// sign says who really answers, and by the rules of versions makes no difference.
const VERSION: &str = concat!("3.8.0+bellwether.", env!("CARGO_PKG_VERSION"));

pub(super) fn build() -> Output {
    data(&format!(
        r#"{{"version":"{VERSION}","revision":"","branch":"","buildUser":"","buildDate":"","goVersion":""}}"#
    ))
}

/// An answer that is always the same.
pub(super) fn data(json: &str) -> Output {
    let mut out = Output::new(usize::MAX);
    out.raw("{\"status\":\"success\",\"data\":");
    out.raw(json);
    out.raw("}");
    out
}
