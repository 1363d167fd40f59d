//! Breakers by key, at most so many: one for each host, model, region or API key, made when it is first asked for.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::sync::{Arc, PoisonError};

use bellwether_core::{MAX_VALUE_LEN, Registry};

use crate::breaker::Breaker;
use crate::error::Error;
use crate::settings::BreakerBuilder;
use crate::sync::Mutex;
use crate::transition::Mode;

/// Breakers by key, all alike but for their name: one bad model must not stop calls to a whole provider. Cheap to clone; clones
/// are the same breakers.
///
/// There are at most so many, since keys may come from outside. When another one is needed, one goes that has not been asked
/// for lately, nobody holds, and that keeps no call away: an open breaker stays until its time is over, one that paces as long
/// as that lasts, and one whose mode was changed for good. What it counted goes with it. If there is none that can go, or none
/// was found among some hundreds, further keys share one breaker, the [`overflow`](Self::overflow), and the times that
/// happens are counted.
///
/// A breaker is named `template/key`, and its name goes into labels, logs and pages: let the key of an API key be a name for
/// it, never the key itself.
///
/// ```
/// use bellwether_breaker::{Breaker, Breakers, Trip};
///
/// let template = Breaker::builder("openai").trip(Trip::consecutive(3));
/// let breakers = Breakers::new(template, 100)?;
///
/// let breaker = breakers.get("gpt-4o eu");
/// assert_eq!(breaker.name(), "openai/gpt-4o eu");
/// breaker.trip();
/// assert!(breakers.get("gpt-4o eu").try_acquire().is_err());
/// assert!(breakers.get("gpt-4o us").try_acquire().is_ok());
/// # Ok::<(), bellwether_breaker::Error>(())
/// ```
#[derive(Clone)]
pub struct Breakers(Arc<Shared>);

struct Shared {
    template: BreakerBuilder,
    max_keys: usize,
    overflow: Breaker,
    /// The mode of a breaker that nobody has touched.
    mode: Mode,
    ring: Mutex<Ring>,
}

/// All breakers in a circle, and a hand that looks for one to let go: it gives each that was asked for since it last came by
/// another round.
#[derive(Default)]
struct Ring {
    places: Vec<Place>,
    by_key: HashMap<Arc<str>, usize>,
    hand: usize,
    /// Where breakers are shown, and which ever were.
    registry: Option<Registry>,
    shown: HashSet<Arc<str>>,
    evicted: u64,
    overflowed: u64,
}

struct Place {
    key: Arc<str>,
    breaker: Breaker,
    asked_for: bool,
}

/// How many keys there are, and what their limit did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakersSnapshot {
    /// Breakers, without the overflow.
    pub keys: usize,
    /// How many there may be.
    pub max_keys: usize,
    /// Breakers that went to make room.
    pub evicted: u64,
    /// Times the overflow was given out instead of a breaker for the key alone.
    pub overflowed: u64,
}

/// The most keys that are shown, so that a metric with a series for each outcome of each stays below its budget.
const MOST_SHOWN: usize = 250;
/// How many breakers that must stay are looked at before the search is given up, so that it has an end soon when all must.
const LOOKS: usize = 256;

impl Breakers {
    /// Breakers like this one, for at most so many keys at a time.
    ///
    /// # Errors
    /// If a setting of the template makes no sense.
    pub fn new(template: BreakerBuilder, max_keys: usize) -> Result<Self, Error> {
        let overflow = template.clone().build()?;
        let mode = overflow.snapshot().mode;
        Ok(Self(Arc::new(Shared { template, max_keys, overflow, mode, ring: Mutex::default() })))
    }

    /// The breaker of a key: always the same one, as long as somebody holds it. A key that is too long for a label gets the
    /// overflow.
    pub fn get(&self, key: &str) -> Breaker {
        let shared = &*self.0;
        let mut ring = shared.ring.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(place) = ring.by_key.get(key).copied().and_then(|at| ring.places.get_mut(at)) {
            place.asked_for = true;
            return place.breaker.clone();
        }
        let made = shared.make(key).and_then(|breaker| ring.take_in(key, breaker, shared));
        made.unwrap_or_else(|| {
            ring.overflowed += 1;
            shared.overflow.clone()
        })
    }

    /// The one breaker of all keys for which there is no room. It has the template's name.
    pub fn overflow(&self) -> &Breaker {
        &self.0.overflow
    }

    /// All breakers there are now, the overflow last. They are held as long as the list is.
    pub fn all(&self) -> Vec<Breaker> {
        let ring = self.0.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.places.iter().map(|place| &place.breaker).chain([&self.0.overflow]).cloned().collect()
    }

