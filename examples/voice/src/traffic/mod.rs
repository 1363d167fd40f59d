//! The demo's own visitors: they come by schedule, never more than so many at a time, and not all are kind.

mod schedule;
mod visitor;

use std::{
    fmt,
    net::SocketAddr,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use tokio::{
    sync::Semaphore,
    time::{Instant, sleep_until},
};

pub use schedule::{Arrival, Schedule, Visit};
use visitor::Visitor;

/// Who comes, how often and how many at once.
#[derive(Clone, Debug)]
pub struct Traffic {
    /// The service.
    pub target: SocketAddr,
    /// Of the schedule: the same seed brings the same visits at the same times.
    pub seed: u64,
    /// How long a day lasts.
    pub day: Duration,
    /// Visits at the same time; who comes when all places are taken is turned away and counted.
    pub places: usize,
    /// Whether anybody speaks; listing and ordering cost nothing, real providers do.
    pub turns: bool,
}

/// What became of the visits.
#[derive(Debug, Default)]
pub struct Tally {
    /// Visits that found a place.
    pub visits: AtomicU64,
    /// Visits that found none.
    pub turned_away: AtomicU64,
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [visits, turned_away] = [&self.visits, &self.turned_away].map(|count| count.load(Ordering::Relaxed));
        write!(f, "{visits} visits, {turned_away} more turned away")
    }
}

impl Traffic {
    /// Sends visitors for as long as it is polled.
    pub async fn run(self, tally: Arc<Tally>) {
        let visitor = match Visitor::new(self.target) {
            Ok(visitor) => visitor,
            Err(error) => return tracing::error!(%error, "there will be no traffic"),
        };
        let arrivals = Schedule::new(self.seed, self.day).filter(|arrival| self.turns || !arrival.visit.speaks());
        admit(arrivals, self.places, tally, |arrival| visitor.clone().pay(arrival)).await;
    }
}

/// Lets everybody in who finds a place; a place is free again when the visit ends.
pub async fn admit<V>(
    arrivals: impl Iterator<Item = Arrival>,
    places: usize,
    tally: Arc<Tally>,
    visit: impl Fn(Arrival) -> V,
) where
    V: Future<Output = ()> + Send + 'static,
{
    let places = Arc::new(Semaphore::new(places));
    let start = Instant::now();
    for arrival in arrivals {
        sleep_until(start + arrival.at).await;
        let Ok(place) = places.clone().try_acquire_owned() else {
            tally.turned_away.fetch_add(1, Ordering::Relaxed);
            continue;
        };
        tally.visits.fetch_add(1, Ordering::Relaxed);
        let visit = visit(arrival);
        tokio::spawn(async move {
            visit.await;
            drop(place);
        });
    }
}
