//! How a server behaves under its fault: when it refuses, how long it takes, whether it finishes.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode};
use serde_json::json;
use tokio::{
    sync::watch,
    time::{Instant, sleep},
};

use super::{Fault, Latency};

/// What the provider allows when it is in a good mood, a second.
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
    /// Requests since the current second began.
    second: Instant,
    used: u32,
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
        let state = State { random: fastrand::Rng::with_seed(seed), second: Instant::now(), used: 0 };
        Self { fault, state: Arc::new(Mutex::new(state)) }
    }

    /// Counts the request: the rate-limit headers for its answer, or a refusal.
    pub(super) fn admit(&self) -> Result<HeaderMap, Refusal> {
        let fault = self.fault();
        let quota = if let Fault::Quota(quota) = fault { quota } else { USUAL_QUOTA };
        let (used, reset) = self.with(State::count);
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
    /// How many requests this second has seen, with this one, and how long it goes on.
    fn count(&mut self) -> (u32, Duration) {
        let mut age = self.second.elapsed();
        if age >= Duration::from_secs(1) {
            self.second = Instant::now();
            self.used = 0;
            age = Duration::ZERO;
        }
        self.used = self.used.saturating_add(1);
        (self.used, Duration::from_secs(1) - age)
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
