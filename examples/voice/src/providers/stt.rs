//! Speech to text: one multipart upload, one line of text back.

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;

use super::{Endpoint, as_guarded, success};
use crate::failure::Failure;

pub(crate) const NAME: &str = "stt";

/// A client of `/audio/transcriptions`.
#[derive(Debug)]
pub struct Stt {
    at: Endpoint,
}

#[derive(Deserialize)]
struct Transcript {
    text: String,
}

impl Stt {
    pub(super) fn new(at: Endpoint) -> Self {
        Self { at }
    }

    /// What was said.
    pub async fn transcribe(&self, audio: Bytes) -> Result<String, Failure> {
        let file = Part::stream(audio).file_name("turn.wav");
        let sent = self
            .at
            .http
            .post(format!("{}/audio/transcriptions", self.at.base))
            .bearer_auth(&self.at.key)
            .multipart(Form::new().text("model", "whisper-1").part("file", file))
            .send()
            .await
            .map_err(as_guarded);
        let transcript: Transcript =
            success(NAME, sent).await?.json().await.map_err(|error| Failure::upstream(NAME, &error))?;
        Ok(transcript.text)
    }
}
