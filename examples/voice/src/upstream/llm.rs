//! A language model in OpenAI's format: chat completions, streamed as server-sent events.

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{self, IntoResponse, Response},
    routing::post,
};
use futures_util::{Stream, stream};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Behavior, Latency, Refusal};

const FIRST_WORD: Latency = Latency::ms(120, 0.35);
const NEXT_WORD: Latency = Latency::ms(3, 0.5);

const ANSWERS: [&str; 3] = [
    "It left our warehouse this morning. You will have it tomorrow before noon.",
    "I have put the same basket together for you. Shall I send it?",
    "The business plan is forty cents a turn. You can change back at any time.",
];

#[derive(Deserialize)]
struct Request {
    model: String,
    messages: Vec<Value>,
    #[serde(default)]
    stream: bool,
}

pub(super) fn routes(behavior: Behavior) -> Router {
    Router::new().route("/v1/chat/completions", post(complete)).with_state(behavior)
}

async fn complete(
    State(behavior): State<Behavior>,
    headers: HeaderMap,
    Json(request): Json<Request>,
) -> response::Result<Response> {
    if !request.stream {
        return Err(Refusal::Invalid("Only streams here.").into());
    }
    let headers = behavior.admit(&headers)?;
    behavior.take(FIRST_WORD).await;
    let events = script(&behavior, &request);
    Ok((headers, [(CONTENT_TYPE, "text/event-stream")], Body::from_stream(spoken(behavior, events))).into_response())
}

/// The events of one answer, in order; a cut one lacks its second half.
fn script(behavior: &Behavior, request: &Request) -> Vec<String> {
    let words: Vec<&str> = ANSWERS[behavior.pick(ANSWERS.len())].split_inclusive(' ').collect();
    let prompt: usize = request.messages.iter().map(|message| message.to_string().len() / 4).sum();
    let usage = json!({
        "prompt_tokens": prompt,
        "completion_tokens": words.len(),
        "total_tokens": prompt + words.len(),
    });
    let chunk = |choices: Value, usage: Value| {
        let chunk = json!({
            "id": "chatcmpl-demo",
            "object": "chat.completion.chunk",
            "created": 1_767_225_600,
            "model": request.model,
            "choices": choices,
            "usage": usage,
        });
        format!("data: {chunk}\n\n")
    };
    let delta = |delta: Value, finish: Option<&str>| {
        chunk(json!([{ "index": 0, "delta": delta, "finish_reason": finish }]), Value::Null)
    };

    let mut events = vec![delta(json!({ "role": "assistant", "content": "" }), None)];
    events.extend(words.iter().map(|word| delta(json!({ "content": word }), None)));
    if behavior.cuts() {
        events.truncate(events.len() / 2);
        return events;
    }
    events.push(delta(json!({}), Some("stop")));
    events.push(chunk(json!([]), usage));
    events.push("data: [DONE]\n\n".into());
    events
}

fn spoken(behavior: Behavior, events: Vec<String>) -> impl Stream<Item = Result<String, std::convert::Infallible>> {
    stream::unfold((behavior, events.into_iter()), |(behavior, mut events)| async move {
        let event = events.next()?;
        behavior.take(NEXT_WORD).await;
        Some((Ok(event), (behavior, events)))
    })
}
