//! A log of raw events: the naive model that everything is compared with.

use std::time::Duration;

use bellwether_core::{HistogramSnapshot, Outcome, Registry, Timestamp};
use bellwether_slo::{Count, Coverage, Dimension, Error, Interval, Reading, Selector, Slo, Source, Target, Zone};

pub(crate) const MINUTE: u64 = 60;
pub(crate) const HOUR: u64 = 3600;
pub(crate) const DAY: u64 = 86_400;

/// One event.
#[derive(Debug, Clone)]
pub(crate) struct Event {
    pub(crate) at: Timestamp,
    pub(crate) outcome: Outcome,
    pub(crate) route: &'static str,
    pub(crate) seconds: f64,
    pub(crate) error: &'static str,
}

/// Events, and when the process was not there.
#[derive(Debug, Clone, Default)]
pub(crate) struct Log {
    pub(crate) events: Vec<Event>,
    pub(crate) unknown: Vec<Interval>,
    pub(crate) stopped: Vec<Interval>,
}

pub(crate) fn at(seconds: u64) -> Timestamp {
    Timestamp::from_unix_seconds(seconds)
}

pub(crate) fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

pub(crate) fn span(start: u64, end: u64) -> Interval {
    Interval::new(at(start), at(end))
}

pub(crate) fn target(target: f64) -> Target {
    Target::new(target).unwrap()
}

pub(crate) fn zone(name: &str) -> Zone {
    Zone::new(name).unwrap()
}

/// An availability objective of everything.
pub(crate) fn slo(of: f64) -> Slo {
    Slo::availability("all", target(of))
}

impl Log {
    pub(crate) fn add(&mut self, seconds: u64, good: u64, bad: u64) -> &mut Self {
        self.many(seconds, good, Outcome::Success);
        self.many(seconds, bad, Outcome::Failure)
    }

    pub(crate) fn many(&mut self, seconds: u64, events: u64, outcome: Outcome) -> &mut Self {
        let event = Event { at: at(seconds), outcome, route: "/a", seconds: 0.01, error: "" };
        let place = self.events.partition_point(|before| before.at <= event.at);
        self.events.splice(place..place, vec![event; events as usize]);
        self
    }

    /// Events are kept in order.
    fn within(&self, over: Interval) -> &[Event] {
        let [from, to] = [over.start, over.end].map(|at| self.events.partition_point(|event| event.at <= at));
        &self.events[from..to]
    }

    fn selected<'a>(&'a self, selector: &'a Selector, over: Interval) -> impl Iterator<Item = &'a Event> {
        self.within(over).iter().filter(move |event| {
            let label = |name: &str| match name {
                "http.route" => Some(event.route),
                "outcome" => Some(event.outcome.as_str()),
                "error.type" => Some(event.error),
                _ => None,
            };
            selector.selects("http.server.request.duration", label)
        })
    }
}

fn counts(event: &Event, reading: Reading) -> bool {
    match reading {
        Reading::All => true,
        Reading::AtMost(bound) => event.seconds <= bound,
        Reading::Above(bound) => event.seconds > bound,
        _ => false,
    }
}

impl Source for Log {
    fn count(&self, count: &Count, over: Interval) -> Result<u64, Error> {
        let Count::Series { selector, reading } = count else { return Err(Error::unmeasured("no PromQL here")) };
        Ok(self.selected(selector, over).filter(|event| counts(event, *reading)).count() as u64)
    }

    fn coverage(&self, over: Interval) -> Result<Coverage, Error> {
        let length = |of: &[Interval]| of.iter().filter_map(|one| one.intersect(over)).map(Interval::length).sum();
        let (unknown, stopped): (Duration, Duration) = (length(&self.unknown), length(&self.stopped));
        Ok(Coverage { known: over.length() - unknown - stopped, unknown, stopped })
    }

    fn count_by(&self, count: &Count, by: Dimension, over: Interval) -> Result<Option<Vec<(String, u64)>>, Error> {
        let Count::Series { selector, reading } = count else { return Ok(None) };
        let name = |event: &Event| match by {
            Dimension::Route => Some(event.route),
            Dimension::Outcome => Some(event.outcome.as_str()),
            Dimension::ErrorKind => Some(event.error),
            _ => None,
        };
        let events = self.selected(selector, over).filter(|event| counts(event, *reading));
        Ok(events.map(|event| Some((name(event)?.to_owned(), 1))).collect())
    }

    fn distribution(&self, selector: &Selector, over: Interval) -> Result<Option<HistogramSnapshot>, Error> {
        let registry = Registry::new();
        let histogram = registry.histogram("seconds").build().unwrap();
        self.selected(selector, over).for_each(|event| histogram.record(event.seconds));
        Ok(Some(histogram.snapshot()).filter(|values| !values.is_empty()))
    }
}
