//! When calls to whom stop, for how long, and how they begin again: a breaker for everybody whom a turn needs.

use std::time::Duration;

use bellwether::{
    Bellwether, Error,
    breaker::{Breaker, BreakerBuilder, Breakers, Trial, Trip, Wait},
};

use crate::{
    providers::{
        llm::{self, Key},
        stt, tts,
    },
    store,
};

/// The breakers, all of them on `/metrics`.
#[derive(Clone, Debug)]
pub struct Guards {
    /// Speech to text.
    pub stt: Breaker,
    /// The language model, by the name of the API key: what one key has used up, the other one need not pay for.
    pub llm: Breakers,
    /// Text to speech.
    pub tts: Breaker,
    /// The database of customers and orders.
    pub orders: Breaker,
}

impl Guards {
    /// Closed breakers; those of the same seed wait alike.
    pub fn new(bw: &Bellwether, seed: u64) -> Result<Self, Error> {
        let llm = breaker(llm::NAME, seed).clock(bw.registry().clock().clone());
        let llm = Breakers::new(llm, Key::ALL.len())?;
        for key in Key::ALL {
            llm.get(key.as_str()).show(bw.registry())?;
        }
        Ok(Self {
            stt: bw.breaker(breaker(stt::NAME, seed))?,
            llm,
            // Dead or alive, and nothing between: there is no need to wait for many calls.
            tts: bw.breaker(breaker(tts::NAME, seed).trip(half().or_consecutive(5)))?,
            orders: bw.breaker(breaker(store::NAME, seed))?,
        })
    }
}

/// A day takes minutes here, so nobody is left alone for longer than they ask.
fn breaker(name: &str, seed: u64) -> BreakerBuilder {
    let wait = Wait::new(Duration::from_secs(2)).factor(1.0).jitter(0.1);
    let trial = Trial::new(2, 3).lease(Duration::from_secs(10));
    Breaker::builder(name).trip(half()).wait(wait).trial(trial).seed(seed)
}

/// Half of the calls: what is only poorly goes on being asked, since every other answer is better than none.
fn half() -> Trip {
    Trip::time(Duration::from_secs(10)).failure_ratio(0.5).min_calls(20)
}
