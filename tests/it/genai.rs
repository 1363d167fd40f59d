//! Calls of models against a stand-in that others made: what is measured of answers, speech and sessions, good and bad.

use std::time::Duration;

use bellwether::Registry;
use bellwether::breaker::Deadlines;
use bellwether::dependency::genai::{Answer, Frame, GenAi, Model, ModelBuilder, SessionEnd, Told};
use bellwether::dependency::{Dependencies, Dependency, Failure, Fault, Limit};
use bellwether_tests::aimock::Aimock;
use bellwether_tests::{client, real};
use futures_util::{SinkExt as _, StreamExt as _};
use reqwest::RequestBuilder;
use serde_json::{Value, json};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::Message;

/// What it says to which word.
fn fixtures() -> Value {
    let error = |word: &str, status: u16, kind: &str, code: &str| {
        let error = json!({ "message": "sk-secret", "type": kind, "code": code });
        says(word, json!({ "error": error, "status": status, "retryAfter": 7 }))
    };
    let usage = json!({ "prompt_tokens": 11, "completion_tokens": 7, "total_tokens": 18 });
    let slow = |mut fixture: Value, millis: u32| {
        fixture["latency"] = json!(millis);
        fixture
    };
    let mut cut = slow(says("cut", json!({ "content": "This sentence will never be heard to its end." })), 30);
    cut["truncateAfterChunks"] = json!(3);
    json!({ "fixtures": [
        says("whole", json!({ "content": "It left our warehouse this morning.", "usage": usage })),
        says("tools", json!({ "toolCalls": [{ "name": "find_order", "arguments": { "id": 17 } }] })),
        slow(says("slow", json!({ "content": "Every word of this one takes a third of a second." })), 300),
        cut,
        error("rate", 429, "requests", "rate_limit_exceeded"),
        error("quota", 429, "insufficient_quota", "insufficient_quota"),
        error("down", 500, "server_error", "server_error"),
        { "match": { "endpoint": "transcription" }, "response": { "transcription": { "text": "Where is my order?" } } },
        { "match": { "endpoint": "speech" }, "response": { "audio": "AAAA".repeat(8_000), "format": "pcm" } },
    ] })
}

fn says(word: &str, response: Value) -> Value {
    json!({ "match": { "userMessage": word }, "response": response })
}

/// A model, and all that is measured of it.
struct World {
    registry: Registry,
    dependency: Dependency,
    model: Model,
}

impl World {
    fn of(described: ModelBuilder) -> Self {
        let registry = Registry::new();
        let dependency = Dependencies::new(&registry).unwrap().register(Dependency::http("model")).unwrap();
        let model = GenAi::new(&registry).unwrap().model(&dependency, described);
        Self { registry, dependency, model }
    }

    /// Sends a request, and reads its answer as an application would.
    async fn send(&self, request: RequestBuilder, tell: impl FnOnce(&mut Answer)) -> Result<Told, Fault> {
        let mut answer = self.model.begin().expect("nothing holds calls back");
        tell(&mut answer);
        let mut response = match request.send().await {
            Ok(response) => response,
            Err(error) => return Err(answer.fail(&error)),
        };
        answer.head(response.status().as_u16(), |name| response.headers().get(name)?.to_str().ok());
        loop {
            // The timer of whoever reads.
            let left = answer.due().map_or(Duration::from_secs(30), |due| due.since(self.registry.clock().now()));
            let chunk = match tokio::time::timeout(left, response.chunk()).await {
                Ok(Ok(chunk)) => chunk,
                Ok(Err(error)) => return Err(answer.fail(&error)),
                Err(_) => match answer.expired() {
                    Ok(()) => continue,
                    Err(elapsed) => return Err(answer.fail(&elapsed)),
                },
            };
            let Some(chunk) = chunk else { return answer.end() };
            if let Err(elapsed) = answer.chunk(&chunk) {
                return Err(answer.fail(&elapsed));
            }
        }
    }

