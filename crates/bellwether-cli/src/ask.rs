//! Asks a service that runs.

use std::time::Duration;

/// Nobody waits longer for a report.
const PATIENCE: Duration = Duration::from_secs(60);
/// No report is larger.
const MAX_BYTES: u64 = 64 << 20;

/// What a service answers to a path and query below its address.
pub(crate) fn ask(url: &str, path: &str) -> Result<String, String> {
    let address = format!("{}{path}", url.trim_end_matches('/'));
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(PATIENCE)).http_status_as_error(false).build().into();
    let mut request = agent.get(&address);
    // Not an argument, which everybody on the machine could read.
    if let Ok(token) = std::env::var("BELLWETHER_TOKEN") {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let mut response = request.call().map_err(|error| format!("{url}: {error}"))?;
    let status = response.status();
    let text = response.body_mut().with_config().limit(MAX_BYTES).read_to_string();
    let text = text.map_err(|error| format!("{url}: {error}"))?;
    match status.as_u16() {
        200 => Ok(text),
        401 => Err(format!("{url}: it wants a token; give it in BELLWETHER_TOKEN")),
        403 => Err(format!("{url}: it may not be asked from here: {}", text.trim())),
        404 if text.trim().is_empty() => Err(format!("{url}: there are no objectives there")),
        _ => Err(format!("{url}: {status}: {}", text.trim())),
    }
}
