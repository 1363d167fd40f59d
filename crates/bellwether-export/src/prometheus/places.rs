//! How many scrapes are written at a time: as many as there are places, each for a minute at most.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bellwether_core::{Clock, Instant};

/// When each scrape that is under way began.
#[derive(Debug, Clone)]
pub(super) struct Places {
    taken: Arc<Mutex<Vec<Instant>>>,
    clock: Clock,
}

/// A place, given back when dropped.
#[derive(Debug)]
pub(super) struct Place {
    places: Places,
    since: Instant,
}

/// Whoever reads more slowly keeps nobody else out. It is far beyond the timeout of any scraper.
const LEASE: Duration = Duration::from_secs(60);

impl Places {
    pub(super) fn new(clock: &Clock) -> Self {
        Self { taken: Arc::default(), clock: clock.clone() }
    }

    /// A place, unless as many as `most` are taken.
    pub(super) fn take(&self, most: usize) -> Option<Place> {
        let now = self.clock.now();
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        taken.retain(|since| now.since(*since) < LEASE);
        (taken.len() < most).then(|| {
            taken.push(now);
            Place { places: self.clone(), since: now }
        })
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut taken = self.places.taken.lock().unwrap_or_else(PoisonError::into_inner);
        // Of those that began at the same instant it does not matter which.
        if let Some(at) = taken.iter().position(|since| *since == self.since) {
            taken.swap_remove(at);
        }
    }
}
