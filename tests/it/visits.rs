//! What visitors of the demo do here: turns over HTTP and gRPC, with a trace that is known.

use bellwether_tests::client;
use bellwether_tests::demo::Demo;
use futures_util::stream;
use voice::proto::{Audio, voice_client::VoiceClient};

/// A trace that a caller sampled, by its number.
#[derive(Debug, Clone)]
pub(crate) struct Trace {
    /// In hex.
    pub(crate) id: String,
    /// Of the caller's span, in hex.
    pub(crate) span: String,
}

impl Trace {
    pub(crate) fn numbered(number: u64) -> Self {
        Self { id: format!("0af7651916cd43dd{number:016x}"), span: format!("b7ad6b71{number:08x}") }
    }

    pub(crate) fn parent(&self) -> String {
        format!("00-{}-{}-01", self.id, self.span)
    }
}

/// A turn of this customer: the status, and what came of it.
pub(crate) async fn turn(demo: &Demo, customer: i64, trace: &Trace) -> (u16, String) {
    let request = client().post(demo.url("/v1/turns")).header("x-customer", customer);
    let answer = request.header("traceparent", trace.parent()).body(vec![0; 9_000]).send().await.expect("an answer");
    (answer.status().as_u16(), answer.text().await.expect("a whole answer"))
}

/// A turn over gRPC, to its end.
pub(crate) async fn converse(demo: &Demo, customer: i64, trace: &Trace) -> Result<(), tonic::Status> {
    let channel = tonic::transport::Endpoint::from_shared(demo.url("")).expect("a URL").connect().await;
    let mut client = VoiceClient::new(channel.expect("a connection"));
    let audio = Audio { customer, data: vec![0; 9_000].into() };
    let mut request = tonic::Request::new(stream::iter([audio]));
    request.metadata_mut().insert("traceparent", trace.parent().parse().expect("a header"));
    let mut answers = client.converse(request).await?.into_inner();
    while answers.message().await?.is_some() {}
    Ok(())
}

/// Looks at a path; the status.
pub(crate) async fn get(demo: &Demo, path: &str) -> u16 {
    let answer = client().get(demo.url(path)).send().await.expect("an answer");
    let status = answer.status().as_u16();
    answer.bytes().await.expect("a whole answer");
    status
}
