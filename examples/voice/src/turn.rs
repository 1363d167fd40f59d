//! A voice turn: speech to text, a streamed answer, and each sentence of it spoken.

use bytes::Bytes;
use futures_util::{Stream, stream};

use crate::{
    app::App,
    failure::Failure,
    providers::{llm::Words, tts::Speech},
    store::{Customer, Order},
};

/// What the customer receives while the answer is being made.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The next words of the answer.
    Text(String),
    /// The next piece of the spoken answer.
    Audio(Bytes),
    /// The answer is complete and has been paid for.
    Done(Order),
}

/// A turn whose answer has begun.
#[derive(Debug)]
pub struct Turn {
    app: App,
    customer: Customer,
    price: i64,
    words: Words,
    sentence: String,
    speech: Option<Speech>,
    complete: bool,
}

impl Turn {
    /// Understands what was said and waits until the model starts to answer, so that whatever fails
    /// up to here is an honest status code and not a broken stream.
    pub async fn begin(app: &App, customer: i64, audio: Bytes) -> Result<Self, Failure> {
        if audio.is_empty() {
            return Err(Failure::BadRequest("the audio is empty".into()));
        }
        let release = app.deployment.current();
        let customer = app.store.customer(customer, release).await?;
        let price = release.price(&customer.plan)?;

        let question = app.providers.stt.transcribe(audio).await?;
        let words = app.providers.llm.answer(&customer.name, &question).await?;

        Ok(Self {
            app: app.clone(),
            customer,
            price,
            words,
            sentence: String::new(),
            speech: None,
            complete: false,
        })
    }

    /// The next event; `None` after [`Event::Done`].
    pub async fn next(&mut self) -> Result<Option<Event>, Failure> {
        loop {
            if let Some(speech) = &mut self.speech {
                match speech.chunk().await? {
                    Some(audio) => return Ok(Some(Event::Audio(audio))),
                    None => self.speech = None,
                }
            } else if self.complete {
                return Ok(None);
            } else if let Some(text) = self.words.next().await? {
                self.sentence.push_str(&text);
                if self.sentence.ends_with(['.', '!', '?']) {
                    self.speak().await?;
                }
                return Ok(Some(Event::Text(text)));
            } else if !self.sentence.trim().is_empty() {
                self.speak().await?;
            } else {
                self.complete = true;
                let order = self.app.store.place(self.customer.id, "voice turn", self.price).await?;
                return Ok(Some(Event::Done(order)));
            }
        }
    }

    /// All events as a stream that ends with the first failure. Dropping it drops the calls it waits for.
    pub fn events(self) -> impl Stream<Item = Result<Event, Failure>> + Send {
        stream::try_unfold(self, |mut turn| async move {
            Ok(turn.next().await?.map(|event| (event, turn)))
        })
    }

    async fn speak(&mut self) -> Result<(), Failure> {
        let sentence = std::mem::take(&mut self.sentence);
        self.speech = Some(self.app.providers.tts.speak(sentence.trim()).await?);
        Ok(())
    }
}
