//! The gRPC service `test.Echo`, written by hand as a generator would, and its client.

use std::convert::Infallible;
use std::future::pending;
use std::task::{Context, Poll};
use std::time::Duration;

use bellwether_core::Scope;
use bellwether_tower::ObserveLayer;
use futures_util::future::BoxFuture;
use futures_util::stream::BoxStream;
use futures_util::{FutureExt, Stream, StreamExt, stream};
use http::uri::PathAndQuery;
use tonic::body::Body;
use tonic::client::GrpcService;
use tonic::codegen::Service;
use tonic::server::{Grpc, NamedService};
use tonic::transport::server::TcpIncoming;
use tonic::transport::{Channel, Endpoint};
use tonic::{Code, Request, Response, Status, Streaming};
use tonic_prost::ProstCodec;
use tower::{BoxError, service_fn};

use crate::harness::Server;

/// A text, a code to fail with, and after how many messages.
#[derive(Clone, PartialEq, prost::Message)]
pub(crate) struct Say {
    #[prost(string, tag = "1")]
    pub(crate) text: String,
    #[prost(int32, tag = "2")]
    pub(crate) code: i32,
    #[prost(uint32, tag = "3")]
    pub(crate) after: u32,
}

type Codec = ProstCodec<Say, Say>;
type Answer = Result<Response<Say>, Status>;
type Answers = Result<Response<BoxStream<'static, Result<Say, Status>>>, Status>;

/// Say answers with the text, or fails with the code, or with code -1 never answers. Count sends `after` messages and then
/// ends, or fails with the code, or with code -1 sends no more. Collect joins what it is sent. Chat answers each message with itself, and fails with
/// its code. Never has no answer. Panic panics.
#[derive(Clone)]
pub(crate) struct Echo;

impl NamedService for Echo {
    const NAME: &'static str = "test.Echo";
}

impl Service<http::Request<Body>> for Echo {
    type Response = http::Response<Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<http::Response<Body>, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: http::Request<Body>) -> Self::Future {
        let mut grpc = Grpc::new(Codec::default());
        match request.uri().path() {
            "/test.Echo/Say" => async move { Ok(grpc.unary(service_fn(say), request).await) }.boxed(),
            "/test.Echo/Never" => async move { Ok(grpc.unary(service_fn(never), request).await) }.boxed(),
            "/test.Echo/Panic" => async move { Ok(grpc.unary(service_fn(panics), request).await) }.boxed(),
            "/test.Echo/Count" => async move { Ok(grpc.server_streaming(Count, request).await) }.boxed(),
            "/test.Echo/Collect" => async move { Ok(grpc.client_streaming(Collect, request).await) }.boxed(),
            "/test.Echo/Chat" => async move { Ok(grpc.streaming(Chat, request).await) }.boxed(),
            _ => async { Ok(Status::unimplemented("").into_http()) }.boxed(),
        }
    }
}

fn fail(code: i32) -> Result<(), Status> {
    if code == 0 { Ok(()) } else { Err(Status::new(Code::from_i32(code), "as asked")) }
}

async fn say(request: Request<Say>) -> Answer {
    Scope::current().transaction("said").step("heard");
    match request.get_ref().code {
        -1 => pending().await,
        code => fail(code)?,
    }
    Ok(Response::new(request.into_inner()))
}

async fn never(_: Request<Say>) -> Answer {
    pending().await
}

async fn panics(_: Request<Say>) -> Answer {
    panic!("on purpose")
}

#[derive(Clone)]
struct Count;

impl tonic::server::ServerStreamingService<Say> for Count {
    type Response = Say;
    type ResponseStream = BoxStream<'static, Result<Say, Status>>;
    type Future = BoxFuture<'static, Answers>;

    fn call(&mut self, request: Request<Say>) -> Self::Future {
        let Say { text, code, after } = request.into_inner();
        let messages = stream::iter(0..after).map(move |n| Ok(Say { text: format!("{text}{n}"), ..Say::default() }));
        let answer: BoxStream<'static, _> = match code {
            0 => messages.boxed(),
            -1 => messages.chain(stream::pending()).boxed(),
            code => messages.chain(stream::once(async move { fail(code).map(|()| Say::default()) })).boxed(),
        };
        async { Ok(Response::new(answer)) }.boxed()
    }
}

#[derive(Clone)]
struct Collect;

impl tonic::server::ClientStreamingService<Say> for Collect {
    type Response = Say;
    type Future = BoxFuture<'static, Answer>;

