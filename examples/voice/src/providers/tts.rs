//! Text to speech: a sentence goes out, its audio streams back.

use bytes::Bytes;
use serde_json::json;
use tower::BoxError;

use super::{Endpoint, reply::Reply};
use crate::failure::Failure;

pub(crate) const NAME: &str = "tts";
pub(super) const MODEL: &str = "tts-1";
/// Of raw sound: 16 bits at 24 kHz.
pub(super) const BYTES_A_SECOND: u64 = 48_000;

/// A client of `/audio/speech`.
#[derive(Debug)]
pub struct Tts {
    at: Endpoint,
}

/// A sentence that is being spoken.
#[derive(Debug)]
pub struct Speech {
    reply: Reply,
}

impl Tts {
    pub(super) fn new(at: Endpoint) -> Self {
        Self { at }
    }

    /// Starts to speak.
    pub async fn speak(&self, sentence: &str) -> Result<Speech, Failure> {
        let asking = async {
            let request = self.at.http.post(format!("{}/audio/speech", self.at.base)).bearer_auth(&self.at.key);
            let body = json!({ "model": MODEL, "voice": "alloy", "response_format": "pcm", "input": sentence });
            request.json(&body).send().await.map_err(BoxError::from)
        };
        let characters = sentence.chars().count() as u64;
        let reply = Reply::of(NAME, &self.at.model, |answer| answer.characters(characters), asking).await?;
        Ok(Speech { reply })
    }
}

impl Speech {
    /// The next piece of audio; `None` at the end of the sentence.
    pub async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        self.reply.chunk().await
    }
}
