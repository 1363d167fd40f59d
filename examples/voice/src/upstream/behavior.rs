//! How a server behaves under its fault: when it refuses, how long it takes, whether it finishes.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header::AUTHORIZATION};
use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{Fault, Latency};

/// What the provider allows by one key when it is in a good mood, a second.
const USUAL_QUOTA: u32 = 500;

/// One server's behavior; clones share it.
#[derive(Clone, Debug)]
pub(super) struct Behavior {
    fault: watch::Receiver<Fault>,
    state: Arc<Mutex<State>>,
}

#[derive(Debug)]
struct State {
    random: fastrand::Rng,
    second: Instant,
    /// Requests by each key since the current second began.
    used: HashMap<String, u32>,
}

/// Why a server does not do what it is asked.
#[derive(Debug)]
pub(super) enum Refusal {
    TooMany { quota: u32, reset: Duration },
    Overloaded,
    Invalid(&'static str),
}

impl Behavior {
    pub(super) fn new(fault: watch::Receiver<Fault>, seed: u64) -> Self {
        let state = State { random: fastrand::Rng::with_seed(seed), second: Instant::now(), used: HashMap::new() };
        Self { fault, state: Arc::new(Mutex::new(state)) }
    }

    /// Counts a request with these headers: the rate-limit headers for its answer, or a refusal.
    pub(super) fn admit(&self, request: &HeaderMap) -> Result<HeaderMap, Refusal> {
        let key = request.get(AUTHORIZATION).and_then(|value| value.to_str().ok()?.strip_prefix("Bearer "));
        let key = key.unwrap_or_default();
        let fault = self.fault();
        let quota = match fault {
            Fault::Quota(quota) => quota,
            Fault::QuotaOf(limited, quota) if limited == key => quota,
            _ => USUAL_QUOTA,
        };
        let (used, reset) = self.with(|state| state.count(key));
        if used > quota {
            return Err(Refusal::TooMany { quota, reset });
        }
        match fault {
            Fault::Errors(share) if self.with(|state| state.random.f64()) < share => Err(Refusal::Overloaded),
            _ => Ok(rate_limit(quota, used, reset)),
        }
    }

    /// Takes as long as it takes.
    pub(super) async fn take(&self, latency: Latency) {
        let usual = self.with(|state| latency.draw(&mut state.random));
        let factor = if let Fault::Slow(factor) = self.fault() { factor } else { 1.0 };
        sleep(usual.mul_f64(factor)).await;
    }

    /// Whether this stream will end in the middle.
    pub(super) fn cuts(&self) -> bool {
        matches!(self.fault(), Fault::Cut(share) if self.with(|state| state.random.f64()) < share)
    }

    /// Something random, from the server's seed.
    pub(super) fn pick(&self, below: usize) -> usize {
        self.with(|state| state.random.usize(..below))
    }

    fn fault(&self) -> Fault {
        *self.fault.borrow()
    }

    fn with<T>(&self, act: impl FnOnce(&mut State) -> T) -> T {
        act(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl State {
    /// How many requests by this key the second has seen, with this one, and how long it goes on.
    fn count(&mut self, key: &str) -> (u32, Duration) {
        let mut age = self.second.elapsed();
        if age >= Duration::from_secs(1) {
            self.second = Instant::now();
            self.used.clear();
            age = Duration::ZERO;
        }
        let used = self.used.entry(key.to_owned()).or_default();
        *used = used.saturating_add(1);
        (*used, Duration::from_secs(1) - age)
    }
}

/// The headers that the provider sends with every answer.
fn rate_limit(quota: u32, used: u32, reset: Duration) -> HeaderMap {
    let mut headers = HeaderMap::new();
    headers.insert("x-ratelimit-limit-requests", HeaderValue::from(quota));
    headers.insert("x-ratelimit-remaining-requests", HeaderValue::from(quota.saturating_sub(used)));
    if let Ok(reset) = HeaderValue::try_from(format!("{}ms", reset.as_millis())) {
        headers.insert("x-ratelimit-reset-requests", reset);
    }
    headers
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        match self {
            Self::TooMany { quota, reset } => {
                let mut headers = rate_limit(quota, quota, reset);
                headers.insert("retry-after", HeaderValue::from(1));
                headers.insert("retry-after-ms", HeaderValue::from(reset.as_millis() as u64));
                let error = json!({
                    "message": "Rate limit reached. Please try again in 1s.",
                    "type": "requests",
                    "param": null,
                    "code": "rate_limit_exceeded",
                });
                (StatusCode::TOO_MANY_REQUESTS, headers, Json(json!({ "error": error }))).into_response()
            }
            Self::Overloaded => {
                let error = json!({ "message": "The server is overloaded.", "type": "server_error" });
                (StatusCode::SERVICE_UNAVAILABLE, Json(json!({ "error": error }))).into_response()
            }
            Self::Invalid(message) => {
                let error = json!({ "message": message, "type": "invalid_request_error" });
                (StatusCode::BAD_REQUEST, Json(json!({ "error": error }))).into_response()
            }
        }
    }
}