    async fn ask(&self, aimock: &Aimock, api: Api, word: &str, streams: bool) -> Result<Told, Fault> {
        let request = client().post(format!("{}{}", aimock.base_url(), api.path())).json(&api.body(word, streams));
        self.send(request, |_| ()).await
    }

    /// How many values a metric has, and their sum, in series with this label.
    fn seen(&self, metric: &str, label: (&str, &str)) -> (u64, f64) {
        let Some(metric) = self.registry.metric(metric) else { return (0, 0.0) };
        let of_label = metric.series().filter(|series| series.label(label.0) == Some(label.1));
        of_label.fold((0, 0.0), |(count, sum), series| match series.handle() {
            bellwether::core::Handle::Histogram(of) => {
                let of = of.snapshot();
                (count + of.count(), sum + of.mean().unwrap_or_default() * of.count() as f64)
            }
            bellwether::core::Handle::Counter(of) => (count + of.value(), sum),
            _ => (count, sum),
        })
    }
}

#[derive(Debug, Clone, Copy)]
enum Api {
    Chat,
    Responses,
    Messages,
}

impl Api {
    const ALL: [Self; 3] = [Self::Chat, Self::Responses, Self::Messages];

    fn path(self) -> &'static str {
        match self {
            Self::Chat => "/chat/completions",
            Self::Responses => "/responses",
            Self::Messages => "/messages",
        }
    }

    fn body(self, word: &str, streams: bool) -> Value {
        let messages = json!([{ "role": "user", "content": word }]);
        match self {
            Self::Chat => json!({
                "model": "gpt-4o-mini", "messages": messages, "stream": streams,
                "stream_options": { "include_usage": true },
            }),
            Self::Responses => json!({ "model": "gpt-4o-mini", "input": messages, "stream": streams }),
            Self::Messages => json!({ "model": "claude-9", "max_tokens": 99, "messages": messages, "stream": streams }),
        }
    }
}

fn chat() -> World {
    World::of(Model::chat("openai", "gpt-4o-mini"))
}

const TOKENS: &str = "gen_ai.client.token.usage";
const UNKNOWN: &str = "bellwether.gen_ai.usage.unknown";

#[tokio::test]
async fn answers_of_each_api() {
    if !real() {
        return;
    }
    let aimock = Aimock::start(&fixtures()).await;
    for (api, streams) in Api::ALL.into_iter().flat_map(|api| [(api, true), (api, false)]) {
        let world = chat();
        let told = world.ask(&aimock, api, "whole", streams).await.unwrap_or_else(|fault| panic!("{api:?}: {fault:?}"));
        assert_eq!((told.usage.input, told.usage.output), (Some(11), Some(7)), "{api:?} {streams}");
        assert_eq!(told.first_content.is_some(), streams, "{api:?} {streams}");
        assert!(told.model.is_some(), "{api:?} {streams}");
        assert_eq!(world.seen(TOKENS, ("gen_ai.token.type", "output")), (1, 7.0), "{api:?} {streams}");
        let chunks = world.seen("gen_ai.client.operation.time_to_first_chunk", ("gen_ai.operation.name", "chat")).0;
        assert_eq!(chunks, u64::from(streams), "{api:?}");

        // To call a tool is an answer, too.
        let told = world.ask(&aimock, api, "tools", streams).await.unwrap_or_else(|fault| panic!("{api:?}: {fault:?}"));
        assert_eq!(told.first_content.is_some(), streams, "{api:?} {streams}");
        assert_eq!(world.seen("gen_ai.client.operation.duration", ("outcome", "success")).0, 2);
    }
}

