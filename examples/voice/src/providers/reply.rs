//! What a provider answers, read bit by bit, while the model's measurements are told of it.

use bellwether::dependency::{
    Fault,
    genai::{Answer, Model},
};
use bytes::Bytes;
use reqwest::Response;
use tower::BoxError;

use crate::failure::{Failure, Why};

/// So much is read of a refusal, so that the connection can be used again.
const MAX_REFUSAL: usize = 64 * 1024;

/// An answer that is being read. One that is dropped before its end was given up.
#[derive(Debug)]
pub(super) struct Reply {
    name: &'static str,
    response: Response,
    /// Until it has ended.
    answer: Option<Answer>,
}

impl Reply {
    /// Asks, and waits for the head of an answer that is a success. `tell` says what is known beforehand.
    pub(super) async fn of(
        name: &'static str,
        model: &Model,
        tell: impl FnOnce(&mut Answer),
        asking: impl Future<Output = Result<Response, BoxError>>,
    ) -> Result<Self, Failure> {
        let mut answer = model.begin().map_err(|refused| Failure::Upstream { name, why: Why::Refused(refused) })?;
        tell(&mut answer);
        let mut response = match answer.run(asking).await {
            Ok(response) => response,
            Err(error) => {
                answer.fault(Fault::of(&*error));
                return Err(Failure::upstream(name, &*error));
            }
        };
        answer.head(response.status().as_u16(), |name| response.headers().get(name)?.to_str().ok());
        if response.status().is_success() {
            return Ok(Self { name, response, answer: Some(answer) });
        }
        let mut read = 0;
        while let Ok(Some(chunk)) = response.chunk().await {
            let _ = answer.chunk(&chunk);
            read += chunk.len();
            if read > MAX_REFUSAL {
                break;
            }
        }
        let Err(fault) = answer.end() else { return Err(Failure::Upstream { name, why: Why::Broken }) };
        // Its class, and none of its words: they may quote anything.
        tracing::warn!(name, %fault, "a provider refused");
        let why = match response.status().as_u16() {
            429 => Why::Throttled(super::retry_after(response.headers())),
            status => Why::Status(status),
        };
        Err(Failure::Upstream { name, why })
    }

    /// The next piece; `None` at the end.
    pub(super) async fn chunk(&mut self) -> Result<Option<Bytes>, Failure> {
        let chunk = match self.response.chunk().await {
            Ok(chunk) => chunk,
            Err(error) => {
                if let Some(answer) = self.answer.take() {
                    answer.fail(&error);
                }
                return Err(Failure::upstream(self.name, &error));
            }
        };
        match &chunk {
            // The client keeps the time here.
            Some(piece) => drop(self.answer.as_mut().map(|answer| answer.chunk(piece))),
            None => drop(self.answer.take().map(Answer::end)),
        }
        Ok(chunk)
    }

    /// All of it.
    pub(super) async fn whole(&mut self) -> Result<Vec<u8>, Failure> {
        let mut all = Vec::new();
        while let Some(chunk) = self.chunk().await? {
            all.extend_from_slice(&chunk);
        }
        Ok(all)
    }
}
