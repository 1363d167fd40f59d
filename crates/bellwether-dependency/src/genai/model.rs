//! A model: what is asked of it, who provides it, and the calls that are made.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, PoisonError, RwLock};

use bellwether_breaker::{CallError, Deadlines, Rejected, sse::Usage};
use bellwether_core::Clock;

use super::answer::Answer;
use super::metrics::GenAi;
use super::names;
use super::session::Session;
use crate::call::Operation;
use crate::dependency::Dependency;

/// So many models may answer for one that is asked for; the others are one, called `other`: their names come from outside.
const MAX_SERVED: usize = 8;
const OTHER: &str = "other";
/// The operation that lasts until a session is of use.
const CONNECT: &str = "connect";

/// One kind of call to one model; from [`GenAi::model`]. Cheap to clone.
#[derive(Clone)]
pub struct Model(Arc<Inner>);

struct Inner {
    operation: Operation,
    described: ModelBuilder,
    metrics: GenAi,
    /// Who has answered so far.
    served: RwLock<Vec<Arc<str>>>,
    /// Sessions opened since the last that was of use.
    in_vain: AtomicU64,
}

/// Describes a model; from [`Model::chat`] and the like. Made by [`GenAi::model`].
#[derive(Debug, Clone)]
#[must_use = "a model is made by `GenAi::model`"]
pub struct ModelBuilder {
    task: Task,
    provider: Box<str>,
    model: Box<str>,
    address: Box<str>,
    port: Box<str>,
    deadlines: Deadlines,
    audio_rate: Option<u64>,
}

/// What a model is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Task {
    /// To go on with a conversation, whatever the provider's name for that: chat completions, responses, messages.
    Chat,
    /// To go on with a text.
    TextCompletion,
    /// For vectors.
    Embeddings,
    /// For what was said.
    SpeechToText,
    /// To say something.
    TextToSpeech,
    /// For a conversation both ways, over a connection that stays.
    Realtime,
}

impl Task {
    /// The word for it in labels.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Chat => names::CHAT,
            Self::TextCompletion => names::TEXT_COMPLETION,
            Self::Embeddings => names::EMBEDDINGS,
            Self::SpeechToText => names::SPEECH_TO_TEXT,
            Self::TextToSpeech => names::TEXT_TO_SPEECH,
            Self::Realtime => names::REALTIME,
        }
    }

    /// Whether an answer says how many tokens it took.
    pub(super) const fn counts_tokens(self) -> bool {
        !matches!(self, Self::SpeechToText | Self::TextToSpeech)
    }
}

impl ModelBuilder {
    fn new(task: Task, provider: &str, model: &str) -> Self {
        let (provider, model) = (provider.into(), model.into());
        let (address, port) = (Box::default(), Box::default());
        Self { task, provider, model, address, port, deadlines: Deadlines::new(), audio_rate: None }
    }

    /// Where it is: a host name without a scheme, and its port.
    pub fn server(mut self, address: &str, port: u16) -> Self {
        self.address = address.into();
        self.port = port.to_string().into();
        self
    }

    /// How long an answer may take, phase by phase. Default: as long as it likes. Whoever reads it sets the timer
    /// ([`Answer::due`]).
    pub fn deadlines(mut self, deadlines: Deadlines) -> Self {
        self.deadlines = deadlines;
        self
    }

    /// An answer of raw sound has so many bytes a second: 48 000, with 16 bits at 24 kHz. Without, how long it is has to be
    /// [said](Answer::audio). 0 is none.
    pub fn audio_rate(mut self, bytes_per_second: u64) -> Self {
        self.audio_rate = Some(bytes_per_second).filter(|rate| *rate > 0);
        self
    }
}

impl Model {
    /// Describes a model that goes on with conversations: at this provider (`openai`, `anthropic`: the conventions have a
    /// list), by the name it is asked for.
    pub fn chat(provider: &str, model: &str) -> ModelBuilder {
        ModelBuilder::new(Task::Chat, provider, model)
    }

    /// Describes a model that hears what was said.
    pub fn speech_to_text(provider: &str, model: &str) -> ModelBuilder {
        ModelBuilder::new(Task::SpeechToText, provider, model)
    }

    /// Describes a model that speaks.
    pub fn text_to_speech(provider: &str, model: &str) -> ModelBuilder {
        ModelBuilder::new(Task::TextToSpeech, provider, model)
    }

    /// Describes a model that is asked over a connection that stays.
    pub fn realtime(provider: &str, model: &str) -> ModelBuilder {
        ModelBuilder::new(Task::Realtime, provider, model)
    }

    /// Describes a model that is asked for something else.
    pub fn of(task: Task, provider: &str, model: &str) -> ModelBuilder {
        ModelBuilder::new(task, provider, model)
    }

