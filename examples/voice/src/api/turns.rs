//! `POST /v1/turns`: audio in, the answer out as lines of JSON while it is being made.

use axum::{
    Router,
    body::Body,
    extract::State,
    response::{IntoResponse, Response},
    routing::post,
};
use base64::{Engine, prelude::BASE64_STANDARD};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde_json::json;
use tokio::task::yield_now;

use crate::{
    app::App,
    failure::Failure,
    turn::{Event, Turn},
};

/// Names the customer who speaks.
const CUSTOMER: &str = "x-customer";

pub(super) fn routes() -> Router<App> {
    Router::new().route("/", post(turn))
}

async fn turn(State(app): State<App>, headers: HeaderMap, audio: Bytes) -> Result<Response, Failure> {
    let customer = customer(&headers)?;
    let turn = Turn::begin(&app, customer, audio).await?;
    let lines = turn.events().flat_map(|event| {
        let (line, failure) = match event {
            Ok(event) => (line(&event), None),
            Err(failure) => (format!("{}\n", json!({ "event": "error", "error": failure.to_string() })), Some(failure)),
        };
        stream::iter([Ok(line)]).chain(stream::iter(failure).then(broken))
    });
    Ok(([(CONTENT_TYPE, "application/x-ndjson")], Body::from_stream(lines)).into_response())
}

/// A failure after the answer has begun: a line has said what happened, and now the connection breaks,
/// so that nobody takes half an answer for a whole one.
async fn broken(failure: Failure) -> Result<String, Failure> {
    // The server flushes the line while it waits.
    yield_now().await;
    Err(failure)
}

fn customer(headers: &HeaderMap) -> Result<i64, Failure> {
    let value = headers
        .get(CUSTOMER)
        .ok_or_else(|| Failure::BadRequest(format!("the header {CUSTOMER} must name the customer")))?;
    value
        .to_str()
        .ok()
        .and_then(|id| id.parse().ok())
        .ok_or_else(|| Failure::BadRequest(format!("the header {CUSTOMER} must be a number")))
}

fn line(event: &Event) -> String {
    let value = match event {
        Event::Text(text) => json!({ "event": "text", "text": text }),
        Event::Audio(audio) => json!({ "event": "audio", "audio": BASE64_STANDARD.encode(audio) }),
        Event::Mute(why) => json!({ "event": "mute", "why": why }),
        Event::Done(order) => json!({ "event": "done", "order": order }),
    };
    format!("{value}\n")
}
