//! gRPC calls, whose status comes in trailers, in headers, or never.

use std::convert::Infallible;
use std::time::Duration;

use axum::body::{Body, Bytes};
use axum::response::IntoResponse;
use axum::routing::any;
use futures_util::{StreamExt, stream};
use http::{HeaderMap, Response};
use http_body::Frame;
use http_body_util::StreamBody;
use tonic::Code;

use crate::echo::{Caller, Say, code, drain, serve, text};
use crate::harness::{Client, Server, Version, Watch, check_all, check_once};

/// A call on tonic's own server, and the line it must leave.
async fn check_call(call: impl AsyncFn(Caller), expect: &str) {
    let watch = Watch::new();
    let server = serve(watch.layer()).await;
    call(Caller::connect(&server).await).await;
    check_once(&watch, server, expect).await;
}

#[tokio::test]
async fn unary() {
    let call = async |mut caller: Caller| {
        assert_eq!(caller.unary("/test.Echo/Say", text("hello")).await.unwrap().into_inner().text, "hello");
    };
    check_call(call, "grpc test.Echo/Say OK - success").await;
}

/// Trailers-only: the status is in the head, and there is no body.
#[tokio::test]
async fn every_code() {
    for (given, expect) in [
        (Code::Cancelled, "CANCELLED - cancelled"),
        (Code::Unknown, "UNKNOWN UNKNOWN failure"),
        (Code::InvalidArgument, "INVALID_ARGUMENT - client_error"),
        (Code::DeadlineExceeded, "DEADLINE_EXCEEDED DEADLINE_EXCEEDED failure"),
        (Code::NotFound, "NOT_FOUND - client_error"),
        (Code::AlreadyExists, "ALREADY_EXISTS - client_error"),
        (Code::ResourceExhausted, "RESOURCE_EXHAUSTED - client_error"),
        (Code::FailedPrecondition, "FAILED_PRECONDITION - client_error"),
        (Code::Aborted, "ABORTED - client_error"),
        (Code::OutOfRange, "OUT_OF_RANGE - client_error"),
        (Code::Internal, "INTERNAL INTERNAL failure"),
        (Code::Unavailable, "UNAVAILABLE UNAVAILABLE failure"),
        (Code::DataLoss, "DATA_LOSS DATA_LOSS failure"),
    ] {
        let call = async |mut caller: Caller| {
            assert_eq!(caller.unary("/test.Echo/Say", code(given)).await.unwrap_err().code(), given);
        };
        check_call(call, &format!("grpc test.Echo/Say {expect}")).await;
    }
}

/// A refusal vouches for no method's name: a guard refuses whatever is asked for.
#[tokio::test]
async fn refusals_name_nothing() {
    for (given, expect) in [
        (Code::PermissionDenied, "PERMISSION_DENIED - client_error"),
        (Code::Unauthenticated, "UNAUTHENTICATED - client_error"),
    ] {
        let call = async |mut caller: Caller| {
            assert_eq!(caller.unary("/test.Echo/Say", code(given)).await.unwrap_err().code(), given);
        };
        check_call(call, &format!("grpc _OTHER {expect}")).await;
    }
}

#[tokio::test]
async fn server_stream() {
    let call = async |mut caller: Caller| {
        assert_eq!(drain(caller.count(0, 3).await.unwrap()).await, (3, Ok(())));
    };
    check_call(call, "grpc test.Echo/Count OK - success").await;
}

#[tokio::test]
async fn server_stream_of_nothing() {
    let call = async |mut caller: Caller| {
        assert_eq!(drain(caller.count(0, 0).await.unwrap()).await, (0, Ok(())));
    };
    check_call(call, "grpc test.Echo/Count OK - success").await;
}

#[tokio::test]
async fn server_stream_fails_after_three_messages() {
    let call = async |mut caller: Caller| {
        let messages = caller.count(Code::Internal as i32, 3).await.unwrap();
        assert_eq!(drain(messages).await, (3, Err(Code::Internal)));
    };
    check_call(call, "grpc test.Echo/Count INTERNAL INTERNAL failure").await;
}

