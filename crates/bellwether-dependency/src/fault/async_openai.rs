//! Errors of async-openai.

use std::error::Error;

use ::async_openai::error::OpenAIError;
use bellwether_breaker::sse::{Fault as Said, Message};

use super::Fault;
use crate::cascade::Failure;

/// What an answer says is read for its class, and not kept.
pub(super) fn look(error: &(dyn Error + 'static)) -> Option<Fault> {
    Some(match error.downcast_ref::<OpenAIError>()? {
        OpenAIError::Reqwest(error) => Fault::of(error),
        OpenAIError::ApiError(answer) => {
            let word = |word: &Option<String>| word.as_deref().map_or(Said::Unknown, Said::of);
            let error = &answer.api_error;
            Fault::of_answer(answer.status_code.as_u16(), word(&error.r#type).max(word(&error.code)))
        }
        // What is no part of an answer may be an error in its place.
        OpenAIError::JSONDeserialize(_, text) => match Message::of(text.as_bytes()).fault() {
            Said::Unknown => Fault::new(Failure::Decode),
            said => Fault::of_answer(200, said),
        },
        OpenAIError::StreamError(_) => Fault::new(Failure::Decode),
        OpenAIError::Boxed(error) => Fault::of(&**error),
        OpenAIError::InvalidArgument(_) | OpenAIError::FileSaveError(_) | OpenAIError::FileReadError(_) => {
            Fault::new(Failure::BadRequest)
        }
    })
}