#[tokio::test]
async fn answers_that_are_cut_slow_or_refused() {
    if !real() {
        return;
    }
    let aimock = Aimock::start(&fixtures()).await;
    for api in Api::ALL {
        let world = chat();
        let fault = world.ask(&aimock, api, "cut", true).await.unwrap_err();
        assert_eq!(fault.failure, Failure::Connect, "{api:?}");
        assert_eq!(world.seen(UNKNOWN, ("reason", "cut")).0, 1, "{api:?}");
        assert!(world.registry.metric(TOKENS).is_some_and(|metric| metric.is_empty()), "{api:?}: not 0");

        let limits = Deadlines::new().first_content(Duration::from_secs(10)).idle(Duration::from_millis(100));
        let world = World::of(Model::chat("openai", "gpt-4o-mini").deadlines(limits));
        let fault = world.ask(&aimock, api, "slow", true).await.unwrap_err();
        assert_eq!(fault.failure, Failure::Timeout, "{api:?}");
    }

    for (word, failure, limit) in [
        ("rate", Failure::RateLimited, Some(Limit::Rate)),
        ("quota", Failure::Quota, Some(Limit::Quota)),
        ("down", Failure::Upstream, None),
        ("nobody told us of this", Failure::Upstream, None),
    ] {
        let world = chat();
        let fault = world.ask(&aimock, Api::Chat, word, true).await.unwrap_err();
        assert_eq!((fault.failure, fault.limit), (failure, limit), "{word}");
        assert_eq!(world.seen("gen_ai.client.operation.duration", ("error.type", failure.as_str())).0, 1, "{word}");
        assert_eq!(world.seen(UNKNOWN, ("gen_ai.operation.name", "chat")).0, 0, "{word}: it took nothing");
        if limit.is_some() {
            assert_eq!(fault.retry_after, Some(Duration::from_secs(7)), "{word}");
            // It says so in its headers.
            let requests = world.dependency.limits().requests.expect("what is left of requests");
            assert_eq!((requests.limit, requests.remaining, requests.used), (Some(60), Some(0), Some(1.0)), "{word}");
        }
    }
}

#[tokio::test]
async fn a_provider_that_stops_in_the_midst_of_an_answer() {
    if !real() {
        return;
    }
    let aimock = Aimock::start(&fixtures()).await;
    let world = chat();
    let url = format!("{}/chat/completions", aimock.base_url());
    let request = || client().post(&url).json(&Api::Chat.body("slow", true));
    let mut answer = world.model.begin().unwrap();
    let mut response = request().send().await.unwrap();
    answer.head(response.status().as_u16(), |name| response.headers().get(name)?.to_str().ok());
    answer.chunk(&response.chunk().await.unwrap().expect("a first event")).unwrap();
    drop(aimock);
    let fault = loop {
        match response.chunk().await {
            Ok(Some(chunk)) => answer.chunk(&chunk).unwrap(),
            Ok(None) => break answer.end().unwrap_err(),
            Err(error) => break answer.fail(&error),
        }
    };
    assert_eq!(fault.failure, Failure::Connect);
    assert_eq!(world.send(request(), |_| ()).await.unwrap_err().failure, Failure::Refused);
    assert_eq!(world.seen(UNKNOWN, ("reason", "cut")).0, 1);
}

#[tokio::test]
async fn speech_both_ways() {
    if !real() {
        return;
    }
    let aimock = Aimock::start(&fixtures()).await;
    let ear = World::of(Model::speech_to_text("openai", "whisper-1"));
    let form = || {
        let file = reqwest::multipart::Part::bytes(vec![0; 9_000]).file_name("turn.wav");
        reqwest::multipart::Form::new().text("model", "whisper-1").part("file", file)
    };
    let url = format!("{}/audio/transcriptions", aimock.base_url());
    let told = ear.send(client().post(&url).multipart(form()), |answer| answer.audio(Duration::from_secs(2))).await;
    assert!(told.unwrap().real_time_factor().is_some_and(|factor| factor > 0.0));
    let streamed = form().text("model", "gpt-4o-transcribe").text("stream", "true");
    let told = ear.send(client().post(&url).multipart(streamed), |_| ()).await.unwrap();
    let first = ear.seen("bellwether.gen_ai.time_to_first_content", ("gen_ai.operation.name", "speech_to_text")).0;
    assert_eq!(first, 2, "{told:?}");

    let voice = World::of(Model::text_to_speech("openai", "tts-1").audio_rate(48_000));
    let body = json!({ "model": "tts-1", "voice": "alloy", "response_format": "pcm", "input": "Shall I send it?" });
    let url = format!("{}/audio/speech", aimock.base_url());
    let speak = || client().post(&url).json(&body);
    let told = voice.send(speak(), |answer| answer.characters(16)).await.unwrap();
    assert_eq!(told.audio, Some(Duration::from_millis(500)));
    assert!(told.first_content.is_some());
    assert_eq!(voice.seen("bellwether.gen_ai.characters", ("gen_ai.operation.name", "text_to_speech")), (1, 16.0));
    drop(aimock);
    let fault = voice.send(speak(), |_| ()).await.unwrap_err();
    assert_eq!(fault.failure, Failure::Refused);
}

