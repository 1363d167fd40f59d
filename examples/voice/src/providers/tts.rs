//! Text to speech: a sentence goes out, its audio streams back.

use bytes::Bytes;
use serde_json::json;

use super::{Endpoint, as_guarded, success};
use crate::failure::Failure;

pub(crate) const NAME: &str = "tts";

/// A client of `/audio/speech`.
#[derive(Debug)]
pub struct Tts {
    at: Endpoint,
}

/// A sentence that is being spoken.
#[derive(Debug)]
pub struct Speech {
    response: reqwest::Response,
}

impl Tts {
    pub(super) fn new(at: Endpoint) -> Self {
        Self { at }
    }

    /// Starts to speak.
    pub async fn speak(&self, sentence: &str) -> Result<Speech, Failure> {
        let sent = self
            .at
            .http
            .post(format!("{}/audio/speech", self.at.base))
            .bearer_auth(&self.at.key)
            .json(&json!({ "model": "tts-1", "voice": "alloy", "response_format": "pcm", "input": sentence }))
            .send()
            .await
            .map_err(as_guarded);
        Ok(Speech { response: success(NAME, sent).await? })
    }
}

impl Speech {
    /// The next piece of audio; `None` at the end of the sentence.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        self.response.chunk().await.map_err(|error| Failure::upstream(NAME, &error))
    }
}
