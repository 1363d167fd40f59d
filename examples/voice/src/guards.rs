//! Whom a turn needs, and when calls to them stop, for how long, and how they begin again: a dependency with a breaker each.

use std::time::Duration;

use bellwether::{
    Bellwether, Dependency, Error,
    breaker::{Breaker, BreakerBuilder, Trial, Trip, Wait},
    dependency::{DependencyBuilder, cascade::Pool},
};

use crate::{
    providers::{
        llm::{self, Key},
        stt, tts,
    },
    store,
};

/// All of them on `/metrics` and in `/health`.
#[derive(Clone, Debug)]
pub struct Guards {
    /// Speech to text.
    pub stt: Dependency,
    /// The language model by each of its API keys, in the order of [`Key::ALL`]: what one key has used up, the other one need
    /// not pay for.
    pub llm: [Dependency; 2],
    /// Text to speech.
    pub tts: Dependency,
    /// The database of customers and orders.
    pub orders: Dependency,
    /// The connections to it.
    pub pool: Pool,
}

impl Guards {
    /// With closed breakers; those of the same seed wait alike.
    pub fn new(bw: &Bellwether, seed: u64) -> Result<Self, Error> {
        let guarded = |needed: DependencyBuilder, breaker: BreakerBuilder| bw.dependency(needed.breaker(breaker));
        let llm = |key: Key| {
            let name = format!("{}/{}", llm::NAME, key.as_str());
            guarded(Dependency::http(&name).critical_shared(), breaker(&name, seed))
        };
        Ok(Self {
            stt: guarded(Dependency::http(stt::NAME).critical_shared(), breaker(stt::NAME, seed))?,
            llm: [llm(Key::Primary)?, llm(Key::Batch)?],
            // Dead or alive, and nothing between: there is no need to wait for many calls. What cannot be spoken is written.
            tts: guarded(Dependency::http(tts::NAME), breaker(tts::NAME, seed).trip(half().or_consecutive(5)))?,
            orders: guarded(Dependency::sql(store::NAME).critical_shared(), breaker(store::NAME, seed))?,
            pool: bw.dependencies().pool(store::POOL, u64::from(store::CONNECTIONS)),
        })
    }

    /// The language model by this key.
    pub fn llm(&self, key: Key) -> &Dependency {
        &self.llm[key as usize]
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
