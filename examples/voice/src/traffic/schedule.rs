//! Who comes when: a pure function of the seed and the length of the day.

use std::{f64::consts::TAU, time::Duration};

use crate::story::time_of_day;

/// Visits a second at the busiest time of the day.
const PEAK: f64 = 20.0;

/// What a visitor is there for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Visit {
    /// A voice turn over HTTP.
    Turn,
    /// A voice turn over gRPC.
    Converse,
    /// A voice turn that the customer does not listen to until the end.
    HangUp,
    /// Looks at customers and at what they ordered.
    Customer,
    /// Looks at orders.
    Orders,
    /// Orders something without speaking.
    Order,
    /// Becomes a customer.
    Join,
    /// Gets a request wrong.
    Mistake,
    /// Tries paths that are nobody's business.
    Scan,
}

/// Who comes, in parts of a hundred.
const MIX: [(u32, Visit); 9] = [
    (42, Visit::Turn),
    (16, Visit::Converse),
    (4, Visit::HangUp),
    (13, Visit::Customer),
    (12, Visit::Orders),
    (6, Visit::Order),
    (1, Visit::Join),
    (5, Visit::Mistake),
    (1, Visit::Scan),
];

impl Visit {
    /// Whether the visit needs the providers.
    pub fn speaks(self) -> bool {
        matches!(self, Self::Turn | Self::Converse | Self::HangUp)
    }
}

/// One visit.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Arrival {
    /// Since the demo started.
    pub at: Duration,
    /// What for.
    pub visit: Visit,
    /// Where everything else about the visit comes from.
    pub seed: u64,
}

/// Endless arrivals: a Poisson process whose rate follows the time of the day.
#[derive(Clone, Debug)]
pub struct Schedule {
    random: fastrand::Rng,
    day: Duration,
    at: Duration,
}

impl Schedule {
    /// A schedule from its start.
    pub fn new(seed: u64, day: Duration) -> Self {
        Self { random: fastrand::Rng::with_seed(seed), day, at: Duration::ZERO }
    }
}

impl Iterator for Schedule {
    type Item = Arrival;

    /// Draws from the peak rate and keeps as many as the time of the day allows.
    fn next(&mut self) -> Option<Arrival> {
        loop {
            self.at += Duration::from_secs_f64(-(1.0 - self.random.f64()).ln() / PEAK);
            if self.random.f64() < busy(time_of_day(self.day, self.at)) {
                let visit = pick(self.random.u32(..100));
                return Some(Arrival { at: self.at, visit, seed: self.random.u64(..) });
            }
        }
    }
}

/// A share of the peak: a tenth at three in the night, all of it at three in the afternoon.
fn busy(time: Duration) -> f64 {
    let hours = time.as_secs_f64() / 3600.0;
    0.55 - 0.45 * ((hours - 3.0) / 24.0 * TAU).cos()
}

fn pick(mut hundredth: u32) -> Visit {
    for (share, visit) in MIX {
        match hundredth.checked_sub(share) {
            Some(rest) => hundredth = rest,
            None => return visit,
        }
    }
    Visit::Turn
}
