//! Guards over real connections: HTTP/1.1, HTTP/2, gRPC, reqwest and its middleware, async-openai.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use async_openai::config::OpenAIConfig;
use async_openai::error::OpenAIError;
use async_openai::middleware::ReqwestService;
use async_openai::types::chat::{ChatCompletionRequestUserMessage, CreateChatCompletionRequest};
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::Path;
use axum::response::IntoResponse;
use axum::routing::{get, post};
use bellwether_breaker::{Breaker, Breakers, Deadlines};
use bellwether_tower::{GuardError, GuardLayer};
use futures_util::{Stream, StreamExt, poll, stream};
use http::{Request, StatusCode};
use http_body_util::BodyExt;
use reqwest_middleware::ClientBuilder;
use tonic::Code;
use tower::{Layer, Service, ServiceBuilder, ServiceExt};

use crate::calls::first;
use crate::echo::{self, Caller, Say, code, drain, text};
use crate::guard::{breaker, clock, ledger};
use crate::harness::calls::plain;
use crate::harness::{PATIENCE, Server, Version, Watch};
use crate::reqwest_calls;

const OPEN: &str = "failure 1, open 10s";

fn app() -> Router {
    Router::new()
        .route("/hello", get(async || "hello"))
        .route("/none", get(async || StatusCode::NO_CONTENT))
        .route("/status/{status}", get(async |path: Path<u16>| StatusCode::from_u16(path.0).unwrap()))
        .route("/busy", get(async || (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7")], "later")))
        .route("/never", get(pending::<()>))
        .route("/endless", get(async || Body::from_stream(first().chain(stream::pending()))))
        .route("/half", get(async || Body::from_stream(first().chain(stream::iter([Err(std::io::Error::other("x"))])))))
}

/// What is asked, how much of the answer is read, and what the breaker counted in the end.
async fn check(path: &str, read_on: bool, expect: &str) {
    for version in Version::BOTH {
        let server = Server::start(app()).await;
        let breaker = breaker(&clock());
        let client = GuardLayer::new(breaker.clone()).layer(plain(version));
        let request = Request::get(format!("http://{}{path}", server.addr)).body(Body::empty()).unwrap();
        let answer = client.oneshot(request).await.unwrap();
        if read_on {
            let _ = answer.into_body().collect().await;
        } else {
            let mut body = answer.into_body();
            body.frame().await.unwrap().unwrap();
            assert_eq!(ledger(&breaker), "in flight 1");
        }
        assert_eq!(ledger(&breaker), expect, "{path} over {version:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn p24_over_both_versions() {
    check("/hello", true, "success 1").await;
    check("/none", true, "success 1").await;
    check("/status/404", true, "alive 1").await;
    check("/status/503", true, OPEN).await;
    check("/busy", true, "throttled 1, paced 7s").await;
    check("/half", true, OPEN).await;
    check("/endless", false, "cancelled 1").await;
}

#[tokio::test]
async fn p24_nobody_listens() {
    let server = Server::start(app()).await;
    let uri = format!("http://{}/hello", server.addr);
    server.stop().await;
    let breaker = breaker(&clock());
    let mut client = GuardLayer::new(breaker.clone()).layer(plain(Version::One));
    let mut ask = async || client.ready().await?.call(Request::get(&uri).body(Body::empty()).unwrap()).await;
    assert!(matches!(ask().await, Err(GuardError::Inner(_))));
    assert!(matches!(ask().await, Err(GuardError::Rejected(_))));
    assert_eq!(ledger(&breaker), "failure 1, rejected 1, open 10s");
}

#[tokio::test]
async fn p24_given_up_before_the_head() {
    for version in Version::BOTH {
        let server = Server::start(app()).await;
        let breaker = breaker(&clock());
        let client = GuardLayer::new(breaker.clone()).layer(plain(version));
        let request = Request::get(format!("http://{}/never", server.addr)).body(Body::empty()).unwrap();
        let mut call = Box::pin(client.oneshot(request));
        assert!(poll!(call.as_mut()).is_pending());
        drop(call);
        assert_eq!(ledger(&breaker), "cancelled 1");
        server.stop().await;
    }
}

#[tokio::test]
async fn p24_deadlines_over_both_versions() {
    let limit = Duration::from_millis(50);
    let late = Duration::from_secs(30);
    for version in Version::BOTH {
        for (path, headers, idle, said) in [
            ("/never", limit, late, "given up: no headers within 50ms"),
            ("/endless", late, limit, "given up: nothing more came within 50ms"),
        ] {
            let server = Server::start(app()).await;
            let breaker = breaker(&clock());
            let deadlines = Deadlines::new().headers(headers).idle(idle);
            let client = GuardLayer::new(breaker.clone()).deadlines(deadlines).layer(plain(version));
            let request = Request::get(format!("http://{}{path}", server.addr)).body(Body::empty()).unwrap();
            let error = match client.oneshot(request).await {
                Ok(answer) => answer.into_body().collect().await.unwrap_err().to_string(),
                Err(error) => error.to_string(),
            };
            assert_eq!(error, said, "{path}");
            assert_eq!(ledger(&breaker), OPEN);
            server.stop().await;
        }
    }
}

/// One host is down; the other's calls go on.
#[tokio::test]
async fn by_host() {
    let (good, bad) = (Server::start(app()).await, Server::start(app()).await);
    let breakers = Breakers::new(Breaker::builder("it").trip(bellwether_breaker::Trip::consecutive(1)), 10).unwrap();
    let key = |request: &Request<Body>| request.uri().authority().map(ToString::to_string).unwrap_or_default();
    let client = GuardLayer::by_key(breakers.clone(), key).layer(plain(Version::One));
    let ask = async |server: &Server, path: &str| {
        let request = Request::get(format!("http://{}{path}", server.addr)).body(Body::empty()).unwrap();
        client.clone().oneshot(request).await.map(|answer| answer.status().as_u16())
    };
    assert_eq!(ask(&bad, "/status/500").await.unwrap(), 500);
    assert!(matches!(ask(&bad, "/hello").await, Err(GuardError::Rejected(_))));
    assert_eq!(ask(&good, "/hello").await.unwrap(), 200);
    assert_eq!(breakers.snapshot().keys, 2);
    good.stop().await;
    bad.stop().await;
}

async fn check_grpc(call: impl AsyncFn(Caller<bellwether_tower::Guard<tonic::transport::Channel>>), expect: &str) {
    let server = echo::serve(Watch::new().layer()).await;
    let breaker = breaker(&clock());
    let layer = GuardLayer::new(breaker.clone());
    call(Caller::through(&server, |channel| layer.layer(channel)).await).await;
    assert_eq!(ledger(&breaker), expect);
    server.stop().await;
}

#[tokio::test]
async fn p24_grpc() {
    check_grpc(async |mut caller| drop(caller.unary("/test.Echo/Say", text("hi")).await.unwrap()), "success 1").await;
    for (status, expect) in [
        (Code::Unavailable, OPEN),
        (Code::DeadlineExceeded, OPEN),
        (Code::Internal, OPEN),
        (Code::ResourceExhausted, "throttled 1, paced 10s"),
        (Code::NotFound, "alive 1"),
        (Code::Cancelled, "cancelled 1"),
    ] {
        let ask = async |mut caller: Caller<_>| {
            assert_eq!(caller.unary("/test.Echo/Say", code(status)).await.unwrap_err().code(), status);
        };
        check_grpc(ask, expect).await;
    }
    check_grpc(async |mut caller| assert_eq!(drain(caller.count(0, 3).await.unwrap()).await, (3, Ok(()))), "success 1")
        .await;
    let fails = async |mut caller: Caller<_>| {
        let ended = drain(caller.count(Code::Unavailable as i32, 3).await.unwrap()).await;
        assert_eq!(ended, (3, Err(Code::Unavailable)));
    };
    check_grpc(fails, OPEN).await;
    let dropped = async |mut caller: Caller<_>| {
        let mut messages = caller.count(-1, 1).await.unwrap();
        assert!(messages.message().await.unwrap().is_some());
    };
    check_grpc(dropped, "cancelled 1").await;
    let refused = async |mut caller: Caller<_>| {
        caller.unary("/test.Echo/Say", code(Code::Unavailable)).await.unwrap_err();
        let status = caller.unary("/test.Echo/Say", Say::default()).await.unwrap_err();
        assert!(status.message().starts_with("not called: the breaker is open"), "{status:?}");
    };
    check_grpc(refused, "failure 1, rejected 1, open 10s").await;
}

async fn check_reqwest(path: &str, expect: &str) {
    for version in Version::BOTH {
        let server = Server::start(app()).await;
        let breaker = breaker(&clock());
        let client = match version {
            Version::One => reqwest_calls::plain().http1_only(),
            Version::Two => reqwest_calls::plain().http2_prior_knowledge(),
        };
        let client = ClientBuilder::new(client.build().unwrap()).with(GuardLayer::new(breaker.clone())).build();
        if let Ok(answer) = client.get(format!("http://{}{path}", server.addr)).send().await {
            assert_eq!(answer.url().path(), path);
            if !answer.status().is_success() || path != "/none" {
                assert_eq!(ledger(&breaker).contains("in flight 1"), !path.starts_with("/status"), "{path}");
            }
            let _ = answer.bytes().await;
        }
        assert_eq!(ledger(&breaker), expect, "{path} over {version:?}");
        server.stop().await;
    }
}

#[tokio::test]
async fn p24_reqwest_middleware() {
    check_reqwest("/hello", "success 1").await;
    check_reqwest("/none", "success 1").await;
    check_reqwest("/status/404", "alive 1").await;
    check_reqwest("/status/500", OPEN).await;
    check_reqwest("/busy", "throttled 1, paced 7s").await;
    check_reqwest("/half", OPEN).await;
}

#[tokio::test]
async fn reqwest_middleware_refuses() {
    let server = Server::start(app()).await;
    let breaker = breaker(&clock());
    let outer = crate::guard::breaker(&clock());
    let client = reqwest_calls::plain().build().unwrap();
    let client =
        ClientBuilder::new(client).with(GuardLayer::new(outer.clone())).with(GuardLayer::new(breaker.clone())).build();
    breaker.trip();
    let error = client.get(format!("http://{}/hello", server.addr)).send().await.unwrap_err();
    let reqwest_middleware::Error::Middleware(error) = error else { panic!("{error}") };
    assert!(matches!(error.downcast_ref::<GuardError>(), Some(GuardError::Rejected(_))), "{error:?}");
    assert_eq!((ledger(&breaker), ledger(&outer)), ("rejected 1, open 10s".into(), "neutral 1".into()));
    // What the client itself could not make a request of says nothing about the server.
    breaker.reset();
    let error = client.get("ftp://localhost/").send().await.unwrap_err();
    assert!(matches!(&error, reqwest_middleware::Error::Reqwest(error) if error.is_builder()), "{error:?}");
    assert_eq!((ledger(&breaker), ledger(&outer)), ("neutral 1, rejected 1".into(), "neutral 2".into()));
    server.stop().await;
}

/// A provider that answers a chat completion as its model says.
fn provider(asked: Arc<AtomicUsize>) -> Router {
    let word = |word: &str| format!("data: {}\n\n", chunk(word));
    let answer = move |body: Bytes| {
        asked.fetch_add(1, Relaxed);
        let model: serde_json::Value = serde_json::from_slice(&body).unwrap();
        let (hi, done) = (word("hi"), "data: [DONE]\n\n".to_owned());
        let stalled = stream::pending::<std::io::Result<String>>();
        let cut = stream::iter([Err(std::io::Error::other("cut"))]);
        let overloaded = "data: {\"error\":{\"type\":\"overloaded_error\",\"message\":\"later\"}}\n\n".to_owned();
        let sse = |pieces: Vec<String>| stream::iter(pieces).map(Ok::<_, std::io::Error>);
        let pause = stream::once(tokio::task::yield_now()).filter_map(async |()| None);
        let body = match model["model"].as_str().unwrap() {
            "whole" => Body::from_stream(sse(vec![hi, done])),
            "hangs-when-done" => Body::from_stream(sse(vec![hi, done]).chain(stalled)),
            "truncated" => Body::from_stream(sse(vec![hi])),
            "cut" => Body::from_stream(sse(vec![hi]).chain(pause).chain(cut)),
            "overloaded" => Body::from_stream(sse(vec![hi, overloaded])),
            "limited" => return limited().into_response(),
            "down" => return StatusCode::BAD_GATEWAY.into_response(),
            other => panic!("no model {other}"),
        };
        ([("content-type", "text/event-stream")], body).into_response()
    };
    Router::new().route("/chat/completions", post(async move |body: Bytes| answer(body)))
}

fn limited() -> impl IntoResponse {
    let error = r#"{"error":{"message":"slow down","type":"requests","param":null,"code":"rate_limit_exceeded"}}"#;
    (StatusCode::TOO_MANY_REQUESTS, [("retry-after", "7"), ("content-type", "application/json")], error)
}

fn chunk(word: &str) -> String {
    let head = r#""id":"c","object":"chat.completion.chunk","created":1,"model":"m""#;
    format!(r#"{{{head},"choices":[{{"index":0,"delta":{{"content":"{word}"}},"finish_reason":null}}]}}"#)
}

/// What a streamed chat completion says, and how it ends.
async fn said(stream: impl Stream<Item = Result<impl Sized, OpenAIError>>) -> (usize, Option<OpenAIError>) {
    let mut stream = std::pin::pin!(stream);
    let mut words = 0;
    while let Some(word) = stream.next().await {
        match word {
            Ok(_) => words += 1,
            Err(error) => return (words, Some(error)),
        }
    }
    (words, None)
}

fn chat(model: &str) -> CreateChatCompletionRequest {
    let messages = vec![ChatCompletionRequestUserMessage::from("hello").into()];
    CreateChatCompletionRequest { model: model.into(), messages, stream: Some(true), ..Default::default() }
}

#[tokio::test]
async fn p24_async_openai() {
    for (model, words, expect) in [
        ("whole", 1, "success 1"),
        ("hangs-when-done", 1, "success 1"),
        ("truncated", 1, OPEN),
        ("cut", 1, OPEN),
        ("overloaded", 1, OPEN),
        ("limited", 0, "throttled 1, paced 7s"),
        ("down", 0, OPEN),
    ] {
        let asked = Arc::default();
        let server = Server::start(provider(Arc::clone(&asked))).await;
        let breaker = breaker(&clock());
        let service = ServiceBuilder::new()
            .map_err(GuardError::into_inner::<OpenAIError>)
            .layer(GuardLayer::new(breaker.clone()))
            .service(ReqwestService::new(reqwest_calls::plain().build().unwrap()));
        let config = OpenAIConfig::new().with_api_base(format!("http://{}", server.addr)).with_api_key("k");
        let client = async_openai::Client::with_config(config).with_http_service(service);
        let ask = async || match client.chat().create_stream(chat(model)).await {
            Ok(stream) => said(stream).await,
            Err(error) => (0, Some(error)),
        };
        let (heard, error) = tokio::time::timeout(PATIENCE, ask()).await.unwrap();
        assert_eq!(heard, words, "{model}: {error:?}");
        assert_eq!(ledger(&breaker), expect, "{model}: {error:?}");
        if expect != "success 1" {
            let error = ask().await.1.unwrap();
            let OpenAIError::Boxed(error) = error else { panic!("{error:?}") };
            assert!(matches!(error.downcast_ref::<GuardError>(), Some(GuardError::Rejected(_))), "{error:?}");
            assert_eq!(asked.load(Relaxed), 1, "it was not called again");
        }
        server.stop().await;
    }
}

/// What the client's own errors were, they stay.
#[tokio::test]
async fn async_openai_keeps_its_errors() {
    let server = Server::start(app()).await;
    let base = format!("http://{}", server.addr);
    server.stop().await;
    let service = ServiceBuilder::new()
        .map_err(GuardError::into_inner::<OpenAIError>)
        .layer(GuardLayer::new(breaker(&clock())))
        .service(ReqwestService::new(reqwest_calls::plain().build().unwrap()));
    let config = OpenAIConfig::new().with_api_base(base).with_api_key("k");
    let client = async_openai::Client::with_config(config).with_http_service(service);
    let Err(error) = client.chat().create_stream(chat("whole")).await else { panic!("nobody listens") };
    assert!(matches!(error, OpenAIError::Reqwest(_)), "{error:?}");
}
