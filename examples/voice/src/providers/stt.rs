//! Speech to text: one multipart upload, one line of text back.

use bytes::Bytes;
use reqwest::multipart::{Form, Part};
use serde::Deserialize;
use tower::BoxError;

use super::{Endpoint, reply::Reply};
use crate::failure::{Failure, Why};

pub(crate) const NAME: &str = "stt";
pub(super) const MODEL: &str = "whisper-1";

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
        let asking = async {
            let form = Form::new().text("model", MODEL).part("file", file);
            let request = self.at.http.post(format!("{}/audio/transcriptions", self.at.base)).bearer_auth(&self.at.key);
            request.multipart(form).send().await.map_err(BoxError::from)
        };
        let answer = Reply::of(NAME, &self.at.model, |_| (), asking).await?.whole().await?;
        let broken = |_| Failure::Upstream { name: NAME, why: Why::Broken };
        let transcript: Transcript = serde_json::from_slice(&answer).map_err(broken)?;
        Ok(transcript.text)
    }
}
