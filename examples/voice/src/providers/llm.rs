//! The language model: async-openai's own client, its answer read word by word.

use std::fmt;

use async_openai::{
    Client,
    config::OpenAIConfig,
    error::OpenAIError,
    middleware::HttpRequestFactory,
    types::chat::{
        ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
        ChatCompletionResponseStream, ChatCompletionStreamOptions, CreateChatCompletionRequest,
    },
};
use futures_util::{StreamExt, stream};
use reqwest::{Body, Response};
use tower::{BoxError, service_fn};

use super::{Endpoint, reply::Reply};
use crate::failure::{Failure, Why};

pub(crate) const NAME: &str = "llm";
pub(super) const MODEL: &str = "gpt-4o-mini";

/// A client of `/chat/completions`.
#[derive(Debug)]
pub struct Llm {
    /// In the order of [`Key::ALL`].
    clients: [Client<OpenAIConfig>; 2],
}

/// The name of an API key; each has a quota of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Key {
    /// For customers who pay.
    Primary,
    /// For customers on trial, so that they cannot use up what the others pay for.
    Batch,
}

/// An answer that is being written.
pub struct Words {
    stream: ChatCompletionResponseStream,
    /// The first words, which were waited for before the answer counts as begun.
    first: Option<String>,
    /// Whether the model said why it stopped; an answer that ends without was cut off.
    finished: bool,
}

impl Llm {
    /// By each of the keys, in the order of [`Key::ALL`].
    pub(super) fn new(by: [Endpoint; 2]) -> Self {
        let client = |at: Endpoint| {
            let config = OpenAIConfig::new().with_api_base(&at.base).with_api_key(&at.key);
            let (http, model) = (at.http.clone(), at.model);
            let measured = service_fn(move |request: HttpRequestFactory| {
                let (http, model) = (http.clone(), model.clone());
                let asking = async move {
                    let request = request.build().await.map_err(BoxError::from)?;
                    http.execute(request).await.map_err(BoxError::from)
                };
                // Looked at here, because the client would hide the headers of a refusal, and Retry-After with them.
                async move { Reply::of(NAME, &model, |_| (), asking).await.map(read_to_the_end).map_err(BoxError::from) }
            });
            // The client insists on one of its own, and never uses it.
            Client::build(at.http.as_ref().clone(), config).with_http_service(measured)
        };
        Self { clients: by.map(client) }
    }

    /// Asks, and returns when the first words are there.
    pub async fn answer(&self, key: Key, customer: &str, question: &str) -> Result<Words, Failure> {
        let request = CreateChatCompletionRequest {
            model: MODEL.into(),
            messages: vec![
                ChatCompletionRequestMessage::System(ChatCompletionRequestSystemMessage::from(format!(
                    "Answer {customer} in two short sentences that are good to hear."
                ))),
                ChatCompletionRequestMessage::User(ChatCompletionRequestUserMessage::from(question)),
            ],
            stream_options: Some(ChatCompletionStreamOptions { include_usage: Some(true), include_obfuscation: None }),
            ..Default::default()
        };
        let stream = self.clients[key as usize].chat().create_stream(request).await.map_err(failure)?;
        let mut words = Words { stream, first: None, finished: false };
        words.first = words.next().await?;
        Ok(words)
    }
}

impl Key {
    /// All keys.
    pub const ALL: [Self; 2] = [Self::Primary, Self::Batch];

    /// The key for customers on this plan.
    pub fn of(plan: &str) -> Self {
        if plan == "trial" { Self::Batch } else { Self::Primary }
    }

    /// As its breaker is called.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Primary => "primary",
            Self::Batch => "batch",
        }
    }
}

impl Words {
    /// The next words; `None` at the end of the answer.
    pub async fn next(&mut self) -> Result<Option<String>, Failure> {
        if let Some(first) = self.first.take() {
            return Ok(Some(first));
        }
        while let Some(part) = self.stream.next().await {
            let part = part.map_err(failure)?;
            if let Some(usage) = part.usage {
                tracing::debug!(prompt = usage.prompt_tokens, completion = usage.completion_tokens, "tokens");
            }
            // The part that carries the usage has no choices.
            let Some(choice) = part.choices.into_iter().next() else { continue };
            self.finished |= choice.finish_reason.is_some();
            if let Some(text) = choice.delta.content.filter(|text| !text.is_empty()) {
                return Ok(Some(text));
            }
        }
        if self.finished { Ok(None) } else { Err(Failure::Upstream { name: NAME, why: Why::Broken }) }
    }
}

impl fmt::Debug for Words {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Words").field("finished", &self.finished).finish_non_exhaustive()
    }
}

/// The client stops reading at the last event. What follows is read here, so that the connection can be used again.
fn read_to_the_end(reply: Reply) -> Response {
    let chunks = stream::try_unfold(reply, |mut reply| async move {
        let chunk = reply.chunk().await?;
        if chunk.as_ref().is_some_and(|chunk| chunk.ends_with(b"[DONE]\n\n")) {
            while let Ok(Some(_)) = reply.chunk().await {}
        }
        Ok::<_, Failure>(chunk.map(|chunk| (chunk, reply)))
    });
    http::Response::new(Body::wrap_stream(chunks)).into()
}

fn failure(error: OpenAIError) -> Failure {
    match error {
        OpenAIError::Boxed(error) => match error.downcast() {
            Ok(failure) => *failure,
            Err(error) => Failure::upstream(NAME, &*error),
        },
        _ => Failure::Upstream { name: NAME, why: Why::Broken },
    }
}