/// A conversation over a WebSocket, of which a session is told: what was said, until it ends or an answer is complete.
async fn talk(world: &World, aimock: &Aimock, word: &str, stop: bool) -> (bool, Option<SessionEnd>) {
    let url = format!("{}/realtime?model=gpt-realtime", aimock.base_url().replace("http", "ws"));
    let mut session = world.model.connect().unwrap();
    let (mut socket, _) = match connect_async(url).await {
        Ok(connected) => connected,
        Err(error) => {
            let io = std::io::Error::other(error);
            return (false, Some(SessionEnd::Failed(session.fail(&io))));
        }
    };
    let content = json!([{ "type": "input_text", "text": word }]);
    let item = json!({ "type": "conversation.item.create", "item": { "type": "message", "role": "user", "content": content } });
    for message in [item, json!({ "type": "response.create" })] {
        socket.send(Message::text(message.to_string())).await.unwrap();
    }
    let mut close = None;
    while let Some(Ok(message)) = socket.next().await {
        let frame = match message {
            Message::Text(text) => Some(session.message(text.as_bytes())),
            Message::Close(frame) => {
                close = frame.map(|frame| u16::from(frame.code));
                None
            }
            _ => None,
        };
        if frame == Some(Frame::Done) && !stop {
            return (session.was_of_use(), None);
        }
        if stop && session.was_of_use() {
            // The connection ends without a word.
            break;
        }
    }
    (session.was_of_use(), Some(session.closed(close)))
}

#[tokio::test]
async fn sessions() {
    if !real() {
        return;
    }
    let aimock = Aimock::start(&fixtures()).await;
    let world = World::of(Model::realtime("openai", "gpt-realtime"));
    let calls = |operation: &str| world.seen("dependency.call.duration", ("operation", operation)).0;

    // Connected, and never of use: they close it since nobody told them what to say.
    let (of_use, end) = talk(&world, &aimock, "nobody told us of this", false).await;
    assert!(!of_use && matches!(end, Some(SessionEnd::Failed(_))), "{end:?}");
    assert_eq!((world.model.connects_in_vain(), calls("connect")), (1, 1));

    let (of_use, end) = talk(&world, &aimock, "whole", false).await;
    assert_eq!((of_use, end), (true, None));
    assert_eq!((world.model.connects_in_vain(), calls("connect"), calls("realtime")), (0, 2, 1));
    assert_eq!(
        world.seen("bellwether.gen_ai.session.time_to_first_content", ("gen_ai.operation.name", "realtime")).0,
        1
    );

    // Cut off in the midst of an answer.
    let (of_use, end) = talk(&world, &aimock, "cut", false).await;
    let Some(SessionEnd::Failed(fault)) = end else { panic!("{end:?}") };
    assert_eq!((of_use, fault.failure), (true, Failure::Connect));
    let (_, end) = talk(&world, &aimock, "slow", true).await;
    assert!(matches!(end, Some(SessionEnd::Failed(fault)) if fault.failure == Failure::Connect), "{end:?}");

    let gone = aimock.base_url();
    drop(aimock);
    let session = world.model.connect().unwrap();
    let error = connect_async(gone.replace("http", "ws")).await.unwrap_err();
    let tokio_tungstenite::tungstenite::Error::Io(error) = error else { panic!("{error:?}") };
    assert_eq!(session.fail(&error).failure, Failure::Refused);
    assert_eq!(world.model.connects_in_vain(), 1);
}
