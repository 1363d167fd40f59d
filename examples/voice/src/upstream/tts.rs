//! Text to speech in OpenAI's format: the longer the sentence, the more audio, streamed in pieces.

use axum::{
    Json, Router,
    body::Body,
    extract::State,
    response::{self, IntoResponse, Response},
    routing::post,
};
use bytes::Bytes;
use futures_util::{Stream, stream};
use http::{HeaderMap, header::CONTENT_TYPE};
use serde::Deserialize;

use super::{Behavior, Latency};

const FIRST_PIECE: Latency = Latency::ms(60, 0.3);
const NEXT_PIECE: Latency = Latency::ms(4, 0.5);
const PIECE: usize = 4096;
/// About what a voice needs in a telephone's quality.
const BYTES_PER_LETTER: usize = 400;

#[derive(Deserialize)]
struct Request {
    input: String,
}

pub(super) fn routes(behavior: Behavior) -> Router {
    Router::new().route("/v1/audio/speech", post(speak)).with_state(behavior)
}

async fn speak(
    State(behavior): State<Behavior>,
    headers: HeaderMap,
    Json(request): Json<Request>,
) -> response::Result<Response> {
    let headers = behavior.admit(&headers)?;
    behavior.take(FIRST_PIECE).await;
    let pieces = request.input.len().min(4096) * BYTES_PER_LETTER / PIECE + 1;
    Ok((headers, [(CONTENT_TYPE, "audio/pcm")], Body::from_stream(audio(behavior, pieces))).into_response())
}

fn audio(behavior: Behavior, pieces: usize) -> impl Stream<Item = Result<Bytes, std::convert::Infallible>> {
    stream::unfold((behavior, pieces), |(behavior, left)| async move {
        let left = left.checked_sub(1)?;
        behavior.take(NEXT_PIECE).await;
        Some((Ok(Bytes::from_static(&[0; PIECE])), (behavior, left)))
    })
}