    fn call(&mut self, request: Request<Streaming<Say>>) -> Self::Future {
        let mut messages = request.into_inner();
        async move {
            let mut text = String::new();
            while let Some(message) = messages.message().await? {
                fail(message.code)?;
                text.push_str(&message.text);
            }
            Ok(Response::new(Say { text, ..Say::default() }))
        }
        .boxed()
    }
}

#[derive(Clone)]
struct Chat;

impl tonic::server::StreamingService<Say> for Chat {
    type Response = Say;
    type ResponseStream = BoxStream<'static, Result<Say, Status>>;
    type Future = BoxFuture<'static, Answers>;

    fn call(&mut self, request: Request<Streaming<Say>>) -> Self::Future {
        let answers = request.into_inner().map(|message| {
            let message = message?;
            fail(message.code)?;
            Ok(message)
        });
        async move { Ok(Response::new(answers.boxed())) }.boxed()
    }
}

/// The service behind the layer on tonic's own server.
pub(crate) async fn serve(layer: ObserveLayer) -> Server {
    Server::of(|listener, mut draining| async move {
        let until = async move {
            let _ = draining.wait_for(|draining| *draining).await;
        };
        tonic::transport::Server::builder()
            .layer(layer)
            .add_service(Echo)
            .serve_with_incoming_shutdown(TcpIncoming::from(listener), until)
            .await
            .expect("tonic serves");
    })
    .await
}

/// A client of `test.Echo`.
pub(crate) struct Caller<S = Channel>(tonic::client::Grpc<S>);

impl Caller {
    pub(crate) async fn connect(server: &Server) -> Self {
        Self::through(server, |channel| channel).await
    }
}

impl<S> Caller<S>
where
    S: GrpcService<Body>,
    S::ResponseBody: Send + 'static,
    <S::ResponseBody as http_body::Body>::Error: Into<BoxError>,
{
    /// A client whose calls go through layers.
    pub(crate) async fn through(server: &Server, layered: impl FnOnce(Channel) -> S) -> Self {
        let origin = format!("http://{}", server.addr);
        let endpoint = Endpoint::from_shared(origin.clone()).expect("an address");
        let channel = endpoint.connect().await.expect("the server listens");
        Self(tonic::client::Grpc::with_origin(layered(channel), origin.parse().expect("an address")))
    }

    pub(crate) async fn unary(&mut self, path: &'static str, say: Say) -> Answer {
        self.with_timeout(path, say, None).await
    }

    pub(crate) async fn with_timeout(&mut self, path: &'static str, say: Say, timeout: Option<Duration>) -> Answer {
        let mut request = Request::new(say);
        if let Some(timeout) = timeout {
            request.set_timeout(timeout);
        }
        self.ready().await;
        self.0.unary(request, PathAndQuery::from_static(path), Codec::default()).await
    }

    pub(crate) async fn count(&mut self, code: i32, after: u32) -> Result<Streaming<Say>, Status> {
        let say = Say { text: "n".into(), code, after };
        self.ready().await;
        let path = PathAndQuery::from_static("/test.Echo/Count");
        Ok(self.0.server_streaming(Request::new(say), path, Codec::default()).await?.into_inner())
    }

    pub(crate) async fn collect(&mut self, says: impl Stream<Item = Say> + Send + 'static) -> Answer {
        self.ready().await;
        let path = PathAndQuery::from_static("/test.Echo/Collect");
        self.0.client_streaming(Request::new(says), path, Codec::default()).await
    }

    pub(crate) async fn chat(
        &mut self,
        says: impl Stream<Item = Say> + Send + 'static,
    ) -> Result<Streaming<Say>, Status> {
        self.ready().await;
        let path = PathAndQuery::from_static("/test.Echo/Chat");
        Ok(self.0.streaming(Request::new(says), path, Codec::default()).await?.into_inner())
    }

    async fn ready(&mut self) {
        assert!(self.0.ready().await.is_ok(), "the connection is there");
    }
}

pub(crate) fn text(text: &str) -> Say {
    Say { text: text.to_owned(), ..Say::default() }
}

pub(crate) fn code(code: Code) -> Say {
    Say { code: code as i32, ..Say::default() }
}

/// All messages of a stream, and how it ended.
pub(crate) async fn drain(mut messages: Streaming<Say>) -> (usize, Result<(), Code>) {
    let mut count = 0;
    loop {
        match messages.message().await {
            Ok(Some(_)) => count += 1,
            Ok(None) => return (count, Ok(())),
            Err(status) => return (count, Err(status.code())),
        }
    }
}
