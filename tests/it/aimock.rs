//! async-openai behind a guard, against a stand-in that others made: what each kind of answer is for the breaker.

use async_openai::Client;
use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::ReqwestService;
use async_openai::types::chat::{
    ChatCompletionRequestUserMessage, ChatCompletionStreamOptions, CreateChatCompletionRequest, FinishReason,
};
use bellwether::breaker::{Breaker, Outcome, Reason, State, Trip};
use bellwether::tower::{GuardError, GuardLayer};
use bellwether_tests::aimock::Aimock;
use bellwether_tests::demo::Demo;
use bellwether_tests::{client, real, until};
use futures_util::StreamExt as _;
use serde_json::{Value, json};
use std::time::Duration;
use tower::ServiceBuilder;

use crate::breakers::{Turn, count, scrape};

/// What it says to which word.
fn fixtures() -> Value {
    let usage = json!({ "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 });
    let down = json!({ "message": "Out to lunch.", "type": "server_error" });
    json!({ "fixtures": [
        says("usage", json!({ "content": "It left our warehouse this morning.", "usage": usage })),
        says("tools", json!({ "toolCalls": [{ "name": "find_order", "arguments": { "id": 17 } }] })),
        says("down", json!({ "error": down, "status": 500 })),
        limited(),
        cut(),
    ] })
}

fn says(word: &str, response: Value) -> Value {
    json!({ "match": { "userMessage": word }, "response": response })
}

fn limited() -> Value {
    let error = json!({ "message": "Slow down.", "type": "requests", "code": "rate_limit_exceeded" });
    says("limited", json!({ "error": error, "status": 429, "retryAfter": 7 }))
}

fn cut() -> Value {
    let mut cut = says("cut", json!({ "content": "This sentence will never be heard to its end." }));
    // Chunks that are written at once may be lost with the connection.
    cut["latency"] = json!(50);
    cut["truncateAfterChunks"] = json!(3);
    cut
}

/// What was heard of an answer.
#[derive(Debug, Default)]
struct Heard {
    text: String,
    tools: String,
    tokens: Option<(u32, u32)>,
    finish: Option<FinishReason>,
    error: Option<OpenAIError>,
}

/// A client whose breaker opens by the first failure.
fn guarded(aimock: &Aimock) -> (Client<OpenAIConfig>, Breaker) {
    let breaker = Breaker::builder("llm").trip(Trip::consecutive(1)).build().unwrap();
    let service = ServiceBuilder::new()
        .map_err(GuardError::into_inner::<OpenAIError>)
        .layer(GuardLayer::new(breaker.clone()))
        .service(ReqwestService::new(client()));
    let config = OpenAIConfig::new().with_api_base(aimock.base_url()).with_api_key("any");
    (Client::build(client(), config).with_http_service(service), breaker)
}

async fn ask(client: &Client<OpenAIConfig>, word: &str) -> Heard {
    let request = CreateChatCompletionRequest {
        model: "gpt-4o-mini".to_owned(),
        messages: vec![ChatCompletionRequestUserMessage::from(word).into()],
        stream_options: Some(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None }),
        ..CreateChatCompletionRequest::default()
    };
    let mut heard = Heard::default();
    let mut stream = match client.chat().create_stream(request).await {
        Ok(stream) => stream,
        Err(error) => return Heard { error: Some(error), ..heard },
    };
    while let Some(part) = stream.next().await {
        let part = match part {
            Ok(part) => part,
            Err(error) => return Heard { error: Some(error), ..heard },
        };
        heard.tokens = part.usage.map(|usage| (usage.prompt_tokens, usage.completion_tokens)).or(heard.tokens);
        for choice in part.choices {
            heard.finish = choice.finish_reason.or(heard.finish);
            heard.text.push_str(choice.delta.content.as_deref().unwrap_or_default());
            for call in choice.delta.tool_calls.into_iter().flatten().filter_map(|call| call.function) {
                heard.tools.push_str(call.name.as_deref().unwrap_or_default());
                heard.tools.push_str(call.arguments.as_deref().unwrap_or_default());
            }
        }
    }
    heard
}

/// Asks once, and again; what was heard the first time, and whether the breaker let the second call through.
async fn check(aimock: &Aimock, word: &str, outcome: Outcome, state: State) -> (Heard, Result<(), Reason>) {
    let (client, breaker) = guarded(aimock);
    let heard = ask(&client, word).await;
    let seen = breaker.snapshot();
    assert_eq!((seen.outcome(outcome), seen.in_flight), (1, 0), "{word}: {seen:?} {heard:?}");
    assert_eq!(breaker.state(), state, "{word}: {heard:?}");

    let asked = aimock.journal().await.len();
    let reason = match ask(&client, word).await.error {
        Some(OpenAIError::Boxed(error)) => {
            error.downcast_ref::<GuardError>().and_then(GuardError::rejected).map(|rejected| rejected.reason)
        }
        _ => None,
    };
    let again = aimock.journal().await.len() - asked;
    assert_eq!(again, usize::from(reason.is_none()), "{word}: who is refused does not call");
    (heard, reason.map_or(Ok(()), Err))
}

#[tokio::test]
async fn what_a_breaker_makes_of_answers() {
    if !real() {
        return;
    }
    let aimock = Aimock::start(&fixtures()).await;

    let (heard, again) = check(&aimock, "usage", Outcome::Success, State::Closed).await;
    assert_eq!((heard.text.as_str(), heard.finish), ("It left our warehouse this morning.", Some(FinishReason::Stop)));
    assert_eq!((heard.tokens, again), (Some((11, 7)), Ok(())));

    let (heard, again) = check(&aimock, "tools", Outcome::Success, State::Closed).await;
    assert_eq!((heard.tools.as_str(), heard.finish), (r#"find_order{"id":17}"#, Some(FinishReason::ToolCalls)));
    assert_eq!(again, Ok(()));

    // Paced, not tripped.
    let (_, again) = check(&aimock, "limited", Outcome::Throttled(None), State::Closed).await;
    assert_eq!(again, Err(Reason::Throttled));

    let (heard, again) = check(&aimock, "cut", Outcome::Failure, State::Open).await;
    assert!(heard.text.starts_with("This sentence") && !heard.text.ends_with("end."), "{heard:?}");
    assert_eq!((heard.finish, again), (None, Err(Reason::Open)));

    let (_, again) = check(&aimock, "down", Outcome::Failure, State::Open).await;
    assert_eq!(again, Err(Reason::Open));
}

#[tokio::test]
async fn the_pause_is_as_long_as_was_asked() {
    if !real() {
        return;
    }
    let aimock = Aimock::start(&fixtures()).await;
    let (client, breaker) = guarded(&aimock);
    ask(&client, "limited").await;
    let seconds = Duration::from_secs;
    let left = breaker.snapshot().paced_for.expect("a pause");
    assert!(left > seconds(1) && left <= seconds(7), "{left:?} of the 7 s in Retry-After; 1 s is until the reset");
}

/// The same through all that the demo has around its client, a spoken question before it and a spoken answer behind.
#[tokio::test]
async fn turns_of_the_demo() {
    if !real() {
        return;
    }
    let heard = |turn: u32, text: &str| {
        let matches = json!({ "endpoint": "transcription", "sequenceIndex": turn });
        json!({ "match": matches, "response": { "transcription": { "text": text } } })
    };
    let fixtures = json!({ "fixtures": [
        heard(0, "whole"),
        heard(1, "cut"),
        heard(2, "limited"),
        heard(3, "limited"),
        { "match": { "endpoint": "speech" }, "response": { "audio": "AAAAAAAAAAA=" } },
        says("whole", json!({ "content": "It left our warehouse this morning." })),
        limited(),
        cut(),
    ] });
    let aimock = Aimock::start(&fixtures).await;
    let base = aimock.base_url();
    let demo = Demo::start(&["--no-traffic"], &[("OPENAI_API_KEY", "any"), ("OPENAI_BASE_URL", &base)]).await;

    let turn = Turn::of(&demo, 3).await;
    assert!(turn.has("text") && turn.has("audio") && turn.has("done"), "{}", turn.said);
    let turn = Turn::of(&demo, 3).await;
    assert!(turn.status == 200 && turn.said.contains("llm sent a broken answer"), "{}", turn.said);
    let turn = Turn::of(&demo, 3).await;
    assert_eq!((turn.status, turn.retry_after), (503, Some(7)), "{}", turn.said);
    assert!(turn.said.contains("llm asks us to come back in 7 s"), "{}", turn.said);
    let turn = Turn::of(&demo, 3).await;
    assert!(
        turn.status == 503 && turn.said.contains("llm was not called: the callee asked for a pause"),
        "{}",
        turn.said
    );
    assert!(
        turn.retry_after.is_some_and(|seconds| (2..=7).contains(&seconds)),
        "as it was asked: {:?}",
        turn.retry_after
    );

    until("one call of each kind", async || {
        let page = scrape(&demo).await;
        let of = |name, label| count(&page, name, &[("breaker", "llm/primary"), label]);
        let calls = ["success", "failure", "throttled"].map(|outcome| of("breaker_calls_total", ("outcome", outcome)));
        let refused = of("breaker_rejected_total", ("reason", "throttled"));
        (calls == [1.0; 3] && refused == 1.0).then_some(())
    })
    .await;
}
