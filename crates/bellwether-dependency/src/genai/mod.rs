//! Calls of models: language, speech to text, text to speech, and sessions that go both ways.
//!
//! A [`Model`] is one kind of call to one model behind a [`Dependency`](crate::Dependency). Whoever makes such a call tells the
//! [`Answer`] what comes, bytes as they come, and it knows the rest: whether the answer is complete, whose fault it is if not,
//! what it took and how long it was waited for. A [`Session`] does the same for a WebSocket. Neither reads nor sends anything.
//!
//! ```
//! use bellwether_core::Registry;
//! use bellwether_dependency::genai::{GenAi, Model};
//! use bellwether_dependency::{Dependencies, Dependency, Failure};
//!
//! let registry = Registry::new();
//! let llm = Dependencies::new(&registry)?.register(Dependency::http("llm").critical_shared())?;
//! let chat = GenAi::new(&registry)?.model(&llm, Model::chat("openai", "gpt-4o-mini").server("api.openai.com", 443));
//!
//! let mut answer = chat.begin().expect("nothing holds calls back");
//! answer.head(200, |name| (name == "content-type").then_some("text/event-stream"));
//! answer.chunk(b"data: {\"choices\":[{\"delta\":{\"content\":\"Hello\"},\"finish_reason\":null}]}\n\n")?;
//! let fault = answer.end().unwrap_err(); // the body ended, and the answer had not
//! assert_eq!(fault.failure, Failure::Connect);
//!
//! // What it took is not known, which is not nothing.
//! assert!(registry.metric("gen_ai.client.token.usage").unwrap().is_empty());
//! assert_eq!(registry.metric("bellwether.gen_ai.usage.unknown").unwrap().len(), 1);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod answer;
mod metrics;
mod model;
mod names;
mod reader;
mod record;
mod session;

pub use answer::{Answer, Told};
pub use bellwether_breaker::sse::{Frame, Usage};
pub use metrics::GenAi;
pub use model::{Model, ModelBuilder, Task};
pub use names::{METRICS, Named, Source};
pub use session::{Session, SessionEnd};