    /// [Shows](Breaker::show) each breaker in a registry, those that are made later too: the first 250 keys, so that the series
    /// of no metric outgrow its budget. The overflow is shown by the template's name, and how many keys there are as
    /// `breaker.keys`, those that were let go as `breaker.keys.evicted`, and calls that had to share the overflow as
    /// `breaker.keys.overflowed`.
    ///
    /// # Errors
    /// If the registry has other metrics of the same names.
    pub fn show(&self, registry: &Registry) -> Result<(), bellwether_core::Error> {
        let template = self.overflow().name();
        self.overflow().show(registry)?;
        let gone = Arc::downgrade(&self.0);
        let ask = move || gone.upgrade().map(|shared| Self(shared).snapshot());
        let keys = registry.gauge("breaker.keys").unit("{key}").description("Keys that have a breaker each.");
        let asked = ask.clone();
        keys.labels(["breaker"]).family()?.get([template]).observe(move || Some(asked()?.keys as f64));
        let evicted =
            registry.counter("breaker.keys.evicted").unit("{key}").description("Keys whose breaker made room.");
        let asked = ask.clone();
        evicted.labels(["breaker"]).family()?.get([template]).observe(move || Some(asked()?.evicted));
        let overflowed = registry.counter("breaker.keys.overflowed").unit("{call}");
        let overflowed = overflowed.description("Times a key had to share a breaker, there being no room.");
        overflowed.labels(["breaker"]).family()?.get([template]).observe(move || Some(ask()?.overflowed));

        let mut ring = self.0.ring.lock().unwrap_or_else(PoisonError::into_inner);
        ring.registry = Some(registry.clone());
        let there: Vec<_> = ring.places.iter().map(|place| (Arc::clone(&place.key), place.breaker.clone())).collect();
        there.into_iter().try_for_each(|(key, breaker)| ring.show(key, &breaker))
    }

    /// How many there are, and what their limit did.
    pub fn snapshot(&self) -> BreakersSnapshot {
        let ring = self.0.ring.lock().unwrap_or_else(PoisonError::into_inner);
        BreakersSnapshot {
            keys: ring.places.len(),
            max_keys: self.0.max_keys,
            evicted: ring.evicted,
            overflowed: ring.overflowed,
        }
    }
}

impl Shared {
    fn make(&self, key: &str) -> Option<Breaker> {
        let name = format!("{}/{key}", self.overflow.name());
        // The template was built once, so that it can be built again.
        (name.len() <= MAX_VALUE_LEN).then(|| self.template.clone().name(&name).build().ok()).flatten()
    }
}

impl Ring {
    /// Gives a new breaker a place, if there is one.
    fn take_in(&mut self, key: &str, breaker: Breaker, shared: &Shared) -> Option<Breaker> {
        let key: Arc<str> = key.into();
        let place = Place { key: Arc::clone(&key), breaker: breaker.clone(), asked_for: true };
        let at = if self.places.len() < shared.max_keys {
            self.places.push(place);
            self.places.len() - 1
        } else {
            let at = self.find_spare(shared.mode)?;
            let old = std::mem::replace(self.places.get_mut(at)?, place);
            self.by_key.remove(&old.key);
            self.evicted += 1;
            at
        };
        self.by_key.insert(Arc::clone(&key), at);
        // The metrics were registered when breakers began to be shown: nothing is in the way of another series.
        let _ = self.show(key, &breaker);
        Some(breaker)
    }

    fn show(&mut self, key: Arc<str>, breaker: &Breaker) -> Result<(), bellwether_core::Error> {
        let Some(registry) = &self.registry else { return Ok(()) };
        if self.shown.len() < MOST_SHOWN || self.shown.contains(&key) {
            self.shown.insert(key);
            breaker.show(registry)?;
        }
        Ok(())
    }

    /// Within two rounds each has been looked at that may go.
    fn find_spare(&mut self, usual: Mode) -> Option<usize> {
        let mut looks = 0;
        for _ in 0..2 * self.places.len() {
            let at = self.hand;
            self.hand = (self.hand + 1) % self.places.len();
            let place = self.places.get_mut(at)?;
            if std::mem::take(&mut place.asked_for) {
                continue;
            }
            if place.breaker.is_spare(usual) {
                return Some(at);
            }
            // It counts as asked for, so that it is not looked at again in this search.
            place.asked_for = true;
            looks += 1;
            if looks == LOOKS {
                return None;
            }
        }
        None
    }
}

impl fmt::Debug for Breakers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Breakers").field(&self.overflow().name()).field(&self.snapshot()).finish()
    }
}
