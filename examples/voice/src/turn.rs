//! A voice turn: speech to text, a streamed answer, and each sentence of it spoken.

use std::mem;

use bellwether::{Currency, Money, Scope};
use bytes::Bytes;
use futures_util::{Stream, stream};

use crate::{
    app::App,
    failure::Failure,
    providers::{
        llm::{Key, Words},
        tts::Speech,
    },
    store::{Customer, Order},
};

/// What the customer receives while the answer is being made.
#[derive(Clone, Debug, PartialEq)]
pub enum Event {
    /// The next words of the answer.
    Text(String),
    /// The next piece of the spoken answer.
    Audio(Bytes),
    /// From here on there may be sentences that are not spoken, and why: said once.
    Mute(String),
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
    mute: bool,
    progress: Progress,
}

#[derive(Clone, Copy, Debug)]
enum Progress {
    Answering,
    Answered,
    Paid,
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
        let scope = Scope::current();
        scope.customer(customer.id.to_string()).transaction("voice_turn");
        let price = release.price(&customer.plan)?;
        scope.amount(Money::cents(price, Currency::USD));

        let question = app.providers.stt.transcribe(audio).await?;
        scope.step("heard");
        let words = app.providers.llm.answer(Key::of(&customer.plan), &customer.name, &question).await?;
        scope.step("answered");

        Ok(Self {
            app: app.clone(),
            customer,
            price,
            words,
            sentence: String::new(),
            speech: None,
            mute: false,
            progress: Progress::Answering,
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
            } else if self.has_sentence() {
                let sentence = mem::take(&mut self.sentence);
                match self.app.providers.tts.speak(sentence.trim()).await {
                    Ok(speech) => self.speech = Some(speech),
                    // Nobody has heard anything of the sentence yet, and it can be read.
                    Err(why) if why.is_refused() => {
                        if !mem::replace(&mut self.mute, true) {
                            Scope::current().step("unspoken");
                            return Ok(Some(Event::Mute(why.to_string())));
                        }
                    }
                    Err(why) => return Err(why),
                }
            } else {
                match self.progress {
                    Progress::Answering => match self.words.next().await? {
                        Some(text) => {
                            self.sentence.push_str(&text);
                            return Ok(Some(Event::Text(text)));
                        }
                        None => self.progress = Progress::Answered,
                    },
                    Progress::Answered => {
                        let order = self.app.store.place(self.customer.id, "voice turn", self.price).await?;
                        self.progress = Progress::Paid;
                        Scope::current().step("paid");
                        return Ok(Some(Event::Done(order)));
                    }
                    Progress::Paid => return Ok(None),
                }
            }
        }
    }

    /// Whether there are words that can be spoken as a whole.
    fn has_sentence(&self) -> bool {
        let sentence = self.sentence.trim_end();
        match self.progress {
            Progress::Answering => sentence.ends_with(['.', '!', '?']),
            _ => !sentence.is_empty(),
        }
    }

    /// All events as a stream that ends with the first failure. Dropping it drops the calls it waits for.
    pub fn events(self) -> impl Stream<Item = Result<Event, Failure>> + Send {
        stream::try_unfold(self, |mut turn| async move { Ok(turn.next().await?.map(|event| (event, turn))) })
    }
}