#[tokio::test]
async fn client_stream() {
    let call = async |mut caller: Caller| {
        let answer = caller.collect(stream::iter([text("a"), text("b")])).await.unwrap();
        assert_eq!(answer.into_inner().text, "ab");
    };
    check_call(call, "grpc test.Echo/Collect OK - success").await;
}

/// The answer comes while the client would go on for ever.
#[tokio::test]
async fn client_stream_is_refused() {
    let call = async |mut caller: Caller| {
        let says = stream::iter([text("a"), code(Code::InvalidArgument)]).chain(stream::pending());
        assert_eq!(caller.collect(says).await.unwrap_err().code(), Code::InvalidArgument);
    };
    check_call(call, "grpc test.Echo/Collect INVALID_ARGUMENT - client_error").await;
}

#[tokio::test]
async fn chat() {
    let call = async |mut caller: Caller| {
        let says = stream::iter([text("a"), text("b"), code(Code::Aborted)]);
        assert_eq!(drain(caller.chat(says).await.unwrap()).await, (2, Err(Code::Aborted)));
    };
    check_call(call, "grpc test.Echo/Chat ABORTED - client_error").await;
}

#[tokio::test]
async fn client_gives_up_in_the_stream() {
    let call = async |mut caller: Caller| {
        let mut messages = caller.count(-1, 2).await.unwrap();
        assert_eq!(messages.message().await.unwrap().unwrap().text, "n0");
        drop(messages);
    };
    check_call(call, "grpc test.Echo/Count CANCELLED client_cancelled cancelled").await;
}

/// Before any answer nobody can know whether there is such a method: its name could be the client's invention.
#[tokio::test]
async fn client_gives_up_before_the_answer() {
    let watch = Watch::new();
    let server = serve(watch.layer()).await;
    let mut caller = Caller::connect(&server).await;
    tokio::select! {
        _ = caller.unary("/test.Echo/Never", Say::default()) => unreachable!("it never answers"),
        () = watch.under_way(1) => {}
    }
    check_once(&watch, server, "grpc _OTHER CANCELLED client_cancelled cancelled").await;
}

/// The client's deadline, which tonic's server keeps by dropping the call.
#[tokio::test]
async fn deadline_passes() {
    let call = async |mut caller: Caller| {
        let timeout = Some(Duration::from_millis(20));
        caller.with_timeout("/test.Echo/Never", Say::default(), timeout).await.unwrap_err();
    };
    check_call(call, "grpc _OTHER CANCELLED client_cancelled cancelled").await;
}

#[tokio::test]
async fn method_panics() {
    let call = async |mut caller: Caller| drop(caller.unary("/test.Echo/Panic", Say::default()).await.unwrap_err());
    check_call(call, "grpc _OTHER - panic failure").await;
}

