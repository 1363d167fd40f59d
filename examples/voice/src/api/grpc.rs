//! `Voice/Converse`: the same turn over gRPC, audio streaming in and the answer streaming out.

use std::pin::Pin;

use axum::Router;
use bytes::{Bytes, BytesMut};
use futures_util::{Stream, StreamExt};
use tonic::{Request, Response, Status, Streaming, server::NamedService};

use crate::{
    app::App,
    failure::Failure,
    proto::{
        Answer, Audio, Done, answer,
        voice_server::{Voice, VoiceServer},
    },
    turn::{Event, Turn},
};

/// The same limit that axum sets for an HTTP body.
const MAX_AUDIO: usize = 2 * 1024 * 1024;

struct Service {
    app: App,
}

pub(super) fn routes<S: Clone + Send + Sync + 'static>(app: App) -> Router<S> {
    let path = format!("/{}/{{*method}}", <VoiceServer<Service> as NamedService>::NAME);
    Router::new().route_service(&path, VoiceServer::new(Service { app }))
}

#[tonic::async_trait]
impl Voice for Service {
    type ConverseStream = Pin<Box<dyn Stream<Item = Result<Answer, Status>> + Send>>;

    async fn converse(&self, request: Request<Streaming<Audio>>) -> Result<Response<Self::ConverseStream>, Status> {
        let (customer, audio) = listen(request.into_inner()).await?;
        let turn = Turn::begin(&self.app, customer, audio).await?;
        let answers = turn.events().map(|event| Ok(Answer { event: Some(event?.into()) }));
        Ok(Response::new(Box::pin(answers)))
    }
}

/// Everything the customer says until they stop.
async fn listen(mut stream: Streaming<Audio>) -> Result<(i64, Bytes), Status> {
    let mut customer = 0;
    let mut audio = BytesMut::new();
    while let Some(part) = stream.message().await? {
        if part.customer != 0 {
            customer = part.customer;
        }
        if audio.len() + part.data.len() > MAX_AUDIO {
            return Err(Failure::BadRequest(format!("a turn has at most {MAX_AUDIO} bytes of audio")).into());
        }
        audio.extend_from_slice(&part.data);
    }
    Ok((customer, audio.freeze()))
}

impl From<Event> for answer::Event {
    fn from(event: Event) -> Self {
        match event {
            Event::Text(text) => Self::Text(text),
            Event::Audio(audio) => Self::Audio(audio),
            Event::Mute(why) => Self::Mute(why),
            Event::Done(order) => Self::Done(Done { order: order.id, amount_cents: order.amount_cents }),
        }
    }
}
