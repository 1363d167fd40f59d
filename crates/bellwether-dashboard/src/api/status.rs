//! What the API says of itself.

use std::time::Duration;

use bellwether_promql::rfc3339;
use http::{HeaderValue, Response, header::CONTENT_TYPE};

use super::{QueryApi, QueryBody, respond};
use crate::json::{Form, Output};

/// The version of Prometheus whose API and language these are: by it clients know what they may ask. What follows the plus
/// sign says who really answers, and by the rules of versions makes no difference.
const VERSION: &str = concat!("3.8.0+bellwether.", env!("CARGO_PKG_VERSION"));

pub(super) fn build(_: &QueryApi) -> Output {
    data(&format!(
        r#"{{"version":"{VERSION}","revision":"","branch":"","buildUser":"","buildDate":"","goVersion":""}}"#
    ))
}

/// Those of Prometheus's flags that say something of us.
pub(super) fn flags(api: &QueryApi) -> Output {
    let (lookback, timeout) = (brief(api.options.lookback), brief(api.timeout));
    let (running, samples) = (api.places.running(), api.options.limits.samples);
    data(&format!(
        r#"{{"query.lookback-delta":"{lookback}","query.max-concurrency":"{running}","query.max-samples":"{samples}","query.timeout":"{timeout}"}}"#
    ))
}

/// Of what is Go's alone nothing is known, nor is anybody told where and on what host this runs.
pub(super) fn runtime(api: &QueryApi) -> Output {
    let (began, now) = (rfc3339(api.began_ms), rfc3339(api.now_ms()));
    let threads = std::thread::available_parallelism().map_or(1, usize::from);
    data(&format!(
        r#"{{"startTime":"{began}","CWD":"","hostname":"","serverTime":"{now}","reloadConfigSuccess":true,"lastConfigTime":"{began}","corruptionCount":null,"goroutineCount":null,"GOMAXPROCS":{threads},"GOMEMLIMIT":null,"GOGC":"","GODEBUG":"","storageRetention":""}}"#
    ))
}

/// An answer that is known already.
pub(super) fn data(json: &str) -> Output {
    let mut out = Output::new(Form::short());
    out.raw("{\"status\":\"success\",\"data\":");
    out.raw(json);
    out.raw("}");
    out
}

/// `/-/healthy` and `/-/ready`: whoever answers can answer.
pub(super) fn fine(state: &str) -> Response<QueryBody> {
    let mut out = Output::new(Form::short());
    out.raw(&format!("Bellwether is {state}.\n"));
    let mut response = respond(out, None);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    response
}

/// `1h30m`, as flags have it.
fn brief(length: Duration) -> String {
    let mut left = u64::try_from(length.as_millis()).unwrap_or(u64::MAX);
    let mut text = String::new();
    for (unit, ms) in [("d", 86_400_000), ("h", 3_600_000), ("m", 60_000), ("s", 1_000), ("ms", 1)] {
        if left >= ms {
            text += &format!("{}{unit}", left / ms);
            left %= ms;
        }
    }
    if text.is_empty() { "0s".to_owned() } else { text }
}
