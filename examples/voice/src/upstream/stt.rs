//! Speech to text in OpenAI's format: it hears nothing, but it is never at a loss for words.

use axum::{
    Json, Router,
    extract::{Multipart, State},
    response::{self, IntoResponse, Response},
    routing::post,
};
use http::HeaderMap;
use serde_json::json;

use super::{Behavior, Latency, Refusal};

const LATENCY: Latency = Latency::ms(90, 0.3);

const HEARD: [&str; 4] = [
    "Where is my order?",
    "I would like the same as last week.",
    "What does the business plan cost?",
    "Please change my address.",
];

pub(super) fn routes(behavior: Behavior) -> Router {
    Router::new().route("/v1/audio/transcriptions", post(transcribe)).with_state(behavior)
}

async fn transcribe(
    State(behavior): State<Behavior>,
    headers: HeaderMap,
    mut form: Multipart,
) -> response::Result<Response> {
    let mut bytes = 0;
    while let Some(field) = form.next_field().await? {
        if field.name() == Some("file") {
            bytes = field.bytes().await?.len();
        }
    }
    if bytes == 0 {
        return Err(Refusal::Invalid("Missing file.").into());
    }
    let headers = behavior.admit(&headers)?;
    behavior.take(LATENCY).await;
    let text = HEARD[behavior.pick(HEARD.len())];
    Ok((headers, Json(json!({ "text": text }))).into_response())
}