    pub(super) fn new(metrics: GenAi, dependency: &Dependency, described: ModelBuilder) -> Self {
        Self(Arc::new(Inner {
            operation: dependency.operation(described.task.as_str()),
            described,
            metrics,
            served: RwLock::default(),
            in_vain: AtomicU64::new(0),
        }))
    }

    /// Begins a call. The answer is told what comes of it.
    ///
    /// # Errors
    /// If the call may not be made now.
    pub fn begin(&self) -> Result<Answer, Rejected> {
        Ok(Answer::new(self.clone(), self.0.operation.begin_owned()?, self.0.described.deadlines))
    }

    /// Makes a call by a typed client, whose answer comes in one piece; `usage` says what it took, if it says so. An error is
    /// put into its class by its type ([`Fault::of`](crate::Fault::of)).
    ///
    /// # Errors
    /// If the call may not be made now, or fails.
    pub async fn call<T, E: std::error::Error + 'static>(
        &self,
        call: impl Future<Output = Result<T, E>>,
        usage: impl FnOnce(&T) -> Usage,
    ) -> Result<T, CallError<E>> {
        let mut answer = self.begin().map_err(CallError::Rejected)?;
        match answer.run(call).await {
            Ok(value) => {
                answer.usage(usage(&value));
                answer.complete();
                Ok(value)
            }
            Err(error) => {
                answer.fail(&error);
                Err(CallError::Failed(error))
            }
        }
    }

    /// Begins to connect. That there is a connection says nothing yet: the session is told what comes over it.
    ///
    /// # Errors
    /// If no connection may be made now.
    pub fn connect(&self) -> Result<Session, Rejected> {
        let call = self.dependency().operation(CONNECT).begin_owned()?;
        self.in_vain(self.0.in_vain.fetch_add(1, Relaxed).saturating_add(1));
        Ok(Session::new(self.clone(), call))
    }

    /// How many sessions were opened since the last one that was of any use. That is what a pause before the next should go by:
    /// a connection that is accepted and says nothing is no success.
    pub fn connects_in_vain(&self) -> u64 {
        self.0.in_vain.load(Relaxed)
    }

    /// What it is asked for.
    pub fn task(&self) -> Task {
        self.0.described.task
    }

    /// Whom its calls go to.
    pub fn dependency(&self) -> &Dependency {
        self.0.operation.dependency()
    }

    pub(super) fn operation(&self) -> &Operation {
        &self.0.operation
    }

    pub(super) fn clock(&self) -> &Clock {
        &self.dependency().0.clock
    }

    pub(super) fn metrics(&self) -> &GenAi {
        &self.0.metrics
    }

    pub(super) fn audio_rate(&self) -> Option<u64> {
        self.0.described.audio_rate
    }

    /// A session was of use.
    pub(super) fn was_of_use(&self) {
        self.0.in_vain.store(0, Relaxed);
        self.in_vain(0);
    }

    fn in_vain(&self, sessions: u64) {
        self.0.metrics.session_vain.get(self.labels("")).set(sessions as f64);
    }

    /// Its labels, and who answered.
    pub(super) fn labels<'a>(&'a self, served: &'a str) -> [&'a str; 6] {
        let ModelBuilder { task, provider, model, address, port, .. } = &self.0.described;
        [task.as_str(), provider, model, served, address, port]
    }

    /// The labels of all, and these.
    pub(super) fn labels_and<'a, const N: usize, const M: usize>(
        &'a self,
        served: &'a str,
        more: [&'a str; N],
    ) -> [&'a str; M] {
        let labels = self.labels(served);
        std::array::from_fn(|at| labels.iter().chain(&more).nth(at).copied().unwrap_or_default())
    }

    /// The name of a model that answered, as long as there are not too many.
    pub(super) fn served(&self, model: Option<&str>) -> Arc<str> {
        let Some(model) = model else { return Arc::from("") };
        let known = self.0.served.read().unwrap_or_else(PoisonError::into_inner);
        match known.iter().find(|known| ***known == *model) {
            Some(known) => return Arc::clone(known),
            None if MAX_SERVED <= known.len() => return Arc::from(OTHER),
            None => drop(known),
        }
        let mut known = self.0.served.write().unwrap_or_else(PoisonError::into_inner);
        let name: Arc<str> = Arc::from(model);
        if MAX_SERVED <= known.len() {
            return Arc::from(OTHER);
        }
        if !known.contains(&name) {
            known.push(Arc::clone(&name));
        }
        name
    }
}

impl fmt::Debug for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let ModelBuilder { task, provider, model, .. } = &self.0.described;
        f.debug_struct("Model")
            .field("task", task)
            .field("provider", provider)
            .field("model", model)
            .field("dependency", &self.dependency().name())
            .finish_non_exhaustive()
    }
}
