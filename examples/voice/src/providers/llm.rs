//! The language model: async-openai's own client, its answer read word by word.

use std::{fmt, time::Duration};

use async_openai::{
    Client,
    config::OpenAIConfig,
    error::OpenAIError,
    types::chat::{
        ChatCompletionRequestMessage, ChatCompletionRequestSystemMessage, ChatCompletionRequestUserMessage,
        ChatCompletionResponseStream, ChatCompletionStreamOptions, CreateChatCompletionRequest,
    },
};
use futures_util::StreamExt;

use super::Endpoint;
use crate::failure::{Failure, Why};

const NAME: &str = "llm";
const MODEL: &str = "gpt-4o-mini";

/// A client of `/chat/completions`.
#[derive(Debug)]
pub struct Llm {
    client: Client<OpenAIConfig>,
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
    pub(super) fn new(at: Endpoint) -> Self {
        let config = OpenAIConfig::new().with_api_base(at.base).with_api_key(at.key);
        Self { client: Client::build(at.http, config) }
    }

    /// Asks, and returns when the first words are there.
    pub async fn answer(&self, customer: &str, question: &str) -> Result<Words, Failure> {
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
        let stream = self.client.chat().create_stream(request).await.map_err(failure)?;
        let mut words = Words { stream, first: None, finished: false };
        words.first = words.next().await?;
        Ok(words)
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

fn failure(error: OpenAIError) -> Failure {
    let why = match error {
        OpenAIError::Reqwest(error) => return Failure::upstream(NAME, &error),
        // The client hides the response's headers, and with them Retry-After.
        OpenAIError::ApiError(error) if error.status_code == 429 => Why::Throttled(Duration::from_secs(1)),
        OpenAIError::ApiError(error) => Why::Status(error.status_code.as_u16()),
        _ => Why::Broken,
    };
    Failure::Upstream { name: NAME, why }
}