#[tokio::test]
async fn unknown_method() {
    let call = async |mut caller: Caller| {
        let status = caller.unary("/test.Echo/Invented", Say::default()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
    };
    check_call(call, "grpc _OTHER UNIMPLEMENTED UNIMPLEMENTED client_error").await;
}

#[tokio::test]
async fn unknown_service() {
    let call = async |mut caller: Caller| {
        let status = caller.unary("/invented.Service/Say", Say::default()).await.unwrap_err();
        assert_eq!(status.code(), Code::Unimplemented);
    };
    check_call(call, "grpc _OTHER UNIMPLEMENTED UNIMPLEMENTED client_error").await;
}

#[tokio::test]
async fn connection_is_lost_in_the_stream() {
    let watch = Watch::new();
    let server = serve(watch.layer()).await;
    let mut caller = Caller::connect(&server).await;
    let mut messages = caller.count(-1, 1).await.unwrap();
    messages.message().await.unwrap().unwrap();
    watch.under_way(1).await;
    drop((messages, caller));
    check_once(&watch, server, "grpc test.Echo/Count CANCELLED client_cancelled cancelled").await;
}

#[tokio::test]
async fn sizes_and_first_byte() {
    let watch = Watch::new();
    let server = serve(watch.layer()).await;
    let mut caller = Caller::connect(&server).await;
    caller.unary("/test.Echo/Say", text("0123456789")).await.unwrap();
    check_once(&watch, server, "grpc test.Echo/Say OK - success").await;
    // Five bytes of frame, two of field, ten of text.
    assert_eq!(watch.total("http.server.response.body.size"), (1, 17.0));
    assert_eq!(watch.total("bellwether.server.time_to_first_byte").0, 1);
    assert_eq!(watch.total("http.server.request.duration").0, 0, "a call is not counted as a request, too");
    let heard = watch.the_one();
    assert_eq!((&*heard.name, heard.response_bytes), ("test.Echo/Say", 17));
}

/// A stream of messages has no declared size: it is counted as it is read.
#[tokio::test]
async fn size_of_a_client_stream() {
    let watch = Watch::new();
    let server = serve(watch.layer()).await;
    let mut caller = Caller::connect(&server).await;
    caller.collect(stream::iter([text("a"), text("b")])).await.unwrap();
    check_once(&watch, server, "grpc test.Echo/Collect OK - success").await;
    assert_eq!(watch.total("http.server.request.body.size"), (1, 16.0));
    assert_eq!(watch.the_one().request_bytes, 16);
}

/// A method that was answered before is known, also when a later call to it is given up.
#[tokio::test]
async fn known_method_is_given_up() {
    let watch = Watch::new();
    let server = serve(watch.layer()).await;
    let mut caller = Caller::connect(&server).await;
    caller.unary("/test.Echo/Say", text("hello")).await.unwrap();
    let never = Say { code: -1, ..Say::default() };
    tokio::select! {
        _ = caller.unary("/test.Echo/Say", never) => unreachable!("it never answers"),
        () = watch.under_way(1) => {}
    }
    let lines = ["grpc test.Echo/Say CANCELLED client_cancelled cancelled", "grpc test.Echo/Say OK - success"];
    check_all(&watch, server, &lines).await;
}

/// What an HTTP answer of some application says to a gRPC client, over hyper.
async fn check_answer(answer: fn() -> Response<Body>, path: &str, expect: &str) {
    for version in Version::BOTH {
        let watch = Watch::new();
        let app = axum::Router::new().route("/test.Echo/{method}", any(async move || answer()));
        let server = Server::start(app.layer(watch.layer())).await;
        let mut client = Client::connect(&server, version).await;
        let request = client.request("POST", path).header("content-type", "application/grpc+proto");
        client.ask_with(request.body(Body::empty()).unwrap()).await;
        check_once(&watch, server, expect).await;
    }
}

fn grpc_answer() -> http::response::Builder {
    Response::builder().header("content-type", "application/grpc")
}

fn frames(frames: Vec<Frame<Bytes>>) -> Body {
    Body::new(StreamBody::new(stream::iter(frames.into_iter().map(Ok::<_, Infallible>))))
}

fn status_trailers(status: &'static str) -> Frame<Bytes> {
    Frame::trailers(HeaderMap::from_iter([("grpc-status".parse().unwrap(), status.parse().unwrap())]))
}

#[tokio::test]
async fn ends_without_trailers() {
    let answer = || grpc_answer().body(frames(vec![Frame::data(Bytes::from_static(b"\0\0\0\0\0"))])).unwrap();
    check_answer(answer, "/test.Echo/Say", "grpc test.Echo/Say UNKNOWN UNKNOWN failure").await;
}

#[tokio::test]
async fn ends_without_anything() {
    let answer = || grpc_answer().body(Body::empty()).unwrap();
    check_answer(answer, "/test.Echo/Say", "grpc test.Echo/Say UNKNOWN UNKNOWN failure").await;
}

#[tokio::test]
async fn status_that_no_list_knows() {
    for status in ["99", "-1", "OK", "", "18446744073709551616"] {
        let watch = Watch::new();
        let app = axum::Router::new().route(
            "/test.Echo/Say",
            any(async move || grpc_answer().header("grpc-status", status).body(Body::empty()).unwrap()),
        );
        let server = Server::start(app.layer(watch.layer())).await;
        let mut client = Client::connect(&server, Version::Two).await;
        let request = client.request("POST", "/test.Echo/Say").header("content-type", "application/grpc");
        client.ask_with(request.body(Body::empty()).unwrap()).await;
        check_once(&watch, server, "grpc test.Echo/Say UNKNOWN UNKNOWN failure").await;
    }
}

/// A trailer without a status is no status.
#[tokio::test]
async fn trailers_of_something_else() {
    let answer = || {
        let trailers = HeaderMap::from_iter([("x-sum".parse().unwrap(), "1".parse().unwrap())]);
        grpc_answer().body(frames(vec![Frame::trailers(trailers)])).unwrap()
    };
    check_answer(answer, "/test.Echo/Say", "grpc test.Echo/Say UNKNOWN UNKNOWN failure").await;
}

/// A declared length is that of the messages: the status is still to come.
#[tokio::test]
async fn declared_length() {
    let watch = Watch::new();
    let answer = async || {
        let message = Frame::data(Bytes::from_static(b"\0\0\0\0\0"));
        grpc_answer().header("content-length", "5").body(frames(vec![message, status_trailers("5")])).unwrap()
    };
    let app = axum::Router::new().route("/test.Echo/Say", any(answer));
    let server = Server::start(app.layer(watch.layer())).await;
    let mut client = Client::connect(&server, Version::Two).await;
    let request = client.request("POST", "/test.Echo/Say").header("content-type", "application/grpc");
    client.ask_with(request.body(Body::empty()).unwrap()).await;
    check_once(&watch, server, "grpc test.Echo/Say NOT_FOUND - client_error").await;
}

/// The trailer is later, and right.
#[tokio::test]
async fn status_in_both_places() {
    let answer = || grpc_answer().header("grpc-status", "0").body(frames(vec![status_trailers("13")])).unwrap();
    check_answer(answer, "/test.Echo/Say", "grpc test.Echo/Say INTERNAL INTERNAL failure").await;
}

/// An answer by somebody who does not speak gRPC (a proxy, a login page) vouches for no method's name.
#[tokio::test]
async fn answer_is_not_grpc() {
    for (answer, expect) in [
        ((|| "a page".into_response()) as fn() -> Response<Body>, "UNKNOWN UNKNOWN failure"),
        (|| http::StatusCode::UNAUTHORIZED.into_response(), "UNAUTHENTICATED - client_error"),
        (|| http::StatusCode::FORBIDDEN.into_response(), "PERMISSION_DENIED - client_error"),
        (|| http::StatusCode::NOT_FOUND.into_response(), "UNIMPLEMENTED UNIMPLEMENTED client_error"),
        (|| http::StatusCode::BAD_REQUEST.into_response(), "INTERNAL INTERNAL failure"),
        (|| http::StatusCode::BAD_GATEWAY.into_response(), "UNAVAILABLE UNAVAILABLE failure"),
        (|| http::StatusCode::IM_A_TEAPOT.into_response(), "UNKNOWN UNKNOWN failure"),
    ] {
        check_answer(answer, "/test.Echo/anything", &format!("grpc _OTHER {expect}")).await;
    }
}

/// Other things that call themselves nearly so are plain HTTP.
#[tokio::test]
async fn nearly_grpc() {
    for content_type in ["application/grpc-web", "application/grpc-web+proto", "application/grpcx", "text/grpc"] {
        let watch = Watch::new();
        let app = axum::Router::new().route("/test.Echo/{method}", any(async || "hello"));
        let server = Server::start(app.layer(watch.layer())).await;
        let mut client = Client::connect(&server, Version::Two).await;
        let request = client.request("POST", "/test.Echo/Say").header("content-type", content_type);
        client.ask_with(request.body(Body::empty()).unwrap()).await;
        check_once(&watch, server, "POST http /test.Echo/{method} 200 2 - success").await;
    }
}

/// One port and one layer for both: each is counted as what it is.
#[tokio::test]
async fn beside_http() {
    let watch = Watch::new();
    let grpc = tonic::service::Routes::new(crate::echo::Echo).into_axum_router();
    let app = axum::Router::new().route("/hello", axum::routing::get(async || "hello")).merge(grpc);
    let server = Server::start(app.layer(watch.layer())).await;
    Caller::connect(&server).await.unary("/test.Echo/Say", text("hi")).await.unwrap();
    Client::connect(&server, Version::One).await.get("/hello").await;
    check_all(&watch, server, &["GET http /hello 200 1.1 - success", "grpc test.Echo/Say OK - success"]).await;
}
